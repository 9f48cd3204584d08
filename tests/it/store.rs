//! What every store promises, tried on each of them.

mod opened;
mod redis;
mod sled;

use std::sync::Arc;
use std::time::Duration;

use actors::store::{Batch, Put, SharedStore, StoreError};
use futures_util::StreamExt;
use futures_util::future::join_all;

use self::opened::{
    Opened, PATIENCE, expecting, logging, on_every_store, on_every_store_keeping, put, putting,
    removing, text,
};

#[tokio::test]
async fn a_key_that_is_put_goes_to_the_next_version() {
    on_every_store(async |shop| {
        assert_eq!(shop.value("cart").await, None);
        shop.store.commit(putting("cart", "one")).await.unwrap();
        assert_eq!(shop.value("cart").await, Some((1, "one".to_owned())));
        shop.store.commit(putting("cart", "two")).await.unwrap();
        assert_eq!(shop.value("cart").await, Some((2, "two".to_owned())));
    })
    .await;
}

#[tokio::test]
async fn a_removed_key_begins_anew() {
    on_every_store(async |shop| {
        shop.store.commit(putting("cart", "one")).await.unwrap();
        shop.store.commit(putting("cart", "two")).await.unwrap();
        shop.store.commit(removing("cart")).await.unwrap();
        assert_eq!(shop.value("cart").await, None);
        assert!(shop.keys("", None, 10).await.is_empty());
        shop.store.commit(removing("cart")).await.unwrap();
        shop.store.commit(putting("cart", "")).await.unwrap();
        assert_eq!(shop.value("cart").await, Some((1, String::new())));
    })
    .await;
}

#[tokio::test]
async fn expectations_decide() {
    on_every_store(async |shop| {
        let commit =
            |version, value| shop.store.commit(expecting("cart", version, putting("cart", value)));
        assert_eq!(commit(Some(1), "wrong").await, Err(StoreError::Conflict));
        assert_eq!(commit(None, "right").await, Ok(0));
        assert_eq!(commit(None, "wrong").await, Err(StoreError::Conflict));
        assert_eq!(commit(Some(2), "wrong").await, Err(StoreError::Conflict));
        assert_eq!(commit(Some(1), "right again").await, Ok(0));
        assert_eq!(shop.value("cart").await, Some((2, "right again".to_owned())));
    })
    .await;
}

#[tokio::test]
async fn a_batch_happens_altogether_or_not_at_all() {
    on_every_store(async |shop| {
        shop.store.commit(putting("old", "x")).await.unwrap();
        let batch = Batch {
            expect: vec![("old".to_owned(), Some(1)), ("new".to_owned(), None)],
            put: vec![put("new", "n"), put("other", "o")],
            remove: vec!["old".to_owned()],
            events: vec![b"moved".to_vec(), b"grown".to_vec()],
        };
        assert_eq!(shop.store.commit(batch.clone()).await, Ok(2));
        assert_eq!(shop.keys("", None, 10).await, ["new", "other"]);

        assert_eq!(shop.store.commit(batch).await, Err(StoreError::Conflict));
        assert_eq!(shop.value("new").await, Some((1, "n".to_owned())));
        assert_eq!(shop.value("other").await, Some((1, "o".to_owned())));
        assert_eq!(shop.store.last_event().await, Ok(2));
    })
    .await;
}

#[tokio::test]
async fn commits_take_effect_in_the_order_they_were_made() {
    on_every_store(async |shop| {
        let chain = (0..100).map(|step: u64| {
            let batch = Batch {
                events: vec![step.to_string().into_bytes()],
                ..putting("cart", &step.to_string())
            };
            shop.store.commit(expecting("cart", Some(step).filter(|step| *step > 0), batch))
        });
        let made: Vec<_> = chain.collect();
        // Polled backwards, they still happen forwards.
        let answers = join_all(made.into_iter().rev()).await;
        assert_eq!(answers, (1..=100).rev().map(Ok).collect::<Vec<_>>());
        assert_eq!(shop.value("cart").await, Some((100, "99".to_owned())));
    })
    .await;
}

