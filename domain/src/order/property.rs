//! Whatever happens to an order, in whatever sequence: the bank charges for it once if it is bought and not at all if it
//! isn't, and every piece of it is reserved, sold or on the shelf.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::tests::placed;
use super::{Order, OrderError, OrderStatus, StockMove};
use crate::article::tests::lamp;
use crate::article::{Article, ArticleId, Articles};
use crate::payment::{Outcome, PaymentStatus};

/// What somebody or something does.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// The bank is asked, if it is to be: it decides in some way unless it did before, and perhaps is not heard.
    Ask {
        arrives: bool,
        approves: bool,
        is_heard: bool,
    },
    /// An outcome is told once more.
    TellAgain(prop::sample::Index),
    PayAgain,
    Cancel,
    Expire,
    Ship,
    Deliver,
    Refund,
}

/// An order with the article it is for and the bank that it is paid at.
struct World {
    order: Order,
    articles: Articles,
    /// What the bank has decided for each attempt.
    charged: BTreeMap<u32, bool>,
    told: Vec<(u32, Outcome)>,
    has_left: bool,
}

fn act() -> impl Strategy<Value = Act> {
    let ask = (any::<bool>(), any::<bool>(), any::<bool>())
        .prop_map(|(arrives, approves, is_heard)| Act::Ask { arrives, approves, is_heard });
    prop_oneof![
        4 => ask,
        3 => any::<prop::sample::Index>().prop_map(Act::TellAgain),
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
        let articles = Articles::from([(ArticleId(1), reserved)]);
        Self {
            order: placed(),
            articles,
            charged: BTreeMap::new(),
            told: Vec::new(),
            has_left: false,
        }
    }

    fn does(&mut self, act: Act) {
        let before = self.order.clone();
        match act {
            Act::Ask { arrives, approves, is_heard } if before.is_to_be_paid_back() => {
                self.pays_back(arrives, arrives && approves && is_heard);
            }
            Act::Ask { arrives, approves, is_heard } if before.payment.is_open() => {
                let outcome = self.asks(arrives, approves, is_heard);
                self.tells(before.payment.attempt, outcome);
            }
            Act::Ask { .. } => {}
            Act::TellAgain(_) if self.told.is_empty() => {}
            Act::TellAgain(which) => {
                let (attempt, outcome) = *which.get(&self.told);
                self.tells(attempt, outcome);
            }
            Act::PayAgain => self.order = before.pay_again().unwrap_or(before.clone()),
            Act::Cancel => self.becomes(before.cancel()),
            Act::Expire => self.becomes(before.expire(before.expires_at)),
            Act::Ship => self.becomes(before.ship()),
            Act::Deliver => self.becomes(before.deliver()),
            Act::Refund => self.order = before.refund().unwrap_or(before.clone()),
        }
        self.has_left |= self.order.status == OrderStatus::Shipped;
        let again = self.order.payment.attempt - before.payment.attempt;
        assert!(
            again == 0 || (again == 1 && !before.payment.is_open()),
            "{before:?} became {:?}",
            self.order
        );
        let had_succeeded = before.payment.status == PaymentStatus::Succeeded;
        assert!(
            !had_succeeded || self.order.payment == before.payment,
            "{before:?} became {:?}",
            self.order
        );
        assert_eq!((&self.order.items, self.order.total), (&before.items, before.total));
    }

    fn asks(&mut self, arrives: bool, approves: bool, is_heard: bool) -> Outcome {
        if !arrives {
            return if is_heard { Outcome::NotSent } else { Outcome::Unknown };
        }
        match *self.charged.entry(self.order.payment.attempt).or_insert(approves) {
            _ if !is_heard => Outcome::Unknown,
            true => Outcome::Approved,
            false => Outcome::Declined,
        }
    }

    fn tells(&mut self, attempt: u32, outcome: Outcome) {
        self.told.push((attempt, outcome));
        if let Some(settled) = self.order.settle(attempt, outcome) {
            self.becomes(Ok(settled));
        }
    }

    fn pays_back(&mut self, arrives: bool, is_heard: bool) {
        if arrives {
            self.charged.insert(self.order.payment.attempt, false);
        }
        if is_heard {
            self.becomes(self.order.paid_back().ok_or(OrderError::Unknown));
        }
    }

    /// A refused step changes nothing; an allowed one takes its stock along.
    fn becomes(&mut self, step: Result<(Order, StockMove), OrderError>) {
        if let Ok((order, stock)) = step {
            self.articles = stock.apply(&order, self.articles.clone()).expect("the stock is there");
            self.order = order;
        }
    }

    fn makes_sense(&self) {
        let charged = self.charged.values().filter(|charged| **charged).count();
        let (status, lamp) = (self.order.status, &self.articles[&ArticleId(1)]);
        assert!(charged <= 1, "paid twice");
        let (is_charged, stock) = match status {
            OrderStatus::PendingPayment => (charged == 0 || self.order.payment.is_open(), (5, 2)),
            OrderStatus::Cancelled | OrderStatus::Expired => (charged == 0, (5, 0)),
            OrderStatus::Paid | OrderStatus::Shipped | OrderStatus::Delivered => {
                (charged == 1 || self.order.is_to_be_paid_back(), (3, 0))
            }
            OrderStatus::Refunded => (charged == 0, if self.has_left { (3, 0) } else { (5, 0) }),
        };
        assert!(is_charged, "{status:?} and charged {charged} times");
        assert_eq!((lamp.on_hand, lamp.reserved), stock, "{status:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn whatever_happens_an_order_is_paid_for_once_or_not_at_all_and_its_stock_is_accounted_for(
        acts in prop::collection::vec(act(), 1..40),
    ) {
        let mut world = World::new();
        for act in acts {
            world.does(act);
            world.makes_sense();
        }
        // In the end the bank hears and is heard, and nothing stays open.
        world.does(Act::Ask { arrives: true, approves: false, is_heard: true });
        world.does(Act::Ask { arrives: true, approves: true, is_heard: true });
        world.makes_sense();
        prop_assert!(!world.order.payment.is_open() && !world.order.is_to_be_paid_back());
    }
}
