//! Problems that name the field they are about (RFC 9457).

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::TestShop;
use crate::people::Answer;

/// A request that is refused: method, path, body, status, code, and the field.
type Row = (&'static str, &'static str, &'static str, u16, &'static str, &'static str);

const ROWS: &[Row] = &[
    // Deserialization.
    ("POST", "/api/cart/items", r#"{"quantity":1}"#, 422, "missing_field", "/article_id"),
    (
        "POST",
        "/api/cart/items",
        r#"{"article_id":1,"quantity":"missing field `x`"}"#,
        422,
        "wrong_type",
        "/quantity",
    ),
    (
        "POST",
        "/api/cart/items",
        r#"{"article_id":1,"quantity":0}"#,
        422,
        "quantity_out_of_range",
        "/quantity",
    ),
    ("POST", "/api/cart/items", r#"{"a/b~c":1}"#, 422, "unknown_field", "/a~1b~0c"),
    (
        "POST",
        "/api/cart/items",
        r#"{"article_id":1,"article_id":1,"quantity":1}"#,
        422,
        "out_of_range",
        "/article_id",
    ),
    ("POST", "/api/cart/items", "[1,1]", 422, "wrong_type", ""),
    ("POST", "/api/cart/items", "null", 422, "wrong_type", ""),
    ("PUT", "/api/cart/items/1", r#"{"quantity":-1}"#, 422, "quantity_out_of_range", "/quantity"),
    ("PATCH", "/api/articles/1", r#"{"price_cents":-1}"#, 422, "invalid_article", "/price_cents"),
    ("PATCH", "/api/articles/1", r#"{"price_cents":1e30}"#, 422, "invalid_article", "/price_cents"),
    ("PATCH", "/api/articles/1", r#"{"on_hand":-1}"#, 422, "invalid_article", "/on_hand"),
    (
        "PUT",
        "/api/cart/items/1",
        r#"{"quantity":1,"quantity":2}"#,
        422,
        "out_of_range",
        "/quantity",
    ),
    ("PUT", "/api/bank", r#"{"latency_ms":0,"mode":7}"#, 422, "wrong_type", "/mode"),
    ("PUT", "/api/bank", r#"{"latency_ms":0,"mode":"x"}"#, 422, "out_of_range", "/mode"),
    (
        "PUT",
        "/api/bank",
        r#"{"latency_ms":0,"mode":"approve","decline_percent":101}"#,
        422,
        "out_of_range",
        "/decline_percent",
    ),
    ("PUT", "/api/bank", r#"{"latency_ms":1e999,"mode":"x"}"#, 422, "out_of_range", "/latency_ms"),
    ("POST", "/auth/login", r#"{"username":"ana"}"#, 422, "missing_field", "/password"),
    ("POST", "/auth/refresh", r#"{"refresh_token":7}"#, 422, "wrong_type", "/refresh_token"),
    ("PATCH", "/api/articles/1", r#"{"name":7}"#, 422, "wrong_type", "/name"),
    // Rules.
    (
        "POST",
        "/api/cart/items",
        r#"{"article_id":99,"quantity":1}"#,
        404,
        "article_not_found",
        "/article_id",
    ),
    ("PUT", "/api/cart/items/1", r#"{"quantity":100}"#, 422, "quantity_out_of_range", "/quantity"),
    (
        "POST",
        "/auth/register",
        r#"{"username":" a","password":"correct horse"}"#,
        422,
        "invalid_username",
        "/username",
    ),
    (
        "POST",
        "/auth/register",
        r#"{"username":"bob","password":"short"}"#,
        422,
        "password_length",
        "/password",
    ),
    (
        "POST",
        "/auth/register",
        r#"{"username":"bob","password":"correct horse","email":"x"}"#,
        422,
        "invalid_email",
        "/email",
    ),
    (
        "POST",
        "/api/users",
        r#"{"username":"ADMIN","password":"correct horse"}"#,
        409,
        "username_taken",
        "/username",
    ),
    (
        "POST",
        "/api/users",
        r#"{"username":"bob","password":"password123"}"#,
        422,
        "password_common",
        "/password",
    ),
    (
        "POST",
        "/auth/password",
        r#"{"current_password":"wrong horse","new_password":"correct horse"}"#,
        403,
        "wrong_password",
        "/current_password",
    ),
    (
        "POST",
        "/auth/password",
        r#"{"current_password":"admin","new_password":"short"}"#,
        422,
        "password_length",
        "/new_password",
    ),
    (
        "POST",
        "/api/articles",
        r#"{"name":"","price_cents":1,"on_hand":1}"#,
        422,
        "invalid_article",
        "/name",
    ),
    (
        "POST",
        "/api/articles",
        r#"{"name":"a","price_cents":1,"on_hand":1,"picture":"x"}"#,
        422,
        "invalid_article",
        "/picture",
    ),
    ("PATCH", "/api/articles/1", r#"{"price_cents":0}"#, 422, "invalid_article", "/price_cents"),
    ("PATCH", "/api/articles/1", r#"{"on_hand":1000001}"#, 422, "invalid_article", "/on_hand"),
    (
        "POST",
        "/api/orders",
        r#"{"cart_version":999,"expected_total_cents":1,"name":"A","email":"a@b","address":"Q"}"#,
        409,
        "cart_changed",
        "/cart_version",
    ),
    (
        "POST",
        "/api/orders",
        r#"{"cart_version":1,"expected_total_cents":1,"name":"A","email":"a@b","address":""}"#,
        422,
        "invalid_contact",
        "/address",
    ),
];

/// Requests that are refused, but not because of a field of their body.
const WITHOUT: &[(&str, &str, &str, u16, &str)] = &[
    ("POST", "/api/cart/items", "{", 400, "malformed_json"),
    ("POST", "/api/cart/items", r#"{"article_id":1,"quantity":}"#, 400, "malformed_json"),
    ("POST", "/auth/register", r#"{"username":"\ud800","password":"x"}"#, 400, "malformed_json"),
    ("POST", "/auth/login", r#"{"username":"admin","password":"x"}"#, 401, "invalid_credentials"),
    ("DELETE", "/api/cart/items/99", "", 404, "not_in_cart"),
    ("GET", "/api/articles/99", "", 404, "article_not_found"),
];

/// Queries that are refused, and the parameter.
const QUERIES: &[(&str, &str)] = &[
    ("/api/articles?limit=x", "limit"),
    ("/api/articles?limit=0", "limit"),
    ("/api/articles?limit=101&after=1", "limit"),
    ("/api/articles?limit=1&limit=2", "limit"),
    ("/api/articles?after=-1", "after"),
    ("/api/articles?limit=", "limit"),
    ("/api/users?nothing=1", "nothing"),
    ("/api/users?after=1", "after"),
    ("/api/orders?after=x&limit=1", "after"),
    ("/api/orders?Limit=1", "Limit"),
    ("/api/orders?a%60b%2Fc=1", "a`b/c"),
];

/// Words of serde, which no client should see.
const SERDE: [&str; 7] =
    ["expected", "invalid type", "deserialize", "u32", "struct", "visitor", "EOF"];

#[actix_web::test]
async fn a_problem_names_the_field_that_it_is_about_in_its_own_words() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await.0;
    admin.adds(2, 1).await.expect(200);
    let ask = async |method: &str, path: &str, body: &'static str| {
        let request = admin.request(method.parse::<Method>().unwrap(), path);
        let request =
            request.header("idempotency-key", "k").header("content-type", "application/json");
        Answer::to(request.body(body)).await
    };
    for (method, path, body, status, code, pointer) in ROWS {
        let problem = ask(method, path, body).await.expect_problem(*status, code).json;
        let expected = json!([{ "pointer": pointer, "code": code }]);
        assert_eq!(problem["errors"], expected, "{method} {path} {body}");
        assert_no_words_of_serde(&problem);
    }
    for (method, path, body, status, code) in WITHOUT {
        let problem = ask(method, path, body).await.expect_problem(*status, code).json;
        assert_eq!(problem.get("errors"), None, "{method} {path} {body}");
        assert_no_words_of_serde(&problem);
    }
}

#[actix_web::test]
async fn a_body_that_cannot_be_read_is_refused_in_the_words_of_the_shop() {
    let shop = TestShop::open().await;
    let large = format!("{{\"username\":\"{}\"}}", "a".repeat(70_000));
    for (media_type, body, status, detail) in [
        ("application/json", large.as_str(), 413, "the body has more than 65536 bytes"),
        ("text/plain", "{}", 415, "the body must be application/json"),
        ("application/json", "{", 400, "the body is not valid JSON at line 1, column 1"),
        ("application/json", "", 400, "the body is not valid JSON at line 1, column 0"),
    ] {
        let request = shop.request(Method::POST, "/auth/login").header("content-type", media_type);
        let answer = Answer::to(request.body(body.to_owned())).await;
        assert_eq!(answer.json["detail"], detail);
        assert_eq!(answer.status, status);
    }
}

#[actix_web::test]
async fn a_problem_has_a_detail_only_if_there_is_something_to_add() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await.0;
    for path in ["/api/nowhere", "/api/articles/x", "/api/orders/x"] {
        let problem = admin.get(path).await.expect(404).json;
        assert_eq!(problem.get("detail"), None, "{path}");
    }
    let twice = r#"{"quantity":1,"quantity":2}"#;
    let request = admin.request(Method::PUT, "/api/cart/items/1");
    let request = request.header("content-type", "application/json").body(twice);
    let problem = Answer::to(request).await;
    let problem = problem.expect_problem(422, "out_of_range").json;
    assert_eq!(problem["detail"], "the field `/quantity` occurs twice");
}

#[actix_web::test]
async fn a_form_with_a_number_out_of_range_is_refused_like_the_api_refuses_it() {
    let shop = TestShop::open().await;
    for (quantity, text) in
        [("abc", "1 and 99"), ("", "1 and 99"), ("-1", "1 and 99"), ("100", "1 and 99")]
    {
        let form = shop.request(Method::POST, "/cart/update/1").form(&[("quantity", quantity)]);
        let form = form.header("hx-request", "true").header("accept-language", "en");
        let answer = form.send().await.unwrap();
        assert_eq!(answer.status(), 422, "{quantity}");
        let page = answer.text().await.unwrap();
        assert!(page.contains(text), "{quantity}: {page}");
    }
}

#[actix_web::test]
async fn a_problem_names_the_parameter_that_it_is_about() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await.0;
    for (query, name) in QUERIES {
        let problem = admin.get(query).await.expect_problem(400, "invalid_query").json;
        let expected = json!([{ "parameter": name, "code": "invalid_query" }]);
        assert_eq!(problem["errors"], expected, "{query}");
        assert_no_words_of_serde(&problem);
    }
}

#[actix_web::test]
async fn a_problem_names_the_field_of_a_change_that_the_state_forbids() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let me = admin.0.get("/auth/profile").await.json["id"].as_str().unwrap().to_owned();
    let user = format!("/api/users/{me}");
    let demote = admin.0.send(Method::PATCH, &user, json!({ "role": "customer" })).await;
    assert_names(demote, "last_admin", "/role");
    let delete = admin.0.delete(&user).await.expect_problem(409, "last_admin");
    assert_eq!(delete.json.get("errors"), None);
    admin.sets_bank("decline").await;
    admin.0.adds(1, 2).await.expect(200);
    admin.0.checks_out("k").await.expect_problem(402, "payment_declined");
    let stock = admin.changes_article(1, json!({ "on_hand": 1 })).await;
    assert_names(stock, "below_reserved", "/on_hand");
    let delete = admin.0.delete("/api/articles/1").await.expect_problem(409, "below_reserved");
    assert_eq!(delete.json.get("errors"), None);
    admin.0.adds(2, 99).await.expect(200);
    assert_names(admin.0.adds(2, 1).await, "too_many_pieces", "/quantity");
    let version = admin.0.cart_version().await;
    assert_names(admin.0.orders("l", version, 1).await, "total_changed", "/expected_total_cents");
}

#[track_caller]
fn assert_names(answer: Answer, code: &str, pointer: &str) {
    let problem = answer.expect_problem(409, code).json;
    assert_eq!(problem["errors"], json!([{ "pointer": pointer, "code": code }]));
}

#[track_caller]
fn assert_no_words_of_serde(problem: &Value) {
    let detail = problem["detail"].as_str().unwrap_or_default();
    let found: Vec<_> = SERDE.iter().filter(|word| detail.contains(**word)).collect();
    assert!(found.is_empty(), "{found:?} in {detail}");
}
