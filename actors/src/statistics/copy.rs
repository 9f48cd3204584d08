//! A copy of the counts that can be read without a message.

use std::sync::Arc;

use domain::statistics::Counts;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::store::EventId;

/// A copy of the counts that can be read without a message. Clones share it.
///
/// It never shows what is not durable. It shows what other nodes have counted too: they change only
/// the buckets of events that this node reads, and it reads those again with each event.
#[derive(Clone, Default)]
pub struct LatestCounts(Arc<watch::Sender<Arc<Counts>>>);

impl LatestCounts {
    /// Returns the counts.
    pub fn get(&self) -> Arc<Counts> {
        self.0.borrow().clone()
    }

    /// Returns the last event of the log that is counted.
    pub fn position(&self) -> EventId {
        self.0.borrow().totals.position
    }

    /// Replaces all counts.
    pub(super) fn replace(&self, counts: Counts) {
        self.0.send_replace(Arc::new(counts));
    }

    /// Replaces the totals and the buckets that a round has read or changed, and drops those that
    /// are no longer kept.
    pub(super) fn adopt(&self, round: Counts, now: Timestamp) {
        self.0.send_modify(|latest| {
            let latest = Arc::make_mut(latest);
            latest.totals = round.totals;
            latest.buckets.extend(round.buckets);
            latest.buckets.retain(|bucket, _| bucket.is_kept(now));
        });
    }

    /// Notes that the events up to `position` change no count.
    pub(super) fn skip_to(&self, position: EventId) {
        self.0.send_modify(|latest| {
            let totals = &mut Arc::make_mut(latest).totals;
            totals.position = totals.position.max(position);
        });
    }
}
