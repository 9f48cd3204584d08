//! Lists over REST: their pages and the numbers of their entries.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::filled::{ARTICLES, ORDERS, USERS};
use crate::harness::TestShop;
use crate::people::Person;

/// Reads a list page by page. Returns the ids of its entries and the total of every page.
async fn reads(person: &Person, list: &str, limit: usize) -> (Vec<String>, BTreeSet<u64>) {
    let mut ids = Vec::new();
    let mut totals = BTreeSet::new();
    let mut path = format!("/api/{list}?limit={limit}");
    loop {
        let page = person.get(&path).await.expect(200).json;
        let entries = page[list].as_array().unwrap();
        assert_eq!(page["count"], entries.len());
        ids.extend(entries.iter().map(|entry| entry["id"].to_string()));
        totals.insert(page["total"].as_u64().unwrap());
        match &page["next"] {
            Value::Null => return (ids, totals),
            next => path = format!("/api/{list}?limit={limit}&after={}", text(next)),
        }
        assert_eq!(entries.len(), limit);
    }
}

fn text(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

#[actix_web::test]
async fn every_page_of_a_list_has_the_total_and_where_the_next_one_starts() {
    let mut shop = TestShop::open_filled().await;
    let admin = shop.admin().await;
    let ana = Person::log_in(&shop, "ana", "correct horse").await;
    for (person, list, limit, total) in [
        (&ana, "articles", 13, ARTICLES as usize),
        (&ana, "articles", 100, ARTICLES as usize),
        (&ana, "orders", 20, ORDERS),
        (&ana, "orders", 45, ORDERS),
        (&admin.0, "users", 67, USERS),
        (&admin.0, "users", 100, USERS),
    ] {
        let (ids, totals) = reads(person, list, limit).await;
        assert_eq!(totals, BTreeSet::from([total as u64]), "{list}");
        let unique: BTreeSet<_> = ids.iter().collect();
        assert_eq!((ids.len(), unique.len()), (total, total), "{list}");
    }
    shop.stop();
    assert_eq!(shop.check_findings(), "");
}

#[actix_web::test]
async fn the_total_of_a_list_follows_every_change() {
    let mut shop = TestShop::open_filled().await;
    let admin = shop.admin().await;
    admin.sets_bank("approve").await;
    let ana = Person::log_in(&shop, "ana", "correct horse").await;
    let total = async |person: &Person, list: &str| {
        person.get(&format!("/api/{list}?limit=1")).await.expect(200).json["total"].clone()
    };
    let lamp = admin.adds_article("Lampe", 1_000, 5).await;
    assert_eq!(total(&ana, "articles").await, ARTICLES + 1);
    admin.changes_article(lamp, json!({ "active": false })).await.expect(200);
    assert_eq!(total(&ana, "articles").await, ARTICLES);

    ana.adds(1, 1).await.expect(200);
    ana.checks_out("k2").await.expect(201);
    assert_eq!(total(&ana, "orders").await, ORDERS + 1);
    assert_eq!(total(&admin.0, "orders").await, 0);

    let bela = json!({ "username": "bela", "password": "correct horse" });
    let added = admin.0.send(Method::POST, "/api/users", bela).await.expect(201);
    shop.customer("carl").await;
    assert_eq!(total(&admin.0, "users").await, USERS + 2);
    admin.0.delete(added.headers["location"].to_str().unwrap()).await.expect(200);
    assert_eq!(total(&admin.0, "users").await, USERS + 1);

    shop.stop();
    assert_eq!(shop.check_findings(), "");
}
