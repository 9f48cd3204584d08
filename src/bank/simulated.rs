//! A simulated bank inside the shop, with a ledger of its own in the shop's store.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use actors::bank::{Answer, Bank, BankError, Charge};
use actors::clock::Clock;
use actors::store::{SharedStore, StoreError};
use actors::tables::{Table, Tables};
use async_trait::async_trait;
use domain::money::Cents;
use domain::order::OrderId;
use serde::{Deserialize, Serialize};

/// How the bank behaves until it is told otherwise: slow enough to be watched.
const DEFAULT: Behaviour = Behaviour { latency_ms: 400, mode: Mode::Approve };

/// How the bank behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behaviour {
    /// How long it takes to answer, in milliseconds.
    pub latency_ms: u32,
    /// What it does.
    pub mode: Mode,
}

/// What the bank does when it is asked to charge for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It charges.
    Approve,
    /// It refuses to charge.
    Decline,
    /// It can't be reached.
    Refuse,
    /// It gets the request and never answers, without charging.
    LoseRequest,
    /// It charges and never answers.
    LoseAnswer,
}

/// The simulated bank.
#[derive(Clone)]
pub struct SimulatedBank {
    ledger: Table<LedgerEntry>,
    tables: Tables,
    clock: Clock,
    behaviour: Arc<RwLock<Behaviour>>,
}

/// What the bank has decided for a key.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct LedgerEntry {
    order: OrderId,
    amount: Cents,
    state: LedgerState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LedgerState {
    Approved,
    Declined,
    Voided,
}

impl SimulatedBank {
    /// A bank whose ledger is in a store.
    pub fn new(store: SharedStore, clock: Clock) -> Self {
        let tables = Tables::new(store);
        Self { ledger: tables.named("bank-ledger"), tables, clock, behaviour: Arc::new(RwLock::new(DEFAULT)) }
    }

    /// How the bank behaves.
    pub fn behaviour(&self) -> Behaviour {
        *self.behaviour.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the bank behave in another way from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.write().unwrap_or_else(PoisonError::into_inner) = behaviour;
    }

    /// The bank's decision for a key: the one it made before, else a new one.
    async fn decide(&self, charge: &Charge, state: LedgerState) -> Result<LedgerState, StoreError> {
        if let Some(row) = self.ledger.get(&charge.key).await? {
            return Ok(row.value.state);
        }
        let entry = LedgerEntry { order: charge.order, amount: charge.amount, state };
        let change = self.tables.change(self.clock.now()).put(&self.ledger, &charge.key, None, &entry)?;
        self.tables.commit(change).await?;
        Ok(state)
    }
}

#[async_trait]
impl Bank for SimulatedBank {
    async fn charge(&self, charge: &Charge) -> Result<Answer, BankError> {
        let Behaviour { latency_ms, mode } = self.behaviour();
        tokio::time::sleep(Duration::from_millis(latency_ms.into())).await;
        match mode {
            Mode::Refuse => return Err(BankError::NotSent("simulated: connection refused".into())),
            Mode::LoseRequest => return Err(BankError::Unknown("simulated: the request was lost".into())),
            Mode::Approve | Mode::Decline | Mode::LoseAnswer => {}
        }
        let state = if mode == Mode::Decline { LedgerState::Declined } else { LedgerState::Approved };
        let decided = self.decide(charge, state).await.map_err(|error| BankError::Unknown(error.to_string()))?;
        match (mode, decided) {
            (Mode::LoseAnswer, _) => Err(BankError::Unknown("simulated: the answer was lost".into())),
            (_, LedgerState::Approved) => Ok(Answer::Approved),
            (_, LedgerState::Declined | LedgerState::Voided) => Ok(Answer::Declined),
        }
    }

    async fn void(&self, key: &str) -> Result<(), BankError> {
        let unknown = |error: StoreError| BankError::Unknown(error.to_string());
        let row = self.ledger.get(key).await.map_err(unknown)?;
        let row = row.ok_or_else(|| BankError::Unknown("simulated: no such charge".into()))?;
        if row.value.state == LedgerState::Voided {
            return Ok(());
        }
        let entry = LedgerEntry { state: LedgerState::Voided, ..row.value };
        let change = self.tables.change(self.clock.now());
        let change = change.put(&self.ledger, key, Some(row.version), &entry).map_err(unknown)?;
        self.tables.commit(change).await.map_err(unknown)?;
        Ok(())
    }
}
