//! The simulated bank's ledger: what it has decided for each key, in a store.

use std::collections::BTreeMap;

use actors::bank::{Answer, Charge};
use actors::clock::{Clock, new_id};
use actors::failpoint::Durable;
use actors::store::{SharedStore, StoreError};
use actors::tables::{Table, Tables, version};
use domain::money::Cents;
use domain::order::OrderId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a bank has decided, once for each key.
#[derive(Clone)]
pub struct Ledger {
    entries: Table<Entry>,
    tables: Tables,
    clock: Clock,
}

/// What was decided for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// What it was.
    pub answer: Answer,
    /// The bank's own number for the charge; none for a key that was voided before any charge came.
    pub id: Option<Uuid>,
}

/// Why nothing is decided.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The key belongs to a charge for another order or amount.
    #[error("the key belongs to another charge")]
    KeyReused,
    /// The ledger can't be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is written down for a key; no order and no amount if it was voided before any charge came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What the charge was for.
    pub order: Option<OrderId>,
    /// How much was asked for.
    pub amount: Option<Cents>,
    state: State,
    /// Last and with a default: entries from before have none.
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
    /// The ledger in a store.
    pub fn new(store: SharedStore, clock: Clock) -> Self {
        let tables = Tables::new(store);
        Self { entries: tables.named("bank-ledger"), tables, clock }
    }

    /// What was decided for a key, if anything was.
    pub async fn find(&self, key: &str) -> Result<Option<Decision>, LedgerError> {
        Ok(self.entries.get(key).await?.map(|row| row.value.decision()))
    }

    /// Everything that is written down, by key.
    pub async fn entries(&self) -> Result<BTreeMap<String, Entry>, StoreError> {
        Ok(self.entries.all().await?.into_iter().map(|(key, row)| (key, row.value)).collect())
    }

    /// The decision for a charge: the one that was made for its key, or else this one from now on.
    pub async fn decide(&self, charge: &Charge, approved: bool) -> Result<Decision, LedgerError> {
        let state = if approved { State::Approved } else { State::Declined };
        let (order, amount) = (Some(charge.order), Some(charge.amount));
        let id = Some(new_id(self.clock.now()));
        self.write(Durable::Charge, &charge.key, |before| match before {
            Some(entry) if entry.state == State::Voided => Ok(entry),
            Some(entry) if (entry.order, entry.amount) == (order, amount) => Ok(entry),
            Some(_) => Err(LedgerError::KeyReused),
            None => Ok(Entry { order, amount, state, id }),
        })
        .await
    }

    /// Voids a key: what was charged is paid back, and nothing will be charged.
    pub async fn void(&self, key: &str) -> Result<Decision, LedgerError> {
        let unheard = Entry { order: None, amount: None, state: State::Voided, id: None };
        let voided = |before: Option<Entry>| Entry {
            state: State::Voided,
            ..before.unwrap_or_else(|| unheard.clone())
        };
        self.write(Durable::Void, key, |before| Ok(voided(before))).await
    }

    /// Writes down what `change` makes of an entry, if that is anything else.
    async fn write(
        &self,
        step: Durable,
        key: &str,
        change: impl Fn(Option<Entry>) -> Result<Entry, LedgerError>,
    ) -> Result<Decision, LedgerError> {
        loop {
            let row = self.entries.get(key).await?;
            let after = change(row.as_ref().map(|row| row.value.clone()))?;
            if row.as_ref().is_some_and(|row| row.value == after) {
                return Ok(after.decision());
            }
            let put = self.tables.change(self.clock.now()).put(
                &self.entries,
                key,
                version(&row),
                &after,
            )?;
            match self.tables.commit_step(step, put).await {
                Ok(_) => return Ok(after.decision()),
                // Somebody was faster, which ends: an entry is decided once and voided once.
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Entry {
    /// What was decided.
    pub fn answer(&self) -> Answer {
        match self.state {
            State::Approved => Answer::Approved,
            State::Declined => Answer::Declined,
            State::Voided => Answer::Voided,
        }
    }

    fn decision(&self) -> Decision {
        Decision { answer: self.answer(), id: self.id }
    }
}
