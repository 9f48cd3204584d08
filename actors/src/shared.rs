//! What every actor of a shop shares.

use std::sync::Arc;

use crate::bank::behaviour::BankBehaviour;
use crate::clock::Clock;
use crate::rules::Rules;
use crate::snapshot::CatalogueSnapshot;
use crate::sweep_clock::SweepClock;
use crate::tables::Tables;
use crate::tables::batch::WriteBatch;

/// What every actor of a shop shares.
#[derive(Clone)]
pub struct Shared {
    /// Everything that is stored.
    pub tables: Tables,
    /// A copy of the articles that can be read without a message.
    pub snapshot: CatalogueSnapshot,
    /// A copy of the behaviour of the simulated bank.
    pub bank_behaviour: BankBehaviour,
    /// The source of time.
    pub clock: Clock,
    /// The time for sweeps.
    pub sweep_clock: SweepClock,
    /// Durations and limits.
    pub rules: Arc<Rules>,
}

impl Shared {
    /// Starts an empty batch whose events happen now.
    pub fn batch(&self) -> WriteBatch {
        self.tables.batch(self.clock.now())
    }
}
