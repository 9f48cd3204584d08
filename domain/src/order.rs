//! Orders: what somebody bought, at which price, and where it stands.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::article::{ArticleError, ArticleId, Articles};
use crate::cart::{Cart, Quantity};
use crate::money::{Cents, TooLarge};
use crate::payment::{Outcome, Payment, PaymentStatus};
use crate::user::{Email, UserId};

/// The id of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderId(pub Uuid);

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Placed; its stock is reserved.
    PendingPayment,
    /// Paid; its stock is sold.
    Paid,
    /// On its way.
    Shipped,
    /// Arrived.
    Delivered,
    /// Called off before it was paid.
    Cancelled,
    /// Not paid in time.
    Expired,
    /// Paid back.
    Refunded,
}

/// Who gets the goods, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The recipient's name.
    pub name: String,
    /// Where to write to.
    pub email: Email,
    /// Where to send the goods.
    pub address: String,
}

/// An article of an order, at the price agreed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderItem {
    /// The article.
    pub article: ArticleId,
    /// Its name.
    pub name: String,
    /// How many pieces.
    pub quantity: Quantity,
    /// The price of one piece.
    pub unit_price: Cents,
    /// The price of all pieces.
    pub line_total: Cents,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Which one.
    pub id: OrderId,
    /// Whose.
    pub user: UserId,
    /// Where it stands.
    pub status: OrderStatus,
    /// What was bought.
    pub items: Vec<OrderItem>,
    /// What is to be paid for everything.
    pub total: Cents,
    /// Who gets the goods; none once the user is gone and nobody needs to know any more.
    pub contact: Option<Contact>,
    /// Its payment.
    pub payment: Payment,
    /// The version of the cart it was placed from.
    pub cart_version: u64,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it expires if it is still unpaid.
    pub expires_at: Timestamp,
    /// Whether it is to be cancelled or paid back as soon as the bank has said what has happened.
    #[serde(default)]
    pub called_off: bool,
}

/// What a buyer says when placing an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The version of the cart that was shown.
    pub cart_version: u64,
    /// The total that was shown.
    pub expected_total: Cents,
    /// Who gets the goods.
    pub contact: Contact,
}

/// What a change of an order does to the stock of its articles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StockMove {
    /// Nothing.
    None,
    /// Reserved pieces become available again.
    Release,
    /// Reserved pieces leave the house.
    Sell,
    /// Sold pieces that never left come back.
    Restock,
}

/// What can happen to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The bank has charged.
    Pay,
    /// It is called off before it was paid.
    Cancel,
    /// Its time is over before it was paid.
    Expire,
    /// It is sent.
    Ship,
    /// It arrives.
    Deliver,
    /// The bank has paid it back.
    PayBack,
}

/// Every way from one status to another, and what it does to the stock. There is no other.
pub const TRANSITIONS: [(OrderStatus, Step, OrderStatus, StockMove); 8] = [
    (OrderStatus::PendingPayment, Step::Pay, OrderStatus::Paid, StockMove::Sell),
    (OrderStatus::PendingPayment, Step::Cancel, OrderStatus::Cancelled, StockMove::Release),
    (OrderStatus::PendingPayment, Step::Expire, OrderStatus::Expired, StockMove::Release),
    (OrderStatus::Paid, Step::Ship, OrderStatus::Shipped, StockMove::None),
    (OrderStatus::Paid, Step::PayBack, OrderStatus::Refunded, StockMove::Restock),
    (OrderStatus::Shipped, Step::Deliver, OrderStatus::Delivered, StockMove::None),
    (OrderStatus::Shipped, Step::PayBack, OrderStatus::Refunded, StockMove::None),
    (OrderStatus::Delivered, Step::PayBack, OrderStatus::Refunded, StockMove::None),
];

