//! Users who change the shop all the time, and repeat every request that was not acknowledged.

use futures_util::future::join_all;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::crash::account::answer;
use crate::crash::random::Random;
use crate::harness::{LOOK_EVERY, TestShop};
use crate::people::{Admin, Person};

/// The articles on sale, and a stock that is never sold out.
const ARTICLES: [u64; 3] = [2, 3, 5];
const ON_HAND: u64 = 500_000;

/// The topics of customers and of administrators. Every reader subscribes to one of the first two,
/// where events occur all the time, so that it never falls too far back to resume.
const OWN: [&str; 4] = ["catalogue", "cart", "orders", "session"];
const ALL: [&str; 9] =
    ["users", "stock", "catalogue", "cart", "orders", "session", "payments", "breaker", "system"];

/// All users who change something.
pub(super) struct Writers {
    buyers: Vec<Writer>,
    manager: Writer,
    clerk: Writer,
}

/// A user who sends one request after the other.
struct Writer {
    person: Person,
    subject: Subject,
    random: Random,
    sent: u64,
    unacknowledged: Option<Request>,
}

/// What a writer changes.
enum Subject {
    Cart,
    Stock,
    /// The user at a path.
    User(String),
}

/// A request that may be sent more than once.
#[derive(Clone)]
struct Request {
    method: Method,
    path: String,
    key: String,
    body: Value,
}

impl Writers {
    pub(super) async fn enter(shop: &TestShop, random: &mut Random) -> Self {
        let Admin(manager) = shop.admin().await;
        let Admin(clerk) = shop.admin().await;
        let mut buyers = Vec::new();
        for name in ["ana", "bela", "cora"] {
            buyers.push(Writer::new(shop.customer(name).await, Subject::Cart, random.another()));
        }
        let managed = shop.customer("mona").await.get("/auth/profile").await.expect(200);
        let account = format!("/api/users/{}", managed.json["id"].as_str().unwrap());
        let mut manager = Writer::new(manager, Subject::Stock, random.another());
        for article in ARTICLES {
            manager.stocks(article).await;
        }
        let clerk = Writer::new(clerk, Subject::User(account), random.another());
        Self { buyers, manager, clerk }
    }

    /// Returns the token of a reader, and the topics that it allows.
    pub(super) fn access(&self, reader: usize) -> (String, &'static [&'static str]) {
        match self.buyers.get(reader) {
            Some(buyer) => (buyer.person.token.clone(), &OWN),
            None => (self.manager.person.token.clone(), &ALL),
        }
    }

    /// Each writer sends requests until one is not acknowledged.
    pub(super) async fn are_busy(&mut self) {
        let buyers = join_all(self.buyers.iter_mut().map(Writer::is_busy));
        tokio::join!(buyers, self.manager.is_busy(), self.clerk.is_busy());
    }

    /// Each writer repeats the request that was not acknowledged, until it is.
    pub(super) async fn repeat_unacknowledged_requests(&mut self) {
        for writer in self.buyers.iter_mut().chain([&mut self.manager, &mut self.clerk]) {
            while let Some(request) = writer.unacknowledged.take() {
                if !writer.is_acknowledged(request).await {
                    sleep(LOOK_EVERY).await;
                }
            }
        }
    }
}

impl Writer {
    fn new(person: Person, subject: Subject, random: Random) -> Self {
        Self { person, subject, random, sent: 0, unacknowledged: None }
    }

    async fn is_busy(&mut self) {
        while let Some(request) = self.next_request().await
            && self.is_acknowledged(request).await
        {}
    }

    /// Returns the next request; `None` if the shop does not answer.
    async fn next_request(&mut self) -> Option<Request> {
        self.sent += 1;
        let article = ARTICLES[self.random.between(0, 2) as usize];
        let (method, path, body) = match &self.subject {
            Subject::Cart if self.sent.is_multiple_of(8) => {
                (Method::POST, "/api/orders".into(), self.order().await?)
            }
            Subject::Cart => {
                let quantity = json!({ "quantity": self.random.between(1, 9) });
                (Method::PUT, format!("/api/cart/items/{article}"), quantity)
            }
            Subject::Stock => {
                let on_hand = json!({ "on_hand": ON_HAND + self.sent });
                (Method::PATCH, format!("/api/articles/{article}"), on_hand)
            }
            Subject::User(path) => {
                let email = json!({ "email": format!("mona{}@example.org", self.sent) });
                (Method::PATCH, path.clone(), email)
            }
        };
        let key = format!("{path}-{}", self.sent);
        Some(Request { method, path, key, body })
    }

    /// Returns an order of the current cart.
    async fn order(&self) -> Option<Value> {
        let (_, body) = answer(self.person.request(Method::GET, "/api/cart")).await?;
        let cart = &body["cart"];
        Some(json!({
            "cart_version": cart["version"], "expected_total_cents": cart["total_cents"],
            "name": "Ana", "email": "ana@example.org", "address": "1 Quay Street",
        }))
    }

    /// Sends a request and returns whether it was acknowledged; keeps it if it was not.
    async fn is_acknowledged(&mut self, request: Request) -> bool {
        match answer(self.builder(&request)).await {
            Some((200..=299, _)) => true,
            // The shop is stopping or starting.
            None | Some((503, _)) => {
                self.unacknowledged = Some(request);
                false
            }
            Some((status, body)) => panic!("{status}: {body}"),
        }
    }

    fn builder(&self, Request { method, path, key, body }: &Request) -> RequestBuilder {
        self.person.request(method.clone(), path).header("idempotency-key", key).json(body)
    }

    async fn stocks(&mut self, article: u64) {
        let path = format!("/api/articles/{article}");
        self.person.send(Method::PATCH, &path, json!({ "on_hand": ON_HAND })).await.expect(200);
    }
}
