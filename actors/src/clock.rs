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
    /// Clocks that stand still until a test moves them.
    Manual(ManualClock),
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
            Self::Manual(manual) => time(manual.calendar.load(Ordering::SeqCst)),
        }
    }

    /// Returns the current moment, which no step of the calendar changes.
    pub fn moment(&self) -> Moment {
        match self {
            Self::System => Moment::at(START.elapsed()),
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
