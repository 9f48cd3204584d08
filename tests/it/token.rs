//! Forged access tokens: each differs from a valid token in one thing.

use actors::clock::Clock;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Sha256, Sha384, Sha512};

use crate::harness::{TestShop, single_node};
use crate::people::{Answer, part};

/// A secret of the shop that has leaked.
const SECRET: &str = "a-secret-that-these-tests-know-too";

/// The characters of base64url in the order of their values.
const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The parts of a token before it is signed.
struct Token {
    header: Value,
    claims: Value,
    key: Vec<u8>,
}

/// A way to invalidate a token, and its name.
type Mistake = (&'static str, fn(&mut Token));

const MISTAKES: [Mistake; 26] = [
    ("no algorithm", |token| token.header["alg"] = json!("none")),
    ("no algorithm, in capitals", |token| token.header["alg"] = json!("NONE")),
    ("the algorithm in lower case", |token| token.header["alg"] = json!("hs256")),
    ("a longer hash", |token| token.header["alg"] = json!("HS384")),
    ("the longest hash", |token| token.header["alg"] = json!("HS512")),
    ("a public key's algorithm", |token| token.header["alg"] = json!("RS256")),
    ("another key", |token| token.key = b"guessed".to_vec()),
    ("a key in the token itself", |token| {
        token.key = b"in the token".to_vec();
        token.header["jwk"] =
            json!({ "kty": "oct", "alg": "HS256", "k": BASE64.encode(&token.key) });
    }),
    ("an unknown key id", |token| token.header["kid"] = json!("00000000")),
    ("no key id", |token| remove(&mut token.header, "kid")),
    ("another type", |token| token.header["typ"] = json!("JWT")),
    ("no type", |token| remove(&mut token.header, "typ")),
    ("another issuer", |token| token.claims["iss"] = json!("another")),
    ("no issuer", |token| remove(&mut token.claims, "iss")),
    ("another audience", |token| token.claims["aud"] = json!("another")),
    ("no audience", |token| remove(&mut token.claims, "aud")),
    ("no user", |token| remove(&mut token.claims, "sub")),
    ("no session", |token| remove(&mut token.claims, "sid")),
    ("no expiry", |token| remove(&mut token.claims, "exp")),
    ("an expiry that is now", |token| {
        token.claims["exp"] = json!(Clock::default().now().as_second())
    }),
    ("a start that is a minute ahead", |token| token.claims["nbf"] = json!(seconds_ahead(60))),
    ("a start that is an hour ahead", |token| token.claims["nbf"] = json!(seconds_ahead(3_600))),
    ("a start at the end of time", |token| token.claims["nbf"] = json!(i64::MAX)),
    ("a start too large for a number", |token| token.claims["nbf"] = json!(u64::MAX)),
    ("a start that is a text", |token| token.claims["nbf"] = json!("0")),
    ("a start with a fraction", |token| token.claims["nbf"] = json!(1.5e9)),
];

#[actix_web::test]
async fn a_token_with_one_mistake_is_refused() {
    let shop = shop_with_leaked_secret().await;
    let valid = shop.customer("ana").await.token;
    profile(&shop, &Token::copy_of(&valid).signed()).await.expect(200);
    let mut started = Token::copy_of(&valid);
    started.claims["nbf"] = json!(seconds_ahead(0));
    profile(&shop, &started.signed()).await.expect(200);
    for (name, apply) in MISTAKES {
        let mut token = Token::copy_of(&valid);
        apply(&mut token);
        let answer = profile(&shop, &token.signed()).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json["code"]),
            (401, &json!("invalid_token")),
            "{name}"
        );
    }
}

#[actix_web::test]
async fn a_changed_claim_needs_a_new_signature() {
    let shop = shop_with_leaked_secret().await;
    let mut ana = shop.customer("ana").await;
    ana.get("/api/users").await.expect_problem(403, "forbidden");
    let mut token = Token::copy_of(&ana.token);
    token.claims["role"] = json!("admin");
    let promoted = token.signed();
    let signature = ana.token.rsplit_once('.').unwrap().1.to_owned();
    ana.token = format!("{}.{signature}", promoted.rsplit_once('.').unwrap().0);
    ana.get("/api/users").await.expect_problem(401, "invalid_token");
    ana.token = promoted;
    ana.get("/api/users").await.expect(200);
}

