//! Live: `/api/live` tells programs what happens, `/live` tells pages.

use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::harness::TestShop;
use crate::people::{Person, signs_in};
use crate::socket::Socket;

#[actix_web::test]
async fn a_program_hears_how_things_are_and_then_what_happens_in_order() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    ana.adds(1, 2).await.expect(200);
    let mut socket = Socket::open(&shop, &ana.token).await;
    socket.say(json!({ "subscribe": ["cart", "catalogue"] })).await;
    assert_eq!(socket.hears_json().await, json!({ "reply": { "topics": ["catalogue", "cart"] } }));
    let (catalogue, cart) = (socket.hears_json().await, socket.hears_json().await);
    assert_eq!(
        (&cart["type"], &cart["snapshot"], &cart["data"]["item_count"]),
        (&json!("cart.changed"), &json!(true), &json!(2))
    );
    assert_eq!(
        (&catalogue["topic"], catalogue["data"]["articles"].as_array().unwrap().len()),
        (&json!("catalogue"), 5)
    );
    let mut last = cart["id"].as_u64().unwrap();
    for pieces in 3..10 {
        ana.adds(1, 1).await.expect(200);
        let told = socket.hears_json().await;
        assert_eq!(
            (&told["topic"], &told["type"], &told["data"]["item_count"]),
            (&json!("cart"), &json!("cart.changed"), &json!(pieces))
        );
        assert!(told["id"].as_u64().unwrap() > last && told["at"].is_string());
        last = told["id"].as_u64().unwrap();
    }
}

#[actix_web::test]
async fn a_buyer_hears_an_order_being_placed_and_paid() {
    let shop = TestShop::open().await;
    let (ana, bob) = (shop.customer("ana").await, shop.customer("bob").await);
    let (mut socket, mut other) =
        (Socket::open(&shop, &ana.token).await, Socket::open(&shop, &bob.token).await);
    socket.listens(&["orders", "cart", "catalogue"]).await;
    other.listens(&["orders", "cart"]).await;
    ana.adds(1, 1).await.expect(200);
    let order = ana.checks_out("k").await.expect(201).json["order"].clone();
    let mut told = Vec::new();
    while told.last() != Some(&("order.changed".to_owned(), json!("paid"))) {
        let frame = socket.hears_json().await;
        assert!(frame["topic"] != "orders" || frame["data"]["id"] == order["id"]);
        told.push((frame["type"].as_str().unwrap().to_owned(), frame["data"]["status"].clone()));
    }
    let types: Vec<_> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        types,
        [
            "cart.changed",
            "cart.changed",
            "article.changed",
            "order.placed",
            "article.changed",
            "order.changed"
        ]
    );
    other.hears_nothing_more().await;
}

#[actix_web::test]
async fn an_administrator_hears_of_users_payments_and_the_breaker() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let mut socket = Socket::open(&shop, &admin.0.token).await;
    socket.say(json!({ "subscribe": ["users", "payments", "breaker"] })).await;
    socket.hears_json().await;
    assert_eq!(
        socket.hears_json().await["data"]["state"],
        json!({ "state": "closed", "failures": 0 })
    );
    let ana = shop.customer("ana").await;
    let told = socket.hears_of("user.added").await;
    assert_eq!((&told["topic"], &told["data"]["username"]), (&json!("users"), &json!("ana")));
    assert!(!told.to_string().contains("password"));
    admin.sets_bank("refuse").await;
    for key in ["a", "b", "c"] {
        ana.adds(1, 1).await.expect(200);
        ana.checks_out(key).await.expect_problem(503, "payment_not_sent");
        assert_eq!(socket.hears_of("order.placed").await["topic"], "payments");
    }
    assert_eq!(socket.hears_of("breaker.changed").await["data"]["state"]["state"], "open");
}

#[actix_web::test]
async fn since_an_event_everything_is_told_once() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    for _ in 0..20 {
        ana.adds(1, 1).await.expect(200);
    }
    let mut first = Socket::open(&shop, &ana.token).await;
    let all = first.replays(&["cart"], 0).await;
    assert_eq!(versions(&all), (1..=20).collect::<Vec<_>>());
    let middle = all[9]["id"].as_u64().unwrap();
    let mut second = Socket::open(&shop, &ana.token).await;
    assert_eq!(second.replays(&["cart"], middle).await, all[10..]);
}

