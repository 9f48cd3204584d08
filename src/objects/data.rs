//! The objects in the `data` of events and snapshots for which the REST API has no object.

use domain::article::ArticleId;
use domain::cart::Cart;
use domain::quantity::Quantity;
use domain::session::{EndReason, Session, SessionId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::article::ArticleJson;

/// A cart without names and prices.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CartSummary {
    /// The version of the cart, which every change increments.
    version: u64,
    items: Vec<CartItem>,
    /// The number of units in the cart.
    item_count: u32,
    /// When the cart expires.
    expires_at: Timestamp,
}

/// An item of a cart.
#[derive(Serialize, JsonSchema)]
struct CartItem {
    article_id: ArticleId,
    quantity: Quantity,
}

/// A list of articles.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ArticleList {
    pub(crate) articles: Vec<ArticleJson>,
}

/// An article that was removed.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RemovedArticle {
    pub(crate) id: ArticleId,
}

/// A new session without its credentials.
#[derive(Serialize, JsonSchema)]
pub(crate) struct OpenedSession {
    id: SessionId,
    device: String,
    address: String,
    created_at: Timestamp,
}

/// A session that was ended, and why.
#[derive(Serialize, JsonSchema)]
pub(crate) struct EndedSession {
    pub(crate) id: SessionId,
    pub(crate) reason: EndReason,
}

/// A server that started, with its version.
#[derive(Serialize, JsonSchema)]
pub(crate) struct OpenedShop {
    pub(crate) version: String,
}

/// A server that is about to shut down.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ClosingShop {}

impl From<&Cart> for CartSummary {
    fn from(cart: &Cart) -> Self {
        let items = cart
            .items
            .iter()
            .map(|item| CartItem { article_id: item.article, quantity: item.quantity });
        Self {
            version: cart.version,
            items: items.collect(),
            item_count: cart.item_count(),
            expires_at: cart.expires_at,
        }
    }
}

impl From<&Session> for OpenedSession {
    fn from(session: &Session) -> Self {
        let Session { id, device, address, created_at, .. } = session.clone();
        Self { id, device, address, created_at }
    }
}
