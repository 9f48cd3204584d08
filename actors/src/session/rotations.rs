//! When this process has rotated refresh tokens, on a clock that no step changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::moment::{KEPT_AFTER_EXPIRY, Moment};
use domain::session::{Proof, Session, SessionId};

use crate::clock::Clock;

/// The latest rotations of this process.
///
/// A used token gets the same successor again for a short grace, by the calendar. A step back to
/// the time of the rotation would begin that grace again, so this list ends it for good. Clones
/// share one list.
#[derive(Clone)]
pub(super) struct Rotations {
    clock: Clock,
    latest: Arc<Mutex<HashMap<SessionId, Rotated>>>,
}

/// A rotation.
struct Rotated {
    /// The generation that it began.
    generation: u32,
    at: Moment,
}

impl Rotations {
    /// Creates an empty list.
    pub(super) fn new(clock: &Clock) -> Self {
        Self { clock: clock.clone(), latest: Arc::default() }
    }

    /// Adds the rotation that a session was just stored with.
    pub(super) fn add(&self, session: &Session) {
        if let Proof::Api { generation, .. } = session.proof {
            self.latest().insert(session.id, Rotated { generation, at: self.clock.moment() });
        }
    }

    /// Returns whether the session's latest rotation was made by this process longer than `grace`
    /// ago.
    pub(super) fn is_old(&self, session: &Session, grace: Duration) -> bool {
        let Proof::Api { generation: latest, .. } = session.proof else { return false };
        let now = self.clock.moment();
        let is_old =
            |rotated: &Rotated| rotated.generation == latest && now.since(rotated.at) >= grace;
        self.latest().get(&session.id).is_some_and(is_old)
    }

    /// Removes the rotations that are so old that a step back to them is unlikely.
    pub(super) fn remove_old(&self) {
        let now = self.clock.moment();
        self.latest().retain(|_, rotated| now.since(rotated.at) < KEPT_AFTER_EXPIRY);
    }

    fn latest(&self) -> MutexGuard<'_, HashMap<SessionId, Rotated>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
