//! An example of every frame, encoded by the same functions as the frames on the wire.

use std::collections::BTreeSet;

use domain::article::ArticleId;
use domain::bank::Behaviour;
use domain::breaker::Breaker;
use domain::cart::Owner;
use domain::event::{Entry, Event};
use domain::session::{EndReason, SessionId};
use domain::topic::{Subscriber, Topic};
use domain::user::{Role, UserError};
use serde_json::{Value, json};

use crate::live::close::Close;
use crate::live::frame::event_frame;
use crate::live::frame::snapshots::{StateFrame, snapshot_frame};
use crate::live::frame::{self, ErrorCode, Reply};
use crate::objects::article::{admin_json, article_json};
use crate::objects::example::{ID, NOW, USER, article, cart, in_an_hour, order, session, user};

/// The number of the socket of the `bye` examples.
const SOCKET: u64 = 1;

/// Returns a command of each kind.
pub(super) fn commands() -> Vec<Value> {
    let example =
        |name, summary, payload| json!({ "name": name, "summary": summary, "payload": payload });
    vec![
        example(
            "subscribe",
            "Subscribe, and receive the current state first.",
            json!({ "subscribe": ["cart", "orders"] }),
        ),
        example(
            "resume",
            "Subscribe, and receive the events after a frame first.",
            json!({ "subscribe": ["cart", "orders"], "since": 41 }),
        ),
        example("unsubscribe", "End a subscription.", json!({ "unsubscribe": ["orders"] })),
        example(
            "renew",
            "Keep the socket open longer than its first token.",
            json!({ "token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGci…" }),
        ),
        example(
            "identify",
            "Begin as a page of another origin whose handshake has no token.",
            json!({ "token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGci…", "subscribe": ["cart"] }),
        ),
        example("ping", "Wait until every earlier command is done.", json!({ "ping": 1 })),
    ]
}

/// Returns the examples of the server's message with a name.
pub(super) fn server_frames(name: &str) -> Vec<Value> {
    let frames = [control_frames(), snapshots(), events().unwrap_or_default()].concat();
    let frames = frames.iter().filter_map(|frame| serde_json::from_str::<Value>(frame).ok());
    let named = frames.filter(|frame| has_name(frame, name));
    named.map(|frame| json!({ "payload": frame })).collect()
}

/// Returns whether a frame belongs to the message with a name, which depends on its kind: a
/// snapshot by its topic, an event by its type, a control frame by its only member.
fn has_name(frame: &Value, name: &str) -> bool {
    let member = |member| frame.get(member).and_then(Value::as_str);
    match (frame.get("snapshot"), member("type")) {
        (Some(_), _) => name.strip_prefix("snapshot.") == member("topic"),
        (None, Some(event)) => event == name,
        (None, None) => frame.get(name).is_some(),
    }
}

fn control_frames() -> Vec<String> {
    let message = "this client may not subscribe to one of the topics";
    vec![
        frame::reply(Reply::Topics(BTreeSet::from([Topic::Cart, Topic::Orders]))),
        frame::reply(Reply::Until(in_an_hour())),
        frame::reply(Reply::Pong(json!(1))),
        frame::error(ErrorCode::Forbidden, message),
        frame::reset(40),
        frame::bye(Close::Restarting, SOCKET),
        frame::bye(Close::Expired, SOCKET),
    ]
}

fn snapshots() -> Vec<String> {
    let states = [
        (Topic::Cart, StateFrame::cart(&cart())),
        (Topic::Catalogue, StateFrame::catalogue(vec![article_json(&article())])),
        (Topic::Stock, StateFrame::stock(vec![admin_json(&article())])),
        (Topic::Breaker, StateFrame::breaker(Breaker::default())),
    ];
    states.into_iter().map(|(topic, state)| snapshot_frame(40, topic, state)).collect()
}

/// Returns an event of every type, once for each topic under which an administrator can receive it.
fn events() -> Result<Vec<String>, UserError> {
    let subscriber = Subscriber { owner: Owner::User(USER), role: Some(Role::Admin) };
    let order = order()?;
    let user = user()?;
    let all = [
        Event::CartChanged { owner: subscriber.owner.clone(), cart: cart() },
        Event::ArticleAdded(article()),
        Event::ArticleChanged(article()),
        Event::ArticleRemoved { id: ArticleId(2) },
        Event::OrderPlaced(order.clone()),
        Event::OrderChanged(order),
        Event::UserAdded(user.clone()),
        Event::UserChanged(user.clone()),
        Event::UserDeleted(user),
        Event::SessionOpened(session()?),
        Event::SessionEnded {
            session: SessionId(ID),
            user: USER,
            reason: EndReason::SignedOut,
            until: None,
        },
        Event::BreakerChanged(Breaker::default()),
        Event::BankChanged(Behaviour::default()),
        Event::ShopOpened { version: env!("CARGO_PKG_VERSION").into() },
        Event::ShopClosing,
    ];
    let mut frames = Vec::new();
    for (id, event) in (41..).zip(all) {
        let entry = Entry { id, at: NOW, event, by: None };
        let channels = entry.event.channels().into_iter();
        let allowed =
            channels.filter(|channel| subscriber.channel(channel.topic).as_ref() == Some(channel));
        frames.extend(allowed.map(|channel| event_frame(channel.topic, &entry)));
    }
    Ok(frames)
}
