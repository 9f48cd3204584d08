//! Sessions over REST: `/auth/login`, `/auth/register`, `/auth/refresh`, `/auth/verify`,
//! `/auth/logout`, `/auth/logout-all`, `/auth/password`, `/auth/sessions`, `/auth/sessions/{id}`.

use std::path::PathBuf;
use std::thread::available_parallelism;

use futures_util::future::join_all;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::TestShop;
use crate::people::{Answer, Person, part};
use crate::socket::Socket;

mod refresh;

const PASSWORD: &str = "correct horse";

#[actix_web::test]
async fn signing_in_returns_tokens_that_name_the_user() {
    let shop = TestShop::open().await;
    shop.customer("ana").await;
    let answer = logs_in(&shop, "ANA", PASSWORD).await.expect(200);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let tokens = answer.json;
    assert_eq!((&tokens["success"], &tokens["token_type"]), (&json!(true), &json!("Bearer")));
    assert_eq!(tokens["expires_in"], 3_600);
    let expires: Timestamp = tokens["refresh_expires_at"].as_str().unwrap().parse().unwrap();
    let access = tokens["access_token"].as_str().unwrap();
    let header = part(access, 0);
    let claims = part(access, 1);
    assert_eq!((&header["typ"], &header["alg"]), (&json!("at+jwt"), &json!("HS256")));
    assert_eq!(claims["client_id"], "microshop");
    assert_eq!((&claims["username"], &claims["role"]), (&json!("ana"), &json!("customer")));
    let issued = claims["iat"].as_i64().unwrap();
    assert_eq!(claims["exp"].as_i64().unwrap() - issued, 3_600);
    // The session is opened shortly before its token is issued, so it may expire seconds earlier.
    let earlier = issued + 30 * 86_400 - expires.as_second();
    assert!((0..30).contains(&earlier), "{expires}");
}

#[actix_web::test]
async fn a_wrong_password_and_an_unknown_user_get_the_same_answer() {
    let shop = TestShop::open().await;
    shop.customer("ana").await;
    let mut answers = Vec::new();
    for name in ["ana", "unknown"] {
        let mut answer = logs_in(&shop, name, "wrong horse")
            .await
            .expect_problem(401, "invalid_credentials")
            .json;
        answer["request_id"] = Value::Null;
        answers.push(answer);
    }
    assert_eq!(answers[0], answers[1]);
}

#[actix_web::test]
async fn signing_out_ends_only_that_session() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let other = Person::log_in_again(&shop, "ana").await;
    ana.send(Method::POST, "/auth/logout", json!({})).await.expect(200);
    ana.is_signed_out().await;
    refreshes(&shop, &ana.refresh_token).await.expect_problem(401, "invalid_token");
    other.is_signed_in().await;
}

#[actix_web::test]
async fn signing_out_everywhere_ends_every_session_of_the_user() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let other = Person::log_in_again(&shop, "ana").await;
    let bob = shop.customer("bob").await;
    other.send(Method::POST, "/auth/logout-all", json!({})).await.expect(200);
    ana.is_signed_out().await;
    other.is_signed_out().await;
    bob.is_signed_in().await;
}

#[actix_web::test]
async fn users_list_and_end_only_their_own_sessions() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let other = Person::log_in_again(&shop, "ana").await;
    let bob = shop.customer("bob").await;
    let list = ana.get("/auth/sessions").await.expect(200).json;
    assert_eq!(list["count"], 2);
    let session = list["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|session| session["current"] == false)
        .unwrap();
    assert_eq!((&session["kind"], &session["address"]), (&json!("api"), &json!("127.0.0.1")));
    let id = session["id"].as_str().unwrap();
    bob.delete(&format!("/auth/sessions/{id}")).await.expect_problem(404, "session_not_found");
    other.is_signed_in().await;
    ana.delete(&format!("/auth/sessions/{id}")).await.expect(200);
    other.is_signed_out().await;
    ana.delete(&format!("/auth/sessions/{id}")).await.expect_problem(404, "session_not_found");
    assert_eq!(ana.get("/auth/sessions").await.json["count"], 1);
}

