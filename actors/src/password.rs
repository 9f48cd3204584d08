//! Password hashing: scrypt (RFC 7914) on a few threads with a bounded queue.
//!
//! A hash takes tens of milliseconds and megabytes by design, so it must neither delay other
//! requests nor be available in any number (OWASP Password Storage Cheat Sheet).

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use scrypt::password_hash::phc::PasswordHash;
use scrypt::password_hash::{PasswordHasher, PasswordVerifier};
use scrypt::{Params, Scrypt};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// The nice value of the threads, 0 to 19 (nice(2), which on Linux applies to a thread).
const NICENESS: i32 = 10;

/// How long a caller waits for a hash: less than the deadline of `ask`, so that no hash is computed
/// for a caller that has given up.
const PATIENCE: Duration = Duration::from_secs(8);

/// How many hashes may wait for each thread.
const QUEUE_PER_THREAD: usize = 8;

/// The password whose hash stands in for that of an unknown user.
const DECOY: &str = "decoy password";

/// Why a password was not hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// The queue is full, or the hash took too long.
    #[error("too many passwords are being checked")]
    TooBusy,
    /// The parameters or the stored hash are invalid.
    #[error("the password cannot be hashed")]
    Broken,
}

type Job = Box<dyn FnOnce() + Send>;

/// Hashes and verifies passwords.
#[derive(Clone)]
pub struct Hasher {
    params: Params,
    queue: SyncSender<Job>,
    under_way: Arc<AtomicUsize>,
    /// Verified when there is no such user, so that it takes as long as for one that exists.
    decoy: Arc<str>,
}

impl Hasher {
    /// Creates a hasher of cost N = 2^`log_n`, r = 8, p = 3, with one thread for each core.
    pub fn new(log_n: u8) -> Result<Self, HashError> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self::with_threads(log_n, cores)
    }

    fn with_threads(log_n: u8, threads: usize) -> Result<Self, HashError> {
        let params = Params::new(log_n, 8, 3).map_err(|_| HashError::Broken)?;
        let decoy = hash(params, DECOY)?.into();
        let (queue, jobs) = mpsc::sync_channel(threads * QUEUE_PER_THREAD);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..threads {
            let jobs = jobs.clone();
            thread::Builder::new()
                .name("password".into())
                .spawn(|| run_jobs(jobs))
                .map_err(|_| HashError::Broken)?;
        }
        Ok(Self { params, queue, under_way: Arc::default(), decoy })
    }

    /// Returns the hash of a password with a new salt, as a PHC string.
    pub async fn hash(&self, password: String) -> Result<String, HashError> {
        let params = self.params;
        self.run(move || hash(params, &password)).await?
    }

    /// Whether a password matches a stored hash. Without a hash it never does, which takes as long
    /// to find out.
    pub async fn verify(
        &self,
        password: String,
        stored: Option<String>,
    ) -> Result<bool, HashError> {
        let user_exists = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.decoy.to_string());
        let matches = self.run(move || {
            let stored = PasswordHash::new(&stored).map_err(|_| HashError::Broken)?;
            Ok(Scrypt::default().verify_password(password.as_bytes(), &stored).is_ok())
        });
        Ok(matches.await?? && user_exists)
    }

    /// Whether a stored hash has another cost than the configured one.
    pub fn is_outdated(&self, stored: &str) -> bool {
        let cost = |params: Params| (params.log_n(), params.r(), params.p());
        let params =
            PasswordHash::new(stored).ok().and_then(|stored| Params::try_from(&stored).ok());
        params.is_some_and(|params| cost(params) != cost(self.params))
    }

    /// Returns how many passwords are being hashed or wait for it.
    pub fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let (reply, replied) = oneshot::channel();
        let counted = Counted::new(&self.under_way);
        let job = Box::new(move || {
            let _counted = counted;
            // The caller may have given up while the job was in the queue.
            if !reply.is_closed() {
                drop(reply.send(work()));
            }
        });
        self.queue.try_send(job).map_err(|_| HashError::TooBusy)?;
        match timeout(PATIENCE, replied).await {
            Ok(result) => result.map_err(|_| HashError::Broken),
            Err(_) => Err(HashError::TooBusy),
        }
    }
}

/// Adds one to a counter until it is dropped.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Runs jobs at a low priority until the queue is closed.
fn run_jobs(jobs: Arc<Mutex<Receiver<Job>>>) {
    // If the priority cannot be lowered, hashing still works.
    let _ = rustix::process::nice(NICENESS);
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // A panic drops the reply of its job; the thread goes on with the next one.
        let _ = panic::catch_unwind(AssertUnwindSafe(job));
    }
}

fn hash(params: Params, password: &str) -> Result<String, HashError> {
    let hash: PasswordHash =
        Scrypt::from(params).hash_password(password.as_bytes()).map_err(|_| HashError::Broken)?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix::test]
    async fn only_the_same_password_matches_a_hash() {
        let hasher = Hasher::new(4).unwrap();
        let stored = hasher.hash("correct horse".into()).await.unwrap();
        assert!(stored.starts_with("$scrypt$ln=4,r=8,p=3$"), "{stored}");
        assert!(!hasher.is_outdated(&stored) && Hasher::new(5).unwrap().is_outdated(&stored));
        assert!(hasher.verify("correct horse".into(), Some(stored.clone())).await.unwrap());
        assert!(!hasher.verify("Correct horse".into(), Some(stored)).await.unwrap());
        assert!(!hasher.verify(DECOY.into(), None).await.unwrap());
    }

    #[actix::test]
    async fn a_full_queue_refuses_a_password() {
        let hasher = Hasher::with_threads(4, 0).unwrap();
        assert_eq!(hasher.hash("correct horse".into()).await, Err(HashError::TooBusy));
        assert_eq!(hasher.under_way(), 0);
    }
}
