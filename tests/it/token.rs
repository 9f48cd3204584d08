//! Access tokens that the shop never issued: each is as good as it can be but for one thing.

use actors::clock::Clock;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Sha256, Sha384, Sha512};

use crate::harness::TestShop;
use crate::people::{Answer, part};

/// The secret of a shop that lost it.
const SECRET: &str = "a-secret-that-these-tests-know-too";

/// The characters of base64url in the order of what they stand for.
const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What a token says, before it is signed.
struct Token {
    header: Value,
    claims: Value,
    key: Vec<u8>,
}

/// What is wrong with a token, and how it became so.
type Wrong = (&'static str, fn(&mut Token));

const WRONGS: [Wrong; 20] = [
    ("no algorithm", |token| token.header["alg"] = json!("none")),
    ("no algorithm, in capitals", |token| token.header["alg"] = json!("NONE")),
    ("the algorithm in small letters", |token| token.header["alg"] = json!("hs256")),
    ("a longer hash", |token| token.header["alg"] = json!("HS384")),
    ("the longest hash", |token| token.header["alg"] = json!("HS512")),
    ("a public key's algorithm", |token| token.header["alg"] = json!("RS256")),
    ("another key", |token| token.key = b"guessed".to_vec()),
    ("a key that it brings along", |token| {
        token.key = b"brought along".to_vec();
        token.header["jwk"] =
            json!({ "kty": "oct", "alg": "HS256", "k": BASE64.encode(&token.key) });
    }),
    ("another key's name", |token| token.header["kid"] = json!("00000000")),
    ("no key's name", |token| remove(&mut token.header, "kid")),
    ("another type", |token| token.header["typ"] = json!("JWT")),
    ("no type", |token| remove(&mut token.header, "typ")),
    ("another issuer", |token| token.claims["iss"] = json!("elsewhere")),
    ("no issuer", |token| remove(&mut token.claims, "iss")),
    ("another audience", |token| token.claims["aud"] = json!("elsewhere")),
    ("no audience", |token| remove(&mut token.claims, "aud")),
    ("no user", |token| remove(&mut token.claims, "sub")),
    ("no session", |token| remove(&mut token.claims, "sid")),
    ("no end", |token| remove(&mut token.claims, "exp")),
    ("an end that is now", |token| token.claims["exp"] = json!(Clock::default().now().as_second())),
];

#[actix_web::test]
async fn a_token_with_one_thing_wrong_is_refused() {
    let shop = leaky_shop().await;
    let real = shop.customer("ana").await.token;
    presents(&shop, &Token::like(&real).signed()).await.expect(200);
    for (what, goes_wrong) in WRONGS {
        let mut token = Token::like(&real);
        goes_wrong(&mut token);
        let answer = presents(&shop, &token.signed()).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json["code"]),
            (401, &json!("invalid_token")),
            "{what}"
        );
    }
}

#[actix_web::test]
async fn a_claim_counts_only_under_a_signature_of_its_own() {
    let shop = leaky_shop().await;
    let mut ana = shop.customer("ana").await;
    ana.get("/api/users").await.expect_problem(403, "forbidden");
    let mut token = Token::like(&ana.token);
    token.claims["role"] = json!("admin");
    let (promoted, signature) = (token.signed(), ana.token.rsplit_once('.').unwrap().1.to_owned());
    ana.token = format!("{}.{signature}", promoted.rsplit_once('.').unwrap().0);
    ana.get("/api/users").await.expect_problem(401, "invalid_token");
    ana.token = promoted;
    ana.get("/api/users").await.expect(200);
}

#[actix_web::test]
async fn a_token_is_taken_to_the_letter() {
    let shop = TestShop::open().await;
    let token = shop.customer("ana").await.token;
    presents(&shop, &token).await.expect(200);
    let (unsigned, signature) = token.rsplit_once('.').unwrap();
    let mut odd = vec![
        String::new(),
        "garbage".into(),
        "a.b.c".into(),
        unsigned.into(),
        format!("{unsigned}."),
    ];
    odd.extend(["A", "=", ".", ".A", ",", " A"].map(|added| format!("{token}{added}")));
    odd.extend(same_bits(signature).map(|signature| format!("{unsigned}.{signature}")));
    for token in odd {
        let answer = presents(&shop, &token).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json["code"]),
            (401, &json!("invalid_token")),
            "{token}"
        );
    }
}

#[actix_web::test]
async fn only_an_access_token_in_its_header_counts() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let missing =
        Answer::of(shop.request(Method::GET, "/auth/profile").send().await.unwrap()).await;
    assert_eq!(missing.expect_problem(401, "unauthorized").headers["www-authenticate"], "Bearer");
    for name in ["access_token", "token", "authorization"] {
        let in_url = shop.request(Method::GET, &format!("/auth/profile?{name}={}", ana.token));
        Answer::of(in_url.send().await.unwrap()).await.expect_problem(401, "unauthorized");
    }
    presents(&shop, &ana.refresh_token).await.expect_problem(401, "invalid_token");
    let body = json!({ "refresh_token": ana.token });
    ana.send(Method::POST, "/auth/refresh", body).await.expect_problem(401, "invalid_token");
}

impl Token {
    /// A token that says what a real one says, and that the shop's key will sign.
    fn like(real: &str) -> Self {
        let key = mac::<Hmac<Sha256>>(SECRET.as_bytes(), "access token 1");
        Self { header: part(real, 0), claims: part(real, 1), key }
    }

    /// The token, signed in the way that its header names, or else as the shop does it.
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

/// A shop whose secret is known to whoever makes tokens here.
async fn leaky_shop() -> TestShop {
    TestShop::open_with(&[("AUTH__SECRET", SECRET)]).await
}

/// What a program with that token is answered.
async fn presents(shop: &TestShop, token: &str) -> Answer {
    Answer::of(shop.request(Method::GET, "/auth/profile").bearer_auth(token).send().await.unwrap())
        .await
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

/// The other ways to write a signature, whose last character has two bits that mean nothing.
fn same_bits(signature: &str) -> impl Iterator<Item = String> {
    let (all, last) = signature.split_at(signature.len() - 1);
    let place = ALPHABET.find(last).unwrap();
    (1..4).map(move |bits| format!("{all}{}", &ALPHABET[place + bits..][..1]))
}
