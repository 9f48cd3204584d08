//! Throttling of password checks: failures in a row, and the checks that are running.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use domain::moment::Moment;
use domain::throttle::Failures;
use domain::user::{SubmittedName, UserError};

/// One character more than the longest username: beyond it, submitted names need not differ.
const NAME_LENGTH: usize = 65;

/// The recent failures of every source of password checks.
///
/// Memory is bounded in practice: every failure has cost a password hash.
#[derive(Default)]
pub(super) struct Throttle {
    failures: HashMap<String, Failures>,
    /// Sources with several failures whose next check is running.
    running: HashSet<String>,
}

/// A password check that was admitted.
pub(super) struct Attempt {
    source: String,
    /// Whether other checks of the source are refused until this one ends.
    is_exclusive: bool,
}

impl Throttle {
    /// Admits a password check, or returns how long its source has to wait.
    pub(super) fn begin(&mut self, source: String, now: Moment) -> Result<Attempt, UserError> {
        let failures = self.failures.get(&source);
        if let Some(retry_after) = failures.and_then(|failures| failures.wait(now)) {
            return Err(UserError::TooManyFailures { retry_after });
        }
        // Otherwise many parallel checks would all be admitted before the first one fails.
        let is_exclusive = failures.is_some_and(|failures| failures.are_suspicious());
        if is_exclusive && !self.running.insert(source.clone()) {
            return Err(UserError::TooManyFailures { retry_after: Failures::CONCURRENT_WAIT });
        }
        Ok(Attempt { source, is_exclusive })
    }

    /// Records whether the password was right; `None` if the check finished without a result.
    pub(super) fn end(&mut self, attempt: Attempt, was_right: Option<bool>, now: Moment) {
        let Attempt { source, is_exclusive } = attempt;
        if is_exclusive {
            self.running.remove(&source);
        }
        match was_right {
            Some(true) => drop(self.failures.remove(&source)),
            Some(false) => {
                let before = self.failures.get(&source).copied();
                self.failures.insert(source, Failures::after(before, now));
            }
            None => {}
        }
    }

    /// Removes failures that no longer count.
    pub(super) fn sweep(&mut self, now: Moment) {
        self.failures.retain(|_, failures| failures.are_recent(now));
    }

    /// The number of sources with recent failures.
    pub(super) fn len(&self) -> usize {
        self.failures.len()
    }
}

/// Returns the source of a sign-in: the client's address and the submitted name, which is the same
/// however it is typed.
///
/// An IPv6 client counts by its /64 network, since it can use any address of it.
pub(super) fn sign_in_source(address: &str, username: &str) -> String {
    let network = match address.parse() {
        Ok(IpAddr::V6(address)) => format!("{:x?}", address.segments().first_chunk::<4>()),
        _ => address.to_owned(),
    };
    let name: String = SubmittedName::of(username).mapped.chars().take(NAME_LENGTH).collect();
    format!("{network} {name}")
}
