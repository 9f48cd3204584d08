//! Events, with the same objects as the REST API.

use actors::store::EventId;
use domain::bank::Behaviour;
use domain::breaker::Breaker;
use domain::event::{Entry, Event};
use domain::topic::Topic;
use domain::user::Author;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::article::{ArticleJson, admin_json, article_json};
use super::data::{
    CartSummary, ClosingShop, EndedSession, OpenedSession, OpenedShop, RemovedArticle,
};
use super::order::{OrderJson, order_json};
use super::user::{UserJson, user_json};

/// An event or a snapshot, under the topic for which it is sent.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ServerFrame<Content> {
    /// The position in the log: contiguous, starting at 1. A snapshot has the id of the last event
    /// before it.
    pub(crate) id: EventId,
    /// The most detailed of the subscribed topics to which it belongs.
    pub(crate) topic: Topic,
    #[serde(flatten)]
    pub(crate) content: Content,
}

/// An event as readers of the log receive it: as on a socket, and with its author.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LoggedEvent {
    #[serde(flatten)]
    frame: ServerFrame<EventFrame>,
    /// The administrator who caused it; `null` if a user, the shop or the bank did.
    by: Option<Author>,
}

/// An event.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type")]
pub(crate) enum EventFrame {
    /// The items of a cart changed.
    #[serde(rename = "cart.changed")]
    CartChanged(EventBody<CartSummary>),
    /// An article was added.
    #[serde(rename = "article.added")]
    ArticleAdded(EventBody<ArticleJson>),
    /// The price, stock or text of an article changed, or it is on sale again.
    #[serde(rename = "article.changed")]
    ArticleChanged(EventBody<ArticleJson>),
    /// An article was removed or is no longer on sale.
    #[serde(rename = "article.removed")]
    ArticleRemoved(EventBody<RemovedArticle>),
    /// An order was placed.
    #[serde(rename = "order.placed")]
    OrderPlaced(EventBody<OrderJson>),
    /// The status of an order or of its payment changed.
    #[serde(rename = "order.changed")]
    OrderChanged(EventBody<OrderJson>),
    /// A user registered or was added.
    #[serde(rename = "user.added")]
    UserAdded(EventBody<UserJson>),
    /// The role or e-mail address of a user changed.
    #[serde(rename = "user.changed")]
    UserChanged(EventBody<UserJson>),
    /// A user was deleted.
    #[serde(rename = "user.deleted")]
    UserDeleted(EventBody<UserJson>),
    /// A session of the user was opened by a sign-in.
    #[serde(rename = "session.opened")]
    SessionOpened(EventBody<OpenedSession>),
    /// A session of the user was ended.
    #[serde(rename = "session.ended")]
    SessionEnded(EventBody<EndedSession>),
    /// The state of the circuit breaker changed.
    #[serde(rename = "breaker.changed")]
    BreakerChanged(EventBody<Breaker>),
    /// A server started.
    #[serde(rename = "shop.opened")]
    ShopOpened(EventBody<OpenedShop>),
    /// A server is about to shut down.
    #[serde(rename = "shop.closing")]
    ShopClosing(EventBody<ClosingShop>),
    /// The behaviour of the simulated bank changed.
    #[serde(rename = "bank.changed")]
    BankChanged(EventBody<Behaviour>),
}

/// When an event occurred, and its data.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct EventBody<Data> {
    at: Timestamp,
    data: Data,
}

/// Returns an event under a topic, on which its data depends.
pub(crate) fn event_json(topic: Topic, entry: &Entry) -> ServerFrame<EventFrame> {
    ServerFrame { id: entry.id, topic, content: EventFrame::new(topic, entry) }
}

/// Returns an event under the most detailed of its topics, with its author.
pub(crate) fn detailed_json(entry: &Entry) -> LoggedEvent {
    LoggedEvent { frame: detailed_frame(entry), by: entry.by.clone() }
}

/// Returns an event under the most detailed of its topics, without its author.
pub(crate) fn detailed_frame(entry: &Entry) -> ServerFrame<EventFrame> {
    let topic = entry.event.channels().first().map_or(Topic::System, |channel| channel.topic);
    event_json(topic, entry)
}

/// Returns an event under the most detailed of its topics, with its author, as text for a reader.
pub(crate) fn detailed_text(entry: &Entry) -> String {
    // Serialization fails only for map keys that are not strings, which no event has.
    serde_json::to_string_pretty(&detailed_json(entry)).unwrap_or_default()
}

impl EventFrame {
    fn new(topic: Topic, Entry { at, event, .. }: &Entry) -> Self {
        match event {
            Event::CartChanged { cart, .. } => Self::CartChanged(body(at, cart.into())),
            Event::ArticleAdded(article) if topic == Topic::Stock => {
                Self::ArticleAdded(body(at, admin_json(article)))
            }
            Event::ArticleAdded(article) => Self::ArticleAdded(body(at, article_json(article))),
            Event::ArticleChanged(article) if topic == Topic::Stock => {
                Self::ArticleChanged(body(at, admin_json(article)))
            }
            // Subscribers of the catalogue see only articles on sale.
            Event::ArticleChanged(article) if !article.active => {
                Self::ArticleRemoved(body(at, RemovedArticle { id: article.id }))
            }
            Event::ArticleChanged(article) => Self::ArticleChanged(body(at, article_json(article))),
            Event::ArticleRemoved { id } => {
                Self::ArticleRemoved(body(at, RemovedArticle { id: *id }))
            }
            Event::OrderPlaced(order) => Self::OrderPlaced(body(at, order_json(order))),
            Event::OrderChanged(order) => Self::OrderChanged(body(at, order_json(order))),
            Event::UserAdded(user) => Self::UserAdded(body(at, user_json(user))),
            Event::UserChanged(user) => Self::UserChanged(body(at, user_json(user))),
            Event::UserDeleted(user) => Self::UserDeleted(body(at, user_json(user))),
            Event::SessionOpened(session) => Self::SessionOpened(body(at, session.into())),
            Event::SessionEnded { session: id, reason, .. } => {
                Self::SessionEnded(body(at, EndedSession { id: *id, reason: *reason }))
            }
            Event::BreakerChanged(breaker) => Self::BreakerChanged(body(at, *breaker)),
            Event::ShopOpened { version } => {
                Self::ShopOpened(body(at, OpenedShop { version: version.clone() }))
            }
            Event::BankChanged(behaviour) => Self::BankChanged(body(at, *behaviour)),
            Event::ShopClosing => Self::ShopClosing(body(at, ClosingShop {})),
        }
    }
}

fn body<Data>(at: &Timestamp, data: Data) -> EventBody<Data> {
    EventBody { at: *at, data }
}
