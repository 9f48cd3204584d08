//! Throttling of password checks and registrations: what was counted, and what is under way.
//!
//! A check under way counts as a failure until it has ended. The rules are in
//! [`domain::throttle`].

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::network::Network;
use domain::user::{SubmittedName, UserError, UserId};

use crate::clock::Clock;
use crate::failure::Failure;
use crate::handling::Reply;
use crate::password::Client;
use crate::shared::Shared;
use counters::{Counter, Counters};
use sources::{Source, Sources};

mod bounded;
mod counters;
mod sources;

/// One character more than the longest username: beyond it, submitted names need not differ.
const NAME_LENGTH: usize = 65;

/// The counters of this process. Clones share them, also after a restart of the actor.
#[derive(Clone)]
pub(super) struct Throttle {
    state: Arc<Mutex<State>>,
    clock: Clock,
    is_on: bool,
    /// Hashes names with a key that no client has, so that each counter is small.
    names: RandomState,
}

struct State {
    sources: Sources,
    counters: Counters,
}

/// Why an attempt is not admitted yet.
pub(super) enum Refusal {
    /// The source itself must wait, because of its own failures.
    Source(Duration),
    /// The source must wait because of a counter that it shares with others.
    Shared(Duration),
}

/// An attempt that was admitted.
///
/// One that is dropped before its end does not count, as the checks of an actor that panics:
/// otherwise it would be under way, and delay its source, until it is forgotten.
#[derive(Default)]
pub(super) struct Attempt {
    /// The throttle that counts it; `None` if nothing counts it any more.
    throttle: Option<Throttle>,
    source: Option<Source>,
    counters: Vec<Counter>,
}

/// How an attempt has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The password was right: the failures of the source are forgotten.
    Right,
    /// The password was wrong, or the registration counts.
    Counted,
    /// Nothing was checked: the attempt does not count.
    Void,
}

impl Throttle {
    /// Creates a throttle without failures.
    pub(super) fn new(shared: &Shared) -> Self {
        let counters = Counters::new(shared.rules.registrations_per_hour);
        let state = State { sources: Sources::default(), counters };
        Self {
            state: Arc::new(Mutex::new(state)),
            clock: shared.clock.clone(),
            is_on: shared.rules.throttle,
            names: RandomState::new(),
        }
    }

    /// Admits a sign-in with a name, which is the same however it is typed.
    pub(super) fn begin_sign_in(
        &self,
        client: Network,
        username: &str,
    ) -> Result<Attempt, Refusal> {
        let name = self.name(username);
        let mut shared = vec![Counter::Network(client), Counter::Name(name)];
        shared.extend(client.larger_site().map(Counter::Site));
        self.begin(Source::SignIn(client, name), shared)
    }

    /// Admits a sign-in of a client from which the user has signed in before. Only the failures
    /// with the names of such users count.
    pub(super) fn begin_known_sign_in(
        &self,
        client: Network,
        username: &str,
    ) -> Result<Attempt, Refusal> {
        let shared = vec![Counter::KnownNetwork(client)];
        self.begin(Source::SignIn(client, self.name(username)), shared)
    }

    /// Admits a check of the password of a user who is signed in.
    pub(super) fn begin_change(&self, user: UserId) -> Result<Attempt, Refusal> {
        self.begin(Source::User(user), Vec::new())
    }

    /// Admits a new password by a link. Wrong links and wrong passwords of a client count together.
    pub(super) fn begin_reset(&self, client: Network) -> Result<Attempt, Refusal> {
        let mut shared = vec![Counter::Network(client)];
        shared.extend(client.larger_site().map(Counter::Site));
        self.begin(Source::Reset(client), shared)
    }

    /// Admits a registration. Users whom an administrator adds do not count.
    pub(super) fn begin_registration(&self, client: Client) -> Result<Attempt, UserError> {
        let Client::Visitor(client) = client else { return Ok(Attempt::default()) };
        if !self.is_on {
            return Ok(Attempt::default());
        }
        let mut counters = vec![Counter::Registrations(client)];
        counters.extend(client.larger_site().map(Counter::SiteRegistrations));
        let spent = self.state().counters.spend(&counters, self.clock.moment());
        spent.map_err(|retry_after| UserError::TooManyRegistrations { retry_after })?;
        Ok(self.admitted(None, counters))
    }

