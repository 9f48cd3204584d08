//! The log contains no secret, at any level.

use reqwest::Method;
use serde_json::json;

use crate::harness::TestShop;
use crate::people::{Person, part, signs_in};
use crate::redis_server::RedisServer;
use crate::socket::Socket;

// These texts are the same in a form, a path and a quoted string: no character is escaped.
const ADMIN: &str = "correct-horse-of-the-administrator";
const FIRST: &str = "correct-horse-of-ana";
const SECOND: &str = "battery-staple-of-ana";
const WRONG: &str = "wrong-horse-of-ana";
const REDIS: &str = "correct-horse-of-redis";
const ADDED: &str = "correct-horse-of-bob";

/// An origin whose pages may use the API.
const APP: &str = "https://app.example";

#[actix_web::test]
async fn the_most_detailed_log_contains_no_secret() {
    logs_no_secret("sled:data/shop").await;
}

#[actix_web::test]
async fn the_log_of_a_shop_on_redis_contains_no_secret() {
    let redis = RedisServer::start();
    redis.ask(&format!("ACL SETUSER shop on >{REDIS} ~* &* +@all"));
    logs_no_secret(&redis.url().replace("://", &format!("://shop:{REDIS}@"))).await;
}

/// Uses a shop that logs everything, and searches the log for its secrets.
async fn logs_no_secret(store: &str) {
    let settings = [
        ("LOG__FILTER", "trace"),
        ("ADMIN__PASSWORD", ADMIN),
        ("STORE__URL", store),
        ("SERVER__CORS_ORIGINS", APP),
    ];
    let mut shop = TestShop::open_logged(&settings).await;
    let mut secrets: Vec<_> =
        [ADMIN, FIRST, SECOND, WRONG, ADDED, REDIS, "$scrypt$"].map(str::to_owned).into();
    let key_file = shop.file("data/secret");
    secrets.extend(key_file.split_whitespace().filter(|word| word.len() >= 32).map(str::to_owned));
    secrets.extend(uses_a_program(&shop).await);
    secrets.extend(uses_sockets(&shop).await);
    secrets.extend(uses_a_browser(&shop).await);
    secrets.extend(manages(&shop).await);
    shop.stop();
    let log = shop.file("log");
    for text in ["TRACE", "path=\"/auth/password\"", "path=\"/api/live\"", "path=\"/account\""] {
        assert!(log.contains(text), "the log is incomplete: it has no {text}");
    }
    for secret in secrets {
        let bytes = format!("{:?}", secret.as_bytes());
        let forms = [secret.as_str(), bytes.trim_matches(['[', ']'])];
        let line = log.lines().find(|line| forms.iter().any(|form| line.contains(form)));
        assert_eq!(line, None, "{secret} is in the log");
    }
}

/// Uses secrets as a program in every valid and invalid way, and returns them.
async fn uses_a_program(shop: &TestShop) -> Vec<String> {
    let ana = Person::register(shop, "ana", FIRST).await;
    let mut secrets = tokens(&ana);
    for (status, body) in [
        (401, json!({ "username": "ana", "password": WRONG })),
        (401, json!({ "username": WRONG, "password": "ana" })),
        (422, json!({ "username": "ana", "password": WRONG, "again": WRONG })),
        (422, json!({ "username": "ana", "password": [WRONG] })),
        (422, json!({ "username": "ana", WRONG: true })),
        (422, json!(WRONG)),
    ] {
        ana.send(Method::POST, "/auth/login", body).await.expect(status);
    }
    let mut ana = Person::log_in(shop, "ana", FIRST).await;
    secrets.extend(tokens(&ana));
    let body = json!({ "refresh_token": ana.refresh_token });
    let fresh = ana.send(Method::POST, "/auth/refresh", body).await.expect(200).json;
    ana.takes(&fresh);
    secrets.extend(tokens(&ana));
    let wrong = json!({ "refresh_token": ana.token });
    ana.send(Method::POST, "/auth/refresh", wrong).await.expect(401);
    ana.get(&format!("/auth/profile?access_token={}", ana.token)).await.expect(200);
    ana.adds(1, 1).await.expect(200);
    ana.checks_out("k").await.expect(201);
    let body = json!({ "current_password": FIRST, "new_password": SECOND });
    let renewed = ana.send(Method::POST, "/auth/password", body).await.expect(200).json;
    ana.takes(&renewed);
    secrets.extend(tokens(&ana));
    let mut socket = Socket::open(shop, &ana.token).await;
    socket.sends(json!({ "token": ana.token })).await;
    assert!(socket.receives_json().await["reply"]["until"].is_string());
    socket.sends_invalid(json!({ "shout": ana.token })).await;
    assert!(socket.receives_json().await["error"]["code"].is_string());
    ana.send(Method::POST, "/auth/logout", json!({})).await.expect(200);
    assert_eq!(socket.is_closed().await.0, 1008);
    ana.get("/auth/profile").await.expect(401);
    secrets
}

