//! Access tokens: signed JWTs that identify a user and a session (RFC 9068, RFC 8725).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use actors::clock::new_id;
use domain::session::{Session, SessionId};
use domain::time::later;
use domain::user::{Role, UserId};
use jiff::Timestamp;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
};
use serde::{Deserialize, Serialize};

use super::SignedIn;
use super::keys::KeyRing;

/// The issuer and the audience of every token.
const ISSUER: &str = "microshop";

/// The only client that the shop issues tokens to: it has no register of clients, and every program
/// acts as its user (RFC 9068, section 2.2).
const CLIENT: &str = "microshop";

/// The media type that distinguishes access tokens from other JWTs (RFC 9068, section 2.1).
const TYPE: &str = "at+jwt";

/// The largest number of verified tokens that are cached.
const MAX_CACHED: usize = 10_000;

/// Issues and verifies access tokens.
pub struct AccessTokens {
    keys: Arc<KeyRing>,
    /// Tokens whose signature and claims have been verified. Neither can become invalid later, so
    /// only the times are compared again.
    verified: RwLock<HashMap<String, Verified>>,
    validation: Validation,
    ttl: Duration,
}

/// A token whose signature and claims have been verified.
#[derive(Clone)]
pub struct Verified {
    signed_in: SignedIn,
    /// When the token becomes valid, in seconds since the Unix epoch.
    not_before: i64,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    /// A token of an earlier version does not have it.
    #[serde(default)]
    client_id: String,
    sub: UserId,
    username: String,
    role: Role,
    sid: SessionId,
    iat: i64,
    exp: i64,
    /// The shop issues no token with this claim, but a valid one that has it is not valid before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    jti: String,
}

impl AccessTokens {
    /// Creates an issuer of tokens that are valid for `ttl`.
    pub fn new(keys: Arc<KeyRing>, ttl: Duration) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // `check` compares the times with the shop's clock, to the second and without leeway.
        validation.validate_exp = false;
        Self { keys, verified: RwLock::default(), validation, ttl }
    }

    /// Returns when a token issued now expires: never later than its session, nor later than the
    /// session would be revoked.
    pub fn expires_at(&self, session: &Session, now: Timestamp) -> Timestamp {
        let latest = session.tokens_until.unwrap_or(session.expires_at);
        later(now, self.ttl).min(session.expires_at).min(latest)
    }

    /// Issues a token for a session. Returns `None` if it cannot be signed.
    pub fn issue(&self, session: &Session, now: Timestamp) -> Option<String> {
        let claims = Claims {
            iss: ISSUER.into(),
            aud: ISSUER.into(),
            client_id: CLIENT.into(),
            sub: session.user,
            username: session.username.to_string(),
            role: session.role,
            sid: session.id,
            iat: now.as_second(),
            exp: self.expires_at(session, now).as_second(),
            nbf: None,
            jti: new_id(now).to_string(),
        };
        let key = self.keys.newest();
        encode(&header(&key.id), &claims, &EncodingKey::from_secret(&key.access)).ok()
    }

    /// Returns the user that a token identifies, or `None` if the shop did not issue the token, it
    /// has expired, it is not valid yet, or its `iat` lies ahead.
    ///
    /// Whether the session has been revoked is for the caller to check.
    pub fn check(&self, token: &str, now: Timestamp) -> Option<SignedIn> {
        self.verified(token)?.at(now)
    }

    /// Returns the user to whom the shop issued a token, whether or not it is valid now.
    pub fn subject(&self, token: &str) -> Option<UserId> {
        Some(self.verified(token)?.signed_in.user)
    }

    /// Returns what a token says that the shop has issued, whether or not it is valid now.
    pub fn verified(&self, token: &str) -> Option<Verified> {
        let cached =
            self.verified.read().unwrap_or_else(PoisonError::into_inner).get(token).cloned();
        cached.or_else(|| self.verify(token))
    }

    /// Verifies the signature and the claims of a token, and caches the result if they are valid.
    fn verify(&self, token: &str) -> Option<Verified> {
        let header =
            decode_header(token).ok().filter(|header| header.typ.as_deref() == Some(TYPE))?;
        let key = self.keys.find(|key| header.kid.as_ref() == Some(&key.id))?;
        let decoding_key = DecodingKey::from_secret(&key.access);
        let claims = decode::<Claims>(token, &decoding_key, &self.validation).ok()?.claims;
        let signed_in = SignedIn {
            user: claims.sub,
            username: claims.username,
            role: claims.role,
            session: claims.sid,
            since: Timestamp::from_second(claims.iat).ok()?,
            until: Timestamp::from_second(claims.exp).ok()?,
        };
        let verified = Verified { signed_in, not_before: claims.nbf.unwrap_or(i64::MIN) };
        self.cache(token, &verified);
        Some(verified)
    }

    /// Adds a verified token to the cache; a full cache is emptied first.
    fn cache(&self, token: &str, checked: &Verified) {
        let mut verified = self.verified.write().unwrap_or_else(PoisonError::into_inner);
        if verified.len() >= MAX_CACHED {
            verified.clear();
        }
        verified.insert(token.to_owned(), checked.clone());
    }
}