#[tokio::test]
async fn a_commit_happens_though_nobody_waits_for_it() {
    on_every_store(async |shop| {
        drop(shop.store.commit(putting("cart", "one")));
        shop.store.commit(expecting("cart", Some(1), putting("cart", "two"))).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_scan_goes_by_prefix_in_the_order_of_bytes() {
    on_every_store(async |shop| {
        for key in ["cart:b", "cart:a", "cart:é", "cart:Z", "cart", "cart;", "carp:a", "dart:a"] {
            shop.store.commit(putting(key, key)).await.unwrap();
        }
        assert_eq!(shop.keys("cart:", None, 10).await, ["cart:Z", "cart:a", "cart:b", "cart:é"]);
        assert_eq!(shop.keys("cart:", None, 2).await, ["cart:Z", "cart:a"]);
        assert_eq!(shop.keys("cart:", Some("cart:a"), 10).await, ["cart:b", "cart:é"]);
        assert_eq!(shop.keys("cart:", Some("cart:aa"), 1).await, ["cart:b"]);
        assert_eq!(shop.keys("cart:", Some("a"), 1).await, ["cart:Z"]);
        assert!(shop.keys("cart:", Some("cart:é"), 10).await.is_empty());
        assert!(shop.keys("cart:", None, 0).await.is_empty());
        assert_eq!(shop.keys("", None, 100).await.len(), 8);
        let found = shop.store.scan("dart", None, 1).await.unwrap();
        assert_eq!((found[0].1.version, found[0].1.value.as_slice()), (1, b"dart:a".as_slice()));
    })
    .await;
}

#[tokio::test]
async fn a_long_scan_is_whole() {
    on_every_store(async |shop| {
        let put = (0..600).map(|number| put(&format!("article:{number:03}"), "x")).collect();
        shop.store.commit(Batch { put, ..Batch::default() }).await.unwrap();
        assert_eq!(shop.keys("article:", None, 1000).await.len(), 600);
        assert_eq!(shop.keys("article:", Some("article:009"), 555).await.len(), 555);
    })
    .await;
}

#[tokio::test]
async fn what_has_expired_is_absent_at_once() {
    on_every_store(async |shop| {
        let minute = Duration::from_secs(60);
        let put = |key: &str, expires_at| Put { expires_at: Some(expires_at), ..put(key, "x") };
        let batch = vec![
            put("past", shop.now()),
            put("soon", shop.now() + minute),
            put("later", shop.now() + minute * 2),
        ];
        shop.store.commit(Batch { put: batch, ..Batch::default() }).await.unwrap();
        assert_eq!(shop.keys("", None, 10).await, ["later", "soon"]);

        shop.let_pass(minute);
        assert_eq!(shop.value("soon").await, None);
        assert_eq!(shop.keys("", None, 1).await, ["later"]);
        assert_eq!(shop.keys("s", None, 1).await.len(), 0);
        let again = putting("soon", "y");
        assert_eq!(
            shop.store.commit(expecting("soon", Some(1), again.clone())).await,
            Err(StoreError::Conflict)
        );
        shop.store.commit(expecting("soon", None, again)).await.unwrap();

        shop.let_pass(minute * 10);
        assert_eq!(
            shop.value("soon").await,
            Some((1, "y".to_owned())),
            "the new value does not expire"
        );
        assert_eq!(shop.keys("", None, 10).await, ["soon"]);
    })
    .await;
}

#[tokio::test]
async fn the_log_is_read_from_any_event_on() {
    on_every_store(async |shop| {
        assert_eq!(shop.store.last_event().await, Ok(0));
        assert_eq!(shop.store.commit(logging(&["a", "b"])).await, Ok(2));
        assert_eq!(shop.store.commit(putting("cart", "one")).await, Ok(2));
        assert_eq!(shop.store.commit(logging(&["c"])).await, Ok(3));
        let all = [(1, "a".to_owned()), (2, "b".to_owned()), (3, "c".to_owned())];
        assert_eq!(shop.events(0, 3).await, all);
        assert_eq!(shop.events(1, 2).await, all[1..]);
    })
    .await;
}

#[tokio::test]
async fn a_tail_goes_on_with_what_is_logged_later() {
    on_every_store(async |shop| {
        let mut tail = shop.store.tail(0);
        for number in 1..=3 {
            shop.store.commit(logging(&["news"])).await.unwrap();
            let next = tokio::time::timeout(PATIENCE, tail.next()).await.expect("the event comes");
            assert_eq!(text(next.unwrap().unwrap()), (number, "news".to_owned()));
        }
    })
    .await;
}

#[tokio::test]
async fn a_tail_from_before_the_log_ends() {
    on_every_store_keeping(10, async |shop| {
        for _ in 0..10 {
            shop.store.commit(logging(&["a", "b", "c"])).await.unwrap();
        }
        let entries: Vec<_> = shop.store.tail(17).collect().await;
        // Ten at least, and what was logged together is forgotten together.
        assert!(matches!(entries[..], [Err(StoreError::Gone { before: 18..=20 })]), "{entries:?}");
        assert_eq!(shop.events(20, 10).await[0], (21, "c".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn the_log_forgets_what_is_too_old_but_not_its_last_event() {
    for shop in [Opened::on_sled(1000).await, Opened::on_redis(1000).await] {
        shop.store.commit(logging(&["a", "b"])).await.unwrap();
        shop.let_pass(Duration::from_secs(3601));
        shop.store.commit(logging(&["c"])).await.unwrap();
        let entries: Vec<_> = shop.store.tail(0).collect().await;
        assert_eq!(entries, [Err(StoreError::Gone { before: 2 })]);
        assert_eq!(shop.events(2, 1).await, [(3, "c".to_owned())]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_commits_at_once_lose_nothing() {
    on_every_store(async |shop| {
        let customers = (0..1000).map(|number| {
            let store = Arc::clone(&shop.store);
            tokio::spawn(
                async move { count_one(&store, &format!("counter:{:02}", number % 50)).await },
            )
        });
        for counted in join_all(customers).await {
            counted.unwrap();
        }
        let counters = shop.store.scan("counter:", None, 100).await.unwrap();
        assert_eq!(counters.len(), 50);
        assert!(counters.iter().all(|(_, found)| found.version == 20 && found.value == b"20"));
        assert_eq!(shop.store.last_event().await, Ok(1000));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tail_sees_whole_batches_in_order() {
    on_every_store(async |shop| {
        let tail = shop.store.tail(0).take(270).map(|entry| text(entry.unwrap()));
        let writers = (0..3).map(|writer| {
            let store = Arc::clone(&shop.store);
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

async fn count_one(store: &SharedStore, key: &str) {
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
