//! The ring of keys that sign tokens: the newest key signs, and every key of the ring verifies.
//!
//! A key can thus be replaced while tokens that an older key has signed are still valid (RFC 8725,
//! section 3.5).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use crate::private::PrivateFileError;
use file::KeyFile;
use key::{Key, MIN_LENGTH};
use set::KeySet;

mod file;
pub mod key;
mod set;

/// Why the keys cannot be loaded or rotated.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A configured secret is so short that it could be guessed.
    #[error("every secret in `auth.secret` must have at least {MIN_LENGTH} bytes")]
    TooShort,
    /// The key file cannot be read or written.
    #[error("cannot read or write the key file {0}: {1}")]
    File(PathBuf, io::Error),
    /// The key file has another format.
    #[error(
        "every line of the key file {0} must be a time and a secret of at least {MIN_LENGTH} \
         bytes, the newest first"
    )]
    Malformed(PathBuf),
    /// Another process uses the key file.
    #[error(
        "the key file {0} is in use by another process; nodes that share a store need \
         `auth.secret`"
    )]
    Locked(PathBuf),
    /// Other users may use the key file or its lock, or it can't be opened.
    #[error("auth.key_file: {0}")]
    Exposed(#[from] PrivateFileError),
}

/// How long a generated key is used.
#[derive(Debug, Clone, Copy)]
pub struct KeyLifetimes {
    /// How long a key signs before a new one replaces it.
    pub signing: Duration,
    /// How long a key still verifies after it was replaced.
    pub verifying: Duration,
}

/// The keys of a shop, newest first.
pub struct KeyRing {
    keys: RwLock<Arc<KeySet>>,
    /// Where generated keys are stored, and how long they are used; `None` for configured keys,
    /// which are never rotated.
    generated: Option<(KeyFile, KeyLifetimes)>,
}

impl KeyRing {
    /// Loads the keys of the configured secrets, which are separated by spaces or commas, the
    /// newest first.
    ///
    /// If no secret is configured, loads the keys of the secrets in a file. A missing file is
    /// created with one random secret.
    pub fn load(
        configured: &SecretString,
        file: &Path,
        lifetimes: KeyLifetimes,
        now: Timestamp,
    ) -> Result<Self, KeyError> {
        let secrets = configured.expose_secret().split([' ', ',']);
        let keys = secrets
            .filter(|secret| !secret.is_empty())
            .map(|secret| Key::new(secret, Timestamp::MIN).ok_or(KeyError::TooShort));
        if let Some(keys) = KeySet::new(keys.collect::<Result<_, _>>()?) {
            return Ok(Self { keys: RwLock::new(Arc::new(keys)), generated: None });
        }
        let file = KeyFile::open(file)?;
        let keys = file.read_or_create(now)?;
        Ok(Self { keys: RwLock::new(Arc::new(keys)), generated: Some((file, lifetimes)) })
    }

    /// Returns the key that signs.
    pub fn newest(&self) -> Arc<Key> {
        self.keys().newest.clone()
    }

    /// Returns the newest key that satisfies the predicate.
    pub fn find(&self, predicate: impl Fn(&Key) -> bool) -> Option<Arc<Key>> {
        self.keys().iter().find(|key| predicate(key)).cloned()
    }

    /// Returns the ids of all keys, the one that signs first.
    pub fn ids(&self) -> Vec<String> {
        self.keys().iter().map(|key| key.id.clone()).collect()
    }

    /// Adds a new key if the newest has signed for long enough at the time `now`, and removes keys
    /// that have no valid token left to verify at the time `swept`. The file is written before the
    /// new key signs.
    pub fn rotate(&self, now: Timestamp, swept: Timestamp) -> Result<(), KeyError> {
        let Some((file, lifetimes)) = &self.generated else { return Ok(()) };
        if let Some(rotated) = self.keys().rotated(*lifetimes, now, swept) {
            file.write(&rotated)?;
            *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rotated);
        }
        Ok(())
    }

    fn keys(&self) -> Arc<KeySet> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Returns a ring with one configured secret for each letter, the newest first.
