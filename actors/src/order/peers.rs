//! The other nodes of the shop: which of them are running.
//!
//! An order that waits for the bank is looked after by the node that wrote it last. Others leave it
//! alone while that node runs, and take it over soon after it has stopped. Taking over is a
//! commit, so of several nodes one does it. The bank charges a key once, also if two nodes call it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::order::{NodeId, Order};
use domain::time::later;

use crate::clock::{Clock, new_id};
use crate::shared::Shared;
use crate::store::{StoreError, Version};

/// How often a node shows that it is running, and looks which others are.
pub(super) const BEAT: Duration = Duration::from_secs(1);

/// A node that did not show itself between this many looks in a row has stopped.
const SILENT_LOOKS: u32 = 3;

/// How long the store keeps what a node has shown last.
const KEPT: Duration = Duration::from_secs(60);

/// This node, and the others as it has seen them. Clones share one state.
#[derive(Clone)]
pub(super) struct Peers {
    node: NodeId,
    seen: Arc<RwLock<HashMap<NodeId, Seen>>>,
}

/// What was seen of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    /// How often it has shown itself.
    beats: Version,
    /// How many looks in a row have found the same number.
    silent: u32,
}

impl Peers {
    /// Creates a node with a new identity.
    pub(super) fn new(clock: &Clock) -> Self {
        Self { node: NodeId(new_id(clock.now())), seen: Arc::default() }
    }

    /// This node.
    pub(super) fn node(&self) -> NodeId {
        self.node
    }

    /// Returns whether another node that is running looks after an order.
    pub(super) fn look_after(&self, order: &Order) -> bool {
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        let is_running =
            |node: &NodeId| seen.get(node).is_some_and(|seen| seen.silent < SILENT_LOOKS);
        order.node.as_ref().is_some_and(|node| *node != self.node && is_running(node))
    }

    /// Shows that this node is running, and looks which others are. Returns whether one has stopped
    /// since. A store that no other process uses has no other nodes.
    pub(super) async fn beat(&self, shared: &Shared) -> Result<bool, StoreError> {
        let tables = &shared.tables;
        if !tables.store.is_shared() {
            return Ok(false);
        }
        let mut nodes = HashMap::new();
        for (_, row) in tables.nodes.all().await? {
            nodes.insert(row.value, row.version);
        }
        let beats = nodes.remove(&self.node);
        let until = later(shared.clock.now(), KEPT);
        let mut batch = shared.batch();
        batch.put_until(&tables.nodes, self.node, beats, &self.node, until)?;
        tables.commit(batch).await?;
        Ok(self.look(&nodes))
    }

    /// Notes how often each node has shown itself. Returns whether one has stopped since the look
    /// before.
    fn look(&self, nodes: &HashMap<NodeId, Version>) -> bool {
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::take(&mut *seen);
        for (&node, &beats) in nodes {
            let silent = match before.get(&node) {
                Some(seen) if seen.beats == beats => seen.silent.saturating_add(1),
                _ => 0,
            };
            seen.insert(node, Seen { beats, silent });
        }
        let stopped = |(node, before): (&NodeId, &Seen)| {
            before.silent < SILENT_LOOKS
                && seen.get(node).is_none_or(|seen| seen.silent >= SILENT_LOOKS)
        };
        before.iter().any(stopped)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_node_has_stopped_after_three_looks_without_a_beat_or_once_it_is_gone() {
        let peers = Peers::new(&Clock::default());
        let [quick, slow] = [1, 2].map(|number| NodeId(Uuid::from_u128(number)));
        let looks = |beats: &[(NodeId, Version)]| peers.look(&beats.iter().copied().collect());
        assert!(!looks(&[(quick, 1), (slow, 1)]));
        assert!(!looks(&[(quick, 2), (slow, 1)]));
        assert!(!looks(&[(quick, 3), (slow, 1)]));
        assert!(looks(&[(quick, 4), (slow, 1)]));
        assert!(!looks(&[(quick, 5), (slow, 1)]));
        assert!(!looks(&[(quick, 6), (slow, 2)]));
        assert!(looks(&[(slow, 3)]));
        assert!(!looks(&[(slow, 4)]));
    }
}
