//! A shop in which something is about to happen to an order of two laptops.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::{TestShop, until};
use crate::people::{Admin, Answer, Person};

const LAPTOP: u64 = 1;
const TWO_LAPTOPS: u64 = 2 * 89_900;

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    ChecksOut,
    PaysAgain,
    Cancels,
    CallsOff,
    LetsExpire,
    Refunds,
    Ships,
    Delivers,
    Isolates,
}

impl Deed {
    /// Whether that status is one for the deed: the bank may have been heard by then or not.
    pub(super) fn is_answered_with(self, status: u16) -> bool {
        match self {
            Self::ChecksOut => [201, 202].contains(&status),
            Self::LetsExpire => status == 402,
            Self::CallsOff => status == 202,
            Self::PaysAgain | Self::Refunds => [200, 202].contains(&status),
            Self::Cancels | Self::Ships | Self::Delivers | Self::Isolates => status == 200,
        }
    }
}

/// A shop with its administrator and a customer, and what one of them does next.
pub(super) struct Scene {
    pub(super) shop: TestShop,
    admin: Admin,
    ana: Person,
    deed: Deed,
}

impl Scene {
    /// Everything that comes before the deed, in a shop that dies at a point.
    pub(super) async fn set(deed: Deed, point: &str) -> Self {
        let expiry = if deed == Deed::LetsExpire { "1s" } else { "15m" };
        let shop = TestShop::open_to_fail(&[("ORDER__EXPIRY", expiry)], point).await;
        let (admin, ana) = (shop.admin().await, shop.customer("ana").await);
        let scene = Self { shop, admin, ana, deed };
        scene.admin.sets_bank("approve").await;
        scene.ana.adds(LAPTOP, 2).await.expect(200);
        match deed {
            Deed::ChecksOut => {}
            Deed::PaysAgain | Deed::Cancels | Deed::LetsExpire => {
                scene.admin.sets_bank("decline").await;
                scene.is_answered(scene.checks_out(), 402).await;
                scene.admin.sets_bank("approve").await;
            }
            Deed::CallsOff => {
                scene.admin.sets_bank("lose_answer").await;
                scene.is_answered(scene.checks_out(), 202).await;
                scene.is_answered(scene.isolates(), 200).await;
            }
            Deed::Refunds | Deed::Ships | Deed::Isolates => {
                scene.is_answered(scene.checks_out(), 201).await
            }
            Deed::Delivers => {
                scene.is_answered(scene.checks_out(), 201).await;
                scene.is_answered(scene.moves(&scene.admin.0, "ship").await, 200).await;
            }
        }
        scene
    }

    /// The deed's status and answer, without what is another for each request; nothing, if the shop dies.
    pub(super) async fn tries(&self) -> Option<(u16, Value)> {
        let request = match self.deed {
            // Nobody does anything to let an order expire; its buyer may ask again what became of the checkout.
            Deed::ChecksOut | Deed::LetsExpire => self.checks_out(),
            Deed::PaysAgain => self.moves(&self.ana, "pay").await,
            Deed::Cancels | Deed::CallsOff => self.moves(&self.ana, "cancel").await,
            Deed::Refunds => self.moves(&self.admin.0, "refund").await,
            Deed::Ships => self.moves(&self.admin.0, "ship").await,
            Deed::Delivers => self.moves(&self.admin.0, "deliver").await,
            Deed::Isolates => self.isolates(),
        };
        let response = request.send().await.ok()?;
        let (status, mut said) = (response.status().as_u16(), response.json::<Value>().await.ok()?);
        said.as_object_mut()?.remove("request_id");
        Some((status, said))
    }

    /// There is one order, with as many attempts as were asked for, its stock moved once and the cart is as it should be.
    pub(super) async fn ends_well(&self) {
        let (status, attempt, stock, in_cart) = match self.deed {
            Deed::ChecksOut | Deed::Isolates => ("paid", 1, (8, 0), 0),
            Deed::PaysAgain => ("paid", 2, (8, 0), 0),
            Deed::Cancels => ("cancelled", 1, (10, 0), 0),
            // The bank is not asked before somebody lets it back.
            Deed::CallsOff => ("pending_payment", 1, (10, 2), 0),
            Deed::LetsExpire => ("expired", 1, (10, 0), 2),
            Deed::Refunds => ("refunded", 1, (10, 0), 0),
            Deed::Ships => ("shipped", 1, (8, 0), 0),
            Deed::Delivers => ("delivered", 1, (8, 0), 0),
        };
        let order =
            until(async || Some(self.order().await).filter(|order| order["status"] == status))
                .await;
        assert_eq!(
            (&order["payment"]["attempt"], &order["called_off"]),
            (&json!(attempt), &json!(self.is_called_off()))
        );
        let article =
            self.admin.changes_article(LAPTOP, json!({})).await.expect(200).json["article"].clone();
        assert_eq!((&article["on_hand"], &article["reserved"]), (&json!(stock.0), &json!(stock.1)));
        assert_eq!(self.ana.cart().await["item_count"], in_cart);
    }

    fn is_called_off(&self) -> bool {
        matches!(self.deed, Deed::CallsOff | Deed::Refunds)
    }

    fn checks_out(&self) -> RequestBuilder {
        self.ana.ordering("checkout", 1, TWO_LAPTOPS)
    }

    fn isolates(&self) -> RequestBuilder {
        self.admin.0.request(Method::POST, "/api/breaker/isolate")
    }

    async fn moves(&self, who: &Person, step: &str) -> RequestBuilder {
        let order = self.order().await;
        let path = format!("/api/orders/{}/{step}", order["id"].as_str().unwrap());
        who.request(Method::POST, &path).header("idempotency-key", step)
    }

    async fn is_answered(&self, request: RequestBuilder, status: u16) {
        Answer::of(request.send().await.unwrap()).await.expect(status);
    }

    /// The only order that there is.
    async fn order(&self) -> Value {
        let listed = self.ana.get("/api/orders").await.expect(200).json;
        assert_eq!(listed["count"], 1, "{listed}");
        listed["orders"][0].clone()
    }
}
