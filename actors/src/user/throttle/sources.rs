//! Where checks of passwords come from: failures in a row, and checks under way.

use std::time::Duration;

use domain::moment::Moment;
use domain::network::Network;
use domain::throttle::Failures;
use domain::user::UserId;

use super::Outcome;
use super::bounded::Bounded;

/// Where checks of a password come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// A client that signs in with a name, of which this is the hash.
    SignIn(Network, u64),
    /// A client that sets a new password by a link.
    Reset(Network),
    /// A signed-in user who changes the password.
    User(UserId),
}

/// The sources with recent failures or checks under way.
#[derive(Default)]
pub(super) struct Sources {
    recent: Bounded<Source, Recent>,
}

/// What a source has done recently.
#[derive(Clone, Copy, Default)]
struct Recent {
    failures: Option<Failures>,
    under_way: u32,
}

impl Sources {
    /// Returns how long a check has to wait, or `None` if it may begin now.
    pub(super) fn wait(&self, source: Source, now: Moment) -> Option<Duration> {
        let Recent { failures, under_way } = self.recent(source);
        Failures::wait_beside(failures, under_way, now)
    }

    /// Records that a check begins.
    pub(super) fn begin(&mut self, source: Source, now: Moment) {
        let Recent { failures, under_way } = self.recent(source);
        // As long as if it failed now.
        let until = Failures::after(failures, now).forgotten_at();
        let recent = Recent { failures, under_way: under_way + 1 };
        self.recent.put(source, recent, until, now);
    }

    /// Records how a check has ended.
    pub(super) fn end(&mut self, source: Source, outcome: Outcome, now: Moment) {
        let Recent { failures, under_way } = self.recent(source);
        let under_way = under_way.saturating_sub(1);
        let failures = match outcome {
            Outcome::Right => None,
            Outcome::Counted => Some(Failures::after(failures, now)),
            Outcome::Void => failures,
        };
        if failures.is_none() && under_way == 0 {
            self.recent.remove(&source);
            return;
        }
        let until = failures.unwrap_or_else(|| Failures::after(None, now)).forgotten_at();
        self.recent.put(source, Recent { failures, under_way }, until, now);
    }

    /// Removes what no longer counts.
    pub(super) fn sweep(&mut self, now: Moment) {
        self.recent.sweep(now);
    }

    /// Returns the number of sources.
    pub(super) fn len(&self) -> usize {
        self.recent.len()
    }

    fn recent(&self, source: Source) -> Recent {
        self.recent.get(&source).unwrap_or_default()
    }
}
