//! Sessions over REST: `/auth/login`, `/auth/register`, `/auth/refresh`, `/auth/verify`, `/auth/logout`,
//! `/auth/logout-all`, `/auth/password`, `/auth/sessions`, `/auth/sessions/{id}`.

use std::collections::BTreeSet;
use std::thread::available_parallelism;

use futures_util::future::join_all;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{TestShop, until};
use crate::people::{Answer, Person, generation, part};
use crate::socket::Socket;

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
    // The session is a moment older than its token, and a moment may be where a second ends.
    let older = issued + 30 * 86_400 - expires.as_second();
    assert!((0..30).contains(&older), "{expires}");
}

#[actix_web::test]
async fn a_wrong_password_and_an_unknown_user_are_answered_alike() {
    let shop = TestShop::open().await;
    shop.customer("ana").await;
    let mut answers = Vec::new();
    for name in ["ana", "nobody"] {
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
async fn every_refresh_token_gives_the_next_one() {
    let shop = TestShop::open().await;
    let mut ana = shop.customer("ana").await;
    for _ in 0..3 {
        let next = refreshes(&shop, &ana.refresh_token).await.expect(200).json;
        assert_eq!((&next["success"], &next["expires_in"]), (&json!(true), &json!(3_600)));
        assert_ne!(next["refresh_token"], ana.refresh_token);
        ana.takes(&next);
        ana.is_signed_in().await;
    }
}

#[actix_web::test]
async fn fifty_parallel_refreshes_of_one_token_give_one_successor() {
    let shop = TestShop::open().await;
    let mut ana = shop.customer("ana").await;
    for newest in 2..5 {
        let answers = join_all((0..50).map(|_| refreshes(&shop, &ana.refresh_token))).await;
        let tokens: Vec<_> = answers.into_iter().map(|answer| answer.expect(200).json).collect();
        let successors: BTreeSet<_> =
            tokens.iter().map(|tokens| tokens["refresh_token"].to_string()).collect();
        assert_eq!(successors.len(), 1, "{successors:?}");
        ana.takes(&tokens[49]);
        assert_eq!(generation(&ana.refresh_token), newest);
        ana.is_signed_in().await;
    }
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
async fn whichever_used_token_comes_back_its_session_dies_and_the_others_hear_of_it() {
    let shop = TestShop::open_with(&[("AUTH__REFRESH_GRACE", "0s")]).await;
    let elsewhere = shop.customer("ana").await;
    let mut listening = Socket::open(&shop, &elsewhere.token).await;
    listening.listens(&["session"]).await;
    for stolen in 0..3 {
        let ana = Person::log_in_again(&shop, "ana").await;
        let mut socket = Socket::open(&shop, &ana.token).await;
        let mut chain = vec![ana.refresh_token.clone()];
        while chain.len() < 5 {
            chain.push(successor(&shop, chain.last().unwrap()).await);
        }
        refreshes(&shop, &chain[stolen]).await.expect_problem(401, "invalid_token");
        for token in chain.iter().rev() {
            refreshes(&shop, token).await.expect_problem(401, "invalid_token");
        }
        ana.is_signed_out().await;
        assert_eq!(socket.is_closed().await, (1008, "revoked".into()));
        let told = listening.hears_of("session.ended").await;
        assert_eq!(
            told["data"],
            json!({ "id": part(&ana.token, 1)["sid"], "reason": "token_reused" })
        );
        elsewhere.is_signed_in().await;
    }
    listening.hears_nothing_more().await;
}

#[actix_web::test]
async fn a_token_just_used_gives_its_successor_until_the_grace_is_over() {
    let shop = TestShop::open_with(&[("AUTH__REFRESH_GRACE", "2s")]).await;
    let ana = shop.customer("ana").await;
    let next = successor(&shop, &ana.refresh_token).await;
    assert_eq!(successor(&shop, &ana.refresh_token).await, next);
    let refused = async || {
        Some(refreshes(&shop, &ana.refresh_token).await).filter(|answer| answer.status != 200)
    };
    until(refused).await.expect_problem(401, "invalid_token");
    refreshes(&shop, &next).await.expect_problem(401, "invalid_token");
    ana.is_signed_out().await;
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
    let other = list["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|session| session["current"] == false)
        .unwrap();
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
    changes_password(&ana, "wrong horse", "battery staple")
        .await
        .expect_problem(403, "wrong_password");
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
async fn more_sign_ins_than_the_shop_can_check_are_told_to_come_back_and_nobody_else_waits() {
    // A hash of this cost takes long enough for the queue to fill.
    let shop = TestShop::open_with(&[("AUTH__SCRYPT_LOG_N", "13")]).await;
    let names = ["ana", "bob", "eve", "dan"];
    for name in names {
        shop.customer(name).await;
    }
    let many = 200.max(12 * available_parallelism().unwrap().get());
    let sign_ins =
        join_all(names.iter().cycle().take(many).map(|name| logs_in(&shop, name, PASSWORD)));
    let mut looks = 0;
    let looks_around = async {
        loop {
            Answer::of(shop.request(Method::GET, "/api/articles").send().await.unwrap())
                .await
                .expect(200);
            looks += 1;
        }
    };
    let answers = tokio::select! { answers = sign_ins => answers, () = looks_around => Vec::new() };
    let (signed_in, refused): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 200);
    assert!(
        !signed_in.is_empty() && !refused.is_empty() && looks > 0,
        "{} of {many}, {looks} looks",
        signed_in.len()
    );
    for answer in refused {
        let wait = answer.expect_problem(503, "too_busy").headers["retry-after"].clone();
        assert!(wait.to_str().unwrap().parse::<u64>().unwrap() > 0);
    }
    logs_in(&shop, "ana", PASSWORD).await.expect(200);
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
