//! The guarantees of the Redis store beyond the contract.

use std::future::ready;
use std::time::Duration;

use actors::clock::Clock;
use actors::store::{Batch, Put, SharedStore, StoreError};
use futures_util::StreamExt;
use microshop::store::OpenError;
use tokio::time::{sleep, timeout};

use super::adapters::{
    PATIENCE, expecting, logging, open_vouched, open_with, put, putting, stopped_clock, text,
    try_open,
};
use crate::hanging_network::HangingNetwork;
use crate::redis_server::{DURABLE, RedisServer};

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
async fn a_commit_that_lost_a_race_and_is_repeated_has_the_next_turn_for_a_moment() {
    let redis = RedisServer::start();
    let clock = stopped_clock();
    let far = open_with(&redis.url(), 1_000, &clock).await;
    let near = open_with(&redis.url(), 1_000, &clock).await;
    near.commit(putting("cart", "one")).await.unwrap();
    let writes = |version, is_repeated| Batch {
        is_repeated,
        ..expecting("cart", version, putting("cart", "new"))
    };
    // One that is not repeated takes no turn.
    assert_eq!(far.commit(writes(None, false)).await, Err(StoreError::Conflict));
    near.commit(writes(Some(1), true)).await.unwrap();

    assert_eq!(far.commit(writes(Some(1), true)).await, Err(StoreError::Conflict));
    assert_eq!(near.commit(writes(Some(2), true)).await, Err(StoreError::Conflict));
    // Other keys are free.
    near.commit(putting("order", "one")).await.unwrap();
    far.commit(writes(Some(2), true)).await.unwrap();
    near.commit(writes(Some(3), true)).await.unwrap();

    // A turn that is not taken ends.
    assert_eq!(far.commit(writes(Some(3), true)).await, Err(StoreError::Conflict));
    clock.advance(Duration::from_millis(50));
    near.commit(writes(Some(4), true)).await.unwrap();
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
async fn a_redis_that_is_not_durable_is_refused_each_time_and_keeps_its_settings() {
    let redis = RedisServer::start_with(&["--maxmemory-policy", "allkeys-lru"]);
    for _ in 0..2 {
        let error = try_open(&redis.url()).await.err().unwrap();
        assert!(matches!(error, OpenError::NotDurable(_)), "{error}");
        for line in ["appendonly yes", "appendfsync always", "maxmemory-policy noeviction"] {
            assert!(error.to_string().contains(&format!("\n    {line}")), "{error}");
        }
        assert!(!error.to_string().contains("no-appendfsync-on-rewrite"), "{error}");
    }
    assert_eq!(redis.ask("DBSIZE"), ":0");
    for setting in ["appendonly no", "appendfsync everysec", "maxmemory-policy allkeys-lru"] {
        let (name, value) = setting.split_once(' ').unwrap();
        assert_eq!(redis.setting(name), value, "{name}");
    }
}

#[tokio::test]
async fn a_redis_that_writes_its_first_append_only_file_is_refused_until_it_is_complete() {
    let redis = RedisServer::start_with(&["--appendfsync", "always"]);
    redis.ask("SET key value");
    // Each key delays the file by two seconds.
    redis.ask("CONFIG SET rdb-key-save-delay 2000000");
    assert_eq!(redis.ask("CONFIG SET appendonly yes"), "+OK");
    let error = try_open(&redis.url()).await.err().unwrap();
    assert!(error.to_string().contains("append-only file may not be complete"), "{error}");
    let opened = timeout(PATIENCE, async {
        while try_open(&redis.url()).await.is_err() {
            sleep(Duration::from_millis(100)).await;
        }
    });
    opened.await.expect("the file is completed");
}

#[tokio::test]
async fn a_replica_is_refused_and_names_its_primary() {
    let primary = RedisServer::start();
    let replica = RedisServer::start();
    let port = primary.url().rsplit(':').next().unwrap().to_owned();
    let store = try_open(&replica.url()).await.unwrap();
    assert_eq!(replica.ask(&format!("REPLICAOF 127.0.0.1 {port}")), "+OK");
    let error = try_open(&replica.url()).await.err().unwrap();
    assert!(error.to_string().contains(&format!("primary, 127.0.0.1:{port}")), "{error}");
    store.commit(putting("cart", "x")).await.unwrap_err();
    let unready = store.ready().await.unwrap_err();
    assert!(unready.to_string().contains("replica"), "{unready}");
}

#[tokio::test]
async fn settings_that_may_not_be_read_must_be_vouched_for() {
    let redis = RedisServer::start();
    redis.ask("ACL SETUSER default -config");
    let error = try_open(&redis.url()).await.err().unwrap();
    assert!(error.to_string().contains("store.vouched"), "{error}");
    let all = ["appendonly", "appendfsync", "no-appendfsync-on-rewrite", "maxmemory-policy"];
    for missing in all {
        let vouched = all.into_iter().filter(|name| *name != missing).map(str::to_owned).collect();
        let error = open_vouched(&redis.url(), vouched).await.err().unwrap();
        assert!(error.to_string().contains(&format!("{missing} can't be read")), "{error}");
    }
    let store = open_vouched(&redis.url(), all.map(str::to_owned).into()).await.unwrap();
    store.commit(putting("cart", "x")).await.unwrap();
}

#[tokio::test]
async fn a_redis_that_is_no_longer_durable_takes_no_commits_until_it_is_again() {
    let mut redis = RedisServer::start();
    let store = try_open(&redis.url()).await.unwrap();
    store.commit(putting("cart", "x")).await.unwrap();
    redis.ask("CONFIG SET appendfsync everysec");
    timeout(PATIENCE, until_unready(&store)).await.expect("the store notices the setting");
    let refused = store.commit(putting("cart", "y")).await.unwrap_err();
    assert!(refused.to_string().contains("appendfsync is everysec"), "{refused}");
    assert_eq!(store.get("cart").await.unwrap().unwrap().value, b"x");
    redis.ask("CONFIG SET appendfsync always");
    timeout(PATIENCE, until_available(&store)).await.expect("the store recovers");

    redis.kill();
    redis.start_again_with(&["--appendonly", "no"]);
    let refused = until_replies(&store).await.unwrap_err();
    assert!(refused.to_string().contains("appendonly is no"), "{refused}");
    assert_eq!(redis.ask("DBSIZE"), ":0", "the store wrote to it");
    redis.kill();
    redis.start_again_with(&DURABLE);
    timeout(PATIENCE, until_available(&store)).await.expect("the store recovers");
    assert_eq!(store.get("cart").await.unwrap().unwrap().value, b"x");
}

#[tokio::test]
async fn a_redis_that_has_forgotten_the_script_learns_it_again_with_the_next_commit() {
    let redis = RedisServer::start();
    let store = try_open(&redis.url()).await.unwrap();
    for _ in 0..3 {
        assert_eq!(redis.ask("SCRIPT FLUSH"), "+OK");
        store.commit(logging(&["after"])).await.unwrap();
    }
    assert_eq!(store.last_event().await, Ok(3));
}

#[tokio::test]
async fn a_redis_that_was_emptied_takes_no_commits() {
    let redis = RedisServer::start();
    let store = try_open(&redis.url()).await.unwrap();
    store.commit(putting("cart", "x")).await.unwrap();
    redis.ask("FLUSHALL");
    let refused = store.commit(putting("cart", "y")).await.unwrap_err();
    assert!(refused.to_string().contains("no longer holds the shop"), "{refused}");
    let unready = store.ready().await.unwrap_err();
    assert!(unready.to_string().contains("restore"), "{unready}");
    assert_eq!(redis.ask("DBSIZE"), ":0");
}

#[tokio::test]
async fn a_tail_ends_if_the_log_is_replaced_by_another_one() {
    let redis = RedisServer::start();
    let store = try_open(&redis.url()).await.unwrap();
    store.commit(logging(&["one", "two"])).await.unwrap();
    let mut shorter = store.tail(0);
    let mut other = store.tail(1);
    assert_eq!(text(shorter.next().await.unwrap().unwrap()).0, 1);
    assert_eq!(text(shorter.next().await.unwrap().unwrap()).0, 2);
    assert_eq!(text(other.next().await.unwrap().unwrap()).1, "two");
    redis.ask("FLUSHALL");
    let ended = timeout(PATIENCE, shorter.next()).await.unwrap().unwrap();
    assert_eq!(ended, Err(StoreError::Gone { before: 0 }));
    let new = try_open(&redis.url()).await.unwrap();
    new.commit(logging(&["uno", "dos", "tres"])).await.unwrap();
    let ended = timeout(PATIENCE, other.next()).await.unwrap().unwrap();
    assert!(matches!(ended, Err(StoreError::Gone { .. })), "{ended:?}");
}

#[tokio::test]
async fn a_commit_whose_reply_is_lost_is_found_and_takes_effect_once() {
    let redis = RedisServer::start();
    let network = HangingNetwork::before(&redis);
    let store = try_open(&network.url).await.unwrap();
    for round in 0..5 {
        network.loses_next_reply();
        let batch = Batch { put: vec![put("cart", "x")], ..logging(&["added", "announced"]) };
        assert_eq!(store.commit(batch).await, Ok(2 * (round + 1)));
        assert_eq!(store.get("cart").await.unwrap().unwrap().version, round + 1);
    }
    assert_eq!(store.last_event().await, Ok(10));
}

#[tokio::test]
async fn a_tail_goes_on_after_a_restart_of_redis() {
    let mut redis = RedisServer::start();
    let store = try_open(&redis.url()).await.unwrap();
    store.commit(logging(&["one"])).await.unwrap();
    let mut tail = store.tail(0);
    assert_eq!(text(tail.next().await.unwrap().unwrap()).1, "one");
    redis.kill();
    redis.start_again();
    timeout(PATIENCE, until_available(&store)).await.expect("the store recovers");
    store.commit(logging(&["two"])).await.unwrap();
    let mut next = tail.map(|entry| text(entry.unwrap()).1).filter(|event| ready(event == "two"));
    assert!(timeout(PATIENCE, next.next()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_newer_format_is_refused() {
    let redis = RedisServer::start();
    redis.ask("SET {shop}:format 5");
    let error = try_open(&redis.url()).await.err().unwrap();
    assert!(matches!(error, OpenError::NewerFormat { found: 5, supported: 4 }), "{error}");
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

async fn until_unready(store: &SharedStore) {
    while store.ready().await.is_ok() {
        sleep(Duration::from_millis(20)).await;
    }
}

/// Commits until Redis is reached again, and returns the first result that it decides.
async fn until_replies(store: &SharedStore) -> Result<u64, StoreError> {
    for _ in 0..500 {
        match store.commit(putting("cart", "lost")).await {
            Err(StoreError::Unavailable(reason)) if !reason.starts_with("redis is not") => {
                sleep(Duration::from_millis(20)).await;
            }
            decided => return decided,
        }
    }
    panic!("redis is not reached again");
}

async fn until_available(store: &SharedStore) {
    while store.commit(logging(&["hello"])).await.is_err() {
        sleep(Duration::from_millis(20)).await;
    }
}
