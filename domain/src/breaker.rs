//! The circuit breaker for calls to the bank, as a state machine without a clock.
//!
//! The breaker is closed until a number of calls in a row have failed, and then open for a while.
//! After that it is half-open: it admits one call, the probe, whose result closes it or opens it
//! again. The names of the states are those of the .NET library Polly.

use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::moment::is_due;
use crate::time::later;

#[cfg(test)]
mod property;

/// When the breaker opens, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The number of failures in a row that open the breaker.
    pub failures: u32,
    /// How long the breaker stays open.
    pub open: Duration,
    /// How long the breaker waits for its probe.
    pub probe: Duration,
}

/// The state of the breaker: which calls it admits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// Admits every call.
    Closed {
        /// The number of failures since the last success.
        failures: u32,
    },
    /// Admits no call for a while.
    Open {
        /// When the breaker becomes half-open.
        until: Timestamp,
    },
    /// Admits no call but the probe, which is in progress.
    HalfOpen {
        /// When the probe counts as lost, and the next call becomes the probe. `None`, which an
        /// earlier version stored, is now.
        #[serde(default)]
        until: Option<Timestamp>,
    },
    /// Admits no call until an administrator resets the breaker.
    Isolated,
}

impl State {
    /// Returns the name of the state in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed { .. } => "closed",
            Self::Open { .. } => "open",
            Self::HalfOpen { .. } => "half_open",
            Self::Isolated => "isolated",
        }
    }
}

/// A circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Breaker {
    /// The state.
    pub state: State,
    /// The number of changes between states. It shows which results belong to an earlier state.
    pub generation: u64,
}

/// The permission to make one call, whose result must be [recorded](Breaker::record).
///
/// A half-open breaker admits no other call until its probe is recorded or lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit {
    /// The generation of the breaker at admission.
    generation: u64,
}

/// The result of a permitted call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The bank answered. Declining a charge is an answer too.
    Healthy,
    /// The bank did not answer, or its answer was not valid.
    Failure,
    /// The call was never made.
    Unused,
}

/// The error for a call that the breaker does not admit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the circuit breaker admits no call")]
pub struct Rejected {
    /// How long to wait before the next try.
    pub retry_after: Duration,
}

/// An interruption of payments, as shown to buyers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    /// Payments are possible again at this time.
    Until(Timestamp),
    /// The end of the interruption is not known.
    Indefinite,
}

/// How long a rejected caller waits if the end of the state is not known.
const PROBE_WAIT: Duration = Duration::from_secs(5);

impl Default for Breaker {
    fn default() -> Self {
        Self { state: State::Closed { failures: 0 }, generation: 0 }
    }
}

impl Breaker {
    /// Admits a call, or returns how long the caller has to wait.
    ///
    /// The first call after the open time becomes the probe. The state becomes half-open in the
    /// same step, so that no second call is admitted. Neither is one while the probe may still be
    /// in progress.
    pub fn admit(&mut self, now: Timestamp, limits: &Limits) -> Result<Permit, Rejected> {
        let half_open = State::HalfOpen { until: Some(later(now, limits.probe)) };
        match self.state {
            State::Closed { .. } => {}
            State::Open { until } if now >= until => self.enter(half_open),
            State::Open { until } => {
                return Err(Rejected { retry_after: now.duration_until(until).unsigned_abs() });
            }
            State::HalfOpen { until } if until.is_none_or(|until| now >= until) => {
                self.enter(half_open);
            }
            State::HalfOpen { .. } | State::Isolated => {
                return Err(Rejected { retry_after: PROBE_WAIT });
            }
        }
        Ok(Permit { generation: self.generation })
    }

    /// Returns an error if an administrator has stopped all calls.
    pub fn check_isolated(&self) -> Result<(), Rejected> {
        if self.state == State::Isolated {
            return Err(Rejected { retry_after: PROBE_WAIT });
        }
        Ok(())
    }

    /// Whether a permit was given in the current state. A call with an older one must not start.
    pub fn is_current(&self, permit: Permit) -> bool {
        permit.generation == self.generation
    }

    /// Records the result of a permitted call.
    ///
    /// A permit of an earlier generation changes nothing: a late result shows nothing about the
    /// bank's current health.
    pub fn record(&mut self, permit: Permit, verdict: Verdict, now: Timestamp, limits: &Limits) {
        if permit.generation != self.generation {
            return;
        }
        let open = State::Open { until: later(now, limits.open) };
        match (self.state, verdict) {
            (State::Closed { .. }, Verdict::Healthy) => self.state = State::Closed { failures: 0 },
            (State::Closed { failures }, Verdict::Failure) if failures + 1 >= limits.failures => {
                self.enter(open)
            }
            (State::Closed { failures }, Verdict::Failure) => {
                self.state = State::Closed { failures: failures + 1 }
            }
            (State::HalfOpen { .. }, Verdict::Healthy) => self.enter(State::Closed { failures: 0 }),
            (State::HalfOpen { .. }, Verdict::Failure) => self.enter(open),
            // The probe was not made, so the next call may be the probe at once.
            (State::HalfOpen { .. }, Verdict::Unused) => self.enter(State::Open { until: now }),
            (State::Closed { .. }, Verdict::Unused) | (State::Open { .. } | State::Isolated, _) => {
            }
        }
    }

