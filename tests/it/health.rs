//! `/health/live` and `/health/ready`, the reasons why a server does not start, and the shop on
//! Redis.

use std::process::Stdio;

use reqwest::Method;
use serde_json::json;

use crate::harness::{OWN_PASSWORD, TestShop, fails_to_start, single_node, start, stop, until};
use crate::people::{Answer, Person};
use crate::redis_server::RedisServer;
use crate::wire::exchanges;

#[actix_web::test]
async fn a_running_shop_is_live_and_ready() {
    let shop = TestShop::open().await;
    for (path, status) in [("/health/live", "live"), ("/health/ready", "ready")] {
        let answer = Answer::to(shop.request(Method::GET, path)).await.expect(200);
        assert_eq!(answer.json, json!({ "status": status }));
    }
}

#[actix_web::test]
async fn a_second_server_cannot_open_the_store() {
    single_node("opens the embedded store twice");
    let shop = TestShop::open().await;
    let error = fails_to_start(&mut shop.command(&["serve"]));
    assert!(error.contains("held by another process"), "{error}");
    let error =
        fails_to_start(shop.command(&["serve"]).env("MICROSHOP_STORE__URL", "sled:data/second"));
    assert!(error.contains("in use by another process"), "{error}");
    shop.admin().await;
}

#[actix_web::test]
async fn a_server_reports_that_its_address_is_in_use() {
    let shop = TestShop::open().await;
    let address = shop.url.trim_start_matches("http://");
    let mut second = shop.command(&["serve"]);
    let second = second
        .env("MICROSHOP_STORE__URL", "sled:data/second")
        .env("MICROSHOP_AUTH__KEY_FILE", "data/third");
    let error = fails_to_start(second.env("MICROSHOP_SERVER__BIND", address));
    assert!(error.contains(&format!("can't listen on {address}")), "{error}");
}

#[actix_web::test]
async fn the_default_password_is_refused_on_a_public_address() {
    let mut shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    shop.stop();
    for bind in ["0.0.0.0:0", "[::]:0"] {
        let error = fails_to_start(shop.command(&["serve"]).env("MICROSHOP_SERVER__BIND", bind));
        assert!(error.contains("administrator's password is still the default"), "{error}");
        let mut new = shop.command(&["serve"]);
        let new =
            new.env("MICROSHOP_SERVER__BIND", bind).env("MICROSHOP_STORE__URL", "sled:data/second");
        assert!(fails_to_start(new).contains("admin.password"));
    }
    shop.start_again();
    ana.get("/auth/profile").await.expect(200);
}

#[actix_web::test]
async fn the_default_password_is_refused_where_a_proxy_makes_the_shop_public() {
    single_node("starts again as another process");
    let mut shop = TestShop::open().await;
    shop.stop();
    for (key, value, reason) in [
        ("MICROSHOP_SERVER__PUBLIC_ORIGIN", "https://shop.example", "server.public_origin is set"),
        ("MICROSHOP_SERVER__TRUSTED_PROXIES", "127.0.0.1", "server.trusted_proxies is set"),
    ] {
        let error = fails_to_start(shop.serving().env(key, value));
        for part in [reason, "password is still the default", "microshop user passwd admin"] {
            assert!(error.contains(part), "{key}: {part} is not in: {error}");
        }
        // An empty store is not filled, so that the next start can use another password.
        let mut new = shop.serving();
        new.env("MICROSHOP_STORE__URL", "sled:data/new").env(key, value);
        assert!(fails_to_start(&mut new).contains("set admin.password"));
    }
    let mut own = shop.serving();
    own.env("MICROSHOP_SERVER__PUBLIC_ORIGIN", "http://localhost:5000");
    let (mut process, _) = start(&mut own, Stdio::inherit());
    stop(&mut process);
    let mut new = shop.serving();
    new.env("MICROSHOP_STORE__URL", "sled:data/new")
        .env("MICROSHOP_SERVER__TRUSTED_PROXIES", "127.0.0.1")
        .env("MICROSHOP_ADMIN__PASSWORD", "correct horse");
    let (mut process, _) = start(&mut new, Stdio::inherit());
    stop(&mut process);
}

