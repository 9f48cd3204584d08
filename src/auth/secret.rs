//! The shop's secret, and the keys derived from it.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use actors::clock::random_bytes;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::{Digest, Sha256};

/// The fewest bytes of a secret (RFC 7518, section 3.2).
const MIN_LENGTH: usize = 32;

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// A secret that could be guessed.
    #[error("auth.secret must have at least {MIN_LENGTH} bytes")]
    TooShort,
    /// The file can't be read or made.
    #[error("the secret in {path} can't be used: {error}")]
    File {
        /// The file.
        path: String,
        /// Why not.
        error: io::Error,
    },
    /// Others may read the file.
    #[error("{path} must be readable by its owner alone (mode 0600)")]
    Exposed {
        /// The file.
        path: String,
    },
}

/// The secret that every key is derived from.
pub struct Secret(SecretSlice<u8>);

impl Secret {
    /// The secret as configured or, without one, from a file that is made when it is missing.
    pub fn load(configured: &SecretString, file: &Path) -> Result<Self, SecretError> {
        let bytes = match configured.expose_secret().as_bytes() {
            [] => from_file(file)?,
            bytes => bytes.to_vec(),
        };
        if bytes.len() < MIN_LENGTH { Err(SecretError::TooShort) } else { Ok(Self(bytes.into())) }
    }

    /// The key for one purpose; from it nobody can tell the key for another (NIST SP 800-108, with HMAC).
    pub fn key(&self, purpose: &str) -> [u8; 32] {
        sign(self.0.expose_secret(), purpose.as_bytes())
    }
}

/// The HMAC-SHA256 of a message (RFC 2104).
pub fn sign(key: &[u8], message: &[u8]) -> [u8; 32] {
    mac(key, message).finalize().into_bytes().into()
}

/// Whether a signature is the HMAC-SHA256 of a message, found out in the same time whatever it is.
pub fn verify(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    mac(key, message).verify_slice(signature).is_ok()
}

/// The SHA-256 of a text, in hexadecimal.
pub fn fingerprint(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A new text of 256 random bits.
pub fn random_token() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes::<32>())
}

fn mac(key: &[u8], message: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.chain_update(message)
}

fn from_file(file: &Path) -> Result<Vec<u8>, SecretError> {
    let path = file.display().to_string();
    let failed = |error| SecretError::File { path: path.clone(), error };
    match fs::read_to_string(file) {
        Ok(_) if fs::metadata(file).map_err(failed)?.permissions().mode() & 0o077 != 0 => {
            Err(SecretError::Exposed { path })
        }
        Ok(text) => Ok(text.trim().as_bytes().to_vec()),
        Err(error) if error.kind() == ErrorKind::NotFound => make(file).map_err(failed),
        Err(error) => Err(failed(error)),
    }
}

fn make(file: &Path) -> io::Result<Vec<u8>> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let secret = random_token();
    let mut made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    made.write_all(secret.as_bytes())?;
    made.sync_all()?;
    Ok(secret.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_made_once_stays_and_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys/secret");
        let first = Secret::load(&"".into(), &file).unwrap();
        let again = Secret::load(&"".into(), &file).unwrap();
        assert_eq!(first.key("x"), again.key("x"));
        assert_ne!(first.key("x"), first.key("y"));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Secret::load(&"".into(), &file), Err(SecretError::Exposed { .. })));
    }

    #[test]
    fn a_short_secret_is_refused() {
        let short = SecretString::from("x".repeat(31));
        assert!(matches!(Secret::load(&short, Path::new("unused")), Err(SecretError::TooShort)));
    }
}