#[actix_web::test]
async fn a_token_must_match_to_the_letter() {
    let shop = TestShop::open().await;
    let token = shop.customer("ana").await.token;
    profile(&shop, &token).await.expect(200);
    let (unsigned, signature) = token.rsplit_once('.').unwrap();
    let mut altered = vec![
        String::new(),
        "garbage".into(),
        "a.b.c".into(),
        unsigned.into(),
        format!("{unsigned}."),
    ];
    altered.extend(["A", "=", ".", ".A", ",", " A"].map(|suffix| format!("{token}{suffix}")));
    altered.extend(same_bits(signature).map(|signature| format!("{unsigned}.{signature}")));
    for token in altered {
        let answer = profile(&shop, &token).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json["code"]),
            (401, &json!("invalid_token")),
            "{token}"
        );
    }
}

#[actix_web::test]
async fn only_an_access_token_in_its_header_is_accepted() {
    single_node("nginx answers, or changes, this request itself");
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let missing = Answer::to(shop.request(Method::GET, "/auth/profile")).await;
    assert_eq!(missing.expect_problem(401, "unauthorized").headers["www-authenticate"], "Bearer");
    for name in ["access_token", "token", "authorization"] {
        let in_url = shop.request(Method::GET, &format!("/auth/profile?{name}={}", ana.token));
        Answer::to(in_url).await.expect_problem(401, "unauthorized");
    }
    let wrong = profile(&shop, &ana.refresh_token).await.expect_problem(401, "invalid_token");
    assert_eq!(wrong.headers["www-authenticate"], "Bearer error=\"invalid_token\"");
    let bearer = format!("Bearer {}", ana.token);
    for other in [bearer.as_str(), "Bearer x", "Basic eA=="] {
        for (first, second) in [(bearer.as_str(), other), (other, &bearer)] {
            let twice = shop.request(Method::GET, "/auth/profile");
            let twice = twice.header("authorization", first).header("authorization", second);
            let answer = Answer::to(twice).await;
            answer.expect_problem(401, "invalid_token");
        }
    }
    let body = json!({ "refresh_token": ana.token });
    ana.send(Method::POST, "/auth/refresh", body).await.expect_problem(401, "invalid_token");
}

impl Token {
    /// Creates a token with the content of a valid one, to be signed with the shop's key.
    fn copy_of(valid: &str) -> Self {
        let key = mac::<Hmac<Sha256>>(SECRET.as_bytes(), "access token 1");
        Self { header: part(valid, 0), claims: part(valid, 1), key }
    }

    /// Signs the token with the algorithm of its header, or else with the shop's.
    fn signed(&self) -> String {
        let [header, claims] =
            [&self.header, &self.claims].map(|part| BASE64.encode(part.to_string()));
        let unsigned = format!("{header}.{claims}");
        let sign = match self.header["alg"].as_str() {
            Some("none" | "NONE") => return format!("{unsigned}."),
            Some("HS384") => mac::<Hmac<Sha384>>,
            Some("HS512") => mac::<Hmac<Sha512>>,
            _ => mac::<Hmac<Sha256>>,
        };
        format!("{unsigned}.{}", BASE64.encode(sign(&self.key, &unsigned)))
    }
}

/// Opens a shop whose secret the tests know.
async fn shop_with_leaked_secret() -> TestShop {
    TestShop::open_with(&[("AUTH__SECRET", SECRET)]).await
}

/// Requests the profile with an access token.
async fn profile(shop: &TestShop, token: &str) -> Answer {
    Answer::to(shop.request(Method::GET, "/auth/profile").bearer_auth(token)).await
}

fn seconds_ahead(seconds: i64) -> i64 {
    Clock::default().now().as_second() + seconds
}

fn remove(part: &mut Value, name: &str) {
    part.as_object_mut().unwrap().remove(name).unwrap();
}

fn mac<M: Mac + KeyInit>(key: &[u8], message: &str) -> Vec<u8> {
    <M as KeyInit>::new_from_slice(key)
        .unwrap()
        .chain_update(message)
        .finalize()
        .into_bytes()
        .to_vec()
}

/// Returns the other spellings of a signature. Its last character has two bits that carry no data.
fn same_bits(signature: &str) -> impl Iterator<Item = String> {
    let (all, last) = signature.split_at(signature.len() - 1);
    let index = ALPHABET.find(last).unwrap();
    (1..4).map(move |bits| format!("{all}{}", &ALPHABET[index + bits..][..1]))
}