#[actix_web::test]
async fn nothing_is_lost_or_told_twice_when_one_comes_while_it_happens() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let adds = async {
        for _ in 0..60 {
            ana.adds(1, 1).await.expect(200);
        }
    };
    let hears = async {
        let mut heard = Vec::new();
        let mut since = 0;
        while versions(&heard).last() != Some(&60) {
            let mut socket = Socket::open(&shop, &ana.token).await;
            socket.say(json!({ "subscribe": ["cart"], "since": since })).await;
            socket.hears_json().await;
            for _ in 0..7.min(60 - heard.len()) {
                heard.push(socket.hears_json().await);
            }
            since = heard.last().unwrap()["id"].as_u64().unwrap();
        }
        heard
    };
    let (heard, ()) = futures_util::future::join(hears, adds).await;
    assert_eq!(versions(&heard), (1..=60).collect::<Vec<_>>());
}

#[actix_web::test]
async fn whoever_comes_back_after_a_restart_hears_what_was_missed() {
    let mut shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let mut socket = Socket::open(&shop, &ana.token).await;
    socket.listens(&["cart"]).await;
    ana.adds(1, 1).await.expect(200);
    let last = socket.hears_of("cart.changed").await["id"].as_u64().unwrap();
    ana.adds(1, 1).await.expect(200);
    shop.kill();
    shop.start_again();
    ana.adds(1, 1).await.expect(200);
    let mut again = Socket::open(&shop, &ana.token).await;
    assert_eq!(versions(&again.replays(&["cart"], last).await), [2, 3]);
    ana.adds(1, 1).await.expect(200);
    assert_eq!(again.hears_of("cart.changed").await["data"]["version"], 4);
}

#[actix_web::test]
async fn a_log_that_does_not_reach_back_is_told_as_a_reset() {
    let shop = TestShop::open_with(&[("EVENTS__MAX", "10")]).await;
    let ana = shop.customer("ana").await;
    for _ in 0..30 {
        ana.adds(1, 1).await.expect(200);
    }
    for since in [1, 1_000_000] {
        let mut socket = Socket::open(&shop, &ana.token).await;
        socket.say(json!({ "subscribe": ["cart"], "since": since })).await;
        socket.hears_json().await;
        let (reset, cart) = (socket.hears_json().await, socket.hears_json().await);
        assert_eq!((&reset["reset"]["id"], &cart["snapshot"]), (&cart["id"], &json!(true)));
        assert_eq!(cart["data"]["version"], 30);
    }
}

#[actix_web::test]
async fn topics_of_others_are_forbidden() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let (mut customer, mut guest) =
        (Socket::open(&shop, &ana.token).await, Socket::connect(&shop, "/api/live", &[]).await);
    for topic in ["users", "payments", "breaker"] {
        customer.say(json!({ "subscribe": [topic] })).await;
        assert_eq!(customer.hears_json().await["error"]["code"], "forbidden", "{topic}");
    }
    for topic in ["users", "orders", "session"] {
        guest.say(json!({ "subscribe": ["catalogue", topic] })).await;
        assert_eq!(guest.hears_json().await["error"]["code"], "forbidden", "{topic}");
    }
    shop.customer("bob").await;
    customer.hears_nothing_more().await;
}

#[actix_web::test]
async fn guests_hear_of_the_catalogue() {
    let shop = TestShop::open().await;
    let mut guest =
        Socket::connect(&shop, "/api/live", &[("sec-websocket-protocol", "microshop.v1")]).await;
    guest.listens(&["catalogue"]).await;
    shop.admin().await.changes_article(1, json!({ "price_cents": 5 })).await.expect(200);
    let told = guest.hears_of("article.changed").await;
    assert_eq!((&told["data"]["id"], &told["data"]["price_cents"]), (&json!(1), &json!(5)));
}

#[actix_web::test]
async fn a_topic_said_twice_is_listened_to_once() {
    let shop = TestShop::open().await;
    let mut guest = Socket::connect(&shop, "/api/live", &[]).await;
    guest.say(json!({ "subscribe": ["catalogue", "catalogue"] })).await;
    assert_eq!(guest.hears_json().await, json!({ "reply": { "topics": ["catalogue"] } }));
    assert_eq!(guest.hears_json().await["snapshot"], true);
    guest.hears_nothing_more().await;
}

