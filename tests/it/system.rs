//! The state of a node, and actors that an administrator kills.

use std::cell::Cell;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{TestShop, single_node, until};
use crate::people::{Admin, Answer, Person};
use crate::socket::Socket;

/// Every long-lived actor, in start order.
pub(crate) const ACTORS: [&str; 8] =
    ["sessions", "users", "catalogue", "carts", "payments", "orders", "statistics", "hub"];

/// Administrators may disturb the shop, and its panics are not logged.
pub(crate) const CHAOS: [(&str, &str); 2] = [("ADMIN__CHAOS", "true"), ("LOG__FILTER", "off")];

impl Admin {
    /// Reads the state of the node.
    async fn reads_the_system(&self) -> Value {
        self.0.get("/api/admin/system").await.expect(200).json["system"].clone()
    }

    async fn kills(&self, actor: &str) -> Answer {
        let path = format!("/api/admin/system/actors/{actor}/kill");
        self.0.send(Method::POST, &path, Value::Null).await
    }
}

fn restarts(system: &Value) -> Vec<u64> {
    let actors = system["actors"].as_array().unwrap().iter();
    actors.map(|actor| actor["restarts"].as_u64().unwrap()).collect()
}

#[actix_web::test]
async fn the_system_lists_every_actor_and_counts_what_it_does() {
    single_node("a node shows and kills its own actors");
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    ana.adds(1, 1).await.expect(200);
    ana.checks_out("k").await.expect(201);
    let system = until(async || {
        let system = admin.reads_the_system().await;
        let read = &system["followers"][0]["position"];
        (*read == system["store"]["last_event"]).then_some(system)
    })
    .await;
    let actors = system["actors"].as_array().unwrap();
    let names: Vec<_> = actors.iter().map(|actor| actor["name"].as_str().unwrap()).collect();
    assert_eq!(names, ACTORS);
    for actor in actors {
        assert!(actor["state"].is_object() && actor["failure"].is_null(), "{actor}");
        let is_asked =
            !["hub", "catalogue", "statistics"].contains(&actor["name"].as_str().unwrap());
        assert_eq!(actor["handled"].as_u64() > Some(0), is_asked, "{actor}");
    }
    assert_eq!(restarts(&system), [0; 8]);
    assert!(system["store"]["commits"].as_u64() > Some(3), "{system}");
    let store = &system["store"];
    assert!(store["bytes"].as_u64() > Some(1_000), "{store}");
    assert!(store["sync_us"].as_u64().is_some(), "{store}");
    assert!(system["usage"]["memory_bytes"].as_u64() > Some(1 << 20), "{system}");
    assert_eq!(system["version"], env!("CARGO_PKG_VERSION"));
    until(async || (admin.reads_the_system().await["uptime_s"] != 0).then_some(())).await;
}

#[actix_web::test]
async fn the_system_counts_the_sockets_of_each_page_and_of_programs() {
    single_node("a node shows and kills its own actors");
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let _program = Socket::open(&shop, &admin.0.token).await;
    let live = |shows| format!("/live?topics=cart&shows={shows}&since=0");
    let origin = [("origin", shop.url.as_str())];
    let _first = Socket::connect(&shop, &live("cart"), &origin).await;
    let _second = Socket::connect(&shop, &live("articles:24"), &origin).await;
    let _third = Socket::connect(&shop, &live("articles"), &origin).await;
    let sockets = admin.reads_the_system().await["sockets"].clone();
    assert_eq!(sockets["pages"], json!({ "articles": 2, "cart": 1, "program": 1 }));
    assert_eq!(sockets["open"], 4);
}

#[actix_web::test]
async fn no_actor_is_killed_unless_the_setting_allows_it() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    for actor in ACTORS {
        let answer = admin.kills(actor).await.expect_problem(404, "not_found");
        assert_eq!(answer.json["detail"], "`admin.chaos` is not set");
    }
    assert_eq!(restarts(&admin.reads_the_system().await), [0; 8]);
    let allowed = TestShop::open_with(&CHAOS).await;
    let admin = allowed.admin().await;
    admin.kills("nothing").await.expect_problem(404, "not_found");
    allowed
        .customer("bob")
        .await
        .send(Method::POST, "/api/admin/system/actors/orders/kill", Value::Null)
        .await
        .expect_problem(403, "forbidden");
}

#[actix_web::test]
async fn a_killed_actor_is_restarted_and_nothing_acknowledged_is_lost() {
    single_node("a node shows and kills its own actors");
    let shop = TestShop::open_with(&CHAOS).await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    let mut placed = Vec::new();
    for (number, actor) in ACTORS.into_iter().enumerate() {
        admin.kills(actor).await.expect(202);
        let id = ana.buys_at_last(actor).await;
        placed.push(id);
        until(async || {
            let restarts = restarts(&admin.reads_the_system().await);
            (restarts[number] == 1).then_some(())
        })
        .await;
        let failure = &admin.reads_the_system().await["actors"][number]["failure"];
        assert!(failure["text"].is_string() && failure["at"].is_string(), "{failure}");
    }
    let orders = ana.get("/api/orders").await.expect(200).json["orders"].clone();
    for id in placed {
        let order = orders.as_array().unwrap().iter().find(|order| order["id"] == *id).unwrap();
        assert_eq!(order["status"], "paid", "{order}");
    }
}

impl Person {
    /// Buys an article as soon as the shop takes the order, and returns the order.
    pub(crate) async fn buys_at_last(&self, key: &str) -> String {
        let tries = Cell::new(0);
        until(async || {
            tries.set(tries.get() + 1);
            if self.adds(2, 1).await.status != 200 {
                return None;
            }
            let answer = self.tries_to_check_out(&format!("{key}-{}", tries.get())).await?;
            let id = answer.json["order"]["id"].as_str().map(str::to_owned);
            id.filter(|_| answer.status == 201)
        })
        .await
    }

    /// Checks out; `None` if the cart cannot be read at the moment.
    async fn tries_to_check_out(&self, key: &str) -> Option<Answer> {
        let cart = self.get("/api/cart").await;
        let cart = (cart.status == 200).then(|| cart.json["cart"].clone())?;
        let version = cart["version"].as_u64()?;
        Some(self.orders(key, version, cart["total_cents"].as_u64()?).await)
    }
}
