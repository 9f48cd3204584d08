//! The commands of the payment gateway: calls to the bank, and the stored breaker.

use std::sync::Arc;

use domain::breaker::{Breaker, Verdict};
use domain::event::Event;
use domain::payment::Outcome;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{CallPermit, Request};
use crate::bank::{Answer, Bank, BankError};
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
    /// One permit for each call that may run at once.
    pub calls: Arc<Semaphore>,
}

/// The breaker and the version of its row.
pub(super) struct StoredBreaker {
    pub(super) breaker: Breaker,
    pub(super) version: Option<Version>,
}

impl PaymentDeps {
    /// Collects the dependencies.
    pub fn new(shared: &Shared, bank: Arc<dyn Bank>) -> Self {
        let calls = Arc::new(Semaphore::new(shared.rules.bank_calls));
        Self { shared: shared.clone(), bank, calls }
    }

    /// Reads the breaker. A probe that was running is lost, so the next call may probe at once.
    pub(super) async fn read_breaker(self) -> Result<StoredBreaker, StoreError> {
        let row = self.shared.tables.breaker.get("bank").await?;
        let version = version(&row);
        let breaker = row.map(|row| row.value).unwrap_or_default();
        Ok(StoredBreaker { breaker: breaker.recovered(self.shared.clock.now()), version })
    }

    /// Writes the breaker and returns its new version.
    pub(super) async fn write_breaker(
        self,
        breaker: Breaker,
        read_at: Option<Version>,
    ) -> Result<Version, StoreError> {
        let tables = &self.shared.tables;
        let mut batch = self.shared.batch();
        batch.put(&tables.breaker, "bank", read_at, &breaker)?;
        batch.publish(&Event::BreakerChanged(breaker))?;
        tables.commit_step(Durable::Breaker, batch).await?;
        Ok(read_at.unwrap_or_default() + 1)
    }

    /// Calls the bank once there is room for a call, and reports the verdict by the permit.
    pub(super) async fn call(self, mut permit: CallPermit, request: Request) -> Outcome {
        let deadline = self.shared.rules.bank_timeout;
        let Ok(Ok(_room)) = timeout(deadline, self.calls.acquire()).await else {
            return Outcome::NotSent;
        };
        // If the adapter panics, the permit is dropped with this verdict.
        permit.verdict = Verdict::Failure;
        let answer = timeout(deadline, self.request(&request))
            .await
            .unwrap_or_else(|_| Err(BankError::Unknown("no answer before the deadline".into())));
        match answer {
            Ok(answer) => {
                permit.verdict = Verdict::Healthy;
                outcome_of(answer)
            }
            Err(error) => {
                tracing::warn!(%error, ?request, "call to the bank failed");
                outcome_of_error(&error)
            }
        }
    }

    async fn request(&self, request: &Request) -> Result<Answer, BankError> {
        match request {
            Request::Charge(charge) => self.bank.charge(charge).await,
            Request::Void(key) => self.bank.void(key).await.map(|()| Answer::Approved),
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
        BankError::Unknown(_) | BankError::KeyReused => Outcome::Unknown,
    }
}
