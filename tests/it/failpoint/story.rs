//! The story of one action that each buyer takes on an order of two laptops.

use futures_util::future::join_all;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::{TestShop, until};
use crate::people::{Admin, Answer, Person};

const LAPTOP: u64 = 1;
const TWO_LAPTOPS: u64 = 2 * 89_900;

/// An action on an order, or on the breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    CheckOut,
    PayAgain,
    Cancel,
    /// A cancellation while the outcome of the payment is unknown.
    CancelWhileUnknown,
    Expire,
    Refund,
    Ship,
    Deliver,
    Isolate,
}

impl Action {
    /// Whether the action may return a status. Several are possible, because the decision of the
    /// bank may arrive before or after the response.
    pub(super) fn may_return(self, status: u16) -> bool {
        match self {
            Self::CheckOut => [201, 202].contains(&status),
            Self::Expire => status == 402,
            Self::CancelWhileUnknown => status == 202,
            Self::PayAgain | Self::Refund => [200, 202].contains(&status),
            Self::Cancel | Self::Ship | Self::Deliver | Self::Isolate => status == 200,
        }
    }
}

/// A shop with an administrator and buyers, and the action that is taken for each buyer.
pub(super) struct Story {
    pub(super) shop: TestShop,
    admin: Admin,
    buyers: Vec<Buyer>,
    action: Action,
}

/// A customer with two laptops in the cart.
struct Buyer {
    person: Person,
    /// The version of the cart with the laptops.
    cart_version: u64,
    /// The id of the order, once it is placed.
    order: String,
}

/// A response: its status, and its body without the id of the request.
type Response = (u16, Value);

/// The state of a buyer's order after an action, and of the stock if ten laptops were in stock for
/// each buyer.
struct Outcome {
    status: &'static str,
    attempt: u64,
    on_hand: u64,
    reserved: u64,
    in_cart: u64,
}

impl Story {
    /// Does everything that must precede the action, in a shop with a failpoint.
    pub(super) async fn prepare(action: Action, buyers: usize, failpoint: &str) -> Self {
        // An order must not expire while the story is still being prepared.
        let expiry = if action == Action::Expire { "4s" } else { "15m" };
        let shop = TestShop::open_to_fail(&[("ORDER__EXPIRY", expiry)], failpoint).await;
        let admin = shop.admin().await;
        admin.sets_bank("approve").await;
        admin.changes_article(LAPTOP, json!({ "on_hand": 10 * buyers })).await.expect(200);
        let mut with_carts = Vec::new();
        for number in 0..buyers {
            with_carts.push(Buyer::with_laptops(&shop, &format!("buyer{number}")).await);
        }
        let mut story = Self { shop, admin, buyers: with_carts, action };
        match action {
            Action::CheckOut => {}
            Action::PayAgain | Action::Cancel | Action::Expire => {
                story.admin.sets_bank("decline").await;
                story.all_check_out(402).await;
                story.admin.sets_bank("approve").await;
            }
            Action::CancelWhileUnknown => {
                story.admin.sets_bank("lose_answer").await;
                story.all_check_out(202).await;
                expect(story.isolate(), 200).await;
            }
            Action::Refund | Action::Ship | Action::Isolate => story.all_check_out(201).await,
            Action::Deliver => {
                story.all_check_out(201).await;
                for buyer in &story.buyers {
                    expect(buyer.step(&story.admin.0, "ship"), 200).await;
                }
            }
        }
        story
    }

    /// Takes the action for every buyer at the same time. A response is `None` if the shop dies.
    pub(super) async fn act_once(&self) -> Vec<Option<Response>> {
        join_all(self.buyers.iter().map(|buyer| self.act(buyer))).await
    }

    /// Takes the action for every buyer at the same time, again until there is a response: an idle
    /// connection may be closed just when it is used again.
    pub(super) async fn act_until_answered(&self) -> Vec<Response> {
        join_all(self.buyers.iter().map(|buyer| until(async || self.act(buyer).await))).await
    }