/// Why an order can't be placed or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// The user has no such order.
    #[error("there is no such order")]
    Unknown,
    /// The idempotency key was used for something else.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The first request with the idempotency key is not answered yet.
    #[error("a request with that idempotency key is under way")]
    KeyInUse,
    /// The buyer is no user any more.
    #[error("there is no such user")]
    NoBuyer,
    /// No payment can be made now.
    #[error("no payment can be made now")]
    PaymentUnavailable {
        /// When to try again.
        retry_after: Duration,
    },
    /// Nothing to buy.
    #[error("the cart is empty")]
    EmptyCart,
    /// The cart is another than the buyer saw.
    #[error("the cart has changed")]
    CartChanged,
    /// The price is another than the buyer saw.
    #[error("the total is now {total} cents", total = .total.0)]
    TotalChanged {
        /// The total as it is.
        total: Cents,
    },
    /// An article is not on sale any more.
    #[error("{name} is not on sale")]
    Unavailable {
        /// The article's name.
        name: String,
    },
    /// Not enough pieces.
    #[error(transparent)]
    Stock(#[from] ArticleError),
    /// More than the shop can account for.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The recipient's name or address is missing or too long.
    #[error("{field} must have 1 to {max} characters")]
    InvalidContact {
        /// The field.
        field: &'static str,
        /// The most characters it may have.
        max: usize,
    },
    /// The order does not allow that where it stands.
    #[error("the order does not allow that")]
    WrongState {
        /// Where it stands.
        status: OrderStatus,
        /// What is known of its payment.
        payment: PaymentStatus,
    },
}

impl Contact {
    /// The contact, if the fields are filled and not too long.
    pub fn new(name: String, email: Email, address: String) -> Result<Self, OrderError> {
        let filled = |field, text: &str, max| match text.trim().chars().count() {
            count if (1..=max).contains(&count) => Ok(()),
            _ => Err(OrderError::InvalidContact { field, max }),
        };
        filled("name", &name, 100)?;
        filled("address", &address, 500)?;
        Ok(Self { name, email, address })
    }
}

impl Order {
    /// The order that a cart becomes, and the articles with its stock reserved.
    pub fn place(
        id: OrderId,
        user: UserId,
        cart: &Cart,
        mut articles: Articles,
        checkout: Checkout,
        now: Timestamp,
        expires_after: Duration,
    ) -> Result<(Self, Articles), OrderError> {
        if cart.items.is_empty() {
            return Err(OrderError::EmptyCart);
        }
        if cart.version != checkout.cart_version {
            return Err(OrderError::CartChanged);
        }
        let (items, total) = freeze(cart, &articles)?;
        if total != checkout.expected_total {
            return Err(OrderError::TotalChanged { total });
        }
        for item in &items {
            articles.get_mut(&item.article).ok_or_else(|| item.unavailable())?.reserve(item.quantity)?;
        }
        let order = Self {
            id,
            user,
            status: OrderStatus::PendingPayment,
            items,
            total,
            contact: Some(checkout.contact),
            payment: Payment::submitting(1),
            cart_version: cart.version,
            created_at: now,
            expires_at: now + expires_after,
            called_off: false,
        };
        Ok((order, articles))
    }

    /// The order after the bank's answer to an attempt; an answer to another attempt, or to a question no longer open,
    /// changes nothing.
    pub fn settle(&self, attempt: u32, outcome: Outcome) -> Option<(Self, StockMove)> {
        let is_asked = self.status == OrderStatus::PendingPayment && attempt == self.payment.attempt;
        let payment = self.payment.settle(outcome).filter(|_| is_asked)?;
        let settled = Self { payment, ..self.clone() };
        let step = match settled.payment.status {
            PaymentStatus::Succeeded => Step::Pay,
            PaymentStatus::Declined | PaymentStatus::NotSent if self.called_off => Step::Cancel,
            _ => return Some((settled, StockMove::None)),
        };
        settled.step(step).ok()
    }

    /// The order with a new attempt to pay it.
    pub fn pay_again(&self) -> Result<Self, OrderError> {
        if self.status != OrderStatus::PendingPayment || self.payment.is_open() {
            return Err(self.wrong_state());
        }
        Ok(Self { payment: Payment::submitting(self.payment.attempt + 1), ..self.clone() })
    }

    /// The order called off: at once, or as soon as the bank has said whether it has charged.
    pub fn cancel(&self) -> Result<(Self, StockMove), OrderError> {
        match self.status {
            OrderStatus::PendingPayment if self.payment.is_open() => Ok((self.call_off(), StockMove::None)),
            // Called off while it was open, and then paid for after all: it is paid back.
            OrderStatus::Paid | OrderStatus::Refunded if self.called_off => Ok((self.clone(), StockMove::None)),
            _ => self.step(Step::Cancel),
        }
    }

    /// The order given up, because it was not paid in time.
    pub fn expire(&self, now: Timestamp) -> Result<(Self, StockMove), OrderError> {
        let is_due = now >= self.expires_at && !self.payment.is_open();
        if is_due { self.step(Step::Expire) } else { Err(self.wrong_state()) }
    }

