//! A thousand buyers at once and ten pieces: who gets one pays for it once, and everybody else pays nothing.

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

const PIECES: usize = 10;

const PRICE: u64 = 4_200;

/// How many come in at the same time while the doors open; all of them check out at once.
const AT_THE_DOOR: usize = 8;

/// How often at most anybody sends the same; far more than it ever takes.
const TRIES: usize = 1_000;

/// How long the rush may last before the test fails; far longer than it ever does.
const PATIENCE: Duration = Duration::from_secs(180);

/// How long the bank takes, in turn; the longest is longer than the shop waits for it.
const LATENCIES: [u64; 5] = [0, 30, 5, 400, 80];

/// How long it stays so.
const WHIM: Duration = Duration::from_millis(200);

/// How many pieces are sold; there is news also when one may be had again.
type News = watch::Sender<usize>;

/// A buyer of one piece.
struct Buyer {
    person: Person,
    number: usize,
}

#[actix_web::test]
async fn a_thousand_buyers_of_ten_pieces_pay_for_ten_and_no_piece_is_sold_twice() {
    let bank = BankProcess::open().await;
    let settings = [
        ("BANK__URL", bank.url.as_str()),
        ("BANK__TIMEOUT", "300ms"),
        ("BREAKER__FAILURES", "100000"),
        ("ORDER__PATIENCE", "1s"),
        ("LIVE__SILENCE", "10m"),
    ];
    let mut shop = TestShop::open_with(&settings).await;
    let admin = shop.admin().await;
    let article = admin.adds_article("Lampe", PRICE, PIECES as u64).await;
    let mut watcher = Socket::open(&shop, &admin.0.token).await;
    watcher.listens(&["stock"]).await;

    let arrivals = (0..BUYERS).map(|number| Buyer::comes(&shop, number, article));
    let buyers: Vec<_> = stream::iter(arrivals).buffered(AT_THE_DOOR).collect().await;
    let news = News::new(0);
    let rush = join_all(buyers.iter().map(|buyer| buyer.buys(&news)));
    let rush = select(Box::pin(rush), Box::pin(is_whimsical(&bank)));
    timeout(PATIENCE, rush).await.expect("every piece is sold");
    bank.behaves("approve").await;

    let orders = join_all(buyers.iter().map(Buyer::has_at_most_one_piece)).await.concat();
    let count = |status: &str| orders.iter().filter(|order| order["status"] == status).count();
    let (paid, cancelled) = (count("paid"), count("cancelled"));
    assert_eq!((paid, paid + cancelled), (PIECES, orders.len()));
    let attempts: u64 =
        orders.iter().map(|order| order["payment"]["attempt"].as_u64().unwrap()).sum();
    assert!(attempts > PIECES as u64, "nobody was declined");
    let charged =
        stream::iter(&orders).then(|order| bank.has_charged(order)).collect::<Vec<_>>().await;
    let is_paid: Vec<_> =
        orders.iter().map(|order| usize::from(order["status"] == "paid")).collect();
    assert_eq!(charged, is_paid);

    let stock = hears_the_stock(&mut watcher).await;
    assert!(stock.iter().all(|(on_hand, reserved)| reserved <= on_hand), "{stock:?}");
    assert_eq!(stock.len(), orders.len() + paid + cancelled, "each was told once");
    assert_eq!(stock.last(), Some(&(0, 0)));
    shop.stop();
    assert_eq!(shop.wrongs(), "");
}

impl Buyer {
    /// Somebody registers and puts one piece in the cart.
    async fn comes(shop: &TestShop, number: usize, article: u64) -> Self {
        let person = shop.customer(&format!("buyer-{number}")).await;
        assert_eq!(person.adds(article, 1).await.expect(200).json["cart"]["version"], 1);
        Self { person, number }
    }

