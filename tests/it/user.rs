//! Users: `/auth/profile`, `/api/users`, `/api/users/{id}`, `/api/users/{id}/logout-all`, and the
//! command line of a closed shop.

use std::io::Write;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

mod export;
mod reset;

use crate::harness::{TestShop, single_node, until};
use crate::people::{Admin, Answer, Person, signs_in};
use crate::socket::Socket;

#[actix_web::test]
async fn every_user_has_a_profile() {
    let shop = TestShop::open().await;
    let body =
        json!({ "username": "Zoë", "password": "correct horse", "email": "zoe@example.org" });
    shop.request(Method::POST, "/auth/register")
        .json(&body)
        .send()
        .await
        .unwrap()
        .error_for_status()
        .unwrap();
    let zoe = Person::log_in(&shop, "ZOË", "correct horse").await;
    let profile = zoe.get("/auth/profile").await.expect(200).json;
    let user = (&profile["user"], &profile["role"], &profile["email"]);
    assert_eq!(user, (&json!("Zoë"), &json!("customer"), &json!("zoe@example.org")));
    assert!(
        profile["id"].is_string()
            && profile["created_at"].is_string()
            && profile["success"] == true
    );
}

#[actix_web::test]
async fn only_administrators_manage_users() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    let one = format!("/api/users/{}", id(&admin.0).await);
    let new = json!({ "username": "bob", "password": "correct horse", "role": "admin" });
    let requests = [
        (Method::GET, "/api/users", json!(null)),
        (Method::POST, "/api/users", new),
        (Method::GET, &one, json!(null)),
        (Method::PATCH, &one, json!({ "password": "battery staple" })),
        (Method::DELETE, &one, json!(null)),
    ];
    for (method, path, body) in requests {
        ana.send(method.clone(), path, body.clone()).await.expect_problem(403, "forbidden");
        let guest = shop.request(method, path).json(&body);
        Answer::to(guest).await.expect_problem(401, "unauthorized");
    }
    assert_eq!(admin.users().await, ["admin", "ana"]);
    shop.admin().await;
}

#[actix_web::test]
async fn an_administrator_adds_changes_and_deletes_users() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let new = json!({ "username": "bob", "password": "correct horse", "email": "bob@example.org" });
    let added = admin.0.send(Method::POST, "/api/users", new.clone()).await.expect(201);
    let user = &added.json["user"];
    assert_eq!((&user["username"], &user["role"]), (&json!("bob"), &json!("customer")));
    assert!(user.get("password").is_none() && user.get("password_hash").is_none());
    let path = format!("/api/users/{}", user["id"].as_str().unwrap());
    assert_eq!(added.headers["location"], path);
    let mut got = admin.0.get(&path).await.expect(200).json["user"].clone();
    for figure in ["orders", "spent_cents", "last_seen_at", "devices"] {
        assert!(got.as_object_mut().unwrap().remove(figure).is_some(), "{figure}");
    }
    assert_eq!(&got, user);

    let bob = Person::log_in(&shop, "bob", "correct horse").await;
    let patch = json!({ "email": "b@example.org" });
    assert_eq!(
        admin.0.send(Method::PATCH, &path, patch).await.expect(200).json["user"]["email"],
        "b@example.org"
    );
    bob.get("/auth/profile").await.expect(200);
    admin.0.send(Method::PATCH, &path, json!({ "role": "admin" })).await.expect(200);
    bob.get("/auth/profile").await.expect_problem(401, "invalid_token");
    Person::log_in(&shop, "bob", "correct horse").await.get("/api/users").await.expect(200);
    let bob = Person::log_in(&shop, "bob", "correct horse").await;
    admin.0.send(Method::PATCH, &path, json!({ "password": "battery staple" })).await.expect(200);
    bob.get("/auth/profile").await.expect_problem(401, "invalid_token");
    Person::log_in(&shop, "bob", "battery staple").await;

    admin.0.delete(&path).await.expect(200);
    admin.0.get(&path).await.expect_problem(404, "user_not_found");
    admin.0.delete(&path).await.expect_problem(404, "user_not_found");
    admin.0.send(Method::PATCH, &path, json!({})).await.expect_problem(404, "user_not_found");
    assert_eq!(admin.users().await, ["admin"]);
    admin.0.send(Method::POST, "/api/users", new).await.expect(201);
}

