//! A customer who fills a cart and orders its content, and remembers what was acknowledged.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::account::answer;
use super::random::Random;
use crate::harness::LOOK_EVERY;
use crate::people::Person;

/// The articles on sale.
pub(super) const ARTICLES: [u64; 3] = [2, 3, 5];

/// How long open payments may take before the test fails, far longer than they should.
const PATIENCE: Duration = Duration::from_secs(20);

/// The quantity of each article.
type Units = BTreeMap<u64, u64>;

/// The expected content of the cart.
#[derive(Debug, Clone, Default, PartialEq)]
struct Cart {
    version: u64,
    total: u64,
    units: Units,
}

/// An acknowledged order.
struct Order {
    id: Value,
    total: u64,
    units: Units,
}

/// A command of a shopper.
#[derive(Debug, Clone)]
enum Command {
    /// Adds one unit of an article.
    Add(u64),
    /// Sets the quantity of an article.
    Set(u64, u64),
    /// Orders with an idempotency key.
    CheckOut(String),
}

/// A customer with one cart, who sends one command at a time.
pub(super) struct Shopper {
    person: Person,
    random: Random,
    /// The cart in the last response.
    cart: Cart,
    /// The command that got no response.
    unanswered: Option<Command>,
    orders: Vec<Order>,
    /// How many of the orders were verified after a crash.
    verified: usize,
}

impl Shopper {
    pub(super) fn new(person: Person, random: Random) -> Self {
        Self {
            person,
            random,
            cart: Cart::default(),
            unanswered: None,
            orders: Vec::new(),
            verified: 0,
        }
    }

    /// Sends commands until one gets no response.
    pub(super) async fn shops(&mut self) {
        while self.unanswered.is_none() {
            let command = self.next_command();
            self.sends(command).await;
        }
    }

    /// Checks that the cart and the orders are as acknowledged. The unanswered command may have
    /// taken effect or not.
    pub(super) async fn finds_everything(&mut self) {
        let current = Cart::of(&self.person.cart().await);
        match self.unanswered.take() {
            Some(Command::CheckOut(key)) => {
                let expected = &self.cart;
                assert!(
                    current == *expected || current.units.is_empty(),
                    "{current:?} is neither {expected:?} nor empty"
                );
                self.repeats(Command::CheckOut(key)).await;
                assert_eq!(Cart::of(&self.person.cart().await).units, Units::new());
            }
            command => self.finds_the_cart(current, command),
        }
        self.finds_new_orders().await;
    }

    fn finds_the_cart(&mut self, current: Cart, unanswered: Option<Command>) {
        let changed = unanswered.as_ref().map(|command| command.applied_to(&self.cart.units));
        let is_changed =
            changed.as_ref() == Some(&current.units) && current.version > self.cart.version;
        assert!(
            current == self.cart || is_changed,
            "{current:?} is neither {:?} nor that after {unanswered:?}",
            self.cart
        );
        self.cart = current;
    }

    async fn finds_new_orders(&mut self) {
        for order in &self.orders[self.verified..] {
            let path = format!("/api/orders/{}", order.id.as_str().unwrap());
            let found = self.person.get(&path).await.expect(200);
            assert_eq!(found.json["order"]["total_cents"], order.total);
        }
        self.verified = self.orders.len();
    }

    /// Checks that only the acknowledged orders exist, and that each was paid at the first attempt.
    pub(super) async fn has_paid_everything_once(&self) {
        assert!(!self.orders.is_empty());
        let paid = async {
            let mut orders = self.all_orders().await;
            while orders.iter().any(|order| order["status"] == "pending_payment") {
                sleep(LOOK_EVERY).await;
                orders = self.all_orders().await;
            }
            orders
        };
        let paid = timeout(PATIENCE, paid).await.expect("every payment ends without a request");
        let found: BTreeMap<_, _> = paid
            .iter()
            .map(|order| (order["id"].to_string(), order["total_cents"].clone()))
            .collect();
        let acknowledged =
            self.orders.iter().map(|order| (order.id.to_string(), json!(order.total))).collect();
        assert_eq!(found, acknowledged);
        for order in &paid {
            assert_eq!(order["status"], "paid", "{order}");
            let payment = json!({ "status": "succeeded", "attempt": 1 });
            assert_eq!(order["payment"], payment, "{order}");
        }
    }

