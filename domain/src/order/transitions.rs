//! The transitions of an order: every way from one status to another, and its stock move.

use jiff::Timestamp;
use serde::Serialize;

use super::{Order, OrderError, OrderStatus, Requested};
use crate::article::{ArticleError, Articles};
use crate::moment::is_ahead;
use crate::payment::{Outcome, Payment, PaymentStatus};

/// What a transition of an order does to the stock of its articles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StockMove {
    /// The stock does not change.
    None,
    /// The reserved units become available again.
    Release,
    /// The reserved units leave the stock.
    Sell,
    /// The sold units return to the stock, because they were never shipped.
    Restock,
}

/// The name of a transition of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Transition {
    /// The bank has charged.
    Pay,
    /// The order is cancelled before it is paid.
    Cancel,
    /// The time to pay is over.
    Expire,
    /// The goods are sent.
    Ship,
    /// The goods arrive.
    Deliver,
    /// The bank has refunded the order.
    Refund,
}

/// Every transition: the status before, its name, the status after, and the stock move.
///
/// No other transition exists. Each unit of an order is therefore either reserved, sold or
/// available, and only a paid order is shipped or refunded.
pub const TRANSITIONS: [(OrderStatus, Transition, OrderStatus, StockMove); 8] = [
    (OrderStatus::PendingPayment, Transition::Pay, OrderStatus::Paid, StockMove::Sell),
    (OrderStatus::PendingPayment, Transition::Cancel, OrderStatus::Cancelled, StockMove::Release),
    (OrderStatus::PendingPayment, Transition::Expire, OrderStatus::Expired, StockMove::Release),
    (OrderStatus::Paid, Transition::Ship, OrderStatus::Shipped, StockMove::None),
    (OrderStatus::Paid, Transition::Refund, OrderStatus::Refunded, StockMove::Restock),
    (OrderStatus::Shipped, Transition::Deliver, OrderStatus::Delivered, StockMove::None),
    (OrderStatus::Shipped, Transition::Refund, OrderStatus::Refunded, StockMove::None),
    (OrderStatus::Delivered, Transition::Refund, OrderStatus::Refunded, StockMove::None),
];

impl Order {
    /// Returns the order after the outcome of a payment attempt, or `None` if nothing changes.
    ///
    /// Only an outcome of the open, latest attempt has an effect. A late or repeated outcome thus
    /// never overrides a result that was already stored.
    pub fn settle(&self, attempt: u32, outcome: Outcome) -> Option<(Self, StockMove)> {
        let is_expected =
            self.status == OrderStatus::PendingPayment && attempt == self.payment.attempt;
        let payment = self.payment.settle(outcome).filter(|_| is_expected)?;
        let settled = Self { payment, ..self.clone() };
        let transition = match settled.payment.status {
            PaymentStatus::Succeeded => Transition::Pay,
            PaymentStatus::Declined | PaymentStatus::NotSent if self.is_called_off() => {
                Transition::Cancel
            }
            _ => return Some((settled, StockMove::None)),
        };
        settled.transition(transition).ok()
    }

    /// Returns the order with a new payment attempt; a paid order is returned unchanged.
    ///
    /// Returns an error while an attempt is open: an order has at most one charge in progress, so
    /// it is never charged twice.
    pub fn pay_again(&self) -> Result<Self, OrderError> {
        match self.status {
            OrderStatus::Paid => Ok(self.clone()),
            OrderStatus::PendingPayment if !self.payment.is_open() => {
                let payment = Payment::submitting(self.payment.attempt + 1);
                Ok(Self { payment, ..self.clone() })
            }
            _ => Err(self.wrong_state()),
        }
    }

    /// Returns the order after the customer's request to cancel it.
    ///
    /// While the payment is open, the bank may have charged. The order is then only marked, and is
    /// cancelled or refunded when the outcome is known. Returns an error if an administrator
    /// refunds the order: that was not the customer's request.
    pub fn cancel(&self) -> Result<(Self, StockMove), OrderError> {
        match self.status {
            OrderStatus::PendingPayment if self.payment.is_open() => {
                Ok((self.request(Requested::CancelledByCustomer), StockMove::None))
            }
            // The bank charged after the request, so the order is being refunded: a repeated
            // request has to succeed like the first one.
            OrderStatus::Paid | OrderStatus::Refunded
                if self.requested == Requested::CancelledByCustomer =>
            {
                Ok((self.clone(), StockMove::None))
            }
            _ => self.transition(Transition::Cancel),
        }
    }

