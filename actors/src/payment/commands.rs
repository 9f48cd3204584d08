//! The commands of the payment gateway: calls to the bank, and the stored breaker.

use std::sync::Arc;

use domain::bank::{Behaviour, BehaviourChange};
use domain::breaker::{Breaker, Verdict};
use domain::event::Event;
use domain::payment::Outcome;
use domain::user::Author;
use tokio::time::timeout;

use super::calls::LastCalls;
use super::line::Line;
use super::{Call, Request};
use crate::bank::{Answer, Bank, BankError, Charge};
use crate::failpoint::Durable;
use crate::shared::Shared;
use crate::store::{StoreError, Version};
use crate::tables::table::version;

/// The dependencies of the payment gateway.
#[derive(Clone)]
pub struct PaymentDeps {
    /// Store, snapshot, clock and rules.
    pub shared: Shared,
    /// The bank.
    pub bank: Arc<dyn Bank>,
    /// The line in front of the bank.
    pub(super) line: Arc<Line>,
    /// The last calls.
    pub(super) calls: LastCalls,
}

/// The breaker and the version of its row.
pub(super) struct StoredBreaker {
    pub(super) breaker: Breaker,
    pub(super) version: Option<Version>,
}

impl PaymentDeps {
    /// Collects the dependencies.
    pub fn new(shared: &Shared, bank: Arc<dyn Bank>, calls: &LastCalls) -> Self {
        let line = Arc::new(Line::new(shared.rules.bank_calls, shared.clock.clone()));
        Self { shared: shared.clone(), bank, line, calls: calls.clone() }
    }

    /// Reads the breaker. A probe that was running is lost, so the next call may probe at once.
    pub(super) async fn read_breaker(self) -> Result<StoredBreaker, StoreError> {
        let row = self.shared.tables.breaker.get("bank").await?;
        let version = version(&row);
        let breaker = row.map(|row| row.value).unwrap_or_default();
        let now = self.shared.clock.now();
        let breaker = breaker.recovered(now).bounded(now, &self.shared.rules.breaker);
        Ok(StoredBreaker { breaker, version })
    }

    /// Writes the breaker and returns its new version.
    pub(super) async fn write_breaker(
        self,
        breaker: Breaker,
        read_at: Option<Version>,
        by: Option<Author>,
    ) -> Result<Version, StoreError> {
        let tables = &self.shared.tables;
        let mut batch = self.shared.batch().by(by);
        batch.put(&tables.breaker, "bank", read_at, &breaker)?;
        batch.publish(&Event::BreakerChanged(breaker))?;
        tables.commit_step(Durable::Breaker, batch).await?;
        Ok(read_at.unwrap_or_default() + 1)
    }

    /// Changes the behaviour of the simulated bank; the next call finds it.
    pub(super) async fn change_behaviour(
        self,
        change: BehaviourChange,
        by: Option<Author>,
    ) -> Result<Behaviour, StoreError> {
        let tables = &self.shared.tables;
        let row = tables.bank_behaviour.get("simulated").await?;
        let read_at = version(&row);
        let before = row.map(|row| row.value).unwrap_or_default();
        let behaviour = change.of(before);
        if read_at.is_some() && behaviour == before {
            return Ok(behaviour);
        }
        let mut batch = self.shared.batch().by(by);
        batch.put(&tables.bank_behaviour, "simulated", read_at, &behaviour)?;
        batch.publish(&Event::BankChanged(behaviour))?;
        let event = tables.commit(batch).await?;
        self.shared.bank_behaviour.apply(event, behaviour);
        Ok(behaviour)
    }

    /// Calls the bank once there is room for a call, and reports the verdict by the permit.
    ///
    /// Returns `None` without a call if it is not wanted any more, or if the breaker has changed
    /// its state since the permit was given.
    pub(super) async fn call(self, call: Call) -> Option<Outcome> {
        let Call { mut permit, request, wanted } = call;
        let mut room = self.line.enter().await;
        // Nothing is awaited between the last look at what is wanted and the call.
        if !permit.is_current().await || !wanted.at(self.shared.clock.moment()) {
            return None;
        }
        room.start();
        let running = self.calls.begin(&request, &self.shared.clock);
        let deadline = self.shared.rules.bank_timeout;
        // If the adapter panics, the permit is dropped with this verdict.
        permit.verdict = Verdict::Failure;
        let answer = timeout(deadline, self.request(&request))
            .await
            .unwrap_or_else(|_| Err(BankError::Unknown("no answer before the deadline".into())));
        Some(running.end(match answer {
            Ok(answer) => {
                permit.verdict = Verdict::Healthy;
                outcome_of(answer)
            }
            Err(error) => {
                if error.is_final() {
                    permit.verdict = Verdict::Healthy;
                    tracing::error!(%error, ?request, "the bank refuses a call");
                } else {
                    tracing::warn!(%error, ?request, "call to the bank failed");
                }
                outcome_of_error(&error)
            }
        }))
    }

    async fn request(&self, request: &Request) -> Result<Answer, BankError> {
        match request {
            Request::Charge(charge) => match self.bank.charge(charge).await {
                // The refusal says nothing about an earlier call.
                Err(BankError::Refused(reason)) => {
                    tracing::error!(%reason, ?charge, "the bank refuses a charge");
                    self.resolve(charge).await
                }
                answered => answered,
            },
            Request::Refund(key) => self.bank.void(key).await.map(|()| Answer::Approved),
            Request::Void(key) => self.bank.void(key).await.map(|()| Answer::Voided),
            Request::Resolve(charge) => self.resolve(charge).await,
        }
    }
}

impl PaymentDeps {
    /// Returns the decision on a charge. A key without one is voided, so that none follows; so is a
    /// key that the bank refuses to look up.
    async fn resolve(&self, charge: &Charge) -> Result<Answer, BankError> {
        let key = &charge.key;
        match self.bank.lookup(charge).await {
            Ok(Some(decision)) => Ok(decision),
            Ok(None) => self.bank.void(key).await.map(|()| Answer::Voided),
            Err(BankError::Refused(reason)) => {
                tracing::error!(reason, key, "the bank refuses to look up a charge");
                self.bank.void(key).await.map(|()| Answer::Voided)
            }
            Err(error) => Err(error),
        }
    }
}

fn outcome_of(answer: Answer) -> Outcome {
    match answer {
        Answer::Approved => Outcome::Approved,
        Answer::Declined | Answer::Voided => Outcome::Declined,
    }
}

fn outcome_of_error(error: &BankError) -> Outcome {
    match error {
        BankError::NotSent(_) => Outcome::NotSent,
        BankError::Unknown(_) | BankError::Mismatch(_) => Outcome::Unknown,
        // The attempt is not charged, and never will be; the next one has another key.
        BankError::KeyReused => Outcome::Declined,
        BankError::Refused(_) => Outcome::Refused,
    }
}
