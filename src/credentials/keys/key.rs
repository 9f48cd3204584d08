//! One secret and the signing keys that are derived from it.

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use crate::crypto::{hexadecimal, random_token, sign};

/// The smallest number of bytes of a secret (RFC 7518, section 3.2).
pub(super) const MIN_LENGTH: usize = 32;

/// A secret, and the key derived from it for each purpose (NIST SP 800-108, with HMAC).
pub struct Key {
    /// The `kid` of access tokens that this key signs.
    pub id: String,
    /// Signs access tokens.
    pub access: [u8; 32],
    /// Signs refresh tokens.
    pub refresh: [u8; 32],
    /// Authenticates what repeated commands are compared by, which may hold a password.
    pub command: [u8; 32],
    pub(super) secret: SecretString,
    pub(super) created_at: Timestamp,
}

impl Key {
    /// Creates the key of a secret. Returns `None` if the secret is too short.
    pub(super) fn new(secret: &str, created_at: Timestamp) -> Option<Self> {
        (secret.len() >= MIN_LENGTH).then(|| Self::derive(secret.into(), created_at))
    }

    /// Creates the key of a new random secret.
    pub(super) fn random(now: Timestamp) -> Self {
        Self::derive(random_token().into(), now)
    }

    fn derive(secret: SecretString, created_at: Timestamp) -> Self {
        let key = |purpose: &str| sign(secret.expose_secret().as_bytes(), purpose.as_bytes());
        Self {
            id: hexadecimal(&key("key id")).chars().take(8).collect(),
            access: key("access token 1"),
            refresh: key("refresh token 1"),
            command: key("command 1"),
            secret,
            created_at,
        }
    }
}