    /// Counts the units of an article that the shopper has bought.
    pub(super) fn bought(&self, article: u64) -> u64 {
        self.orders.iter().filter_map(|order| order.units.get(&article)).sum()
    }

    fn next_command(&mut self) -> Command {
        let article = ARTICLES[self.random.between(0, 2) as usize];
        match self.random.between(1, 4) {
            1 if !self.cart.units.is_empty() => {
                Command::CheckOut(format!("{}-{}", self.orders.len(), self.cart.version))
            }
            2 => Command::Set(article, self.random.between(1, 9)),
            _ if self.cart.units.get(&article) == Some(&99) => Command::Set(article, 1),
            _ => Command::Add(article),
        }
    }

    /// Sends a command. Remembers its result, or the command itself if there is no response.
    async fn sends(&mut self, command: Command) {
        let Some((status, body)) = answer(self.request(&command)).await else {
            self.unanswered = Some(command);
            return;
        };
        match command {
            Command::CheckOut(_) => {
                assert!([201, 202].contains(&status), "{status}: {body}");
                let order = &body["order"];
                assert_eq!(order["total_cents"], self.cart.total);
                let units = std::mem::take(&mut self.cart.units);
                self.orders.push(Order { id: order["id"].clone(), total: self.cart.total, units });
                self.cart = Cart { version: self.cart.version + 1, ..Cart::default() };
            }
            command => {
                assert_eq!(status, 200, "{body}");
                let current = Cart::of(&body["cart"]);
                assert_eq!(current.units, command.applied_to(&self.cart.units));
                self.cart = current;
            }
        }
    }

    /// Repeats an unanswered command to the open shop. An order is placed once, whether or not the
    /// first request took effect.
    async fn repeats(&mut self, command: Command) {
        self.sends(command).await;
        assert!(self.unanswered.is_none(), "an open shop did not respond");
    }

    fn request(&self, command: &Command) -> RequestBuilder {
        match command {
            Command::Add(article) => {
                let item = json!({ "article_id": article, "quantity": 1 });
                self.person.request(Method::POST, "/api/cart/items").json(&item)
            }
            Command::Set(article, quantity) => {
                let path = format!("/api/cart/items/{article}");
                self.person.request(Method::PUT, &path).json(&json!({ "quantity": quantity }))
            }
            Command::CheckOut(key) => self.person.ordering(key, self.cart.version, self.cart.total),
        }
    }

    async fn all_orders(&self) -> Vec<Value> {
        let mut orders = Vec::new();
        let mut path = "/api/orders?limit=100".to_owned();
        loop {
            let page =
                self.person.get(&path).await.expect(200).json["orders"].as_array().unwrap().clone();
            let Some(last) = page.last() else { return orders };
            path = format!("/api/orders?limit=100&after={}", last["id"].as_str().unwrap());
            orders.extend(page);
        }
    }
}

impl Command {
    /// Returns the content of a cart after the command.
    fn applied_to(&self, units: &Units) -> Units {
        let mut units = units.clone();
        match self {
            Self::Add(article) => *units.entry(*article).or_default() += 1,
            Self::Set(article, quantity) => drop(units.insert(*article, *quantity)),
            Self::CheckOut(_) => units.clear(),
        }
        units
    }
}

impl Cart {
    fn of(json: &Value) -> Self {
        let number = |value: &Value| value.as_u64().unwrap();
        let items = json["items"].as_array().unwrap();
        let units = items
            .iter()
            .map(|item| (number(&item["article_id"]), number(&item["quantity"])))
            .collect();
        Self { version: number(&json["version"]), total: number(&json["total_cents"]), units }
    }
}
