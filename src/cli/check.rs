//! `microshop check`: whether what the store holds makes sense, and what the bank has charged.

use std::collections::{BTreeMap, BTreeSet};

use actors::store::StoreError;
use actors::tables::{Tables, user_order_key};
use domain::article::ArticleId;
use domain::order::{Order, OrderStatus};
use domain::payment::PaymentStatus;

pub use bank::{Books, NoAnswer};

mod bank;

/// How many orders are dealt with between two lines that say how far it is.
const TELL_EVERY: usize = 1_000;

/// Every order; `tell` hears now and then how many were read.
pub async fn orders(tables: &Tables, tell: impl Fn(String)) -> Result<Vec<Order>, StoreError> {
    let mut orders: Vec<Order> = Vec::new();
    loop {
        let after = orders.last().map(|order| order.id.to_string());
        let page = tables.orders.list("", after.as_deref(), TELL_EVERY).await?;
        if page.is_empty() {
            return Ok(orders);
        }
        orders.extend(page.into_iter().map(|(_, row)| row.value));
        if orders.len().is_multiple_of(TELL_EVERY) {
            tell(format!("{} orders read", orders.len()));
        }
    }
}

/// Recomputes from the orders what else the store says of them, and names every difference.
pub async fn check(tables: &Tables, orders: &[Order]) -> Result<Vec<String>, StoreError> {
    let mut wrong: Vec<_> =
        orders.iter().flat_map(sums).chain(orders.iter().filter_map(payment)).collect();
    wrong.extend(stock(tables, orders).await?);
    wrong.extend(lists(tables, orders).await?);
    wrong.extend(keys(tables, orders).await?);
    Ok(wrong)
}

/// Whether an order's lines and total add up.
fn sums(order: &Order) -> Vec<String> {
    let (id, mut wrong) = (order.id, Vec::new());
    for item in &order.items {
        let line = item.unit_price.times(item.quantity.get());
        if line != Ok(item.line_total) {
            wrong.push(format!(
                "order {id}: {} pieces of {} cost {line:?}, not {:?}",
                item.quantity.get(),
                item.name,
                item.line_total
            ));
        }
    }
    let total: u64 = order.items.iter().map(|item| item.line_total.0).sum();
    if total != order.total.0 {
        wrong.push(format!("order {id}: its items cost {total}, its total is {}", order.total.0));
    }
    wrong
}

/// Whether an order is paid if and only if its payment succeeded.
fn payment(order: &Order) -> Option<String> {
    let is_paid = match order.status {
        OrderStatus::Paid
        | OrderStatus::Shipped
        | OrderStatus::Delivered
        | OrderStatus::Refunded => true,
        OrderStatus::PendingPayment | OrderStatus::Cancelled | OrderStatus::Expired => false,
    };
    let succeeded = order.payment.status == PaymentStatus::Succeeded;
    let is_over = matches!(order.status, OrderStatus::Cancelled | OrderStatus::Expired);
    let is_wrong = is_paid != succeeded || (is_over && order.payment.is_open());
    is_wrong.then(|| {
        format!(
            "order {}: it is {:?}, its payment {:?}",
            order.id, order.status, order.payment.status
        )
    })
}

/// Whether exactly what unpaid orders ask for is reserved, and is there.
async fn stock(tables: &Tables, orders: &[Order]) -> Result<Vec<String>, StoreError> {
    let mut reserved: BTreeMap<ArticleId, u32> = BTreeMap::new();
    let unpaid = orders.iter().filter(|order| order.status == OrderStatus::PendingPayment);
    for item in unpaid.flat_map(|order| &order.items) {
        *reserved.entry(item.article).or_default() += item.quantity.get();
    }
    let articles = tables.articles.all().await?.into_iter().map(|(_, row)| row.value);
    let differences = articles.filter_map(|article| {
        let by_orders = reserved.get(&article.id).copied().unwrap_or_default();
        let is_wrong = article.reserved != by_orders || article.reserved > article.on_hand;
        is_wrong.then(|| {
            format!(
                "article {}: {} reserved of {}, by orders {by_orders}",
                article.id, article.reserved, article.on_hand
            )
        })
    });
    Ok(differences.collect())
}

/// Whether every order is listed where it is looked for, and nothing else is.
async fn lists(tables: &Tables, orders: &[Order]) -> Result<Vec<String>, StoreError> {
    let keys =
        |rows: Vec<(String, _)>| rows.into_iter().map(|(key, _)| key).collect::<BTreeSet<_>>();
    let listed = [
        ("the list of its user", keys(tables.user_orders.all().await?)),
        ("the list of those that wait for money", keys(tables.pending_orders.all().await?)),
    ];
    let expected = [
        orders.iter().map(|order| user_order_key(order.user, order.id)).collect::<BTreeSet<_>>(),
        orders
            .iter()
            .filter(|order| order.awaits_money())
            .map(|order| order.id.to_string())
            .collect(),
    ];
    let differences = listed.into_iter().zip(expected).flat_map(|((list, listed), expected)| {
        let missing = expected
            .difference(&listed)
            .map(|key| format!("{key} is missing in {list}"))
            .collect::<Vec<_>>();
        let extra =
            listed.difference(&expected).map(|key| format!("{key} should not be in {list}"));
        missing.into_iter().chain(extra).collect::<Vec<_>>()
    });
    Ok(differences.collect())
}