#[actix_web::test]
async fn users_are_listed_in_pages() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    for name in ["ana", "bob", "eve"] {
        shop.customer(name).await;
    }
    let first = admin.0.get("/api/users?limit=3").await.expect(200).json;
    assert_eq!(
        (first["count"].as_u64(), names(&first)),
        (Some(3), vec!["admin".into(), "ana".into(), "bob".into()])
    );
    let last = first["users"][2]["id"].as_str().unwrap();
    assert_eq!(
        names(&admin.0.get(&format!("/api/users?limit=3&after={last}")).await.json),
        ["eve"]
    );
}

#[actix_web::test]
async fn administrators_find_users_and_see_their_figures() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    admin.sets_bank("approve").await;
    let new = json!({ "username": "Éva Roy", "password": "correct horse", "email": "e@b.example" });
    admin.0.send(Method::POST, "/api/users", new).await.expect(201);
    let eva = Person::log_in(&shop, "Éva Roy", "correct horse").await;
    shop.customer("evan").await;
    eva.adds(2, 2).await.expect(200);
    let order = eva.checks_out("k").await.expect(201).json["order"].clone();

    let found = admin.0.get("/api/users?q=eva").await.expect(200).json;
    assert_eq!(
        (&found["total"], names(&found)),
        (&json!(2), vec!["Éva Roy".into(), "evan".into()])
    );
    let found = admin.0.get("/api/users?q=e@b.ex").await.expect(200).json;
    assert_eq!((&found["total"], &found["next"]), (&json!(1), &json!(null)));
    let user = found["users"][0].clone();
    assert_eq!((&user["orders"], &user["devices"]), (&json!(1), &json!(1)));
    assert_eq!(user["spent_cents"], order["total_cents"]);
    assert!(user["last_seen_at"].is_string());
    let page = admin.0.get("/api/users?q=eva&limit=1").await.expect(200).json;
    let after = page["next"].as_str().unwrap();
    let next = admin.0.get(&format!("/api/users?q=eva&after={after}")).await.expect(200).json;
    assert_eq!((names(&next), &next["total"]), (vec!["evan".to_owned()], &json!(2)));
    let path = format!("/api/users/{}", user["id"].as_str().unwrap());
    assert_eq!(admin.0.get(&path).await.expect(200).json["user"], user);
    let refund = format!("/api/orders/{}/refund", order["id"].as_str().unwrap());
    let refund = admin.0.request(Method::POST, &refund).header("idempotency-key", "r");
    assert!(refund.send().await.unwrap().status().is_success());
    until(async || {
        let user = admin.0.get(&path).await.expect(200).json["user"].clone();
        (user["spent_cents"] == 0 && user["orders"] == 1).then_some(())
    })
    .await;
    admin.0.get("/api/users?sort=name").await.expect_problem(400, "invalid_query");
}

#[actix_web::test]
async fn an_administrator_signs_a_user_out_everywhere() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    let path = format!("/api/users/{}/logout-all", id(&ana).await);
    let cookie = signs_in(&shop, "ana", "correct horse").await;
    let mut program = Socket::open(&shop, &ana.token).await;
    let mut page =
        Socket::connect(&shop, "/live?topics=orders&since=0", &[("cookie", &cookie)]).await;
    let began = Instant::now();
    let user = admin.0.send(Method::POST, &path, json!({})).await.expect(200).json;
    assert_eq!(user["user"]["username"], "ana");
    assert_eq!(program.is_closed().await.0, 1008);
    page.is_closed().await;
    // A bound that holds on a busy machine too.
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    ana.get("/auth/profile").await.expect_problem(401, "invalid_token");
    let body = json!({ "refresh_token": ana.refresh_token });
    ana.send(Method::POST, "/auth/refresh", body).await.expect_problem(401, "invalid_token");
    let account = shop.request(Method::GET, "/account").header("cookie", &cookie);
    assert_eq!(account.send().await.unwrap().headers()["location"], "/login?then=/account");
    Person::log_in(&shop, "ana", "correct horse").await;
    let unknown = "/api/users/01890000-0000-7000-8000-000000000000/logout-all";
    admin.0.send(Method::POST, unknown, json!({})).await.expect_problem(404, "user_not_found");
    let events = admin.0.get("/api/events?type=session.ended").await.expect(200).json;
    assert!(events["events"].as_array().is_some_and(|ended| ended.len() >= 2), "{events}");
}

