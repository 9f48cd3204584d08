//! Password hashing: scrypt (RFC 7914) on a few threads of its own, behind a short queue.
//!
//! A hash takes tens of milliseconds and megabytes by design, so it must neither hold up anybody
//! else's requests nor be had in any number (OWASP Password Storage Cheat Sheet).

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

/// How much the threads give way to others, from 0 to 19 (nice(2), which on Linux is each thread's own).
const NICENESS: i32 = 10;

/// How long a password waits for its hash: less than whoever asks, so that no hash is made for nobody.
const PATIENCE: Duration = Duration::from_secs(8);

/// Hashes waiting for each thread that computes them.
const QUEUE_PER_THREAD: usize = 8;

/// Why there is no hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// More are waiting than the machine can take.
    #[error("too many passwords are being checked")]
    TooBusy,
    /// The parameters or the stored hash make no sense.
    #[error("the password can't be hashed")]
    Broken,
}

/// Work for a thread that hashes.
type Job = Box<dyn FnOnce() + Send>;

/// Hashes passwords, and checks them against hashes.
#[derive(Clone)]
pub struct Hasher {
    params: Params,
    queue: SyncSender<Job>,
    under_way: Arc<AtomicUsize>,
    /// Checked against when there is no user, so that it takes as long as when there is.
    nobody: Arc<str>,
}

impl Hasher {
    /// A hasher of cost N = 2^`log_n`, r = 8, p = 3, with a thread for each core.
    pub fn new(log_n: u8) -> Result<Self, HashError> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self::with_threads(log_n, cores)
    }

    fn with_threads(log_n: u8, threads: usize) -> Result<Self, HashError> {
        let params = Params::new(log_n, 8, 3).map_err(|_| HashError::Broken)?;
        let nobody = hash(params, "nobody's password")?.into();
        let (queue, jobs) = mpsc::sync_channel(threads * QUEUE_PER_THREAD);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..threads {
            let jobs = jobs.clone();
            thread::Builder::new()
                .name("password".into())
                .spawn(|| work(jobs))
                .map_err(|_| HashError::Broken)?;
        }
        Ok(Self { params, queue, under_way: Arc::default(), nobody })
    }

    /// The hash of a password with a salt of its own, as a PHC string.
    pub async fn hash(&self, password: String) -> Result<String, HashError> {
        let params = self.params;
        self.run(move || hash(params, &password)).await?
    }

    /// Whether a password has that hash; without a hash it never has, which takes as long to find out.
    pub async fn verify(
        &self,
        password: String,
        stored: Option<String>,
    ) -> Result<bool, HashError> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.nobody.to_string());
        let matches = self.run(move || {
            let stored = PasswordHash::new(&stored).map_err(|_| HashError::Broken)?;
            Ok(Scrypt::default().verify_password(password.as_bytes(), &stored).is_ok())
        });
        Ok(matches.await?? && known)
    }

    /// Whether a stored hash was made at another cost than hashes are made now.
    pub fn is_outdated(&self, stored: &str) -> bool {
        let cost = |params: Params| (params.log_n(), params.r(), params.p());
        let made_at =
            PasswordHash::new(stored).ok().and_then(|stored| Params::try_from(&stored).ok());
        made_at.is_some_and(|made_at| cost(made_at) != cost(self.params))
    }

    /// How many passwords are being hashed or wait for it.
    pub fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let (tell, told) = oneshot::channel();
        let counted = Counted::new(&self.under_way);
        let job = Box::new(move || {
            let _counted = counted;
            // Nobody may wait any more.
            if !tell.is_closed() {
                drop(tell.send(work()));
            }
        });
        self.queue.try_send(job).map_err(|_| HashError::TooBusy)?;
        match timeout(PATIENCE, told).await {
            Ok(done) => done.map_err(|_| HashError::Broken),
            Err(_) => Err(HashError::TooBusy),
        }
    }
}

/// Counts one more until it is dropped.
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

/// Does one job after the other until there will be no more, and only what is left of the machine by everybody else.
fn work(jobs: Arc<Mutex<Receiver<Job>>>) {
    // At the usual priority it works too.
    let _ = rustix::process::nice(NICENESS);
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // A job that panics has nobody answered, and leaves the thread to the others.
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
    async fn only_the_password_itself_matches_its_hash() {
        let hasher = Hasher::new(4).unwrap();
        let stored = hasher.hash("correct horse".into()).await.unwrap();
        assert!(stored.starts_with("$scrypt$ln=4,r=8,p=3$"), "{stored}");
        assert!(!hasher.is_outdated(&stored) && Hasher::new(5).unwrap().is_outdated(&stored));
        assert!(hasher.verify("correct horse".into(), Some(stored.clone())).await.unwrap());
        assert!(!hasher.verify("Correct horse".into(), Some(stored)).await.unwrap());
        assert!(!hasher.verify("nobody's password".into(), None).await.unwrap());
    }

    #[actix::test]
    async fn beyond_the_queue_a_password_is_not_hashed() {
        let hasher = Hasher::with_threads(4, 0).unwrap();
        assert_eq!(hasher.hash("correct horse".into()).await, Err(HashError::TooBusy));
        assert_eq!(hasher.under_way(), 0);
    }
}
