//! What pages receive on `/live`: the fragments that events change.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{TestShop, single_node};
use crate::people::{Person, signs_in};
use crate::socket::Socket;

#[actix_web::test]
async fn a_page_receives_the_fragments_that_events_change() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let cookie = signs_in(&shop, "ana", "correct horse").await;
    let headers = [("cookie", cookie.as_str()), ("origin", &shop.url)];
    let live = |shows| format!("/live?topics=cart,session&shows={shows}&since=0");
    let mut page = Socket::connect(&shop, &live("cart"), &headers).await;
    let mut catalogue = Socket::connect(&shop, &live("articles"), &headers).await;
    assert!(page.receives().await.contains("cart-count-0"));
    catalogue.receives().await;
    ana.adds(1, 3).await.expect(200);
    let cart = page.receives().await;
    assert!(cart.contains("hx-target=\"#cart-badge\"") && cart.contains("cart-count-3"), "{cart}");
    assert!(cart.contains("hx-target=\"#cart\"") && cart.contains("cart-item-1"), "{cart}");
    shop.admin().await.changes_article(1, json!({ "price_cents": 12_345 })).await.expect(200);
    let card = catalogue.receives_with("hx-target=\"#article-1\"").await;
    assert!(card.contains("123,45"), "{card}");
    page.receives_with("cart-total-37035").await;
    ana.send(Method::POST, "/auth/logout-all", json!({})).await.expect(200);
    assert_eq!(page.is_closed().await, (1008, "revoked".into()));
}

#[actix_web::test]
async fn a_page_that_connects_receives_the_badge_of_the_cart_and_what_it_shows() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    shop.customer("bob").await;
    ana.adds(1, 1).await.expect(200);
    let order = ana.checks_out("k").await.expect(201).json["order"]["id"].clone();
    let order = format!("order:{}", order.as_str().unwrap());
    let panel = format!("#{}", order.replace(':', "-"));
    for (name, shows, parts) in [
        ("ana", "nothing", &[][..]),
        ("ana", "articles", &["#articles"]),
        ("ana", "cart", &["#cart"]),
        ("ana", "orders", &["#orders"]),
        ("ana", &order, &[panel.as_str()]),
        ("bob", &order, &[]),
        ("ana", "account", &["#sessions"]),
    ] {
        let cookie = signs_in(&shop, name, "correct horse").await;
        let live = format!("/live?topics=cart,session&shows={shows}&since=0");
        let mut page = Socket::connect(&shop, &live, &[("cookie", &cookie)]).await;
        let first = page.receives().await;
        let received: Vec<_> = first.split("<hx-partial hx-target=\"").skip(1).collect();
        let received: Vec<_> = received.iter().filter_map(|part| part.split('"').next()).collect();
        assert_eq!(received, [&["#cart-badge"][..], parts].concat(), "{name}, {shows}");
    }
    let cookie = signs_in(&shop, "ana", "correct horse").await;
    for shows in ["users::", "payments", "system", "events", "events:cart.changed:"] {
        let page = format!("/live?topics=cart&shows={shows}&since=0");
        let mut page = Socket::connect(&shop, &page, &[("cookie", &cookie)]).await;
        assert_eq!(page.is_closed().await, (1008, "unauthorized".into()));
    }
}

