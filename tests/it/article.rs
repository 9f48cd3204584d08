//! The catalogue over REST: `/api/articles`, `/api/articles/{id}`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::TestShop;
use crate::people::Answer;

mod csv;

#[actix_web::test]
async fn a_guest_reads_the_catalogue() {
    let shop = TestShop::open().await;
    let list = read(&shop, "/api/articles").await.expect(200).json;
    assert_eq!((&list["success"], &list["count"]), (&json!(true), &json!(5)));
    let stock: Vec<_> =
        list["articles"].as_array().unwrap().iter().map(|article| &article["available"]).collect();
    assert_eq!(stock, [10, 15, 20, 12, 18]);
    let first = &list["articles"][0];
    assert_eq!(first["name"], "Ordinateur portable");
    assert_eq!((&first["price_cents"], &first["currency"]), (&json!(89_900), &json!("EUR")));
    let fields: Vec<_> = first.as_object().unwrap().keys().collect();
    assert_eq!(
        fields,
        [
            "id",
            "url",
            "name",
            "description",
            "picture",
            "pictures",
            "price_cents",
            "currency",
            "available",
        ]
    );
    assert_eq!(&read(&shop, "/api/articles/1").await.expect(200).json["article"], first);
    read(&shop, "/api/articles/99").await.expect_problem(404, "article_not_found");
}

#[actix_web::test]
async fn the_catalogue_is_listed_page_by_page() {
    let shop = TestShop::open().await;
    assert_eq!(ids(&read(&shop, "/api/articles?limit=2").await.json), [1, 2]);
    assert_eq!(ids(&read(&shop, "/api/articles?after=2&limit=2").await.json), [3, 4]);
    assert_eq!(ids(&read(&shop, "/api/articles?after=4&limit=2").await.json), [5]);
    assert_eq!(ids(&read(&shop, "/api/articles?after=5").await.json), [0; 0]);
}

#[actix_web::test]
async fn an_administrator_adds_changes_and_removes_articles() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let lamp =
        json!({ "name": "Lampe", "description": "Claire.", "price_cents": 1_250, "on_hand": 7 });
    let added = admin.0.send(Method::POST, "/api/articles", lamp).await.expect(201);
    assert_eq!(
        (&added.headers["location"], &added.json["article"]["on_hand"]),
        (&"/api/articles/6".parse().unwrap(), &json!(7))
    );
    assert_eq!(read(&shop, "/api/articles/6").await.expect(200).json["article"]["available"], 7);

    let changed =
        admin.changes_article(6, json!({ "price_cents": 1_300, "on_hand": 9 })).await.expect(200);
    assert_eq!(changed.json["article"]["name"], "Lampe");
    let shown = read(&shop, "/api/articles/6").await.json;
    assert_eq!(
        (&shown["article"]["price_cents"], &shown["article"]["available"]),
        (&json!(1_300), &json!(9))
    );

    admin.changes_article(6, json!({ "active": false })).await.expect(200);
    read(&shop, "/api/articles/6").await.expect_problem(404, "article_not_found");
    assert_eq!(ids(&read(&shop, "/api/articles").await.json), [1, 2, 3, 4, 5]);
    admin.changes_article(6, json!({ "active": true })).await.expect(200);
    read(&shop, "/api/articles/6").await.expect(200);

    admin.0.delete("/api/articles/6").await.expect(200);
    read(&shop, "/api/articles/6").await.expect_problem(404, "article_not_found");
    admin.0.delete("/api/articles/6").await.expect_problem(404, "article_not_found");
    admin.changes_article(6, json!({})).await.expect_problem(404, "article_not_found");
    assert_eq!(admin.adds_article("Bougie", 300, 1).await, 7, "a number is never reused");
}

#[actix_web::test]
async fn an_administrator_lists_and_searches_all_articles_page_by_page() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    admin.changes_article(1, json!({ "active": false })).await.expect(200);
    let list = admin.0.get("/api/admin/articles?limit=2").await.expect(200).json;
    assert_eq!((ids(&list), &list["total"], &list["next"]), (vec![1, 2], &json!(5), &json!(2)));
    let first = &list["articles"][0];
    assert_eq!((&first["active"], &first["revision"]), (&json!(false), &json!(1)));
    for (query, found) in [
        ("after=4", vec![5]),
        ("q=SOURIS", vec![2]),
        ("q=3", vec![3]),
        ("q=nothing", vec![]),
        ("q=s&after=2&limit=1", vec![4]),
    ] {
        let list = admin.0.get(&format!("/api/admin/articles?{query}")).await.expect(200).json;
        assert_eq!(ids(&list), found, "{query}");
    }
    for wrong in ["limit=0", "limit=101", "after=x", "page=1"] {
        let refused = admin.0.get(&format!("/api/admin/articles?{wrong}")).await;
        refused.expect_problem(400, "invalid_query");
    }
}

