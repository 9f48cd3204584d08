//! The story of one action on an order of two laptops.

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

/// A shop with an administrator and a customer, and the action that one of them takes.
pub(super) struct Story {
    pub(super) shop: TestShop,
    admin: Admin,
    ana: Person,
    action: Action,
    /// The version of the cart with the laptops.
    cart_version: u64,
}

/// The state of the shop after an action.
struct Outcome {
    status: &'static str,
    attempt: u64,
    on_hand: u64,
    reserved: u64,
    in_cart: u64,
}

impl Story {
    /// Does everything that must precede the action, in a shop with a failpoint.
    pub(super) async fn prepare(action: Action, failpoint: &str) -> Self {
        let expiry = if action == Action::Expire { "1s" } else { "15m" };
        let shop = TestShop::open_to_fail(&[("ORDER__EXPIRY", expiry)], failpoint).await;
        let admin = shop.admin().await;
        let ana = shop.customer("ana").await;
        admin.sets_bank("approve").await;
        let cart = ana.adds(LAPTOP, 2).await.expect(200).json["cart"].clone();
        let cart_version = cart["version"].as_u64().unwrap();
        let story = Self { shop, admin, ana, action, cart_version };
        match action {
            Action::CheckOut => {}
            Action::PayAgain | Action::Cancel | Action::Expire => {
                story.admin.sets_bank("decline").await;
                expect(story.check_out(), 402).await;
                story.admin.sets_bank("approve").await;
            }
            Action::CancelWhileUnknown => {
                story.admin.sets_bank("lose_answer").await;
                expect(story.check_out(), 202).await;
                expect(story.isolate(), 200).await;
            }
            Action::Refund | Action::Ship | Action::Isolate => {
                expect(story.check_out(), 201).await;
            }
            Action::Deliver => {
                expect(story.check_out(), 201).await;
                expect(story.step(&story.admin.0, "ship").await, 200).await;
            }
        }
        story
    }

    /// Takes the action. Returns the status and the body without the id of the request, or `None`
    /// if the shop dies.
    pub(super) async fn acts(&self) -> Option<(u16, Value)> {
        let request = match self.action {
            // An order expires without a request. Repeating the checkout returns its answer.
            Action::CheckOut | Action::Expire => self.check_out(),
            Action::PayAgain => self.step(&self.ana, "pay").await,
            Action::Cancel | Action::CancelWhileUnknown => self.step(&self.ana, "cancel").await,
            Action::Refund => self.step(&self.admin.0, "refund").await,
            Action::Ship => self.step(&self.admin.0, "ship").await,
            Action::Deliver => self.step(&self.admin.0, "deliver").await,
            Action::Isolate => self.isolate(),
        };
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let mut body = response.json::<Value>().await.ok()?;
        body.as_object_mut()?.remove("request_id");
        Some((status, body))
    }

    /// Checks that there is one order with the expected status and number of attempts, that its
    /// stock moved once, and that the cart has the expected content.
    pub(super) async fn ends_as_expected(&self) {
        let Outcome { status, attempt, on_hand, reserved, in_cart } = self.action.outcome();
        let order =
            until(async || Some(self.order().await).filter(|order| order["status"] == status))
                .await;
        assert_eq!(order["payment"]["attempt"], attempt);
        assert_eq!(order["called_off"], self.action.sets_called_off());
        let article =
            self.admin.changes_article(LAPTOP, json!({})).await.expect(200).json["article"].clone();
        assert_eq!(
            (&article["on_hand"], &article["reserved"]),
            (&json!(on_hand), &json!(reserved))
        );
        assert_eq!(self.ana.cart().await["item_count"], in_cart);
    }

    fn check_out(&self) -> RequestBuilder {
        self.ana.ordering("checkout", self.cart_version, TWO_LAPTOPS)
    }

    fn isolate(&self) -> RequestBuilder {
        self.admin.0.request(Method::POST, "/api/breaker/isolate")
    }

    async fn step(&self, person: &Person, step: &str) -> RequestBuilder {
        let order = self.order().await;
        let path = format!("/api/orders/{}/{step}", order["id"].as_str().unwrap());
        person.request(Method::POST, &path).header("idempotency-key", step)
    }

    /// Reads the only order.
    async fn order(&self) -> Value {
        let listed = self.ana.get("/api/orders").await.expect(200).json;
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

    fn sets_called_off(self) -> bool {
        matches!(self, Self::CancelWhileUnknown | Self::Refund)
    }
}

async fn expect(request: RequestBuilder, status: u16) {
    Answer::of(request.send().await.unwrap()).await.expect(status);
}
