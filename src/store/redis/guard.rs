//! Refuses commits while Redis would not keep them.
//!
//! The guard looks at Redis when the store opens, after an outage, when a commit finds that
//! something has changed, and now and then. Between two looks, the script itself notices: a Redis
//! that was started again does not know it before a look has passed, a replica refuses its writes,
//! and it compares the epoch.

use std::sync::Arc;
use std::time::Duration;

use fred::interfaces::{KeysInterface, LuaInterface};
use fred::types::SetOptions;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::inspection::{Inspected, inspect, unreachable};
use super::{COMMAND_TIMEOUT, COMMIT, Connection, EPOCH_KEY, reconnect};
use crate::crypto::random_token;
use crate::store::OpenError;

/// The longest time between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How long to wait after a look that has failed.
const RETRY: Duration = Duration::from_millis(100);

/// The result of the last look: the epoch, or why commits are refused.
pub(super) type Verdict = Result<Arc<str>, Arc<str>>;

/// The guard of a connection.
#[derive(Clone)]
pub(super) struct Guard {
    verdict: watch::Receiver<Verdict>,
    wake: Arc<Notify>,
}

impl Guard {
    /// Looks at Redis for the first time, creating the epoch of a new shop. Returns the guard, and
    /// the task that goes on looking.
    pub(super) async fn open(
        connection: Connection,
        vouched: Vec<String>,
    ) -> Result<(Self, impl Future<Output = ()>), OpenError> {
        let mut inspected = inspect(&connection, &vouched, None).await?;
        if inspected.epoch.is_none() {
            create_epoch(&connection).await?;
            inspected = inspect(&connection, &vouched, Some(&inspected)).await?;
        }
        let epoch = inspected.epoch.clone().unwrap_or_default();
        load_script(&connection).await?;
        let (publisher, verdict) = watch::channel(Ok(epoch.into()));
        let wake = Arc::new(Notify::new());
        let looking =
            Looking { connection, vouched, last: inspected, publisher, wake: wake.clone() };
        Ok((Self { verdict, wake }, looking.run()))
    }

    /// Returns the epoch that a commit must name, or why commits are refused.
    pub(super) fn verdict(&self) -> Verdict {
        self.verdict.borrow().clone()
    }

    /// Asks for a look, because something may have changed.
    pub(super) fn look(&self) {
        self.wake.notify_one();
    }

    /// Asks for a look and waits for its verdict, for as long as a command may take.
    pub(super) async fn next_verdict(&self) -> Verdict {
        let mut verdict = self.verdict.clone();
        verdict.mark_unchanged();
        self.look();
        match timeout(COMMAND_TIMEOUT, verdict.changed()).await {
            Ok(_) => verdict.borrow().clone(),
            Err(_) => Err("redis can't be reached".into()),
        }
    }
}

/// The task that looks.
struct Looking {
    connection: Connection,
    vouched: Vec<String>,
    /// The result of the last look that has passed.
    last: Inspected,
    publisher: watch::Sender<Verdict>,
    wake: Arc<Notify>,
}

impl Looking {
    async fn run(mut self) {
        let mut pause = LOOK_EVERY;
        loop {
            let _ = timeout(pause, self.wake.notified()).await;
            pause = RETRY;
            match self.look().await {
                Ok(epoch) => {
                    pause = LOOK_EVERY;
                    self.publish(Ok(epoch));
                }
                // Commands fail by themselves until Redis can be reached.
                Err(OpenError::Unreachable(error)) => {
                    tracing::debug!(%error, "can't look at redis");
                    reconnect(&self.connection).await;
                }
                Err(error) => self.publish(Err(error.to_string().into())),
            }
        }
    }

    /// Looks once. If the look passes, Redis learns the script of commits.
    async fn look(&mut self) -> Result<Arc<str>, OpenError> {
        let inspected = inspect(&self.connection, &self.vouched, Some(&self.last)).await?;
        let epoch = inspected.epoch.clone().ok_or(OpenError::Emptied)?;
        load_script(&self.connection).await?;
        self.last = inspected;
        Ok(epoch.into())
    }

    fn publish(&self, verdict: Verdict) {
        let before = self.publisher.send_replace(verdict.clone());
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