    /// Returns the expired order, or an error if its time to pay is not over.
    ///
    /// An order does not expire while its payment is open: the bank may have charged.
    pub fn expire(&self, now: Timestamp) -> Result<(Self, StockMove), OrderError> {
        let is_due = self.is_overdue(now) && !self.payment.is_open();
        if is_due { self.transition(Transition::Expire) } else { Err(self.wrong_state()) }
    }

    /// Returns whether the time to pay is over.
    ///
    /// An order that was placed while the clock was ahead would keep its units for longer than it
    /// may, so its time is over too.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        now >= self.expires_at || is_ahead(self.created_at, now)
    }

    /// Returns the shipped order. An order that will be refunded is not shipped.
    pub fn ship(&self) -> Result<(Self, StockMove), OrderError> {
        if self.needs_refund() {
            return Err(self.wrong_state());
        }
        self.transition(Transition::Ship)
    }

    /// Returns the delivered order.
    pub fn deliver(&self) -> Result<(Self, StockMove), OrderError> {
        self.transition(Transition::Deliver)
    }

    /// Returns the order marked for an administrator's refund; [`refunded`](Self::refunded)
    /// completes it. An order that is already being refunded is returned unchanged.
    pub fn refund(&self) -> Result<Self, OrderError> {
        match self.status {
            OrderStatus::Refunded => Ok(self.clone()),
            OrderStatus::Paid | OrderStatus::Shipped | OrderStatus::Delivered => {
                Ok(self.request(Requested::RefundedByAdmin))
            }
            _ => Err(self.wrong_state()),
        }
    }

    /// Returns the order after the bank has refunded it, or `None` if no refund was requested.
    pub fn refunded(&self) -> Option<(Self, StockMove)> {
        self.transition(Transition::Refund).ok().filter(|_| self.needs_refund())
    }

    /// Returns whether the bank still has to refund the order.
    pub fn needs_refund(&self) -> bool {
        let is_paid = matches!(
            self.status,
            OrderStatus::Paid | OrderStatus::Shipped | OrderStatus::Delivered
        );
        is_paid && self.is_called_off()
    }

    /// Returns whether a cancellation or a refund was requested.
    pub fn is_called_off(&self) -> bool {
        self.requested != Requested::None
    }

    /// Returns whether the bank still has to decide on a charge or to refund.
    pub fn waits_for_bank(&self) -> bool {
        self.payment.is_open() || self.needs_refund()
    }

    /// Returns whether a payment or a refund is outstanding.
    pub fn is_unsettled(&self) -> bool {
        self.status == OrderStatus::PendingPayment || self.needs_refund()
    }

    /// Returns whether the contact is still needed, because goods may have to be shipped.
    pub fn needs_contact(&self) -> bool {
        matches!(
            self.status,
            OrderStatus::PendingPayment | OrderStatus::Paid | OrderStatus::Shipped
        )
    }

    /// Returns the order without its contact, and without the note, which may be about the person.
    pub fn anonymous(&self) -> Self {
        Self { contact: None, note: None, ..self.clone() }
    }

    /// Returns the order with a request, unless it has one.
    fn request(&self, request: Requested) -> Self {
        let requested = if self.is_called_off() { self.requested } else { request };
        Self { requested, ..self.clone() }
    }

    /// Returns the order after a transition of the table.
    ///
    /// A repeated transition succeeds and changes nothing, so that a client can safely retry.
    fn transition(&self, transition: Transition) -> Result<(Self, StockMove), OrderError> {
        if TRANSITIONS.iter().any(|(_, name, to, _)| (*name, *to) == (transition, self.status)) {
            return Ok((self.clone(), StockMove::None));
        }
        let row =
            TRANSITIONS.iter().find(|(from, name, ..)| (*from, *name) == (self.status, transition));
        let (_, _, status, stock) = *row.ok_or_else(|| self.wrong_state())?;
        Ok((Self { status, ..self.clone() }, stock))
    }

    fn wrong_state(&self) -> OrderError {
        OrderError::WrongState { status: self.status, payment: self.payment.status }
    }
}

