//! The guarantees of the sled store beyond the contract.

use std::fs;
use std::path::Path;

use microshop::store::OpenError;

use super::adapters::{logging, private_directory, putting, sled_url, try_open};

#[tokio::test]
async fn closing_completes_every_commit_and_opening_finds_it() {
    let directory = private_directory();
    let url = sled_url(&directory.path().join("data/shop"));
    let store = try_open(&url).await.unwrap();
    let unpolled: Vec<_> = (0..100).map(|_| store.commit(putting("cart", "x"))).collect();
    drop(store.commit(logging(&["a", "b"])));
    drop(store);
    drop(unpolled);

    let store = try_open(&url).await.unwrap();
    assert_eq!(store.get("cart").await.unwrap().unwrap().version, 100);
    assert_eq!(store.last_event().await, Ok(2));
    assert_eq!(store.commit(logging(&["c"])).await, Ok(3));
}

#[tokio::test]
async fn a_tail_does_not_keep_the_store_open() {
    let directory = private_directory();
    let url = sled_url(directory.path());
    let store = try_open(&url).await.unwrap();
    let _tail = store.tail(0);
    drop(store);
    try_open(&url).await.unwrap();
}

#[tokio::test]
async fn a_directory_can_be_opened_only_once_at_a_time() {
    let directory = private_directory();
    let url = sled_url(directory.path());
    let _store = try_open(&url).await.unwrap();
    assert!(matches!(try_open(&url).await, Err(OpenError::Held(_))));
}

#[tokio::test]
async fn a_damaged_store_does_not_open_as_an_empty_one() {
    let full = private_directory();
    let store = try_open(&sled_url(full.path())).await.unwrap();
    for number in 0..200 {
        drop(store.commit(putting(&format!("article:{number}"), &"x".repeat(200))));
        store.commit(logging(&["created"])).await.unwrap();
    }
    drop(store);

    refuses_damage(full.path(), "db", |db| db.clear()).await;
    refuses_damage(full.path(), "db", |db| db.fill(0x5a)).await;
    refuses_damage(full.path(), "db", |db| db.truncate(db.len() / 2)).await;
    refuses_damage(full.path(), "db", |db| db[..4096].fill(0)).await;
    let middle = |db: &mut Vec<u8>| {
        let middle = db.len() / 2;
        db[middle] ^= 0xff;
    };
    refuses_damage(full.path(), "db", middle).await;
    refuses_damage(full.path(), "conf", |conf| conf.fill(0x5a)).await;
}

#[tokio::test]
async fn a_url_that_names_no_store_is_refused() {
    for url in ["", "sled", "sled:", "postgres://localhost", "data/shop"] {
        assert!(matches!(try_open(url).await, Err(OpenError::WrongUrl(_))), "{url}");
    }
}

/// Damages a file in a copy of a store, and checks that the copy does not open.
async fn refuses_damage(full: &Path, name: &str, damage: impl FnOnce(&mut Vec<u8>)) {
    let copy = private_directory();
    for entry in
        fs::read_dir(full).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file())
    {
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    let mut bytes = fs::read(copy.path().join(name)).unwrap();
    damage(&mut bytes);
    fs::write(copy.path().join(name), bytes).unwrap();
    let error =
        try_open(&sled_url(copy.path())).await.err().expect("a damaged store must not open");
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error}");
}