#[actix_web::test]
async fn the_last_administrator_can_be_neither_deleted_nor_demoted() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let path = format!("/api/users/{}", id(&admin.0).await);
    admin.0.delete(&path).await.expect_problem(409, "last_admin");
    let demotion = json!({ "role": "customer" });
    admin.0.send(Method::PATCH, &path, demotion.clone()).await.expect_problem(409, "last_admin");
    let both = json!({ "role": "customer", "password": "battery staple" });
    admin.0.send(Method::PATCH, &path, both).await.expect_problem(403, "own_password");
    shop.admin().await;
    assert_eq!(admin.0.get("/auth/profile").await.expect(200).json["role"], "admin");
    adds_boss(&admin).await;
    admin.0.send(Method::PATCH, &path, demotion).await.expect(200);
}

#[actix_web::test]
async fn one_of_two_administrators_who_delete_each_other_at_once_remains() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    adds_boss(&admin).await;
    let boss = Person::log_in(&shop, "boss", "correct horse").await;
    let paths =
        [format!("/api/users/{}", id(&boss).await), format!("/api/users/{}", id(&admin.0).await)];
    futures_util::future::join(admin.0.delete(&paths[0]), boss.delete(&paths[1])).await;
    let answers = [admin.0.get("/api/users").await, boss.get("/api/users").await];
    assert_eq!(answers.iter().filter(|answer| answer.status.is_success()).count(), 1);
}

#[actix_web::test]
async fn a_name_that_differs_only_in_case_is_taken() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    shop.customer("Ana").await;
    let twin = json!({ "username": "aNA", "password": "correct horse" });
    admin
        .0
        .send(Method::POST, "/api/users", twin.clone())
        .await
        .expect_problem(409, "username_taken");
    let request = shop.request(Method::POST, "/auth/register").json(&twin);
    Answer::to(request).await.expect_problem(409, "username_taken");
    assert_eq!(admin.users().await, ["admin", "Ana"]);
}

#[actix_web::test]
async fn a_deleted_first_administrator_is_not_created_again() {
    let mut shop = TestShop::open().await;
    let admin = shop.admin().await;
    adds_boss(&admin).await;
    let path = format!("/api/users/{}", id(&admin.0).await);
    Person::log_in(&shop, "boss", "correct horse").await.delete(&path).await.expect(200);
    shop.stop();
    shop.start_again();
    let body = json!({ "username": "admin", "password": "admin" });
    let request = shop.request(Method::POST, "/auth/login").json(&body);
    Answer::to(request).await.expect_problem(401, "invalid_credentials");
    assert_eq!(Admin(Person::log_in(&shop, "boss", "correct horse").await).users().await, ["boss"]);
}

#[actix_web::test]
async fn the_command_line_manages_the_users_of_a_closed_shop() {
    let mut shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    shop.stop();
    let added = run(&shop, &["user", "add", "boss", "--admin"], "correct horse\n");
    assert!(added.status.success(), "{added:?}");
    assert!(run(&shop, &["user", "passwd", "ana"], "battery staple\n").status.success());
    let refused = run(&shop, &["user", "add", "ANA"], "correct horse\n");
    assert!(!refused.status.success() && text(&refused.stderr).contains("taken"), "{refused:?}");
    let list = text(&run(&shop, &["user", "list"], "").stdout);
    let names: Vec<_> = list.lines().map(|line| line.rsplit(' ').next().unwrap()).collect();
    assert_eq!(names, ["admin", "ana", "boss"]);
    let checked = run(&shop, &["check"], "");
    assert!(
        checked.status.success() && text(&checked.stdout).contains("is consistent"),
        "{checked:?}"
    );

    shop.start_again();
    ana.get("/auth/profile").await.expect_problem(401, "invalid_token");
    Person::log_in(&shop, "ana", "battery staple").await;
    Person::log_in(&shop, "boss", "correct horse").await.get("/api/users").await.expect(200);
}

