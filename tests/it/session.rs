//! Sessions over REST: `/auth/login`, `/auth/register`, `/auth/refresh`, `/auth/verify`, `/auth/logout`,
//! `/auth/logout-all`, `/auth/password`, `/auth/sessions`, `/auth/sessions/{id}`.

use std::collections::BTreeSet;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::TestShop;
use crate::people::{Answer, Person};

const PASSWORD: &str = "correct horse";

#[actix_web::test]
async fn signing_in_gives_tokens_that_say_who_one_is() {
    let shop = TestShop::open().await;
    shop.customer("ana").await;
    let answer = logs_in(&shop, "ANA", PASSWORD).await.expect(200);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let tokens = answer.json;
    assert_eq!((&tokens["success"], &tokens["token_type"]), (&json!(true), &json!("Bearer")));
    assert_eq!(tokens["expires_in"], 3_600);
    let expires: Timestamp = tokens["refresh_expires_at"].as_str().unwrap().parse().unwrap();
    let access = tokens["access_token"].as_str().unwrap();
    let (header, claims) = (part(access, 0), part(access, 1));
    assert_eq!((&header["typ"], &header["alg"]), (&json!("at+jwt"), &json!("HS256")));
    assert_eq!((&claims["username"], &claims["role"]), (&json!("ana"), &json!("customer")));
    let issued = claims["iat"].as_i64().unwrap();
    assert_eq!(claims["exp"].as_i64().unwrap() - issued, 3_600);
    assert_eq!((expires.as_second() - issued) / 86_400, 30, "{expires}");
}

#[actix_web::test]
async fn a_wrong_password_and_an_unknown_user_are_answered_alike() {
    let shop = TestShop::open().await;
    shop.customer("ana").await;
    let mut answers = Vec::new();
    for name in ["ana", "nobody"] {
        let mut answer = logs_in(&shop, name, "wrong horse").await.expect_problem(401, "invalid_credentials").json;
        answer["request_id"] = Value::Null;
        answers.push(answer);
    }
    assert_eq!(answers[0], answers[1]);
}

#[actix_web::test]
async fn every_refresh_token_gives_the_next_one() {
    let shop = TestShop::open().await;
    let mut ana = shop.customer("ana").await;
    for _ in 0..3 {
        let next = refreshes(&shop, &ana.refresh_token).await.expect(200).json;
        assert_eq!((&next["success"], &next["expires_in"]), (&json!(true), &json!(3_600)));
        assert_ne!(next["refresh_token"], ana.refresh_token);
        ana.refresh_token = next["refresh_token"].as_str().unwrap().into();
        ana.token = next["access_token"].as_str().unwrap().into();
        ana.is_signed_in().await;
    }
}

#[actix_web::test]
async fn twenty_parallel_refreshes_of_one_token_give_one_successor() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let answers = join_all((0..20).map(|_| refreshes(&shop, &ana.refresh_token))).await;
    let successors: BTreeSet<_> =
        answers.into_iter().map(|answer| answer.expect(200).json["refresh_token"].to_string()).collect();
    assert_eq!(successors.len(), 1, "{successors:?}");
    assert!(!successors.contains(&json!(ana.refresh_token).to_string()));
    ana.is_signed_in().await;
}

#[actix_web::test]
async fn a_reused_refresh_token_ends_its_session_and_no_other() {
    let shop = TestShop::open().await;
    let (ana, elsewhere) = (shop.customer("ana").await, Person::log_in_again(&shop, "ana").await);
    let stolen = &ana.refresh_token;
    let second = successor(&shop, stolen).await;
    let third = successor(&shop, &second).await;
    refreshes(&shop, stolen).await.expect_problem(401, "invalid_token");
    refreshes(&shop, &third).await.expect_problem(401, "invalid_token");
    ana.is_signed_out().await;
    elsewhere.is_signed_in().await;
}

#[actix_web::test]
async fn without_a_grace_even_the_token_before_is_theft() {
    let shop = TestShop::open_with(&[("AUTH__REFRESH_GRACE", "0s")]).await;
    let ana = shop.customer("ana").await;
    successor(&shop, &ana.refresh_token).await;
    refreshes(&shop, &ana.refresh_token).await.expect_problem(401, "invalid_token");
    ana.is_signed_out().await;
}

#[actix_web::test]
async fn signing_out_ends_that_session_at_once() {
    let shop = TestShop::open().await;
    let (ana, elsewhere) = (shop.customer("ana").await, Person::log_in_again(&shop, "ana").await);
    ana.send(Method::POST, "/auth/logout", json!({})).await.expect(200);
    ana.is_signed_out().await;
    refreshes(&shop, &ana.refresh_token).await.expect_problem(401, "invalid_token");
    elsewhere.is_signed_in().await;
}

#[actix_web::test]
async fn signing_out_everywhere_ends_every_session_of_that_user() {
    let shop = TestShop::open().await;
    let (ana, elsewhere) = (shop.customer("ana").await, Person::log_in_again(&shop, "ana").await);
    let bob = shop.customer("bob").await;
    elsewhere.send(Method::POST, "/auth/logout-all", json!({})).await.expect(200);
    ana.is_signed_out().await;
    elsewhere.is_signed_out().await;
    bob.is_signed_in().await;
}

