//! Whether the bank has charged for exactly what orders say is paid.

use std::collections::BTreeMap;

use actors::bank::{Answer, Bank, BankError, key};
use actors::clock::Clock;
use actors::store::{SharedStore, StoreError};
use domain::order::{Order, OrderId, OrderStatus};

use super::TELL_EVERY;
use crate::bank::http::{HttpBank, WrongUrl};
use crate::bank::ledger::{Entry, Ledger};
use crate::config;

/// All that a bank may say where it has charged nothing: it has not heard of it, declined it, or paid it back.
const NOTHING: &[Option<Answer>] = &[None, Some(Answer::Declined), Some(Answer::Voided)];

/// All that a bank may say at all.
const ANYTHING: &[Option<Answer>] =
    &[None, Some(Answer::Approved), Some(Answer::Declined), Some(Answer::Voided)];

/// Who knows what was charged.
pub enum Books {
    /// The bank inside the shop, whose ledger has all that was ever charged.
    Inside(Box<Ledger>),
    /// A bank elsewhere, which is asked for one attempt after the other.
    Elsewhere(Box<dyn Bank>),
}

/// Why nobody says what was charged.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// The ledger can't be read.
    #[error(transparent)]
    Ledger(#[from] StoreError),
    /// The bank doesn't answer.
    #[error("the bank can't be asked about order {order}, attempt {attempt}: {error}")]
    Bank {
        /// Which order.
        order: OrderId,
        /// Which attempt to have it paid.
        attempt: u32,
        /// What the bank did instead.
        error: BankError,
    },
}

impl Books {
    /// The books of the bank that is configured.
    pub fn open(bank: &config::Bank, store: SharedStore) -> Result<Self, WrongUrl> {
        Ok(if bank.is_simulated() {
            Self::Inside(Box::new(Ledger::new(store, Clock::default())))
        } else {
            Self::Elsewhere(Box::new(HttpBank::new(&bank.url, bank.timeout)?))
        })
    }

    /// Names everything that was charged though it should not have been, and the other way round; `tell` hears now and then how
    /// far it is.
    pub async fn compare(
        &self,
        orders: &[Order],
        tell: impl Fn(String),
    ) -> Result<Vec<String>, NoAnswer> {
        match self {
            Self::Inside(ledger) => Ok(with_ledger(orders, ledger.entries().await?)),
            Self::Elsewhere(bank) => with_bank(orders, bank.as_ref(), tell).await,
        }
    }
}

async fn with_bank(
    orders: &[Order],
    bank: &dyn Bank,
    tell: impl Fn(String),
) -> Result<Vec<String>, NoAnswer> {
    let mut wrong = Vec::new();
    for (done, order) in (1_usize..).zip(orders) {
        for attempt in 1..=order.payment.attempt {
            let said = bank.lookup(&key(order.id, attempt)).await;
            let said = said.map_err(|error| NoAnswer::Bank { order: order.id, attempt, error })?;
            wrong.extend(answer(order, attempt, said));
        }
        if done.is_multiple_of(TELL_EVERY) {
            tell(format!("{done} of {} orders compared with the bank", orders.len()));
        }
    }
    Ok(wrong)
}

/// A ledger also says how much was charged, and for what else.
fn with_ledger(orders: &[Order], mut entries: BTreeMap<String, Entry>) -> Vec<String> {
    let charged: u64 =
        entries.values().filter(|entry| entry.answer() == Answer::Approved).filter_map(cents).sum();
    let (mut wrong, mut paid) = (Vec::new(), 0);
    for order in orders {
        for attempt in 1..=order.payment.attempt {
            let entry = entries.remove(&key(order.id, attempt));
            let said = entry.as_ref().map(Entry::answer);
            wrong.extend(answer(order, attempt, said));
            wrong.extend(entry.and_then(|entry| charge(order, attempt, &entry)));
            paid += if is_paid(order, attempt, said) { order.total.0 } else { 0 };
        }
    }
    for (key, entry) in &entries {
        wrong.push(format!(
            "charge {key}: the bank says {}, there is no such order or attempt",
            whole(entry)
        ));
    }
    if charged != paid {
        wrong.push(format!(
            "the bank has charged {charged} cents in all, the orders that are paid cost {paid}"
        ));
    }
    wrong
}