/// Sends a token to a socket in every way that does not use a header for credentials, also when it
/// is invalid, and returns the tokens.
async fn uses_sockets(shop: &TestShop) -> Vec<String> {
    let ana = Person::log_in(shop, "ana", SECOND).await;
    let protocols = format!("microshop.v1, bearer.{}", ana.token);
    let as_protocol = ("sec-websocket-protocol", protocols.as_str());
    let from_app = ("origin", APP);
    let mut socket = Socket::connect_with_protocol(shop, &[as_protocol]).await.0;
    socket.subscribes(&["orders"]).await;
    let token = json!({ "token": ana.token, "subscribe": ["orders"] });
    let mut socket = Socket::connect(shop, "/api/live", &[from_app]).await;
    socket.sends(token.clone()).await;
    assert!(socket.receives_json().await["reply"]["until"].is_string());

    ana.send(Method::POST, "/auth/logout", json!({})).await.expect(200);
    assert_eq!(socket.is_closed().await.0, 1008);
    let refused = shop.request(Method::GET, "/api/live").header(as_protocol.0, as_protocol.1);
    assert_eq!(refused.send().await.unwrap().status(), 401);
    let malformed = json!({ "shout": ana.token, "token": [ana.token] });
    for first in [token, malformed, json!(ana.token)] {
        let mut socket = Socket::connect(shop, "/api/live", &[from_app]).await;
        socket.sends_text(first).await;
        assert_eq!(socket.is_closed().await.0, 1008);
    }
    tokens(&ana)
}

/// Signs in and out with a browser, and returns the values of the cookies.
async fn uses_a_browser(shop: &TestShop) -> Vec<String> {
    let add = shop.request(Method::POST, "/cart/add/1").header("origin", &shop.url);
    let guest = add.form(&[("a", "b")]).send().await.unwrap().headers()["set-cookie"].clone();
    let cookies = [
        guest.to_str().unwrap().split(';').next().unwrap().to_owned(),
        signs_in(shop, "ana", SECOND).await,
    ];
    let requests = [
        (Method::GET, "/account", [("then", ""), ("q", "")]),
        (Method::POST, "/login", [("username", "ana"), ("password", WRONG)]),
        (Method::POST, "/account/password", [("current", WRONG), ("new", SECOND)]),
        (Method::POST, "/cart/add/1", [("then", ""), ("quantity", "1")]),
        (Method::POST, "/logout", [("then", ""), ("all", "")]),
    ];
    for (method, path, form) in requests {
        for cookie in &cookies {
            let request = shop
                .request(method.clone(), path)
                .header("cookie", cookie)
                .header("origin", &shop.url);
            assert!(request.form(&form).send().await.unwrap().status().as_u16() < 500);
        }
    }
    cookies.map(|cookie| cookie.split_once('=').unwrap().1.to_owned()).into()
}

/// Adds a user as the administrator, signs in as that user, and returns the tokens of both.
async fn manages(shop: &TestShop) -> Vec<String> {
    let admin = Person::log_in(shop, "admin", ADMIN).await;
    let bob = json!({ "username": "bob", "password": ADDED });
    admin.send(Method::POST, "/api/users", bob).await.expect(201);
    let bob = Person::log_in(shop, "bob", ADDED).await;
    let mut links = Vec::new();
    for _ in 0..2 {
        links.push(makes_a_link(shop, &admin, &bob).await);
    }
    let [by_program, by_page] = [&links[0], &links[1]].map(String::as_str);
    let body = json!({ "token": by_program, "new_password": SECOND });
    let used = shop.request(Method::POST, "/auth/reset").json(&body).send().await.unwrap();
    assert_eq!(used.status(), 422, "the second link has replaced it");
    let page = format!("/reset/{by_page}");
    assert_eq!(shop.request(Method::GET, &page).send().await.unwrap().status(), 200);
    let form = shop.request(Method::POST, &page).form(&[("new", SECOND)]);
    assert_eq!(form.send().await.unwrap().status(), 303);
    [tokens(&admin), tokens(&bob), links].concat()
}

/// Makes a link by which a user sets a new password, and returns its token.
async fn makes_a_link(shop: &TestShop, admin: &Person, user: &Person) -> String {
    let id = part(&user.token, 1)["sub"].as_str().unwrap().to_owned();
    let made = admin.send(Method::POST, &format!("/api/users/{id}/reset-link"), json!({})).await;
    let made = made.expect(201).json;
    let link = made["reset"]["link"].as_str().unwrap();
    link.strip_prefix(&format!("{}/reset/", shop.url)).unwrap().to_owned()
}

fn tokens(person: &Person) -> Vec<String> {
    vec![person.token.clone(), person.refresh_token.clone()]
}
