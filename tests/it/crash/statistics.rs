//! The stored statistics of a closed shop, compared with its log.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use actors::clock::Clock;
use actors::tables::Tables;
use actors::tables::codec::entry;
use domain::statistics::Counts;
use futures_util::StreamExt;
use microshop::store::{self, Options};

use crate::harness::{TestShop, make_private};

/// Returns the id of the last event of a closed shop.
pub(super) async fn last_event(shop: &TestShop) -> u64 {
    let last = tables(shop).await.store.last_event().await.unwrap();
    make_private(&shop.path("data"));
    last
}

/// Checks that the statistics of a closed shop are what its whole log says, counted event by event.
/// Starts the shop until it has counted every order.
pub(super) async fn are_those_of_the_log(shop: &mut TestShop) {
    loop {
        let tables = tables(shop).await;
        let (counts, last_change) = counts_of_the_log(&tables).await;
        let stored = tables.statistics.get("all").await.unwrap().unwrap().value;
        if stored.position < last_change {
            drop(tables);
            make_private(&shop.path("data"));
            shop.start_again();
            shop.stop();
            continue;
        }
        assert_eq!((stored.ever, stored.standing), (counts.totals.ever, counts.totals.standing));
        let rows = tables.statistics_buckets.all().await.unwrap();
        let rows: BTreeMap<_, _> =
            rows.into_iter().map(|(key, row)| (key.parse().unwrap(), row.value)).collect();
        assert_eq!(rows, counts.buckets);
        assert!(counts.totals.ever.paid > 100, "{counts:?}");
        drop(tables);
        make_private(&shop.path("data"));
        return;
    }
}

/// Returns the counts of the log, and the id of the last event that has changed them.
async fn counts_of_the_log(tables: &Tables) -> (Counts, u64) {
    let last = tables.store.last_event().await.unwrap();
    let log = tables.store.tail(0).take(usize::try_from(last).unwrap());
    let entries: Vec<_> = log.map(|logged| entry(&logged.unwrap()).unwrap()).collect().await;
    let mut counts = Counts::default();
    let mut orders = HashMap::new();
    let mut last_change = 0;
    for entry in entries {
        let Some(order) = entry.event.order() else { continue };
        if let Some(counted) = counts.count(&entry, orders.get(&order.id), entry.at) {
            orders.insert(order.id, counted);
            last_change = entry.id;
        }
    }
    (counts, last_change)
}

/// Opens the tables of a closed shop without trimming its log.
async fn tables(shop: &TestShop) -> Tables {
    let url = format!("sled:{}", shop.path("data/shop").display());
    let options = Options {
        events_max: 1_000_000,
        events_keep: Duration::from_secs(86_400),
        ..Options::default()
    };
    Tables::new(store::open(&url, &options, Clock::default()).await.unwrap())
}
