//! Text is what people see: names, passwords and fields that look the same are the same, and none
//! has characters that cannot be seen.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{TestShop, single_node};
use crate::people::{Answer, Person};

mod form;

const PASSWORD: &str = "correct horse";

/// Characters that cannot be seen, each between two letters of a text.
const INVISIBLE: [&str; 17] = [
    "a\u{0}b",
    "a\u{7}b",
    "a\u{7F}b",
    "a\u{85}b",
    "a\u{AD}b",
    "a\u{200B}b",
    "a\u{200D}b",
    "a\u{200E}b",
    "a\u{2028}b",
    "a\u{202E}b",
    "a\u{2060}b",
    "a\u{2066}b",
    "a\u{FEFF}b",
    "a\u{E0041}b",
    "a\u{2D7F}b",
    "a\u{16FE4}b",
    "a\u{1107F}b",
];

/// Texts that look empty.
const EMPTY: [&str; 5] = ["\u{200B}", "\u{3164}", "\u{2800}", "\u{FFA0}", "\u{A0}"];

/// The fields that people read: the method, the path, a body with `TEXT` in the field, and the code
/// of the problem.
const FIELDS: [(&str, &str, &str, &str); 12] = [
    (
        "POST",
        "/auth/register",
        r#"{"username":"TEXT","password":"correct horse"}"#,
        "invalid_username",
    ),
    ("POST", "/api/users", r#"{"username":"TEXT","password":"correct horse"}"#, "invalid_username"),
    (
        "POST",
        "/auth/register",
        r#"{"username":"bob","password":"correct horse","email":"TEXT@b"}"#,
        "invalid_email",
    ),
    (
        "POST",
        "/api/users",
        r#"{"username":"bob","password":"correct horse","email":"a@TEXT"}"#,
        "invalid_email",
    ),
    ("PATCH", "/api/users/OWN", r#"{"email":"TEXT@b"}"#, "invalid_email"),
    ("POST", "/api/articles", r#"{"name":"TEXT","price_cents":1,"on_hand":1}"#, "invalid_article"),
    (
        "POST",
        "/api/articles",
        r#"{"name":"A","description":"TEXT","price_cents":1,"on_hand":1}"#,
        "invalid_article",
    ),
    ("PATCH", "/api/articles/1", r#"{"name":"TEXT"}"#, "invalid_article"),
    ("PATCH", "/api/articles/1", r#"{"description":"TEXT"}"#, "invalid_article"),
    ("POST", "/api/orders", r#"{"name":"TEXT","email":"a@b","address":"Q"}"#, "invalid_contact"),
    ("POST", "/api/orders", r#"{"name":"A","email":"TEXT@b","address":"Q"}"#, "invalid_email"),
    ("POST", "/api/orders", r#"{"name":"A","email":"a@b","address":"TEXT"}"#, "invalid_contact"),
];

#[actix_web::test]
async fn no_field_that_people_read_takes_characters_that_cannot_be_seen() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await.0;
    let id = admin.get("/auth/profile").await.json["id"].as_str().unwrap().to_owned();
    for (method, path, body, code) in FIELDS {
        let body: Value = serde_json::from_str(body).unwrap();
        let body = if path == "/api/orders" { with_cart(body) } else { body };
        for text in INVISIBLE.iter().chain(&EMPTY) {
            if *text == "\u{A0}" && body.to_string().contains("description") {
                continue; // a description may be empty
            }
            let mut body = body.clone();
            for value in body.as_object_mut().unwrap().values_mut() {
                if let Some(field) = value.as_str() {
                    *value = field.replace("TEXT", text).into();
                }
            }
            let request = admin.request(method.parse().unwrap(), &path.replace("OWN", &id));
            let request = request.header("idempotency-key", "k").json(&body);
            let answer = Answer::to(request).await;
            assert_eq!(
                (answer.status.as_u16(), &answer.json["code"]),
                (422, &json!(code)),
                "{body}"
            );
        }
    }
    assert_eq!(admin.get("/api/users").await.json["count"], 1);
}

#[actix_web::test]
async fn text_of_every_language_and_emoji_are_kept() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    for text in [
        "Œuvre d’été",
        "Лампа",
        "مصباح",
        "می\u{200C}خواهم",
        "ランプ",
        "램프",
        "दीप",
        "☀\u{FE0F}",
        "👩\u{200D}🚀",
    ] {
        let number = admin.adds_article(text, 100, 1).await;
        let article = admin.0.get(&format!("/api/articles/{number}")).await.expect(200).json;
        assert_eq!(article["article"]["name"], text);
    }
}

#[actix_web::test]
async fn a_user_signs_in_however_the_name_and_the_password_are_typed() {
    let shop = TestShop::open().await;
    for (name, password, typed_name, typed_password) in [
        ("zoé", "café au lait", "zoe\u{301}", "cafe\u{301} au lait"),
        ("rene\u{301}", "cafe\u{301} noir", "René", "café noir"),
        ("ana", "correct horse", " ana ", "correct\u{A0}horse"),
        ("Ｂｏｂ", "correct\u{3000}horse", "bob", "correct horse"),
        ("Å", "Ångström", "\u{212B}", "A\u{30A}ngstro\u{308}m"),
        ("Ana Maria", "correct horse", "ANA\u{3000}MARIA\u{2003}", "correct horse"),
        ("bob  smith", "correct horse", "Bob Smith", "correct horse"),
        ("ΟΔΥΣΣΕΥΣ", "correct horse", "Οδυσσευς", "correct horse"),
        ("ｶﾞ", "ﬁne quay ①②③④⑤", "ガ", "ﬁne quay ①②③④⑤"),
        ("\u{323B0}\u{2EBF0}", "correct horse", "\u{323B0}\u{2EBF0}", "correct horse"),
    ] {
        Person::register(&shop, name, password).await;
        for name in [name, typed_name] {
            for password in [password, typed_password] {
                signs_in(&shop, name, password).await.expect(200);
            }
        }
        let wrong = format!("{password}x");
        signs_in(&shop, typed_name, &wrong).await.expect_problem(401, "invalid_credentials");
    }
    for other in ["fine ①②③④⑤", "ﬁne 12345"] {
        signs_in(&shop, "ガ", other).await.expect_problem(401, "invalid_credentials");
    }
}

#[actix_web::test]
async fn a_changed_password_is_the_same_however_it_is_typed() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await.0;
    let mut ana = shop.customer("ana").await;
    let id = ana.get("/auth/profile").await.json["id"].as_str().unwrap().to_owned();
    let change =
        |current: &str, new: &str| json!({ "current_password": current, "new_password": new });
    let decomposed = "the\u{301} a\u{300} la menthe";
    let body = change("correct\u{2003}horse", decomposed);
    let tokens = ana.send(Method::POST, "/auth/password", body).await.expect(200).json;
    ana.takes(&tokens);
    signs_in(&shop, "ana", "thé à la menthe").await.expect(200);
    let body = change("thé à la menthe", "ma\u{308}rz\u{A0}1999");
    ana.send(Method::POST, "/auth/password", body).await.expect(200);
    signs_in(&shop, "ana", "märz 1999").await.expect(200);
    let patch = json!({ "password": "a\u{30A}ngstro\u{308}m" });
    admin.send(Method::PATCH, &format!("/api/users/{id}"), patch).await.expect(200);
    signs_in(&shop, "ana", "ångström").await.expect(200);
}

#[actix_web::test]
async fn however_a_name_is_typed_its_failures_are_counted_together() {
    single_node("each node limits for itself");
    let shop = TestShop::open().await;
    Person::register(&shop, "zoé", PASSWORD).await;
    for name in ["zoé", "ZOÉ", " zoé", "zoe\u{301}", "ｚoé"] {
        signs_in(&shop, name, "wrong horse").await.expect_problem(401, "invalid_credentials");
    }
    for name in ["zoé ", "zoe\u{301}\u{A0}"] {
        signs_in(&shop, name, PASSWORD).await.expect_problem(429, "too_many_requests");
    }
}

#[actix_web::test]
async fn a_new_name_must_not_look_like_that_of_another_user() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await.0;
    for name in ["paypal", "Ana Maria", "élan", "Iris", "mark"] {
        shop.customer(name).await;
    }
    for name in [
        "аdmin",
        "АDMIN",
        "admın",
        "adm\u{131}n",
        "ａｄｍｉｎ",
        "paypa1",
        "раураl",
        "paypaI",
        "Ana  Maria",
        "аna maria",
        "e\u{301}lan",
        "lris",
        "rnark",
        "admi\u{307}n",
        "ADM\u{130}N",
        "ad\u{17D2}min",
        "ⲁdmin",
        "Ana   Maria",
        "ma\u{433}k",
    ] {
        let new = json!({ "username": name, "password": PASSWORD });
        for path in ["/auth/register", "/api/users"] {
            let answer = admin.send(Method::POST, path, new.clone()).await;
            if name == "ma\u{433}k" {
                assert_ne!(answer.json["code"], "invalid_username");
            } else {
                answer.expect_problem(409, "username_taken");
            }
        }
    }
    for name in ["anna", "elan", "marc", "admin2"] {
        shop.customer(name).await;
    }
}

#[actix_web::test]
async fn the_name_of_a_deleted_user_and_those_that_look_like_it_are_free_again() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await.0;
    let ana = shop.customer("paypal").await;
    let id = ana.get("/auth/profile").await.json["id"].as_str().unwrap().to_owned();
    admin.delete(&format!("/api/users/{id}")).await.expect(200);
    shop.customer("paypa1").await;
    let new = json!({ "username": "paypal", "password": PASSWORD });
    admin.send(Method::POST, "/api/users", new).await.expect_problem(409, "username_taken");
}

fn with_cart(mut body: Value) -> Value {
    body["cart_version"] = json!(1);
    body["expected_total_cents"] = json!(1);
    body
}

async fn signs_in(shop: &TestShop, name: &str, password: &str) -> Answer {
    let body = json!({ "username": name, "password": password });
    Answer::to(shop.request(Method::POST, "/auth/login").json(&body)).await
}
