//! Visitors without an account: what makes them guests, and how many of them there may be.

use std::net::IpAddr;

use futures_util::future::join_all;
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::harness::{TestShop, client, single_node};
use crate::people::Answer;
use crate::socket::Socket;

mod program;

/// The metric of the carts in memory. It is missing while there was none.
const CARTS: &str = "microshop_carts_in_memory";

/// Builds the request of a page that adds an article to the cart.
fn adding(shop: &TestShop, article: u32) -> RequestBuilder {
    let path = format!("/cart/add/{article}");
    let request = shop.request(Method::POST, &path).header("sec-fetch-site", "same-origin");
    request.form(&[("then", "")])
}

/// Adds an article without a cookie, and returns the status and the headers.
async fn adds(shop: &TestShop, article: u32) -> (u16, HeaderMap) {
    let answer = adding(shop, article).send().await.unwrap();
    (answer.status().as_u16(), answer.headers().clone())
}

/// Counts the stored carts of a shop, which it closes.
async fn stored_carts(mut shop: TestShop) -> usize {
    shop.stop();
    shop.tables().await.carts.all().await.unwrap().len()
}

#[actix_web::test]
async fn only_a_command_that_succeeds_makes_a_guest() {
    single_node("each node limits for itself");
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let request = |method: Method, path: &str| {
        let request = shop.request(method, path).header("sec-fetch-site", "same-origin");
        request.form(&[("quantity", "0"), ("language", "en"), ("back", "/cart"), ("then", "/cart")])
    };
    for path in ["/", "/articles", "/cart", "/login", "/register", "/nowhere", "/checkout"] {
        let answer = request(Method::GET, path).send().await.unwrap();
        assert!(!answer.headers().contains_key("set-cookie"), "{path}");
    }
    for (path, status) in [
        ("/cart/clear", 303),
        ("/cart/remove/1", 404),
        ("/cart/update/1", 404),
        ("/cart/add/99", 404),
        ("/cart/add/x", 404),
        ("/nowhere", 404),
    ] {
        let answer = request(Method::POST, path).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        let cookies: Vec<_> = answer.cookies().map(|cookie| cookie.name().to_owned()).collect();
        assert!(cookies.iter().all(|name| name.starts_with("notice")), "{path}: {cookies:?}");
    }
    let socket = "/live?topics=cart,catalogue&since=0";
    assert!(Socket::connect(&shop, socket, &[]).await.receives().await.contains("cart-count-0"));
    let mut program = Socket::connect(&shop, "/api/live", &[]).await;
    program.sends(json!({ "subscribe": ["cart"] })).await;
    assert_eq!(program.receives_json().await, json!({ "reply": { "topics": ["cart"] } }));
    assert_eq!(program.receives_json().await["data"]["item_count"], 0);

    let (status, headers) = adds(&shop, 1).await;
    assert_eq!((status, &headers["hx-trigger"]), (303, &"microshop:new-guest".parse().unwrap()));
    let cookie = headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let again = adding(&shop, 2).header("cookie", &cookie).send().await.unwrap();
    assert_eq!(again.status(), 303);
    assert!(again.cookies().all(|cookie| cookie.name().starts_with("notice")));
    let cart = request(Method::GET, "/cart").header("cookie", &cookie).send().await.unwrap();
    assert!(cart.text().await.unwrap().contains("cart-count-2"));
    assert_eq!(admin.reads_metric(CARTS).await, Some(1.0));
    assert_eq!(stored_carts(shop).await, 1);
}

#[actix_web::test]
async fn the_guests_of_an_address_change_their_carts_only_so_often() {
    single_node("each node limits for itself");
    let shop = TestShop::open_with(&[("GUESTS__COMMANDS_PER_MINUTE", "3")]).await;
    let ana = shop.customer("ana").await;
    let (_, headers) = adds(&shop, 1).await;
    let cookie = headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let mut statuses = Vec::new();
    for path in ["/cart/update/1", "/cart/remove/1", "/cart/add/2", "/cart/update/1", "/cart/clear"]
    {
        let request = shop.request(Method::POST, path).header("sec-fetch-site", "same-origin");
        let request = request.header("cookie", &cookie).form(&[("quantity", "2"), ("then", "")]);
        let answer = request.send().await.unwrap();
        statuses.push(answer.status().as_u16());
        assert_eq!(answer.headers().contains_key("retry-after"), answer.status() == 429, "{path}");
    }
    assert_eq!(statuses, [303, 303, 429, 429, 429]);
    for _ in 0..5 {
        ana.adds(2, 1).await.expect(200);
    }
}

#[actix_web::test]
async fn the_first_commands_of_a_page_change_one_cart() {
    let shop = TestShop::open().await;
    let secret = "0123456789abcdef".repeat(4);
    let add = async |article, secret: &str| {
        let answer = adding(&shop, article).header("x-guest", secret).send().await.unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
        cookie.split(';').next().unwrap().to_owned()
    };
    let (first, second) = futures_util::future::join(add(1, &secret), add(2, &secret)).await;
    assert_eq!(
        (first.as_str(), second.as_str()),
        (&*format!("{}={secret}", shop.cookie("guest")), &*first)
    );
    let cart = shop.request(Method::GET, "/cart").header("cookie", first).send().await.unwrap();
    assert!(cart.text().await.unwrap().contains("cart-count-2"));
    for weak in ["", "ana", &"z".repeat(64), &"0".repeat(65)] {
        assert_ne!(add(1, weak).await, format!("{}={weak}", shop.cookie("guest")));
    }
}

