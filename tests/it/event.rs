//! The log of events over REST: its sections, its filters, and how far it reaches back.

use std::collections::BTreeSet;

use domain::event::kind::Kind;
use microshop::crypto::fingerprint;
use microshop::live::asyncapi;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{TestShop, until};
use crate::people::{Admin, Answer, signs_in};
use crate::socket::Socket;

impl Admin {
    /// Reads a section of the log.
    async fn reads_events(&self, query: &str) -> Answer {
        self.0.get(&format!("/api/events{query}")).await
    }

    /// Reads the events of a query page by page, and returns them with the number of pages.
    async fn reads_all_events(&self, query: &str) -> (Vec<Value>, usize) {
        let mut events = Vec::new();
        let mut after = 0;
        for pages in 1.. {
            let page = self.reads_events(&format!("?after={after}&{query}")).await.expect(200).json;
            events.extend(page["events"].as_array().unwrap().iter().cloned());
            assert_eq!(page["missed"], 0, "{page}");
            let Some(next) = page["next"].as_u64() else { return (events, pages) };
            assert!(next > after);
            after = next;
        }
        unreachable!("the log ends");
    }
}

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn the_log_has_every_event_as_the_sockets_have_sent_it() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    let position = admin.reads_events("").await.expect(200).json["last"].as_u64().unwrap();
    let mut socket = Socket::open(&shop, &admin.0.token).await;
    socket.subscribes(&["stock", "payments", "users", "breaker"]).await;
    ana.adds(1, 2).await.expect(200);
    ana.checks_out("k").await.expect(201);
    admin.sets_bank("decline").await;
    admin.0.send(Method::POST, "/api/breaker/isolate", Value::Null).await.expect(200);
    let (events, _) = admin.reads_all_events("").await;
    let ids: Vec<_> = events.iter().map(|event| event["id"].as_u64().unwrap()).collect();
    assert!(ids.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{ids:?}");
    assert_eq!(ids[0], 1);
    let new: Vec<_> = events.into_iter().skip(usize::try_from(position).unwrap()).collect();
    assert!(types(&new).contains(&"cart.changed"), "{new:?}");
    let admins = |event: &&Value| event["topic"] != "cart" && event["topic"] != "session";
    for event in new.iter().filter(admins) {
        let mut sent = socket.receives_event(event["type"].as_str().unwrap()).await;
        sent["by"] = event["by"].clone();
        assert_eq!(sent, *event);
    }
    let author = |kind| {
        let event = new.iter().find(|event| event["type"] == kind);
        event.unwrap()["by"]["username"].clone()
    };
    let authors = ["breaker.changed", "bank.changed", "order.placed"].map(author);
    assert_eq!(authors, [json!("admin"), json!("admin"), Value::Null]);
}

#[actix_web::test]
async fn a_program_reads_on_from_where_it_was_and_reads_an_own_change_at_once() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let (all, pages) = admin.reads_all_events("limit=2").await;
    assert_eq!(pages, all.len().div_ceil(2));
    let last = all.last().unwrap()["id"].as_u64().unwrap();
    let page = admin.reads_events(&format!("?after={last}")).await.expect(200).json;
    assert_eq!(
        (&page["count"], &page["next"], &page["last"]),
        (&json!(0), &Value::Null, &json!(last))
    );
    for _ in 0..20 {
        let lamp = admin.adds_article("Lamp", 1_000, 1).await;
        let page = admin.reads_events(&format!("?after={last}&subject={lamp}")).await.expect(200);
        assert_eq!(types(page.json["events"].as_array().unwrap()), ["article.added"]);
    }
}

#[actix_web::test]
async fn the_log_shows_the_events_of_one_type_or_about_one_subject() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    ana.adds(2, 1).await.expect(200);
    let order = ana.checks_out("k").await.expect(201).json["order"]["id"].clone();
    let order = order.as_str().unwrap();
    let number = order[28..].to_uppercase();
    let id = ana.get("/auth/profile").await.json["id"].as_str().unwrap().to_owned();
    let of_order = ["order.placed", "order.changed"];
    let of_ana = [
        &["user.added", "session.opened", "cart.changed", "order.placed"][..],
        &["cart.changed", "order.changed"],
    ]
    .concat();
    let sorted = |mut types: Vec<String>| {
        types.sort_unstable();
        types
    };
    for (query, expected) in [
        ("type=user.added", &["user.added", "user.added"][..]),
        ("subject=2", &["article.added", "article.changed", "article.changed"]),
        ("type=article.added&subject=2", &["article.added"]),
        (&format!("subject={order}"), &of_order),
        (&format!("subject={number}"), &of_order),
        (&format!("subject={id}"), &of_ana),
        ("subject=ana", &of_ana),
        ("subject=ana&type=breaker.changed", &[]),
        ("subject=99", &[]),
    ] {
        let (events, _) = admin.reads_all_events(query).await;
        let found = types(&events).into_iter().map(str::to_owned).collect();
        let expected = expected.iter().map(|kind| (*kind).to_owned()).collect();
        assert_eq!(sorted(found), sorted(expected), "{query}");
    }
}

