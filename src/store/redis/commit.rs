//! Commits: each is one call of the script `commit.lua`.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use actors::store::{Batch, EventId, StoreError};
use fred::error::Error;
use fred::interfaces::{ClientLike, LuaInterface};
use fred::types::{ClusterHash, CustomCommand, Value};
use futures_util::future::{self, BoxFuture, FutureExt};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::guard::Guard;
use super::log::{self, LogEnd, Lookup, RETRY};
use super::{
    COMMIT, Connection, EPOCH_KEY, EXPIRIES, LOG, NAMES, TURNS, VALUES, bytes, number, unavailable,
};
use crate::crypto::random_token;
use crate::store::Options;
use crate::store::envelope::milliseconds;

/// How long to search for a commit whose reply was lost.
const FIND_WITHIN: Duration = Duration::from_millis(1_500);

/// How long to wait for replicas: less than the timeout of a command.
const REPLICATED_WITHIN: Duration = Duration::from_millis(800);

/// Sends commits to Redis in the order of the calls.
#[derive(Clone)]
pub(super) struct Commits {
    connection: Connection,
    guard: Guard,
    log_end: watch::Receiver<LogEnd>,
    /// How many replicas must have a commit.
    replicas: u32,
    /// The SHA-1 digest under which Redis caches the script.
    script: Arc<str>,
    /// The random word with which the names of all commits of this process begin.
    prefix: Arc<str>,
    /// How many were sent. Locked while one is being sent.
    sent: Arc<Mutex<u64>>,
}

/// A commit that was sent.
struct Sent {
    number: u64,
    arguments: Vec<Value>,
    /// The last event before it; `None` if it has no events, and so cannot be found in the log.
    after: Option<EventId>,
}

/// The reply to one call of the script.
type Reply = BoxFuture<'static, Result<Option<EventId>, Error>>;

impl Commits {
    pub(super) fn new(
        connection: Connection,
        guard: Guard,
        log_end: watch::Receiver<LogEnd>,
        replicas: u32,
    ) -> Self {
        let script = fred::util::sha1_hash(COMMIT).into();
        let prefix = random_token().into();
        Self { connection, guard, log_end, replicas, script, prefix, sent: Arc::default() }
    }

    /// Sends a commit, and returns a future of the result.
    ///
    /// The command is sent before this function returns, so commits take effect in the order of the
    /// calls.
    pub(super) fn send(
        &self,
        arguments: Vec<Value>,
        has_events: bool,
    ) -> BoxFuture<'static, Result<EventId, StoreError>> {
        let epoch = match self.guard.verdict() {
            Ok(epoch) => epoch,
            Err(reason) => return future::ready(Err(refused(&reason))).boxed(),
        };
        let after = has_events.then(|| self.log_end.borrow().last);
        let mut count = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        *count += 1;
        let sent = Sent { number: *count, arguments, after };
        let reply = self.call(&epoch, &sent);
        drop(count);
        let commits = self.clone();
        async move { commits.result(sent, reply).await }.boxed()
    }

    /// Returns the result of a commit, given the reply to its first call.
    async fn result(self, sent: Sent, reply: Reply) -> Result<EventId, StoreError> {
        let reply = match reply.await {
            Err(error) if is_unfit(&error) => self.send_again(&sent).await?.await,
            reply => reply,
        };
        match reply {
            Ok(None) => Err(StoreError::Conflict),
            Ok(Some(last_event)) => self.replicated().await.map(|()| last_event),
            Err(error) => {
                // The connection may be dead.
                self.guard.ask();
                // Only the connection that has sent it can wait for its replicas.
                let found = if self.replicas == 0 { self.find(&sent).await } else { None };
                found.ok_or_else(|| unavailable(error))
            }
        }
    }

    /// Waits until enough replicas have every commit of this connection.
    async fn replicated(&self) -> Result<(), StoreError> {
        if self.replicas == 0 {
            return Ok(());
        }
        let command = CustomCommand::new_static("WAIT", ClusterHash::FirstKey, false);
        let arguments = vec![self.replicas.to_string(), REPLICATED_WITHIN.as_millis().to_string()];
        let having: u32 = self.connection.custom(command, arguments).await.map_err(unavailable)?;
        if having < self.replicas {
            let reason = format!("only {having} replicas of redis have the commit");
            return Err(StoreError::Unavailable(reason));
        }
        Ok(())
    }

    /// Sends a commit a second time, after Redis has refused it without reading it: once a check
    /// has passed, and only if no later commit was sent, which could take effect before it.
    async fn send_again(&self, sent: &Sent) -> Result<Reply, StoreError> {
        let epoch = self.guard.next_verdict().await.map_err(|reason| refused(&reason))?;
        let count = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let reply = (*count == sent.number).then(|| self.call(&epoch, sent));
        reply.ok_or_else(|| refused("redis has been started again"))
    }

    /// Searches the log for a commit whose reply was lost. Returns the id of its last event; `None`
    /// if it is not found in time.
    async fn find(&self, sent: &Sent) -> Option<EventId> {
        let mut after = sent.after?;
        let name = self.name(sent);
        let found = async {
            loop {
                match log::last_event_of(&self.connection, after, &name).await {
                    Ok(Lookup::Found(event)) => return Some(event),
                    Ok(Lookup::NotUpTo(event)) => after = event,
                    Ok(Lookup::None) => return None,
                    Err(_) => sleep(RETRY).await,
                }
            }
        };
        timeout(FIND_WITHIN, found).await.ok().flatten()
    }

    /// Calls the script. The command is sent before this function returns.
    fn call(&self, epoch: &str, sent: &Sent) -> Reply {
        let connection = self.connection.clone();
        let script = self.script.to_string();
        let first = vec![bytes(epoch), bytes(self.name(sent))];
        let arguments = [first, sent.arguments.clone()].concat();
        let keys = vec![VALUES, NAMES, EXPIRIES, LOG, EPOCH_KEY, TURNS];
        let mut reply = async move { connection.evalsha(script, keys, arguments).await }.boxed();
        // The first poll sends the command.
        match reply.poll_unpin(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => future::ready(result).boxed(),
            Poll::Pending => reply,
        }
    }

    /// Returns the name of a commit, which no other commit has.
    fn name(&self, sent: &Sent) -> String {
        format!("{}-{}", self.prefix, sent.number)
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
    let numbers = [now, swept, oldest_time, options.events_max, batch.is_repeated.into()];
    let mut arguments = numbers.map(number).to_vec();
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
