//! Compares the orders with the decisions of the bank.

use std::collections::BTreeMap;

use actors::bank::{Answer, Bank, BankError, Charge, key};
use actors::store::StoreError;
use actors::tables::Tables;
use domain::order::{Order, OrderStatus};

use super::scan::Scan;
use super::{BooksError, Line, Report};
use crate::bank::ledger::{Entry, Ledger};

/// The number of orders between two progress lines.
const PROGRESS_INTERVAL: usize = 1_000;

/// The decisions of a bank that has charged nothing, or has refunded the charge.
const UNCHARGED: &[Option<Answer>] = &[None, Some(Answer::Declined), Some(Answer::Voided)];

/// All decisions.
const ANY: &[Option<Answer>] =
    &[None, Some(Answer::Approved), Some(Answer::Declined), Some(Answer::Voided)];

/// Looks up every attempt of every order at the bank.
pub(super) async fn compare_bank(
    tables: &Tables,
    count: usize,
    bank: &dyn Bank,
    report: Report<'_>,
) -> Result<(), BooksError> {
    let mut orders = Scan::new(&tables.orders);
    let mut done: usize = 0;
    while let Some((_, order)) = orders.next_if(|_| true).await? {
        for attempt in 1..=order.payment.attempt {
            let difference = compare_attempt(&order, attempt, bank).await?;
            difference.map(Line::Difference).into_iter().for_each(&mut *report);
        }
        done += 1;
        if done.is_multiple_of(PROGRESS_INTERVAL) {
            report(Line::Progress(format!("{done} of {count} orders compared with the bank")));
        }
    }
    Ok(())
}

/// Looks up an attempt, and compares the decision, its order and its amount with the order.
async fn compare_attempt(
    order: &Order,
    attempt: u32,
    bank: &dyn Bank,
) -> Result<Option<String>, BooksError> {
    let id = order.id;
    let charge = Charge { key: key(id, attempt), order: id, amount: order.total };
    match bank.lookup(&charge).await {
        Ok(decision) => Ok(compare_decision(order, attempt, decision)),
        Err(BankError::Mismatch(reported)) => Ok(Some(format!(
            "order {id}, attempt {attempt}: it costs {} cents, but the bank reports {reported}",
            order.total.0
        ))),
        Err(error) => Err(BooksError::Lookup { order: id, attempt, error }),
    }
}

/// Compares every attempt with its entry in the ledger. A ledger also shows the amounts, and
/// charges that belong to no order.
///
/// The key of an entry begins with the id of its order, so orders and entries are read side by
/// side.
pub(super) async fn compare_ledger(
    tables: &Tables,
    ledger: &Ledger,
    report: Report<'_>,
) -> Result<(), StoreError> {
    let mut orders = Scan::new(&tables.orders);
    let mut entries = Scan::new(ledger.entries());
    let mut totals = Totals::default();
    while let Some((id, order)) = orders.next_if(|_| true).await? {
        let prefix = format!("{id}-");
        while let Some(unknown) = entries.next_if(|key| key < prefix.as_str()).await? {
            report(Line::Difference(totals.add_unknown(unknown)));
        }
        let mut attempts = BTreeMap::new();
        while let Some((key, entry)) = entries.next_if(|key| key.starts_with(&prefix)).await? {
            attempts.insert(key, entry);
        }
        totals.compare_order(&order, attempts).map(Line::Difference).for_each(&mut *report);
    }
    while let Some(unknown) = entries.next_if(|_| true).await? {
        report(Line::Difference(totals.add_unknown(unknown)));
    }
    totals.compare().map(Line::Difference).into_iter().for_each(report);
    Ok(())
}

/// What the bank has charged and what the paid orders cost, in cents.
#[derive(Default)]
struct Totals {
    charged: u64,
    paid: u64,
}

impl Totals {
    /// Compares the attempts of an order with its entries, given by key.
    fn compare_order(
        &mut self,
        order: &Order,
        mut entries: BTreeMap<String, Entry>,
    ) -> impl Iterator<Item = String> {
        let mut findings = Vec::new();
        for attempt in 1..=order.payment.attempt {
            let entry = entries.remove(&key(order.id, attempt));
            let decision = entry.as_ref().map(Entry::answer);
            findings.extend(compare_decision(order, attempt, decision));
            if let Some(entry) = entry {
                self.add_charge(&entry);
                findings.extend(compare_charge(order, attempt, &entry));
            }
            self.paid += if is_paid(order, attempt, decision) { order.total.0 } else { 0 };
        }
        findings.extend(entries.into_iter().map(|entry| self.add_unknown(entry)));
        findings.into_iter()
    }

    /// Adds a charge that belongs to no order, and returns its finding.
    fn add_unknown(&mut self, (key, entry): (String, Entry)) -> String {
        self.add_charge(&entry);
        let charge = charge_text(&entry);
        format!("charge {key}: the bank reports {charge}, but there is no such order or attempt")
    }

    fn add_charge(&mut self, entry: &Entry) {
        if entry.answer() == Answer::Approved {
            self.charged += cents(entry).unwrap_or_default();
        }
    }

    /// Compares both totals.
    fn compare(&self) -> Option<String> {
        let Self { charged, paid } = self;
        (charged != paid).then(|| {
            format!(
                "the bank charged {charged} cents in total, but the paid orders cost {paid} cents"
            )
        })
    }
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
    use actors::bank::behaviour::BankBehaviour;
    use actors::clock::Clock;
    use actors::store::SharedStore;
    use actors::store::memory::MemoryStore;
    use domain::bank::Behaviour;
    use domain::money::Cents;
    use domain::payment::Outcome;

    use super::super::Books;
    use super::super::samples::{NOW, order_of_two_lamps};
    use super::*;
    use crate::bank::simulated::SimulatedBank;

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
        let tables = Tables::new(Arc::new(MemoryStore::new(Clock::default())));
        let mut batch = tables.batch(NOW);
        for order in orders {
            batch.put(&tables.orders, order.id, None, order).unwrap();
        }
        tables.commit(batch).await.unwrap();
        let ledger = Ledger::new(tables.store.clone(), Clock::default());
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
        let mut findings = Vec::new();
        let mut report = |line| match line {
            Line::Difference(text) => findings.push(text),
            Line::Progress(_) => {}
        };
        let books = Books::Ledger(Box::new(ledger));
        books.compare(&tables, orders.len(), &mut report).await.unwrap();
        findings.join("\n")
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

    #[actix_web::test]
    async fn a_charge_of_another_amount_at_an_external_bank_is_reported() {
        let store: SharedStore = Arc::new(MemoryStore::new(Clock::default()));
        let tables = Tables::new(store.clone());
        let order = orders().paid;
        let mut batch = tables.batch(NOW);
        batch.put(&tables.orders, order.id, None, &order).unwrap();
        tables.commit(batch).await.unwrap();
        let behaviour = Behaviour { latency_ms: 0, ..Behaviour::default() };
        let behaviour = BankBehaviour::new(behaviour);
        let bank = SimulatedBank::new(store, Clock::default(), behaviour);
        let charge = Charge { key: key(order.id, 1), order: order.id, amount: Cents(2_499) };
        bank.decide(&charge).await.unwrap();
        let mut lines = Vec::new();
        let mut report = |line| lines.push(line);
        Books::Bank(Box::new(bank)).compare(&tables, 1, &mut report).await.unwrap();
        let expected = format!(
            "order {0}, attempt 1: it costs 2500 cents, \
             but the bank reports Approved for order {0} and 2499 cents",
            order.id
        );
        assert_eq!(lines, [Line::Difference(expected)]);
    }
}