    /// Returns the current interruption of payments, or `None` if calls are admitted.
    pub fn interruption(&self, now: Timestamp) -> Option<Interruption> {
        match self.state {
            State::Closed { .. } => None,
            State::Open { until } => (now < until).then_some(Interruption::Until(until)),
            State::HalfOpen { until } => {
                until.filter(|until| now < *until).map(|_| Interruption::Indefinite)
            }
            State::Isolated => Some(Interruption::Indefinite),
        }
    }

    /// Stops admitting calls until the breaker is reset, on an administrator's request.
    pub fn isolate(&mut self) {
        if self.state != State::Isolated {
            self.enter(State::Isolated);
        }
    }

    /// Closes the breaker and forgets earlier failures, on an administrator's request.
    pub fn reset(&mut self) {
        if self.state != (State::Closed { failures: 0 }) {
            self.enter(State::Closed { failures: 0 });
        }
    }

    /// Returns a stored breaker that keeps its state for no longer than its setting from now on.
    ///
    /// If it is open or half-open until a time further ahead, it was stored while the clock was
    /// wrong, and the next call becomes the probe.
    pub fn bounded(mut self, now: Timestamp, limits: &Limits) -> Self {
        let (until, longest) = match &mut self.state {
            State::Open { until } => (until, limits.open),
            State::HalfOpen { until: Some(until) } => (until, limits.probe),
            State::Closed { .. } | State::HalfOpen { until: None } | State::Isolated => {
                return self;
            }
        };
        let latest = if is_due(*until, longest, now) { now } else { later(now, longest) };
        *until = (*until).min(latest);
        self
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.generation += 1;
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const LIMITS: Limits =
        Limits { failures: 3, open: Duration::from_secs(60), probe: Duration::from_secs(20) };

    pub(crate) fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn fail(breaker: &mut Breaker, now: Timestamp) {
        let permit = breaker.admit(now, &LIMITS).unwrap();
        breaker.record(permit, Verdict::Failure, now, &LIMITS);
    }

    fn open() -> Breaker {
        let mut breaker = Breaker::default();
        (0..3).for_each(|_| fail(&mut breaker, at(0)));
        breaker
    }

    #[test]
    fn three_failures_in_a_row_open_the_breaker_for_a_minute() {
        let mut breaker = open();
        assert_eq!(breaker.state, State::Open { until: at(60) });
        assert_eq!(
            breaker.admit(at(45), &LIMITS),
            Err(Rejected { retry_after: Duration::from_secs(15) })
        );
    }

    #[test]
    fn a_success_resets_the_count_of_failures() {
        let mut breaker = Breaker::default();
        (0..2).for_each(|_| fail(&mut breaker, at(0)));
        let permit = breaker.admit(at(0), &LIMITS).unwrap();
        breaker.record(permit, Verdict::Healthy, at(0), &LIMITS);
        (0..2).for_each(|_| fail(&mut breaker, at(0)));
        assert_eq!(breaker.state, State::Closed { failures: 2 });
    }

    #[test]
    fn after_the_minute_exactly_one_call_is_admitted() {
        let mut breaker = open();
        let admitted = (0..1_000).filter(|_| breaker.admit(at(60), &LIMITS).is_ok()).count();
        assert_eq!(admitted, 1);
    }

    #[test]
    fn the_result_of_the_probe_closes_the_breaker_or_opens_it_again() {
        let mut good = open();
        let mut bad = open();
        let permit = good.admit(at(60), &LIMITS).unwrap();
        good.record(permit, Verdict::Healthy, at(61), &LIMITS);
        assert_eq!(good.state, State::Closed { failures: 0 });
        fail(&mut bad, at(60));
        assert_eq!(bad.state, State::Open { until: at(120) });
    }

    #[test]
    fn after_a_probe_that_was_not_made_the_next_call_is_the_probe() {
        let mut breaker = open();
        let permit = breaker.admit(at(60), &LIMITS).unwrap();
        breaker.record(permit, Verdict::Unused, at(60), &LIMITS);
        assert!(breaker.admit(at(60), &LIMITS).is_ok());
    }

    #[test]
    fn an_isolated_breaker_admits_no_call_until_it_is_reset() {
        let mut breaker = Breaker::default();
        let late = breaker.admit(at(0), &LIMITS).unwrap();
        breaker.isolate();
        breaker.record(late, Verdict::Healthy, at(1), &LIMITS);
        assert!(breaker.admit(at(1_000_000), &LIMITS).is_err());
        breaker.reset();
        assert!(breaker.admit(at(1), &LIMITS).is_ok());
    }

    #[test]
    fn a_reset_closes_an_open_breaker_and_does_not_change_a_closed_one() {
        let mut breaker = open();
        breaker.reset();
        assert_eq!(breaker.state, State::Closed { failures: 0 });
        let before = breaker;
        breaker.reset();
        assert_eq!(breaker, before);
    }

    #[test]
    fn a_late_result_changes_nothing() {
        let mut breaker = Breaker::default();
        let late = breaker.admit(at(0), &LIMITS).unwrap();
        (0..3).for_each(|_| fail(&mut breaker, at(0)));
        let before = breaker;
        breaker.record(late, Verdict::Healthy, at(1), &LIMITS);
        assert_eq!(breaker, before);
    }

    #[test]
    fn every_state_has_its_name_from_json() {
        for (state, name) in [
            (State::Closed { failures: 2 }, "closed"),
            (State::Open { until: at(60) }, "open"),
            (State::HalfOpen { until: None }, "half_open"),
            (State::Isolated, "isolated"),
        ] {
            assert_eq!(serde_json::to_value(state).unwrap()["state"], name);
            assert_eq!(state.name(), name);
        }
    }

    #[test]
    fn payments_are_interrupted_while_no_call_is_admitted() {
        for (state, interruption) in [
            (State::Closed { failures: 2 }, None),
            (State::Open { until: at(60) }, Some(Interruption::Until(at(60)))),
            (State::HalfOpen { until: Some(at(60)) }, Some(Interruption::Indefinite)),
            (State::Isolated, Some(Interruption::Indefinite)),
        ] {
            let mut breaker = Breaker { state, generation: 7 };
            assert_eq!(breaker.interruption(at(59)), interruption, "{state:?}");
            assert_eq!(
                breaker.admit(at(59), &LIMITS).is_err(),
                interruption.is_some(),
                "{state:?}"
            );
        }
        assert_eq!(open().interruption(at(60)), None);
    }

    #[test]
    fn a_permit_is_current_until_the_state_changes() {
        let mut breaker = Breaker::default();
        let permit = breaker.admit(at(0), &LIMITS).unwrap();
        assert!(breaker.is_current(permit));
        breaker.isolate();
        assert!(!breaker.is_current(permit));
    }

    #[test]
    fn isolating_an_isolated_breaker_changes_nothing() {
        let mut breaker = Breaker { state: State::Isolated, generation: 7 };
        breaker.isolate();
        assert_eq!(breaker, Breaker { state: State::Isolated, generation: 7 });
    }

    #[test]
    fn a_stored_breaker_is_open_for_no_longer_than_its_setting() {
        // It is open until second 60, and stays open for 60 seconds at most.
        for (now, until) in [(60, 60), (45, 60), (0, 60), (-1, 59), (-60, 0), (-61, -61)] {
            let bounded = open().bounded(at(now), &LIMITS);
            assert_eq!(bounded.state, State::Open { until: at(until) }, "{now}");
            assert_eq!(bounded.generation, open().generation);
        }
        let closed = Breaker::default();
        assert_eq!(closed.bounded(at(0), &LIMITS), closed);
    }

    #[test]
    fn a_probe_that_is_lost_makes_the_next_call_the_probe() {
        let mut breaker = open();
        let lost = breaker.admit(at(60), &LIMITS).unwrap();
        assert_eq!(breaker.state, State::HalfOpen { until: Some(at(80)) });
        assert!(breaker.admit(at(79), &LIMITS).is_err());
        assert!(breaker.admit(at(80), &LIMITS).is_ok());
        assert_eq!(breaker.state, State::HalfOpen { until: Some(at(100)) });
        let before = breaker;
        breaker.record(lost, Verdict::Healthy, at(81), &LIMITS);
        assert_eq!(breaker, before);
        let mut earlier = Breaker { state: State::HalfOpen { until: None }, generation: 7 };
        assert!(earlier.admit(at(0), &LIMITS).is_ok());
    }

    #[test]
    fn a_stored_breaker_waits_for_its_probe_no_longer_than_its_setting() {
        let half_open =
            |until| Breaker { state: State::HalfOpen { until: Some(at(until)) }, generation: 7 };
        for (now, until) in [(80, 80), (65, 80), (60, 80), (59, 79), (-1, -1)] {
            assert_eq!(half_open(80).bounded(at(now), &LIMITS), half_open(until), "{now}");
        }
    }
}
