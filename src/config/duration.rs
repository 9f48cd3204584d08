//! Durations as settings: `250ms`, `10s`, `15m`, `1h`, `30d`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

/// The units that a duration is written with, in milliseconds, the largest first.
const UNITS: [(&str, u128); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// What a duration must be.
const RIGHT: &str = "it must be a duration with a unit, such as 250ms, 10s, 15m, 1h or 30d";

/// Reads a duration.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(text: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(text)?;
    // The parser takes `M` for months, which look like minutes.
    let duration = Some(&text).filter(|text| !text.contains('M'));
    let duration = duration.and_then(|text| humantime::parse_duration(text).ok());
    duration.ok_or_else(|| de::Error::custom(RIGHT))
}

/// Returns a duration in its largest unit that leaves no rest, as settings are written.
pub(super) fn text(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    let fits = |unit: &&(&str, u128)| milliseconds > 0 && milliseconds.is_multiple_of(unit.1);
    match UNITS.iter().find(fits) {
        Some((name, length)) => format!("{}{name}", milliseconds / length),
        None => "0s".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_written_in_its_largest_unit_that_leaves_no_rest() {
        for written in ["0s", "1ms", "250ms", "90s", "15m", "25h", "30d"] {
            assert_eq!(text(humantime::parse_duration(written).unwrap()), written);
        }
        assert_eq!(text(Duration::from_secs(3_600)), "1h");
        assert_eq!(text(Duration::from_micros(999)), "0s");
    }
}
