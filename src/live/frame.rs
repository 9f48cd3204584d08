//! Frames for programs: events and snapshots as JSON.

use domain::cart::Cart;
use domain::event::{Entry, Event, Topic};
use domain::session::Session;
use serde_json::{Value, json};

use crate::api::article::{admin_json, article_json};
use crate::api::order::order_json;
use crate::api::user::user_json;

/// An event under the topic it is told under.
pub(super) fn event(topic: Topic, entry: &Entry) -> String {
    let (name, data) = content(topic, &entry.event);
    json!({ "id": entry.id, "topic": topic, "type": name, "at": entry.at, "data": data }).to_string()
}

/// What a topic is about as it is now, as of some event.
pub(super) fn snapshot(id: u64, topic: Topic, name: &str, data: &Value) -> String {
    json!({ "id": id, "topic": topic, "type": name, "snapshot": true, "data": data }).to_string()
}

/// What comes next is how things are: the log no longer reaches back to the event asked for.
pub(super) fn reset(id: u64) -> String {
    json!({ "reset": { "id": id } }).to_string()
}

/// A refused command.
pub(super) fn error(code: &str, message: &str) -> String {
    json!({ "error": { "code": code, "message": message } }).to_string()
}

/// The answer to a command.
pub(super) fn reply(reply: &Value) -> String {
    json!({ "reply": reply }).to_string()
}

/// The last frame before the server closes.
pub(super) fn bye(code: u16, reason: &str, retry_after_ms: Option<u64>) -> String {
    json!({ "bye": { "code": code, "reason": reason, "retry_after_ms": retry_after_ms } }).to_string()
}

/// A cart as its owner hears of it.
pub(super) fn cart(cart: &Cart) -> Value {
    let items = cart.items.iter().map(|item| json!({ "article_id": item.article, "quantity": item.quantity }));
    json!({
        "version": cart.version,
        "items": items.collect::<Vec<_>>(),
        "item_count": cart.item_count(),
        "expires_at": cart.expires_at,
    })
}

fn content(topic: Topic, event: &Event) -> (&'static str, Value) {
    match event {
        Event::ArticleAdded(article) if topic == Topic::Stock => ("article.added", admin_json(article)),
        Event::ArticleChanged(article) if topic == Topic::Stock => ("article.changed", admin_json(article)),
        Event::CartChanged { cart: changed, .. } => ("cart.changed", cart(changed)),
        Event::ArticleAdded(article) => ("article.added", article_json(article)),
        // Whoever listens knows what is on sale, and hears of what is not as gone.
        Event::ArticleChanged(article) if !article.active => ("article.removed", json!({ "id": article.id })),
        Event::ArticleChanged(article) => ("article.changed", article_json(article)),
        Event::ArticleRemoved { id } => ("article.removed", json!({ "id": id })),
        Event::OrderPlaced(order) => ("order.placed", order_json(order)),
        Event::OrderChanged(order) => ("order.changed", order_json(order)),
        Event::UserAdded(user) => ("user.added", user_json(user)),
        Event::UserChanged(user) => ("user.changed", user_json(user)),
        Event::UserDeleted(user) => ("user.deleted", user_json(user)),
        Event::SessionOpened(session) => ("session.opened", opened(session)),
        Event::SessionEnded { session, reason, .. } => ("session.ended", json!({ "id": session, "reason": reason })),
        Event::BreakerChanged(changed) => ("breaker.changed", json!(changed)),
        Event::ShopOpened { version } => ("shop.opened", json!({ "version": version })),
        Event::ShopClosing => ("shop.closing", json!({})),
    }
}

/// What is told of a new session: never what proves it.
fn opened(session: &Session) -> Value {
    json!({ "id": session.id, "device": session.device, "address": session.address, "created_at": session.created_at })
}
