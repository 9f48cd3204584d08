//! A copy of the behaviour of the simulated bank that can be read without a message.

use std::sync::{Arc, PoisonError, RwLock};

use domain::bank::Behaviour;

use crate::store::{EventId, StoreError};
use crate::tables::Tables;

/// A copy of the behaviour of the simulated bank that can be read without a message.
///
/// The payment gateway applies what it commits, so that its caller reads its own write, and the hub
/// what it reads in the log, which other nodes may have written.
#[derive(Debug, Clone, Default)]
pub struct BankBehaviour {
    current: Arc<RwLock<Current>>,
}

#[derive(Debug, Default)]
struct Current {
    behaviour: Behaviour,
    /// The last event applied.
    applied: EventId,
}

impl BankBehaviour {
    /// Creates a behaviour that is stored nowhere, for a bank without a shop.
    pub fn new(behaviour: Behaviour) -> Self {
        let current = Current { behaviour, applied: 0 };
        Self { current: Arc::new(RwLock::new(current)) }
    }

    /// Returns the behaviour.
    pub fn get(&self) -> Behaviour {
        self.current.read().unwrap_or_else(PoisonError::into_inner).behaviour
    }

    /// Changes the behaviour of a bank without a shop.
    pub fn set(&self, behaviour: Behaviour) {
        self.current.write().unwrap_or_else(PoisonError::into_inner).behaviour = behaviour;
    }

    /// Applies the behaviour of an event, unless that of a later one was applied.
    pub(crate) fn apply(&self, id: EventId, behaviour: Behaviour) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.applied < id {
            *current = Current { behaviour, applied: id };
        }
    }

    /// Replaces the behaviour by the stored one, if one is; it holds every event up to `position`.
    pub(crate) async fn load(&self, tables: &Tables, position: EventId) -> Result<(), StoreError> {
        let stored = tables.bank_behaviour.get("simulated").await?.map(|row| row.value);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let behaviour = stored.unwrap_or(current.behaviour);
        *current = Current { behaviour, applied: position };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_event_never_replaces_the_behaviour_of_a_later_one() {
        let behaviour = |latency_ms| Behaviour { latency_ms, ..Behaviour::default() };
        let bank = BankBehaviour::default();
        for (id, latency, expected) in [(2, 20, 20), (1, 10, 20), (2, 30, 20), (3, 40, 40)] {
            bank.apply(id, behaviour(latency));
            assert_eq!(bank.get().latency_ms, expected);
        }
    }
}
