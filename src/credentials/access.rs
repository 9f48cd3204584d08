//! Access tokens: signed statements that somebody was signed in a moment ago (RFC 9068, RFC 8725).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use actors::clock::new_id;
use domain::session::{Session, SessionId};
use domain::user::{Role, UserId};
use jiff::Timestamp;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
};
use serde::{Deserialize, Serialize};

use super::SignedIn;
use super::keys::KeyRing;

/// Who issues the tokens, and for whom.
const ISSUER: &str = "microshop";

/// The media type that tells access tokens from any other (RFC 9068, section 2.1).
const TYPE: &str = "at+jwt";

/// How many good tokens are remembered at most.
const REMEMBERED: usize = 10_000;

/// Makes access tokens and checks them.
pub struct AccessTokens {
    keys: Arc<KeyRing>,
    /// Tokens whose signature and claims were good, since they are so as long as their time lasts.
    good: RwLock<HashMap<String, SignedIn>>,
    validation: Validation,
    ttl: Duration,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    username: String,
    role: Role,
    sid: SessionId,
    iat: i64,
    exp: i64,
    jti: String,
}

impl AccessTokens {
    /// Access tokens that are good for some time.
    pub fn new(keys: Arc<KeyRing>, ttl: Duration) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The time is compared here, with the shop's clock and to the second.
        validation.validate_exp = false;
        Self { keys, good: RwLock::default(), validation, ttl }
    }

    /// Until when a token issued now is good: never longer than its session.
    pub fn until(&self, session: &Session, now: Timestamp) -> Timestamp {
        (now + self.ttl).min(session.expires_at)
    }

    /// A token that says whose session it is; none if it can't be signed.
    pub fn issue(&self, session: &Session, now: Timestamp) -> Option<String> {
        let claims = Claims {
            iss: ISSUER.into(),
            aud: ISSUER.into(),
            sub: session.user,
            username: session.username.to_string(),
            role: session.role,
            sid: session.id,
            iat: now.as_second(),
            exp: self.until(session, now).as_second(),
            jti: new_id(now).to_string(),
        };
        let key = self.keys.newest();
        encode(&header(&key.id), &claims, &EncodingKey::from_secret(&key.access)).ok()
    }

    /// Who is signed in according to a token; none if it is not one of the shop's or its time is over.
    pub fn check(&self, token: &str, now: Timestamp) -> Option<SignedIn> {
        let known = self.good.read().unwrap_or_else(PoisonError::into_inner).get(token).cloned();
        known.or_else(|| self.verify(token)).filter(|signed_in| now < signed_in.until)
    }

    fn verify(&self, token: &str) -> Option<SignedIn> {
        let header =
            decode_header(token).ok().filter(|header| header.typ.as_deref() == Some(TYPE))?;
        let key = self.keys.find(|key| header.kid.as_ref() == Some(&key.id))?;
        let claims =
            decode::<Claims>(token, &DecodingKey::from_secret(&key.access), &self.validation)
                .ok()?
                .claims;
        let until = Timestamp::from_second(claims.exp).ok()?;
        let signed_in = SignedIn {
            user: claims.sub,
            username: claims.username,
            role: claims.role,
            session: claims.sid,
            until,
        };
        let mut good = self.good.write().unwrap_or_else(PoisonError::into_inner);
        if good.len() >= REMEMBERED {
            good.clear();
        }
        good.insert(token.to_owned(), signed_in.clone());
        Some(signed_in)
    }
}

fn header(key: &str) -> Header {
    Header { typ: Some(TYPE.into()), kid: Some(key.into()), ..Header::new(Algorithm::HS256) }
}

#[cfg(test)]
mod tests {
    use domain::session::Proof;
    use domain::user::Username;

    use super::super::keys::given;
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn tokens() -> AccessTokens {
        AccessTokens::new(given("x"), Duration::from_secs(3_600))
    }

    fn session() -> Session {
        Session {
            id: SessionId(new_id(NOW)),
            user: UserId(new_id(NOW)),
            username: Username::new("ana").unwrap(),
            role: Role::Customer,
            proof: Proof::Api { generation: 1, rotated_at: NOW },
            device: String::new(),
            address: String::new(),
            created_at: NOW,
            last_seen_at: NOW,
            expires_at: NOW + Duration::from_secs(7_200),
        }
    }

    #[test]
    fn a_token_is_good_until_its_time_is_over_to_the_second() {
        let (tokens, session) = (tokens(), session());
        let token = tokens.issue(&session, NOW).unwrap();
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(tokens.check(&token, at(3_599)).unwrap().session, session.id);
        assert!(tokens.check(&token, at(3_600)).is_none());
    }

    #[test]
    fn a_token_is_not_good_for_longer_than_its_session() {
        let (tokens, session) = (tokens(), session());
        let at = |second| Timestamp::from_second(second).unwrap();
        let token = tokens.issue(&session, at(7_000)).unwrap();
        assert_eq!(tokens.check(&token, at(7_199)).unwrap().until, session.expires_at);
        assert!(tokens.check(&token, at(7_200)).is_none());
    }

    #[test]
    fn a_token_is_good_while_its_key_is_in_the_ring() {
        let token = tokens().issue(&session(), NOW).unwrap();
        let with = |secrets| AccessTokens::new(given(secrets), Duration::from_secs(3_600));
        assert!(with("yx").check(&token, NOW).is_some());
        assert!(with("y").check(&token, NOW).is_none());
    }

    #[test]
    fn a_token_of_another_type_key_or_algorithm_is_none() {
        let (tokens, session) = (tokens(), session());
        let claims = Claims {
            iss: ISSUER.into(),
            aud: ISSUER.into(),
            sub: session.user,
            username: "ana".into(),
            role: Role::Admin,
            sid: session.id,
            iat: 0,
            exp: 3_600,
            jti: String::new(),
        };
        let key = tokens.keys.newest();
        let (good, encoding) = (header(&key.id), EncodingKey::from_secret(&key.access));
        assert!(tokens.check(&encode(&good, &claims, &encoding).unwrap(), NOW).is_some());
        let bad = [
            Header { typ: Some("JWT".into()), ..good.clone() },
            Header { kid: Some("other".into()), ..good.clone() },
            Header { alg: Algorithm::HS512, ..good.clone() },
        ];
        for header in bad {
            assert!(
                tokens.check(&encode(&header, &claims, &encoding).unwrap(), NOW).is_none(),
                "{header:?}"
            );
        }
        let forged = encode(&good, &claims, &EncodingKey::from_secret(b"guessed")).unwrap();
        assert!(tokens.check(&forged, NOW).is_none());
    }
}