impl StockMove {
    /// Returns the articles after the move of every item of the order.
    ///
    /// Skips articles that were removed from the shop: they have no stock to move.
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::super::checkout::tests::{NOW, placed};
    use super::*;
    use crate::article::tests::lamp;
    use crate::article::{Article, ArticleId};

    fn paid() -> Order {
        placed().settle(1, Outcome::Approved).unwrap().0
    }

    #[test]
    fn an_approved_payment_sells_the_units_and_a_declined_one_can_be_retried() {
        let (order, stock) = placed().settle(1, Outcome::Approved).unwrap();
        assert_eq!((order.status, stock), (OrderStatus::Paid, StockMove::Sell));
        let (declined, stock) = placed().settle(1, Outcome::Declined).unwrap();
        assert_eq!((declined.status, stock), (OrderStatus::PendingPayment, StockMove::None));
        assert_eq!(declined.pay_again().unwrap().payment, Payment::submitting(2));
    }

    #[test]
    fn an_outcome_of_another_attempt_changes_nothing() {
        let again = placed().settle(1, Outcome::Declined).unwrap().0.pay_again().unwrap();
        assert_eq!(again.settle(1, Outcome::Approved), None);
        assert_eq!(paid().settle(1, Outcome::Declined), None);
    }

    #[test]
    fn a_charge_that_was_not_sent_does_not_settle_an_earlier_unknown_one() {
        let unknown = placed().settle(1, Outcome::Unknown).unwrap().0;
        assert_eq!(unknown.settle(1, Outcome::NotSent), None);
        assert_eq!(unknown.settle(1, Outcome::Refused), None);
        assert_eq!(unknown.settle(1, Outcome::Approved).unwrap().0.status, OrderStatus::Paid);
        let not_sent = placed().settle(1, Outcome::NotSent).unwrap().0;
        assert_eq!(not_sent.pay_again().unwrap().payment, Payment::submitting(2));
    }

    #[test]
    fn while_a_payment_is_open_the_order_neither_expires_nor_is_paid_again() {
        for order in [placed(), placed().settle(1, Outcome::Unknown).unwrap().0] {
            assert!(order.pay_again().is_err());
            assert!(order.expire(order.expires_at).is_err());
        }
    }

    #[test]
    fn an_order_called_off_during_a_payment_is_later_cancelled_or_refunded() {
        for open in [placed(), placed().settle(1, Outcome::Unknown).unwrap().0] {
            let (marked, stock) = open.cancel().unwrap();
            assert_eq!(
                (marked.status, marked.requested, stock),
                (OrderStatus::PendingPayment, Requested::CancelledByCustomer, StockMove::None)
            );
            let (cancelled, stock) = marked.settle(1, Outcome::Declined).unwrap();
            assert_eq!((cancelled.status, stock), (OrderStatus::Cancelled, StockMove::Release));
            let (paid, stock) = marked.settle(1, Outcome::Approved).unwrap();
            assert_eq!((paid.status, stock), (OrderStatus::Paid, StockMove::Sell));
            assert!(paid.needs_refund() && paid.ship().is_err());
            assert_eq!(paid.cancel().unwrap(), (paid.clone(), StockMove::None));
            let (refunded, stock) = paid.refunded().unwrap();
            assert_eq!((refunded.status, stock), (OrderStatus::Refunded, StockMove::Restock));
            assert_eq!(refunded.cancel().unwrap(), (refunded.clone(), StockMove::None));
        }
    }