    /// Removes what no longer counts.
    pub(super) fn sweep(&self) {
        let now = self.clock.moment();
        let mut state = self.state();
        state.sources.sweep(now);
        state.counters.sweep(now);
    }

    /// The number of sources with recent failures or checks under way.
    pub(super) fn len(&self) -> usize {
        self.state().sources.len()
    }

    fn begin(&self, source: Source, counters: Vec<Counter>) -> Result<Attempt, Refusal> {
        if !self.is_on {
            return Ok(Attempt::default());
        }
        let now = self.clock.moment();
        let mut state = self.state();
        if let Some(wait) = state.sources.wait(source, now) {
            return Err(Refusal::Source(wait));
        }
        state.counters.spend(&counters, now).map_err(Refusal::Shared)?;
        state.sources.begin(source, now);
        Ok(self.admitted(Some(source), counters))
    }

    fn admitted(&self, source: Option<Source>, counters: Vec<Counter>) -> Attempt {
        Attempt { throttle: Some(self.clone()), source, counters }
    }

    fn end(&self, attempt: &Attempt, outcome: Outcome) {
        let now = self.clock.moment();
        let mut state = self.state();
        if outcome != Outcome::Counted {
            state.counters.give_back(&attempt.counters, now);
        }
        if let Some(source) = attempt.source {
            state.sources.end(source, outcome, now);
        }
    }

    fn name(&self, username: &str) -> u64 {
        let name: String = SubmittedName::of(username).mapped.chars().take(NAME_LENGTH).collect();
        self.names.hash_one(name)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt {
    /// Records how the attempt has ended.
    pub(super) fn end(mut self, outcome: Outcome) {
        self.record(outcome);
    }

    fn record(&mut self, outcome: Outcome) {
        if let Some(throttle) = self.throttle.take() {
            throttle.end(self, outcome);
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.record(Outcome::Void);
    }
}

impl Outcome {
    /// Returns how a check of a password or of a link has ended.
    pub(super) fn of<T>(checked: &Reply<T, UserError>) -> Self {
        match checked {
            Ok(_) => Self::Right,
            Err(Failure::Refused(
                UserError::InvalidCredentials
                | UserError::WrongPassword
                | UserError::InvalidResetLink,
            )) => Self::Counted,
            Err(_) => Self::Void,
        }
    }
}

impl From<Refusal> for UserError {
    fn from(refusal: Refusal) -> Self {
        let (Refusal::Source(retry_after) | Refusal::Shared(retry_after)) = refusal;
        Self::TooManyFailures { retry_after }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle() -> Throttle {
        let state = State { sources: Sources::default(), counters: Counters::new(30) };
        Throttle {
            state: Arc::new(Mutex::new(state)),
            clock: Clock::default(),
            is_on: true,
            names: RandomState::new(),
        }
    }

    #[test]
    fn an_attempt_that_is_dropped_before_its_end_does_not_count() {
        let throttle = throttle();
        let client = Network::parse("2001:db8::1");
        for attempt in 0..100 {
            assert!(throttle.begin_sign_in(client, "ana").is_ok(), "{attempt}");
            assert!(throttle.begin_registration(Client::Visitor(client)).is_ok(), "{attempt}");
        }
        assert_eq!(throttle.len(), 0);
    }

    #[test]
    fn an_attempt_that_has_ended_counts_once() {
        let throttle = throttle();
        let client = Network::parse("192.0.2.1");
        for attempt in 0..31 {
            let admitted = throttle.begin_sign_in(client, &format!("name{attempt}"));
            assert_eq!(admitted.is_ok(), attempt < 30, "{attempt}");
            admitted.into_iter().for_each(|admitted| admitted.end(Outcome::Counted));
        }
        assert_eq!(throttle.len(), 30);
    }
}
