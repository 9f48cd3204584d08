//! The bank of the week, whose replies take time on the clock of the week.

use std::time::Duration;

use actors::bank::{Answer, Bank, BankError, Charge};
use actors::clock::ManualClock;
use async_trait::async_trait;

use crate::bank::simulated::SimulatedBank;

/// How long a reply takes at least, and how many milliseconds more at most.
const FASTEST: Duration = Duration::from_millis(280);
const SPREAD: u64 = 500;

/// A bank that moves a clock with every charge.
pub(super) struct PacedBank {
    pub(super) bank: SimulatedBank,
    pub(super) clock: ManualClock,
}

#[async_trait]
impl Bank for PacedBank {
    async fn charge(&self, charge: &Charge) -> Result<Answer, BankError> {
        let more = charge.amount.0 % SPREAD;
        self.clock.advance(FASTEST + Duration::from_millis(more));
        self.bank.charge(charge).await
    }

    async fn lookup(&self, charge: &Charge) -> Result<Option<Answer>, BankError> {
        self.bank.lookup(charge).await
    }

    async fn void(&self, key: &str) -> Result<(), BankError> {
        self.bank.void(key).await
    }
}
