//! Compares the orders with the decisions of the bank.

use std::collections::BTreeMap;

use actors::bank::{Answer, Bank, key};
use domain::order::{Order, OrderStatus};

use super::{BooksError, PROGRESS_INTERVAL};
use crate::bank::ledger::Entry;

/// The decisions of a bank that has charged nothing, or has refunded the charge.
const UNCHARGED: &[Option<Answer>] = &[None, Some(Answer::Declined), Some(Answer::Voided)];

/// All decisions.
const ANY: &[Option<Answer>] =
    &[None, Some(Answer::Approved), Some(Answer::Declined), Some(Answer::Voided)];

/// Looks up every attempt of every order at the bank.
pub(super) async fn compare_bank(
    orders: &[Order],
    bank: &dyn Bank,
    progress: impl Fn(String),
) -> Result<Vec<String>, BooksError> {
    let mut findings = Vec::new();
    for (done, order) in (1_usize..).zip(orders) {
        for attempt in 1..=order.payment.attempt {
            let decision = bank.lookup(&key(order.id, attempt)).await;
            let decision =
                decision.map_err(|error| BooksError::Lookup { order: order.id, attempt, error })?;
            findings.extend(compare_decision(order, attempt, decision));
        }
        if done.is_multiple_of(PROGRESS_INTERVAL) {
            progress(format!("{done} of {} orders compared with the bank", orders.len()));
        }
    }
    Ok(findings)
}

/// Compares every attempt with its entry in the ledger. A ledger also shows the amounts, and
/// charges that belong to no order.
pub(super) fn compare_ledger(
    orders: &[Order],
    mut entries: BTreeMap<String, Entry>,
) -> Vec<String> {
    let approved = entries.values().filter(|entry| entry.answer() == Answer::Approved);
    let charged: u64 = approved.filter_map(cents).sum();
    let mut findings = Vec::new();
    let mut paid = 0;
    for order in orders {
        for attempt in 1..=order.payment.attempt {
            let entry = entries.remove(&key(order.id, attempt));
            let decision = entry.as_ref().map(Entry::answer);
            findings.extend(compare_decision(order, attempt, decision));
            findings.extend(entry.and_then(|entry| compare_charge(order, attempt, &entry)));
            paid += if is_paid(order, attempt, decision) { order.total.0 } else { 0 };
        }
    }
    findings.extend(entries.iter().map(|(key, entry)| {
        let charge = charge_text(entry);
        format!("charge {key}: the bank reports {charge}, but there is no such order or attempt")
    }));
    if charged != paid {
        findings.push(format!(
            "the bank charged {charged} cents in total, but the paid orders cost {paid} cents"
        ));
    }
    findings
}

/// Compares the decision on an attempt with the status of the order.
fn compare_decision(order: &Order, attempt: u32, decision: Option<Answer>) -> Option<String> {
    let Order { id, status, payment, .. } = order;
    let is_wrong = !possible_decisions(order, attempt).contains(&decision);
    is_wrong.then(|| {
        format!(
            "order {id}, attempt {attempt}: the bank reports {}, but the order is {status:?} and \
             its payment is {:?} at attempt {}",
            decision_text(decision),
            payment.status,
            payment.attempt
        )
    })
}

/// Compares the order and the amount of a charge with the order.
fn compare_charge(order: &Order, attempt: u32, entry: &Entry) -> Option<String> {
    let is_another = entry.order.is_some_and(|id| id != order.id)
        || entry.amount.is_some_and(|amount| amount != order.total);
    is_another.then(|| {
        format!(
            "order {}, attempt {attempt}: it costs {} cents, but the bank reports {} for order {}",
            order.id,
            order.total.0,
            charge_text(entry),
            entry.order.unwrap_or(order.id)
        )
    })
}

/// Whether the order is paid by this attempt.
fn is_paid(order: &Order, attempt: u32, decision: Option<Answer>) -> bool {
    let possible = possible_decisions(order, attempt);
    let approved = Some(Answer::Approved);
    possible == [approved] || decision == approved && possible.contains(&approved)
}

