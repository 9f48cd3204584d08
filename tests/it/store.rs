//! The contract of the store, tested on every adapter.

mod adapters;
mod earlier;
mod failing_disk;
mod list;
mod redis;
mod sled;

use std::sync::Arc;
use std::time::Duration;

use actors::store::{Batch, Put, SharedStore, StoreError};
use futures_util::StreamExt;
use futures_util::future::join_all;

use self::adapters::{
    PATIENCE, TestStore, expecting, logging, on_every_store, on_every_store_keeping, put, putting,
    removing, text,
};

#[tokio::test]
async fn each_put_increments_the_version() {
    on_every_store(async |test| {
        assert_eq!(test.value("cart").await, None);
        test.store.commit(putting("cart", "one")).await.unwrap();
        assert_eq!(test.value("cart").await, Some((1, "one".to_owned())));
        test.store.commit(putting("cart", "two")).await.unwrap();
        assert_eq!(test.value("cart").await, Some((2, "two".to_owned())));
    })
    .await;
}

#[tokio::test]
async fn many_keys_are_read_at_once_in_the_order_of_the_request() {
    on_every_store(async |test| {
        test.store.commit(putting("cart", "one")).await.unwrap();
        test.store.commit(putting("order", "two")).await.unwrap();
        let keys = ["order", "absent", "cart", "order"].map(str::to_owned);
        let found = test.store.get_many(&keys).await.unwrap();
        let values: Vec<_> = found.iter().map(|f| f.as_ref().map(|f| f.value.as_slice())).collect();
        assert_eq!(values, [Some(&b"two"[..]), None, Some(b"one"), Some(b"two")]);
        assert_eq!(test.store.get_many(&[]).await, Ok(Vec::new()));
    })
    .await;
}

#[tokio::test]
async fn the_version_of_a_removed_key_starts_at_one_again() {
    on_every_store(async |test| {
        test.store.commit(putting("cart", "one")).await.unwrap();
        test.store.commit(putting("cart", "two")).await.unwrap();
        test.store.commit(removing("cart")).await.unwrap();
        assert_eq!(test.value("cart").await, None);
        assert!(test.keys("", None, 10).await.is_empty());
        test.store.commit(removing("cart")).await.unwrap();
        test.store.commit(putting("cart", "")).await.unwrap();
        assert_eq!(test.value("cart").await, Some((1, String::new())));
    })
    .await;
}

#[tokio::test]
async fn a_batch_with_a_wrong_expectation_is_a_conflict() {
    on_every_store(async |test| {
        let commit =
            |version, value| test.store.commit(expecting("cart", version, putting("cart", value)));
        assert_eq!(commit(Some(1), "wrong").await, Err(StoreError::Conflict));
        assert_eq!(commit(None, "right").await, Ok(0));
        assert_eq!(commit(None, "wrong").await, Err(StoreError::Conflict));
        assert_eq!(commit(Some(2), "wrong").await, Err(StoreError::Conflict));
        assert_eq!(commit(Some(1), "right again").await, Ok(0));
        assert_eq!(test.value("cart").await, Some((2, "right again".to_owned())));
    })
    .await;
}

#[tokio::test]
async fn a_batch_takes_effect_completely_or_not_at_all() {
    on_every_store(async |test| {
        test.store.commit(putting("old", "x")).await.unwrap();
        let batch = Batch {
            expect: vec![("old".to_owned(), Some(1)), ("new".to_owned(), None)],
            put: vec![put("new", "n"), put("other", "o")],
            remove: vec!["old".to_owned()],
            events: vec![b"moved".to_vec(), b"grown".to_vec()],
            is_repeated: false,
        };
        assert_eq!(test.store.commit(batch.clone()).await, Ok(2));
        assert_eq!(test.keys("", None, 10).await, ["new", "other"]);

        assert_eq!(test.store.commit(batch).await, Err(StoreError::Conflict));
        assert_eq!(test.value("new").await, Some((1, "n".to_owned())));
        assert_eq!(test.value("other").await, Some((1, "o".to_owned())));
        assert_eq!(test.store.last_event().await, Ok(2));
    })
    .await;
}

#[tokio::test]
async fn commits_take_effect_in_the_order_of_their_calls() {
    on_every_store(async |test| {
        let chain = (0..100).map(|step: u64| {
            let batch = Batch {
                events: vec![step.to_string().into_bytes()],
                ..putting("cart", &step.to_string())
            };
            test.store.commit(expecting("cart", Some(step).filter(|step| *step > 0), batch))
        });
        let commits: Vec<_> = chain.collect();
        // The order of the polls is the reverse of the order of the commits.
        let answers = join_all(commits.into_iter().rev()).await;
        assert_eq!(answers, (1..=100).rev().map(Ok).collect::<Vec<_>>());
        assert_eq!(test.value("cart").await, Some((100, "99".to_owned())));
    })
    .await;
}

