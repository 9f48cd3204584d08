//! The commit: one call of the script `commit.lua`.

use std::task::{Context, Poll, Waker};

use actors::store::{Batch, EventId, StoreError};
use fred::error::Error;
use fred::interfaces::LuaInterface;
use fred::types::Value;
use futures_util::future::{self, BoxFuture, FutureExt};

use super::{Connection, EXPIRIES, LOG, NAMES, VALUES, bytes, number, unavailable};
use crate::store::Options;
use crate::store::envelope::milliseconds;

/// The text of the script.
pub(super) const SCRIPT: &str = include_str!("commit.lua");

/// Calls the script with its arguments, and returns a future of the result.
///
/// The command is sent before this function returns, so commits take effect in the order of the
/// calls.
pub(super) fn run(
    connection: Connection,
    script: String,
    arguments: Vec<Value>,
) -> BoxFuture<'static, Result<EventId, StoreError>> {
    let mut result = evaluate(connection, script, arguments).boxed();
    // The first poll sends the command.
    match result.poll_unpin(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => future::ready(result).boxed(),
        Poll::Pending => result,
    }
}

/// Calls the script once.
///
/// A restarted Redis has lost the script. This function loads it for the next commit, but returns
/// an error for this one: a second call would take effect after commits that were made later.
async fn evaluate(
    connection: Connection,
    script: String,
    arguments: Vec<Value>,
) -> Result<EventId, StoreError> {
    let result: Result<Option<EventId>, Error> =
        connection.evalsha(script, vec![VALUES, NAMES, EXPIRIES, LOG], arguments).await;
    if result.as_ref().is_err_and(|error| error.details().contains("NOSCRIPT")) {
        // If loading fails too, the next commit tries again.
        connection.script_load::<(), _>(SCRIPT).await.ok();
    }
    result.map_err(unavailable)?.ok_or(StoreError::Conflict)
}

/// Returns the arguments of the script, in its order. An absent key has version 0, and 0 stands
/// for no expiry. What has expired at the time `swept` may be removed.
pub(super) fn arguments(batch: Batch, options: &Options, now: u64, swept: u64) -> Vec<Value> {
    let oldest_time = swept.saturating_sub(options.events_keep.as_millis() as u64);
    let mut arguments = [now, swept, oldest_time, options.events_max].map(number).to_vec();
    arguments.push(number(batch.expect.len() as u64));
    arguments.extend(
        batch
            .expect
            .into_iter()
            .flat_map(|(key, version)| [bytes(key), number(version.unwrap_or(0))]),
    );
    arguments.push(number(batch.put.len() as u64));
    arguments.extend(batch.put.into_iter().flat_map(|put| {
        [bytes(put.key), number(put.expires_at.map_or(0, milliseconds)), bytes(put.value)]
    }));
    arguments.push(number(batch.remove.len() as u64));
    arguments.extend(batch.remove.into_iter().map(bytes));
    arguments.push(number(batch.events.len() as u64));
    arguments.extend(batch.events.into_iter().map(bytes));
    arguments
}