    async fn act(&self, buyer: &Buyer) -> Option<Response> {
        let admin = &self.admin.0;
        let request = match self.action {
            // An order expires without a request. Repeating the checkout returns its answer.
            Action::CheckOut | Action::Expire => buyer.check_out(),
            Action::PayAgain => buyer.step(&buyer.person, "pay"),
            Action::Cancel | Action::CancelWhileUnknown => buyer.step(&buyer.person, "cancel"),
            Action::Refund => buyer.step(admin, "refund"),
            Action::Ship => buyer.step(admin, "ship"),
            Action::Deliver => buyer.step(admin, "deliver"),
            Action::Isolate => self.isolate(),
        };
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let mut body = response.json::<Value>().await.ok()?;
        body.as_object_mut()?.remove("request_id");
        Some((status, body))
    }

    /// Checks that every buyer has one order with the expected status and number of attempts, that
    /// the stock moved once, and that the carts have the expected content.
    pub(super) async fn ends_as_expected(&self) {
        let Outcome { status, attempt, on_hand, reserved, in_cart } = self.action.outcome();
        for buyer in &self.buyers {
            let order =
                until(async || Some(buyer.order().await).filter(|order| order["status"] == status))
                    .await;
            assert_eq!(order["payment"]["attempt"], attempt);
            assert_eq!(order["called_off"], self.action.sets_called_off());
            assert_eq!(buyer.person.cart().await["item_count"], in_cart);
        }
        let article =
            self.admin.changes_article(LAPTOP, json!({})).await.expect(200).json["article"].clone();
        let buyers = self.buyers.len() as u64;
        assert_eq!(
            (&article["on_hand"], &article["reserved"]),
            (&json!(on_hand * buyers), &json!(reserved * buyers))
        );
    }

    async fn all_check_out(&mut self, status: u16) {
        join_all(self.buyers.iter().map(|buyer| expect(buyer.check_out(), status))).await;
        for buyer in &mut self.buyers {
            buyer.order = buyer.order().await["id"].as_str().unwrap().to_owned();
        }
    }

    fn isolate(&self) -> RequestBuilder {
        self.admin.0.request(Method::POST, "/api/breaker/isolate")
    }
}

impl Buyer {
    async fn with_laptops(shop: &TestShop, name: &str) -> Self {
        let person = shop.customer(name).await;
        let cart = person.adds(LAPTOP, 2).await.expect(200).json["cart"].clone();
        Self { person, cart_version: cart["version"].as_u64().unwrap(), order: String::new() }
    }

    fn check_out(&self) -> RequestBuilder {
        self.person.ordering("checkout", self.cart_version, TWO_LAPTOPS)
    }

    /// Returns the request by which a person moves the order a step on.
    fn step(&self, person: &Person, step: &str) -> RequestBuilder {
        let key = format!("{step}-{}", self.order);
        let path = format!("/api/orders/{}/{step}", self.order);
        person.request(Method::POST, &path).header("idempotency-key", key)
    }

    /// Reads the only order.
    async fn order(&self) -> Value {
        let listed = self.person.get("/api/orders").await.expect(200).json;
        assert_eq!(listed["count"], 1, "{listed}");
        listed["orders"][0].clone()
    }
}

impl Action {
    fn outcome(self) -> Outcome {
        let (status, attempt, on_hand, reserved, in_cart) = match self {
            Self::CheckOut | Self::Isolate => ("paid", 1, 8, 0, 0),
            Self::PayAgain => ("paid", 2, 8, 0, 0),
            Self::Cancel => ("cancelled", 1, 10, 0, 0),
            // The isolated breaker blocks requests to the bank, so the order stays unpaid.
            Self::CancelWhileUnknown => ("pending_payment", 1, 10, 2, 0),
            Self::Expire => ("expired", 1, 10, 0, 2),
            Self::Refund => ("refunded", 1, 10, 0, 0),
            Self::Ship => ("shipped", 1, 8, 0, 0),
            Self::Deliver => ("delivered", 1, 8, 0, 0),
        };
        Outcome { status, attempt, on_hand, reserved, in_cart }
    }

    /// Whether many buyers can take the action at the same time: there is one breaker, and three
    /// unknown payments open it.
    pub(super) fn suits_a_crowd(self) -> bool {
        !matches!(self, Self::Isolate | Self::CancelWhileUnknown)
    }

    fn sets_called_off(self) -> bool {
        matches!(self, Self::CancelWhileUnknown | Self::Refund)
    }
}

async fn expect(request: RequestBuilder, status: u16) {
    Answer::to(request).await.expect(status);
}
