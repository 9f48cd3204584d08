//! Bounds how often one line is logged, so that a fault that every request meets does not fill the
//! disk with the log.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use actors::clock::Clock;
use domain::moment::Moment;
use tracing::callsite::Identifier;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::SECURITY;

/// How often a line may be logged in each [`PERIOD`].
const LINES: u32 = 10;

/// How often a line about security may be logged in each [`PERIOD`]: an attacker who causes many of
/// them must not hide one.
const SECURITY_LINES: u32 = 1_000;

/// The period for which the lines are counted. It starts with the first line.
const PERIOD: Duration = Duration::from_secs(10);

/// A layer that leaves out lines of the same place in the code once there are too many of them.
///
/// It counts lines of the level `INFO` and above. Libraries that use the crate `log` share one
/// place for each level.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    clock: Clock,
    periods: Mutex<HashMap<Identifier, Period>>,
}

/// The current period of a place.
#[derive(Debug)]
struct Period {
    began: Moment,
    lines: u32,
}

impl<S: Subscriber> Layer<S> for Repeats {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let place = event.metadata();
        if *place.level() > Level::INFO {
            return true;
        }
        let most = if place.target() == SECURITY { SECURITY_LINES } else { LINES };
        let lines = self.count(place.callsite());
        if lines == most + 1 {
            let file = place.file().unwrap_or_else(|| place.target());
            let line = place.line();
            let period = PERIOD;
            tracing::warn!(file, line, ?period, "leaving out a line that is logged too often");
        }
        lines <= most
    }
}

impl Repeats {
    /// Counts a line, and returns how many there are in the current period of its place.
    fn count(&self, place: Identifier) -> u32 {
        let now = self.clock.moment();
        let mut periods = self.periods.lock().unwrap_or_else(PoisonError::into_inner);
        let period = periods.entry(place).or_insert(Period { began: now, lines: 0 });
        if now.since(period.began) >= PERIOD {
            *period = Period { began: now, lines: 0 };
        }
        period.lines = period.lines.saturating_add(1);
        period.lines
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use actors::clock::ManualClock;
    use jiff::SignedDuration;
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::registry;

    use super::*;

    /// A layer that counts what is logged.
    #[derive(Clone, Default)]
    struct Logged(Arc<AtomicUsize>);

    impl<S: Subscriber> Layer<S> for Logged {
        fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    impl Logged {
        /// Returns how many lines were logged since the last call.
        fn takes(&self) -> u32 {
            self.0.swap(0, Ordering::SeqCst) as u32
        }
    }

    #[test]
    fn a_line_that_is_logged_too_often_is_left_out_until_the_period_ends() {
        let time = ManualClock::new(1_000_000);
        let clock = Clock::Manual(time.clone());
        let logged = Logged::default();
        let layers = registry().with(logged.clone()).with(Repeats { clock, ..Repeats::default() });
        let log_often = || (0..1_000).for_each(|number| tracing::error!(number, "it failed"));
        tracing::subscriber::with_default(layers, || {
            log_often();
            assert_eq!(logged.takes(), LINES);
            tracing::error!("something different failed");
            assert_eq!(logged.takes(), 1);
            time.advance(PERIOD);
            log_often();
            assert_eq!(logged.takes(), LINES);
            for hours in [-2, 4] {
                time.step(SignedDuration::from_hours(hours));
                log_often();
                assert_eq!(logged.takes(), 0, "a step begins no period");
            }
            time.advance(PERIOD);
            log_often();
            assert_eq!(logged.takes(), LINES);
            (0..1_000).for_each(|number| tracing::debug!(number, "a detail"));
            assert_eq!(logged.takes(), 1_000);
            (0..2_000).for_each(|number| tracing::info!(target: SECURITY, number, "an attack"));
            assert_eq!(logged.takes(), SECURITY_LINES);
        });
    }
}
