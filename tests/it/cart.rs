//! Carts over REST: `/api/cart`, `/api/cart/items`, `/api/cart/items/{article_id}`.

use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::json;

use crate::harness::TestShop;
use crate::people::Answer;
use crate::socket::Socket;

/// How many commands of a test are sent at the same time. A cart carries them out one by one, and
/// all of them within the deadline of each.
const PARALLEL: usize = 100;

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
    let answers: Vec<_> = stream::iter(adds).buffer_unordered(PARALLEL).collect().await;
    let mut versions = Vec::new();
    for answer in answers {
        versions.push(answer.expect(200).json["cart"]["version"].as_u64().unwrap());
    }
    versions.sort_unstable();
    assert_eq!(versions, (versions[0]..versions[0] + 990).collect::<Vec<_>>());
    let cart = ana.cart().await;
    assert_eq!(
        (cart["version"].as_u64(), cart["item_count"].as_u64()),
        (versions.last().copied(), Some(990))
    );
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
    let version = added.json["cart"]["version"].as_u64().unwrap();
    let etag = added.headers["etag"].clone();
    assert_eq!(etag, format!("\"{version}\""));
    let set =
        ana.send(Method::PUT, "/api/cart/items/2", json!({ "quantity": 7 })).await.expect(200);
    assert_eq!(set.json["cart"]["items"][0]["quantity"], 7);
    let stale = ana.request(Method::DELETE, "/api/cart").header("if-match", etag);
    let stale = Answer::to(stale).await.expect_problem(412, "precondition_failed");
    assert_eq!(stale.json["cart"]["version"], version + 1);
    ana.send(Method::PUT, "/api/cart/items/2", json!({ "quantity": 0 })).await.expect(200);
    ana.delete("/api/cart/items/2").await.expect_problem(404, "not_in_cart");
    ana.adds(1, 1).await.expect(200);
    assert_eq!(ana.delete("/api/cart").await.expect(200).json["cart"]["item_count"], 0);
}

#[actix_web::test]
async fn a_cart_that_expires_is_published_and_none_of_its_versions_returns() {
    let shop = TestShop::open_with(&[("CART__TTL", "1s")]).await;
    let ana = shop.customer("ana").await;
    let mut socket = Socket::open(&shop, &ana.token).await;
    socket.subscribes(&["cart"]).await;
    let added = ana.adds(1, 1).await.expect(200);
    let version = added.json["cart"]["version"].as_u64().unwrap();
    assert_eq!(socket.receives_event("cart.changed").await["data"]["version"], version);
    let expired = socket.receives_event("cart.changed").await["data"].clone();
    assert_eq!(
        (&expired["version"], &expired["item_count"]),
        (&json!(version + 1), &json!(0)),
        "{expired}"
    );
    let again = json!({ "article_id": 1, "quantity": 1 });
    let stale = ana
        .request(Method::POST, "/api/cart/items")
        .header("if-match", &added.headers["etag"])
        .json(&again);
    let stale = Answer::to(stale).await;
    stale.expect_problem(412, "precondition_failed");
    let new = ana.adds(1, 1).await.expect(200).json["cart"]["version"].as_u64().unwrap();
    assert!(new > version + 1, "{new} after {version}");
}
