//! Bad requests: each has its own refusal, and none changes anything.

use reqwest::{Body, Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::TestShop;
use crate::people::{Admin, Answer};

/// A bad body, and how it is refused.
type Refused = (&'static str, u16, &'static str);

const JSON: &str = "application/json";

/// What is no object of fields at all, for whoever expects one.
const NO_OBJECT: [Refused; 9] = [
    ("", 400, "malformed_json"),
    ("{", 400, "malformed_json"),
    ("{]", 400, "malformed_json"),
    ("NaN", 400, "malformed_json"),
    ("null", 422, "wrong_type"),
    ("7", 422, "wrong_type"),
    ("[]", 422, "wrong_type"),
    ("[1,1]", 422, "wrong_type"),
    ("\"text\"", 422, "wrong_type"),
];

/// Bad numbers of pieces, wherever pieces are counted.
const QUANTITIES: [Refused; 8] = [
    ("-1", 422, "out_of_range"),
    ("4294967296", 422, "out_of_range"),
    ("1e30", 422, "wrong_type"),
    ("1.5", 422, "wrong_type"),
    ("\"1\"", 422, "wrong_type"),
    ("null", 422, "wrong_type"),
    ("true", 422, "wrong_type"),
    ("[1]", 422, "wrong_type"),
];

/// Every command with a body: how it is sent, a good body, and bad ones.
const COMMANDS: [(&str, &str, &str, &[Refused]); 7] = [
    (
        "POST",
        "/api/cart/items",
        r#"{"article_id":1,"quantity":1}"#,
        &[
            (r#"{"article_id":1}"#, 422, "missing_field"),
            (r#"{"article_id":1,"quantity":0}"#, 422, "out_of_range"),
            (r#"{"article_id":1,"quantity":100}"#, 422, "out_of_range"),
            (r#"{"article_id":99,"quantity":1}"#, 404, "article_not_found"),
            (r#"{"article_id":-1,"quantity":1}"#, 422, "out_of_range"),
            (r#"{"article_id":"1","quantity":1}"#, 422, "wrong_type"),
        ],
    ),
    (
        "PUT",
        "/api/cart/items/1",
        r#"{"quantity":1}"#,
        &[("{}", 422, "missing_field"), (r#"{"quantity":100}"#, 422, "quantity_out_of_range")],
    ),
    (
        "POST",
        "/api/orders",
        ORDER,
        &[
            (r#"{"cart_version":1}"#, 422, "missing_field"),
            (
                r#"{"cart_version":"1","expected_total_cents":1,"name":"A","email":"a@b","address":"Q"}"#,
                422,
                "wrong_type",
            ),
            (
                r#"{"cart_version":1,"expected_total_cents":-1,"name":"A","email":"a@b","address":"Q"}"#,
                422,
                "out_of_range",
            ),
            (
                r#"{"cart_version":1,"expected_total_cents":1.5,"name":"A","email":"a@b","address":"Q"}"#,
                422,
                "wrong_type",
            ),
            (
                r#"{"cart_version":1,"expected_total_cents":1,"name":"A","email":"nowhere","address":"Q"}"#,
                422,
                "invalid_email",
            ),
            (
                r#"{"cart_version":1,"expected_total_cents":1,"name":" ","email":"a@b","address":"Q"}"#,
                422,
                "invalid_contact",
            ),
            (
                r#"{"cart_version":1,"expected_total_cents":1,"name":"A","email":"a@b","address":""}"#,
                422,
                "invalid_contact",
            ),
        ],
    ),
    (
        "POST",
        "/auth/login",
        r#"{"username":"admin","password":"admin"}"#,
        &[
            (r#"{"username":"admin"}"#, 422, "missing_field"),
            (r#"{"username":"admin","password":null}"#, 422, "wrong_type"),
            (r#"{"username":{"$ne":null},"password":"admin"}"#, 422, "wrong_type"),
            (r#"{"username":"","password":""}"#, 401, "invalid_credentials"),
        ],
    ),
    ("POST", "/auth/register", r#"{"username":"bob","password":"correct horse"}"#, USERS),
    ("POST", "/api/users", r#"{"username":"bob","password":"correct horse"}"#, USERS),
    (
        "POST",
        "/api/articles",
        r#"{"name":"Lampe","price_cents":100,"on_hand":1}"#,
        &[
            (r#"{"name":"Lampe","price_cents":100}"#, 422, "missing_field"),
            (r#"{"name":"Lampe","price_cents":-1,"on_hand":1}"#, 422, "out_of_range"),
            (r#"{"name":"Lampe","price_cents":9.99,"on_hand":1}"#, 422, "wrong_type"),
            (r#"{"name":"Lampe","price_cents":"9,99","on_hand":1}"#, 422, "wrong_type"),
            (r#"{"name":"Lampe","price_cents":0,"on_hand":1}"#, 422, "invalid_article"),
            (r#"{"name":"Lampe","price_cents":100000001,"on_hand":1}"#, 422, "invalid_article"),
            (r#"{"name":"Lampe","price_cents":100,"on_hand":1000001}"#, 422, "invalid_article"),
            (r#"{"name":"","price_cents":100,"on_hand":1}"#, 422, "invalid_article"),
            (
                r#"{"name":"Lampe","price_cents":100,"on_hand":1,"picture":"../shop.css"}"#,
                422,
                "invalid_article",
            ),
        ],
    ),
];

const ORDER: &str =
    r#"{"cart_version":1,"expected_total_cents":1,"name":"A","email":"a@b","address":"Q"}"#;

const USERS: &[Refused] = &[
    (r#"{"username":"bob"}"#, 422, "missing_field"),
    (r#"{"username":"bob","password":12345678}"#, 422, "wrong_type"),
    (r#"{"username":"","password":"correct horse"}"#, 422, "invalid_username"),
    (r#"{"username":" bob","password":"correct horse"}"#, 422, "invalid_username"),
    (r#"{"username":"b\u0000b","password":"correct horse"}"#, 422, "invalid_username"),
    (r#"{"username":"bob","password":"correct horse","email":"nowhere"}"#, 422, "invalid_email"),
    (r#"{"username":"bob","password":"short"}"#, 422, "password_length"),
    (r#"{"username":"bob","password":"password123"}"#, 422, "password_common"),
    (r#"{"username":"Admin","password":"correct horse"}"#, 409, "username_taken"),
];

#[actix_web::test]
async fn a_bad_body_is_refused_for_what_is_bad_about_it() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let before = admin.state().await;
    for (method, path, good, bad) in COMMANDS {
        for (body, status, code) in NO_OBJECT.iter().chain(bad) {
            admin.is_refused(method, path, body, *status, code).await;
        }
        let unknown = good.replacen('{', r#"{"isAdmin":true,"#, 1);
        admin.is_refused(method, path, &unknown, 422, "unknown_field").await;
        let twice = good.replacen('{', &format!("{},", good.split([',', '}']).next().unwrap()), 1);
        admin.is_refused(method, path, &twice, 422, "out_of_range").await;
    }
    assert_eq!(admin.state().await, before);
}

#[actix_web::test]
async fn pieces_are_counted_from_1_to_99() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let before = admin.state().await;
    for (quantity, status, code) in QUANTITIES {
        let body = format!(r#"{{"article_id":1,"quantity":{quantity}}}"#);
        admin.is_refused("POST", "/api/cart/items", &body, status, code).await;
        admin
            .is_refused(
                "PUT",
                "/api/cart/items/1",
                &format!(r#"{{"quantity":{quantity}}}"#),
                status,
                code,
            )
            .await;
    }
    assert_eq!(admin.state().await, before);
}

#[actix_web::test]
async fn a_body_must_be_json_and_say_so_and_not_be_too_large() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let before = admin.state().await;
    for (method, path, good, _) in COMMANDS {
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""] {
            let request = admin.request(method, path).header("content-type", kind).body(good);
            refused(request, 415, "unsupported_media_type").await;
        }
        refused(admin.request(method, path).body(good), 415, "unsupported_media_type").await;
        let large = good.replacen('{', &format!("{{{}", " ".repeat(65 * 1024)), 1);
        admin.is_refused(method, path, &large, 413, "body_too_large").await;
    }
    assert_eq!(admin.state().await, before);
}

#[actix_web::test]
async fn what_does_not_exist_is_not_found() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let before = admin.state().await;
    let nobody = "01890000-0000-7000-8000-000000000000";
    let ids = [
        ("GET", "/api/articles/", "99", "article_not_found"),
        ("DELETE", "/api/articles/", "99", "article_not_found"),
        ("DELETE", "/api/cart/items/", "99", "not_in_cart"),
        ("GET", "/api/orders/", nobody, "order_not_found"),
        ("GET", "/api/users/", nobody, "user_not_found"),
        ("DELETE", "/api/users/", nobody, "user_not_found"),
        ("DELETE", "/auth/sessions/", nobody, "session_not_found"),
    ];
    for (method, path, id, code) in ids {
        refused(admin.request(method, &format!("{path}{id}")), 404, code).await;
        for odd in ["x", "-1", "1.5", "99999999999", "%00", "%FF", "..%2F1", "'%20OR%201=1"] {
            refused(admin.request(method, &format!("{path}{odd}")), 404, "not_found").await;
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
    assert_eq!(Answer::of(set.send().await.unwrap()).await.status, 404);
    assert_eq!(admin.state().await, before);
}

#[actix_web::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let before = admin.state().await;
    for (method, path, allowed) in [
        ("PUT", "/api/cart/items", "POST"),
        ("POST", "/api/cart/items/1", "PUT, DELETE"),
        ("PATCH", "/api/orders", "GET, POST"),
        ("GET", "/auth/login", "POST"),
        ("DELETE", "/auth/register", "POST"),
        ("DELETE", "/api/users", "GET, POST"),
        ("DELETE", "/api/articles", "GET, POST"),
    ] {
        let answer = refused(admin.request(method, path), 405, "method_not_allowed").await;
        let mut told: Vec<_> = answer.headers["allow"].to_str().unwrap().split(", ").collect();
        let mut right: Vec<_> = allowed.split(", ").collect();
        told.sort_unstable();
        right.sort_unstable();
        assert_eq!(told, right, "{path}");
    }
    assert_eq!(admin.state().await, before);
}

#[actix_web::test]
async fn a_bad_page_of_a_list_is_refused() {
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
async fn a_version_that_is_none_never_matches() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let before = admin.state().await;
    let body = json!({ "article_id": 1, "quantity": 1 });
    for tag in ["1", "\"x\"", "\"-1\"", "W/\"1\"", "\"1\", \"2\"", "", "\"0\""] {
        let request = admin.request("POST", "/api/cart/items").header("if-match", tag).json(&body);
        refused(request, 412, "precondition_failed").await;
    }
    assert_eq!(admin.state().await, before);
    let any = admin.request("POST", "/api/cart/items").header("if-match", "*").json(&body);
    Answer::of(any.send().await.unwrap()).await.expect(200);
}

#[actix_web::test]
async fn a_refusal_speaks_the_reader_s_language() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    for (languages, message) in [
        ("fr-FR,en;q=0.5", "Cet article n’existe pas."),
        ("en-GB", "This article doesn’t exist."),
        ("de", "Cet article n’existe pas."),
    ] {
        let request = admin.request("GET", "/api/articles/99").header("accept-language", languages);
        let told = refused(request, 404, "article_not_found").await.json;
        assert_eq!(
            (&told["message"], &told["title"], &told["status"]),
            (&json!(message), &json!("Not Found"), &json!(404))
        );
        assert_eq!(told["type"], "about:blank");
        assert!(told["detail"].is_string());
    }
}

#[actix_web::test]
async fn every_answer_has_an_id_of_its_own() {
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
    /// A request that lacks nothing but what the test says.
    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.0.request(method.parse::<Method>().unwrap(), path).header("idempotency-key", "k")
    }

    async fn is_refused(&self, method: &str, path: &str, body: &str, status: u16, code: &str) {
        refused(
            self.request(method, path).header("content-type", JSON).body(body.to_owned()),
            status,
            code,
        )
        .await;
    }

    /// Everything that a command could have changed.
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

async fn refused(request: RequestBuilder, status: u16, code: &str) -> Answer {
    let request = request.build().unwrap();
    let body = request.body().and_then(Body::as_bytes).map(String::from_utf8_lossy);
    let asked = format!("{} {} {body:?}", request.method(), request.url());
    let answer = Answer::of(Client::new().execute(request).await.unwrap()).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json["code"]),
        (status, &json!(code)),
        "{asked:.300}: {}",
        answer.json
    );
    answer.expect_problem(status, code)
}