#[actix_web::test]
async fn a_new_password_ends_every_session_and_returns_the_tokens_of_a_new_one() {
    let shop = TestShop::open().await;
    let mut ana = shop.customer("ana").await;
    let mut copied = Person::log_in_again(&shop, "ana").await;
    copied.token = ana.token.clone();
    let other = Person::log_in_again(&shop, "ana").await;
    let bob = shop.customer("bob").await;
    changes_password(&ana, "wrong horse", "battery staple")
        .await
        .expect_problem(403, "wrong_password");
    changes_password(&ana, PASSWORD, "short").await.expect_problem(422, "password_length");
    other.is_signed_in().await;
    let mut socket = Socket::open(&shop, &ana.token).await;
    let old_refresh_token = ana.refresh_token.clone();

    let answer = changes_password(&ana, PASSWORD, "battery staple").await.expect(200);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let tokens = answer.json;
    assert_eq!((&tokens["success"], &tokens["token_type"]), (&json!(true), &json!("Bearer")));
    ana.takes(&tokens);
    assert_ne!(part(&ana.token, 1)["sid"], part(&copied.token, 1)["sid"]);
    for old in [&copied, &other] {
        old.is_signed_out().await;
    }
    for token in [&old_refresh_token, &other.refresh_token] {
        refreshes(&shop, token).await.expect_problem(401, "invalid_token");
    }
    assert_eq!(socket.is_closed().await, (1008, "revoked".into()));
    ana.is_signed_in().await;
    bob.is_signed_in().await;
    assert_eq!(ana.get("/auth/sessions").await.expect(200).json["count"], 1);
    successor(&shop, &ana.refresh_token).await;
    logs_in(&shop, "ana", PASSWORD).await.expect_problem(401, "invalid_credentials");
    logs_in(&shop, "ana", "battery staple").await.expect(200);
}

#[actix_web::test]
async fn a_new_password_and_the_new_session_survive_a_crash_together() {
    let mut shop = TestShop::open().await;
    let mut ana = shop.customer("ana").await;
    let mut old = Person::log_in_again(&shop, "ana").await;
    old.token = ana.token.clone();
    let tokens = changes_password(&ana, PASSWORD, "battery staple").await.expect(200).json;
    ana.takes(&tokens);
    shop.kill();
    shop.start_again();
    old.is_signed_out().await;
    ana.is_signed_in().await;
    successor(&shop, &ana.refresh_token).await;
    logs_in(&shop, "ana", PASSWORD).await.expect_problem(401, "invalid_credentials");
}

#[actix_web::test]
async fn an_administrator_who_sets_a_password_ends_every_session_of_the_user() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await.0;
    let ana = shop.customer("ana").await;
    let id = ana.get("/auth/profile").await.json["id"].as_str().unwrap().to_owned();
    let change = json!({ "password": "battery staple" });
    admin.send(Method::PATCH, &format!("/api/users/{id}"), change).await.expect(200);
    ana.is_signed_out().await;
    refreshes(&shop, &ana.refresh_token).await.expect_problem(401, "invalid_token");
    admin.is_signed_in().await;
}

#[actix_web::test]
async fn a_token_stays_revoked_after_a_restart_with_a_shorter_lifetime() {
    let mut shop = TestShop::open().await;
    let mut ana = shop.customer("ana").await;
    let long_lived = ana.token.clone();
    shop.stop();
    shop.start_again_with(&[("MICROSHOP_AUTH__ACCESS_TTL", PathBuf::from("1s"))]);
    ana.is_signed_in().await;
    let next = refreshes(&shop, &ana.refresh_token).await.expect(200).json;
    ana.takes(&next);
    assert_eq!(next["expires_in"], 1);
    ana.token = long_lived;
    ana.send(Method::POST, "/auth/logout", json!({})).await.expect(200);
    for _ in 0..2 {
        shop.kill();
        shop.start_again();
        ana.is_signed_out().await;
    }
}

#[actix_web::test]
async fn verifying_a_token_returns_its_user() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await.0;
    let verified = admin.send(Method::POST, "/auth/verify", json!({})).await.expect(200).json;
    let claims = (&verified["valid"], &verified["user"], &verified["role"]);
    assert_eq!(claims, (&json!(true), &json!("admin"), &json!("admin")));
}

#[actix_web::test]
async fn a_deleted_user_is_signed_out() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await.0;
    let ana = shop.customer("ana").await;
    let id = ana.get("/auth/profile").await.json["id"].as_str().unwrap().to_owned();
    admin.delete(&format!("/api/users/{id}")).await.expect(200);
    ana.is_signed_out().await;
    refreshes(&shop, &ana.refresh_token).await.expect_problem(401, "invalid_token");
    logs_in(&shop, "ana", PASSWORD).await.expect_problem(401, "invalid_credentials");
}

#[actix_web::test]
async fn open_and_ended_sessions_survive_a_restart() {
    let mut shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let ended = Person::log_in_again(&shop, "ana").await;
    let next = successor(&shop, &ana.refresh_token).await;
    ended.send(Method::POST, "/auth/logout", json!({})).await.expect(200);
    for kill in [true, false] {
        if kill {
            shop.kill()
        } else {
            shop.stop()
        }
        shop.start_again();
        ana.is_signed_in().await;
        ended.is_signed_out().await;
    }
    refreshes(&shop, &next).await.expect(200);
    refreshes(&shop, &ended.refresh_token).await.expect_problem(401, "invalid_token");
}

