//! Pages and numbers of long lists, on every adapter.

use actors::tables::Tables;
use actors::tables::page::Page;

use super::adapters::on_every_store;

#[tokio::test]
async fn long_lists_are_counted_and_have_pages() {
    on_every_store(async |test| {
        let tables = Tables::new(test.store.clone());
        let numbers = tables.named::<u64>("number");
        let mut batch = tables.batch(test.now());
        for number in (0..2_500).filter(|number| *number != 1_500) {
            batch.put(&numbers, format!("a/{number:05}"), None, &number).unwrap();
        }
        batch.put(&numbers, "b/00000", None, &0).unwrap();
        tables.commit(batch).await.unwrap();
        for (prefix, count) in [("a/", 2_499), ("b/", 1), ("c/", 0), ("", 2_500)] {
            assert_eq!(numbers.count(prefix).await.unwrap(), count, "{prefix}");
        }
        let page = async |after| numbers.page("a/", after, 3).await.unwrap();
        let values = |first: u64| vec![first, first + 1, first + 2];
        let first = Page { values: values(0), before: 0, previous: None, has_more: true };
        assert_eq!(page(None).await, first);
        // No row has the key after which this page starts.
        let middle =
            Page { values: values(1_501), before: 1_500, previous: Some(1_496), has_more: true };
        assert_eq!(page(Some("a/01500")).await, middle);
        let last =
            Page { values: values(2_497), before: 2_496, previous: Some(2_493), has_more: false };
        for after in ["a/02496", "a/02499", "a/9"] {
            assert_eq!(page(Some(after)).await, last, "{after}");
        }
    })
    .await;
}