#[actix_web::test]
async fn an_article_taken_off_sale_is_told_as_removed() {
    let shop = TestShop::open().await;
    let mut guest = Socket::connect(&shop, "/api/live", &[]).await;
    guest.listens(&["catalogue"]).await;
    shop.admin().await.changes_article(1, json!({ "active": false })).await.expect(200);
    assert_eq!(guest.hears_of("article.removed").await["data"], json!({ "id": 1 }));
}

#[actix_web::test]
async fn what_concerns_several_topics_is_told_once_where_most_is_told() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let mut socket = Socket::open(&shop, &admin.0.token).await;
    socket.listens(&["catalogue", "stock", "orders", "payments"]).await;
    admin.0.adds(1, 1).await.expect(200);
    admin.0.checks_out("k").await.expect(201);
    let told = socket.hears_of("order.placed").await;
    assert_eq!(told["topic"], "payments");
    let (article, order) = (socket.hears_json().await, socket.hears_json().await);
    assert_eq!((&article["topic"], &article["data"]["reserved"]), (&json!("stock"), &json!(0)));
    assert_eq!(
        (&order["topic"], &order["id"]),
        (&json!("payments"), &json!(article["id"].as_u64().unwrap() + 1))
    );
    socket.say(json!({ "unsubscribe": ["stock", "payments"] })).await;
    assert_eq!(
        socket.hears_json().await,
        json!({ "reply": { "topics": ["catalogue", "orders"] } })
    );
    admin.changes_article(1, json!({ "on_hand": 5 })).await.expect(200);
    let told = socket.hears_of("article.changed").await;
    assert_eq!((&told["topic"], &told["data"]["on_hand"]), (&json!("catalogue"), &json!(null)));
}

#[actix_web::test]
async fn a_page_ends_with_its_browser_s_session() {
    let shop = TestShop::open_with(&[("AUTH__SESSION_IDLE", "2s")]).await;
    shop.customer("ana").await;
    let cookie = signs_in(&shop, "ana", "correct horse").await;
    let mut page =
        Socket::connect(&shop, "/live?topics=orders&since=0", &[("cookie", &cookie)]).await;
    page.hears().await;
    assert_eq!(page.is_closed().await, (1008, "expired".into()));
}

#[actix_web::test]
async fn a_frame_that_means_nothing_is_answered_with_an_error() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let mut socket = Socket::open(&shop, &ana.token).await;
    for frame in [
        json!({ "subscribe": ["nothing"] }),
        json!({ "subscribe": "cart" }),
        json!({ "subscribe": ["cart"], "since": -1 }),
        json!({ "shout": true }),
        json!("hello"),
        json!(null),
        json!([["cart"], null, null, null, null]),
    ] {
        socket.says_wrongly(frame.clone()).await;
        assert!(socket.hears_json().await["error"]["code"].is_string(), "{frame}");
    }
    socket.say(json!({ "ping": 7 })).await;
    assert_eq!(socket.hears_json().await, json!({ "reply": { "pong": 7 } }));
    socket.listens(&["cart"]).await;
    socket.say(json!({ "unsubscribe": ["cart"] })).await;
    assert_eq!(socket.hears_json().await, json!({ "reply": { "topics": [] } }));
    ana.adds(1, 1).await.expect(200);
    socket.hears_nothing_more().await;
}

#[actix_web::test]
async fn a_newer_token_of_the_same_session_lets_a_program_stay() {
    let shop = TestShop::open_with(&[("AUTH__ACCESS_TTL", "3s")]).await;
    let (ana, bob) = (shop.customer("ana").await, shop.customer("bob").await);
    let (mut stays, mut goes) =
        (Socket::open(&shop, &ana.token).await, Socket::open(&shop, &bob.token).await);
    stays.say(json!({ "token": bob.token })).await;
    assert_eq!(stays.hears_json().await["error"]["code"], "invalid_token");
    assert_eq!(goes.is_closed().await, (1008, "expired".into()));
    assert_eq!(stays.is_closed().await, (1008, "expired".into()));
    let body = json!({ "refresh_token": ana.refresh_token });
    let fresh = shop.request(Method::POST, "/auth/refresh").json(&body).send().await.unwrap();
    let token = fresh.json::<Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned();
    let mut again = Socket::open(&shop, &token).await;
    again.say(json!({ "token": token })).await;
    assert!(again.hears_json().await["reply"]["until"].is_string());
}

