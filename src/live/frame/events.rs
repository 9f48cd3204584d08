//! Events and snapshots, with the same objects as the REST API's.

use actors::store::EventId;
use domain::article::ArticleId;
use domain::breaker::Breaker;
use domain::cart::{Cart, Quantity};
use domain::event::{Entry, Event, Topic};
use domain::session::{EndReason, Session, SessionId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::text;
use crate::api::article::{ArticleJson, admin_json, article_json};
use crate::api::order::{OrderJson, order_json};
use crate::api::user::{UserJson, user_json};

/// What is told under a topic.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ServerFrame<What> {
    /// Its place in the log: contiguous, beginning at 1. A snapshot has that of the last event before it.
    id: EventId,
    /// The one, of those listened to, that tells most of it.
    topic: Topic,
    #[serde(flatten)]
    what: What,
}

/// What happened.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type")]
pub(crate) enum EventFrame {
    /// A cart has other items.
    #[serde(rename = "cart.changed")]
    CartChanged(Happened<CartNews>),
    /// An article is new.
    #[serde(rename = "article.added")]
    ArticleAdded(Happened<ArticleJson>),
    /// An article has another price, stock or text, or is on sale again.
    #[serde(rename = "article.changed")]
    ArticleChanged(Happened<ArticleJson>),
    /// An article is gone, or no longer on sale.
    #[serde(rename = "article.removed")]
    ArticleRemoved(Happened<RemovedArticle>),
    /// An order was placed.
    #[serde(rename = "order.placed")]
    OrderPlaced(Happened<OrderJson>),
    /// An order or its payment stands elsewhere.
    #[serde(rename = "order.changed")]
    OrderChanged(Happened<OrderJson>),
    /// A user registered or was added.
    #[serde(rename = "user.added")]
    UserAdded(Happened<UserJson>),
    /// A user has another role or address.
    #[serde(rename = "user.changed")]
    UserChanged(Happened<UserJson>),
    /// A user is gone.
    #[serde(rename = "user.deleted")]
    UserDeleted(Happened<UserJson>),
    /// Somebody signed in as this user.
    #[serde(rename = "session.opened")]
    SessionOpened(Happened<OpenedSession>),
    /// Somebody was signed out.
    #[serde(rename = "session.ended")]
    SessionEnded(Happened<EndedSession>),
    /// The breaker lets through something else.
    #[serde(rename = "breaker.changed")]
    BreakerChanged(Happened<Breaker>),
    /// A server has opened the shop.
    #[serde(rename = "shop.opened")]
    ShopOpened(Happened<OpenedShop>),
    /// A server is about to close.
    #[serde(rename = "shop.closing")]
    ShopClosing(Happened<ClosingShop>),
}

/// How things are.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type")]
pub(crate) enum StateFrame {
    /// The cart.
    #[serde(rename = "cart.changed")]
    Cart(Now<CartNews>),
    /// Every article on sale.
    #[serde(rename = "catalogue")]
    Catalogue(Now<Articles>),
    /// Every article with its stock.
    #[serde(rename = "stock")]
    Stock(Now<Articles>),
    /// The breaker.
    #[serde(rename = "breaker.changed")]
    Breaker(Now<Breaker>),
}

/// What happened at a time.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct Happened<Data> {
    at: Timestamp,
    data: Data,
}

/// How something is now.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct Now<Data> {
    #[schemars(extend("const" = true))]
    snapshot: bool,
    data: Data,
}

/// A cart as its owner hears of it.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CartNews {
    /// Counts the changes.
    version: u64,
    items: Vec<CartItem>,
    /// Pieces in the cart.
    item_count: u32,
    /// When it is thrown away.
    expires_at: Timestamp,
}

