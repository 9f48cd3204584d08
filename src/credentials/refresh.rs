//! Refresh tokens: a session, a generation and a signature over both.
//!
//! The token is derived from stored values and a key, so the store holds nothing that an attacker
//! could present (RFC 9700, section 4.14).

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::session::SessionId;
use uuid::Uuid;

use super::keys::KeyRing;
use crate::crypto::{sign, verify};

/// Issues and verifies refresh tokens.
pub struct RefreshTokens {
    keys: Arc<KeyRing>,
}

impl RefreshTokens {
    /// Creates an issuer that signs with the newest key of the ring.
    pub fn new(keys: Arc<KeyRing>) -> Self {
        Self { keys }
    }

    /// Returns the token of one generation of a session. It is the same at every call until the
    /// key is replaced.
    pub fn issue(&self, session: SessionId, generation: u32) -> String {
        let text = format!("{}.{generation}", session.0.simple());
        let signature = sign(&self.keys.newest().refresh, text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Returns the session and the generation of a token, or `None` if the shop did not issue it.
    ///
    /// Whether the session still exists and the generation is still usable is for the caller to
    /// check.
    pub fn check(&self, token: &str) -> Option<(SessionId, u32)> {
        let (text, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let (session, generation) = text.split_once('.')?;
        let session = SessionId(Uuid::try_parse(session).ok()?);
        let generation = generation.parse().ok()?;
        self.keys.find(|key| verify(&key.refresh, text.as_bytes(), &signature))?;
        Some((session, generation))
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::ring_of;
    use super::*;

    #[test]
    fn only_a_token_that_the_shop_issued_identifies_a_session() {
        let tokens = RefreshTokens::new(ring_of("x"));
        let session = SessionId(Uuid::from_u128(7));
        let token = tokens.issue(session, 3);
        assert_eq!(tokens.check(&token), Some((session, 3)));
        assert_eq!(tokens.issue(session, 3), token);
        for forged in
            [token.replacen(".3.", ".4.", 1), token.to_uppercase(), String::new(), "a.b.c".into()]
        {
            assert_eq!(tokens.check(&forged), None, "{forged}");
        }
        assert_eq!(RefreshTokens::new(ring_of("yx")).check(&token), Some((session, 3)));
        assert_eq!(RefreshTokens::new(ring_of("y")).check(&token), None);
    }
}
