//! Which events of the log a reader wants: of one kind, or about one subject.

use std::fmt;

use uuid::Uuid;

use super::Event;
use super::kind::Kind;
use crate::article::ArticleId;
use crate::cart::Owner;
use crate::order::OrderId;

/// How many digits of the id of an order are its number, and how many of the hash of a guest are
/// the guest's name.
const DIGITS: usize = 8;

/// What the name of a guest begins with.
const GUEST: &str = "guest-";

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// An article, by its number.
    Article(ArticleId),
    /// An order, by the last eight digits of its id, which pages show as its number.
    Order(u32),
    /// An order, a session, or a user and what belongs to the user, by the id.
    Id(Uuid),
    /// A guest, by the first eight digits of the hash that owns the cart. They identify a guest to
    /// a reader of the log; the cookie that opens the cart cannot be found from them.
    Guest(u32),
}

/// The events that a reader wants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter {
    /// The only kind; `None` stands for all kinds.
    pub kind: Option<Kind>,
    /// The only subject; `None` stands for all subjects.
    pub subject: Option<Subject>,
}

impl Subject {
    /// Reads a subject as its number, its id or the name of a guest; `None` if the text is none of
    /// them, and so may be the name of a user.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(guest) = text.strip_prefix(GUEST) {
            return digits(guest).map(Self::Guest);
        }
        if let Some(order) = digits(text) {
            return Some(Self::Order(order));
        }
        if let Ok(id) = Uuid::parse_str(text) {
            return Some(Self::Id(id));
        }
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().ok().map(ArticleId).map(Self::Article)).flatten()
    }

    /// Returns the number of an order as pages show it.
    pub fn of_order(order: OrderId) -> Self {
        Self::Order(order.0.as_u128() as u32)
    }

    /// Returns the owner of a cart; `None` for a guest whose hash is none.
    pub fn of_owner(owner: &Owner) -> Option<Self> {
        match owner {
            Owner::User(user) => Some(Self::Id(user.0)),
            Owner::Guest(hash) => hash.get(..DIGITS).and_then(digits).map(Self::Guest),
        }
    }

    /// Returns whether an event is about the subject.
    pub fn is_of(self, event: &Event) -> bool {
        match event {
            Event::CartChanged { owner, .. } => Self::of_owner(owner) == Some(self),
            Event::ArticleAdded(_) | Event::ArticleChanged(_) | Event::ArticleRemoved { .. } => {
                event.article().map(Self::Article) == Some(self)
            }
            Event::OrderPlaced(order) | Event::OrderChanged(order) => {
                self.is_one_of([order.id.0, order.user.0]) || self == Self::of_order(order.id)
            }
            Event::UserAdded(user) | Event::UserChanged(user) | Event::UserDeleted(user) => {
                self.is_one_of([user.id.0])
            }
            Event::SessionOpened(session) => self.is_one_of([session.id.0, session.user.0]),
            Event::SessionEnded { session, user, .. } => self.is_one_of([session.0, user.0]),
            Event::BreakerChanged(_)
            | Event::ShopOpened { .. }
            | Event::ShopClosing
            | Event::BankChanged(_) => false,
        }
    }

    fn is_one_of<const N: usize>(self, ids: [Uuid; N]) -> bool {
        matches!(self, Self::Id(id) if ids.contains(&id))
    }
}

/// Reads a number of eight hexadecimal digits.
fn digits(text: &str) -> Option<u32> {
    let is_hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (text.len() == DIGITS && is_hexadecimal).then(|| u32::from_str_radix(text, 16).ok())?
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Article(id) => id.fmt(f),
            Self::Order(digits) => write!(f, "{digits:08X}"),
            Self::Id(id) => id.fmt(f),
            Self::Guest(digits) => write!(f, "{GUEST}{digits:08x}"),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.kind.map_or("", Kind::name))?;
        self.subject.map_or(Ok(()), |subject| subject.fmt(f))
    }
}

impl Filter {
    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, subject) = text.split_once(':')?;
        let kind = Some(kind).filter(|kind| !kind.is_empty()).map(Kind::parse);
        let subject = Some(subject).filter(|subject| !subject.is_empty()).map(Subject::parse);
        Some(Self { kind: kind.unwrap_or(None), subject: subject.unwrap_or(None) })
    }

    /// Returns whether the reader wants an event.
    pub fn admits(&self, event: &Event) -> bool {
        self.kind.is_none_or(|kind| kind == event.kind())
            && self.subject.is_none_or(|subject| subject.is_of(event))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::article::tests::lamp;
    use crate::cart::Cart;
    use crate::order::checkout::tests::placed;
    use crate::session::tests::api;

    fn cart(owner: Owner) -> Event {
        Event::CartChanged { owner, cart: Cart::empty(Timestamp::UNIX_EPOCH) }
    }

    #[test]
    fn a_subject_has_one_text_and_other_texts_may_be_the_names_of_users() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        for (text, subject) in [
            ("7", Subject::Article(ArticleId(7))),
            ("099A8057", Subject::Order(0x099a_8057)),
            ("12345678", Subject::Order(0x1234_5678)),
            (id, Subject::Id(id.parse().unwrap())),
            ("guest-0a1b2c3d", Subject::Guest(0x0a1b_2c3d)),
        ] {
            assert_eq!(Subject::parse(text), Some(subject), "{text}");
            assert_eq!(subject.to_string(), text);
        }
        for text in ["", "ana", "guest-", "guest-0a1b2c3", "-1", "+7", "99999999999", "099a805g"] {
            assert_eq!(Subject::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_reader_finds_what_an_event_is_about_and_what_belongs_to_a_user() {
        let order = placed();
        let session = api(1);
        let [about_order, opened] =
            [Event::OrderPlaced(order.clone()), Event::SessionOpened(session.clone())];
        let hash = "0a1b2c3d".repeat(8);
        let id = Subject::Id;
        for (event, subject, is_found) in [
            (&Event::ArticleAdded(lamp()), Subject::Article(ArticleId(1)), true),
            (&Event::ArticleAdded(lamp()), Subject::Article(ArticleId(2)), false),
            (&about_order, id(order.id.0), true),
            (&about_order, id(order.user.0), true),
            (&about_order, Subject::of_order(order.id), true),
            (&about_order, Subject::Order(1), order.id.0.as_u128() as u32 == 1),
            (&opened, id(session.id.0), true),
            (&opened, id(session.user.0), true),
            (&cart(Owner::User(order.user)), id(order.user.0), true),
            (&cart(Owner::Guest(hash.clone())), Subject::Guest(0x0a1b_2c3d), true),
            (&cart(Owner::Guest(hash)), Subject::Guest(0x0a1b_2c3e), false),
            (&Event::ShopClosing, Subject::Article(ArticleId(1)), false),
        ] {
            assert_eq!(subject.is_of(event), is_found, "{subject:?}: {event:?}");
        }
    }

    #[test]
    fn a_filter_admits_events_of_its_kind_about_its_subject() {
        let article = Some(Subject::Article(ArticleId(1)));
        for (kind, subject, is_admitted) in [
            (None, None, true),
            (Some(Kind::ArticleAdded), article, true),
            (Some(Kind::ArticleChanged), article, false),
            (Some(Kind::ArticleAdded), Some(Subject::Order(1)), false),
        ] {
            let filter = Filter { kind, subject };
            assert_eq!(filter.admits(&Event::ArticleAdded(lamp())), is_admitted, "{filter:?}");
        }
    }
}