/// Returns the decisions on an attempt that are consistent with the order.
fn possible_decisions(order: &Order, attempt: u32) -> &'static [Option<Answer>] {
    match order.status {
        _ if attempt < order.payment.attempt => UNCHARGED,
        OrderStatus::PendingPayment if order.payment.is_open() => ANY,
        OrderStatus::PendingPayment | OrderStatus::Cancelled | OrderStatus::Expired => UNCHARGED,
        OrderStatus::Paid | OrderStatus::Shipped | OrderStatus::Delivered
            if order.needs_refund() =>
        {
            &[Some(Answer::Approved), Some(Answer::Voided)]
        }
        OrderStatus::Paid | OrderStatus::Shipped | OrderStatus::Delivered => {
            &[Some(Answer::Approved)]
        }
        OrderStatus::Refunded => &[Some(Answer::Voided)],
    }
}

/// How findings name a decision.
fn decision_text(decision: Option<Answer>) -> &'static str {
    match decision {
        None => "no charge",
        Some(Answer::Approved) => "approved",
        Some(Answer::Declined) => "declined",
        Some(Answer::Voided) => "voided",
    }
}

/// How findings name a charge: its decision and its amount.
fn charge_text(entry: &Entry) -> String {
    let decision = decision_text(Some(entry.answer()));
    format!("{decision} {} cents", cents(entry).unwrap_or_default())
}

/// The amount of an entry, `None` if its key was voided before a charge arrived.
fn cents(entry: &Entry) -> Option<u64> {
    entry.amount.map(|amount| amount.0)
}

#[cfg(test)]
mod tests {
    use std::slice;
    use std::sync::Arc;

    use actors::bank::Charge;
    use actors::clock::Clock;
    use actors::store::memory::MemoryStore;
    use domain::money::Cents;
    use domain::payment::Outcome;

    use super::super::Books;
    use super::super::samples::order_of_two_lamps;
    use super::*;
    use crate::bank::ledger::Ledger;

    /// A request to the bank.
    enum Request {
        /// A charge for an attempt, with its amount.
        Approved(u32, u64),
        /// A charge of 2500 cents for an attempt.
        Declined(u32),
        /// A void of an attempt.
        Voided(u32),
    }

    use Request::{Approved, Declined, Voided};

    /// Compares orders with a ledger that has received some requests.
    async fn findings(orders: &[Order], requests: &[Request]) -> String {
        let ledger = Ledger::new(Arc::new(MemoryStore::new(Clock::default())), Clock::default());
        let order = order_of_two_lamps().0.id;
        let charge = |attempt, amount| Charge { key: key(order, attempt), order, amount };
        for request in requests {
            let decision = match *request {
                Approved(attempt, cents) => {
                    ledger.decide(&charge(attempt, Cents(cents)), true).await
                }
                Declined(attempt) => ledger.decide(&charge(attempt, Cents(2_500)), false).await,
                Voided(attempt) => ledger.void(&key(order, attempt)).await,
            };
            decision.unwrap();
        }
        Books::Ledger(Box::new(ledger)).compare(orders, |_| {}).await.unwrap().join("\n")
    }

    /// An order in each of its final states, and an open one.
    struct Orders {
        open: Order,
        paid: Order,
        declined: Order,
        cancelled: Order,
        paid_again: Order,
        refund_requested: Order,
        refunded: Order,
    }

    fn orders() -> Orders {
        let open = order_of_two_lamps().0;
        let (paid, _) = open.settle(1, Outcome::Approved).unwrap();
        let (declined, _) = open.settle(1, Outcome::Declined).unwrap();
        let (cancelled, _) = declined.cancel().unwrap();
        let second_attempt = declined.pay_again().unwrap();
        let (paid_again, _) = second_attempt.settle(2, Outcome::Approved).unwrap();
        let refund_requested = paid.refund().unwrap();
        let (refunded, _) = refund_requested.refunded().unwrap();
        Orders { open, paid, declined, cancelled, paid_again, refund_requested, refunded }
    }