impl Verified {
    /// Returns the user whom the token identifies at a time, or `None` if it is not valid then.
    pub fn at(self, now: Timestamp) -> Option<SignedIn> {
        let Self { signed_in, not_before } = self;
        (not_before <= now.as_second() && signed_in.is_valid(now)).then_some(signed_in)
    }
}

fn header(key: &str) -> Header {
    Header { typ: Some(TYPE.into()), kid: Some(key.into()), ..Header::new(Algorithm::HS256) }
}

#[cfg(test)]
mod tests {
    use domain::session::Proof;
    use domain::user::Username;

    use super::super::keys::ring_of;
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn tokens() -> AccessTokens {
        AccessTokens::new(ring_of("x"), Duration::from_secs(3_600))
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
            tokens_until: Some(NOW + Duration::from_secs(7_200)),
        }
    }

    /// Returns the claims of a token that is valid for an hour from the beginning.
    fn claims(session: &Session) -> Claims {
        Claims {
            iss: ISSUER.into(),
            aud: ISSUER.into(),
            client_id: CLIENT.into(),
            sub: session.user,
            username: "ana".into(),
            role: Role::Admin,
            sid: session.id,
            iat: 0,
            exp: 3_600,
            nbf: None,
            jti: String::new(),
        }
    }

    #[test]
    fn a_token_expires_to_the_second() {
        let tokens = tokens();
        let session = session();
        let token = tokens.issue(&session, NOW).unwrap();
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(tokens.check(&token, at(3_599)).unwrap().session, session.id);
        assert!(tokens.check(&token, at(3_600)).is_none());
    }

    #[test]
    fn a_token_that_was_issued_in_the_future_is_refused() {
        let tokens = tokens();
        let at = |second| Timestamp::from_second(second).unwrap();
        let token = tokens.issue(&session(), at(1_000)).unwrap();
        for (second, valid) in [(1_000, true), (940, true), (939, false), (1_000, true)] {
            assert_eq!(tokens.check(&token, at(second)).is_some(), valid, "{second}");
        }
    }

    #[test]
    fn a_token_expires_no_later_than_its_session() {
        let tokens = tokens();
        let session = session();
        let at = |second| Timestamp::from_second(second).unwrap();
        let token = tokens.issue(&session, at(7_000)).unwrap();
        assert_eq!(tokens.check(&token, at(7_199)).unwrap().until, session.expires_at);
        assert!(tokens.check(&token, at(7_200)).is_none());
    }

    #[test]
    fn a_token_expires_no_later_than_its_session_would_be_revoked() {
        let tokens = tokens();
        let until = NOW + Duration::from_secs(70);
        let session = Session { tokens_until: Some(until), ..session() };
        let token = tokens.issue(&session, NOW).unwrap();
        assert_eq!(tokens.check(&token, NOW).unwrap().until, until);
        assert_eq!(tokens.expires_at(&session, NOW), until);
    }

    #[test]
    fn a_token_of_an_earlier_version_without_a_client_is_valid() {
        let tokens = tokens();
        let mut claims = serde_json::to_value(claims(&session())).unwrap();
        claims.as_object_mut().unwrap().remove("client_id").unwrap();
        let key = tokens.keys.newest();
        let token =
            encode(&header(&key.id), &claims, &EncodingKey::from_secret(&key.access)).unwrap();
        assert!(tokens.check(&token, NOW).is_some());
    }

    #[test]
    fn a_token_is_not_valid_before_the_time_that_it_names() {
        let tokens = tokens();
        let mut claims = claims(&session());
        claims.nbf = Some(100);
        let key = tokens.keys.newest();
        let token =
            encode(&header(&key.id), &claims, &EncodingKey::from_secret(&key.access)).unwrap();
        let at = |second| Timestamp::from_second(second).unwrap();
        for (second, valid) in [(99, false), (100, true), (3_599, true), (99, false)] {
            assert_eq!(tokens.check(&token, at(second)).is_some(), valid, "{second}");
        }
        assert_eq!(tokens.subject(&token), Some(claims.sub));
    }

    #[test]
    fn a_token_is_valid_while_its_key_is_in_the_ring() {
        let token = tokens().issue(&session(), NOW).unwrap();
        let with = |letters| AccessTokens::new(ring_of(letters), Duration::from_secs(3_600));
        assert!(with("yx").check(&token, NOW).is_some());
        assert!(with("y").check(&token, NOW).is_none());
    }

    #[test]
    fn a_token_of_another_type_key_or_algorithm_is_invalid() {
        let tokens = tokens();
        let claims = claims(&session());
        let key = tokens.keys.newest();
        let valid = header(&key.id);
        let encoding_key = EncodingKey::from_secret(&key.access);
        assert!(tokens.check(&encode(&valid, &claims, &encoding_key).unwrap(), NOW).is_some());
        let invalid = [
            Header { typ: Some("JWT".into()), ..valid.clone() },
            Header { kid: Some("other".into()), ..valid.clone() },
            Header { alg: Algorithm::HS512, ..valid.clone() },
        ];
        for header in invalid {
            let token = encode(&header, &claims, &encoding_key).unwrap();
            assert!(tokens.check(&token, NOW).is_none(), "{header:?}");
        }
        let forged = encode(&valid, &claims, &EncodingKey::from_secret(b"guessed")).unwrap();
        assert!(tokens.check(&forged, NOW).is_none());
    }
}
