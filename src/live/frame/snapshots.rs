//! Snapshots: the current state of a topic, with the same objects as the REST API.

use actors::store::EventId;
use domain::breaker::Breaker;
use domain::cart::Cart;
use domain::topic::Topic;
use schemars::JsonSchema;
use serde::Serialize;

use super::encode;
use crate::objects::article::ArticleJson;
use crate::objects::data::{ArticleList, CartSummary};
use crate::objects::event::ServerFrame;

/// The state of a topic.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type")]
pub(crate) enum StateFrame {
    /// The cart.
    #[serde(rename = "cart.changed")]
    Cart(StateBody<CartSummary>),
    /// Every article on sale.
    #[serde(rename = "catalogue")]
    Catalogue(StateBody<ArticleList>),
    /// Every article with its stock.
    #[serde(rename = "stock")]
    Stock(StateBody<ArticleList>),
    /// The circuit breaker.
    #[serde(rename = "breaker.changed")]
    Breaker(StateBody<Breaker>),
}

/// The current state of something.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct StateBody<Data> {
    #[schemars(extend("const" = true))]
    snapshot: bool,
    data: Data,
}

/// Encodes the state of a topic as of an event or later.
pub(crate) fn snapshot_frame(id: EventId, topic: Topic, content: StateFrame) -> String {
    encode(&ServerFrame { id, topic, content })
}

impl StateFrame {
    /// The state of a cart.
    pub(crate) fn cart(cart: &Cart) -> Self {
        Self::Cart(body(cart.into()))
    }

    /// The state of the catalogue.
    pub(crate) fn catalogue(articles: Vec<ArticleJson>) -> Self {
        Self::Catalogue(body(ArticleList { articles }))
    }

    /// The state of the stock.
    pub(crate) fn stock(articles: Vec<ArticleJson>) -> Self {
        Self::Stock(body(ArticleList { articles }))
    }

    /// The state of the circuit breaker.
    pub(crate) fn breaker(breaker: Breaker) -> Self {
        Self::Breaker(body(breaker))
    }
}

fn body<Data>(data: Data) -> StateBody<Data> {
    StateBody { snapshot: true, data }
}
