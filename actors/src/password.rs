//! Password hashing: scrypt (RFC 7914) on a few threads with a bounded queue.
//!
//! A hash takes tens of milliseconds and megabytes by design, so it must neither delay other
//! requests nor be available in any number (OWASP Password Storage Cheat Sheet). No client takes
//! more than its share of the hashes.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use domain::network::Network;
use domain::user::UserId;
use scrypt::password_hash::phc::PasswordHash;
use scrypt::password_hash::{PasswordHasher, PasswordVerifier};
use scrypt::{Params, Scrypt};
use tokio::sync::oneshot;
use tokio::time::timeout;

use fair_queue::FairQueue;

mod fair_queue;

/// The nice value of the threads, 0 to 19 (nice(2), which on Linux applies to a thread).
const NICENESS: i32 = 10;

/// How long a caller waits for a hash: less than the deadline of `ask`, so that no hash is computed
/// for a caller that has given up.
const PATIENCE: Duration = Duration::from_secs(8);

/// How many hashes of visitors may wait for each thread, and how many of signed-in users.
const QUEUE_PER_THREAD: usize = 32;

/// Why a password was not hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// The client has as many passwords in the queue as it may have.
    #[error("too many passwords of this client are being checked")]
    TooManyAtOnce,
    /// The queue is full, or the hash took too long.
    #[error("too many passwords are being checked")]
    TooBusy,
    /// The parameters or the stored hash are invalid.
    #[error("the password cannot be hashed")]
    Broken,
}

/// The client for which a password is hashed. Each has its own share of the hashing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Client {
    /// A visitor, by the network of the address.
    Visitor(Network),
    /// A signed-in user.
    User(UserId),
    /// The administrators and the shop itself.
    Staff,
}

impl Client {
    fn is_signed_in(self) -> bool {
        !matches!(self, Self::Visitor(_))
    }

