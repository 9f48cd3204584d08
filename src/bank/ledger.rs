//! The ledger of the simulated bank: its decision for each key, in a store.

use actors::bank::{Answer, Charge};
use actors::clock::{Clock, new_id};
use actors::failpoint::Durable;
use actors::store::{SharedStore, StoreError};
use actors::tables::Tables;
use actors::tables::table::{Row, Table, version};
use domain::money::Cents;
use domain::order::OrderId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The decisions of the bank, one for each key.
#[derive(Clone)]
pub struct Ledger {
    entries: Table<Entry>,
    tables: Tables,
    clock: Clock,
}

/// The decision for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// The decision.
    pub answer: Answer,
    /// The bank's id of the charge; `None` if the key was voided before a charge arrived.
    pub id: Option<Uuid>,
    /// The order that the charge pays for; `None` if no charge arrived.
    pub order: Option<OrderId>,
    /// The requested amount; `None` if no charge arrived.
    pub amount: Option<Cents>,
}

/// Why there is no decision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The key belongs to a charge for another order or amount.
    #[error("the key belongs to another charge")]
    KeyReused,
    /// The ledger can't be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The stored entry of a key. It has no order and no amount if the key was voided before a charge
/// arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The order that the charge pays for.
    pub order: Option<OrderId>,
    /// The requested amount.
    pub amount: Option<Cents>,
    state: State,
    /// The last field, with a default: older entries do not have it.
    #[serde(default)]
    id: Option<Uuid>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Approved,
    Declined,
    Voided,
}

impl Ledger {
    /// Creates a ledger whose entries are in `store`.
    pub fn new(store: SharedStore, clock: Clock) -> Self {
        let tables = Tables::new(store);
        Self { entries: tables.named("bank-ledger"), tables, clock }
    }

    /// Returns the decision for a key, `None` if there is none.
    pub async fn find(&self, key: &str) -> Result<Option<Decision>, LedgerError> {
        Ok(self.entries.get(key).await?.map(|row| row.value.decision()))
    }

    /// Returns the table of the entries, by key.
    pub fn entries(&self) -> &Table<Entry> {
        &self.entries
    }

    /// Returns the decision for the key of a charge. If there is none, stores a new one.
    ///
    /// Returns [`LedgerError::KeyReused`] if the key belongs to another charge.
    pub async fn decide(&self, charge: &Charge, approved: bool) -> Result<Decision, LedgerError> {
        let state = if approved { State::Approved } else { State::Declined };
        let order = Some(charge.order);
        let amount = Some(charge.amount);
        let id = Some(new_id(self.clock.now()));
        self.write(Durable::Charge, &charge.key, |before| match before {
            Some(entry) if entry.state == State::Voided => Ok(entry),
            Some(entry) if (entry.order, entry.amount) == (order, amount) => Ok(entry),
            Some(_) => Err(LedgerError::KeyReused),
            None => Ok(Entry { order, amount, state, id }),
        })
        .await
    }

    /// Voids a key: refunds a charge that was made, and prevents any later one.
    pub async fn void(&self, key: &str) -> Result<Decision, LedgerError> {
        let unknown = Entry { order: None, amount: None, state: State::Voided, id: None };
        let voided = |before: Option<Entry>| Entry {
            state: State::Voided,
            ..before.unwrap_or_else(|| unknown.clone())
        };
        self.write(Durable::Void, key, |before| Ok(voided(before))).await
    }

    /// Stores the entry that `change` returns, unless it is equal to the current one. Retries after
    /// a conflict.
    async fn write(
        &self,
        step: Durable,
        key: &str,
        change: impl Fn(Option<Entry>) -> Result<Entry, LedgerError>,
    ) -> Result<Decision, LedgerError> {
        // Most keys are new, so the first commit is tried without a read.
        let mut row = None;
        loop {
            let after = change(row.as_ref().map(|row: &Row<Entry>| row.value.clone()))?;
            if row.as_ref().is_some_and(|row| row.value == after) {
                return Ok(after.decision());
            }
            let mut batch = self.tables.batch(self.clock.now());
            batch.put(&self.entries, key, version(&row), &after)?;
            match self.tables.commit_step(step, batch).await {
                Ok(_) => return Ok(after.decision()),
                // The key has an entry, or another request was faster. This happens at most three
                // times, because an entry is decided once and voided once.
                Err(StoreError::Conflict) => row = self.entries.get(key).await?,
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Entry {
    /// The decision.
    pub fn answer(&self) -> Answer {
        match self.state {
            State::Approved => Answer::Approved,
            State::Declined => Answer::Declined,
            State::Voided => Answer::Voided,
        }
    }

    fn decision(&self) -> Decision {
        let Self { order, amount, id, .. } = *self;
        Decision { answer: self.answer(), id, order, amount }
    }
}
