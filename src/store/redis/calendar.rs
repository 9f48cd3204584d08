//! The calendar of Redis, which all nodes follow.

use std::time::Duration;

use actors::clock::{Clock, FollowedCalendar, Reading};
use fred::error::Error;
use fred::interfaces::ClientLike;
use fred::types::{ClusterHash, CustomCommand};
use jiff::Timestamp;

use super::Connection;
use super::inspection::unreachable;
use crate::store::OpenError;

/// What may lie between two readings besides their way, without a step of the calendar.
const JITTER: Duration = Duration::from_millis(5);

/// Returns a clock that follows the calendar of Redis. A clock that a test sets follows nothing.
///
/// Returns an error if the node's own calendar differs by more than `longest`: one is wrong.
pub(super) async fn follow(
    connection: &Connection,
    own: Clock,
    longest: Duration,
) -> Result<Clock, OpenError> {
    let Clock::System = own else { return Ok(own) };
    let (reading, _) = read(connection, &own).await.map_err(unreachable)?;
    let offset = own.steady_since(reading).duration_since(own.now());
    if offset.unsigned_abs() > longest {
        return Err(OpenError::ClockOffset { seconds: offset.as_secs() });
    }
    Ok(Clock::Followed(FollowedCalendar::new(reading)))
}

/// Corrects a clock that follows the calendar of Redis, which may have been set.
pub(super) async fn correct(connection: &Connection, clock: &Clock) -> Result<(), OpenError> {
    if let Clock::Followed(calendar) = clock {
        let (reading, error) = read(connection, clock).await.map_err(unreachable)?;
        calendar.correct(reading, error + JITTER);
    }
    Ok(())
}

/// Reads the calendar of Redis, and returns by how much the reading may be wrong: half of the time
/// that it took.
async fn read(connection: &Connection, clock: &Clock) -> Result<(Reading, Duration), Error> {
    let before = clock.moment();
    let command = CustomCommand::new_static("TIME", ClusterHash::FirstKey, false);
    let (seconds, microseconds): (i64, i64) =
        connection.custom(command, Vec::<String>::new()).await?;
    let way = clock.moment().since(before) / 2;
    let milliseconds = seconds.saturating_mul(1_000).saturating_add(microseconds / 1_000);
    let time = Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::MAX);
    Ok((Reading { time, moment: before + way }, way))
}