    /// Returns all clients that may be one customer.
    fn site(self) -> Self {
        match self {
            Self::Visitor(network) => Self::Visitor(network.site()),
            Self::User(_) | Self::Staff => self,
        }
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// Hashes and verifies passwords.
#[derive(Clone)]
pub struct Hasher {
    params: Params,
    queue: Arc<OpenQueue>,
    /// Verified when there is no such user, so that it takes as long as for one that exists.
    decoy: Arc<str>,
}

/// A queue that is closed when the last hasher is dropped.
struct OpenQueue(Arc<FairQueue<Job>>);

impl Drop for OpenQueue {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Hasher {
    /// Creates a hasher of cost N = 2^`log_n`, r = 8, p = 3, with one thread for each core.
    pub fn new(log_n: u8) -> Result<Self, HashError> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self::with_threads(log_n, cores)
    }

    fn with_threads(log_n: u8, threads: usize) -> Result<Self, HashError> {
        let params = Params::new(log_n, 8, 3).map_err(|_| HashError::Broken)?;
        let decoy = decoy(params).into();
        let queue = Arc::new(FairQueue::new(threads * QUEUE_PER_THREAD));
        for _ in 0..threads {
            let queue = queue.clone();
            thread::Builder::new()
                .name("password".into())
                .spawn(move || run_jobs(&queue))
                .map_err(|_| HashError::Broken)?;
        }
        Ok(Self { params, queue: Arc::new(OpenQueue(queue)), decoy })
    }

    /// Returns the hash of a password with a new salt, as a PHC string.
    pub async fn hash(&self, client: Client, password: String) -> Result<String, HashError> {
        let params = self.params;
        self.run(client, move || hash(params, &password)).await?
    }

    /// Whether a password matches a stored hash. Without a hash it never does, which takes as long
    /// to find out.
    pub async fn verify(
        &self,
        client: Client,
        password: String,
        stored: Option<String>,
    ) -> Result<bool, HashError> {
        let user_exists = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.decoy.to_string());
        let matches = self.run(client, move || {
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
        self.queue.0.len()
    }

    async fn run<T: Send + 'static>(
        &self,
        client: Client,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let (reply, replied) = oneshot::channel();
        let queue = self.queue.0.clone();
        let job: Job = Box::new(move || {
            // The caller may have given up while the job was in the queue.
            let result = (!reply.is_closed()).then(|| panic::catch_unwind(AssertUnwindSafe(work)));
            // Before the reply, after which the client may add its next job at once.
            queue.finish(client);
            if let Some(result) = result {
                drop(reply.send(result.map_err(|_| HashError::Broken)));
            }
        });
        drop(self.queue.0.add(client, job)?);
        match timeout(PATIENCE, replied).await {
            Ok(Ok(result)) => result,
            // Another client's job has replaced this one, or it took too long.
            Ok(Err(_)) | Err(_) => Err(HashError::TooBusy),
        }
    }
}

/// Runs jobs at a low priority until the queue is closed.
fn run_jobs(queue: &FairQueue<Job>) {
    // If the priority cannot be lowered, hashing still works.
    let _ = rustix::process::nice(NICENESS);
    while let Some((_, job)) = queue.take() {
        job();
    }
}

fn hash(params: Params, password: &str) -> Result<String, HashError> {
    let hash: PasswordHash =
        Scrypt::from(params).hash_password(password.as_bytes()).map_err(|_| HashError::Broken)?;
    Ok(hash.to_string())
}

/// Returns what stands in for the hash of an unknown user, as a PHC string: of the same cost, and
/// of no password. It is not computed, so that the shop need not wait for it when it starts.
fn decoy(params: Params) -> String {
    let (salt, hash) = ("A".repeat(22), "A".repeat(43));
    format!("$scrypt$ln={},r={},p={}${salt}${hash}", params.log_n(), params.r(), params.p())
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    #[actix::test]
    async fn only_the_same_password_matches_a_hash() {
        let hasher = Hasher::new(4).unwrap();
        let stored = hasher.hash(Client::Staff, "correct horse".into()).await.unwrap();
        assert!(stored.starts_with("$scrypt$ln=4,r=8,p=3$"), "{stored}");
        assert!(!hasher.is_outdated(&stored) && Hasher::new(5).unwrap().is_outdated(&stored));
        assert!(
            hasher
                .verify(Client::Staff, "correct horse".into(), Some(stored.clone()))
                .await
                .unwrap()
        );
        assert!(!hasher.verify(Client::Staff, "Correct horse".into(), Some(stored)).await.unwrap());
        assert!(!hasher.verify(Client::Staff, "correct horse".into(), None).await.unwrap());
    }

    #[test]
    fn the_hash_of_an_unknown_user_costs_as_much_as_any_other() {
        let params = Params::new(4, 8, 3).unwrap();
        let [real, decoy] = [hash(params, "correct horse").unwrap(), decoy(params)];
        let [real, decoy] = [&real, &decoy].map(|hash| PasswordHash::new(hash).unwrap());
        let sizes = |hash: &PasswordHash| {
            (hash.salt.as_ref().unwrap().len(), hash.hash.as_ref().unwrap().len())
        };
        assert_eq!(sizes(&decoy), sizes(&real));
        assert_eq!(Params::try_from(&decoy), Params::try_from(&real));
    }

    #[actix::test]
    async fn a_full_queue_refuses_a_password() {
        let hasher = Hasher::with_threads(4, 0).unwrap();
        assert_eq!(
            hasher.hash(Client::Staff, "correct horse".into()).await,
            Err(HashError::TooBusy)
        );
        assert_eq!(hasher.under_way(), 0);
    }

    #[actix::test]
    async fn a_third_password_of_a_client_is_refused_while_others_are_hashed() {
        // With this cost, a hash takes longer than it takes to add the others.
        let hasher = Hasher::with_threads(13, 1).unwrap();
        let visitors = ["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"];
        let hashes = visitors.map(|address| {
            hasher.hash(Client::Visitor(Network::parse(address)), "correct horse".into())
        });
        let hashed = join_all(hashes).await;
        let is_hashed: Vec<_> = hashed.iter().map(Result::is_ok).collect();
        assert_eq!(is_hashed, [true, true, false, true]);
        assert_eq!(hashed.get(2), Some(&Err(HashError::TooManyAtOnce)));
    }
}