    #[actix_web::test]
    async fn a_bank_whose_decisions_match_the_orders_has_no_difference() {
        let orders = orders();
        let cases: [(&Order, &[Request]); 11] = [
            (&orders.open, &[]),
            (&orders.open, &[Approved(1, 2_500)]),
            (&orders.open, &[Declined(1)]),
            (&orders.paid, &[Approved(1, 2_500)]),
            (&orders.declined, &[Declined(1)]),
            (&orders.cancelled, &[Declined(1)]),
            (&orders.cancelled, &[]),
            (&orders.paid_again, &[Declined(1), Approved(2, 2_500)]),
            (&orders.refund_requested, &[Approved(1, 2_500)]),
            (&orders.refund_requested, &[Approved(1, 2_500), Voided(1)]),
            (&orders.refunded, &[Approved(1, 2_500), Voided(1)]),
        ];
        for (order, requests) in cases {
            assert_eq!(findings(slice::from_ref(order), requests).await, "", "{order:?}");
        }
        assert_eq!(findings(&[], &[]).await, "");
    }

    #[actix_web::test]
    async fn every_wrong_decision_is_reported() {
        let orders = orders();
        let yes = || Approved(1, 2_500);
        let cases: [(&Order, Vec<Request>, &str, &str); 8] = [
            (&orders.paid, vec![], "no charge", "Paid"),
            (&orders.paid, vec![Declined(1)], "declined", "Paid"),
            (&orders.paid, vec![yes(), Voided(1)], "voided", "Paid"),
            (&orders.declined, vec![yes()], "approved", "PendingPayment"),
            (&orders.cancelled, vec![yes()], "approved", "Cancelled"),
            (&orders.paid_again, vec![yes(), Approved(2, 2_500)], "approved", "Paid"),
            (&orders.refund_requested, vec![Declined(1)], "declined", "Paid"),
            (&orders.refunded, vec![yes()], "approved", "Refunded"),
        ];
        for (order, requests, decision, status) in cases {
            let id = order.id;
            let expected = format!(
                "order {id}, attempt 1: the bank reports {decision}, but the order is {status}"
            );
            let findings = findings(slice::from_ref(order), &requests).await;
            assert!(findings.contains(&expected), "{findings}");
        }
        let findings = findings(slice::from_ref(&orders.paid_again), &[Declined(1)]).await;
        assert!(findings.contains("attempt 2: the bank reports no charge, but the order is Paid"));
    }

    #[actix_web::test]
    async fn every_wrong_charge_is_reported() {
        let orders = orders();
        let id = orders.paid.id;
        let wrong_amount = format!(
            "order {id}, attempt 1: it costs 2500 cents, \
             but the bank reports approved 2499 cents for order {id}"
        );
        let wrong_total =
            "the bank charged 2499 cents in total, but the paid orders cost 2500 cents".to_owned();
        let unknown_attempt = format!(
            "charge {id}-2: the bank reports approved 2500 cents, \
             but there is no such order or attempt"
        );
        let cases: [(&Order, &[Request], String); 3] = [
            (&orders.paid, &[Approved(1, 2_499)], wrong_amount),
            (&orders.open, &[Approved(1, 2_499)], wrong_total),
            (&orders.paid, &[Approved(1, 2_500), Approved(2, 2_500)], unknown_attempt),
        ];
        for (order, requests, expected) in cases {
            let findings = findings(slice::from_ref(order), requests).await;
            assert!(findings.contains(&expected), "{findings}");
        }
        let findings = findings(&[], &[Approved(1, 2_500)]).await;
        assert!(findings.contains("there is no such order or attempt"), "{findings}");
        assert!(findings.contains("the bank charged 2500 cents in total"), "{findings}");
    }
}
