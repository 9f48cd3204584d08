//! Refresh tokens: a session, a generation, and a signature over both, so that nothing secret is stored (RFC 9700, section 4.14).

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::session::SessionId;
use uuid::Uuid;

use super::keys::KeyRing;
use crate::crypto::{sign, verify};

/// Makes refresh tokens and checks them.
pub struct RefreshTokens {
    keys: Arc<KeyRing>,
}

impl RefreshTokens {
    /// Refresh tokens of a shop.
    pub fn new(keys: Arc<KeyRing>) -> Self {
        Self { keys }
    }

    /// The token of a generation of a session; always the same until the key is replaced.
    pub fn issue(&self, session: SessionId, generation: u32) -> String {
        let text = format!("{}.{generation}", session.0.simple());
        format!(
            "{text}.{}",
            URL_SAFE_NO_PAD.encode(sign(&self.keys.newest().refresh, text.as_bytes()))
        )
    }

    /// The session and the generation that a token names; none if the shop never issued it.
    pub fn check(&self, token: &str) -> Option<(SessionId, u32)> {
        let (text, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let (session, generation) = text.split_once('.')?;
        let named = (SessionId(Uuid::try_parse(session).ok()?), generation.parse().ok()?);
        self.keys.find(|key| verify(&key.refresh, text.as_bytes(), &signature)).map(|_| named)
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::given;
    use super::*;

    #[test]
    fn only_what_the_shop_issued_names_a_session() {
        let tokens = RefreshTokens::new(given("x"));
        let session = SessionId(Uuid::from_u128(7));
        let token = tokens.issue(session, 3);
        assert_eq!(tokens.check(&token), Some((session, 3)));
        assert_eq!(tokens.issue(session, 3), token);
        for forged in
            [token.replacen(".3.", ".4.", 1), token.to_uppercase(), String::new(), "a.b.c".into()]
        {
            assert_eq!(tokens.check(&forged), None, "{forged}");
        }
        assert_eq!(RefreshTokens::new(given("yx")).check(&token), Some((session, 3)));
        assert_eq!(RefreshTokens::new(given("y")).check(&token), None);
    }
}
