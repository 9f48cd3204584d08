//! An example of every frame, made as the frames themselves are.

use std::collections::BTreeSet;

use domain::article::{Article, ArticleId};
use domain::breaker::Breaker;
use domain::cart::{Cart, Item, Owner, Quantity};
use domain::event::{Entry, Event, Listener, Topic};
use domain::money::Cents;
use domain::order::{Contact, Order, OrderId, OrderItem, OrderStatus};
use domain::payment::Payment;
use domain::session::{EndReason, Proof, Session, SessionId};
use domain::user::{Email, Role, User, UserError, UserId, Username};
use jiff::{Span, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::api::article::{admin_json, article_json};
use crate::live::frame::{self, Answer, Articles, CartNews, Refused, Reply, StateFrame};

/// What a program may say.
pub(super) fn commands() -> Vec<Value> {
    let example =
        |name, summary, said| json!({ "name": name, "summary": summary, "payload": said });
    vec![
        example(
            "subscribe",
            "Listen, and hear first how things are.",
            json!({ "subscribe": ["cart", "orders"] }),
        ),
        example(
            "resume",
            "Listen, and hear first what happened since a frame.",
            json!({ "subscribe": ["cart", "orders"], "since": 41 }),
        ),
        example("unsubscribe", "Listen no more.", json!({ "unsubscribe": ["orders"] })),
        example(
            "renew",
            "Stay longer than the token one came with.",
            json!({ "token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGci…" }),
        ),
        example("ping", "Hear when all of the above is done.", json!({ "ping": 1 })),
    ]
}

/// What a program is told under a name.
pub(super) fn told(name: &str) -> Vec<Value> {
    let told = [answers(), states(), events().unwrap_or_default()].concat();
    let told = told.iter().filter_map(|frame| serde_json::from_str::<Value>(frame).ok());
    told.filter(|frame| is_called(frame, name)).map(|frame| json!({ "payload": frame })).collect()
}

fn is_called(frame: &Value, name: &str) -> bool {
    let member = |member| frame.get(member).and_then(Value::as_str);
    match (frame.get("snapshot"), member("type")) {
        (Some(_), _) => name.strip_prefix("snapshot.") == member("topic"),
        (None, Some(event)) => event == name,
        (None, None) => frame.get(name).is_some(),
    }
}

fn answers() -> Vec<String> {
    vec![
        frame::reply(Reply::Topics(BTreeSet::from([Topic::Cart, Topic::Orders]))),
        frame::reply(Reply::Until(later())),
        frame::reply(Reply::Pong(json!(1))),
        frame::error(Refused::Forbidden, "a topic is not for you"),
        frame::answer(&Answer::Reset { id: 40 }),
        frame::answer(&Answer::Bye {
            code: 1012,
            reason: "restarting",
            retry_after_ms: Some(1_742),
        }),
        frame::answer(&Answer::Bye { code: 1008, reason: "expired", retry_after_ms: None }),
    ]
}

fn states() -> Vec<String> {
    let all = [
        (Topic::Cart, StateFrame::Cart(CartNews::from(&cart()).into())),
        (
            Topic::Catalogue,
            StateFrame::Catalogue(Articles::from(vec![article_json(&article())]).into()),
        ),
        (Topic::Stock, StateFrame::Stock(Articles::from(vec![admin_json(&article())]).into())),
        (Topic::Breaker, StateFrame::Breaker(Breaker::default().into())),
    ];
    all.into_iter().map(|(topic, state)| frame::snapshot(40, topic, state)).collect()
}

/// Every event under every topic under which an administrator can hear of it.
fn events() -> Result<Vec<String>, UserError> {
    let listener = Listener { owner: Owner::User(USER), role: Some(Role::Admin) };
    let (order, user, session) = (order()?, user()?, session()?);
    let all = [
        Event::CartChanged { owner: listener.owner.clone(), cart: cart() },
        Event::ArticleAdded(article()),
        Event::ArticleChanged(article()),
        Event::ArticleRemoved { id: ArticleId(2) },
        Event::OrderPlaced(order.clone()),
        Event::OrderChanged(order),
        Event::UserAdded(user.clone()),
        Event::UserChanged(user.clone()),
        Event::UserDeleted(user),
        Event::SessionOpened(session),
        Event::SessionEnded { session: SessionId(ID), user: USER, reason: EndReason::SignedOut },
        Event::BreakerChanged(Breaker::default()),
        Event::ShopOpened { version: env!("CARGO_PKG_VERSION").into() },
        Event::ShopClosing,
    ];
    let mut frames = Vec::new();
    for (id, event) in (41..).zip(all) {
        let entry = Entry { id, at: NOW, event };
        let told = entry.event.channels().into_iter();
        let told = told.filter(|told| listener.channel(told.topic).as_ref() == Some(told));
        frames.extend(told.map(|told| frame::event(told.topic, &entry)));
    }
    Ok(frames)
}

const NOW: Timestamp = Timestamp::constant(1_767_258_000, 0);
const ID: Uuid = Uuid::from_u128(0x019b_7842_93f0_7000_8a2e_0370_7334_0001);
const USER: UserId = UserId(Uuid::from_u128(0x019b_7842_93f0_7000_8a2e_0370_7334_0002));
const PRICE: Cents = Cents(1_250);

fn later() -> Timestamp {
    NOW + Span::new().hours(1)
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
    }
}

fn cart() -> Cart {
    let item = Item {
        article: ArticleId(2),
        name: "Lamp".into(),
        unit_price: PRICE,
        quantity: Quantity::ONE,
    };
    Cart { version: 4, items: vec![item], expires_at: later() }
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
        expires_at: later(),
        called_off: false,
    })
}

fn user() -> Result<User, UserError> {
    let (username, email) = (Username::new("ana")?, Some(Email::new("ana@example.org")?));
    Ok(User { id: USER, username, email, role: Role::Customer, created_at: NOW })
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
        expires_at: later(),
    })
}
