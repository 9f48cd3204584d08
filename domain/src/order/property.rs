//! A property test of orders: in any sequence of events, the bank charges once for an order that is
//! kept and not at all for any other, and every unit is reserved, sold or available.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;

use super::checkout::tests::placed;
use super::transitions::StockMove;
use super::{Order, OrderError, OrderStatus};
use crate::article::tests::lamp;
use crate::article::{Article, ArticleId, Articles};
use crate::payment::{Outcome, PaymentStatus};

/// A command to the order, or an event around it.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// The shop calls the bank, if the order needs a charge or a refund.
    CallBank(BankCall),
    /// An earlier outcome is delivered again.
    Redeliver(Index),
    PayAgain,
    Cancel,
    Expire,
    Ship,
    Deliver,
    Refund,
}

/// How a call to the bank goes.
#[derive(Debug, Clone, Copy)]
struct BankCall {
    /// Whether the request reaches the bank.
    arrives: bool,
    /// What the bank decides, unless it decided on an earlier call with the same key.
    approves: bool,
    /// Whether the result is received.
    is_answered: bool,
}

/// An order with its article and its bank.
struct World {
    order: Order,
    articles: Articles,
    /// Whether the bank holds a charge, for each attempt it has decided.
    charges: BTreeMap<u32, bool>,
    /// The outcomes delivered so far, each with its attempt.
    delivered: Vec<(u32, Outcome)>,
    was_shipped: bool,
}

fn act() -> impl Strategy<Value = Act> {
    let call = (any::<bool>(), any::<bool>(), any::<bool>())
        .prop_map(|(arrives, approves, is_answered)| BankCall { arrives, approves, is_answered });
    prop_oneof![
        4 => call.prop_map(Act::CallBank),
        3 => any::<Index>().prop_map(Act::Redeliver),
        4 => Just(Act::PayAgain),
        1 => Just(Act::Cancel),
        1 => Just(Act::Expire),
        1 => Just(Act::Ship),
        1 => Just(Act::Deliver),
        1 => Just(Act::Refund),
    ]
}

impl World {
    fn new() -> Self {
        let reserved = Article { reserved: 2, ..lamp() };
        Self {
            order: placed(),
            articles: Articles::from([(ArticleId(1), reserved)]),
            charges: BTreeMap::new(),
            delivered: Vec::new(),
            was_shipped: false,
        }
    }

    fn perform(&mut self, act: Act) {
        let before = self.order.clone();
        match act {
            Act::CallBank(call) => self.call_bank(call),
            Act::Redeliver(_) if self.delivered.is_empty() => {}
            Act::Redeliver(index) => {
                let (attempt, outcome) = *index.get(&self.delivered);
                self.deliver_outcome(attempt, outcome);
            }
            Act::PayAgain => self.order = before.pay_again().unwrap_or(before.clone()),
            Act::Cancel => self.adopt(before.cancel()),
            Act::Expire => self.adopt(before.expire(before.expires_at)),
            Act::Ship => self.adopt(before.ship()),
            Act::Deliver => self.adopt(before.deliver()),
            Act::Refund => self.order = before.refund().unwrap_or(before.clone()),
        }
        self.was_shipped |= self.order.status == OrderStatus::Shipped;
        self.check_change(&before);
    }

    fn call_bank(&mut self, call: BankCall) {
        let attempt = self.order.payment.attempt;
        if self.order.needs_refund() {
            self.call_refund(call);
        } else if self.order.payment.is_open() {
            let outcome = self.call_charge(call);
            self.deliver_outcome(attempt, outcome);
        }
    }

    fn call_charge(&mut self, call: BankCall) -> Outcome {
        if !call.arrives {
            return if call.is_answered { Outcome::NotSent } else { Outcome::Unknown };
        }
        match *self.charges.entry(self.order.payment.attempt).or_insert(call.approves) {
            _ if !call.is_answered => Outcome::Unknown,
            true => Outcome::Approved,
            false => Outcome::Declined,
        }
    }

    fn call_refund(&mut self, call: BankCall) {
        if call.arrives {
            self.charges.insert(self.order.payment.attempt, false);
        }
        if call.arrives && call.approves && call.is_answered {
            self.adopt(self.order.refunded().ok_or(OrderError::Unknown));
        }
    }

    fn deliver_outcome(&mut self, attempt: u32, outcome: Outcome) {
        self.delivered.push((attempt, outcome));
        if let Some(settled) = self.order.settle(attempt, outcome) {
            self.adopt(Ok(settled));
        }
    }

    /// Adopts the changed order and its stock move. A refused change has no effect.
    fn adopt(&mut self, change: Result<(Order, StockMove), OrderError>) {
        if let Ok((order, stock)) = change {
            self.articles = stock.apply(&order, self.articles.clone()).expect("the stock is there");
            self.order = order;
        }
    }

    /// Checks that attempts follow one another, and that items and successful payments stay.
    fn check_change(&self, before: &Order) {
        let after = &self.order;
        let change = format!("{before:?} became {after:?}");
        let new_attempts = after.payment.attempt - before.payment.attempt;
        assert!(new_attempts == 0 || new_attempts == 1 && !before.payment.is_open(), "{change}");
        let had_succeeded = before.payment.status == PaymentStatus::Succeeded;
        assert!(!had_succeeded || after.payment == before.payment, "{change}");
        assert_eq!((&after.items, after.total), (&before.items, before.total));
    }

    /// Checks charges and stock against the status of the order.
    fn check(&self) {
        let charges = self.charges.values().filter(|is_charged| **is_charged).count();
        let status = self.order.status;
        let lamp = &self.articles[&ArticleId(1)];
        assert!(charges <= 1, "the bank charged twice");
        let (charges_fit, stock) = match status {
            OrderStatus::PendingPayment => (charges == 0 || self.order.payment.is_open(), (5, 2)),
            OrderStatus::Cancelled | OrderStatus::Expired => (charges == 0, (5, 0)),
            OrderStatus::Paid | OrderStatus::Shipped | OrderStatus::Delivered => {
                (charges == 1 || self.order.needs_refund(), (3, 0))
            }
            OrderStatus::Refunded => (charges == 0, if self.was_shipped { (3, 0) } else { (5, 0) }),
        };
        assert!(charges_fit, "{status:?} with {charges} charges");
        assert_eq!((lamp.on_hand, lamp.reserved), stock, "{status:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn an_order_is_charged_once_or_not_at_all_and_its_units_are_accounted_for(
        acts in prop::collection::vec(act(), 1..40),
    ) {
        let mut world = World::new();
        for act in acts {
            world.perform(act);
            world.check();
        }
        // Once the bank can be reached again, an open payment or refund comes to an end.
        for approves in [false, true] {
            world.perform(Act::CallBank(BankCall { arrives: true, approves, is_answered: true }));
        }
        world.check();
        prop_assert!(!world.order.payment.is_open() && !world.order.needs_refund());
    }
}
