//! The guarantees of the Redis store beyond the contract.

use std::future::ready;
use std::time::Duration;

use actors::clock::Clock;
use actors::store::{Batch, Put, SharedStore, StoreError};
use futures_util::StreamExt;
use microshop::store::OpenError;
use tokio::time::{sleep, timeout};

use super::adapters::{
    PATIENCE, expecting, logging, open_with, put, putting, stopped_clock, text, try_open,
};
use crate::redis_server::RedisServer;

/// A little more than an hour.
const HOUR: Duration = Duration::from_secs(3_601);

#[tokio::test]
async fn acknowledged_commits_survive_a_crash_of_redis() {
    let mut redis = RedisServer::start();
    let store = try_open(&redis.url()).await.unwrap();
    for version in 0..20 {
        let expected = Some(version).filter(|version| *version > 0);
        store.commit(expecting("cart", expected, putting("cart", "x"))).await.unwrap();
    }
    redis.kill();
    redis.start_again();
    let store = try_open(&redis.url()).await.unwrap();
    assert_eq!(store.get("cart").await.unwrap().unwrap().version, 20);
}

#[tokio::test]
async fn an_outage_of_redis_is_reported_within_two_seconds_and_the_store_recovers() {
    let mut redis = RedisServer::start();
    let store = try_open(&redis.url()).await.unwrap();
    let mut tail = store.tail(0).map(|entry| text(entry.unwrap()));
    store.commit(logging(&["before"])).await.unwrap();
    assert_eq!(timeout(PATIENCE, tail.next()).await.unwrap().unwrap().1, "before");

    redis.kill();
    let refused = timeout(Duration::from_secs(2), store.commit(putting("cart", "x")))
        .await
        .expect("the store replies");
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    let refused =
        timeout(Duration::from_secs(2), store.get("cart")).await.expect("the store replies");
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");

    redis.start_again();
    timeout(PATIENCE, until_available(&store)).await.expect("the store recovers");
    store.commit(logging(&["after"])).await.unwrap();
    let mut after = tail.filter(|(_, event)| ready(event == "after"));
    assert!(timeout(PATIENCE, after.next()).await.expect("the tail continues").is_some());
}

#[tokio::test]
async fn redis_reports_the_memory_that_it_uses() {
    let redis = RedisServer::start();
    let store = try_open(&redis.url()).await.unwrap();
    let before = store.usage().await.bytes.unwrap();
    store.commit(putting("cart", &"x".repeat(1 << 20))).await.unwrap();
    let usage = store.usage().await;
    assert!(usage.bytes.unwrap() > before + (1 << 19), "{before}, {usage:?}");
    assert_eq!(usage.sync, None);
}

#[tokio::test]
async fn expired_keys_and_old_events_do_not_pile_up_if_commits_are_large() {
    let redis = RedisServer::start();
    let clock = stopped_clock();
    let store = open_with(&redis.url(), 1_000_000, &clock).await;
    for hour in 0..5 {
        clock.advance(HOUR);
        let expires_at = Some(Clock::Manual(clock.clone()).now() + HOUR);
        let keys = (0..100).map(|key| put(&format!("{hour}/{key}"), "x"));
        let put = keys.map(|put| Put { expires_at, ..put }).collect();
        let events = vec![b"put".to_vec(); 100];
        store.commit(Batch { put, events, ..Batch::default() }).await.unwrap();
    }
    for count in ["HLEN {shop}:values", "ZCARD {shop}:names", "ZCARD {shop}:expiries"] {
        assert_eq!(redis.ask(count), ":100", "{count}");
    }
    assert_eq!(redis.ask("XLEN {shop}:log"), ":100");
}

#[tokio::test]
async fn a_redis_that_is_not_durable_is_refused() {
    let redis = RedisServer::start_with(&["--appendonly", "no"]);
    let error = try_open(&redis.url()).await.err().unwrap();
    assert!(
        matches!(error, OpenError::NotDurable(_)),
        "it has no configuration file for the settings: {error}"
    );

    let redis = RedisServer::start_with(&["--appendonly", "no", "--rename-command", "CONFIG", ""]);
    let error = try_open(&redis.url()).await.err().unwrap();
    assert!(matches!(error, OpenError::NotDurable(_)), "{error}");
}

#[tokio::test]
async fn a_newer_format_is_refused() {
    let redis = RedisServer::start();
    redis.ask("SET {shop}:format 4");
    let error = try_open(&redis.url()).await.err().unwrap();
    assert!(matches!(error, OpenError::NewerFormat { found: 4, supported: 3 }), "{error}");
}

#[tokio::test]
async fn each_reason_why_redis_cannot_be_opened_has_its_own_error() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let silent =
        timeout(Duration::from_secs(3), try_open(&url)).await.expect("opening fails in time");
    assert!(matches!(silent, Err(OpenError::Unreachable(_))));
    drop(listener);
    assert!(matches!(try_open(&url).await, Err(OpenError::Unreachable(_))));
    assert!(matches!(
        try_open("redis://:pass@localhost:notaport").await,
        Err(OpenError::WrongUrl(_))
    ));

    let redis = RedisServer::start_with(&["--requirepass", "secret"]);
    let wrong = try_open(&redis.url().replace("//", "//:guess@")).await.err().unwrap();
    assert!(
        wrong.to_string().contains("WRONGPASS") && !wrong.to_string().contains("guess"),
        "{wrong}"
    );
    assert!(matches!(wrong, OpenError::Unreachable(_)));
}

async fn until_available(store: &SharedStore) {
    while store.commit(logging(&["hello"])).await.is_err() {
        sleep(Duration::from_millis(20)).await;
    }
}