    /// Checks out until the piece is paid, or all are sold, or the payment was declined and the buyer has had enough.
    async fn buys(&self, news: &News) {
        let mut heard = news.subscribe();
        let mut asked = 0;
        while *heard.borrow_and_update() < PIECES {
            asked += 1;
            let answer = self
                .sends(|key| self.person.ordering(key, 1, PRICE), &format!("order-{asked}"))
                .await;
            if answer.status != StatusCode::CONFLICT {
                return self.pays(self.decided(answer).await, news).await;
            }
            answer.expect_problem(409, "insufficient_stock");
            heard.changed().await.unwrap();
        }
    }

    /// Has an order paid; two of three buyers try again when the bank declines, the others leave the piece.
    async fn pays(&self, mut order: Value, news: &News) {
        let path = format!("/api/orders/{}", id(&order));
        while order["payment"]["status"] != "succeeded" {
            if self.number.is_multiple_of(3) {
                let cancelled =
                    self.person.send(Method::POST, &format!("{path}/cancel"), Value::Null).await;
                assert_eq!(cancelled.expect(200).json["order"]["status"], "cancelled");
                return news.send_modify(|_| {});
            }
            let again = |key: &str| {
                self.person
                    .request(Method::POST, &format!("{path}/pay"))
                    .header("idempotency-key", key)
            };
            let answer = self.sends(again, &format!("pay-{}", order["payment"]["attempt"])).await;
            order = self.decided(answer).await;
        }
        news.send_if_modified(|sold| {
            *sold += 1;
            *sold >= PIECES
        });
    }

    /// The answer to a request, which every other buyer sends twice at the same time.
    async fn sends(&self, request: impl Fn(&str) -> RequestBuilder, key: &str) -> Answer {
        let send = async || Answer::of(request(key).send().await.unwrap()).await;
        for _ in 0..TRIES {
            let answer = if self.number.is_multiple_of(2) {
                let (one, other) = join(send(), send()).await;
                if is_in_other_hands(&one) { other } else { one }
            } else {
                send().await
            };
            if answer.status != StatusCode::SERVICE_UNAVAILABLE && !is_in_other_hands(&answer) {
                return answer;
            }
        }
        panic!("never answered");
    }

    /// The order of an answer, once the bank has decided.
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

    /// The orders of the buyer, who has paid for one piece at most.
    async fn has_at_most_one_piece(&self) -> Vec<Value> {
        let orders = self.person.get("/api/orders").await.expect(200).json["orders"]
            .as_array()
            .unwrap()
            .clone();
        assert!(orders.len() <= 1, "{orders:?}");
        orders
    }
}

impl BankProcess {
    /// How many attempts to have an order paid the bank has charged.
    async fn has_charged(&self, order: &Value) -> usize {
        let attempts = 1..=order["payment"]["attempt"].as_u64().unwrap();
        let known = join_all(attempts.map(|attempt| self.knows_attempt(order, attempt))).await;
        known.iter().filter(|status| **status == 200).count()
    }
}

/// The bank declines two of three charges, and takes now more and now less time.
async fn is_whimsical(bank: &BankProcess) {
    for latency in LATENCIES.into_iter().cycle() {
        let whim =
            json!({ "latency_ms": latency, "mode": "approve", "decline_percent": 66, "seed": 7 });
        bank.send(Method::PUT, "/behaviour", whim).await.expect(200);
        sleep(WHIM).await;
    }
}

fn is_in_other_hands(answer: &Answer) -> bool {
    answer.json["code"] == "idempotency_key_in_use"
}

/// What was told of the stock so far: what is there and what is reserved, each time that it changed.
async fn hears_the_stock(watcher: &mut Socket) -> Vec<(u64, u64)> {
    let mut told = Vec::new();
    watcher.say(json!({ "ping": "end" })).await;
    loop {
        let frame = watcher.hears_json().await;
        if frame["reply"]["pong"] == "end" {
            return told;
        }
        assert_eq!(frame["type"], "article.changed");
        told.push((
            frame["data"]["on_hand"].as_u64().unwrap(),
            frame["data"]["reserved"].as_u64().unwrap(),
        ));
    }
}
