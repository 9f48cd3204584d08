//! Changes: a field that is absent, one that is `null`, and where a new resource is found.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::TestShop;
use crate::people::Answer;

#[actix_web::test]
async fn null_removes_what_may_be_absent_and_is_refused_elsewhere() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await.0;
    let ana = json!({ "username": "ana", "password": "correct horse", "email": "ana@example.org" });
    let ana = admin.send(Method::POST, "/api/users", ana).await.expect(201);
    let user = format!("/api/users/{}", ana.json["user"]["id"].as_str().unwrap());
    let new = json!({
        "name": "Lamp", "description": "Bright.", "price_cents": 1_000, "on_hand": 1,
    });
    let added = admin.send(Method::POST, "/api/articles", new).await.expect(201);
    let article = added.headers["location"].to_str().unwrap();
    let description = json!("Bright.");
    for (path, change, field, value) in [
        (user.as_str(), json!({ "role": "customer" }), "email", Some(json!("ana@example.org"))),
        (&user, json!({ "email": null }), "email", Some(Value::Null)),
        (&user, json!({ "email": "ana@example.net" }), "email", Some(json!("ana@example.net"))),
        (&user, json!({}), "email", Some(json!("ana@example.net"))),
        (&user, json!({ "role": null }), "role", None),
        (&user, json!({ "password": null }), "password", None),
        (&user, json!({ "email": null, "role": "admin" }), "email", Some(Value::Null)),
        (article, json!({ "price_cents": 5 }), "description", Some(description)),
        (article, json!({ "description": null }), "description", Some(json!(""))),
        (article, json!({ "name": null }), "name", None),
        (article, json!({ "price_cents": null }), "price_cents", None),
        (article, json!({ "on_hand": null }), "on_hand", None),
        (article, json!({ "active": null }), "active", None),
    ] {
        let answer = admin.send(Method::PATCH, path, change.clone()).await;
        match value {
            Some(value) => {
                let json = answer.expect(200).json;
                let resource = if path == article { "article" } else { "user" };
                assert_eq!(json[resource][field], value, "{change}");
            }
            None => {
                let problem = answer.expect_problem(422, "wrong_type").json;
                let error = json!([{ "pointer": format!("/{field}"), "code": "wrong_type" }]);
                assert_eq!(problem["errors"], error, "{change}");
            }
        }
    }
    let stored = admin.get(&user).await.expect(200).json;
    assert_eq!(stored["user"]["email"], Value::Null);
}

#[actix_web::test]
async fn null_means_the_default_where_a_new_resource_may_lack_a_field() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await.0;
    for (path, new, field) in [
        ("/api/users", json!({ "username": "ana", "password": "correct horse" }), "email"),
        ("/api/users", json!({ "username": "bob", "password": "correct horse" }), "role"),
        ("/auth/register", json!({ "username": "eve", "password": "correct horse" }), "email"),
        ("/api/articles", json!({ "name": "A", "price_cents": 1, "on_hand": 1 }), "description"),
        ("/api/articles", json!({ "name": "B", "price_cents": 1, "on_hand": 1 }), "picture"),
    ] {
        let mut with_null = new.clone();
        with_null[field] = Value::Null;
        admin.send(Method::POST, path, with_null).await.expect(201);
        for (required, _) in new.as_object().unwrap() {
            let mut without = new.clone();
            without[required] = Value::Null;
            let problem = admin.send(Method::POST, path, without).await;
            let problem = problem.expect_problem(422, "wrong_type").json;
            assert_eq!(problem["errors"][0]["pointer"], format!("/{required}"));
        }
    }
}

#[actix_web::test]
async fn the_answer_to_a_creation_says_where_the_new_resource_is() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await.0;
    let user = json!({ "username": "bob", "password": "correct horse" });
    let article = json!({ "name": "Lampe", "price_cents": 100, "on_hand": 1 });
    admin.adds(2, 1).await.expect(200);
    let created = [
        (admin.send(Method::POST, "/api/users", user).await, "/user/id", "/api/users/"),
        (admin.send(Method::POST, "/api/articles", article).await, "/article/id", "/api/articles/"),
        (admin.checks_out("k").await, "/order/id", "/api/orders/"),
    ];
    for (answer, id, start) in created {
        let answer = answer.expect(201);
        let id = answer.json.pointer(id).unwrap().to_string();
        let location = format!("{start}{}", id.trim_matches('"'));
        assert_eq!(answer.headers["location"], location);
        admin.get(&location).await.expect(200);
    }
    let again = admin.orders("k", 1, 1).await;
    assert!(again.status == 422, "the key belongs to another order: {}", again.json);
    let new = json!({ "username": "eve", "password": "correct horse" });
    let registered = shop.request(Method::POST, "/auth/register").json(&new);
    assert_eq!(Answer::to(registered).await.expect(201).headers["location"], "/auth/profile");
}

#[actix_web::test]
async fn an_order_whose_payment_is_open_says_where_it_is() {
    let shop = TestShop::open_with(&[("ORDER__PATIENCE", "100ms")]).await;
    let admin = shop.admin().await;
    admin.sets_bank("hang").await;
    admin.0.adds(2, 1).await.expect(200);
    let accepted = admin.0.checks_out("k").await.expect(202);
    let id = accepted.json["order"]["id"].as_str().unwrap();
    assert_eq!(accepted.headers["location"], format!("/api/orders/{id}"));
}
