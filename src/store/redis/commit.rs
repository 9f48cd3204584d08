//! Commits: each is one call of the script `commit.lua`.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use actors::store::{Batch, EventId, StoreError};
use fred::error::Error;
use fred::interfaces::LuaInterface;
use fred::types::Value;
use futures_util::future::{self, BoxFuture, FutureExt};

use super::guard::Guard;
use super::{
    COMMIT, Connection, EPOCH_KEY, EXPIRIES, LOG, NAMES, VALUES, bytes, number, unavailable,
};
use crate::store::Options;
use crate::store::envelope::milliseconds;

/// Sends commits to Redis in the order of the calls.
#[derive(Clone)]
pub(super) struct Commits {
    connection: Connection,
    guard: Guard,
    /// The SHA-1 digest under which Redis caches the script.
    script: Arc<str>,
    /// How many were sent. Locked while one is being sent.
    sent: Arc<Mutex<u64>>,
}

/// The reply to one call of the script.
type Reply = BoxFuture<'static, Result<Option<EventId>, Error>>;

impl Commits {
    pub(super) fn new(connection: Connection, guard: Guard) -> Self {
        let script = fred::util::sha1_hash(COMMIT).into();
        Self { connection, guard, script, sent: Arc::default() }
    }

    /// Sends a commit, and returns a future of the result.
    ///
    /// The command is sent before this function returns, so commits take effect in the order of the
    /// calls.
    pub(super) fn send(
        &self,
        arguments: Vec<Value>,
    ) -> BoxFuture<'static, Result<EventId, StoreError>> {
        let epoch = match self.guard.verdict() {
            Ok(epoch) => epoch,
            Err(reason) => return future::ready(Err(refused(&reason))).boxed(),
        };
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        *sent += 1;
        let number = *sent;
        let reply = self.call(&epoch, arguments.clone());
        drop(sent);
        let commits = self.clone();
        let result = async move {
            let reply = match reply.await {
                Err(error) if is_unfit(&error) => commits.send_again(number, arguments).await?,
                reply => reply,
            };
            reply.map_err(unavailable)?.ok_or(StoreError::Conflict)
        };
        result.boxed()
    }

    /// Sends a commit for the second time, after Redis has refused it without looking at it: once a
    /// look has passed, and only if no later commit was sent, which could take effect before it.
    async fn send_again(
        &self,
        number: u64,
        arguments: Vec<Value>,
    ) -> Result<Result<Option<EventId>, Error>, StoreError> {
        let epoch = self.guard.next_verdict().await.map_err(|reason| refused(&reason))?;
        let reply = {
            let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
            (*sent == number).then(|| self.call(&epoch, arguments))
        };
        match reply {
            Some(reply) => Ok(reply.await),
            None => Err(refused("redis has been started again")),
        }
    }

    /// Calls the script. The command is sent before this function returns.
    fn call(&self, epoch: &str, arguments: Vec<Value>) -> Reply {
        let connection = self.connection.clone();
        let script = self.script.to_string();
        let arguments = [vec![bytes(epoch)], arguments].concat();
        let keys = vec![VALUES, NAMES, EXPIRIES, LOG, EPOCH_KEY];
        let mut reply = async move { connection.evalsha(script, keys, arguments).await }.boxed();
        // The first poll sends the command.
        match reply.poll_unpin(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => future::ready(result).boxed(),
            Poll::Pending => reply,
        }
    }
}

/// Whether Redis has refused a commit because it is not, or not yet known to be, the one that may
/// take it: it does not know the script, is a replica, or holds another shop.
fn is_unfit(error: &Error) -> bool {
    ["NOSCRIPT", "READONLY", "EPOCH"].iter().any(|code| error.details().starts_with(code))
}

/// The error of a commit that was not sent, or was refused as a whole.
fn refused(reason: &str) -> StoreError {
    StoreError::Unavailable(reason.to_owned())
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
