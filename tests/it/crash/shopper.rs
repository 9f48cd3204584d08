//! Somebody who fills a cart and orders what is in it, again and again, and remembers what was acknowledged.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::account::answer;
use super::chance::Chance;
use crate::people::Person;

/// What there is to buy.
pub(super) const ARTICLES: [u64; 3] = [2, 3, 5];

/// How long something may take that happens by itself before the test fails; far more than it ever takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often one looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);

type Pieces = BTreeMap<u64, u64>;

/// A cart as its owner remembers it.
#[derive(Debug, Clone, Default, PartialEq)]
struct Cart {
    version: u64,
    total: u64,
    pieces: Pieces,
}

/// An order as its owner remembers it.
struct Order {
    id: Value,
    total: u64,
    pieces: Pieces,
}

/// What a shopper may want.
#[derive(Debug, Clone)]
enum Wish {
    Add(u64),
    Set(u64, u64),
    CheckOut(String),
}

/// A customer with one cart, who does one thing after the other.
pub(super) struct Shopper {
    person: Person,
    chance: Chance,
    /// The cart as it was acknowledged last.
    cart: Cart,
    /// What was sent since and not acknowledged.
    unanswered: Option<Wish>,
    orders: Vec<Order>,
    /// How many of the orders were looked for since.
    found: usize,
}

impl Shopper {
    pub(super) fn new(person: Person, chance: Chance) -> Self {
        Self {
            person,
            chance,
            cart: Cart::default(),
            unanswered: None,
            orders: Vec::new(),
            found: 0,
        }
    }

    /// Shops until an answer stays away.
    pub(super) async fn shops(&mut self) {
        while self.unanswered.is_none() {
            let wish = self.wishes();
            self.tries(wish).await;
        }
    }

    /// The cart and the orders are as they were acknowledged, or also as what was not acknowledged makes them.
    pub(super) async fn finds_everything(&mut self) {
        let now = Cart::of(&self.person.cart().await);
        match self.unanswered.take() {
            Some(Wish::CheckOut(key)) => {
                assert!(
                    now == self.cart || now.pieces.is_empty(),
                    "{now:?} is neither {:?} nor ordered",
                    self.cart
                );
                self.orders_once(Wish::CheckOut(key)).await;
                assert_eq!(Cart::of(&self.person.cart().await).pieces, Pieces::new());
            }
            wish => {
                let done = wish.as_ref().map(|wish| wish.fulfilled(&self.cart.pieces));
                let is_done = done.as_ref() == Some(&now.pieces) && now.version > self.cart.version;
                assert!(
                    now == self.cart || is_done,
                    "{now:?} is neither {:?} nor that and {wish:?}",
                    self.cart
                );
                self.cart = now;
            }
        }
        for order in &self.orders[self.found..] {
            let found = self
                .person
                .get(&format!("/api/orders/{}", order.id.as_str().unwrap()))
                .await
                .expect(200);
            assert_eq!(found.json["order"]["total_cents"], order.total);
        }
        self.found = self.orders.len();
    }

