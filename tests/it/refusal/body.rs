//! Invalid bodies: each is refused with its own code, and none changes anything.

use super::refused;
use crate::harness::TestShop;

/// An invalid body, and the status and code of its problem.
type Refused = (&'static str, u16, &'static str);

/// Bodies that are not a JSON object.
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

/// Invalid quantities.
const QUANTITIES: [Refused; 9] = [
    ("-1", 422, "quantity_out_of_range"),
    ("4294967296", 422, "quantity_out_of_range"),
    ("1e30", 422, "quantity_out_of_range"),
    ("1000000000000000000000000000000", 422, "quantity_out_of_range"),
    ("1.5", 422, "wrong_type"),
    ("\"1\"", 422, "wrong_type"),
    ("null", 422, "wrong_type"),
    ("true", 422, "wrong_type"),
    ("[1]", 422, "wrong_type"),
];

/// The commands with a body: the method, the path, a valid body, and invalid ones.
const COMMANDS: [(&str, &str, &str, &[Refused]); 7] = [
    (
        "POST",
        "/api/cart/items",
        r#"{"article_id":1,"quantity":1}"#,
        &[
            (r#"{"article_id":1}"#, 422, "missing_field"),
            (r#"{"article_id":1,"quantity":0}"#, 422, "quantity_out_of_range"),
            (r#"{"article_id":1,"quantity":100}"#, 422, "quantity_out_of_range"),
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
    ("POST", "/api/orders", ORDER, ORDERS),
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
    ("POST", "/api/articles", r#"{"name":"Lampe","price_cents":100,"on_hand":1}"#, ARTICLES),
];

const ORDER: &str =
    r#"{"cart_version":1,"expected_total_cents":1,"name":"A","email":"a@b","address":"Q"}"#;

const ORDERS: &[Refused] = &[
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
        r#"{"cart_version":1,"expected_total_cents":1,"name":"A","email":"x","address":"Q"}"#,
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
];

const ARTICLES: &[Refused] = &[
    (r#"{"name":"Lampe","price_cents":100}"#, 422, "missing_field"),
    (r#"{"name":"Lampe","price_cents":-1,"on_hand":1}"#, 422, "invalid_article"),
    (r#"{"name":"Lampe","price_cents":1000000000000000000,"on_hand":1}"#, 422, "invalid_article"),
    (r#"{"name":"Lampe","price_cents":1e30,"on_hand":1}"#, 422, "invalid_article"),
    (r#"{"name":"Lampe","price_cents":1,"on_hand":-1}"#, 422, "invalid_article"),
    (r#"{"name":"Lampe","price_cents":1,"on_hand":4294967296}"#, 422, "invalid_article"),
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
];

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
async fn every_invalid_body_is_refused_with_its_own_code() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let before = admin.state().await;
    for (method, path, valid, invalid) in COMMANDS {
        for (body, status, code) in NO_OBJECT.iter().chain(invalid) {
            admin.is_refused(method, path, body, *status, code).await;
        }
        let unknown = valid.replacen('{', r#"{"isAdmin":true,"#, 1);
        admin.is_refused(method, path, &unknown, 422, "unknown_field").await;
        // The valid body with its first field twice.
        let twice =
            valid.replacen('{', &format!("{},", valid.split([',', '}']).next().unwrap()), 1);
        admin.is_refused(method, path, &twice, 422, "out_of_range").await;
    }
    assert_eq!(admin.state().await, before);
}

#[actix_web::test]
async fn a_quantity_outside_1_to_99_is_refused() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let before = admin.state().await;
    for (quantity, status, code) in QUANTITIES {
        let item = format!(r#"{{"article_id":1,"quantity":{quantity}}}"#);
        admin.is_refused("POST", "/api/cart/items", &item, status, code).await;
        let item = format!(r#"{{"quantity":{quantity}}}"#);
        admin.is_refused("PUT", "/api/cart/items/1", &item, status, code).await;
    }
    assert_eq!(admin.state().await, before);
}

#[actix_web::test]
async fn a_body_of_another_type_or_too_large_is_refused() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let before = admin.state().await;
    for (method, path, valid, _) in COMMANDS {
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""] {
            let request = admin.request(method, path).header("content-type", kind).body(valid);
            refused(request, 415, "unsupported_media_type").await;
        }
        refused(admin.request(method, path).body(valid), 415, "unsupported_media_type").await;
        let large = valid.replacen('{', &format!("{{{}", " ".repeat(65 * 1024)), 1);
        admin.is_refused(method, path, &large, 413, "body_too_large").await;
    }
    assert_eq!(admin.state().await, before);
}