#[actix_web::test]
async fn a_query_that_is_wrong_is_refused_and_the_parameter_is_named() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    for (query, parameter) in [
        ("?limit=0", "limit"),
        ("?limit=101", "limit"),
        ("?after=-1", "after"),
        ("?after=x", "after"),
        ("?type=cart.eaten", "type"),
        ("?type=", "type"),
        ("?subject=", "subject"),
        ("?subject=no%20such%20user", "subject"),
        ("?subject=guest-1", "subject"),
        ("?since=1", "since"),
    ] {
        let answer = admin.reads_events(query).await.expect_problem(400, "invalid_query");
        assert_eq!(answer.json["errors"][0]["parameter"], parameter, "{query}");
    }
    let head = admin.0.request(Method::HEAD, "/api/events?limit=1").send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert!(head.content_length().is_some());
    shop.customer("bob").await.get("/api/events").await.expect_problem(403, "forbidden");
}

#[actix_web::test]
async fn a_program_that_was_away_for_too_long_learns_how_much_it_has_missed() {
    let shop = TestShop::open_with(&[("EVENTS__MAX", "10")]).await;
    let admin = shop.admin().await;
    let page = until(async || {
        admin.adds_article("Lamp", 1_000, 1).await;
        let page = admin.reads_events("?after=3&limit=1").await.expect(200).json;
        (page["first"].as_u64() > Some(5)).then_some(page)
    })
    .await;
    let first = page["first"].as_u64().unwrap();
    assert_eq!((&page["missed"], &page["events"][0]["id"]), (&json!(first - 4), &json!(first)));
    // A reader who asks for no place misses nothing.
    let page = admin.reads_events("?limit=1").await.expect(200).json;
    assert_eq!((&page["missed"], &page["events"][0]["id"]), (&json!(0), &page["first"]));
}

#[actix_web::test]
async fn no_event_contains_what_opens_a_cart_or_a_session() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let add = shop.request(Method::POST, "/cart/add/1").header("origin", &shop.url);
    let added = add.form(&[("a", "b")]).send().await.unwrap();
    let cookie = added.headers()["set-cookie"].to_str().unwrap();
    let secret = cookie.split(['=', ';']).nth(1).unwrap().to_owned();
    let hash = fingerprint(&secret);
    let session = signs_in(&shop, "admin", "admin").await;
    let session = session.split('=').nth(1).unwrap().to_owned();
    let (events, _) = admin.reads_all_events("").await;
    let text = serde_json::to_string(&events).unwrap();
    assert!(text.contains("cart.changed") && text.contains("session.opened"));
    for secret in [&secret, &hash, &session, &admin.0.token, &admin.0.refresh_token] {
        assert!(!text.contains(secret.as_str()), "{secret}");
    }
    assert!(!text.contains("hash") && !text.contains("proof"), "{text}");
    // A reader can still select the events of one guest.
    let guest = format!("subject=guest-{}", &hash[..8]);
    assert_eq!(types(&admin.reads_all_events(&guest).await.0), ["cart.changed"]);
    // The name of the guest opens nothing.
    for invented in [&hash, &hash[..8].to_owned()] {
        let cookie = format!("{}={invented}", shop.cookie("guest"));
        let cart =
            shop.request(Method::GET, "/cart").header("cookie", cookie).send().await.unwrap();
        assert!(!cart.text().await.unwrap().contains("cart-item-1"));
    }
}

#[test]
fn every_event_of_the_protocol_is_a_type_that_a_reader_can_select() {
    let document = asyncapi::document();
    let messages = document["components"]["messages"].as_object().unwrap().iter();
    let is_event = |message: &Value| message["payload"]["properties"].get("at").is_some();
    let events = messages.filter(|(_, message)| is_event(message)).map(|(name, _)| name.as_str());
    assert_eq!(events.collect::<BTreeSet<_>>(), Kind::ALL.map(Kind::name).into());
}
