//! `microshop check`: checks that the store is consistent, and compares it with the bank.

mod bank;
mod counts;
mod index;
mod lists;
mod order;
pub mod passes;
#[cfg(test)]
mod samples;
mod scan;
mod statistics;
mod stock;
mod words;

use actors::bank::{Bank, BankError};
use actors::store::{SharedStore, StoreError};
use actors::tables::Tables;
use domain::order::OrderId;

use self::scan::{PAGE, Scan};
use crate::bank::http::{HttpBank, WrongUrl};
use crate::bank::ledger::Ledger;
use crate::config::sections::BankConfig;

/// A line that a check reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Something in the store is wrong.
    Difference(String),
    /// How far the check is, after each thousand orders.
    Progress(String),
}

/// Receives the lines of a check while it runs.
pub type Report<'a> = &'a mut dyn FnMut(Line);

/// Computes from the orders what the rest of the store must contain, and reports every difference.
/// Returns the number of orders.
///
/// Tables are read in pages, so a check never holds a whole table of orders.
pub async fn check(tables: &Tables, report: Report<'_>) -> Result<usize, StoreError> {
    let mut orders = Scan::new(&tables.orders);
    let mut awaiting = lists::Awaiting::new(tables);
    let mut needed = stock::Needed::default();
    let mut statistics = statistics::Expected::default();
    let mut count = 0;
    while let Some(page) = orders.next_page().await? {
        let page: Vec<_> = page.into_iter().map(|(_, order)| order).collect();
        for order in &page {
            let differences = order::totals(order).into_iter().chain(order::payment(order));
            differences.map(Line::Difference).for_each(&mut *report);
            needed.add(order);
            statistics.add(order);
            awaiting.compare(order, report).await?;
        }
        lists::listed_by_user(tables, &page, report).await?;
        index::listed(tables, &page, report).await?;
        count += page.len();
        if page.len() == PAGE {
            report(Line::Progress(format!("{count} orders read")));
        }
    }
    awaiting.end(report).await?;
    needed.compare(tables, report).await?;
    statistics.compare(tables, report).await?;
    lists::user_orders(tables, report).await?;
    index::extra(tables, report).await?;
    lists::buyers(tables, report).await?;
    counts::users(tables, report).await?;
    counts::orders(tables, report).await?;
    words::users(tables, report).await?;
    lists::idempotency_keys(tables, report).await?;
    Ok(count)
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
        let clock = store.clock();
        Ok(if bank.is_simulated() {
            Self::Ledger(Box::new(Ledger::new(store, clock)))
        } else {
            Self::Bank(Box::new(HttpBank::new(&bank.url, bank.timeout)?))
        })
    }

    /// Compares the `count` orders of the store with the decisions of the bank, and reports every
    /// difference.
    pub async fn compare(
        &self,
        tables: &Tables,
        count: usize,
        report: Report<'_>,
    ) -> Result<(), BooksError> {
        match self {
            Self::Ledger(ledger) => Ok(bank::compare_ledger(tables, ledger, report).await?),
            Self::Bank(bank) => bank::compare_bank(tables, count, bank.as_ref(), report).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use actors::bank::behaviour::BankBehaviour;
    use actors::clock::Clock;
    use actors::store::memory::MemoryStore;
    use actors::tables::{Account, Buyer, UsedKey, article_key, user_order_key};
    use domain::article::{ArticleId, Articles};
    use domain::bank::Behaviour;
    use domain::money::Cents;
    use domain::order::{Order, OrderStatus};
    use domain::payment::Outcome;
    use domain::statistics::Counts;
    use domain::statistics::bucket::Series;
    use domain::statistics::standing::ByStatus;
    use domain::statistics::sums::Sums;
    use domain::user::{Role, User, UserId, Username};
    use uuid::Uuid;

    use super::samples::{NOW, lamp, order_of_two_lamps, put_order};
    use super::*;
    use crate::bank::simulated::SimulatedBank;

    fn empty_tables() -> Tables {
        Tables::new(Arc::new(MemoryStore::new(Clock::default())))
    }

    /// Checks a store with one order and some articles.
    async fn findings(order: &Order, articles: &Articles) -> String {
        let tables = empty_tables();
        let mut batch = tables.batch(NOW);
        put_order(&mut batch, &tables, order);
        let user_order = user_order_key(order.user, order.id);
        batch.put(&tables.user_orders, user_order, None, &order.id).unwrap();
        batch.put(&tables.pending_orders, order.id, None, &order.id).unwrap();
        for article in articles.values() {
            batch.put(&tables.articles, article_key(article.id), None, article).unwrap();
        }
        let used = UsedKey { fingerprint: String::new(), order: order.id, answer: None };
        batch.put(&tables.used_keys, "ana/k", None, &used).unwrap();
        tables.commit(batch).await.unwrap();
        store_differences(&tables).await.join("\n")
    }

    /// Checks a store without progress lines.
    async fn store_differences(tables: &Tables) -> Vec<String> {
        let mut differences = Vec::new();
        let mut report = |line| match line {
            Line::Difference(text) => differences.push(text),
            Line::Progress(_) => {}
        };
        check(tables, &mut report).await.unwrap();
        differences
    }

    /// Returns the account of a user.
    fn account(name: &str) -> Account {
        let user = User {
            id: UserId(Uuid::from_u128(3)),
            username: Username::new(name).unwrap(),
            email: None,
            role: Role::Customer,
            created_at: NOW,
        };
        Account { user, password_hash: String::new(), default_password: false }
    }

    /// Returns an order of two lamps with another id.
    fn order_with_id(id: u128) -> Order {
        Order { id: OrderId(Uuid::from_u128(id)), ..order_of_two_lamps().0 }
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
            let order = order_with_id(number);
            batch.put(&tables.orders, order.id, None, &order).unwrap();
        }
        tables.commit(batch).await.unwrap();
        let mut lines = Vec::new();
        let mut report = |line| match line {
            Line::Difference(_) => {}
            Line::Progress(text) => lines.push(text),
        };
        let count = check(&tables, &mut report).await.unwrap();
        let behaviour = Behaviour { latency_ms: 0, ..Behaviour::default() };
        let behaviour = BankBehaviour::new(behaviour);
        let bank = SimulatedBank::new(tables.store.clone(), Clock::default(), behaviour);
        Books::Bank(Box::new(bank)).compare(&tables, count, &mut report).await.unwrap();
        let expected =
            ["1000 orders read", "2000 orders read", "1000 of 2500 orders compared with the bank"];
        assert_eq!(count, 2_500);
        assert_eq!(lines[..3], expected);
    }

    #[actix_web::test]
    async fn an_idempotency_key_without_an_order_is_reported() {
        let tables = empty_tables();
        let order = order_of_two_lamps().0.id;
        let used = UsedKey { fingerprint: String::new(), order, answer: None };
        let mut batch = tables.batch(NOW);
        batch.put(&tables.used_keys, "ana/k", None, &used).unwrap();
        tables.commit(batch).await.unwrap();
        let findings = store_differences(&tables).await;
        assert_eq!(findings, [format!("idempotency key ana/k: its order {order} does not exist")]);
    }

    #[actix_web::test]
    async fn an_order_that_counts_as_unpaid_and_is_not_is_reported() {
        let tables = empty_tables();
        let unpaid = order_with_id(1);
        let paid = Order { status: OrderStatus::Paid, ..order_with_id(2) };
        let mut batch = tables.batch(NOW);
        for order in [&unpaid, &paid] {
            put_order(&mut batch, &tables, order);
        }
        let buyer = Buyer { unpaid: vec![unpaid.id, paid.id], ..Buyer::default() };
        batch.put(&tables.buyers, unpaid.user, None, &buyer).unwrap();
        tables.commit(batch).await.unwrap();
        let list = format!("the unpaid orders of user {}", unpaid.user);
        let findings = store_differences(&tables).await;
        assert!(findings.contains(&format!("{} must not be in {list}", paid.id)), "{findings:?}");
        assert!(!findings.contains(&format!("{} must not be in {list}", unpaid.id)));
    }

    #[actix_web::test]
    async fn a_number_of_users_or_orders_that_is_wrong_is_reported() {
        let tables = empty_tables();
        let users = [3, 5, 7, 9].map(|id| UserId(Uuid::from_u128(id)));
        let mut batch = tables.batch(NOW);
        for (user, (placed, orders)) in
            users.into_iter().zip([(2, Some(2)), (1, Some(3)), (0, Some(1)), (1, None)])
        {
            let buyer = Buyer { orders, ..Buyer::default() };
            batch.put(&tables.buyers, user, None, &buyer).unwrap();
            for number in 0..placed {
                let order = Order { user, ..order_with_id(user.0.as_u128() * 10 + number) };
                let listed = user_order_key(user, order.id);
                batch.put(&tables.user_orders, listed, None, &order.id).unwrap();
                put_order(&mut batch, &tables, &order);
                batch.put(&tables.pending_orders, order.id, None, &order.id).unwrap();
            }
        }
        batch.put(&tables.user_count, "all", None, &2).unwrap();
        tables.commit(batch).await.unwrap();
        let of = |user: usize, counted: u64, stored: u64| {
            let user = users[user];
            format!("the number of orders of user {user} is {counted}, but {stored} exist")
        };
        let findings = store_differences(&tables).await;
        let expected =
            ["the number of users is 2, but 0 exist".to_owned(), of(1, 3, 1), of(2, 1, 0)];
        assert_eq!(findings, expected);
    }

    #[actix_web::test]
    async fn a_sum_and_numbers_of_orders_by_status_that_are_wrong_are_reported() {
        let tables = empty_tables();
        let order = Order { status: OrderStatus::Refunded, ..order_with_id(1) };
        let paid = Order { status: OrderStatus::Shipped, ..order_with_id(2) };
        let user = order.user;
        let mut batch = tables.batch(NOW);
        for order in [&order, &paid] {
            put_order(&mut batch, &tables, order);
            batch
                .put(&tables.user_orders, user_order_key(user, order.id), None, &order.id)
                .unwrap();
        }
        let by_status = Some(ByStatus { shipped: 2, ..ByStatus::default() });
        let buyer = Buyer { spent: Some(Cents(7)), by_status, ..Buyer::default() };
        batch.put(&tables.buyers, user, None, &buyer).unwrap();
        tables.commit(batch).await.unwrap();
        let findings = store_differences(&tables).await;
        let Cents(spent) = paid.total;
        let expected = format!("user {user} has paid {spent} cents, but 7 are counted");
        assert!(findings.contains(&expected), "{findings:?}");
        let counted = |finding: &String| finding.starts_with(&format!("the orders of user {user}"));
        assert_eq!(findings.iter().filter(|finding| counted(finding)).count(), 1, "{findings:?}");
    }

    #[actix_web::test]
    async fn a_user_who_is_not_listed_by_their_words_is_reported() {
        let tables = empty_tables();
        let ana = account("ana");
        let mut batch = tables.batch(NOW);
        batch.put(&tables.user_index_version, "all", None, &1).unwrap();
        batch.put(&tables.accounts, ana.user.id, None, &ana).unwrap();
        batch.put(&tables.user_words, "zoe/0", None, &ana.user.id).unwrap();
        tables.commit(batch).await.unwrap();
        let findings = store_differences(&tables).await;
        let [missing, extra] = [
            format!("ana/{} is missing from the users by word", ana.user.id),
            "zoe/0 must not be in the users by word".to_owned(),
        ];
        assert_eq!(findings, [missing, extra]);
    }

    #[actix_web::test]
    async fn statistics_that_differ_from_the_orders_are_reported() {
        let (order, articles) = order_of_two_lamps();
        let tables = empty_tables();
        let mut counts = Counts::default();
        counts.recount(&order, None, NOW);
        counts.totals.ever.paid_cents = 7;
        let day = Series::Day.bucket(order.created_at);
        counts.buckets.insert(day, Sums { placed: 3, ..Sums::default() });
        let mut batch = tables.batch(NOW);
        batch.put(&tables.statistics, "all", None, &counts.totals).unwrap();
        for (bucket, sums) in &counts.buckets {
            batch.put(&tables.statistics_buckets, bucket, None, sums).unwrap();
        }
        put_order(&mut batch, &tables, &order);
        batch
            .put(&tables.user_orders, user_order_key(order.user, order.id), None, &order.id)
            .unwrap();
        batch.put(&tables.pending_orders, order.id, None, &order.id).unwrap();
        for article in articles.values() {
            batch.put(&tables.articles, article_key(article.id), None, article).unwrap();
        }
        tables.commit(batch).await.unwrap();
        let expected = [
            "the number of cents paid in the statistics is 7, but must be 0".to_owned(),
            format!("the number of orders of {} is 3, but must be 1", day.start()),
        ];
        assert_eq!(store_differences(&tables).await, expected);
    }

    #[actix_web::test]
    async fn every_difference_of_a_list_is_reported() {
        let tables = empty_tables();
        let mut batch = tables.batch(NOW);
        let (lamps, _) = order_of_two_lamps();
        for order in [2, 4, 6].map(order_with_id) {
            put_order(&mut batch, &tables, &order);
        }
        for id in [1, 2, 5, 6, 7].map(|id| order_with_id(id).id) {
            batch.put(&tables.pending_orders, id, None, &id).unwrap();
            batch.put(&tables.user_orders, user_order_key(lamps.user, id), None, &id).unwrap();
        }
        tables.commit(batch).await.unwrap();
        let mut expected: Vec<_> = [(1, false), (4, true), (5, false), (7, false)]
            .into_iter()
            .flat_map(|(id, is_missing)| {
                let id = order_with_id(id).id;
                let verb = if is_missing { "is missing from" } else { "must not be in" };
                [
                    format!("{id} {verb} the orders awaiting payment"),
                    format!("{} {verb} the orders by user", user_order_key(lamps.user, id)),
                ]
            })
            .collect();
        let mut differences = store_differences(&tables).await;
        expected.sort();
        differences.sort();
        assert_eq!(differences, expected);
    }

    #[actix_web::test]
    async fn every_difference_of_the_index_is_reported() {
        let tables = empty_tables();
        let [waiting, paid] = [2, 4].map(order_with_id);
        let mut batch = tables.batch(NOW);
        put_order(&mut batch, &tables, &waiting);
        let shipped = Order { status: OrderStatus::Shipped, ..paid.clone() };
        put_order(&mut batch, &tables, &shipped);
        batch.put(&tables.order_words, "zoe/0", None, &paid.id).unwrap();
        tables.commit(batch).await.unwrap();
        // Another version changes both orders, and keeps the index as it was.
        let mut batch = tables.batch(NOW);
        batch.put(&tables.orders, paid.id, Some(1), &paid).unwrap();
        batch.put(&tables.orders, waiting.id, Some(1), &waiting.anonymous()).unwrap();
        tables.commit(batch).await.unwrap();
        let differences = store_differences(&tables).await;
        let count =
            |text: &str| differences.iter().filter(|difference| difference.contains(text)).count();
        for part in ["stage", "user and status"] {
            let counts = ["is missing from", "must not be in"]
                .map(|finding| count(&format!("{finding} the orders by {part}")));
            assert_eq!(counts, [1, 1], "{differences:?}");
        }
        let words = waiting.words().len() - 1;
        assert_eq!(count("must not be in the orders by word"), words + 1, "{differences:?}");
        assert_eq!(count("is missing from the orders by word"), 0);
    }
}
