//! Time and randomness: the only file that reads a clock or a source of randomness.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use domain::moment::Moment;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// When the process first read its monotonic clock.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A source of time: a calendar, in whole milliseconds, and a monotonic clock.
///
/// The calendar can jump. It decides what is stored and what other processes see. The monotonic
/// clock decides about everything that is short and in memory.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The system's clocks.
    #[default]
    System,
    /// The calendar of a shared store, which all its nodes follow, and the system's monotonic
    /// clock.
    Followed(FollowedCalendar),
    /// Clocks that stand still until a test moves them.
    Manual(ManualClock),
}

/// The calendar of another machine. It goes on with the monotonic clock, so that no step of the
/// system's calendar changes it. Clones share one state.
#[derive(Debug, Clone)]
pub struct FollowedCalendar {
    /// By how many milliseconds the calendar is ahead of the monotonic clock.
    ahead: Arc<AtomicI64>,
}

/// Clocks that stand still until a test moves them. Clones share one state.
#[derive(Debug, Clone)]
pub struct ManualClock {
    /// Milliseconds since the Unix epoch.
    calendar: Arc<AtomicI64>,
    /// Milliseconds since the first moment.
    moment: Arc<AtomicI64>,
}

/// Both clocks at one time.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// The calendar.
    pub time: Timestamp,
    /// The monotonic clock.
    pub moment: Moment,
}

impl Clock {
    /// Returns the current time of the calendar.
    pub fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
        match self {
            Self::System => time(Timestamp::now().as_millisecond()),
            Self::Followed(calendar) => calendar.at(self.moment()),
            Self::Manual(manual) => time(manual.calendar.load(Ordering::SeqCst)),
        }
    }

    /// Returns the current moment, which no step of the calendar changes.
    pub fn moment(&self) -> Moment {
        match self {
            Self::System | Self::Followed(_) => Moment::at(START.elapsed()),
            Self::Manual(manual) => {
                let milliseconds = manual.moment.load(Ordering::SeqCst);
                Moment::at(Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default()))
            }
        }
    }

    /// Reads both clocks.
    pub fn reading(&self) -> Reading {
        Reading { time: self.now(), moment: self.moment() }
    }

    /// Returns the time that the calendar would show if it had not jumped since a reading.
    pub fn steady_since(&self, reading: Reading) -> Timestamp {
        let elapsed = self.moment().since(reading.moment);
        let milliseconds = i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
        time(reading.time.as_millisecond().saturating_add(milliseconds))
    }
}

impl FollowedCalendar {
    /// Follows a calendar that has shown a time at a moment.
    pub fn new(Reading { time, moment }: Reading) -> Self {
        let ahead = time.as_millisecond().saturating_sub(milliseconds(moment));
        Self { ahead: Arc::new(AtomicI64::new(ahead)) }
    }

    /// Goes on from another reading, unless the calendar has shown the same time within `error`.
    pub fn correct(&self, Reading { time, moment }: Reading, error: Duration) {
        if time.duration_since(self.at(moment)).unsigned_abs() > error {
            let ahead = time.as_millisecond().saturating_sub(milliseconds(moment));
            self.ahead.store(ahead, Ordering::SeqCst);
        }
    }

    fn at(&self, moment: Moment) -> Timestamp {
        time(self.ahead.load(Ordering::SeqCst).saturating_add(milliseconds(moment)))
    }
}

impl ManualClock {
    /// Creates clocks that show a time, in milliseconds since the Unix epoch.
    pub fn new(milliseconds: i64) -> Self {
        Self { calendar: Arc::new(AtomicI64::new(milliseconds)), moment: Arc::default() }
    }

    /// Moves both clocks forward.
    pub fn advance(&self, duration: Duration) {
        let milliseconds = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        self.calendar.fetch_add(milliseconds, Ordering::SeqCst);
        self.moment.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// Steps the calendar forward or back. The monotonic clock does not move.
    pub fn step(&self, step: SignedDuration) {
        let milliseconds = i64::try_from(step.as_millis()).unwrap_or(i64::MAX);
        self.calendar.fetch_add(milliseconds, Ordering::SeqCst);
    }
}

/// Returns the milliseconds since the first moment.
fn milliseconds(moment: Moment) -> i64 {
    i64::try_from(moment.since_start().as_millis()).unwrap_or(i64::MAX)
}

/// Returns the time at milliseconds since the Unix epoch, or the last time if there is none.
fn time(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::MAX)
}

/// Returns `N` unpredictable bytes from the operating system.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(
        clippy::expect_used,
        clippy::disallowed_methods,
        reason = "without randomness no secret can be kept"
    )]
    getrandom::fill(&mut bytes).expect("the operating system provides random bytes");
    bytes
}

/// Returns a new unique id that sorts by its time (UUID version 7, RFC 9562).
pub fn new_id(now: Timestamp) -> Uuid {
    let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(milliseconds, &random_bytes()).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(time: i64, moment: u64) -> Reading {
        let moment = Moment::at(Duration::from_millis(moment));
        Reading { time: Timestamp::from_millisecond(time).unwrap(), moment }
    }

    #[test]
    fn a_followed_calendar_goes_on_by_itself_and_is_corrected_by_what_exceeds_the_error() {
        let calendar = FollowedCalendar::new(reading(1_000, 10));
        let shows = |moment: u64| {
            let moment = Moment::at(Duration::from_millis(moment));
            calendar.at(moment).as_millisecond()
        };
        assert_eq!((shows(10), shows(510)), (1_000, 1_500));
        calendar.correct(reading(1_505, 510), Duration::from_millis(5));
        assert_eq!(shows(510), 1_500);
        calendar.correct(reading(900, 510), Duration::from_millis(5));
        assert_eq!(shows(520), 910);
    }
}