#[actix_web::test]
async fn a_request_that_a_proxy_forwards_cannot_sign_in_with_the_default_password() {
    let shop = TestShop::open_logged(&[("LOG__FILTER", "info"), ("LOG__FORMAT", "json")]).await;
    let credentials = [("username", "Admin"), ("password", "admin")];
    let mut refused = 0;
    for header in ["forwarded", "x-forwarded-for", "x-forwarded-proto", "x-real-ip", "via"] {
        let request = shop.request(Method::POST, "/auth/login").header(header, "for=192.0.2.1");
        let body = json!({ "username": "admin", "password": "admin" });
        let answer = Answer::to(request.json(&body)).await;
        answer.expect_problem(403, "default_password");
        let form = shop.request(Method::POST, "/login").header(header, "for=192.0.2.1");
        let form = form.header("sec-fetch-site", "same-origin").form(&credentials);
        let page = form.send().await.unwrap();
        assert_eq!(page.status(), 403, "{header}");
        let mut cookies = page.headers().get_all("set-cookie").iter();
        assert!(cookies.all(|cookie| !cookie.to_str().unwrap().contains("session")), "{header}");
        assert!(page.text().await.unwrap().contains("Le mot de passe par défaut"), "{header}");
        refused += 2;
    }
    let body = r#"{"username":"admin","password":"admin"}"#;
    let address = shop.url.trim_start_matches("http://");
    let request = format!(
        "POST /auth/login HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let response = exchanges(address, request).await;
    assert!(response.contains("\"code\":\"default_password\""), "{response}");
    refused += 1;
    let log = shop.file("log");
    assert_eq!(log.matches(r#""event":"default_password""#).count(), refused, "{log}");

    let wrong = shop.request(Method::POST, "/auth/login").header("via", "1.1 proxy");
    let wrong = wrong.json(&json!({ "username": "admin", "password": "wrong" }));
    Answer::to(wrong).await.expect_problem(401, "invalid_credentials");
    let admin = shop.admin().await;
    let new = json!({ "current_password": "admin", "new_password": OWN_PASSWORD });
    admin.0.send(Method::POST, "/auth/password", new).await.expect(200);
    let right = shop.request(Method::POST, "/auth/login").header("via", "1.1 proxy");
    let right = right.json(&json!({ "username": "admin", "password": OWN_PASSWORD }));
    Answer::to(right).await.expect(200);
}

#[actix_web::test]
async fn the_first_administrator_has_the_configured_password() {
    let settings = [("ADMIN__PASSWORD", "correct horse"), ("SERVER__BIND", "0.0.0.0:0")];
    let shop = TestShop::open_with(&settings).await;
    Person::log_in(&shop, "admin", "correct horse").await.get("/api/users").await.expect(200);
    let add = shop.request(Method::POST, "/cart/add/1").header("sec-fetch-site", "same-origin");
    let add = add.form(&[("then", "")]).send().await.unwrap();
    let cookie = add.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-") && cookie.contains("; Secure"), "{cookie}");
}

#[actix_web::test]
async fn an_invalid_setting_is_refused_by_name() {
    let mut shop = TestShop::open().await;
    shop.kill();
    for (key, value, name) in [
        ("MICROSHOP_SERVER__BNID", "127.0.0.1:0", "bnid"),
        ("MICROSHOP_SREVER__BIND", "127.0.0.1:0", "srever"),
        ("MICROSHOP_CART__TTL", "soon", "cart.ttl"),
        ("MICROSHOP_STORE__URL", "mysql://localhost", "store"),
        ("MICROSHOP_BANK__URL", "ftp://bank.example.org", "bank.url: it is neither"),
        ("MICROSHOP_BANK__URL", "simulatde", "bank.url: it is neither"),
    ] {
        let error = fails_to_start(shop.command(&["serve"]).env(key, value));
        assert!(error.contains(name), "{key}: {error}");
    }
}

#[actix_web::test]
async fn a_shop_on_redis_sells_and_survives_a_restart() {
    let redis = RedisServer::start();
    let mut shop = TestShop::open_with(&[("STORE__URL", &redis.url())]).await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    admin.sets_bank("approve").await;
    ana.adds(1, 2).await.expect(200);
    let version = ana.cart_version().await;
    let order = ana.checks_out("k").await.expect(201).json["order"].clone();
    assert_eq!(order["status"], "paid");
    ana.adds(2, 3).await.expect(200);
    let signed_out = Person::log_in(&shop, "ana", "correct horse").await;
    signed_out.send(Method::POST, "/auth/logout", json!({})).await.expect(200);
    shop.kill();
    shop.start_again();
    assert_eq!(ana.cart().await["item_count"], 3);
    assert_eq!(ana.get("/api/orders").await.expect(200).json["orders"], json!([order]));
    assert_eq!(ana.get("/api/articles/1").await.json["article"]["available"], 8);
    signed_out.get("/auth/profile").await.expect_problem(401, "invalid_token");
    assert_eq!(ana.orders("k", version, 179_800).await.json["order"]["id"], order["id"]);
    assert!(ana.get("/health/ready").await.status.is_success());
}

#[actix_web::test]
async fn a_shop_without_its_redis_is_live_but_not_ready() {
    let mut redis = RedisServer::start();
    let shop = TestShop::open_with(&[("STORE__URL", &redis.url())]).await;
    let ana = shop.customer("ana").await;
    redis.kill();
    ana.get("/health/live").await.expect(200);
    ana.get("/health/ready").await.expect_problem(503, "unavailable");
    let refused = ana.adds(1, 1).await.expect_problem(503, "unavailable");
    assert!(refused.headers.contains_key("retry-after"));
    redis.start_again();
    until(async || Some(ana.adds(1, 1).await).filter(|answer| answer.status.is_success())).await;
    ana.get("/health/ready").await.expect(200);
}