#[actix_web::test]
async fn the_command_line_refuses_to_open_the_store_of_a_running_shop() {
    single_node("opens the embedded store twice");
    let shop = TestShop::open().await;
    for arguments in [&["user", "list"][..], &["check"]] {
        let refused = run(&shop, arguments, "");
        assert!(
            !refused.status.success() && text(&refused.stderr).contains("held by another"),
            "{refused:?}"
        );
    }
    shop.admin().await;
}

impl Admin {
    async fn users(&self) -> Vec<String> {
        names(&self.0.get("/api/users").await.expect(200).json)
    }
}

fn names(list: &Value) -> Vec<String> {
    let users = list["users"].as_array().unwrap().iter();
    users.map(|user| user["username"].as_str().unwrap().to_owned()).collect()
}

async fn id(person: &Person) -> String {
    person.get("/auth/profile").await.expect(200).json["id"].as_str().unwrap().to_owned()
}

async fn adds_boss(admin: &Admin) {
    let boss = json!({ "username": "boss", "password": "correct horse", "role": "admin" });
    admin.0.send(Method::POST, "/api/users", boss).await.expect(201);
}

/// Runs a command of the binary with text on standard input.
fn run(shop: &TestShop, arguments: &[&str], input: &str) -> Output {
    let mut command = shop.command(arguments);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads no input may have exited already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn text(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

#[actix_web::test]
async fn an_administrator_sets_the_passwords_of_others_but_not_their_own_without_the_current_one() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let own = format!("/api/users/{}", id(&admin.0).await);
    let ana = shop.customer("ana").await;
    let password = json!({ "password": "battery staple" });
    let refused = admin.0.send(Method::PATCH, &own, password.clone()).await;
    let refused = refused.expect_problem(403, "own_password").json;
    assert_eq!(refused["errors"][0]["pointer"], "/password");
    assert!(refused["detail"].as_str().unwrap().contains("POST /auth/password"), "{refused}");
    shop.admin().await;
    admin.0.send(Method::PATCH, &own, json!({ "email": "boss@b" })).await.expect(200);
    let path = format!("/api/users/{}", id(&ana).await);
    admin.0.send(Method::PATCH, &path, password).await.expect(200);
    Person::log_in(&shop, "ana", "battery staple").await;
}

#[actix_web::test]
async fn users_change_and_remove_their_own_address_and_read_it_at_once() {
    let mut shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let changes = async |email: Value| {
        ana.send(Method::PATCH, "/auth/profile", json!({ "email": email })).await
    };
    let address = async || ana.get("/auth/profile").await.expect(200).json["email"].clone();
    assert_eq!(address().await, json!(null));
    for email in [json!("ana@example.org"), json!("a@b"), json!(null), json!("ana@example.org")] {
        assert_eq!(changes(email.clone()).await.expect(200).json["email"], email);
        assert_eq!(address().await, email);
    }
    let admin = shop.admin().await;
    let path = format!("/api/users/{}", id(&ana).await);
    let by_admin = json!({ "email": "other@example.org" });
    admin.0.send(Method::PATCH, &path, by_admin).await.expect(200);
    assert_eq!(address().await, "other@example.org");
    changes(json!("no address")).await.expect_problem(422, "invalid_email");
    changes(json!(7)).await.expect_problem(422, "wrong_type");
    let role = json!({ "role": "admin" });
    let refused = ana.send(Method::PATCH, "/auth/profile", role).await;
    refused.expect_problem(422, "unknown_field");
    shop.kill();
    shop.start_again();
    assert_eq!(address().await, "other@example.org");
    admin.0.delete(&path).await.expect(200);
    ana.get("/auth/profile").await.expect_problem(401, "invalid_token");
}