#[actix_web::test]
async fn a_page_of_a_list_receives_what_changes_on_it_and_nothing_of_other_pages() {
    let shop = TestShop::open_filled().await;
    let admin = shop.admin().await;
    let ana = Person::log_in(&shop, "ana", "correct horse").await;
    let cookie = signs_in(&shop, "ana", "correct horse").await;
    let open = async |shows: &str| {
        let live = format!("/live?topics=cart&shows={shows}&since=0");
        let mut page = Socket::connect(&shop, &live, &[("cookie", &cookie)]).await;
        page.receives().await;
        page
    };
    let (mut first, mut second) = (open("articles").await, open("articles:24").await);
    for article in [30, 3, 31, 4] {
        admin.changes_article(article, json!({ "price_cents": 777 })).await.expect(200);
    }
    for (page, articles) in [(&mut first, [3, 4]), (&mut second, [30, 31])] {
        for article in articles {
            let card = page.receives().await;
            assert!(card.contains(&format!("hx-target=\"#article-{article}\"")), "{card}");
        }
    }
    let mut orders = open("orders").await;
    ana.adds(2, 1).await.expect(200);
    let order = ana.checks_out("list").await.expect(201).json["order"]["id"].clone();
    orders.receives_with("hx-target=\"#orders\"").await;
    let row = format!("hx-target=\"#orders-{}\"", order.as_str().unwrap());
    let paid = orders.receives_with(&row).await;
    assert!(!paid.contains("hx-target=\"#orders\""), "{paid}");
}

#[actix_web::test]
async fn a_page_after_the_last_article_receives_what_changes_of_those_that_it_shows_instead() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let live = "/live?topics=cart&shows=articles:99&since=0";
    let mut page = Socket::connect(&shop, live, &[("origin", &shop.url)]).await;
    assert!(page.receives().await.contains("id=\"article-1\""));
    admin.changes_article(1, json!({ "price_cents": 777 })).await.expect(200);
    assert!(page.receives().await.contains("hx-target=\"#article-1\""));
}

#[actix_web::test]
async fn a_page_just_rendered_receives_only_later_changes() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let mut program = Socket::open(&shop, &ana.token).await;
    program.subscribes(&["session"]).await;
    let cookie = signs_in(&shop, "ana", "correct horse").await;
    // A page that is rendered before the hub has read the log would receive the sign-in later.
    program.receives_event("session.opened").await;
    let request = shop.request(Method::GET, "/cart").header("cookie", &cookie);
    let page = request.send().await.unwrap().text().await.unwrap();
    let (_, address) = page.split_once("hx-ws:connect=\"").unwrap();
    let (address, _) = address.split_once('"').unwrap();
    let address = address.replace("&amp;", "&");
    let mut socket = Socket::connect(&shop, &address, &[("cookie", &cookie)]).await;
    ana.adds(2, 1).await.expect(200);
    let cart = socket.receives().await;
    assert!(cart.contains("cart-count-1") && !cart.contains("cart-count-0"), "{cart}");
}

#[actix_web::test]
async fn the_page_of_a_guest_receives_the_cart_in_the_language_of_the_guest() {
    let shop = TestShop::open().await;
    let add = |article: u32, cookie: &str| {
        let path = format!("/cart/add/{article}");
        let request = shop.request(Method::POST, &path).header("origin", &shop.url);
        request.header("cookie", cookie).form(&[("a", "b")]).send()
    };
    let first = add(2, "").await.unwrap();
    let cookie = first.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let headers = [("cookie", cookie.as_str()), ("accept-language", "en")];
    let mut socket = Socket::connect(&shop, "/live?topics=cart&shows=cart&since=0", &headers).await;
    assert!(socket.receives().await.contains("€29.90"));
    add(1, &cookie).await.unwrap().error_for_status().unwrap();
    assert!(socket.receives().await.contains("€899.00"));
}

