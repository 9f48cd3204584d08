//! The keys that tokens are signed with: a ring of which the newest key signs and every key checks.
//!
//! So a key can be replaced while tokens of the one before are still about (RFC 8725, section 3.5).

use std::fs::{self, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use crate::crypto::{hexadecimal, random_token, sign};

/// The fewest bytes of a secret (RFC 7518, section 3.2).
const MIN_LENGTH: usize = 32;

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A secret that could be guessed.
    #[error("every secret in auth.secret must have at least {MIN_LENGTH} bytes")]
    TooShort,
    /// The file can't be read or written.
    #[error("the secrets in {0} can't be used: {1}")]
    File(PathBuf, io::Error),
    /// The file says something else.
    #[error(
        "{0}: every line must be a time and a secret of at least {MIN_LENGTH} bytes, the newest first"
    )]
    Malformed(PathBuf),
    /// Another process uses the file.
    #[error(
        "the secrets in {0} are in use by another process; nodes that share a store need auth.secret"
    )]
    Held(PathBuf),
    /// Others may read the file.
    #[error("{0} must be readable by its owner alone (mode 0600)")]
    Exposed(PathBuf),
}

/// How long a key signs, and how long it still checks afterwards.
#[derive(Debug, Clone, Copy)]
pub struct KeyTimes {
    /// How long it signs.
    pub signs: Duration,
    /// How long it checks what it has signed last.
    pub checks: Duration,
}

/// A secret, and the key derived from it for each purpose (NIST SP 800-108, with HMAC).
pub struct Key {
    /// What an access token calls the key.
    pub id: String,
    /// Signs access tokens.
    pub access: [u8; 32],
    /// Signs refresh tokens.
    pub refresh: [u8; 32],
    secret: SecretString,
    made_at: Timestamp,
}

/// Keys, newest first.
struct Ring {
    newest: Arc<Key>,
    older: Vec<Arc<Key>>,
}

/// The keys of a shop.
pub struct KeyRing {
    ring: RwLock<Arc<Ring>>,
    /// Where they are kept and how they turn, unless the configuration gives them.
    file: Option<(PathBuf, KeyTimes)>,
    /// Held so that no other process replaces the file.
    _lock: Option<fs::File>,
}

impl KeyRing {
    /// The keys of the secrets in the configuration, newest first, or else of those in a file that is made when it
    /// is missing.
    pub fn load(
        configured: &SecretString,
        file: &Path,
        times: KeyTimes,
        now: Timestamp,
    ) -> Result<Self, KeyError> {
        let given =
            configured.expose_secret().split([' ', ',']).filter(|secret| !secret.is_empty());
        let given = given.map(|secret| Key::new(secret, Timestamp::MIN).ok_or(KeyError::TooShort));
        if let Some(ring) = Ring::of(given)? {
            return Ok(Self { ring: RwLock::new(Arc::new(ring)), file: None, _lock: None });
        }
        let lock = lock(file)?;
        let ring = match fs::read_to_string(file) {
            Ok(text) => Ring::read(file, &text)?,
            Err(error) if error.kind() == ErrorKind::NotFound => Ring::make(file, now)?,
            Err(error) => return Err(KeyError::file(file, error)),
        };
        Ok(Self {
            ring: RwLock::new(Arc::new(ring)),
            file: Some((file.to_owned(), times)),
            _lock: Some(lock),
        })
    }

    /// The key that signs.
    pub fn newest(&self) -> Arc<Key> {
        self.ring().newest.clone()
    }

    /// The first key of which something is so.
    pub fn find(&self, is_it: impl Fn(&Key) -> bool) -> Option<Arc<Key>> {
        self.ring().keys().find(|key| is_it(key)).cloned()
    }

