//! Stores of earlier versions: each one must open.
//!
//! `format-1` is a small sled store that the first version wrote: three customers (bob is deleted),
//! four orders (shipped, refunded, paid, declined), a filled cart, and a sixth article. The filled
//! cart expires in 2035, so the shop must keep carts for ten years.

use std::path::Path;

use reqwest::Method;
use serde_json::json;

use crate::harness::TestShop;
use crate::people::Person;

#[actix_web::test]
async fn a_store_of_the_first_version_opens_with_everything_in_it() {
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/store/format-1");
    let mut shop = TestShop::open_on(&store, &[("CART__TTL", "3650d")]).await;
    let admin = shop.admin().await;
    assert_eq!(admin.0.get("/api/users").await.expect(200).json["count"], 3);
    assert_eq!(admin.0.get("/api/users").await.expect(200).json["total"], 3);
    let articles = admin.0.get("/api/articles").await.expect(200).json;
    assert_eq!(articles["count"], 6);
    assert_eq!(articles["articles"][0]["price_cents"], 123_400);

    let ana = Person::log_in(&shop, "ana", "correct horse").await;
    assert_eq!(ana.get("/api/cart").await.expect(200).json["cart"]["version"], 5);
    let orders = ana.get("/api/orders").await.expect(200).json;
    assert_eq!(orders["total"], orders["count"]);
    let status = |order: usize| orders["orders"][order]["status"].as_str().unwrap();
    assert_eq!([status(0), status(1)], ["refunded", "shipped"]);

    let bela = json!({ "username": "bela", "password": "correct horse" });
    admin.0.send(Method::POST, "/api/users", bela).await.expect(201);
    assert_eq!(admin.0.get("/api/users").await.expect(200).json["total"], 4);

    shop.stop();
    assert_eq!(shop.check_findings(), "");
}
