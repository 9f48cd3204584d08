//! Refuses commits while Redis would not keep them.
//!
//! The guard checks Redis when the store opens, after an outage, when a commit finds that something
//! has changed, and every two seconds. Between two checks, the script itself notices: a Redis that
//! was started again does not know it before a check has passed, a replica refuses its writes, and
//! it compares the epoch.

use std::sync::Arc;
use std::time::Duration;

use actors::clock::Clock;
use fred::interfaces::{ClientLike, KeysInterface, LuaInterface};
use fred::types::SetOptions;
use tokio::sync::watch;
use tokio::time::timeout;

use super::inspection::{Inspected, inspect, unreachable};
use super::{COMMAND_TIMEOUT, COMMIT, Connection, EPOCH_KEY, calendar, reconnect_if_silent};
use crate::crypto::random_token;
use crate::store::OpenError;

/// The longest time between two checks.
const CHECK_EVERY: Duration = Duration::from_secs(2);

/// How long to wait after a check that has failed.
const RETRY: Duration = Duration::from_millis(100);

/// The result of a check: the epoch, or why commits are refused.
pub(super) type Verdict = Result<Arc<str>, Arc<str>>;

/// The guard of a connection.
#[derive(Clone)]
pub(super) struct Guard {
    /// The number of the last request for a check.
    asked: Arc<watch::Sender<u64>>,
    /// The last verdict, and the number of the last request before its check began.
    verdict: watch::Receiver<(u64, Verdict)>,
}

impl Guard {
    /// Checks Redis for the first time, creating the epoch of a new shop. Returns the guard, and
    /// the task that goes on checking.
    pub(super) async fn open(
        connection: Connection,
        vouched: Vec<String>,
        clock: Clock,
    ) -> Result<(Self, impl Future<Output = ()>), OpenError> {
        let mut inspected = inspect(&connection, &vouched, None).await?;
        if inspected.epoch.is_none() {
            create_epoch(&connection).await?;
            inspected = inspect(&connection, &vouched, Some(&inspected)).await?;
        }
        let epoch: Arc<str> = inspected.epoch.clone().unwrap_or_default().into();
        load_script(&connection).await?;
        let asked = Arc::new(watch::Sender::new(0));
        let (publisher, verdict) = watch::channel((0, Ok(epoch.clone())));
        let requests = asked.subscribe();
        let last = Some(inspected);
        let checks = Checks { connection, vouched, clock, epoch, last, requests, publisher };
        Ok((Self { asked, verdict }, checks.run()))
    }

    /// Returns the epoch that a commit must name, or why commits are refused.
    pub(super) fn verdict(&self) -> Verdict {
        self.verdict.borrow().1.clone()
    }

    /// Asks for a check, because something may have changed. Returns the number of the request.
    pub(super) fn ask(&self) -> u64 {
        self.asked.send_modify(|asked| *asked += 1);
        *self.asked.borrow()
    }

    /// Returns the verdict of a check that begins now, for which it waits as long as for a command.
    pub(super) async fn next_verdict(&self) -> Verdict {
        let request = self.ask();
        let mut verdict = self.verdict.clone();
        match timeout(COMMAND_TIMEOUT, verdict.wait_for(|(asked, _)| *asked >= request)).await {
            Ok(Ok(answered)) => answered.1.clone(),
            _ => Err("redis can't be reached".into()),
        }
    }
}

/// The task that checks.
struct Checks {
    connection: Connection,
    vouched: Vec<String>,
    /// The clock that follows that of Redis.
    clock: Clock,
    /// The shop that the node has opened.
    epoch: Arc<str>,
    /// What the last check has found, if it has passed.
    last: Option<Inspected>,
    requests: watch::Receiver<u64>,
    publisher: watch::Sender<(u64, Verdict)>,
}

impl Checks {
    async fn run(mut self) {
        let mut pause = CHECK_EVERY;
        loop {
            // The guard is gone only when the store is closed, and this task with it.
            let _ = timeout(pause, self.requests.changed()).await;
            let asked = *self.requests.borrow_and_update();
            pause = RETRY;
            match self.check().await {
                Ok(()) => {
                    pause = CHECK_EVERY;
                    self.publish(asked, Ok(self.epoch.clone()));
                }
                // Commands fail by themselves until Redis can be reached.
                Err(OpenError::Unreachable(error)) => {
                    tracing::debug!(%error, "can't check redis");
                    reconnect_if_silent(&self.connection).await;
                }
                Err(error) => {
                    if let OpenError::Replica { .. } = error {
                        self.look_for_primary().await;
                    }
                    self.last = None;
                    self.publish(asked, Err(error.to_string().into()));
                }
            }
        }
    }

    /// Asks the sentinels for the primary, and connects to it. It may have been another Redis since
    /// they last said so.
    async fn look_for_primary(&self) {
        if self.connection.client_config().server.is_sentinel() {
            // Whether it succeeds, the next check shows.
            let _ = timeout(COMMAND_TIMEOUT, self.connection.force_reconnection()).await;
        }
    }

    /// Checks once. If the check passes, Redis learns the script of commits.
    async fn check(&mut self) -> Result<(), OpenError> {
        let inspected = inspect(&self.connection, &self.vouched, self.last.as_ref()).await?;
        match inspected.epoch.as_deref() {
            None => return Err(OpenError::Emptied),
            Some(epoch) if epoch != &*self.epoch => return Err(OpenError::Replaced),
            Some(_) => {}
        }
        calendar::correct(&self.connection, &self.clock).await?;
        load_script(&self.connection).await?;
        self.last = Some(inspected);
        Ok(())
    }

    fn publish(&self, asked: u64, verdict: Verdict) {
        let (_, before) = self.publisher.send_replace((asked, verdict.clone()));
        match (before, verdict) {
            (Ok(_), Err(reason)) => tracing::error!(%reason, "commits are refused"),
            (Err(_), Ok(_)) => tracing::info!("commits are accepted again"),
            _ => {}
        }
    }
}

/// Names a new shop. Of several nodes that open it at once, one names it.
async fn create_epoch(connection: &Connection) -> Result<(), OpenError> {
    let _: Option<String> = connection
        .set(EPOCH_KEY, random_token(), None, Some(SetOptions::NX), false)
        .await
        .map_err(unreachable)?;
    Ok(())
}

async fn load_script(connection: &Connection) -> Result<(), OpenError> {
    connection.script_load::<(), _>(COMMIT).await.map_err(unreachable)
}
