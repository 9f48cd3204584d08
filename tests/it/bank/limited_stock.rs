//! A thousand buyers compete for ten units. Ten of them get a unit and pay for it once, and no
//! other buyer pays.

use std::time::Duration;

use futures_util::future::{join, join_all, select};
use futures_util::{StreamExt, stream};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::process::BankProcess;
use super::shop::id;
use crate::harness::{TestShop, until};
use crate::people::{Answer, Person};
use crate::socket::Socket;

const BUYERS: usize = 1_000;

/// The units on sale.
const UNITS: usize = 10;

const PRICE: u64 = 4_200;

/// The number of buyers who register at the same time, the most that one address may. All of them
/// check out at the same time.
const REGISTRATIONS: usize = 2;

/// How often a buyer repeats a request before the test fails, far more often than it should take.
const TRIES: usize = 1_000;

/// How long all purchases may take before the test fails, far longer than they should.
const PATIENCE: Duration = Duration::from_secs(180);

/// The latencies of the bank in milliseconds, in turn. The longest exceeds the timeout of the shop.
const LATENCIES: [u64; 5] = [0, 30, 5, 400, 80];

/// The interval between two changes of the latency.
const LATENCY_CHANGE: Duration = Duration::from_millis(200);

/// The number of sold units. It is also published when a unit becomes available again.
type Sold = watch::Sender<usize>;

/// A buyer of one unit.
struct Buyer {
    person: Person,
    number: usize,
    cart_version: u64,
}

#[actix_web::test]
async fn a_thousand_buyers_of_ten_units_pay_for_ten_and_no_unit_is_sold_twice() {
    let bank = BankProcess::open().await;
    let settings = [
        ("BANK__URL", bank.url.as_str()),
        ("BANK__TIMEOUT", "300ms"),
        ("BREAKER__FAILURES", "100000"),
        ("ORDER__PATIENCE", "1s"),
        ("ORDER__ATTEMPTS", "1000"),
        ("LIVE__SILENCE", "10m"),
    ];
    let mut shop = TestShop::open_with(&settings).await;
    let admin = shop.admin().await;
    let article = admin.adds_article("Lampe", PRICE, UNITS as u64).await;
    let mut watcher = Socket::open(&shop, &admin.0.token).await;
    watcher.subscribes(&["stock"]).await;

    let orders = all_buy(&shop, &bank, article).await;

    let paid = count(&orders, "paid");
    let cancelled = count(&orders, "cancelled");
    assert_eq!((paid, paid + cancelled), (UNITS, orders.len()));
    bank_has_charged_the_paid_orders(&bank, &orders).await;
    let stock = stock_events(&mut watcher).await;
    assert!(stock.iter().all(|(on_hand, reserved)| reserved <= on_hand), "{stock:?}");
    assert_eq!(stock.len(), orders.len() + paid + cancelled, "each change is published once");
    assert_eq!(stock.last(), Some(&(0, 0)));
    shop.stop();
    assert_eq!(shop.check_findings(), "");
}

/// Sells all units to the buyers, and returns all orders.
async fn all_buy(shop: &TestShop, bank: &BankProcess, article: u64) -> Vec<Value> {
    let arrivals = (0..BUYERS).map(|number| Buyer::registers(shop, number, article));
    let buyers: Vec<_> = stream::iter(arrivals).buffered(REGISTRATIONS).collect().await;
    // Before the first purchase: otherwise the bank could approve all of them.
    declines_two_of_three(bank, LATENCIES[0]).await;
    let sold = Sold::new(0);
    let purchases = join_all(buyers.iter().map(|buyer| buyer.buys(&sold)));
    let purchases = select(Box::pin(purchases), Box::pin(changes_its_latency(bank)));
    timeout(PATIENCE, purchases).await.expect("every unit is sold");
    bank.behaves("approve").await;
    join_all(buyers.iter().map(Buyer::has_at_most_one_order)).await.concat()
}

fn count(orders: &[Value], status: &str) -> usize {
    orders.iter().filter(|order| order["status"] == status).count()
}

async fn bank_has_charged_the_paid_orders(bank: &BankProcess, orders: &[Value]) {
    let attempts: u64 =
        orders.iter().map(|order| order["payment"]["attempt"].as_u64().unwrap()).sum();
    assert!(attempts > UNITS as u64, "the bank declined no charge");
    let charges = stream::iter(orders).then(|order| bank.charges_for(order)).collect::<Vec<_>>();
    let expected: Vec<_> =
        orders.iter().map(|order| usize::from(order["status"] == "paid")).collect();
    assert_eq!(charges.await, expected);
}

impl Buyer {
    /// Registers and adds one unit to the cart.
    async fn registers(shop: &TestShop, number: usize, article: u64) -> Self {
        let person = shop.customer(&format!("buyer-{number}")).await;
        let cart = person.adds(article, 1).await.expect(200).json["cart"].clone();
        Self { person, number, cart_version: cart["version"].as_u64().unwrap() }
    }

