//! Links by which users set a new password: `/api/users/{id}/reset-link`, `/auth/reset` and
//! `/reset/{token}`.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::harness::{TestShop, single_node};
use crate::people::{Admin, Answer, Person, signs_in};

const NEW: &str = "battery staple";

/// Makes a link for a user and returns its token.
async fn makes_a_link(admin: &Admin, user: &Person) -> String {
    let made = admin.0.send(Method::POST, &link_of(user).await, json!({})).await.expect(201);
    let link = made.json["reset"]["link"].as_str().unwrap();
    link.rsplit('/').next().unwrap().to_owned()
}

async fn link_of(user: &Person) -> String {
    let profile = user.get("/auth/profile").await.expect(200).json;
    format!("/api/users/{}/reset-link", profile["id"].as_str().unwrap())
}

async fn resets(shop: &TestShop, token: &str, password: &str) -> Answer {
    let body = json!({ "token": token, "new_password": password });
    Answer::to(shop.request(Method::POST, "/auth/reset").json(&body)).await
}

#[actix_web::test]
async fn a_link_sets_a_password_once_and_signs_out_every_device() {
    let mut shop = TestShop::open().await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    let made = admin.0.send(Method::POST, &link_of(&ana).await, json!({})).await.expect(201).json;
    let link = made["reset"]["link"].as_str().unwrap();
    assert!(link.starts_with(&format!("{}/reset/", shop.url)), "{link}");
    assert!(made["reset"]["expires_at"].is_string());
    let token = link.rsplit('/').next().unwrap();
    // A link survives a restart, and a refused password does not use it up.
    shop.kill();
    shop.start_again();
    let refused = resets(&shop, token, "short").await.expect_problem(422, "password_length");
    assert_eq!(refused.json["errors"][0]["pointer"], "/new_password");
    ana.get("/auth/profile").await.expect(200);
    resets(&shop, token, NEW).await.expect(200);
    // A used one does not work again, even if the process is killed right after the answer.
    shop.kill();
    shop.start_again();
    resets(&shop, token, "another horse").await.expect_problem(422, "invalid_reset_link");
    ana.get("/auth/profile").await.expect_problem(401, "invalid_token");
    let body = json!({ "refresh_token": ana.refresh_token });
    ana.send(Method::POST, "/auth/refresh", body).await.expect_problem(401, "invalid_token");
    Person::log_in(&shop, "ana", NEW).await;
    shop.stop();
    assert_eq!(shop.check_findings(), "");
}

#[actix_web::test]
async fn of_two_uses_of_a_link_at_once_one_succeeds() {
    let shop = TestShop::open().await;
    let (admin, ana) = (shop.admin().await, shop.customer("ana").await);
    let token = makes_a_link(&admin, &ana).await;
    let passwords = ["battery staple one", "battery staple two"];
    let answers = join_all(passwords.map(|password| resets(&shop, &token, password))).await;
    let winners: Vec<_> = (0..2).filter(|number| answers[*number].status.is_success()).collect();
    assert_eq!(winners.len(), 1);
    Person::log_in(&shop, "ana", passwords[winners[0]]).await;
    for answer in answers.into_iter().filter(|answer| !answer.status.is_success()) {
        answer.expect_problem(422, "invalid_reset_link");
    }
}

#[actix_web::test]
async fn a_new_link_or_a_new_password_ends_a_former_link() {
    let shop = TestShop::open().await;
    let (admin, ana) = (shop.admin().await, shop.customer("ana").await);
    let first = makes_a_link(&admin, &ana).await;
    let second = makes_a_link(&admin, &ana).await;
    resets(&shop, &first, NEW).await.expect_problem(422, "invalid_reset_link");
    let change = json!({ "current_password": "correct horse", "new_password": NEW });
    let tokens = ana.send(Method::POST, "/auth/password", change).await.expect(200).json;
    resets(&shop, &second, NEW).await.expect_problem(422, "invalid_reset_link");

    let mut ana = ana;
    ana.takes(&tokens);
    let third = makes_a_link(&admin, &ana).await;
    let path = link_of(&ana).await;
    let user = path.trim_end_matches("/reset-link");
    // Another address ends no link; a password that an administrator sets does.
    admin.0.send(Method::PATCH, user, json!({ "email": "ana@b" })).await.expect(200);
    resets(&shop, &third, "short").await.expect_problem(422, "password_length");
    admin.0.send(Method::PATCH, user, json!({ "password": "other horse" })).await.expect(200);
    resets(&shop, &third, NEW).await.expect_problem(422, "invalid_reset_link");
    admin.0.send(Method::POST, &path, json!({})).await.expect(201);
    admin.0.delete(user).await.expect(200);
    admin.0.send(Method::POST, &path, json!({})).await.expect_problem(404, "user_not_found");
}

#[actix_web::test]
async fn wrong_links_get_one_answer_and_are_throttled() {
    single_node("each node limits for itself");
    let shop = TestShop::open().await;
    let (admin, ana) = (shop.admin().await, shop.customer("ana").await);
    let token = makes_a_link(&admin, &ana).await;
    let other_end = if token.ends_with('A') { 'B' } else { 'A' };
    let wrong = format!("{}{other_end}", &token[..63]);
    let unknown = "A".repeat(64);
    let answers = [&wrong, &unknown, "nothing", ""].map(|token| resets(&shop, token, NEW));
    for answer in join_all(answers).await {
        let problem = answer.expect_problem(422, "invalid_reset_link").json;
        assert_eq!(problem["errors"][0]["pointer"], "/token");
    }
    resets(&shop, &wrong, NEW).await.expect_problem(422, "invalid_reset_link");
    let throttled = resets(&shop, &token, NEW).await.expect_problem(429, "too_many_requests");
    assert!(throttled.headers.contains_key("retry-after"));
    // The guesses of links do not delay a sign-in.
    Person::log_in(&shop, "ana", "correct horse").await;
}

#[actix_web::test]
async fn administrators_make_links_for_others_but_not_for_themselves() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let own = link_of(&admin.0).await;
    let refused = admin.0.send(Method::POST, &own, json!({})).await;
    refused.expect_problem(403, "own_password");
    let boss = json!({ "username": "boss", "password": "correct horse", "role": "admin" });
    admin.0.send(Method::POST, "/api/users", boss).await.expect(201);
    let boss = Person::log_in(&shop, "boss", "correct horse").await;
    let made = boss.send(Method::POST, &own, json!({})).await.expect(201).json;
    let cookie = signs_in(&shop, "boss", "correct horse").await;
    let log = shop.request(Method::GET, "/admin/events?type=user.changed").header("cookie", cookie);
    let log = log.send().await.unwrap().text().await.unwrap();
    assert!(log.contains("par boss"), "{log}");
    let token = made["reset"]["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    resets(&shop, &token, NEW).await.expect(200);
    admin.0.get("/auth/profile").await.expect_problem(401, "invalid_token");
    Person::log_in(&shop, "admin", NEW).await.get("/api/users").await.expect(200);
}
