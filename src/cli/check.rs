//! `microshop check`: checks that the store is consistent, and compares it with the bank.

mod bank;
mod lists;
mod order;
#[cfg(test)]
mod samples;
mod stock;

use actors::bank::{Bank, BankError};
use actors::clock::Clock;
use actors::store::{SharedStore, StoreError};
use actors::tables::Tables;
use domain::order::{Order, OrderId};

use crate::bank::http::{HttpBank, WrongUrl};
use crate::bank::ledger::Ledger;
use crate::config::sections::BankConfig;

/// The number of orders between two progress lines.
const PROGRESS_INTERVAL: usize = 1_000;

/// Returns every order. Passes a line to `progress` after each `PROGRESS_INTERVAL` of them.
pub async fn orders(tables: &Tables, progress: impl Fn(String)) -> Result<Vec<Order>, StoreError> {
    let mut orders: Vec<Order> = Vec::new();
    loop {
        let after = orders.last().map(|order| order.id.to_string());
        let page = tables.orders.list("", after.as_deref(), PROGRESS_INTERVAL).await?;
        if page.is_empty() {
            return Ok(orders);
        }
        orders.extend(page.into_iter().map(|(_, row)| row.value));
        if orders.len().is_multiple_of(PROGRESS_INTERVAL) {
            progress(format!("{} orders read", orders.len()));
        }
    }
}

/// Computes from the orders what the rest of the store must contain. Returns every difference.
pub async fn check(tables: &Tables, orders: &[Order]) -> Result<Vec<String>, StoreError> {
    let mut findings: Vec<_> = orders.iter().flat_map(order::totals).collect();
    findings.extend(orders.iter().filter_map(order::payment));
    findings.extend(stock::reservations(tables, orders).await?);
    findings.extend(lists::orders(tables, orders).await?);
    findings.extend(lists::idempotency_keys(tables, orders).await?);
    Ok(findings)
}

/// The source of the bank's decisions.
pub enum Books {
    /// The ledger of the bank inside the shop. It lists all charges.
    Ledger(Box<Ledger>),
    /// A bank over HTTP. Each attempt needs a lookup of its own.
    Bank(Box<dyn Bank>),
}

/// Why the decisions of the bank can't be read.
#[derive(Debug, thiserror::Error)]
pub enum BooksError {
    /// The ledger can't be read.
    #[error(transparent)]
    Ledger(#[from] StoreError),
    /// A lookup failed.
    #[error("the charge of order {order}, attempt {attempt} can't be looked up: {error}")]
    Lookup {
        /// The order.
        order: OrderId,
        /// The payment attempt.
        attempt: u32,
        /// The error of the bank.
        error: BankError,
    },
}

impl Books {
    /// Opens the books of the configured bank.
    pub fn open(bank: &BankConfig, store: SharedStore) -> Result<Self, WrongUrl> {
        Ok(if bank.is_simulated() {
            Self::Ledger(Box::new(Ledger::new(store, Clock::default())))
        } else {
            Self::Bank(Box::new(HttpBank::new(&bank.url, bank.timeout)?))
        })
    }