    /// Makes a new key if the newest has signed for long enough, and forgets those that have nothing left to check.
    pub fn rotate(&self, now: Timestamp) -> Result<(), KeyError> {
        let Some((file, times)) = &self.file else { return Ok(()) };
        let ring = self.ring();
        // A key from the future was made by a clock that was wrong, and would sign for too long.
        let due = ring.newest.made_at + times.signs <= now || now < ring.newest.made_at;
        let newest = if due { Arc::new(Key::random(now)) } else { ring.newest.clone() };
        let mut successor = &newest;
        let retired = ring.keys().skip(usize::from(!due));
        let older: Vec<_> = retired
            .take_while(|key| {
                let checks = now < successor.made_at + times.checks;
                successor = key;
                checks
            })
            .cloned()
            .collect();
        if due || older.len() < ring.older.len() {
            let turned = Ring { newest, older };
            turned.write(file)?;
            *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(turned);
        }
        Ok(())
    }

    fn ring(&self) -> Arc<Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Ring {
    /// Keys, of which there may be none.
    fn of<E>(keys: impl IntoIterator<Item = Result<Key, E>>) -> Result<Option<Self>, E> {
        let mut keys = keys.into_iter().map(|key| key.map(Arc::new));
        let Some(newest) = keys.next().transpose()? else { return Ok(None) };
        Ok(Some(Self { newest, older: keys.collect::<Result<_, _>>()? }))
    }

    fn read(file: &Path, text: &str) -> Result<Self, KeyError> {
        let mode =
            fs::metadata(file).map_err(|error| KeyError::file(file, error))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed(file.to_owned()));
        }
        let key = |line: &str| {
            let (made_at, secret) = line.split_once(' ')?;
            Key::new(secret, made_at.parse().ok()?)
        };
        let malformed = || KeyError::Malformed(file.to_owned());
        Self::of(text.lines().map(|line| key(line).ok_or_else(malformed)))?.ok_or_else(malformed)
    }

    fn make(file: &Path, now: Timestamp) -> Result<Self, KeyError> {
        let ring = Self { newest: Arc::new(Key::random(now)), older: Vec::new() };
        ring.write(file)?;
        Ok(ring)
    }

    /// Replaces the file as a whole, so that a crash leaves the one or the other.
    fn write(&self, file: &Path) -> Result<(), KeyError> {
        let lines =
            self.keys().map(|key| format!("{} {}\n", key.made_at, key.secret.expose_secret()));
        replace(file, &lines.collect::<String>()).map_err(|error| KeyError::file(file, error))
    }

    fn keys(&self) -> impl Iterator<Item = &Arc<Key>> {
        std::iter::once(&self.newest).chain(&self.older)
    }
}

impl Key {
    fn random(now: Timestamp) -> Self {
        Self::derive(random_token().into(), now)
    }

    /// The key of a secret that can't be guessed.
    fn new(secret: &str, made_at: Timestamp) -> Option<Self> {
        (secret.len() >= MIN_LENGTH).then(|| Self::derive(secret.into(), made_at))
    }

    fn derive(secret: SecretString, made_at: Timestamp) -> Self {
        let key = |purpose: &str| sign(secret.expose_secret().as_bytes(), purpose.as_bytes());
        let id = hexadecimal(&key("key id")).chars().take(8).collect();
        let (access, refresh) = (key("access token 1"), key("refresh token 1"));
        Self { id, access, refresh, secret, made_at }
    }
}

impl KeyError {
    fn file(file: &Path, error: io::Error) -> Self {
        Self::File(file.to_owned(), error)
    }
}

/// Takes the file for this process.
fn lock(file: &Path) -> Result<fs::File, KeyError> {
    let open = || {
        fs::create_dir_all(folder(file))?;
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(beside(file, "lock"))
    };
    let lock = open().map_err(|error| KeyError::file(file, error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(KeyError::Held(file.to_owned())),
        Err(TryLockError::Error(error)) => Err(KeyError::file(file, error)),
    }
}

fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn beside(file: &Path, extension: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{extension}"));
    name.into()
}

/// Puts a text that is its owner's alone in the place of a file.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    let next = beside(file, "new");
    match fs::remove_file(&next) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&next)?;
    made.write_all(text.as_bytes())?;
    made.sync_all()?;
    fs::rename(&next, file)?;
    fs::File::open(folder(file))?.sync_all()
}

