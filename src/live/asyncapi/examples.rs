//! An example of every frame, encoded by the same functions as the frames on the wire.
//!
//! All examples are about one customer, one article and one order, at one fixed time, so that the
//! document is the same each time it is generated.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::article::texts::Texts;
use domain::article::{Article, ArticleId};
use domain::bank::Behaviour;
use domain::breaker::Breaker;
use domain::cart::{Cart, Item, Owner};
use domain::event::{Entry, Event};
use domain::money::Cents;
use domain::order::{Contact, Order, OrderId, OrderItem, OrderStatus, Requested};
use domain::payment::Payment;
use domain::quantity::Quantity;
use domain::session::{EndReason, Proof, Session, SessionId};
use domain::time::later;
use domain::topic::{Subscriber, Topic};
use domain::user::{Email, Role, User, UserError, UserId, Username};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::live::close::Close;
use crate::live::frame::event_frame;
use crate::live::frame::snapshots::{StateFrame, snapshot_frame};
use crate::live::frame::{self, ErrorCode, Reply};
use crate::objects::article::{admin_json, article_json};

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

/// When everything in the examples occurs.
const NOW: Timestamp = Timestamp::constant(1_767_258_000, 0);
const ID: Uuid = Uuid::from_u128(0x019b_7842_93f0_7000_8a2e_0370_7334_0001);
const USER: UserId = UserId(Uuid::from_u128(0x019b_7842_93f0_7000_8a2e_0370_7334_0002));
const PRICE: Cents = Cents(1_250);

fn in_an_hour() -> Timestamp {
    later(NOW, Duration::from_secs(3_600))
}

fn article() -> Article {
    Article {
        id: ArticleId(2),
        name: "Lamp".into(),
        description: "Gives light.".into(),
        picture: "article.svg".into(),
        price: PRICE,
        on_hand: 15,
        reserved: 1,
        active: true,
        revision: 0,
        translation: Texts::default(),
        uploaded: None,
    }
}

fn cart() -> Cart {
    let item = Item {
        article: ArticleId(2),
        name: "Lamp".into(),
        unit_price: PRICE,
        quantity: Quantity::ONE,
    };
    Cart { version: 4, items: vec![item], expires_at: in_an_hour() }
}

fn order() -> Result<Order, UserError> {
    let item = OrderItem {
        article: ArticleId(2),
        name: "Lamp".into(),
        quantity: Quantity::ONE,
        unit_price: PRICE,
        line_total: PRICE,
    };
    let contact = Contact {
        name: "Ana".into(),
        email: Email::new("ana@example.org")?,
        address: "1 Quay Street".into(),
    };
    Ok(Order {
        id: OrderId(ID),
        user: USER,
        status: OrderStatus::PendingPayment,
        items: vec![item],
        total: PRICE,
        contact: Some(contact),
        payment: Payment::submitting(1),
        cart_version: 4,
        created_at: NOW,
        expires_at: in_an_hour(),
        requested: Requested::None,
        pay_after: None,
        steps: Vec::new(),
        note: None,
        node: None,
    })
}

fn user() -> Result<User, UserError> {
    Ok(User {
        id: USER,
        username: Username::new("ana")?,
        email: Some(Email::new("ana@example.org")?),
        role: Role::Customer,
        created_at: NOW,
    })
}

fn session() -> Result<Session, UserError> {
    Ok(Session {
        id: SessionId(ID),
        user: USER,
        username: Username::new("ana")?,
        role: Role::Customer,
        proof: Proof::Api { generation: 1, rotated_at: NOW },
        device: "curl/8.5.0".into(),
        address: "192.0.2.7".into(),
        created_at: NOW,
        last_seen_at: NOW,
        expires_at: in_an_hour(),
        tokens_until: None,
    })
}