#[actix_web::test]
async fn everybody_sees_their_own_sessions_and_ends_them_one_by_one() {
    let shop = TestShop::open().await;
    let (ana, elsewhere) = (shop.customer("ana").await, Person::log_in_again(&shop, "ana").await);
    let bob = shop.customer("bob").await;
    let list = ana.get("/auth/sessions").await.expect(200).json;
    assert_eq!(list["count"], 2);
    let other = list["sessions"].as_array().unwrap().iter().find(|session| session["current"] == false).unwrap();
    assert_eq!((&other["kind"], &other["address"]), (&json!("api"), &json!("127.0.0.1")));
    let id = other["id"].as_str().unwrap();
    bob.delete(&format!("/auth/sessions/{id}")).await.expect_problem(404, "session_not_found");
    elsewhere.is_signed_in().await;
    ana.delete(&format!("/auth/sessions/{id}")).await.expect(200);
    elsewhere.is_signed_out().await;
    ana.delete(&format!("/auth/sessions/{id}")).await.expect_problem(404, "session_not_found");
    assert_eq!(ana.get("/auth/sessions").await.json["count"], 1);
}

#[actix_web::test]
async fn a_new_password_ends_the_other_sessions() {
    let shop = TestShop::open().await;
    let (ana, elsewhere) = (shop.customer("ana").await, Person::log_in_again(&shop, "ana").await);
    changes_password(&ana, "wrong horse", "battery staple").await.expect_problem(403, "wrong_password");
    changes_password(&ana, PASSWORD, "short").await.expect_problem(422, "password_length");
    elsewhere.is_signed_in().await;
    changes_password(&ana, PASSWORD, "battery staple").await.expect(200);
    elsewhere.is_signed_out().await;
    ana.is_signed_in().await;
    logs_in(&shop, "ana", PASSWORD).await.expect_problem(401, "invalid_credentials");
    logs_in(&shop, "ana", "battery staple").await.expect(200);
}

#[actix_web::test]
async fn a_token_is_verified() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await.0;
    let verified = admin.send(Method::POST, "/auth/verify", json!({})).await.expect(200).json;
    let says = (&verified["valid"], &verified["user"], &verified["role"]);
    assert_eq!(says, (&json!(true), &json!("admin"), &json!("admin")));
}

#[actix_web::test]
async fn a_deleted_user_is_signed_out() {
    let shop = TestShop::open().await;
    let (admin, ana) = (shop.admin().await.0, shop.customer("ana").await);
    let id = ana.get("/auth/profile").await.json["id"].as_str().unwrap().to_owned();
    admin.delete(&format!("/api/users/{id}")).await.expect(200);
    ana.is_signed_out().await;
    refreshes(&shop, &ana.refresh_token).await.expect_problem(401, "invalid_token");
    logs_in(&shop, "ana", PASSWORD).await.expect_problem(401, "invalid_credentials");
}

#[actix_web::test]
async fn only_an_access_token_in_its_header_counts() {
    let shop = TestShop::open().await;
    let mut ana = shop.customer("ana").await;
    let with = |path: String| shop.request(Method::GET, &path).send();
    let missing = Answer::of(with("/auth/profile".into()).await.unwrap()).await.expect_problem(401, "unauthorized");
    assert_eq!(missing.headers["www-authenticate"], "Bearer");
    let in_url = with(format!("/auth/profile?access_token={}", ana.token)).await.unwrap();
    Answer::of(in_url).await.expect_problem(401, "unauthorized");
    refreshes(&shop, &ana.token).await.expect_problem(401, "invalid_token");
    let forged = format!("{}x", ana.token.split_at(ana.token.len() - 4).0);
    for token in [ana.refresh_token.clone(), "garbage".into(), "a.b.c".into(), String::new(), forged] {
        ana.token = token;
        ana.is_signed_out().await;
    }
}

#[actix_web::test]
async fn sessions_and_their_ends_outlive_a_restart() {
    let mut shop = TestShop::open().await;
    let (ana, gone) = (shop.customer("ana").await, Person::log_in_again(&shop, "ana").await);
    let next = successor(&shop, &ana.refresh_token).await;
    gone.send(Method::POST, "/auth/logout", json!({})).await.expect(200);
    for kill in [true, false] {
        if kill {
            shop.kill()
        } else {
            shop.stop()
        }
        shop.start_again();
        ana.is_signed_in().await;
        gone.is_signed_out().await;
    }
    refreshes(&shop, &next).await.expect(200);
    refreshes(&shop, &gone.refresh_token).await.expect_problem(401, "invalid_token");
}

#[actix_web::test]
async fn a_shop_may_be_closed_to_registration() {
    let shop = TestShop::open_with(&[("AUTH__REGISTRATION", "false")]).await;
    let body = json!({ "username": "ana", "password": PASSWORD });
    let answer = shop.request(Method::POST, "/auth/register").json(&body).send().await.unwrap();
    Answer::of(answer).await.expect_problem(403, "registration_closed");
}

impl Person {
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
    Answer::of(shop.request(Method::POST, "/auth/login").json(&body).send().await.unwrap()).await
}

async fn refreshes(shop: &TestShop, token: &str) -> Answer {
    let body = json!({ "refresh_token": token });
    Answer::of(shop.request(Method::POST, "/auth/refresh").json(&body).send().await.unwrap()).await
}

async fn successor(shop: &TestShop, token: &str) -> String {
    refreshes(shop, token).await.expect(200).json["refresh_token"].as_str().unwrap().to_owned()
}

async fn changes_password(person: &Person, current: &str, new: &str) -> Answer {
    let body = json!({ "current_password": current, "new_password": new });
    person.send(Method::POST, "/auth/password", body).await
}

/// A part of a token, as it was signed.
fn part(token: &str, number: usize) -> Value {
    let text = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}