/// Whether every idempotency key was used for an order that exists.
async fn keys(tables: &Tables, orders: &[Order]) -> Result<Vec<String>, StoreError> {
    let known: BTreeSet<_> = orders.iter().map(|order| order.id).collect();
    let used = tables
        .used_keys
        .all()
        .await?
        .into_iter()
        .filter(|(_, used)| !known.contains(&used.value.order));
    Ok(used
        .map(|(key, used)| {
            format!("key {key}: it was used for order {}, which does not exist", used.value.order)
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::sync::Arc;
    use std::time::Duration;

    use actors::clock::Clock;
    use actors::store::memory::MemoryStore;
    use actors::tables::{UsedKey, article_key};
    use domain::article::{Article, Articles};
    use domain::cart::{Cart, Quantity};
    use domain::money::Cents;
    use domain::order::{Checkout, Contact, OrderId};
    use domain::payment::Outcome;
    use domain::user::{Email, UserId};
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::bank::behaviour::Behaviour;
    use crate::bank::simulated::SimulatedBank;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn lamp() -> Article {
        Article {
            id: ArticleId(1),
            name: "Lamp".into(),
            description: String::new(),
            picture: String::new(),
            price: Cents(1_250),
            on_hand: 10,
            reserved: 0,
            active: true,
        }
    }

    pub(super) fn placed() -> (Order, Articles) {
        let cart = Cart::empty(NOW).add(&lamp(), Quantity::new(2).unwrap(), NOW).unwrap();
        let email = Email::new("ana@example.org").unwrap();
        let contact = Contact::new("Ana".into(), email, "1 Quay Street".into()).unwrap();
        let checkout =
            Checkout { cart_version: cart.version, expected_total: Cents(2_500), contact };
        let snapshot = Articles::from([(ArticleId(1), lamp())]);
        let (order, user) = (OrderId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        Order::place(order, user, &cart, snapshot, checkout, NOW, Duration::from_secs(900)).unwrap()
    }

    async fn found(order: &Order, articles: &Articles) -> String {
        let tables = Tables::new(Arc::new(MemoryStore::new(Clock::default())));
        let mut change = tables.change(NOW).put(&tables.orders, order.id, None, order).unwrap();
        change = change
            .put(&tables.user_orders, user_order_key(order.user, order.id), None, &order.id)
            .unwrap();
        change = change.put(&tables.pending_orders, order.id, None, &order.id).unwrap();
        for article in articles.values() {
            change = change.put(&tables.articles, article_key(article.id), None, article).unwrap();
        }
        let used = UsedKey { fingerprint: String::new(), order: order.id, answer: None };
        change = change.put(&tables.used_keys, "ana/k", None, &used).unwrap();
        tables.commit(change).await.unwrap();
        let orders = orders(&tables, |_| {}).await.unwrap();
        check(&tables, &orders).await.unwrap().join("\n")
    }

    #[actix_web::test]
    async fn a_store_that_makes_sense_has_no_difference() {
        let (order, articles) = placed();
        assert_eq!(found(&order, &articles).await, "");
    }

    #[actix_web::test]
    async fn every_difference_is_named() {
        let (order, articles) = placed();
        let other = |change: fn(&mut Order)| {
            let mut order = order.clone();
            change(&mut order);
            order
        };
        let cases = [
            (other(|order| order.total = Cents(1)), "its total is 1"),
            (
                other(|order| order.items.iter_mut().for_each(|item| item.line_total = Cents(9))),
                "2 pieces of Lamp cost",
            ),
            (other(|order| order.status = OrderStatus::Paid), "its payment Submitting"),
            (
                other(|order| order.payment = order.payment.settle(Outcome::Approved).unwrap()),
                "its payment Succeeded",
            ),
            (
                other(|order| order.status = OrderStatus::Expired),
                "should not be in the list of those that wait",
            ),
        ];
        for (order, difference) in cases {
            let told = found(&order, &articles).await;
            assert!(told.contains(difference), "{told}");
        }
        let snapshot = Articles::from([(ArticleId(1), lamp())]);
        assert!(found(&order, &snapshot).await.contains("0 reserved of 10, by orders 2"));
    }

    #[actix_web::test]
    async fn whoever_waits_is_told_how_far_it_is() {
        let tables = Tables::new(Arc::new(MemoryStore::new(Clock::default())));
        let mut change = tables.change(NOW);
        for number in 0..2_500 {
            let order = Order { id: OrderId(Uuid::from_u128(number)), ..placed().0 };
            change = change.put(&tables.orders, order.id, None, &order).unwrap();
        }
        tables.commit(change).await.unwrap();
        let told = RefCell::new(Vec::new());
        let tell = |line| told.borrow_mut().push(line);
        let read = orders(&tables, tell).await.unwrap();
        let bank = SimulatedBank::new(tables.store.clone(), Clock::default());
        bank.behave(Behaviour { latency_ms: 0, ..Behaviour::default() });
        Books::Elsewhere(Box::new(bank)).compare(&read, tell).await.unwrap();
        let far =
            ["1000 orders read", "2000 orders read", "1000 of 2500 orders compared with the bank"];
        assert_eq!((read.len(), &told.borrow()[..3]), (2_500, &far.map(String::from)[..]));
    }

    #[actix_web::test]
    async fn a_key_without_an_order_is_named() {
        let tables = Tables::new(Arc::new(MemoryStore::new(Clock::default())));
        let order = placed().0;
        let used = UsedKey { fingerprint: String::new(), order: order.id, answer: None };
        tables
            .commit(tables.change(NOW).put(&tables.used_keys, "ana/k", None, &used).unwrap())
            .await
            .unwrap();
        let told = check(&tables, &[]).await.unwrap();
        assert_eq!(
            told,
            [format!("key ana/k: it was used for order {}, which does not exist", order.id)]
        );
    }
}