#[actix_web::test]
async fn an_article_has_its_texts_in_the_language_of_the_reader() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let english = json!({ "name": " Mouse ", "description": null });
    let texts = json!({ "en": english, "fr": { "description": "Précise." } });
    let changed = admin.changes_article(2, json!({ "texts": texts })).await.expect(200).json;
    let expected = json!({
        "fr": { "name": "Souris sans fil", "description": "Précise." },
        "en": { "name": "Mouse", "description": "" },
    });
    assert_eq!(changed["article"]["texts"], expected);
    let reads = async |language: &str| {
        let request = shop.request(Method::GET, "/api/articles/2");
        Answer::to(request.header("accept-language", language)).await
    };
    let [french, english] = [reads("fr").await, reads("en").await];
    assert_eq!(french.json["article"]["name"], "Souris sans fil");
    assert_eq!(english.json["article"]["name"], "Mouse");
    assert_eq!(english.json["article"]["description"], "Précise.");
    assert!(english.json["article"].get("texts").is_none());
    assert_eq!(
        (&french.headers["etag"], &english.headers["etag"]),
        (&"\"1-15\"".parse().unwrap(), &"\"1-15-en\"".parse().unwrap())
    );
    let change = |tag: &'static str| {
        let request = shop.request(Method::PATCH, "/api/articles/2").bearer_auth(&admin.0.token);
        request.header("if-match", tag).json(&json!({ "on_hand": 15 }))
    };
    for (tag, status) in [("\"1-15-en\"", 200), ("\"1-15-fr\"", 412), ("\"0-15-en\"", 412)] {
        assert_eq!(change(tag).send().await.unwrap().status(), status, "{tag}");
    }
    for (wrong, code) in [
        (json!({ "de": {} }), "unknown_field"),
        (json!({ "en": { "name": "a".repeat(81) } }), "invalid_article"),
        (json!({ "en": { "name": null } }), "wrong_type"),
    ] {
        let refused = admin.changes_article(2, json!({ "texts": wrong })).await;
        refused.expect_problem(422, code);
    }
    let ana = shop.customer("ana").await;
    ana.adds(2, 1).await.expect(200);
    let cart = shop.request(Method::GET, "/api/cart").bearer_auth(&ana.token);
    let cart = Answer::to(cart.header("accept-language", "en")).await;
    assert_eq!(cart.json["cart"]["items"][0]["name"], "Mouse");
}

#[actix_web::test]
async fn only_administrators_change_articles() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let before = read(&shop, "/api/articles").await.json;
    let requests = [
        (Method::POST, "/api/articles", json!({ "name": "Lampe", "price_cents": 1, "on_hand": 1 })),
        (Method::PATCH, "/api/articles/1", json!({ "price_cents": 1 })),
        (Method::DELETE, "/api/articles/1", json!(null)),
    ];
    for (method, path, body) in requests {
        ana.send(method.clone(), path, body.clone()).await.expect_problem(403, "forbidden");
        let guest = shop.request(method, path).json(&body);
        Answer::to(guest).await.expect_problem(401, "unauthorized");
    }
    assert_eq!(read(&shop, "/api/articles").await.json, before);
}

#[actix_web::test]
async fn an_unpaid_order_reserves_stock_and_a_cart_does_not() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    let available =
        async || read(&shop, "/api/articles/1").await.json["article"]["available"].clone();
    ana.adds(1, 4).await.expect(200);
    assert_eq!(available().await, 10, "a cart reserves no stock");
    admin.sets_bank("decline").await;
    ana.checks_out("first").await.expect_problem(402, "payment_declined");
    assert_eq!(available().await, 6);
    admin.changes_article(1, json!({ "on_hand": 3 })).await.expect_problem(409, "below_reserved");
    admin.0.delete("/api/articles/1").await.expect_problem(409, "below_reserved");
    let least = admin.changes_article(1, json!({ "on_hand": 4 })).await.expect(200).json;
    assert_eq!((&least["article"]["reserved"], available().await), (&json!(4), json!(0)));
    ana.adds(1, 1).await.expect(200);
    assert_eq!(ana.cart().await["items"][0]["problems"], json!(["insufficient_stock"]));
}

#[actix_web::test]
async fn the_cart_shows_articles_that_are_off_sale_or_changed_price() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    ana.adds(1, 1).await.expect(200);
    ana.adds(2, 2).await.expect(200);
    admin.changes_article(1, json!({ "active": false })).await.expect(200);
    admin.changes_article(2, json!({ "price_cents": 3_000 })).await.expect(200);
    let cart = ana.cart().await;
    assert_eq!(cart["items"][0]["problems"], json!(["unavailable"]));
    assert_eq!(cart["items"][1]["problems"], json!(["price_changed"]));
    assert_eq!(cart["items"][1]["line_total_cents"], 6_000);
    ana.adds(1, 1).await.expect_problem(409, "article_unavailable");
    let set = ana.send(Method::PUT, "/api/cart/items/1", json!({ "quantity": 2 })).await;
    set.expect_problem(409, "article_unavailable");
    assert_eq!(ana.cart().await, cart);
}

async fn read(shop: &TestShop, path: &str) -> Answer {
    Answer::to(shop.request(Method::GET, path)).await
}

fn ids(list: &Value) -> Vec<u64> {
    list["articles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|article| article["id"].as_u64().unwrap())
        .collect()
}