#[actix_web::test]
async fn too_many_sign_ins_are_refused_and_delay_no_other_request() {
    // With this cost, hashing takes long enough for the queue to fill.
    let settings = [
        ("AUTH__SCRYPT_LOG_N", "13"),
        ("AUTH__THROTTLE", "false"),
        ("SERVER__TRUSTED_PROXIES", "127.0.0.1"),
    ];
    let shop = TestShop::open_with(&settings).await;
    let names = ["ana", "bob", "eve", "dan"];
    for name in names {
        shop.customer(name).await;
    }
    let many = 200.max(50 * available_parallelism().unwrap().get());
    let sign_ins = join_all(
        (0..many).zip(names.iter().cycle()).map(|(client, name)| logs_in_from(&shop, client, name)),
    );
    let mut reads = 0;
    let read_the_catalogue = async {
        loop {
            Answer::to(shop.request(Method::GET, "/api/articles")).await.expect(200);
            reads += 1;
        }
    };
    let answers =
        tokio::select! { answers = sign_ins => answers, () = read_the_catalogue => Vec::new() };
    let (signed_in, refused): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 200);
    assert!(
        !signed_in.is_empty() && !refused.is_empty() && reads > 0,
        "{} of {many} sign-ins, {reads} reads",
        signed_in.len()
    );
    for answer in refused {
        let wait = answer.expect_problem(503, "too_busy").headers["retry-after"].clone();
        assert!(wait.to_str().unwrap().parse::<u64>().unwrap() > 0);
    }
    logs_in(&shop, "ana", PASSWORD).await.expect(200);
}

#[actix_web::test]
async fn of_many_sign_ins_from_one_address_a_few_at_once_are_accepted() {
    let shop = TestShop::open_with(&[("AUTH__SCRYPT_LOG_N", "13")]).await;
    shop.customer("ana").await;
    let answers = join_all((0..50).map(|_| logs_in(&shop, "ana", PASSWORD))).await;
    let (signed_in, refused): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 200);
    assert!(!signed_in.is_empty() && !refused.is_empty());
    for answer in refused {
        let wait = answer.expect_problem(429, "too_many_requests").headers["retry-after"].clone();
        assert_eq!(wait, "1");
    }
    logs_in(&shop, "ana", PASSWORD).await.expect(200);
}

#[actix_web::test]
async fn registration_can_be_closed() {
    let shop = TestShop::open_with(&[("AUTH__REGISTRATION", "false")]).await;
    let body = json!({ "username": "ana", "password": PASSWORD });
    let request = shop.request(Method::POST, "/auth/register").json(&body);
    Answer::to(request).await.expect_problem(403, "registration_closed");
}

impl Person {
    /// Signs in with another program.
    async fn log_in_again(shop: &TestShop, name: &str) -> Self {
        Self::log_in(shop, name, PASSWORD).await
    }

    async fn is_signed_in(&self) {
        self.get("/auth/profile").await.expect(200);
    }

    async fn is_signed_out(&self) {
        self.get("/auth/profile").await.expect_problem(401, "invalid_token");
        self.get("/api/cart").await.expect_problem(401, "invalid_token");
    }
}

async fn logs_in(shop: &TestShop, name: &str, password: &str) -> Answer {
    let body = json!({ "username": name, "password": password });
    Answer::to(shop.request(Method::POST, "/auth/login").json(&body)).await
}

/// Signs in as one of many clients, each with an address of its own.
async fn logs_in_from(shop: &TestShop, client: usize, name: &str) -> Answer {
    let body = json!({ "username": name, "password": PASSWORD });
    let address = format!("10.0.{}.{}", client / 256, client % 256);
    let request = shop.request(Method::POST, "/auth/login").header("x-forwarded-for", address);
    Answer::to(request.json(&body)).await
}

async fn refreshes(shop: &TestShop, token: &str) -> Answer {
    let body = json!({ "refresh_token": token });
    Answer::to(shop.request(Method::POST, "/auth/refresh").json(&body)).await
}

/// Exchanges a refresh token for its successor.
async fn successor(shop: &TestShop, token: &str) -> String {
    refreshes(shop, token).await.expect(200).json["refresh_token"].as_str().unwrap().to_owned()
}

async fn changes_password(person: &Person, current: &str, new: &str) -> Answer {
    let body = json!({ "current_password": current, "new_password": new });
    person.send(Method::POST, "/auth/password", body).await
}