    /// The order on its way.
    pub fn ship(&self) -> Result<(Self, StockMove), OrderError> {
        if self.is_to_be_paid_back() {
            return Err(self.wrong_state());
        }
        self.step(Step::Ship)
    }

    /// The order arrived.
    pub fn deliver(&self) -> Result<(Self, StockMove), OrderError> {
        self.step(Step::Deliver)
    }

    /// The order that the bank is to pay back.
    pub fn refund(&self) -> Result<Self, OrderError> {
        match self.status {
            OrderStatus::Refunded => Ok(self.clone()),
            OrderStatus::Paid | OrderStatus::Shipped | OrderStatus::Delivered => Ok(self.call_off()),
            _ => Err(self.wrong_state()),
        }
    }

    /// The order after the bank has paid it back; what had not left the house is on sale again.
    pub fn paid_back(&self) -> Option<(Self, StockMove)> {
        self.step(Step::PayBack).ok().filter(|_| self.is_to_be_paid_back())
    }

    /// Whether the bank is to pay it back.
    pub fn is_to_be_paid_back(&self) -> bool {
        let is_paid = matches!(self.status, OrderStatus::Paid | OrderStatus::Shipped | OrderStatus::Delivered);
        is_paid && self.called_off
    }

    /// Whether it waits for the buyer's money, or for the buyer to get it back.
    pub fn awaits_money(&self) -> bool {
        self.status == OrderStatus::PendingPayment || self.is_to_be_paid_back()
    }

    fn call_off(&self) -> Self {
        Self { called_off: true, ..self.clone() }
    }

    /// Whether goods may still have to be sent.
    pub fn needs_contact(&self) -> bool {
        matches!(self.status, OrderStatus::PendingPayment | OrderStatus::Paid | OrderStatus::Shipped)
    }

    /// The order without a word of who got the goods.
    pub fn anonymous(&self) -> Self {
        Self { contact: None, ..self.clone() }
    }

    /// One step of the table; one that was made already is made again without effect.
    fn step(&self, step: Step) -> Result<(Self, StockMove), OrderError> {
        if TRANSITIONS.iter().any(|(_, made, to, _)| (*made, *to) == (step, self.status)) {
            return Ok((self.clone(), StockMove::None));
        }
        let way = TRANSITIONS.iter().find(|(from, made, ..)| (*from, *made) == (self.status, step));
        let (_, _, status, stock) = *way.ok_or_else(|| self.wrong_state())?;
        Ok((Self { status, ..self.clone() }, stock))
    }

    fn wrong_state(&self) -> OrderError {
        OrderError::WrongState { status: self.status, payment: self.payment.status }
    }
}

impl StockMove {
    /// The articles after the move, for every item of the order whose article still exists.
    pub fn apply(self, order: &Order, mut articles: Articles) -> Result<Articles, ArticleError> {
        for item in &order.items {
            let Some(article) = articles.get_mut(&item.article) else { continue };
            match self {
                Self::None => {}
                Self::Release => article.release(item.quantity)?,
                Self::Sell => article.sell(item.quantity)?,
                Self::Restock => article.restock(item.quantity),
            }
        }
        Ok(articles)
    }
}

impl OrderItem {
    fn unavailable(&self) -> OrderError {
        OrderError::Unavailable { name: self.name.clone() }
    }
}

