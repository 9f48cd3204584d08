//! People who have the shop change all the time, and say once more what was not acknowledged.

use futures_util::future::join_all;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::crash::account::answer;
use crate::crash::chance::Chance;
use crate::harness::{LOOK_EVERY, TestShop};
use crate::people::{Admin, Person};

/// What there is to buy, far more than anybody does.
const ARTICLES: [u64; 3] = [2, 3, 5];
const ON_HAND: u64 = 500_000;

/// To what one may listen: first where something happens all the time, so that nobody stays too far behind to go on.
const OWN: [&str; 4] = ["catalogue", "cart", "orders", "session"];
const ALL: [&str; 9] =
    ["users", "stock", "catalogue", "cart", "orders", "session", "payments", "breaker", "system"];

/// Everybody who changes something.
pub(super) struct Writers {
    buyers: Vec<Writer>,
    manager: Writer,
    clerk: Writer,
}

/// Somebody who says one thing after the other.
struct Writer {
    person: Person,
    says: Says,
    chance: Chance,
    said: u64,
    unanswered: Option<Said>,
}

/// What somebody talks about.
enum Says {
    Cart,
    Stock,
    /// The address of a user.
    User(String),
}

/// A request that may be sent more than once.
#[derive(Clone)]
struct Said {
    method: Method,
    path: String,
    key: String,
    body: Value,
}

impl Writers {
    pub(super) async fn enter(shop: &TestShop, chance: &mut Chance) -> Self {
        let Admin(manager) = shop.admin().await;
        let Admin(clerk) = shop.admin().await;
        let mut buyers = Vec::new();
        for name in ["ana", "bela", "cora"] {
            buyers.push(Writer::new(shop.customer(name).await, Says::Cart, chance.another()));
        }
        let managed =
            shop.customer("mona").await.get("/auth/profile").await.expect(200).json["id"].clone();
        let account = format!("/api/users/{}", managed.as_str().unwrap());
        let mut manager = Writer::new(manager, Says::Stock, chance.another());
        for article in ARTICLES {
            manager.stocks(article).await;
        }
        Self { buyers, manager, clerk: Writer::new(clerk, Says::User(account), chance.another()) }
    }

    /// The token of somebody, and to what it lets listen.
    pub(super) fn somebody(&self, number: usize) -> (String, &'static [&'static str]) {
        match self.buyers.get(number) {
            Some(buyer) => (buyer.person.token.clone(), &OWN),
            None => (self.manager.person.token.clone(), &ALL),
        }
    }

    /// Everybody says one thing after the other until an answer stays away.
    pub(super) async fn are_busy(&mut self) {
        let buyers = join_all(self.buyers.iter_mut().map(Writer::is_busy));
        tokio::join!(buyers, self.manager.is_busy(), self.clerk.is_busy());
    }

    /// Everybody says once more what was not acknowledged, until it is.
    pub(super) async fn have_done_what_was_not_acknowledged(&mut self) {
        for writer in self.buyers.iter_mut().chain([&mut self.manager, &mut self.clerk]) {
            while let Some(said) = writer.unanswered.take() {
                if !writer.is_answered(said).await {
                    sleep(LOOK_EVERY).await;
                }
            }
        }
    }
}

impl Writer {
    fn new(person: Person, says: Says, chance: Chance) -> Self {
        Self { person, says, chance, said: 0, unanswered: None }
    }

    async fn is_busy(&mut self) {
        while let Some(said) = self.thinks().await
            && self.is_answered(said).await
        {}
    }

    /// What to say next; none if the shop does not answer.
    async fn thinks(&mut self) -> Option<Said> {
        self.said += 1;
        let key = format!("key-{}", self.said);
        let article = ARTICLES[self.chance.between(0, 2) as usize];
        let (method, path, body) = match &self.says {
            Says::Cart if self.said.is_multiple_of(8) => {
                let (_, said) = answer(self.person.request(Method::GET, "/api/cart")).await?;
                let cart = &said["cart"];
                let order = json!({
                    "cart_version": cart["version"], "expected_total_cents": cart["total_cents"],
                    "name": "Ana", "email": "ana@example.org", "address": "1 Quay Street",
                });
                (Method::POST, "/api/orders".into(), order)
            }
            Says::Cart => {
                let quantity = json!({ "quantity": self.chance.between(1, 9) });
                (Method::PUT, format!("/api/cart/items/{article}"), quantity)
            }
            Says::Stock => {
                let on_hand = json!({ "on_hand": ON_HAND + self.said });
                (Method::PATCH, format!("/api/articles/{article}"), on_hand)
            }
            Says::User(account) => (
                Method::PATCH,
                account.clone(),
                json!({ "email": format!("mona{}@example.org", self.said) }),
            ),
        };
        Some(Said { method, path, key, body })
    }

    /// Says something; whether it was acknowledged, which else it has to be some time.
    async fn is_answered(&mut self, said: Said) -> bool {
        match answer(self.request(&said)).await {
            Some((200..=299, _)) => true,
            // It stops, or has just been opened.
            None | Some((503, _)) => {
                self.unanswered = Some(said);
                false
            }
            Some((status, told)) => panic!("{status}: {told}"),
        }
    }

    fn request(&self, Said { method, path, key, body }: &Said) -> RequestBuilder {
        self.person.request(method.clone(), path).header("idempotency-key", key).json(body)
    }

    async fn stocks(&mut self, article: u64) {
        let path = format!("/api/articles/{article}");
        self.person.send(Method::PATCH, &path, json!({ "on_hand": ON_HAND })).await.expect(200);
    }
}