#[derive(Serialize, JsonSchema)]
struct CartItem {
    article_id: ArticleId,
    quantity: Quantity,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct RemovedArticle {
    id: ArticleId,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Articles {
    articles: Vec<ArticleJson>,
}

/// What is told of a new session: never what proves it.
#[derive(Serialize, JsonSchema)]
pub(crate) struct OpenedSession {
    id: SessionId,
    device: String,
    address: String,
    created_at: Timestamp,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct EndedSession {
    id: SessionId,
    reason: EndReason,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct OpenedShop {
    version: String,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct ClosingShop {}

/// An event under the topic it is told under.
pub(crate) fn event(topic: Topic, entry: &Entry) -> String {
    text(&ServerFrame { id: entry.id, topic, what: EventFrame::of(topic, entry) })
}

/// What a topic is about as it is now, as of some event.
pub(crate) fn snapshot(id: EventId, topic: Topic, what: StateFrame) -> String {
    text(&ServerFrame { id, topic, what })
}

impl EventFrame {
    fn of(topic: Topic, Entry { at, event, .. }: &Entry) -> Self {
        match event {
            Event::CartChanged { cart, .. } => Self::CartChanged(happened(at, cart.into())),
            Event::ArticleAdded(article) if topic == Topic::Stock => {
                Self::ArticleAdded(happened(at, admin_json(article)))
            }
            Event::ArticleAdded(article) => Self::ArticleAdded(happened(at, article_json(article))),
            Event::ArticleChanged(article) if topic == Topic::Stock => {
                Self::ArticleChanged(happened(at, admin_json(article)))
            }
            // Whoever listens knows what is on sale, and hears of what is not as gone.
            Event::ArticleChanged(article) if !article.active => {
                Self::ArticleRemoved(happened(at, RemovedArticle { id: article.id }))
            }
            Event::ArticleChanged(article) => {
                Self::ArticleChanged(happened(at, article_json(article)))
            }
            Event::ArticleRemoved { id } => {
                Self::ArticleRemoved(happened(at, RemovedArticle { id: *id }))
            }
            Event::OrderPlaced(order) => Self::OrderPlaced(happened(at, order_json(order))),
            Event::OrderChanged(order) => Self::OrderChanged(happened(at, order_json(order))),
            Event::UserAdded(user) => Self::UserAdded(happened(at, user_json(user))),
            Event::UserChanged(user) => Self::UserChanged(happened(at, user_json(user))),
            Event::UserDeleted(user) => Self::UserDeleted(happened(at, user_json(user))),
            Event::SessionOpened(session) => Self::SessionOpened(happened(at, session.into())),
            Event::SessionEnded { session: id, reason, .. } => {
                Self::SessionEnded(happened(at, EndedSession { id: *id, reason: *reason }))
            }
            Event::BreakerChanged(breaker) => Self::BreakerChanged(happened(at, *breaker)),
            Event::ShopOpened { version } => {
                Self::ShopOpened(happened(at, OpenedShop { version: version.clone() }))
            }
            Event::ShopClosing => Self::ShopClosing(happened(at, ClosingShop {})),
        }
    }
}

fn happened<Data>(at: &Timestamp, data: Data) -> Happened<Data> {
    Happened { at: *at, data }
}

impl<Data> From<Data> for Now<Data> {
    fn from(data: Data) -> Self {
        Self { snapshot: true, data }
    }
}

impl From<Vec<ArticleJson>> for Articles {
    fn from(articles: Vec<ArticleJson>) -> Self {
        Self { articles }
    }
}

impl From<&Cart> for CartNews {
    fn from(cart: &Cart) -> Self {
        let items = cart
            .items
            .iter()
            .map(|item| CartItem { article_id: item.article, quantity: item.quantity });
        let (version, expires_at) = (cart.version, cart.expires_at);
        Self { version, items: items.collect(), item_count: cart.item_count(), expires_at }
    }
}

impl From<&Session> for OpenedSession {
    fn from(session: &Session) -> Self {
        let Session { id, device, address, created_at, .. } = session.clone();
        Self { id, device, address, created_at }
    }
}