#[actix_web::test]
async fn the_page_of_a_buyer_shows_that_payments_are_interrupted_and_when_they_resume() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    let cookie = signs_in(&shop, "ana", "correct horse").await;
    admin.sets_bank("decline").await;
    ana.adds(1, 1).await.expect(200);
    let declined = ana.checks_out("k").await.expect_problem(402, "payment_declined");
    let order = declined.json["order"]["id"].as_str().unwrap();
    let panel = format!("hx-target=\"#order-{order}\"");
    let mut program = Socket::open(&shop, &ana.token).await;
    program.subscribes(&["orders"]).await;
    let live = format!("/live?topics=cart&shows=order:{order}&since=0");
    let mut page = Socket::connect(&shop, &live, &[("cookie", &cookie)]).await;
    assert!(!page.receives_with(&panel).await.contains("interrompus"));

    let sets = async |what: &str| {
        admin.0.send(Method::POST, &format!("/api/breaker/{what}"), json!({})).await.expect(200);
    };
    sets("isolate").await;
    assert!(page.receives_with(&panel).await.contains("interrompus"));
    let request = shop.request(Method::GET, &format!("/orders/{order}")).header("cookie", &cookie);
    assert!(request.send().await.unwrap().text().await.unwrap().contains("interrompus"));
    sets("reset").await;
    assert!(!page.receives_with(&panel).await.contains("interrompus"));

    program.receives_nothing_more().await;
    admin.sets_bank("refuse").await;
    for key in ["a", "b", "c"] {
        let pay = ana.request(Method::POST, &format!("/api/orders/{order}/pay"));
        pay.header("idempotency-key", key).send().await.unwrap();
    }
    let breaker = admin.0.get("/api/breaker").await.expect(200).json["breaker"].clone();
    let until = &breaker["state"]["until"];
    let shown = page.receives_with("interrompus").await;
    assert!(
        shown.contains(&format!("<time datetime={until} data-form=\"second\">")),
        "{until}: {shown}"
    );
}

#[actix_web::test]
async fn a_change_of_the_breaker_redraws_only_pages_with_an_order_that_waits_for_its_payment() {
    single_node("counts what one node does");
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    let bob = shop.customer("bob").await;
    bob.adds(1, 1).await.expect(200);
    let paid = bob.checks_out("k").await.expect(201);
    admin.sets_bank("decline").await;
    ana.adds(1, 1).await.expect(200);
    let unpaid = ana.checks_out("k").await.expect_problem(402, "payment_declined");
    let mut waiting = order_pages(&shop, "ana", &unpaid.json["order"]["id"]).await;
    let mut others = order_pages(&shop, "bob", &paid.json["order"]["id"]).await;
    for what in ["isolate", "reset", "isolate"] {
        admin.0.send(Method::POST, &format!("/api/breaker/{what}"), json!({})).await.expect(200);
    }
    bob.adds(1, 1).await.expect(200);
    for page in &mut others {
        // The page has received every change of the breaker before.
        page.receives_with("cart-count-1").await;
    }
    for page in &mut waiting {
        page.receives_with("interrompus").await;
    }
    let redraws = admin.reads_metric("microshop_live_redraws_total").await;
    assert_eq!(redraws, Some(waiting.len() as f64));
}

/// Opens sockets for pages of an order, some of which show the current state already.
async fn order_pages(shop: &TestShop, name: &str, order: &Value) -> Vec<Socket> {
    let order = order.as_str().unwrap();
    let cookie = signs_in(shop, name, "correct horse").await;
    let headers = [("cookie", cookie.as_str())];
    let mut pages = Vec::new();
    for since in ["0", "0", &current_event(shop, &cookie).await] {
        let address = format!("/live?topics=cart&shows=order:{order}&since={since}");
        let mut page = Socket::connect(shop, &address, &headers).await;
        if since == "0" {
            page.receives().await;
        }
        pages.push(page);
    }
    pages
}

/// Returns the last event that a page shows which is rendered now.
async fn current_event(shop: &TestShop, cookie: &str) -> String {
    let request = shop.request(Method::GET, "/orders").header("cookie", cookie);
    let page = request.send().await.unwrap().text().await.unwrap();
    let (_, since) = page.split_once("since=").unwrap();
    since.chars().take_while(char::is_ascii_digit).collect()
}

impl Socket {
    /// Returns the next frame that contains a text.
    async fn receives_with(&mut self, text: &str) -> String {
        loop {
            let frame = self.receives().await;
            if frame.contains(text) {
                return frame;
            }
        }
    }
}
