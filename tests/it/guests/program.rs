//! Programs that are not signed in: their cart belongs to a token.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::{TestShop, single_node};
use crate::people::{Answer, Person};

/// A program of a guest.
struct Guest<'a> {
    shop: &'a TestShop,
    token: String,
}

impl<'a> Guest<'a> {
    async fn of(shop: &'a TestShop) -> Self {
        let opened = Answer::to(shop.request(Method::POST, "/api/cart")).await.expect(201);
        assert_eq!(opened.headers["location"], "/api/cart");
        assert_eq!(opened.json["cart"]["items"], json!([]));
        Self { shop, token: opened.json["cart_token"].as_str().unwrap().to_owned() }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.shop.request(method, path).header("cart-token", &self.token)
    }

    async fn adds(&self, article: u64, quantity: u64) -> Answer {
        let item = json!({ "article_id": article, "quantity": quantity });
        Answer::to(self.request(Method::POST, "/api/cart/items").json(&item)).await
    }

    async fn cart(&self) -> Value {
        Answer::to(self.request(Method::GET, "/api/cart")).await.expect(200).json["cart"].clone()
    }
}

fn quantities(cart: &Value) -> Vec<(u64, u64)> {
    let items = cart["items"].as_array().unwrap().iter();
    items
        .map(|item| (item["article_id"].as_u64().unwrap(), item["quantity"].as_u64().unwrap()))
        .collect()
}

#[actix_web::test]
async fn a_guest_s_cart_is_changed_by_its_token_and_survives_a_restart() {
    let mut shop = TestShop::open().await;
    let token = {
        let guest = Guest::of(&shop).await;
        guest.adds(1, 2).await.expect(200);
        guest.adds(2, 1).await.expect(200);
        let set = guest.request(Method::PUT, "/api/cart/items/2").json(&json!({ "quantity": 5 }));
        Answer::to(set).await.expect(200);
        Answer::to(guest.request(Method::DELETE, "/api/cart/items/1")).await.expect(200);
        assert_eq!(quantities(&Guest::of(&shop).await.cart().await), []);
        guest.token
    };
    shop.kill();
    shop.start_again();
    let guest = Guest { shop: &shop, token };
    assert_eq!(quantities(&guest.cart().await), [(2, 5)]);
    let cleared = Answer::to(guest.request(Method::DELETE, "/api/cart")).await.expect(200);
    assert_eq!(cleared.json["cart"]["item_count"], 0);
    for path in ["/api/orders", "/auth/profile", "/api/users"] {
        let refused = Answer::to(guest.request(Method::GET, path)).await;
        refused.expect_problem(401, "unauthorized");
    }
}

#[actix_web::test]
async fn a_guest_who_signs_in_or_registers_takes_the_cart_along() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    ana.adds(1, 3).await.expect(200);
    let guest = Guest::of(&shop).await;
    guest.adds(1, 2).await.expect(200);
    guest.adds(2, 4).await.expect(200);
    let login = json!({
        "username": "ana", "password": "correct horse", "cart_token": guest.token,
    });
    let refused = json!({
        "username": "ana", "password": "wrong horse", "cart_token": guest.token,
    });
    let sign_in = |body: &Value| shop.request(Method::POST, "/auth/login").json(body);
    Answer::to(sign_in(&refused)).await.expect_problem(401, "invalid_credentials");
    assert_eq!(quantities(&guest.cart().await), [(1, 2), (2, 4)]);
    for _ in 0..2 {
        Answer::to(sign_in(&login)).await.expect(200);
        assert_eq!(quantities(&ana.cart().await), [(1, 3), (2, 4)]);
        assert_eq!(quantities(&guest.cart().await), []);
    }

    guest.adds(2, 1).await.expect(200);
    let new = json!({
        "username": "bob", "password": "correct horse", "cart_token": guest.token,
    });
    Answer::to(shop.request(Method::POST, "/auth/register").json(&new)).await.expect(201);
    let bob = Person::log_in(&shop, "bob", "correct horse").await;
    assert_eq!(quantities(&bob.cart().await), [(2, 1)]);
}

#[actix_web::test]
async fn a_token_beside_an_access_token_changes_nothing_and_one_of_another_form_is_refused() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let guest = Guest::of(&shop).await;
    guest.adds(2, 1).await.expect(200);
    let both = ana.request(Method::GET, "/api/cart").header("cart-token", &guest.token);
    assert_eq!(quantities(&Answer::to(both).await.expect(200).json["cart"]), []);
    for token in ["", "x", &guest.token[1..], &guest.token.replace(|_| true, "é")] {
        let wrong = Guest { shop: &shop, token: token.to_owned() };
        let refused = Answer::to(wrong.request(Method::GET, "/api/cart")).await;
        refused.expect_problem(401, "invalid_token");
        let login = json!({
            "username": "ana", "password": "correct horse", "cart_token": token,
        });
        for path in ["/auth/login", "/auth/register"] {
            let refused = Answer::to(shop.request(Method::POST, path).json(&login)).await;
            let refused = refused.expect_problem(401, "invalid_token");
            assert_eq!(refused.json["errors"][0]["pointer"], "/cart_token");
        }
    }
}

#[actix_web::test]
async fn programs_are_counted_as_guests_with_their_first_item_also_with_invented_tokens() {
    single_node("each node limits for itself");
    let settings = [("GUESTS__PER_MINUTE", "2"), ("GUESTS__COMMANDS_PER_MINUTE", "6")];
    let shop = TestShop::open_with(&settings).await;
    for _ in 0..5 {
        Guest::of(&shop).await.cart().await;
    }
    let first = Guest::of(&shop).await;
    first.adds(9_999, 1).await.expect_problem(404, "article_not_found");
    first.adds(1, 1).await.expect(200);
    first.adds(1, 1).await.expect(200);
    let invented = Guest { shop: &shop, token: "5a1e".repeat(10) + "5a1" };
    invented.adds(1, 1).await.expect(200);
    Guest::of(&shop).await.adds(1, 1).await.expect_problem(429, "too_many_guests");
    first.adds(1, 1).await.expect(200);
    first.adds(1, 1).await.expect_problem(429, "too_many_requests");
    let set = first.request(Method::PUT, "/api/cart/items/1").json(&json!({ "quantity": 5 }));
    Answer::to(set).await.expect_problem(429, "too_many_requests");
}

#[actix_web::test]
async fn a_guest_s_addition_that_is_repeated_with_its_key_takes_effect_once() {
    let shop = TestShop::open().await;
    let guest = Guest::of(&shop).await;
    let adds = async |article: u64, key: &str| {
        let item = json!({ "article_id": article, "quantity": 1 });
        let add = guest.request(Method::POST, "/api/cart/items").header("idempotency-key", key);
        Answer::to(add.json(&item)).await
    };
    for _ in 0..2 {
        adds(1, "k").await.expect(200);
        assert_eq!(quantities(&guest.cart().await), [(1, 1)]);
    }
    adds(2, "k").await.expect(200);
    assert_eq!(quantities(&guest.cart().await), [(1, 1), (2, 1)]);
    adds(1, "l").await.expect(200);
    assert_eq!(quantities(&guest.cart().await), [(1, 2), (2, 1)]);
    for key in ["", "with space", &"x".repeat(256)] {
        adds(1, key).await.expect_problem(400, "invalid_idempotency_key");
    }
}
