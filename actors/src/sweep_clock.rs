//! The time for sweeps: what a step of the clock alone has made old is not swept.

use std::sync::{Arc, Mutex, PoisonError};

use domain::moment::{KEPT_AFTER_EXPIRY, Moment};
use jiff::Timestamp;

use crate::clock::{Clock, Reading};

/// The time for sweeps, which remove what has expired.
///
/// A step of the calendar back takes effect at once. A step forward does so only after it has
/// lasted for at least seven days. Until then the time goes on as if there had been no step, so a
/// step that is put right in time has removed nothing. Clones share one state.
#[derive(Clone)]
pub struct SweepClock {
    clock: Clock,
    offsets: Arc<Mutex<Offsets>>,
}

/// The lowest offsets of the calendar from the monotonic clock, in milliseconds.
struct Offsets {
    /// When the current period began.
    since: Moment,
    /// The lowest offset of the current period.
    current: i64,
    /// The lowest offset of the period before.
    previous: i64,
}

impl SweepClock {
    /// Creates the sweep clock of a clock whose calendar counts as right for now.
    pub fn new(clock: &Clock) -> Self {
        let reading = clock.reading();
        let current = offset(reading);
        let offsets = Offsets { since: reading.moment, current, previous: current };
        Self { clock: clock.clone(), offsets: Arc::new(Mutex::new(offsets)) }
    }

    /// Returns the time before which everything that has expired may be removed. It is never later
    /// than the calendar's.
    pub fn now(&self) -> Timestamp {
        let reading = self.clock.reading();
        let mut offsets = self.offsets.lock().unwrap_or_else(PoisonError::into_inner);
        let lag = offset(reading) - offsets.lowest(reading);
        let milliseconds = reading.time.as_millisecond().saturating_sub(lag);
        Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::MIN)
    }
}

impl Offsets {
    /// Adds a reading, and returns the lowest offset of this period and the one before.
    fn lowest(&mut self, reading: Reading) -> i64 {
        let offset = offset(reading);
        if reading.moment.since(self.since) >= KEPT_AFTER_EXPIRY {
            self.since = reading.moment;
            self.previous = self.current;
            self.current = offset;
        }
        self.current = self.current.min(offset);
        self.current.min(self.previous)
    }
}

/// Returns how far the calendar is ahead of the monotonic clock. It changes only when the calendar
/// jumps, but for the corrections that a running clock gets.
fn offset(Reading { time, moment }: Reading) -> i64 {
    let since_start = i64::try_from(moment.since_start().as_millis()).unwrap_or(i64::MAX);
    time.as_millisecond().saturating_sub(since_start)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::SignedDuration;

    use super::*;
    use crate::clock::ManualClock;

    const DAY: Duration = Duration::from_secs(86_400);

    fn clocks() -> (ManualClock, Clock, SweepClock) {
        let manual = ManualClock::new(1_000_000_000_000);
        let clock = Clock::Manual(manual.clone());
        let sweep = SweepClock::new(&clock);
        (manual, clock, sweep)
    }

    #[test]
    fn without_steps_a_sweep_removes_what_has_expired_at_once() {
        let (manual, clock, sweep) = clocks();
        for _ in 0..100 {
            manual.advance(DAY / 3);
            assert_eq!(sweep.now(), clock.now());
        }
    }

    #[test]
    fn a_step_forward_counts_only_after_seven_days() {
        let (manual, clock, sweep) = clocks();
        let before = sweep.now();
        manual.step(SignedDuration::from_hours(2));
        assert_eq!(sweep.now(), before);
        for day in 1..=6 {
            manual.advance(DAY);
            assert_eq!(sweep.now(), before + DAY * day);
        }
        for _ in 7..=15 {
            manual.advance(DAY);
            sweep.now();
        }
        assert_eq!(sweep.now(), clock.now());
    }

    #[test]
    fn a_step_back_counts_at_once() {
        let (manual, clock, sweep) = clocks();
        manual.step(SignedDuration::from_hours(-2));
        assert_eq!(sweep.now(), clock.now());
        manual.step(SignedDuration::from_hours(2));
        assert!(sweep.now() < clock.now());
    }
}