/// Whether what the bank says of an attempt is what the order says.
fn answer(order: &Order, attempt: u32, said: Option<Answer>) -> Option<String> {
    let Order { id, status, payment, .. } = order;
    let is_wrong = !fitting(order, attempt).contains(&said);
    is_wrong.then(|| {
        format!(
            "order {id}, attempt {attempt}: the bank says {}, the order {status:?}, {:?} at attempt {}",
            word(said),
            payment.status,
            payment.attempt
        )
    })
}

/// Whether the bank was asked to charge what the order costs, and for that order.
fn charge(order: &Order, attempt: u32, entry: &Entry) -> Option<String> {
    let is_another = entry.order.is_some_and(|id| id != order.id)
        || entry.amount.is_some_and(|of| of != order.total);
    is_another.then(|| {
        let whose = entry.order.unwrap_or(order.id);
        format!(
            "order {}, attempt {attempt}: it costs {}, the bank says {} for {whose}",
            order.id,
            order.total.0,
            whole(entry)
        )
    })
}

/// Whether an attempt has brought in what the order costs.
fn is_paid(order: &Order, attempt: u32, said: Option<Answer>) -> bool {
    let (fitting, approved) = (fitting(order, attempt), Some(Answer::Approved));
    fitting == [approved] || said == approved && fitting.contains(&approved)
}

/// All that a bank may say of an attempt.
fn fitting(order: &Order, attempt: u32) -> &'static [Option<Answer>] {
    match order.status {
        _ if attempt < order.payment.attempt => NOTHING,
        OrderStatus::PendingPayment if order.payment.is_open() => ANYTHING,
        OrderStatus::PendingPayment | OrderStatus::Cancelled | OrderStatus::Expired => NOTHING,
        OrderStatus::Paid | OrderStatus::Shipped | OrderStatus::Delivered
            if order.is_to_be_paid_back() =>
        {
            &[Some(Answer::Approved), Some(Answer::Voided)]
        }
        OrderStatus::Paid | OrderStatus::Shipped | OrderStatus::Delivered => {
            &[Some(Answer::Approved)]
        }
        OrderStatus::Refunded => &[Some(Answer::Voided)],
    }
}

fn word(said: Option<Answer>) -> &'static str {
    match said {
        None => "nothing",
        Some(Answer::Approved) => "approved",
        Some(Answer::Declined) => "declined",
        Some(Answer::Voided) => "voided",
    }
}

fn whole(entry: &Entry) -> String {
    format!("{} {}", word(Some(entry.answer())), cents(entry).unwrap_or_default())
}

