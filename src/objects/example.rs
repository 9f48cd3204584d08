//! The domain values that the examples of both documents of the API are made from.
//!
//! All of them are about one customer, one article and one order, at one fixed time, so that a
//! document is the same each time it is generated.

use std::time::Duration;

use domain::article::picture::{Picture, PictureFormat};
use domain::article::texts::Texts;
use domain::article::{Article, ArticleId};
use domain::cart::{Cart, Item};
use domain::money::Cents;
use domain::order::{Contact, Order, OrderId, OrderItem, OrderStatus, Requested};
use domain::payment::Payment;
use domain::quantity::Quantity;
use domain::session::{Proof, Session, SessionId};
use domain::time::later;
use domain::user::{Email, Role, User, UserError, UserId, Username};
use jiff::Timestamp;
use uuid::Uuid;

/// When everything in the examples occurs.
pub(crate) const NOW: Timestamp = Timestamp::constant(1_767_258_000, 0);
pub(crate) const ID: Uuid = Uuid::from_u128(0x019b_7842_93f0_7000_8a2e_0370_7334_0001);
pub(crate) const USER: UserId = UserId(Uuid::from_u128(0x019b_7842_93f0_7000_8a2e_0370_7334_0002));
pub(crate) const PRICE: Cents = Cents(1_250);

pub(crate) fn in_an_hour() -> Timestamp {
    later(NOW, Duration::from_secs(3_600))
}

pub(crate) fn article() -> Article {
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
        uploaded: Some(Picture { hash: "5a1e0c".into(), format: PictureFormat::Jpeg }),
    }
}

pub(crate) fn cart() -> Cart {
    let item = Item {
        article: ArticleId(2),
        name: "Lamp".into(),
        unit_price: PRICE,
        quantity: Quantity::ONE,
    };
    Cart { version: 4, items: vec![item], expires_at: in_an_hour() }
}

pub(crate) fn order() -> Result<Order, UserError> {
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

pub(crate) fn user() -> Result<User, UserError> {
    Ok(User {
        id: USER,
        username: Username::new("ana")?,
        email: Some(Email::new("ana@example.org")?),
        role: Role::Customer,
        created_at: NOW,
    })
}

pub(crate) fn session() -> Result<Session, UserError> {
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