/// The ring of a secret for each letter, the first the newest.
#[cfg(test)]
pub(super) fn given(letters: &str) -> Arc<KeyRing> {
    let secrets: Vec<_> =
        letters.chars().map(|letter| letter.to_string().repeat(MIN_LENGTH)).collect();
    let times = KeyTimes { signs: Duration::ZERO, checks: Duration::ZERO };
    Arc::new(
        KeyRing::load(&secrets.join(" ").into(), Path::new("unused"), times, Timestamp::MIN)
            .unwrap(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);
    const TIMES: KeyTimes = KeyTimes { signs: DAY, checks: Duration::from_secs(3 * 86_400) };

    fn day(day: i64) -> Timestamp {
        Timestamp::from_second(86_400 * day).unwrap()
    }

    fn load(configured: &str, file: &Path, now: Timestamp) -> Result<KeyRing, KeyError> {
        KeyRing::load(&configured.into(), file, TIMES, now)
    }

    fn ids(keys: &KeyRing) -> Vec<String> {
        keys.ring().keys().map(|key| key.id.clone()).collect()
    }

    #[test]
    fn a_key_made_once_stays_and_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys/secret");
        let first = load("", &file, day(0)).unwrap().newest();
        let again = load("", &file, day(0)).unwrap().newest();
        assert_eq!(first.access, again.access);
        assert_ne!(first.access, first.refresh);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(load("", &file, day(0)), Err(KeyError::Exposed(_))));
    }

    #[test]
    fn a_new_key_signs_every_day_and_the_old_ones_check_for_three_more() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        let keys = load("", &file, day(0)).unwrap();
        let first = keys.newest().id.clone();
        let mut counts = Vec::new();
        for today in 1..=6 {
            keys.rotate(day(today)).unwrap();
            keys.rotate(day(today)).unwrap();
            counts.push(ids(&keys).len());
            assert_eq!(keys.find(|key| key.id == first).is_some(), today < 4, "day {today}");
        }
        assert_eq!(counts, [2, 3, 4, 4, 4, 4]);
        let turned = ids(&keys);
        drop(keys);
        let keys = load("", &file, day(6)).unwrap();
        assert_eq!(ids(&keys), turned);
        keys.rotate(day(60)).unwrap();
        assert_eq!(ids(&keys).len(), 2);
    }

    #[test]
    fn a_key_from_the_future_is_replaced_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let keys = load("", &folder.path().join("secret"), day(9)).unwrap();
        keys.rotate(day(1)).unwrap();
        keys.rotate(day(1)).unwrap();
        assert_eq!((ids(&keys).len(), keys.newest().made_at), (2, day(1)));
    }

    #[test]
    fn a_file_belongs_to_one_process() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        let _keys = load("", &file, day(0)).unwrap();
        assert!(matches!(load("", &file, day(0)), Err(KeyError::Held(_))));
    }

    #[test]
    fn of_several_given_secrets_the_first_signs_and_none_turns() {
        let (new, old) = ("n".repeat(32), "o".repeat(32));
        let unused = Path::new("unused");
        let keys = load(&format!("{new} {old}"), unused, day(0)).unwrap();
        assert_eq!(keys.newest().access, load(&new, unused, day(0)).unwrap().newest().access);
        keys.rotate(day(1_000)).unwrap();
        assert_eq!(ids(&keys).len(), 2);
    }

    #[test]
    fn a_short_or_garbled_secret_is_refused() {
        assert!(matches!(
            load(&"x".repeat(31), Path::new("unused"), day(0)),
            Err(KeyError::TooShort)
        ));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        for text in ["", "no time", "1970-01-01T00:00:00Z short"] {
            replace(&file, text).unwrap();
            assert!(matches!(load("", &file, day(0)), Err(KeyError::Malformed(_))), "{text}");
        }
    }
}
