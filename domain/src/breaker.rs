//! The circuit breaker in front of the bank, as a state machine without a clock.
//!
//! Closed until enough calls in a row have failed, then open; when the time is over one call may try
//! (half-open), and its end decides. The names are those of the pattern as resilience4j has it.

use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When the breaker opens and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Failures in a row that open it.
    pub failures: u32,
    /// How long it stays open.
    pub open: Duration,
}

/// What the breaker lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// Every call.
    Closed {
        /// Failures since the last success.
        failures: u32,
    },
    /// No call until a time.
    Open {
        /// That time.
        until: Timestamp,
    },
    /// Only the one call that is under way.
    HalfOpen,
    /// No call until somebody says otherwise.
    Isolated,
}

impl State {
    /// Its name, as the breaker's JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed { .. } => "closed",
            Self::Open { .. } => "open",
            Self::HalfOpen => "half_open",
            Self::Isolated => "isolated",
        }
    }
}

/// A circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Breaker {
    /// What it lets through.
    pub state: State,
    /// Counts the changes between states, so that a late result is known as such.
    pub generation: u64,
}

/// The right to make one call; its end must be [recorded](Breaker::record).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit {
    generation: u64,
}

/// How a permitted call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The bank works: it answered, be it with a refusal to charge.
    Healthy,
    /// The bank does not work.
    Failure,
    /// The call was never made.
    Unused,
}

/// No call may be made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the breaker lets no call through")]
pub struct Rejected {
    /// When to ask again.
    pub retry_after: Duration,
}

/// No call is made, as a buyer is told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    /// From then on one may try.
    Until(Timestamp),
    /// Nobody knows how long.
    ForNow,
}

/// How long a caller waits while another call is the probe, or nobody knows better.
const PROBE_WAIT: Duration = Duration::from_secs(5);

impl Default for Breaker {
    fn default() -> Self {
        Self { state: State::Closed { failures: 0 }, generation: 0 }
    }
}

impl Breaker {
    /// Asks for the right to make a call.
    pub fn admit(&mut self, now: Timestamp) -> Result<Permit, Rejected> {
        match self.state {
            State::Closed { .. } => {}
            State::Open { until } if now >= until => self.enter(State::HalfOpen),
            State::Open { until } => {
                return Err(Rejected { retry_after: now.duration_until(until).unsigned_abs() });
            }
            State::HalfOpen | State::Isolated => return Err(Rejected { retry_after: PROBE_WAIT }),
        }
        Ok(Permit { generation: self.generation })
    }

    /// Says how a permitted call ended; a permit from before a change of state changes nothing.
    pub fn record(&mut self, permit: Permit, verdict: Verdict, now: Timestamp, limits: &Limits) {
        if permit.generation != self.generation {
            return;
        }
        let open = State::Open { until: now + limits.open };
        match (self.state, verdict) {
            (State::Closed { .. }, Verdict::Healthy) => self.state = State::Closed { failures: 0 },
            (State::Closed { failures }, Verdict::Failure) if failures + 1 >= limits.failures => {
                self.enter(open)
            }
            (State::Closed { failures }, Verdict::Failure) => {
                self.state = State::Closed { failures: failures + 1 }
            }
            (State::HalfOpen, Verdict::Healthy) => self.enter(State::Closed { failures: 0 }),
            (State::HalfOpen, Verdict::Failure) => self.enter(open),
            (State::HalfOpen, Verdict::Unused) => self.enter(State::Open { until: now }),
            (State::Closed { .. }, Verdict::Unused) | (State::Open { .. } | State::Isolated, _) => {
            }
        }
    }

    /// Whether and until when no call is made.
    pub fn interruption(&self, now: Timestamp) -> Option<Interruption> {
        match self.state {
            State::Closed { .. } => None,
            State::Open { until } => (now < until).then_some(Interruption::Until(until)),
            State::HalfOpen | State::Isolated => Some(Interruption::ForNow),
        }
    }

    /// Lets nothing through until it is reset, as somebody wants it.
    pub fn isolate(&mut self) {
        if self.state != State::Isolated {
            self.enter(State::Isolated);
        }
    }

    /// Lets everything through again, as somebody wants it; failures before don't count.
    pub fn reset(&mut self) {
        if self.state != (State::Closed { failures: 0 }) {
            self.enter(State::Closed { failures: 0 });
        }
    }