#[cfg(test)]
pub(super) fn ring_of(letters: &str) -> Arc<KeyRing> {
    let secrets: Vec<_> =
        letters.chars().map(|letter| letter.to_string().repeat(MIN_LENGTH)).collect();
    let lifetimes = KeyLifetimes { signing: Duration::ZERO, verifying: Duration::ZERO };
    let secrets = secrets.join(" ").into();
    Arc::new(KeyRing::load(&secrets, Path::new("unused"), lifetimes, Timestamp::MIN).unwrap())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);
    const LIFETIMES: KeyLifetimes =
        KeyLifetimes { signing: DAY, verifying: Duration::from_secs(3 * 86_400) };

    fn day(day: i64) -> Timestamp {
        Timestamp::from_second(86_400 * day).unwrap()
    }

    fn load(configured: &str, file: &Path, now: Timestamp) -> Result<KeyRing, KeyError> {
        KeyRing::load(&configured.into(), file, LIFETIMES, now)
    }

    fn ids(ring: &KeyRing) -> Vec<String> {
        ring.keys().iter().map(|key| key.id.clone()).collect()
    }

    #[test]
    fn a_generated_key_is_kept_and_readable_by_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys/secret");
        let first = load("", &file, day(0)).unwrap().newest();
        let again = load("", &file, day(0)).unwrap().newest();
        assert_eq!(first.access, again.access);
        assert_ne!(first.access, first.refresh);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(load("", &file, day(0)), Err(KeyError::Exposed(_))));
    }

    #[test]
    fn a_new_key_signs_every_day_and_a_replaced_key_verifies_for_three_more() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        let ring = load("", &file, day(0)).unwrap();
        let first = ring.newest().id.clone();
        let mut counts = Vec::new();
        for today in 1..=6 {
            ring.rotate(day(today), day(today)).unwrap();
            ring.rotate(day(today), day(today)).unwrap();
            counts.push(ids(&ring).len());
            assert_eq!(ring.find(|key| key.id == first).is_some(), today < 4, "day {today}");
        }
        assert_eq!(counts, [2, 3, 4, 4, 4, 4]);
        let rotated = ids(&ring);
        drop(ring);
        let ring = load("", &file, day(6)).unwrap();
        assert_eq!(ids(&ring), rotated);
        ring.rotate(day(60), day(60)).unwrap();
        assert_eq!(ids(&ring).len(), 2);
    }

    #[test]
    fn a_key_from_the_future_is_replaced_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let ring = load("", &folder.path().join("secret"), day(9)).unwrap();
        ring.rotate(day(1), day(1)).unwrap();
        ring.rotate(day(1), day(1)).unwrap();
        assert_eq!((ids(&ring).len(), ring.newest().created_at), (2, day(1)));
    }

    #[test]
    fn a_step_of_the_clock_removes_no_key_early_and_keeps_none_for_longer() {
        let folder = tempfile::tempdir().unwrap();
        let ring = load("", &folder.path().join("secret"), day(0)).unwrap();
        // The clock is ahead by sixty days, which the sweep does not believe.
        ring.rotate(day(60), day(0)).unwrap();
        assert_eq!(ids(&ring).len(), 2);
        // It is put right. The key from the future signs no longer.
        ring.rotate(day(1), day(1)).unwrap();
        assert_eq!(ids(&ring).len(), 3);
        ring.rotate(day(4), day(4)).unwrap();
        assert_eq!(ids(&ring).len(), 2);
    }

    #[test]
    fn a_key_file_is_used_by_one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        let _ring = load("", &file, day(0)).unwrap();
        assert!(matches!(load("", &file, day(0)), Err(KeyError::Locked(_))));
    }

    #[test]
    fn the_first_configured_secret_signs_and_none_is_rotated() {
        let new = "n".repeat(32);
        let old = "o".repeat(32);
        let unused = Path::new("unused");
        let ring = load(&format!("{new} {old}"), unused, day(0)).unwrap();
        assert_eq!(ring.newest().access, load(&new, unused, day(0)).unwrap().newest().access);
        ring.rotate(day(1_000), day(1_000)).unwrap();
        assert_eq!(ids(&ring).len(), 2);
    }

    #[test]
    fn a_short_secret_and_a_malformed_file_are_refused() {
        let short = "x".repeat(31);
        assert!(matches!(load(&short, Path::new("unused"), day(0)), Err(KeyError::TooShort)));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        for text in ["", "no time", "1970-01-01T00:00:00Z short"] {
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
            assert!(matches!(load("", &file, day(0)), Err(KeyError::Malformed(_))), "{text}");
        }
    }
}
