//! Conditions: `If-None-Match` and `If-Match`.

use reqwest::Method;
use serde_json::json;

use super::Response;
use crate::harness::TestShop;
use crate::people::{Admin, Answer};

#[actix_web::test]
async fn a_read_is_not_modified_if_any_listed_tag_matches() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    ana.adds(2, 3).await.expect(200);
    for path in [
        "/static/shop.css",
        "/static/pictures/laptop.svg",
        "/static/shop.js",
        "/favicon.ico",
        "/api/cart",
        "/api/articles/1",
    ] {
        let ask = async |method: Method, headers: &[(&str, String)]| {
            let mut request = ana.request(method, path);
            for (name, value) in headers {
                request = request.header(*name, value);
            }
            Response::to(request).await
        };
        let first = ask(Method::GET, &[]).await;
        let etag = first.header("etag").to_owned();
        assert!(etag.starts_with('"') && etag.ends_with('"'), "{path}: {etag}");
        for (known, status) in [
            (etag.clone(), 304),
            (format!("W/{etag}"), 304),
            (format!("\"x\", {etag}"), 304),
            (format!("\"x,y\",W/{etag} , \"z\""), 304),
            ("*".to_owned(), 304),
            ("\"x\"".to_owned(), 200),
            ("W/\"x\", \"y\"".to_owned(), 200),
            (etag.trim_matches('"').to_owned(), 200),
            (String::new(), 200),
        ] {
            for method in [Method::GET, Method::HEAD] {
                let again = ask(method, &[("if-none-match", known.clone())]).await;
                assert_eq!(again.status, status, "{path} {known}");
                assert_eq!(again.header("etag"), etag, "{path} {known}");
                for name in ["cache-control", "vary"] {
                    assert_eq!(again.header(name), first.header(name), "{path} {known}");
                }
                assert!(status == 200 || again.body.is_empty(), "{path} {known}");
                assert!(status == 200 || again.header("content-type").is_empty(), "{path}");
            }
        }
        let both = [("if-none-match", etag.clone()), ("if-match", "\"x\"".to_owned())];
        assert_eq!(ask(Method::GET, &both).await.status, 412, "{path}");
        assert_eq!(ask(Method::GET, &[("if-match", etag)]).await.status, 200, "{path}");
    }
}

#[actix_web::test]
async fn a_cart_and_an_article_change_only_if_a_strong_tag_matches() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let item = json!({ "article_id": 2, "quantity": 1 });
    let quantity = json!({ "quantity": 2 });
    let price = json!({ "price_cents": 5 });
    for (method, path, read, body) in [
        (Method::POST, "/api/cart/items", "/api/cart", &item),
        (Method::PUT, "/api/cart/items/2", "/api/cart", &quantity),
        (Method::DELETE, "/api/cart/items/2", "/api/cart", &json!(null)),
        (Method::DELETE, "/api/cart", "/api/cart", &json!(null)),
        (Method::PATCH, "/api/articles/1", "/api/articles/1", &price),
        (Method::PATCH, "/api/articles/1", "/api/articles/1", &json!({ "on_hand": 30 })),
        (Method::DELETE, "/api/articles/3", "/api/articles/3", &json!(null)),
    ] {
        admin.0.adds(2, 1).await.expect(200);
        let tag = |answer: &Answer| answer.headers["etag"].to_str().unwrap().to_owned();
        let etag = tag(&admin.0.get(read).await.expect(200));
        let ask = async |header: &str, value: &str| {
            let request = admin.0.request(method.clone(), path).header(header, value).json(body);
            Answer::to(request).await
        };
        let weak = format!("W/{etag}");
        let padded = etag.replacen('"', "\"0", 1);
        for refused in ["\"x\"", &weak, "\"7777777\", \"x\"", "x", "", &padded, "\"+1\"", "\"9-\""]
        {
            let answer = ask("if-match", refused).await;
            answer.expect_problem(412, "precondition_failed");
        }
        ask("if-none-match", "*").await.expect_problem(412, "precondition_failed");
        let listed = format!("\"x\", W/\"y\",{etag}");
        ask("if-match", &listed).await.expect(200);
    }
    let any = admin.0.request(Method::PATCH, "/api/articles/1").header("if-match", "*");
    Answer::to(any.json(&price)).await.expect(200);
}

#[actix_web::test]
async fn administrators_do_not_overwrite_each_other_and_orders_do_not_prevent_a_new_price() {
    let shop = TestShop::open().await;
    let [first, second] = [shop.admin().await, shop.admin().await];
    let seen = etag(&first.0.get("/api/articles/1").await.expect(200));
    let price = json!({ "price_cents": 100 });
    let changed = first.changes_if("1", &seen, price.clone()).await.expect(200);
    let refused = second.changes_if("1", &seen, json!({ "name": "Portable" })).await;
    let refused = refused.expect_problem(412, "precondition_failed");
    assert_eq!(refused.json["article"], changed.json["article"]);

    let seen = etag(&changed);
    assert_eq!(seen, etag(&second.0.get("/api/articles/1").await));
    let ana = shop.customer("ana").await;
    ana.adds(1, 2).await.expect(200);
    ana.checks_out("k").await.expect(201);
    let stock = second.changes_if("1", &seen, json!({ "on_hand": 40 })).await;
    let stock = stock.expect_problem(412, "precondition_failed");
    assert_eq!(stock.json["article"]["on_hand"], 8);
    let stale = ana.request(Method::GET, "/api/articles/1").header("if-none-match", &seen);
    let current = Answer::to(stale).await.expect(200);
    assert_eq!(current.json["article"]["available"], 8);
    let renamed = second.changes_if("1", &seen, json!({ "name": "Portable" })).await.expect(200);
    second.changes_if("1", &etag(&renamed), json!({ "on_hand": 40 })).await.expect(200);
    let remove = first.0.request(Method::DELETE, "/api/articles/1").header("if-match", &seen);
    let removed = Answer::to(remove).await;
    removed.expect_problem(412, "precondition_failed");
}

impl Admin {
    async fn changes_if(&self, article: &str, etag: &str, change: serde_json::Value) -> Answer {
        let request = self.0.request(Method::PATCH, &format!("/api/articles/{article}"));
        Answer::to(request.header("if-match", etag).json(&change)).await
    }
}

fn etag(answer: &Answer) -> String {
    answer.headers["etag"].to_str().unwrap().to_owned()
}