    /// The breaker as it goes on after a restart: a probe that was under way is lost, so another may try at once.
    pub fn recovered(mut self, now: Timestamp) -> Self {
        if self.state == State::HalfOpen {
            self.enter(State::Open { until: now });
        }
        self
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.generation += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits { failures: 3, open: Duration::from_secs(60) };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn fail(breaker: &mut Breaker, now: Timestamp) {
        let permit = breaker.admit(now).unwrap();
        breaker.record(permit, Verdict::Failure, now, &LIMITS);
    }

    fn open() -> Breaker {
        let mut breaker = Breaker::default();
        (0..3).for_each(|_| fail(&mut breaker, at(0)));
        breaker
    }

    #[test]
    fn three_failures_in_a_row_open_it_for_a_minute() {
        let mut breaker = open();
        assert_eq!(breaker.state, State::Open { until: at(60) });
        assert_eq!(breaker.admit(at(45)), Err(Rejected { retry_after: Duration::from_secs(15) }));
    }

    #[test]
    fn a_success_between_failures_starts_the_count_anew() {
        let mut breaker = Breaker::default();
        (0..2).for_each(|_| fail(&mut breaker, at(0)));
        let permit = breaker.admit(at(0)).unwrap();
        breaker.record(permit, Verdict::Healthy, at(0), &LIMITS);
        (0..2).for_each(|_| fail(&mut breaker, at(0)));
        assert_eq!(breaker.state, State::Closed { failures: 2 });
    }

    #[test]
    fn when_the_minute_is_over_exactly_one_may_try() {
        let mut breaker = open();
        let admitted = (0..1_000).filter(|_| breaker.admit(at(60)).is_ok()).count();
        assert_eq!(admitted, 1);
    }

    #[test]
    fn the_probe_decides() {
        let (mut good, mut bad) = (open(), open());
        let permit = good.admit(at(60)).unwrap();
        good.record(permit, Verdict::Healthy, at(61), &LIMITS);
        assert_eq!(good.state, State::Closed { failures: 0 });
        fail(&mut bad, at(60));
        assert_eq!(bad.state, State::Open { until: at(120) });
    }

    #[test]
    fn a_probe_that_was_never_made_lets_the_next_one_try() {
        let mut breaker = open();
        let permit = breaker.admit(at(60)).unwrap();
        breaker.record(permit, Verdict::Unused, at(60), &LIMITS);
        assert!(breaker.admit(at(60)).is_ok());
    }

    #[test]
    fn an_isolated_breaker_stays_so_until_it_is_reset() {
        let mut breaker = Breaker::default();
        let late = breaker.admit(at(0)).unwrap();
        breaker.isolate();
        breaker.record(late, Verdict::Healthy, at(1), &LIMITS);
        assert!(breaker.admit(at(1_000_000)).is_err());
        assert_eq!(breaker.recovered(at(1)).state, State::Isolated);
        breaker.reset();
        assert!(breaker.admit(at(1)).is_ok());
        let (mut opened, before) = (open(), breaker);
        opened.reset();
        assert_eq!(opened.state, State::Closed { failures: 0 });
        breaker.reset();
        assert_eq!(breaker, before);
    }

    #[test]
    fn a_late_result_changes_nothing() {
        let mut breaker = Breaker::default();
        let late = breaker.admit(at(0)).unwrap();
        (0..3).for_each(|_| fail(&mut breaker, at(0)));
        let before = breaker;
        breaker.record(late, Verdict::Healthy, at(1), &LIMITS);
        assert_eq!(breaker, before);
    }

    proptest! {
        #[test]
        fn whatever_happens_one_call_tries_a_half_open_breaker_and_late_results_change_nothing(
            steps in prop::collection::vec((0..12_u8, 0..90_i64, any::<prop::sample::Index>()), 1..200),
        ) {
            let (mut breaker, mut now, mut permits) = (Breaker::default(), 0, Vec::new());
            for (step, wait, which) in steps {
                let before = breaker;
                now += wait;
                match step {
                    0 => breaker.isolate(),
                    1 => breaker.reset(),
                    2 => breaker = breaker.recovered(at(now)),
                    3..=7 => match breaker.admit(at(now)) {
                        Ok(permit) => permits.push(permit),
                        Err(rejected) => {
                            prop_assert_eq!(breaker, before);
                            let is_closed = breaker.state.name() == "closed";
                            prop_assert!(!is_closed && !rejected.retry_after.is_zero());
                        }
                    },
                    _ if permits.is_empty() => {}
                    _ => {
                        let permit = permits.swap_remove(which.index(permits.len()));
                        let verdict = [Verdict::Healthy, Verdict::Failure, Verdict::Unused][usize::from(step % 3)];
                        breaker.record(permit, verdict, at(now), &LIMITS);
                        prop_assert!(permit.generation == before.generation || breaker == before);
                    }
                }
                let current = permits.iter().filter(|permit| permit.generation == breaker.generation).count();
                match breaker.state {
                    State::Closed { failures } => prop_assert!(failures < LIMITS.failures),
                    State::HalfOpen => prop_assert_eq!(current, 1),
                    State::Open { .. } | State::Isolated => prop_assert_eq!(current, 0),
                }
                prop_assert!(breaker.generation >= before.generation);
                prop_assert!(breaker.generation > before.generation || breaker.state.name() == before.state.name());
            }
        }
    }
}
