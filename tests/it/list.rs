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

#[actix_web::test]
async fn articles_are_searched_sorted_and_paged_in_that_order() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let ids = async |query: &str| {
        let path = format!("/api/articles?{query}");
        let request = ana.request(Method::GET, &path).header("accept-language", "en");
        let page = ana.receives(request).await.expect(200).json;
        let articles = page["articles"].as_array().unwrap().iter();
        let ids: Vec<_> = articles.map(|article| article["id"].as_u64().unwrap()).collect();
        (ids, page["total"].as_u64().unwrap(), page["next"].as_u64())
    };
    let all = ana.get("/api/articles").await.expect(200).json;
    let mut prices: Vec<_> = all["articles"].as_array().unwrap().iter().collect();
    prices.sort_by_key(|article| article["price_cents"].as_u64());
    let by_price: Vec<_> =
        prices.into_iter().map(|article| article["id"].as_u64().unwrap()).collect();
    let by_falling_price: Vec<_> = by_price.iter().rev().copied().collect();
    assert_eq!(ids("sort=price").await, (by_price.clone(), 5, None));
    assert_eq!(ids("sort=-price").await, (by_falling_price, 5, None));
    assert_eq!(ids("sort=id").await, (vec![1, 2, 3, 4, 5], 5, None));
    assert_eq!(ids("sort=-id").await, (vec![5, 4, 3, 2, 1], 5, None));
    for language in ["en", "fr"] {
        let named = async |query: &str| {
            let path = format!("/api/articles{query}");
            let request = ana.request(Method::GET, &path).header("accept-language", language);
            let page = ana.receives(request).await.expect(200).json;
            let articles = page["articles"].as_array().unwrap().iter();
            articles.map(|article| article["name"].as_str().unwrap().to_lowercase()).collect()
        };
        let mut names: Vec<String> = named("").await;
        assert!(!names.is_sorted(), "the order of the numbers is another one");
        names.sort();
        assert_eq!(named("?sort=name").await, names);
        names.reverse();
        assert_eq!(named("?sort=-name").await, names);
    }

    let mut read = Vec::new();
    let mut after = String::new();
    loop {
        let (page, total, next) = ids(&format!("sort=price&limit=2{after}")).await;
        assert_eq!(total, 5);
        read.extend(page);
        let Some(next) = next else { break };
        after = format!("&after={next}");
    }
    assert_eq!(read, by_price);

    let admin = shop.admin().await;
    admin.0.delete("/api/articles/4").await.expect(200);
    assert_eq!(ids("sort=-id&limit=1&after=4").await, (vec![3], 4, Some(3)));
    assert_eq!(ids("sort=id&after=4").await, (vec![5], 4, None));
    for gone in ["sort=price&after=4", "sort=-name&after=4"] {
        let refused = ana.get(&format!("/api/articles?{gone}")).await;
        refused.expect_problem(400, "invalid_query");
    }
    admin.changes_article(3, json!({ "price_cents": 500 })).await.expect(200);
    admin.changes_article(5, json!({ "price_cents": 500 })).await.expect(200);
    assert_eq!(ids("sort=price&limit=1").await, (vec![3], 4, Some(3)));
    assert_eq!(ids("sort=price&limit=1&after=3").await.0, [5]);
    assert_eq!(ids("sort=-price&after=5").await.0, [3]);

    let (found, total, _) = ids("q=lap").await;
    assert_eq!((found, total), (vec![1], 1));
    assert_eq!(ids("q=nothing+like+this").await, (vec![], 0, None));
    for wrong in ["sort=colour", "sort=", "order=price", "limit=0", "after=x"] {
        let refused = ana.get(&format!("/api/articles?{wrong}")).await;
        refused.expect_problem(400, "invalid_query");
    }
}
