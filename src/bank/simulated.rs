//! The simulated bank, whose behaviour can be changed while it runs.

use std::time::Duration;

use actors::bank::behaviour::BankBehaviour;
use actors::bank::{Answer, Bank, BankError, Charge, confirmed};
use actors::clock::Clock;
use actors::store::SharedStore;
use async_trait::async_trait;
use domain::bank::{Behaviour, Mode};
use tokio::time::sleep;

use super::behaviour::declines;
use super::ledger::{Decision, Ledger, LedgerError};

/// The simulated bank.
#[derive(Clone)]
pub struct SimulatedBank {
    ledger: Ledger,
    behaviour: BankBehaviour,
}

/// Why the bank does not return a decision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SimulatedError {
    /// The mode is `refuse`.
    #[error("simulated: connection refused")]
    Unreachable,
    /// The mode is `lose_request` or `lose_answer`.
    #[error("simulated: no reply")]
    NoReply,
    /// The mode is `fail`.
    #[error("simulated: the bank has an internal error")]
    Failed,
    /// The ledger returned an error.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl SimulatedBank {
    /// Creates a bank whose ledger is in `store`, and which always behaves as `behaviour` says.
    pub fn new(store: SharedStore, clock: Clock, behaviour: BankBehaviour) -> Self {
        Self { ledger: Ledger::new(store, clock), behaviour }
    }

    /// The behaviour.
    pub fn behaviour(&self) -> &BankBehaviour {
        &self.behaviour
    }

    /// Decides on a charge.
    pub async fn decide(&self, charge: &Charge) -> Result<Decision, SimulatedError> {
        let approved = !declines(&self.behaviour.get(), &charge.key);
        self.simulate(self.ledger.decide(charge, approved)).await
    }

    /// Returns the decision for a key, `None` if there is none.
    pub async fn find(&self, key: &str) -> Result<Option<Decision>, SimulatedError> {
        self.simulate(self.ledger.find(key)).await
    }

    /// Voids a key.
    pub async fn void_key(&self, key: &str) -> Result<Decision, SimulatedError> {
        self.simulate(self.ledger.void(key)).await
    }

    /// Does the work, or fails as the current mode requires.
    async fn simulate<T>(
        &self,
        work: impl Future<Output = Result<T, LedgerError>>,
    ) -> Result<T, SimulatedError> {
        let Behaviour { latency_ms, mode, .. } = self.behaviour.get();
        sleep(Duration::from_millis(latency_ms.into())).await;
        match mode {
            Mode::Approve | Mode::Decline => Ok(work.await?),
            Mode::LoseAnswer => {
                let _lost = work.await;
                Err(SimulatedError::NoReply)
            }
            Mode::LoseRequest => Err(SimulatedError::NoReply),
            Mode::Refuse => Err(SimulatedError::Unreachable),
            Mode::Fail => Err(SimulatedError::Failed),
            Mode::Hang => std::future::pending().await,
            #[expect(
                clippy::panic,
                reason = "this mode shows an administrator that a panic in the bank does no harm"
            )]
            Mode::Panic => panic!("simulated: the mode of the bank is panic"),
        }
    }
}

impl From<SimulatedError> for BankError {
    fn from(error: SimulatedError) -> Self {
        match error {
            SimulatedError::Unreachable => Self::NotSent(error.to_string()),
            SimulatedError::Ledger(LedgerError::KeyReused) => Self::KeyReused,
            SimulatedError::NoReply
            | SimulatedError::Failed
            | SimulatedError::Ledger(LedgerError::Store(_)) => Self::Unknown(error.to_string()),
        }
    }
}

#[async_trait]
impl Bank for SimulatedBank {
    async fn charge(&self, charge: &Charge) -> Result<Answer, BankError> {
        Ok(self.decide(charge).await?.answer)
    }

    async fn lookup(&self, charge: &Charge) -> Result<Option<Answer>, BankError> {
        let found = self.find(&charge.key).await?;
        let confirm =
            |Decision { answer, order, amount, .. }| confirmed(answer, charge, order, amount);
        found.map(confirm).transpose()
    }

    async fn void(&self, key: &str) -> Result<(), BankError> {
        self.void_key(key).await?;
        Ok(())
    }
}