#[tokio::test]
async fn a_commit_takes_effect_even_if_its_future_is_dropped() {
    on_every_store(async |test| {
        drop(test.store.commit(putting("cart", "one")));
        test.store.commit(expecting("cart", Some(1), putting("cart", "two"))).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_scan_returns_the_keys_with_a_prefix_in_the_order_of_their_bytes() {
    on_every_store(async |test| {
        for key in ["cart:b", "cart:a", "cart:é", "cart:Z", "cart", "cart;", "carp:a", "dart:a"] {
            test.store.commit(putting(key, key)).await.unwrap();
        }
        assert_eq!(test.keys("cart:", None, 10).await, ["cart:Z", "cart:a", "cart:b", "cart:é"]);
        assert_eq!(test.keys("cart:", None, 2).await, ["cart:Z", "cart:a"]);
        assert_eq!(test.keys("cart:", Some("cart:a"), 10).await, ["cart:b", "cart:é"]);
        assert_eq!(test.keys("cart:", Some("cart:aa"), 1).await, ["cart:b"]);
        assert_eq!(test.keys("cart:", Some("a"), 1).await, ["cart:Z"]);
        assert!(test.keys("cart:", Some("cart:é"), 10).await.is_empty());
        assert!(test.keys("cart:", None, 0).await.is_empty());
        assert_eq!(test.keys("", None, 100).await.len(), 8);
        let found = test.store.scan("dart", None, 1).await.unwrap();
        assert_eq!((found[0].1.version, found[0].1.value.as_slice()), (1, b"dart:a".as_slice()));
    })
    .await;
}

#[tokio::test]
async fn a_long_scan_returns_every_key() {
    on_every_store(async |test| {
        let put = (0..600).map(|number| put(&format!("article:{number:03}"), "x")).collect();
        test.store.commit(Batch { put, ..Batch::default() }).await.unwrap();
        assert_eq!(test.keys("article:", None, 1000).await.len(), 600);
        assert_eq!(test.keys("article:", Some("article:009"), 555).await.len(), 555);
    })
    .await;
}

#[tokio::test]
async fn an_expired_key_is_absent_at_once() {
    on_every_store(async |test| {
        let minute = Duration::from_secs(60);
        let put = |key: &str, expires_at| Put { expires_at: Some(expires_at), ..put(key, "x") };
        let batch = vec![
            put("past", test.now()),
            put("soon", test.now() + minute),
            put("later", test.now() + minute * 2),
        ];
        test.store.commit(Batch { put: batch, ..Batch::default() }).await.unwrap();
        assert_eq!(test.keys("", None, 10).await, ["later", "soon"]);

        test.advances(minute);
        assert_eq!(test.value("soon").await, None);
        assert_eq!(test.keys("", None, 1).await, ["later"]);
        assert_eq!(test.keys("s", None, 1).await.len(), 0);
        let again = putting("soon", "y");
        assert_eq!(
            test.store.commit(expecting("soon", Some(1), again.clone())).await,
            Err(StoreError::Conflict)
        );
        test.store.commit(expecting("soon", None, again)).await.unwrap();

        test.advances(minute * 10);
        assert_eq!(
            test.value("soon").await,
            Some((1, "y".to_owned())),
            "the new value does not expire"
        );
        assert_eq!(test.keys("", None, 10).await, ["soon"]);
    })
    .await;
}

#[tokio::test]
async fn a_step_of_the_clock_that_is_put_right_removes_neither_a_key_nor_an_event() {
    on_every_store(async |test| {
        let day = Duration::from_secs(86_400);
        let kept = Put { expires_at: Some(test.now() + day), ..put("kept", "x") };
        let batch = Batch { put: vec![kept], ..logging(&["a", "b"]) };
        test.store.commit(batch).await.unwrap();
        for hours in [48, -96, 48 + 24 * 400, -24 * 400] {
            test.steps(hours);
            for number in 0..3 {
                let expires_at = Some(test.now() + Duration::from_secs(1));
                let put = vec![Put { expires_at, ..put(&format!("{hours}/{number}"), "x") }];
                test.store.commit(Batch { put, ..logging(&["c"]) }).await.unwrap();
            }
        }
        assert_eq!(test.value("kept").await, Some((1, "x".to_owned())));
        assert_eq!(test.events(0, 1).await, [(1, "a".to_owned())]);
        test.advances(day);
        test.store.commit(logging(&["d"])).await.unwrap();
        assert_eq!(test.value("kept").await, None);
    })
    .await;
}

#[tokio::test]
async fn the_log_can_be_read_from_any_event() {
    on_every_store(async |test| {
        assert_eq!(test.store.last_event().await, Ok(0));
        assert_eq!(test.store.commit(logging(&["a", "b"])).await, Ok(2));
        assert_eq!(test.store.commit(putting("cart", "one")).await, Ok(2));
        assert_eq!(test.store.commit(logging(&["c"])).await, Ok(3));
        let all = [(1, "a".to_owned()), (2, "b".to_owned()), (3, "c".to_owned())];
        assert_eq!(test.events(0, 3).await, all);
        assert_eq!(test.events(1, 2).await, all[1..]);
    })
    .await;
}

#[tokio::test]
async fn a_tail_continues_with_later_events() {
    on_every_store(async |test| {
        let mut tail = test.store.tail(0);
        for number in 1..=3 {
            test.store.commit(logging(&["later"])).await.unwrap();
            let next = tokio::time::timeout(PATIENCE, tail.next()).await.expect("the event comes");
            assert_eq!(text(next.unwrap().unwrap()), (number, "later".to_owned()));
        }
    })
    .await;
}

#[tokio::test]
async fn a_tail_from_before_the_log_returns_an_error_and_ends() {
    on_every_store_keeping(10, async |test| {
        for _ in 0..10 {
            test.store.commit(logging(&["a", "b", "c"])).await.unwrap();
        }
        let entries: Vec<_> = test.store.tail(17).collect().await;
        // At least ten events remain, and events of one batch are removed together.
        assert!(matches!(entries[..], [Err(StoreError::Gone { before: 18..=20 })]), "{entries:?}");
        assert_eq!(test.events(20, 10).await[0], (21, "c".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn the_log_removes_old_events_but_never_its_last_event() {
    for test in [TestStore::on_sled(1000).await, TestStore::on_redis(1000).await] {
        test.store.commit(logging(&["a", "b"])).await.unwrap();
        test.advances(Duration::from_secs(3601));
        test.store.commit(logging(&["c"])).await.unwrap();
        let entries: Vec<_> = test.store.tail(0).collect().await;
        assert_eq!(entries, [Err(StoreError::Gone { before: 2 })]);
        assert_eq!(test.events(2, 1).await, [(3, "c".to_owned())]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_concurrent_commits_lose_no_update() {
    on_every_store(async |test| {
        let customers = (0..1000).map(|number| {
            let store = Arc::clone(&test.store);
            tokio::spawn(
                async move { increment(&store, &format!("counter:{:02}", number % 50)).await },
            )
        });
        for increment in join_all(customers).await {
            increment.unwrap();
        }
        let counters = test.store.scan("counter:", None, 100).await.unwrap();
        assert_eq!(counters.len(), 50);
        assert!(counters.iter().all(|(_, found)| found.version == 20 && found.value == b"20"));
        assert_eq!(test.store.last_event().await, Ok(1000));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tail_returns_the_events_of_each_batch_together_and_in_order() {
    on_every_store(async |test| {
        let tail = test.store.tail(0).take(270).map(|entry| text(entry.unwrap()));
        let writers = (0..3).map(|writer| {
            let store = Arc::clone(&test.store);
            tokio::spawn(async move {
                for batch in 0..30 {
                    let event = format!("{writer}:{batch}");
                    store.commit(logging(&[&event, &event, &event])).await.unwrap();
                }
            })
        });
        let writers = join_all(writers);
        let (entries, _) = futures_util::join!(tail.collect::<Vec<_>>(), writers);
        assert!(entries.iter().zip(1..).all(|((id, _), number)| *id == number));
        assert!(entries.chunks(3).all(|batch| batch.iter().all(|(_, event)| *event == batch[0].1)));
    })
    .await;
}

/// Increments a counter, and retries after a conflict.
async fn increment(store: &SharedStore, key: &str) {
    loop {
        let found = store.get(key).await.unwrap();
        let version = found.as_ref().map(|found| found.version);
        let count = found
            .map_or(0, |found| String::from_utf8(found.value).unwrap().parse::<u64>().unwrap())
            + 1;
        let batch =
            Batch { events: vec![key.as_bytes().to_vec()], ..putting(key, &count.to_string()) };
        match store.commit(expecting(key, version, batch)).await {
            Ok(_) => return,
            Err(StoreError::Conflict) => {}
            Err(error) => panic!("{error}"),
        }
    }
}