/// The items of a cart at the prices of now, and their total.
fn freeze(cart: &Cart, articles: &Articles) -> Result<(Vec<OrderItem>, Cents), OrderError> {
    let mut total = Cents::ZERO;
    let mut items = Vec::with_capacity(cart.items.len());
    for item in &cart.items {
        let article = articles.get(&item.article).filter(|article| article.active);
        let article = article.ok_or_else(|| OrderError::Unavailable { name: item.name.clone() })?;
        let line_total = article.price.times(item.quantity.get())?;
        total = total.plus(line_total)?;
        items.push(OrderItem {
            article: article.id,
            name: article.name.clone(),
            quantity: item.quantity,
            unit_price: article.price,
            line_total,
        });
    }
    Ok((items, total))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::article::Article;
    use crate::article::tests::lamp;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn shelf() -> Articles {
        Articles::from([(ArticleId(1), lamp())])
    }

    fn cart(pieces: u32) -> Cart {
        Cart::empty(NOW).add(&lamp(), Quantity::new(pieces).unwrap(), NOW).unwrap()
    }

    fn checkout(total: u64) -> Checkout {
        let email = Email::new("ana@example.org").unwrap();
        let contact = Contact::new("Ana".into(), email, "1 Quay Street".into()).unwrap();
        Checkout { cart_version: 1, expected_total: Cents(total), contact }
    }

    fn place(pieces: u32, total: u64, articles: Articles) -> Result<(Order, Articles), OrderError> {
        let minutes = Duration::from_secs(15 * 60);
        Order::place(OrderId(Uuid::nil()), UserId(Uuid::nil()), &cart(pieces), articles, checkout(total), NOW, minutes)
    }

    fn placed() -> Order {
        place(2, 2_500, shelf()).unwrap().0
    }

    fn paid() -> Order {
        placed().settle(1, Outcome::Approved).unwrap().0
    }

    #[test]
    fn placing_freezes_prices_and_reserves_stock() {
        let (order, articles) = place(2, 2_500, shelf()).unwrap();
        assert_eq!(order.total, Cents(2_500));
        assert_eq!(order.payment, Payment::submitting(1));
        assert_eq!(articles[&ArticleId(1)].reserved, 2);
    }

    #[test]
    fn another_total_than_shown_is_refused() {
        assert_eq!(place(2, 2_499, shelf()), Err(OrderError::TotalChanged { total: Cents(2_500) }));
    }

    #[test]
    fn more_than_available_or_off_sale_is_refused() {
        assert!(matches!(place(6, 7_500, shelf()), Err(OrderError::Stock(_))));
        let retired = Articles::from([(ArticleId(1), Article { active: false, ..lamp() })]);
        assert_eq!(place(2, 2_500, retired), Err(OrderError::Unavailable { name: "Lamp".into() }));
    }

    #[test]
    fn an_approved_payment_sells_and_a_declined_one_can_be_tried_again() {
        let (order, stock) = placed().settle(1, Outcome::Approved).unwrap();
        assert_eq!((order.status, stock), (OrderStatus::Paid, StockMove::Sell));
        let (declined, stock) = placed().settle(1, Outcome::Declined).unwrap();
        assert_eq!((declined.status, stock), (OrderStatus::PendingPayment, StockMove::None));
        assert_eq!(declined.pay_again().unwrap().payment, Payment::submitting(2));
    }

    #[test]
    fn an_answer_to_another_attempt_changes_nothing() {
        let again = placed().settle(1, Outcome::Declined).unwrap().0.pay_again().unwrap();
        assert_eq!(again.settle(1, Outcome::Approved), None);
        assert_eq!(paid().settle(1, Outcome::Declined), None);
    }

    #[test]
    fn a_question_that_never_left_does_not_undo_one_that_did() {
        let unknown = placed().settle(1, Outcome::Unknown).unwrap().0;
        assert_eq!(unknown.settle(1, Outcome::NotSent), None);
        assert_eq!(unknown.settle(1, Outcome::Approved).unwrap().0.status, OrderStatus::Paid);
        let not_sent = placed().settle(1, Outcome::NotSent).unwrap().0;
        assert_eq!(not_sent.pay_again().unwrap().payment, Payment::submitting(2));
    }

    #[test]
    fn while_the_bank_may_still_charge_nothing_closes_or_pays_again() {
        for order in [placed(), placed().settle(1, Outcome::Unknown).unwrap().0] {
            assert!(order.pay_again().is_err());
            assert!(order.expire(order.expires_at).is_err());
        }
    }

    #[test]
    fn an_order_called_off_while_the_bank_may_charge_is_cancelled_or_paid_back_in_the_end() {
        for open in [placed(), placed().settle(1, Outcome::Unknown).unwrap().0] {
            let (wish, stock) = open.cancel().unwrap();
            assert_eq!((wish.status, wish.called_off, stock), (OrderStatus::PendingPayment, true, StockMove::None));
            let (cancelled, stock) = wish.settle(1, Outcome::Declined).unwrap();
            assert_eq!((cancelled.status, stock), (OrderStatus::Cancelled, StockMove::Release));
            let (paid, stock) = wish.settle(1, Outcome::Approved).unwrap();
            assert_eq!((paid.status, stock), (OrderStatus::Paid, StockMove::Sell));
            assert!(paid.is_to_be_paid_back() && paid.ship().is_err());
            assert_eq!(paid.cancel().unwrap(), (paid.clone(), StockMove::None));
            let (refunded, stock) = paid.paid_back().unwrap();
            assert_eq!((refunded.status, stock), (OrderStatus::Refunded, StockMove::Restock));
            assert_eq!(refunded.cancel().unwrap(), (refunded.clone(), StockMove::None));
        }
    }

    #[test]
    fn money_is_paid_back_only_when_somebody_asked_and_once() {
        assert_eq!(paid().paid_back(), None);
        let wish = paid().ship().unwrap().0.refund().unwrap();
        assert_eq!((wish.status, wish.refund().unwrap()), (OrderStatus::Shipped, wish.clone()));
        let (refunded, stock) = wish.paid_back().unwrap();
        assert_eq!((refunded.status, stock), (OrderStatus::Refunded, StockMove::None));
        assert_eq!((refunded.paid_back(), refunded.refund()), (None, Ok(refunded)));
        assert!(placed().refund().is_err());
    }

    #[test]
    fn only_the_drawn_transitions_are_allowed_and_repeating_one_changes_nothing() {
        let declined = placed().settle(1, Outcome::Declined).unwrap().0;
        let (cancelled, stock) = declined.cancel().unwrap();
        assert_eq!(stock, StockMove::Release);
        assert_eq!(cancelled.cancel().unwrap(), (cancelled.clone(), StockMove::None));
        assert!(cancelled.ship().is_err());
        let shipped = paid().ship().unwrap().0;
        let delivered = shipped.deliver().unwrap().0;
        assert!(paid().deliver().is_err());
        assert!(paid().cancel().is_err());
        assert_eq!(delivered.refund().unwrap().paid_back().unwrap().1, StockMove::None);
    }

    #[test]
    fn whatever_happens_in_whatever_order_only_the_ways_of_the_table_are_gone() {
        let (mut seen, mut reached) = (BTreeSet::new(), vec![placed()]);
        while let Some(order) = reached.pop() {
            if !seen.insert(format!("{order:?}")) {
                continue;
            }
            let outcomes = [Outcome::Approved, Outcome::Declined, Outcome::NotSent, Outcome::Unknown];
            let mut next: Vec<_> =
                outcomes.iter().filter_map(|outcome| order.settle(order.payment.attempt, *outcome)).collect();
            next.extend(
                order.pay_again().ok().filter(|again| again.payment.attempt < 4).map(|again| (again, StockMove::None)),
            );
            next.extend(order.refund().ok().map(|wish| (wish, StockMove::None)));
            next.extend(
                [order.cancel(), order.expire(order.expires_at), order.ship(), order.deliver()].into_iter().flatten(),
            );
            next.extend(order.paid_back());
            for (after, stock) in next {
                let way = TRANSITIONS.iter().find(|(from, _, to, _)| (*from, *to) == (order.status, after.status));
                let expected = way.map_or(StockMove::None, |(.., stock)| *stock);
                assert!(way.is_some() || after.status == order.status, "{order:?} became {after:?}");
                assert_eq!(stock, expected, "{order:?} became {after:?}");
                assert!(after.status != OrderStatus::Expired || !order.payment.is_open());
                assert!(after.status != OrderStatus::Cancelled || !after.payment.is_open());
                assert!(after.payment.attempt == order.payment.attempt || !order.payment.is_open());
                reached.push(after);
            }
        }
        assert!(seen.len() > 40, "{}", seen.len());
    }

    #[test]
    fn the_drawing_is_of_the_tables() {
        let drawing = include_str!("../../docs/orders.md");
        let word = |value: serde_json::Value| value.as_str().unwrap().to_owned();
        let mut ways: Vec<_> = TRANSITIONS
            .iter()
            .map(|(from, step, to, _)| {
                let [from, step, to] = [json!(from), json!(step), json!(to)].map(word);
                format!("    {from} --> {to}: {step}")
            })
            .collect();
        ways.extend(crate::payment::TRANSITIONS.iter().map(|(from, outcome, to)| {
            let [from, outcome, to] = [json!(from), json!(outcome), json!(to)].map(word);
            format!("    {from} --> {to}: {outcome}")
        }));
        let drawn: Vec<_> = drawing.lines().filter(|line| line.contains(": ") && line.contains(" --> ")).collect();
        assert_eq!(drawn, ways);
    }

    #[test]
    fn an_order_expires_when_its_time_is_over_and_not_before() {
        let declined = placed().settle(1, Outcome::Declined).unwrap().0;
        assert!(declined.expire(NOW).is_err());
        assert_eq!(declined.expire(declined.expires_at).unwrap().0.status, OrderStatus::Expired);
    }
}
