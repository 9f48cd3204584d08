//! Notices that sled has failed although it does not say so.
//!
//! sled writes in a thread of its own. If that fails, it may leave the committer waiting for ever.
//! Every other call then returns the error, so the watchdog calls sled while a round takes long.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use actors::store::StoreError;
use tokio::sync::watch;

/// How often the watchdog looks whether the committer is still in the same round.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Counts the starts and ends of rounds: it is odd during one.
pub(super) type Rounds = Arc<AtomicUsize>;

/// The running watchdog, which ends when it is dropped.
pub(super) struct Watchdog {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    /// Starts a watchdog that publishes the error of a round that never ends.
    pub(super) fn start(
        db: sled::Db,
        rounds: Rounds,
        failure: Arc<watch::Sender<Option<StoreError>>>,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let watch = move || watch(&db, &rounds, &failure, &stopped);
        let thread = thread::Builder::new().name("watchdog".to_owned()).spawn(watch)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Watchdog {
    /// Waits until the thread has released the files.
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap_or_else(|_| tracing::error!("the store's watchdog panicked"));
        }
    }
}

fn watch(
    db: &sled::Db,
    rounds: &Rounds,
    failure: &watch::Sender<Option<StoreError>>,
    stopped: &Receiver<()>,
) {
    let mut before = 0;
    while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(LOOK_EVERY) {
        let round = rounds.load(Ordering::Relaxed);
        let is_long = round % 2 == 1 && round == before;
        before = round;
        if let Some(error) = is_long.then(|| db.flush().err()).flatten() {
            failure.send_replace(Some(StoreError::Unavailable(error.to_string())));
            return;
        }
    }
}