fn cents(entry: &Entry) -> Option<u64> {
    entry.amount.map(|amount| amount.0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use actors::bank::Charge;
    use actors::store::memory::MemoryStore;
    use domain::money::Cents;
    use domain::payment::Outcome;

    use super::super::tests::placed;
    use super::*;

    /// What the bank was asked: to charge, for some amount, with what decision; or to void.
    enum Asked {
        Charge(u32, u64, bool),
        Void(u32),
    }

    use Asked::{Charge as Charged, Void};

    async fn found(orders: &[Order], asked: &[Asked]) -> String {
        let ledger = Ledger::new(Arc::new(MemoryStore::new(Clock::default())), Clock::default());
        let id = placed().0.id;
        for asked in asked {
            match *asked {
                Charged(attempt, amount, approved) => {
                    let charge = Charge { key: key(id, attempt), order: id, amount: Cents(amount) };
                    ledger.decide(&charge, approved).await.unwrap();
                }
                Void(attempt) => drop(ledger.void(&key(id, attempt)).await.unwrap()),
            }
        }
        Books::Inside(Box::new(ledger)).compare(orders, |_| {}).await.unwrap().join("\n")
    }

    /// An order in the end of each way that it may go.
    fn orders() -> [Order; 7] {
        let open = placed().0;
        let (paid, _) = open.settle(1, Outcome::Approved).unwrap();
        let (declined, _) = open.settle(1, Outcome::Declined).unwrap();
        let (cancelled, _) = declined.cancel().unwrap();
        let (again, _) = declined.pay_again().unwrap().settle(2, Outcome::Approved).unwrap();
        let wish = paid.refund().unwrap();
        let (refunded, _) = wish.paid_back().unwrap();
        [open, paid, declined, cancelled, again, wish, refunded]
    }

    #[actix_web::test]
    async fn a_bank_that_did_what_orders_say_makes_no_difference() {
        let [open, paid, declined, cancelled, again, wish, refunded] = orders();
        let (yes, no) =
            (|attempt| Charged(attempt, 2_500, true), |attempt| Charged(attempt, 2_500, false));
        let cases: [(&Order, Vec<Asked>); 11] = [
            (&open, vec![]),
            (&open, vec![yes(1)]),
            (&open, vec![no(1)]),
            (&paid, vec![yes(1)]),
            (&declined, vec![no(1)]),
            (&cancelled, vec![no(1)]),
            (&cancelled, vec![]),
            (&again, vec![no(1), yes(2)]),
            (&wish, vec![yes(1)]),
            (&wish, vec![yes(1), Void(1)]),
            (&refunded, vec![yes(1), Void(1)]),
        ];
        for (order, asked) in cases {
            assert_eq!(found(std::slice::from_ref(order), &asked).await, "", "{order:?}");
        }
        assert_eq!(found(&[], &[]).await, "");
    }

    #[actix_web::test]
    async fn every_difference_from_the_bank_is_named() {
        let [open, paid, declined, cancelled, again, wish, refunded] = orders();
        let (yes, no) =
            (|attempt| Charged(attempt, 2_500, true), |attempt| Charged(attempt, 2_500, false));
        let cases: [(&Order, Vec<Asked>, &str); 12] = [
            (&paid, vec![], "attempt 1: the bank says nothing, the order Paid"),
            (&paid, vec![no(1)], "attempt 1: the bank says declined, the order Paid"),
            (&paid, vec![yes(1), Void(1)], "attempt 1: the bank says voided, the order Paid"),
            (&paid, vec![Charged(1, 2_499, true)], "it costs 2500, the bank says approved 2499"),
            (
                &open,
                vec![Charged(1, 2_499, true)],
                "charged 2499 cents in all, the orders that are paid cost 2500",
            ),
            (
                &paid,
                vec![yes(1), yes(2)],
                "-2: the bank says approved 2500, there is no such order",
            ),
            (
                &declined,
                vec![yes(1)],
                "attempt 1: the bank says approved, the order PendingPayment",
            ),
            (&cancelled, vec![yes(1)], "attempt 1: the bank says approved, the order Cancelled"),
            (&again, vec![yes(1), yes(2)], "attempt 1: the bank says approved, the order Paid"),
            (&again, vec![no(1)], "attempt 2: the bank says nothing, the order Paid"),
            (&wish, vec![no(1)], "attempt 1: the bank says declined, the order Paid"),
            (&refunded, vec![yes(1)], "attempt 1: the bank says approved, the order Refunded"),
        ];
        for (order, asked, difference) in cases {
            let told = found(std::slice::from_ref(order), &asked).await;
            assert!(told.contains(difference), "{told}");
            assert!(
                told.contains(&order.id.to_string()) || told.starts_with("the bank has charged"),
                "{told}"
            );
        }
        let unheard = found(&[], &[yes(1)]).await;
        assert!(
            unheard.contains("there is no such order")
                && unheard.contains("charged 2500 cents in all"),
            "{unheard}"
        );
    }
}