    /// The shopper has the orders that were acknowledged and no other, and each is paid at the first attempt.
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
        let paid = timeout(PATIENCE, paid).await.expect("every payment ends by itself");
        let told: BTreeMap<_, _> =
            paid.iter().map(|order| (order["id"].to_string(), &order["total_cents"])).collect();
        let totals: Vec<_> =
            self.orders.iter().map(|order| (order.id.to_string(), json!(order.total))).collect();
        assert_eq!(told, totals.iter().map(|(id, total)| (id.clone(), total)).collect());
        let once = json!({ "status": "succeeded", "attempt": 1 });
        for order in &paid {
            assert_eq!((&order["status"], &order["payment"]), (&json!("paid"), &once), "{order}");
        }
    }

    /// How many pieces of an article the shopper has bought.
    pub(super) fn bought(&self, article: u64) -> u64 {
        self.orders.iter().filter_map(|order| order.pieces.get(&article)).sum()
    }

    fn wishes(&mut self) -> Wish {
        let article = ARTICLES[self.chance.between(0, 2) as usize];
        match self.chance.between(1, 4) {
            1 if !self.cart.pieces.is_empty() => {
                Wish::CheckOut(format!("{}-{}", self.orders.len(), self.cart.version))
            }
            2 => Wish::Set(article, self.chance.between(1, 9)),
            _ if self.cart.pieces.get(&article) == Some(&99) => Wish::Set(article, 1),
            _ => Wish::Add(article),
        }
    }

    /// Sends a wish and remembers what is answered, or that nothing is.
    async fn tries(&mut self, wish: Wish) {
        let Some((status, said)) = answer(self.request(&wish)).await else {
            self.unanswered = Some(wish);
            return;
        };
        match wish {
            Wish::CheckOut(_) => {
                assert!([201, 202].contains(&status), "{status}: {said}");
                let order = &said["order"];
                assert_eq!(order["total_cents"], self.cart.total);
                let pieces = std::mem::take(&mut self.cart.pieces);
                self.orders.push(Order { id: order["id"].clone(), total: self.cart.total, pieces });
                self.cart = Cart { version: self.cart.version + 1, ..Cart::default() };
            }
            wish => {
                assert_eq!(status, 200, "{said}");
                let now = Cart::of(&said["cart"]);
                assert_eq!(now.pieces, wish.fulfilled(&self.cart.pieces));
                self.cart = now;
            }
        }
    }

    /// Sends an order that was not acknowledged once more: whether it was placed before or not, it is placed once.
    async fn orders_once(&mut self, wish: Wish) {
        self.tries(wish).await;
        assert!(self.unanswered.is_none(), "no answer from a shop that is open");
    }

    fn request(&self, wish: &Wish) -> RequestBuilder {
        match wish {
            Wish::Add(article) => {
                let item = json!({ "article_id": article, "quantity": 1 });
                self.person.request(Method::POST, "/api/cart/items").json(&item)
            }
            Wish::Set(article, quantity) => {
                let path = format!("/api/cart/items/{article}");
                self.person.request(Method::PUT, &path).json(&json!({ "quantity": quantity }))
            }
            Wish::CheckOut(key) => {
                let order = json!({
                    "cart_version": self.cart.version, "expected_total_cents": self.cart.total,
                    "name": "Ana", "email": "ana@example.org", "address": "1 Quay Street",
                });
                self.person
                    .request(Method::POST, "/api/orders")
                    .header("idempotency-key", key)
                    .json(&order)
            }
        }
    }

    async fn all_orders(&self) -> Vec<Value> {
        let (mut orders, mut path) = (Vec::new(), "/api/orders?limit=100".to_owned());
        loop {
            let page =
                self.person.get(&path).await.expect(200).json["orders"].as_array().unwrap().clone();
            let Some(last) = page.last() else { return orders };
            path = format!("/api/orders?limit=100&after={}", last["id"].as_str().unwrap());
            orders.extend(page);
        }
    }
}

impl Wish {
    /// What is in a cart when the wish has come true.
    fn fulfilled(&self, pieces: &Pieces) -> Pieces {
        let mut pieces = pieces.clone();
        match self {
            Self::Add(article) => *pieces.entry(*article).or_default() += 1,
            Self::Set(article, quantity) => drop(pieces.insert(*article, *quantity)),
            Self::CheckOut(_) => pieces.clear(),
        }
        pieces
    }
}

impl Cart {
    fn of(json: &Value) -> Self {
        let number = |value: &Value| value.as_u64().unwrap();
        let items = json["items"].as_array().unwrap();
        let pieces = items
            .iter()
            .map(|item| (number(&item["article_id"]), number(&item["quantity"])))
            .collect();
        Self { version: number(&json["version"]), total: number(&json["total_cents"]), pieces }
    }
}