    #[test]
    fn a_customer_can_not_cancel_an_order_that_an_administrator_refunds() {
        let marked = paid().refund().unwrap();
        assert_eq!(marked.requested, Requested::RefundedByAdmin);
        let (refunded, _) = marked.refunded().unwrap();
        for order in [marked, refunded] {
            assert!(order.is_called_off());
            assert_eq!(order.cancel(), Err(order.wrong_state()));
            assert_eq!(order.refund().unwrap(), order);
        }
    }

    #[test]
    fn the_first_request_is_kept_when_an_administrator_refunds_a_cancelled_order() {
        let cancelled = placed().cancel().unwrap().0.settle(1, Outcome::Approved).unwrap().0;
        let refunded = cancelled.refund().unwrap();
        assert_eq!(refunded, cancelled);
        assert_eq!(refunded.cancel().unwrap(), (refunded.clone(), StockMove::None));
    }

    #[test]
    fn paying_a_paid_order_again_changes_nothing_and_any_other_order_is_refused() {
        assert_eq!(paid().pay_again().unwrap(), paid());
        let shipped = paid().ship().unwrap().0;
        let cancelled = placed().settle(1, Outcome::Declined).unwrap().0.cancel().unwrap().0;
        for order in [placed(), shipped, cancelled] {
            assert_eq!(order.pay_again(), Err(order.wrong_state()));
        }
    }

    #[test]
    fn an_order_is_refunded_only_on_request_and_only_once() {
        assert_eq!(paid().refunded(), None);
        let marked = paid().ship().unwrap().0.refund().unwrap();
        assert_eq!(
            (marked.status, marked.refund().unwrap()),
            (OrderStatus::Shipped, marked.clone())
        );
        let (refunded, stock) = marked.refunded().unwrap();
        assert_eq!((refunded.status, stock), (OrderStatus::Refunded, StockMove::None));
        assert_eq!((refunded.refunded(), refunded.refund()), (None, Ok(refunded)));
        assert!(placed().refund().is_err());
    }

    #[test]
    fn other_transitions_are_refused_and_a_repeated_one_changes_nothing() {
        let declined = placed().settle(1, Outcome::Declined).unwrap().0;
        let (cancelled, stock) = declined.cancel().unwrap();
        assert_eq!(stock, StockMove::Release);
        assert_eq!(cancelled.cancel().unwrap(), (cancelled.clone(), StockMove::None));
        assert!(cancelled.ship().is_err());
        let shipped = paid().ship().unwrap().0;
        let delivered = shipped.deliver().unwrap().0;
        assert!(paid().deliver().is_err());
        assert!(paid().cancel().is_err());
        assert_eq!(delivered.refund().unwrap().refunded().unwrap().1, StockMove::None);
    }

    /// Returns every state that an order can reach by one event or command.
    fn successors(order: &Order) -> Vec<(Order, StockMove)> {
        let settled = Outcome::ALL.map(|outcome| order.settle(order.payment.attempt, outcome));
        let changed =
            [order.cancel(), order.expire(order.expires_at), order.ship(), order.deliver()];
        let again = order.pay_again().ok().filter(|again| again.payment.attempt < 4);
        let marked = [again, order.refund().ok()].into_iter().flatten();
        settled
            .into_iter()
            .flatten()
            .chain(changed.into_iter().flatten())
            .chain(marked.map(|order| (order, StockMove::None)))
            .chain(order.refunded())
            .collect()
    }

    #[test]
    fn every_reachable_change_of_status_is_in_the_table() {
        let mut seen = BTreeSet::new();
        let mut reached = vec![placed()];
        while let Some(order) = reached.pop() {
            if !seen.insert(format!("{order:?}")) {
                continue;
            }
            for (after, stock) in successors(&order) {
                let row = TRANSITIONS
                    .iter()
                    .find(|(from, _, to, _)| (*from, *to) == (order.status, after.status));
                let expected = row.map_or(StockMove::None, |(.., stock)| *stock);
                let change = format!("{order:?} became {after:?}");
                assert!(row.is_some() || after.status == order.status, "{change}");
                assert_eq!(stock, expected, "{change}");
                assert!(after.status != OrderStatus::Expired || !order.payment.is_open());
                assert!(after.status != OrderStatus::Cancelled || !after.payment.is_open());
                assert!(after.payment.attempt == order.payment.attempt || !order.payment.is_open());
                reached.push(after);
            }
        }
        assert!(seen.len() > 40, "{}", seen.len());
    }