#[actix_web::test]
async fn no_page_and_no_socket_of_a_visitor_starts_a_cart() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    for path in ["/articles", "/cart", "/nowhere"] {
        shop.request(Method::GET, path).send().await.unwrap();
    }
    let mut page = Socket::connect(&shop, "/live?topics=cart&since=0", &[]).await;
    page.receives().await;
    assert_eq!(admin.reads_metric(CARTS).await, None);
}

#[actix_web::test]
async fn an_address_has_no_more_new_guests_than_the_limit_and_invented_cookies_count() {
    single_node("each node limits for itself");
    let shop = TestShop::open_with(&[("GUESTS__PER_MINUTE", "3")]).await;
    let (_, first) = adds(&shop, 1).await;
    let guest = first["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let invented = |value: &str| format!("{}={value}", shop.cookie("guest"));
    assert_eq!(
        adding(&shop, 1).header("cookie", invented("a")).send().await.unwrap().status(),
        303
    );
    assert_eq!(adds(&shop, 99).await.0, 404, "no guest, and so not counted");
    assert_eq!(adds(&shop, 2).await.0, 303);

    let page = adding(&shop, 1).send().await.unwrap();
    let wait: u64 = page.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!(page.status() == 429 && (1..=60).contains(&wait), "{wait}");
    assert!(!page.headers().contains_key("set-cookie"));
    assert!(page.text().await.unwrap().contains("Trop de nouveaux paniers"));
    let notice = adding(&shop, 1).header("hx-request", "true").header("accept-language", "en");
    let notice = notice.send().await.unwrap();
    assert!(notice.status() == 429 && notice.headers().contains_key("retry-after"));
    assert!(notice.text().await.unwrap().contains("Too many new carts"));
    for number in 0..20 {
        let cookie = invented(&format!("invented-{number}"));
        assert_eq!(adding(&shop, 1).header("cookie", cookie).send().await.unwrap().status(), 429);
    }

    for cookie in [guest.clone(), invented("a")] {
        assert_eq!(adding(&shop, 2).header("cookie", cookie).send().await.unwrap().status(), 303);
    }
    shop.customer("ana").await.adds(1, 1).await.expect(200);
    assert_eq!(stored_carts(shop).await, 4);
}

#[actix_web::test]
async fn guests_of_a_trusted_proxy_are_counted_by_their_own_addresses() {
    single_node("each node limits for itself");
    let settings = [("GUESTS__PER_MINUTE", "1"), ("SERVER__TRUSTED_PROXIES", "127.0.0.1")];
    let shop = TestShop::open_with(&settings).await;
    let add = async |client: &str| {
        let add = adding(&shop, 1).header("x-forwarded-for", client).send().await.unwrap();
        add.status().as_u16()
    };
    for client in ["192.0.2.7", "192.0.2.8", "2001:db8::1", "2001:db8:0:1::1"] {
        assert_eq!(add(client).await, 303, "{client}");
    }
    for client in ["192.0.2.7", "203.0.113.9, 192.0.2.8", "2001:db8::2"] {
        assert_eq!(add(client).await, 429, "{client}");
    }
    assert_eq!([add("2001:db8:0:2::1").await, add("2001:db8:0:3::1").await], [303, 303]);
    assert_eq!(add("2001:db8:0:4::1").await, 429, "a /48 network has four times as many");
}

#[actix_web::test]
async fn many_connections_that_make_guests_disturb_no_other_client() {
    single_node("each node limits for itself");
    let shop = TestShop::open_with(&[("GUESTS__PER_MINUTE", "10")]).await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    let other: IpAddr = "127.0.0.2".parse().unwrap();
    let other = client().local_address(other).build().unwrap();
    let attack = join_all((0..64).map(async |_| {
        let mut made = 0;
        for _ in 0..20 {
            let status = adds(&shop, 2).await.0;
            assert!([303, 429].contains(&status), "{status}");
            made += usize::from(status == 303);
        }
        made
    }));
    let others = async {
        for _ in 0..50 {
            ana.adds(1, 1).await.expect(200);
        }
        let add = other.post(format!("{}/cart/add/1", shop.url)).form(&[("then", "")]);
        add.header("sec-fetch-site", "same-origin").send().await.unwrap().status().as_u16()
    };
    let (made, other) = futures_util::future::join(attack, others).await;
    assert_eq!((made.iter().sum::<usize>(), other), (10, 303));
    assert!(admin.reads_metric(CARTS).await <= Some(12.0));
    assert_eq!(stored_carts(shop).await, 12);
}

#[actix_web::test]
async fn no_more_carts_are_in_memory_than_the_setting_allows() {
    let settings = [("CART__IN_MEMORY", "5"), ("GUESTS__PER_MINUTE", "100")];
    let shop = TestShop::open_with(&settings).await;
    let admin = shop.admin().await;
    for _ in 0..30 {
        assert_eq!(adds(&shop, 2).await.0, 303);
    }
    assert_eq!(admin.reads_metric(CARTS).await, Some(5.0));
    assert_eq!(stored_carts(shop).await, 30);
}

#[actix_web::test]
async fn the_cart_of_a_guest_ends_earlier_than_that_of_a_user() {
    let shop = TestShop::open_with(&[("CART__GUEST_TTL", "1s")]).await;
    let ana = shop.customer("ana").await;
    ana.adds(1, 1).await.expect(200);
    let (_, headers) = adds(&shop, 1).await;
    let cookie = headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    crate::harness::until(async || {
        let cart = shop.request(Method::GET, "/cart").header("cookie", &cookie);
        let text = cart.send().await.unwrap().text().await.unwrap();
        text.contains("cart-count-0").then_some(())
    })
    .await;
    let cart = Answer::to(ana.request(Method::GET, "/api/cart")).await;
    assert_eq!(cart.json["cart"]["item_count"], 1);
}