    /// Compares the orders with the decisions of the bank. Returns every difference. Passes a line
    /// to `progress` after each `PROGRESS_INTERVAL` of orders.
    pub async fn compare(
        &self,
        orders: &[Order],
        progress: impl Fn(String),
    ) -> Result<Vec<String>, BooksError> {
        match self {
            Self::Ledger(ledger) => Ok(bank::compare_ledger(orders, ledger.entries().await?)),
            Self::Bank(bank) => bank::compare_bank(orders, bank.as_ref(), progress).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::sync::Arc;

    use actors::store::memory::MemoryStore;
    use actors::tables::{UsedKey, article_key, user_order_key};
    use domain::article::{ArticleId, Articles};
    use domain::money::Cents;
    use domain::order::OrderStatus;
    use domain::payment::Outcome;
    use uuid::Uuid;

    use super::samples::{NOW, lamp, order_of_two_lamps};
    use super::*;
    use crate::bank::behaviour::Behaviour;
    use crate::bank::simulated::SimulatedBank;

    fn empty_tables() -> Tables {
        Tables::new(Arc::new(MemoryStore::new(Clock::default())))
    }

    /// Checks a store with one order and some articles.
    async fn findings(order: &Order, articles: &Articles) -> String {
        let tables = empty_tables();
        let mut batch = tables.batch(NOW);
        batch.put(&tables.orders, order.id, None, order).unwrap();
        let user_order = user_order_key(order.user, order.id);
        batch.put(&tables.user_orders, user_order, None, &order.id).unwrap();
        batch.put(&tables.pending_orders, order.id, None, &order.id).unwrap();
        for article in articles.values() {
            batch.put(&tables.articles, article_key(article.id), None, article).unwrap();
        }
        let used = UsedKey { fingerprint: String::new(), order: order.id, answer: None };
        batch.put(&tables.used_keys, "ana/k", None, &used).unwrap();
        tables.commit(batch).await.unwrap();
        let orders = orders(&tables, |_| {}).await.unwrap();
        check(&tables, &orders).await.unwrap().join("\n")
    }

    #[actix_web::test]
    async fn a_consistent_store_has_no_difference() {
        let (order, articles) = order_of_two_lamps();
        assert_eq!(findings(&order, &articles).await, "");
    }

    #[actix_web::test]
    async fn every_difference_is_reported() {
        let (order, articles) = order_of_two_lamps();
        let changed = |change: fn(&mut Order)| {
            let mut order = order.clone();
            change(&mut order);
            order
        };
        let cases = [
            (changed(|order| order.total = Cents(1)), "but the total is 1"),
            (
                changed(|order| order.items.iter_mut().for_each(|item| item.line_total = Cents(9))),
                "2 units of Lamp cost",
            ),
            (changed(|order| order.status = OrderStatus::Paid), "the payment is Submitting"),
            (
                changed(|order| order.payment = order.payment.settle(Outcome::Approved).unwrap()),
                "the payment is Succeeded",
            ),
            (
                changed(|order| order.status = OrderStatus::Expired),
                "must not be in the orders awaiting payment",
            ),
        ];
        for (order, difference) in cases {
            let findings = findings(&order, &articles).await;
            assert!(findings.contains(difference), "{findings}");
        }
        let unreserved = Articles::from([(ArticleId(1), lamp())]);
        let findings = findings(&order, &unreserved).await;
        assert!(findings.contains("0 of 10 units are reserved, but unpaid orders need 2"));
    }

    #[actix_web::test]
    async fn long_checks_report_their_progress() {
        let tables = empty_tables();
        let mut batch = tables.batch(NOW);
        for number in 0..2_500 {
            let order = Order { id: OrderId(Uuid::from_u128(number)), ..order_of_two_lamps().0 };
            batch.put(&tables.orders, order.id, None, &order).unwrap();
        }
        tables.commit(batch).await.unwrap();
        let lines = RefCell::new(Vec::new());
        let progress = |line| lines.borrow_mut().push(line);
        let read = orders(&tables, progress).await.unwrap();
        let bank = SimulatedBank::new(tables.store.clone(), Clock::default());
        bank.behave(Behaviour { latency_ms: 0, ..Behaviour::default() });
        Books::Bank(Box::new(bank)).compare(&read, progress).await.unwrap();
        let expected =
            ["1000 orders read", "2000 orders read", "1000 of 2500 orders compared with the bank"];
        assert_eq!(read.len(), 2_500);
        assert_eq!(lines.borrow()[..3], expected);
    }

    #[actix_web::test]
    async fn an_idempotency_key_without_an_order_is_reported() {
        let tables = empty_tables();
        let order = order_of_two_lamps().0.id;
        let used = UsedKey { fingerprint: String::new(), order, answer: None };
        let mut batch = tables.batch(NOW);
        batch.put(&tables.used_keys, "ana/k", None, &used).unwrap();
        tables.commit(batch).await.unwrap();
        let findings = check(&tables, &[]).await.unwrap();
        assert_eq!(findings, [format!("idempotency key ana/k: its order {order} does not exist")]);
    }
}
