//! Sample values for the tests of the fragments: a small shop with one buyer.

use std::collections::BTreeMap;

use domain::article::texts::Texts;
use domain::article::{Article, ArticleId, Articles};
use domain::cart::Cart;
use domain::cart::priced::{ItemProblem, PricedCart, PricedItem};
use domain::list::ListPage;
use domain::money::Cents;
use domain::order::{Contact, Order, OrderId, OrderItem, OrderStatus, Requested};
use domain::payment::{Payment, PaymentStatus};
use domain::quantity::Quantity;
use domain::session::{Proof, Session, SessionId};
use domain::user::report::UserReport;
use domain::user::{Email, Role, User, UserId, Username};
use jiff::Timestamp;
use maud::Markup;
use uuid::Uuid;

use crate::draft::{Draft, Refusal};

/// Text that would run a script if a page did not escape it.
pub(crate) const HOSTILE: &str = "<script>alert('1')</script>\" onload=\"alert(2)";

/// Returns the markup with one element per line, which makes differences easy to read.
pub(crate) fn lines(markup: &Markup) -> String {
    markup.0.replace("><", ">\n<")
}

/// A refused form; `field` is the name of the wrong field.
pub(crate) fn draft(typed: &[(&str, &str)], field: Option<&str>) -> Draft {
    let typed = typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let refusal = Refusal { message: "Non.".to_owned(), field: field.map(str::to_owned) };
    Draft { typed: typed.collect(), refusal: Some(refusal) }
}

/// Returns the only page of a list.
pub(crate) fn first_page<T, Id>(entries: Vec<T>) -> ListPage<T, Id> {
    let total = entries.len() as u64;
    ListPage { entries, after: None, before: 0, total, previous: None, next: None }
}

pub(crate) fn moment() -> Timestamp {
    "2026-03-01T09:05:00Z".parse().unwrap()
}

pub(crate) fn article(id: u32, name: &str, cents: u64, on_hand: u32) -> Article {
    Article {
        id: ArticleId(id),
        name: name.to_owned(),
        description: format!("{name}, pour toujours."),
        picture: "mouse.svg".to_owned(),
        price: Cents(cents),
        on_hand,
        reserved: 0,
        active: true,
        revision: 0,
        translation: Texts::default(),
        uploaded: None,
    }
}

pub(crate) fn articles() -> Articles {
    let laptop = Article { reserved: 7, ..article(1, "Ordinateur portable", 89_900, 10) };
    let retired = Article { active: false, ..article(3, "Minitel", 9_900, 1) };
    let all =
        [laptop, article(2, "Souris sans fil", 2_990, 15), retired, article(4, "Écran", 24_900, 0)];
    BTreeMap::from(all.map(|article| (article.id, article)))
}

/// A cart with every kind of problem.
pub(crate) fn cart() -> PricedCart {
    let item = |article, name: &str, units, cents, available, problems| PricedItem {
        article: ArticleId(article),
        name: name.to_owned(),
        translated_name: String::new(),
        quantity: Quantity::new(units).unwrap(),
        unit_price: Cents(cents),
        line_total: Cents(cents * u64::from(units)),
        available,
        problems,
    };
    PricedCart {
        version: 7,
        items: vec![
            item(
                1,
                "Ordinateur portable",
                2,
                89_900,
                1,
                vec![ItemProblem::InsufficientStock, ItemProblem::PriceChanged],
            ),
            item(3, "Minitel", 1, 9_900, 0, vec![ItemProblem::Unavailable]),
        ],
        item_count: 3,
        total: Cents(189_700),
        expires_at: moment(),
    }
}

/// The same cart without problems, ready for the checkout.
pub(crate) fn ready_cart() -> PricedCart {
    let mut cart = cart();
    cart.items.iter_mut().for_each(|item| item.problems.clear());
    cart
}

pub(crate) fn empty_cart() -> PricedCart {
    Cart::empty(moment()).priced(&articles()).unwrap()
}

pub(crate) fn order(status: OrderStatus, attempt: u32, payment: PaymentStatus) -> Order {
    Order {
        id: OrderId(Uuid::from_u128(0x0195_5a6b_0000_7000_8000_0000_beef_cafe)),
        user: user("ana", Role::Customer).id,
        status,
        items: vec![OrderItem {
            article: ArticleId(2),
            name: "Souris sans fil".to_owned(),
            quantity: Quantity::new(2).unwrap(),
            unit_price: Cents(2_990),
            line_total: Cents(5_980),
        }],
        total: Cents(5_980),
        contact: Some(Contact {
            name: "Ana Díaz".to_owned(),
            email: Email::new("ana@example.org").unwrap(),
            address: "1 rue des Lilas\n75020 Paris".to_owned(),
        }),
        payment: Payment { attempt, status: payment },
        cart_version: 7,
        created_at: moment(),
        expires_at: moment(),
        requested: Requested::None,
        pay_after: None,
        steps: Vec::new(),
        note: None,
        node: None,
    }
}

pub(crate) fn user(name: &str, role: Role) -> User {
    User {
        id: UserId(Uuid::from_u128(name.len() as u128)),
        username: Username::new(name).unwrap(),
        email: (role == Role::Customer).then(|| Email::new("ana@example.org").unwrap()),
        role,
        created_at: moment(),
    }
}

pub(crate) fn report(name: &str, role: Role) -> UserReport {
    UserReport {
        user: user(name, role),
        orders: 3,
        spent: Cents(123_450),
        last_seen_at: Some(moment()).filter(|_| role == Role::Customer),
        devices: 2,
    }
}

pub(crate) fn session(id: u128, device: &str) -> Session {
    Session {
        id: SessionId(Uuid::from_u128(id)),
        user: user("ana", Role::Customer).id,
        username: Username::new("ana").unwrap(),
        role: Role::Customer,
        proof: Proof::Browser { cookie_hash: "00".repeat(32) },
        device: device.to_owned(),
        address: "192.0.2.7".to_owned(),
        created_at: moment(),
        last_seen_at: moment(),
        expires_at: moment(),
        tokens_until: None,
    }
}
