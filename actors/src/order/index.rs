//! The index of all orders: by stage, by user and status, and by the words by which they are found.
//!
//! Its rows are in the commit that changes the order.

use domain::order::stage::Stage;
use domain::order::{Order, OrderId, OrderStatus};
use domain::user::UserId;

use super::commands::OrderDeps;
use crate::clock::Clock;
use crate::store::StoreError;
use crate::tables::Tables;
use crate::tables::batch::WriteBatch;
use crate::tables::index::{Index, put_all};
use crate::tables::rows::{RowError, Rows};
use crate::tables::table::Row;

/// The version of the index. A store with another one is indexed when it is opened.
const VERSION: u64 = 2;

/// What the keys of all orders begin with.
const ALL: &str = "all";

/// The most rows of a word that a search reads.
const MOST_FOUND: usize = 1_000;

impl OrderDeps {
    /// Announces that the rows of an order's stage and status will be needed.
    pub(super) fn want_index(&self, order: &Order, rows: &mut Rows) {
        let tables = &self.shared.tables;
        rows.want(&tables.staged_orders, stage_key(Some(order.stage()), order.id));
        rows.want(&tables.status_orders, status_key(order.user, order.status, order.id));
    }

    /// Puts a new order into the index, or moves it to its stage and status.
    pub(super) fn put_index(
        &self,
        before: Option<&Order>,
        order: &Order,
        rows: &mut Rows,
    ) -> Result<(), RowError> {
        let tables = &self.shared.tables;
        let id = order.id;
        let Some(before) = before else {
            for key in staged_keys(order) {
                rows.put(&tables.staged_orders, key, &id, None)?;
            }
            for key in status_keys(order) {
                rows.put(&tables.status_orders, key, &id, None)?;
            }
            for key in word_keys(order) {
                rows.put(&tables.order_words, key, &id, None)?;
            }
            return Ok(());
        };
        if before.stage() != order.stage() {
            rows.remove(&tables.staged_orders, stage_key(Some(before.stage()), id));
            rows.put(&tables.staged_orders, stage_key(Some(order.stage()), id), &id, None)?;
        }
        if before.status != order.status {
            let status_orders = &tables.status_orders;
            rows.remove(status_orders, status_key(order.user, before.status, id));
            rows.put(status_orders, status_key(order.user, order.status, id), &id, None)?;
        }
        Ok(())
    }

    /// Removes the words by which an order that becomes anonymous is no longer found.
    pub(super) async fn remove_words(
        &self,
        before: &Order,
        order: &Order,
        batch: &mut WriteBatch,
    ) -> Result<(), StoreError> {
        let order_words = &self.shared.tables.order_words;
        for word in before.words().difference(&order.words()) {
            let key = word_key(word, order.id);
            if let Some(row) = order_words.get(&key).await? {
                batch.remove(order_words, key, row.version);
            }
        }
        Ok(())
    }

    /// Returns the orders that the words of a search find, newest first. Of a word that more than
    /// [`MOST_FOUND`] orders have, not all are found.
    pub(super) async fn find(&self, search: &[String]) -> Result<Vec<Order>, StoreError> {
        let longest = search.iter().max_by_key(|word| word.len()).map_or("", String::as_str);
        let rows = self.shared.tables.order_words.list(longest, None, MOST_FOUND).await?;
        let mut ids: Vec<_> = rows.into_iter().map(|(_, row)| row.value).collect();
        ids.sort_unstable_by(|one, other| other.cmp(one));
        ids.dedup();
        let mut orders = self.orders(&ids).await?;
        orders.retain(|order| order.is_found_by(search));
        Ok(orders)
    }
}

/// Adds the orders of a store whose index is missing or of another version.
pub async fn index_orders(tables: &Tables, clock: &Clock) -> Result<(), StoreError> {
    let index = Index { stored: &tables.order_index_version, needed: VERSION };
    let add = async |page| index_page(tables, clock, page).await;
    index.build(tables, clock, &tables.orders, add).await
}

async fn index_page(
    tables: &Tables,
    clock: &Clock,
    page: Vec<(String, Row<Order>)>,
) -> Result<(), StoreError> {
    let mut batch = tables.batch(clock.now());
    for (key, row) in &page {
        batch.require(&tables.orders, key, Some(row.version));
    }
    let listed = |keys: fn(&Order) -> Vec<String>| {
        let of_row = |row: &Row<Order>| {
            let id = row.value.id;
            keys(&row.value).into_iter().map(move |key| (key, id))
        };
        page.iter().flat_map(|(_, row)| of_row(row)).collect()
    };
    put_all(&tables.staged_orders, &mut batch, listed(staged_keys)).await?;
    put_all(&tables.status_orders, &mut batch, listed(status_keys)).await?;
    put_all(&tables.order_words, &mut batch, listed(word_keys)).await?;
    tables.commit(batch).await.map(drop)
}

/// Returns the keys under which an order is listed by stage.
pub fn staged_keys(order: &Order) -> Vec<String> {
    [None, Some(order.stage())].map(|stage| stage_key(stage, order.id)).into()
}

/// Returns the keys under which an order is listed by user and status: one.
pub fn status_keys(order: &Order) -> Vec<String> {
    vec![status_key(order.user, order.status, order.id)]
}

/// Returns the keys under which an order is listed by word.
pub fn word_keys(order: &Order) -> Vec<String> {
    order.words().iter().map(|word| word_key(word, order.id)).collect()
}

/// Returns the beginning of the keys of the orders in a stage, or of all orders.
pub(super) fn stage_prefix(stage: Option<Stage>) -> String {
    format!("{}/", stage.map_or(ALL, Stage::name))
}

/// Returns the key under which an order is listed in a stage, or among all orders.
pub(super) fn stage_key(stage: Option<Stage>, order: OrderId) -> String {
    stage_prefix(stage) + &newest_first(order)
}

/// Returns the beginning of the keys of the orders of a user with a status.
pub(super) fn status_prefix(user: UserId, status: OrderStatus) -> String {
    format!("{user}/{}/", status.name())
}

/// Returns the key under which an order of a user is listed in a status.
pub(super) fn status_key(user: UserId, status: OrderStatus, order: OrderId) -> String {
    status_prefix(user, status) + &newest_first(order)
}

fn word_key(word: &str, order: OrderId) -> String {
    format!("{word}/{}", newest_first(order))
}

/// Returns the part of a key by which newer orders come first.
fn newest_first(order: OrderId) -> String {
    format!("{:032x}", !order.0.as_u128())
}