#[actix_web::test]
async fn other_sites_and_bad_tokens_do_not_get_in() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let bearer = format!("Bearer {}", ana.token);
    for origin in ["https://evil.example", "null", "http://127.0.0.1.evil.example"] {
        assert_eq!(
            refusal(&shop, "/api/live", &[("origin", origin), ("authorization", &bearer)]).await,
            403
        );
        assert_eq!(refusal(&shop, "/live?topics=cart&since=0", &[("origin", origin)]).await, 403);
    }
    assert_eq!(refusal(&shop, "/api/live", &[("authorization", "Bearer x")]).await, 401);
    assert_eq!(refusal(&shop, "/live?topics=nothing&since=0", &[]).await, 400);
    assert_eq!(refusal(&shop, "/live?topics=cart&since=x", &[]).await, 400);
    Socket::connect(&shop, "/api/live", &[("origin", &shop.url), ("authorization", &bearer)]).await;
}

#[actix_web::test]
async fn the_end_of_a_session_ends_its_sockets_and_no_others() {
    let shop = TestShop::open().await;
    let (ana, elsewhere) =
        (shop.customer("ana").await, Person::log_in(&shop, "ana", "correct horse").await);
    let (mut quiet, mut other) =
        (Socket::open(&shop, &ana.token).await, Socket::open(&shop, &elsewhere.token).await);
    let mut listening = Socket::open(&shop, &ana.token).await;
    listening.listens(&["cart", "session"]).await;
    ana.send(Method::POST, "/auth/logout", json!({})).await.expect(200);
    for socket in [&mut quiet, &mut listening] {
        assert_eq!(socket.is_closed().await, (1008, "revoked".into()));
    }
    other.hears_nothing_more().await;
    assert_eq!(
        refusal(&shop, "/api/live", &[("authorization", &format!("Bearer {}", ana.token))]).await,
        401
    );
}

#[actix_web::test]
async fn a_program_is_told_goodbye_when_the_shop_closes() {
    let mut shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let mut socket = Socket::open(&shop, &ana.token).await;
    socket.listens(&["cart"]).await;
    shop.stop();
    let bye = socket.hears_json().await["bye"].clone();
    assert_eq!((&bye["code"], bye["retry_after_ms"].is_u64()), (&json!(1012), true));
    assert_eq!(socket.is_closed().await.0, 1012);
}

#[actix_web::test]
async fn a_page_is_drawn_again_by_what_happens_elsewhere() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let cookie = signs_in(&shop, "ana", "correct horse").await;
    let live = "/live?topics=cart,catalogue,session&since=0";
    let mut page =
        Socket::connect(&shop, live, &[("cookie", &cookie), ("origin", &shop.url)]).await;
    let drawn = page.hears().await;
    for part in ["#cart-badge", "#cart", "#articles", "#sessions"] {
        assert!(drawn.contains(&format!("<hx-partial hx-target=\"{part}\"")), "{part}: {drawn}");
    }
    assert!(drawn.contains("cart-count-0"));
    ana.adds(1, 3).await.expect(200);
    let told = page.hears().await;
    assert!(told.contains("hx-target=\"#cart-badge\"") && told.contains("cart-count-3"), "{told}");
    assert!(told.contains("hx-target=\"#cart\"") && told.contains("cart-item-1"), "{told}");
    shop.admin().await.changes_article(1, json!({ "price_cents": 12_345 })).await.expect(200);
    let card = page.hears_with("hx-target=\"#article-1\"").await;
    assert!(card.contains("123,45"), "{card}");
    page.hears_with("cart-total-37035").await;
    ana.send(Method::POST, "/auth/logout-all", json!({})).await.expect(200);
    assert_eq!(page.is_closed().await, (1008, "revoked".into()));
}

#[actix_web::test]
async fn a_page_just_drawn_is_told_only_what_is_new() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let cookie = signs_in(&shop, "ana", "correct horse").await;
    let page = shop
        .request(Method::GET, "/cart")
        .header("cookie", &cookie)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let address = page
        .split("hx-ws:connect=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .replace("&amp;", "&");
    let mut socket = Socket::connect(&shop, &address, &[("cookie", &cookie)]).await;
    ana.adds(2, 1).await.expect(200);
    let told = socket.hears().await;
    assert!(told.contains("cart-count-1") && !told.contains("cart-count-0"), "{told}");
}

