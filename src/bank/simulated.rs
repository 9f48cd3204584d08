//! A simulated bank, which behaves as it is told.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use actors::bank::{Answer, Bank, BankError, Charge};
use actors::clock::Clock;
use actors::store::SharedStore;
use async_trait::async_trait;
use tokio::time::sleep;

use super::behaviour::{Behaviour, Mode};
use super::ledger::{Decision, Ledger, LedgerError};

/// The simulated bank.
#[derive(Clone)]
pub struct SimulatedBank {
    ledger: Ledger,
    behaviour: Arc<RwLock<Behaviour>>,
}

/// Why the bank doesn't do what it is asked, or doesn't say so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// It is told to be out of reach.
    #[error("simulated: connection refused")]
    Refused,
    /// It is told to lose what it is asked, or its answer.
    #[error("simulated: no answer")]
    Lost,
    /// It is told to fail.
    #[error("simulated: something is wrong with the bank")]
    Failed,
    /// Its ledger doesn't allow it.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl SimulatedBank {
    /// A bank whose ledger is in a store.
    pub fn new(store: SharedStore, clock: Clock) -> Self {
        Self { ledger: Ledger::new(store, clock), behaviour: Arc::default() }
    }

    /// How the bank behaves.
    pub fn behaviour(&self) -> Behaviour {
        *self.behaviour.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the bank behave in another way from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.write().unwrap_or_else(PoisonError::into_inner) = behaviour;
    }

    /// Decides on a charge.
    pub async fn decide(&self, charge: &Charge) -> Result<Decision, Trouble> {
        let approved = !self.behaviour().declines(&charge.key);
        self.as_it_behaves(self.ledger.decide(charge, approved)).await
    }

    /// Finds what it has decided for a key.
    pub async fn find(&self, key: &str) -> Result<Option<Decision>, Trouble> {
        self.as_it_behaves(self.ledger.find(key)).await
    }

    /// Voids a key.
    pub async fn call_off(&self, key: &str) -> Result<Decision, Trouble> {
        self.as_it_behaves(self.ledger.void(key)).await
    }

    /// Does some work, or what the bank is told to do instead.
    async fn as_it_behaves<T>(
        &self,
        work: impl Future<Output = Result<T, LedgerError>>,
    ) -> Result<T, Trouble> {
        let Behaviour { latency_ms, mode, .. } = self.behaviour();
        sleep(Duration::from_millis(latency_ms.into())).await;
        match mode {
            Mode::Approve | Mode::Decline => Ok(work.await?),
            Mode::LoseAnswer => {
                let _lost = work.await;
                Err(Trouble::Lost)
            }
            Mode::LoseRequest => Err(Trouble::Lost),
            Mode::Refuse => Err(Trouble::Refused),
            Mode::Fail => Err(Trouble::Failed),
            Mode::Hang => std::future::pending().await,
            #[expect(
                clippy::panic,
                reason = "an administrator wants to see what a panic in a bank's code does"
            )]
            Mode::Panic => panic!("simulated: the bank was told to panic"),
        }
    }
}

impl From<Trouble> for BankError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Refused => Self::NotSent(trouble.to_string()),
            Trouble::Ledger(LedgerError::KeyReused) => Self::KeyReused,
            Trouble::Lost | Trouble::Failed | Trouble::Ledger(LedgerError::Store(_)) => {
                Self::Unknown(trouble.to_string())
            }
        }
    }
}

#[async_trait]
impl Bank for SimulatedBank {
    async fn charge(&self, charge: &Charge) -> Result<Answer, BankError> {
        Ok(self.decide(charge).await?.answer)
    }

    async fn lookup(&self, key: &str) -> Result<Option<Answer>, BankError> {
        Ok(self.find(key).await?.map(|decision| decision.answer))
    }

    async fn void(&self, key: &str) -> Result<(), BankError> {
        self.call_off(key).await?;
        Ok(())
    }
}
