//! Carts over REST: `/api/cart`, `/api/cart/items`, `/api/cart/items/{article_id}`.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::harness::TestShop;
use crate::people::Answer;

#[actix_web::test]
async fn no_parallel_add_is_lost_and_the_hundredth_unit_is_refused() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    let mut articles = Vec::from([1, 2, 3, 4, 5]);
    for number in 6..=10 {
        articles.push(admin.adds_article(&format!("Article {number}"), 100, 500).await);
    }
    let adds = articles.iter().flat_map(|article| (0..99).map(|_| ana.adds(*article, 1)));
    for answer in join_all(adds).await {
        answer.expect(200);
    }
    let cart = ana.cart().await;
    assert_eq!((cart["version"].as_u64(), cart["item_count"].as_u64()), (Some(990), Some(990)));
    assert!(cart["items"].as_array().unwrap().iter().all(|item| item["quantity"] == 99));
    for article in articles {
        ana.adds(article, 1).await.expect_problem(409, "too_many_pieces");
    }
    assert_eq!(ana.cart().await, cart);
}

#[actix_web::test]
async fn a_quantity_is_set_and_a_command_for_an_old_version_is_refused() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let added = ana.adds(2, 3).await.expect(200);
    assert_eq!(added.headers["etag"], "\"1\"");
    let set =
        ana.send(Method::PUT, "/api/cart/items/2", json!({ "quantity": 7 })).await.expect(200);
    assert_eq!(set.json["cart"]["items"][0]["quantity"], 7);
    let stale =
        ana.request(Method::DELETE, "/api/cart").header("if-match", "\"1\"").send().await.unwrap();
    let stale = Answer::of(stale).await.expect_problem(412, "precondition_failed");
    assert_eq!(stale.json["cart"]["version"], 2);
    ana.send(Method::PUT, "/api/cart/items/2", json!({ "quantity": 0 })).await.expect(200);
    ana.delete("/api/cart/items/2").await.expect_problem(404, "not_in_cart");
    ana.adds(1, 1).await.expect(200);
    assert_eq!(ana.delete("/api/cart").await.expect(200).json["cart"]["item_count"], 0);
}