#[actix_web::test]
async fn a_guest_s_page_hears_of_the_guest_s_cart_in_the_guest_s_language() {
    let shop = TestShop::open().await;
    let page = shop.request(Method::GET, "/articles").send().await.unwrap();
    let cookie =
        page.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let headers = [("cookie", cookie.as_str()), ("accept-language", "en")];
    let mut socket = Socket::connect(&shop, "/live?topics=cart&since=0", &headers).await;
    assert!(socket.hears().await.contains("Your cart is empty"));
    let add = shop
        .request(Method::POST, "/cart/add/1")
        .header("cookie", &cookie)
        .header("origin", &shop.url);
    add.form(&[("a", "b")]).send().await.unwrap().error_for_status().unwrap();
    assert!(socket.hears().await.contains("€899.00"));
}

#[actix_web::test]
async fn a_buyer_s_page_shows_that_payments_are_interrupted_and_when_they_go_on() {
    let shop = TestShop::open().await;
    let (admin, ana) = (shop.admin().await, shop.customer("ana").await);
    let cookie = signs_in(&shop, "ana", "correct horse").await;
    admin.sets_bank("decline").await;
    ana.adds(1, 1).await.expect(200);
    let order =
        ana.checks_out("k").await.expect_problem(402, "payment_declined").json["order"]["id"]
            .clone();
    let panel = format!("hx-target=\"#order-{}\"", order.as_str().unwrap());
    let mut program = Socket::open(&shop, &ana.token).await;
    program.listens(&["orders"]).await;
    let mut page =
        Socket::connect(&shop, "/live?topics=orders&since=0", &[("cookie", &cookie)]).await;
    assert!(!page.hears_with(&panel).await.contains("interrompus"));

    let sets = async |what: &str| {
        admin.0.send(Method::POST, &format!("/api/breaker/{what}"), json!({})).await.expect(200);
    };
    sets("isolate").await;
    assert!(page.hears_with(&panel).await.contains("interrompus"));
    let drawn = shop
        .request(Method::GET, &format!("/orders/{}", order.as_str().unwrap()))
        .header("cookie", &cookie);
    assert!(drawn.send().await.unwrap().text().await.unwrap().contains("interrompus"));
    sets("reset").await;
    assert!(!page.hears_with(&panel).await.contains("interrompus"));

    program.hears_nothing_more().await;
    admin.sets_bank("refuse").await;
    for key in ["a", "b", "c"] {
        let pay =
            ana.request(Method::POST, &format!("/api/orders/{}/pay", order.as_str().unwrap()));
        pay.header("idempotency-key", key).send().await.unwrap();
    }
    let until =
        admin.0.get("/api/breaker").await.expect(200).json["breaker"]["state"]["until"].clone();
    let told = page.hears_with("interrompus").await;
    assert!(told.contains(&format!("<time datetime={until}>")), "{until}: {told}");
}

impl Socket {
    /// Subscribes to what happened since an event, and hears all of it.
    async fn replays(&mut self, topics: &[&str], since: u64) -> Vec<Value> {
        self.say(json!({ "subscribe": topics, "since": since })).await;
        assert_eq!(self.hears_json().await, json!({ "reply": { "topics": topics } }));
        self.say(json!({ "ping": "replayed" })).await;
        let mut heard = Vec::new();
        loop {
            let frame = self.hears_json().await;
            if frame["reply"]["pong"] == "replayed" {
                return heard;
            }
            heard.push(frame);
        }
    }

    /// The next frame that contains something.
    async fn hears_with(&mut self, text: &str) -> String {
        loop {
            let frame = self.hears().await;
            if frame.contains(text) {
                return frame;
            }
        }
    }
}

fn versions(carts: &[Value]) -> Vec<u64> {
    carts.iter().map(|cart| cart["data"]["version"].as_u64().unwrap()).collect()
}

/// The status with which a socket is refused.
async fn refusal(shop: &TestShop, path: &str, headers: &[(&'static str, &str)]) -> u16 {
    let mut request =
        format!("{}{path}", shop.url.replacen("http", "ws", 1)).into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    match connect_async(request).await {
        Err(Error::Http(answer)) => answer.status().as_u16(),
        other => panic!("not refused: {:?}", other.is_ok()),
    }
}
