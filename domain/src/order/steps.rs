//! The steps of an order: every way from one status to another, and what it does to the stock.

use jiff::Timestamp;
use serde::Serialize;

use super::{Order, OrderError, OrderStatus};
use crate::article::{ArticleError, Articles};
use crate::payment::{Outcome, Payment, PaymentStatus};

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

impl Order {
    /// The order after the bank's answer to an attempt; an answer to another attempt, or to a question no longer open,
    /// changes nothing.
    pub fn settle(&self, attempt: u32, outcome: Outcome) -> Option<(Self, StockMove)> {
        let is_asked =
            self.status == OrderStatus::PendingPayment && attempt == self.payment.attempt;
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
            OrderStatus::PendingPayment if self.payment.is_open() => {
                Ok((self.call_off(), StockMove::None))
            }
            // Called off while it was open, and then paid for after all: it is paid back.
            OrderStatus::Paid | OrderStatus::Refunded if self.called_off => {
                Ok((self.clone(), StockMove::None))
            }
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
            OrderStatus::Paid | OrderStatus::Shipped | OrderStatus::Delivered => {
                Ok(self.call_off())
            }
            _ => Err(self.wrong_state()),
        }
    }

    /// The order after the bank has paid it back; what had not left the house is on sale again.
    pub fn paid_back(&self) -> Option<(Self, StockMove)> {
        self.step(Step::PayBack).ok().filter(|_| self.is_to_be_paid_back())
    }

    /// Whether the bank is to pay it back.
    pub fn is_to_be_paid_back(&self) -> bool {
        let is_paid = matches!(
            self.status,
            OrderStatus::Paid | OrderStatus::Shipped | OrderStatus::Delivered
        );
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
        matches!(
            self.status,
            OrderStatus::PendingPayment | OrderStatus::Paid | OrderStatus::Shipped
        )
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::super::tests::{NOW, placed};
    use super::*;

    fn paid() -> Order {
        placed().settle(1, Outcome::Approved).unwrap().0
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
            assert_eq!(
                (wish.status, wish.called_off, stock),
                (OrderStatus::PendingPayment, true, StockMove::None)
            );
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
            let outcomes =
                [Outcome::Approved, Outcome::Declined, Outcome::NotSent, Outcome::Unknown];
            let mut next: Vec<_> = outcomes
                .iter()
                .filter_map(|outcome| order.settle(order.payment.attempt, *outcome))
                .collect();
            next.extend(
                order
                    .pay_again()
                    .ok()
                    .filter(|again| again.payment.attempt < 4)
                    .map(|again| (again, StockMove::None)),
            );
            next.extend(order.refund().ok().map(|wish| (wish, StockMove::None)));
            next.extend(
                [order.cancel(), order.expire(order.expires_at), order.ship(), order.deliver()]
                    .into_iter()
                    .flatten(),
            );
            next.extend(order.paid_back());
            for (after, stock) in next {
                let way = TRANSITIONS
                    .iter()
                    .find(|(from, _, to, _)| (*from, *to) == (order.status, after.status));
                let expected = way.map_or(StockMove::None, |(.., stock)| *stock);
                assert!(
                    way.is_some() || after.status == order.status,
                    "{order:?} became {after:?}"
                );
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
        let drawing = include_str!("../../../docs/orders.md");
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
        let drawn: Vec<_> =
            drawing.lines().filter(|line| line.contains(": ") && line.contains(" --> ")).collect();
        assert_eq!(drawn, ways);
    }

    #[test]
    fn an_order_expires_when_its_time_is_over_and_not_before() {
        let declined = placed().settle(1, Outcome::Declined).unwrap().0;
        assert!(declined.expire(NOW).is_err());
        assert_eq!(declined.expire(declined.expires_at).unwrap().0.status, OrderStatus::Expired);
    }
}
