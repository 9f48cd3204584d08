//! Invalid requests: each is refused with its own problem, and none changes anything.

use reqwest::{Body, Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::{TestShop, single_node};
use crate::people::{Admin, Answer};

mod body;

const JSON: &str = "application/json";

#[actix_web::test]
async fn an_unknown_path_or_id_is_not_found() {
    single_node("nginx answers, or changes, this request itself");
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let before = admin.state().await;
    let unknown = "01890000-0000-7000-8000-000000000000";
    let ids = [
        ("GET", "/api/articles/", "99", "article_not_found"),
        ("DELETE", "/api/articles/", "99", "article_not_found"),
        ("DELETE", "/api/cart/items/", "99", "not_in_cart"),
        ("GET", "/api/orders/", unknown, "order_not_found"),
        ("GET", "/api/users/", unknown, "user_not_found"),
        ("DELETE", "/api/users/", unknown, "user_not_found"),
        ("DELETE", "/auth/sessions/", unknown, "session_not_found"),
    ];
    for (method, path, id, code) in ids {
        refused(admin.request(method, &format!("{path}{id}")), 404, code).await;
        for invalid in ["x", "-1", "1.5", "99999999999", "%00", "%FF", "..%2F1", "'%20OR%201=1"] {
            refused(admin.request(method, &format!("{path}{invalid}")), 404, "not_found").await;
        }
    }
    for path in ["/api", "/api/", "/api/cart/", "/api/carts", "/auth/nowhere", "/api/articles/1/2"]
    {
        for method in ["GET", "POST", "DELETE"] {
            let answer = admin.request(method, path).send().await.unwrap();
            assert_eq!(answer.status(), 404, "{method} {path}");
        }
    }
    let set = admin.request("PUT", "/api/cart/items/99").json(&json!({ "quantity": 1 }));
    assert_eq!(Answer::to(set).await.status, 404);
    assert_eq!(admin.state().await, before);
}

#[actix_web::test]
async fn a_wrong_method_gets_the_allowed_methods() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let before = admin.state().await;
    for (method, path, allowed) in [
        ("PUT", "/api/cart/items", "POST"),
        ("POST", "/api/cart/items/1", "PUT, DELETE"),
        ("PATCH", "/api/orders", "GET, HEAD, POST"),
        ("GET", "/auth/login", "POST"),
        ("DELETE", "/auth/register", "POST"),
        ("DELETE", "/api/users", "GET, HEAD, POST"),
        ("DELETE", "/api/articles", "GET, HEAD, POST"),
    ] {
        let answer = refused(admin.request(method, path), 405, "method_not_allowed").await;
        let mut listed: Vec<_> = answer.headers["allow"].to_str().unwrap().split(", ").collect();
        let mut expected: Vec<_> = allowed.split(", ").collect();
        listed.sort_unstable();
        expected.sort_unstable();
        assert_eq!(listed, expected, "{path}");
    }
    assert_eq!(admin.state().await, before);
}

#[actix_web::test]
async fn an_invalid_list_query_is_refused() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    for list in ["/api/articles", "/api/orders", "/api/users"] {
        for query in [
            "limit=0",
            "limit=101",
            "limit=x",
            "limit=-1",
            "limit=1e1",
            "after=x",
            "page=2",
            "limit=1&limit=2",
        ] {
            refused(admin.request("GET", &format!("{list}?{query}")), 400, "invalid_query").await;
        }
        admin.0.get(&format!("{list}?limit=100")).await.expect(200);
    }
}

#[actix_web::test]
async fn an_invalid_entity_tag_never_matches() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let before = admin.state().await;
    let body = json!({ "article_id": 1, "quantity": 1 });
    for tag in ["1", "\"x\"", "\"-1\"", "W/\"1\"", "\"7777\", \"x\"", "", "\"0\""] {
        let request = admin.request("POST", "/api/cart/items").header("if-match", tag).json(&body);
        refused(request, 412, "precondition_failed").await;
    }
    assert_eq!(admin.state().await, before);
    let any = admin.request("POST", "/api/cart/items").header("if-match", "*").json(&body);
    Answer::to(any).await.expect(200);
}

#[actix_web::test]
async fn a_problem_s_message_is_in_the_client_s_language() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    for (languages, message) in [
        ("fr-FR,en;q=0.5", "Cet article n’existe pas."),
        ("en-GB", "This article doesn’t exist."),
        ("de", "Cet article n’existe pas."),
    ] {
        let request = admin.request("GET", "/api/articles/99").header("accept-language", languages);
        let problem = refused(request, 404, "article_not_found").await.json;
        assert_eq!(
            (&problem["message"], &problem["title"], &problem["status"]),
            (&json!(message), &json!("Not Found"), &json!(404))
        );
        assert_eq!(problem["type"], "/docs/errors#article_not_found");
        assert!(problem["detail"].is_string());
    }
}

#[actix_web::test]
async fn every_response_has_its_own_request_id() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let mut ids = Vec::new();
    for path in [
        "/api/articles",
        "/articles",
        "/api/articles/99",
        "/nowhere",
        "/api/nowhere",
        "/health/live",
    ] {
        let answer = admin.0.get(path).await;
        ids.push(answer.headers["x-request-id"].to_str().unwrap().to_owned());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6);
}

impl Admin {
    /// Builds a request that is valid but for what the test changes.
    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.0.request(method.parse::<Method>().unwrap(), path).header("idempotency-key", "k")
    }

    /// Sends a JSON body, which must be refused.
    async fn is_refused(&self, method: &str, path: &str, body: &str, status: u16, code: &str) {
        refused(
            self.request(method, path).header("content-type", JSON).body(body.to_owned()),
            status,
            code,
        )
        .await;
    }

    /// Reads everything that a command could have changed; fills the cart first.
    async fn state(&self) -> Vec<Value> {
        if self.0.cart().await["version"] == 0 {
            self.0.adds(1, 2).await.expect(200);
        }
        let mut state = Vec::new();
        for path in ["/api/cart", "/api/articles", "/api/orders", "/api/users"] {
            state.push(self.0.get(path).await.expect(200).json);
        }
        state
    }
}

/// Sends a request, which must be refused with a problem.
async fn refused(request: RequestBuilder, status: u16, code: &str) -> Answer {
    let request = request.build().unwrap();
    let body = request.body().and_then(Body::as_bytes).map(String::from_utf8_lossy);
    let description = format!("{} {} {body:?}", request.method(), request.url());
    let answer = Answer::to(RequestBuilder::from_parts(Client::new(), request)).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json["code"]),
        (status, &json!(code)),
        "{description:.300}: {}",
        answer.json
    );
    answer.expect_problem(status, code)
}