    #[test]
    fn the_diagrams_in_the_docs_show_exactly_the_tables() {
        let page = include_str!("../../../docs/orders.md");
        let name = |value: serde_json::Value| value.as_str().unwrap().to_owned();
        let orders = TRANSITIONS.iter().map(|(from, transition, to, _)| {
            let [from, transition, to] = [json!(from), json!(transition), json!(to)].map(name);
            format!("    {from} --> {to}: {transition}")
        });
        let payments = crate::payment::TRANSITIONS.iter().map(|(from, outcome, to)| {
            let [from, outcome, to] = [json!(from), json!(outcome), json!(to)].map(name);
            format!("    {from} --> {to}: {outcome}")
        });
        let expected: Vec<_> = orders.chain(payments).collect();
        let drawn: Vec<_> =
            page.lines().filter(|line| line.contains(": ") && line.contains(" --> ")).collect();
        assert_eq!(drawn, expected);
    }

    #[test]
    fn an_order_expires_when_its_time_to_pay_is_over_and_not_before() {
        let declined = placed().settle(1, Outcome::Declined).unwrap().0;
        assert!(declined.expire(NOW).is_err());
        assert_eq!(declined.expire(declined.expires_at).unwrap().0.status, OrderStatus::Expired);
    }

    #[test]
    fn an_order_that_was_placed_in_the_future_expires_at_once() {
        let declined = placed().settle(1, Outcome::Declined).unwrap().0;
        let before = |seconds| NOW - std::time::Duration::from_secs(seconds);
        assert!(declined.expire(before(60)).is_err());
        assert_eq!(declined.expire(before(61)).unwrap().0.status, OrderStatus::Expired);
    }

    #[test]
    fn an_order_has_its_contact_until_it_is_delivered_and_is_unsettled_until_it_is_paid() {
        for (status, needs_contact, is_unsettled, needs_refund) in [
            (OrderStatus::PendingPayment, true, true, false),
            (OrderStatus::Paid, true, false, true),
            (OrderStatus::Shipped, true, false, true),
            (OrderStatus::Delivered, false, false, true),
            (OrderStatus::Cancelled, false, false, false),
            (OrderStatus::Expired, false, false, false),
            (OrderStatus::Refunded, false, false, false),
        ] {
            let order = Order { status, ..placed() };
            assert_eq!(order.needs_contact(), needs_contact, "{status:?}");
            assert_eq!(order.is_unsettled(), is_unsettled, "{status:?}");
            let marked = Order { requested: Requested::RefundedByAdmin, ..order };
            assert_eq!(marked.needs_refund(), needs_refund, "{status:?}");
            assert_eq!(marked.is_unsettled(), is_unsettled || needs_refund, "{status:?}");
        }
    }

    #[test]
    fn an_anonymous_order_differs_only_in_its_contact() {
        assert!(placed().contact.is_some());
        assert_eq!(placed().anonymous(), Order { contact: None, ..placed() });
    }

    #[test]
    fn a_stock_move_changes_the_articles_of_the_order_and_skips_removed_ones() {
        let stock = |on_hand, reserved| {
            let lamp = Article { on_hand, reserved, ..lamp() };
            let other = Article { id: ArticleId(2), ..lamp.clone() };
            Articles::from([(ArticleId(1), lamp), (ArticleId(2), other)])
        };
        for (stock_move, on_hand, reserved) in [
            (StockMove::None, 5, 3),
            (StockMove::Release, 5, 1),
            (StockMove::Sell, 3, 1),
            (StockMove::Restock, 7, 3),
        ] {
            let mut expected = stock(5, 3);
            let lamp = Article { on_hand, reserved, ..lamp() };
            expected.insert(ArticleId(1), lamp);
            assert_eq!(stock_move.apply(&placed(), stock(5, 3)), Ok(expected));
            assert_eq!(stock_move.apply(&placed(), Articles::new()), Ok(Articles::new()));
        }
    }
}
