//! The commands of the payment gateway: calls to the bank, and the stored breaker.

use std::sync::Arc;
use std::time::Duration;

use domain::bank::{Behaviour, BehaviourChange};
use domain::breaker::{Breaker, Permit, Rejected, Verdict};
use domain::event::Event;
use domain::payment::Outcome;
use domain::user::Author;
use jiff::Timestamp;
use tokio::time::{sleep, timeout};

use super::calls::LastCalls;
use super::line::Line;
use super::{Call, Manual, Request};
use crate::bank::{Answer, Bank, BankError, Charge};
use crate::clock::{Clock, Reading};
use crate::conflict::{ATTEMPTS, pause};
use crate::failpoint::Durable;
use crate::shared::Shared;
use crate::store::{StoreError, Version};
use crate::tables::table::version;

/// The key of the row of the breaker.
pub(crate) const BREAKER: &str = "bank";

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

/// The breaker as this node has last read or written it.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownBreaker {
    pub(super) breaker: Breaker,
    /// The version of its row; `None` before the first change.
    version: Option<Version>,
    /// When it was read or written. Its time is measured from then on, so that a step of the clock
    /// does not change how long it is open.
    since: Reading,
}

impl KnownBreaker {
    /// Returns a breaker that was never changed.
    pub(super) fn new(clock: &Clock) -> Self {
        Self { breaker: Breaker::default(), version: None, since: clock.reading() }
    }
}

impl PaymentDeps {
    /// Collects the dependencies.
    pub fn new(shared: &Shared, bank: Arc<dyn Bank>, calls: &LastCalls) -> Self {
        let line = Arc::new(Line::new(shared.rules.bank_calls, shared.clock.clone()));
        Self { shared: shared.clone(), bank, line, calls: calls.clone() }
    }

    /// Reads the breaker.
    pub(super) async fn read_breaker(&self) -> Result<KnownBreaker, StoreError> {
        let row = self.shared.tables.breaker.get(BREAKER).await?;
        let since = self.shared.clock.reading();
        let version = version(&row);
        let breaker = row.map(|row| row.value).unwrap_or_default();
        let breaker = breaker.bounded(since.time, &self.shared.rules.breaker);
        Ok(KnownBreaker { breaker, version, since })
    }

    /// Admits as many of these calls as the breaker does, and returns how long the others wait;
    /// `None` if there are none.
    pub(super) async fn admit(
        self,
        known: KnownBreaker,
        calls: usize,
    ) -> Result<(KnownBreaker, Vec<Permit>, Option<Duration>), StoreError> {
        let limits = self.shared.rules.breaker;
        let now = self.shared.clock.steady_since(known.since);
        let is_refused = calls > 0 && known.breaker.interruption(now).is_some();
        // A call is refused only by what is stored now: another node may have closed the breaker.
        let known = if is_refused { self.follow_breaker(known).await? } else { known };
        let admit = |breaker: &mut Breaker, now| {
            let mut permits = Vec::new();
            for _ in 0..calls {
                match breaker.admit(now, &limits) {
                    Ok(permit) => permits.push(permit),
                    Err(Rejected { retry_after }) => return (permits, Some(retry_after)),
                }
            }
            (permits, None)
        };
        let (known, (permits, retry_after)) = self.update_breaker(known, None, admit).await?;
        Ok((known, permits, retry_after))
    }

    /// Records the result of a permitted call.
    pub(super) async fn record(
        self,
        known: KnownBreaker,
        permit: Permit,
        verdict: Verdict,
    ) -> Result<KnownBreaker, StoreError> {
        let limits = self.shared.rules.breaker;
        let record = |breaker: &mut Breaker, now| breaker.record(permit, verdict, now, &limits);
        Ok(self.update_breaker(known, None, record).await?.0)
    }

    /// Sets the stored breaker manually.
    pub(super) async fn set_breaker(
        self,
        to: Manual,
        by: Option<Author>,
    ) -> Result<KnownBreaker, StoreError> {
        let known = self.read_breaker().await?;
        let set = |breaker: &mut Breaker, _| match to {
            Manual::Isolated => breaker.isolate(),
            Manual::Reset => breaker.reset(),
        };
        Ok(self.update_breaker(known, by, set).await?.0)
    }

    /// Reads the breaker if it has changed. Otherwise its time is measured as before.
    pub(super) async fn follow_breaker(
        &self,
        known: KnownBreaker,
    ) -> Result<KnownBreaker, StoreError> {
        let stored = self.read_breaker().await?;
        Ok(if stored.version == known.version { known } else { stored })
    }

    /// Decides on the breaker, stores it if that changes it, and returns it with the decision. What
    /// another node has changed since is read, and decided on again.
    async fn update_breaker<T>(
        &self,
        mut known: KnownBreaker,
        by: Option<Author>,
        decide: impl Fn(&mut Breaker, Timestamp) -> T,
    ) -> Result<(KnownBreaker, T), StoreError> {
        for attempt in 1..=ATTEMPTS {
            let mut breaker = known.breaker;
            let decision = decide(&mut breaker, self.shared.clock.steady_since(known.since));
            if breaker == known.breaker {
                return Ok((known, decision));
            }
            match self.write_breaker(breaker, known, by.clone()).await {
                Ok(written) => return Ok((written, decision)),
                Err(StoreError::Conflict) => {
                    sleep(pause(attempt)).await;
                    known = self.read_breaker().await?;
                }
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Conflict)
    }

    /// Writes the breaker in place of the known one.
    async fn write_breaker(
        &self,
        breaker: Breaker,
        known: KnownBreaker,
        by: Option<Author>,
    ) -> Result<KnownBreaker, StoreError> {
        let tables = &self.shared.tables;
        let mut batch = self.shared.batch().by(by);
        batch.put(&tables.breaker, BREAKER, known.version, &breaker)?;
        batch.publish(&Event::BreakerChanged(breaker))?;
        tables.commit_step(Durable::Breaker, batch).await?;
        if breaker.generation != known.breaker.generation {
            let state = breaker.state.name();
            metrics::counter!("microshop_breaker_transitions_total", "to" => state).increment(1);
        }
        let version = Some(known.version.unwrap_or_default() + 1);
        Ok(KnownBreaker { breaker, version, since: self.shared.clock.reading() })
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
        if self.is_isolated().await
            || !permit.is_current().await
            || !wanted.at(self.shared.clock.moment())
        {
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

    /// Returns whether an administrator has isolated the breaker on any node, so that no call that
    /// waited in line starts after that. If the store does not reply, it is not known to be.
    async fn is_isolated(&self) -> bool {
        let tables = &self.shared.tables;
        let row = match tables.store.is_shared() {
            true => tables.breaker.get(BREAKER).await,
            false => return false,
        };
        row.is_ok_and(|row| row.is_some_and(|row| row.value.check_isolated().is_err()))
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
