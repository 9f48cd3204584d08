//! The forms of pages: counted as the page counts, and encoded in UTF-8.

use reqwest::Method;

use crate::harness::TestShop;
use crate::people::signs_in;

#[actix_web::test]
async fn spaces_around_a_name_do_not_count_in_the_form_to_register_and_to_sign_in() {
    let shop = TestShop::open().await;
    for name in ["ana ", " bob", "\u{3000}eve\u{A0}"] {
        let form = [("username", name), ("email", ""), ("password", "correct horse")];
        let answer = shop.request(Method::POST, "/register").form(&form).send().await.unwrap();
        assert_eq!(answer.status(), 303, "{name:?}");
        for typed in [name, name.trim()] {
            assert!(signs_in(&shop, typed, "correct horse").await.starts_with("session-"));
        }
    }
}

#[actix_web::test]
async fn an_address_is_counted_as_the_page_counts_it() {
    let shop = TestShop::open().await;
    shop.customer("ana").await;
    let cookie = signs_in(&shop, "ana", "correct horse").await;
    let lines = |last: usize, line_break: &str| {
        vec!["x".repeat(99); 5].join(line_break) + &"x".repeat(last)
    };
    for (name, address, is_valid) in [
        ("Ana", lines(1, "\r\n"), true),
        ("Ana", lines(1, "\n"), true),
        ("Ana", lines(1, "\r"), true),
        ("Ana", lines(2, "\r\n"), false),
        ("Ana", "😀".repeat(250), true),
        ("Ana", "😀".repeat(251), false),
        ("Ana", "é".repeat(500), true),
        ("Ana", "é".repeat(501), false),
        (&"𠮷".repeat(50), "Q".into(), true),
        (&"𠮷".repeat(51), "Q".into(), false),
        (&"é".repeat(100), "Q".into(), true),
        (&"é".repeat(101), "Q".into(), false),
        ("\u{200B}", "Q".into(), false),
        ("Ana", "1\tQuay".into(), false),
        ("A\nna", "Q".into(), false),
    ] {
        // Without a cart, a form with a valid contact is refused for that reason only.
        let form = [
            ("cart_version", "1"),
            ("expected_total_cents", "1"),
            ("idempotency_key", "k"),
            ("name", name),
            ("email", "ana@example.org"),
            ("address", &address),
        ];
        let request = shop.request(Method::POST, "/checkout").header("cookie", &cookie);
        let request = request.header("sec-fetch-site", "same-origin").form(&form);
        let status = request.send().await.unwrap().status().as_u16();
        assert_eq!(status, if is_valid { 409 } else { 422 }, "{name:.20} {address:.20}");
    }
}

#[actix_web::test]
async fn every_form_that_is_not_utf8_is_refused() {
    let shop = TestShop::open().await;
    shop.customer("ana").await;
    let forms = [
        ("/login", "username=TEXT&password=correct+horse"),
        ("/login", "username=ana&password=TEXT"),
        ("/register", "username=TEXT&email=&password=correct+horse"),
        ("/register", "username=bob&email=&password=correct+horse&then=TEXT"),
        ("/language", "language=TEXT"),
        ("/cart/add/1", "then=TEXT"),
        ("/cart/update/1", "quantity=1&other=TEXT"),
        ("/account/password", "current=correct+horse&new=TEXT"),
        ("/orders/01890000-0000-7000-8000-000000000000/pay", "idempotency_key=k&other=TEXT"),
        (
            "/checkout",
            "cart_version=1&expected_total_cents=1&idempotency_key=k&name=TEXT&email=a@b&address=Q",
        ),
        ("/admin/users/add", "username=TEXT&email=&password=correct+horse"),
    ];
    for (path, form) in forms {
        // A form that signs in ends the session of its cookie.
        let name =
            if path.starts_with("/admin") { ("admin", "admin") } else { ("ana", "correct horse") };
        let cookie = &signs_in(&shop, name.0, name.1).await;
        for text in [&b"\xE9t\xE9"[..], b"%E9t%E9", b"%FF", b"%C3", b"%ED%A0%80", b"%C0%AF"] {
            let (before, after) = form.split_once("TEXT").unwrap();
            let body = [before.as_bytes(), text, after.as_bytes()].concat();
            assert_eq!(sends(&shop, path, cookie, body, "").await, 400, "{path} {text:?}");
        }
        let body = form.replace("TEXT", "%C3%A9").into_bytes();
        let other = sends(&shop, path, cookie, body.clone(), "; charset=iso-8859-1").await;
        assert_eq!(other, 400, "{path}");
        let utf8 = sends(&shop, path, cookie, body, "; charset=UTF-8").await;
        assert!(utf8 != 400, "{path}");
    }
}

/// Sends a form, and returns the status of the response.
async fn sends(shop: &TestShop, path: &str, cookie: &str, body: Vec<u8>, charset: &str) -> u16 {
    let request = shop.request(Method::POST, path).header("cookie", cookie);
    let kind = format!("application/x-www-form-urlencoded{charset}");
    let request = request.header("sec-fetch-site", "same-origin").header("content-type", kind);
    request.body(body).send().await.unwrap().status().as_u16()
}