    /// Checks out until there is an order or all units are sold, then pays for the order.
    async fn buys(&self, sold: &Sold) {
        let mut changes = sold.subscribe();
        let mut tries = 0;
        while *changes.borrow_and_update() < UNITS {
            tries += 1;
            let order = |key: &str| self.person.ordering(key, self.cart_version, PRICE);
            let answer = self.sends(order, &format!("order-{tries}")).await;
            if answer.status != StatusCode::CONFLICT {
                return self.pays(self.decided(answer).await, sold).await;
            }
            answer.expect_problem(409, "insufficient_stock");
            changes.changed().await.unwrap();
        }
    }

    /// Pays for an order. When the bank declines, every third buyer cancels the order, and the
    /// others try again.
    async fn pays(&self, mut order: Value, sold: &Sold) {
        let path = format!("/api/orders/{}", id(&order));
        while order["payment"]["status"] != "succeeded" {
            if self.number.is_multiple_of(3) {
                let cancelled =
                    self.person.send(Method::POST, &format!("{path}/cancel"), Value::Null).await;
                assert_eq!(cancelled.expect(200).json["order"]["status"], "cancelled");
                return sold.send_modify(|_| {});
            }
            let pay = |key: &str| {
                self.person
                    .request(Method::POST, &format!("{path}/pay"))
                    .header("idempotency-key", key)
            };
            let answer = self.sends(pay, &format!("pay-{}", order["payment"]["attempt"])).await;
            order = self.decided(answer).await;
        }
        sold.send_if_modified(|sold| {
            *sold += 1;
            *sold >= UNITS
        });
    }

    /// Sends a request until it is answered. Every second buyer sends it twice at the same time.
    async fn sends(&self, request: impl Fn(&str) -> RequestBuilder, key: &str) -> Answer {
        let send = async || Answer::to(request(key)).await;
        for _ in 0..TRIES {
            let answer = if self.number.is_multiple_of(2) {
                let (first, second) = join(send(), send()).await;
                if is_in_progress(&first) { second } else { first }
            } else {
                send().await
            };
            if answer.status != StatusCode::SERVICE_UNAVAILABLE && !is_in_progress(&answer) {
                return answer;
            }
        }
        panic!("the request was never answered");
    }

    /// Waits until the bank has decided, and returns the order.
    async fn decided(&self, answer: Answer) -> Value {
        assert!([200, 201, 202, 402].contains(&answer.status.as_u16()), "{}", answer.json);
        let path = format!("/api/orders/{}", id(&answer.json["order"]));
        until(async || {
            let order = self.person.get(&path).await.expect(200).json["order"].clone();
            let is_open =
                ["submitting", "unknown"].contains(&order["payment"]["status"].as_str().unwrap());
            (!is_open).then_some(order)
        })
        .await
    }

    /// Returns the orders of the buyer, at most one.
    async fn has_at_most_one_order(&self) -> Vec<Value> {
        let orders = self.person.get("/api/orders").await.expect(200).json["orders"]
            .as_array()
            .unwrap()
            .clone();
        assert!(orders.len() <= 1, "{orders:?}");
        orders
    }
}

impl BankProcess {
    /// Counts the attempts to pay for an order that the bank has charged.
    async fn charges_for(&self, order: &Value) -> usize {
        let attempts = 1..=order["payment"]["attempt"].as_u64().unwrap();
        let statuses = join_all(attempts.map(|attempt| self.status_of(order, attempt))).await;
        statuses.iter().filter(|status| **status == 200).count()
    }
}

/// Changes the latency of the bank again and again.
async fn changes_its_latency(bank: &BankProcess) {
    for latency in LATENCIES.into_iter().cycle() {
        declines_two_of_three(bank, latency).await;
        sleep(LATENCY_CHANGE).await;
    }
}

/// Makes the bank decline two of three charges.
async fn declines_two_of_three(bank: &BankProcess, latency: u64) {
    let behaviour =
        json!({ "latency_ms": latency, "mode": "approve", "decline_percent": 66, "seed": 7 });
    bank.send(Method::PUT, "/behaviour", behaviour).await.expect(200);
}

/// Whether another request with the idempotency key is in progress.
fn is_in_progress(answer: &Answer) -> bool {
    answer.json["code"] == "idempotency_key_in_use"
}

/// Returns all events about the stock so far, as the units on hand and the reserved ones.
async fn stock_events(watcher: &mut Socket) -> Vec<(u64, u64)> {
    let mut events = Vec::new();
    watcher.sends(json!({ "ping": "end" })).await;
    loop {
        let frame = watcher.receives_json().await;
        if frame["reply"]["pong"] == "end" {
            return events;
        }
        assert_eq!(frame["type"], "article.changed");
        let number = |field: &str| frame["data"][field].as_u64().unwrap();
        events.push((number("on_hand"), number("reserved")));
    }
}
