//! All orders over REST: `/api/admin/orders`, for administrators.

use reqwest::Method;
use serde_json::{Value, json};

use super::{shop_with_ana, text};
use crate::people::Admin;

impl Admin {
    /// Reads a page of all orders, and returns their ids with the rest of the answer.
    async fn lists(&self, query: &str) -> (Vec<String>, Value) {
        let list = self.0.get(&format!("/api/admin/orders{query}")).await.expect(200).json;
        let orders = list["orders"].as_array().unwrap();
        assert_eq!(list["count"], orders.len());
        (orders.iter().map(|order| text(&order["id"]).to_owned()).collect(), list)
    }
}

#[actix_web::test]
async fn an_administrator_lists_the_orders_of_everyone_by_stage_and_by_search() {
    let (shop, admin, ana) = shop_with_ana(&[]).await;
    let bob = shop.customer("bob").await;
    let mut placed = Vec::new();
    for (person, key) in [(&ana, "a"), (&bob, "b"), (&ana, "c")] {
        placed.insert(0, text(&person.buys(2, key).await["id"]).to_owned());
    }
    let declined = text(&ana.is_declined(&admin, "d").await["id"]).to_owned();
    let all = [&[declined.clone()][..], &placed].concat();
    let (ids, list) = admin.lists("").await;
    assert_eq!((ids, &list["total"], &list["next"]), (all.clone(), &json!(4), &Value::Null));
    let (ids, list) = admin.lists("?limit=2").await;
    assert_eq!((&ids[..], &list["total"], &list["next"]), (&all[..2], &json!(4), &json!(all[1])));
    let (ids, list) = admin.lists(&format!("?limit=2&after={}", all[1])).await;
    assert_eq!((&ids[..], &list["next"]), (&all[2..], &Value::Null));
    for (query, expected) in [
        ("?status=to_ship", &placed[..]),
        ("?status=problem", &all[..1]),
        ("?status=shipped", &[]),
        ("?q=ana", &all),
        ("?q=ANA%40example", &all),
        ("?status=to_ship&q=ana&limit=1", &placed[..1]),
        ("?q=zoe", &[]),
        ("?q=+", &all),
    ] {
        assert_eq!(admin.lists(query).await.0, expected, "{query}");
    }
    let number = all[2][28..].to_uppercase();
    assert_eq!(admin.lists(&format!("?q=%23{number}")).await.0, all[2..3]);
    for (query, name) in
        [("?status=paid", "status"), ("?limit=0", "limit"), ("?after=1", "after"), ("?x=1", "x")]
    {
        let refused = admin.0.get(&format!("/api/admin/orders{query}")).await;
        let refused = refused.expect_problem(400, "invalid_query").json;
        assert!(refused.to_string().contains(name), "{refused}");
    }
    ana.get("/api/admin/orders").await.expect_problem(403, "forbidden");
}

#[actix_web::test]
async fn an_order_has_its_history_and_a_note_that_only_administrators_see() {
    let (_shop, admin, ana) = shop_with_ana(&[]).await;
    let order = ana.buys(1, "k").await;
    let path = format!("/api/admin/orders/{}", text(&order["id"]));
    let note_path = format!("/api/admin/orders/{}/note", text(&order["id"]));
    admin.moves(&order, "ship").await.expect(200);
    let note = json!({ "text": "Rings twice." });
    admin.0.send(Method::PUT, &note_path, note).await.expect(200);
    let seen = admin.0.get(&path).await.expect(200).json["order"].clone();
    assert_eq!((&seen["stage"], &seen["status"]), (&json!("shipped"), &json!("shipped")));
    assert_eq!(seen["note"]["text"], "Rings twice.");
    assert_eq!(seen["note"]["by"]["username"], "admin");
    let steps = seen["steps"].as_array().unwrap();
    let names: Vec<_> = steps.iter().map(|step| text(&step["step"])).collect();
    assert_eq!(names, ["placed", "submitted", "answered", "shipped"]);
    assert_eq!((&steps[2]["attempt"], &steps[2]["payment"]), (&json!(1), &json!("succeeded")));
    assert_eq!((&steps[2]["by"], &steps[3]["by"]["username"]), (&Value::Null, &json!("admin")));
    let own = ana.get(&format!("/api/orders/{}", text(&order["id"]))).await.expect(200).json;
    assert!(!own.to_string().contains("Rings") && !own.to_string().contains("admin"), "{own}");

    let long = "x".repeat(1_001);
    for (body, code) in [
        (json!({ "text": long }), "invalid_note"),
        (json!({ "text": "a\u{202E}b" }), "invalid_note"),
        (json!({}), "missing_field"),
        (json!({ "text": 1 }), "wrong_type"),
        (json!({ "text": "a", "by": "b" }), "unknown_field"),
    ] {
        admin.0.send(Method::PUT, &note_path, body).await.expect_problem(422, code);
    }
    admin.0.send(Method::PUT, &note_path, json!({ "text": "" })).await.expect(200);
    assert_eq!(admin.0.get(&path).await.expect(200).json["order"]["note"], Value::Null);
    let unknown = "/api/admin/orders/01890000-0000-7000-8000-000000000000";
    admin.0.get(unknown).await.expect_problem(404, "order_not_found");
}

#[actix_web::test]
async fn shipping_several_orders_says_for_each_whether_it_worked() {
    let (_shop, admin, ana) = shop_with_ana(&[]).await;
    let [one, other] = [ana.buys(2, "a").await, ana.buys(2, "b").await];
    let declined = ana.is_declined(&admin, "c").await;
    let unknown = "01890000-0000-7000-8000-000000000000";
    let ids = json!([one["id"], declined["id"], other["id"], unknown, one["id"]]);
    let ship = async |body| {
        admin.0.send(Method::POST, "/api/admin/orders/ship", json!({ "orders": body })).await
    };
    let results = ship(ids).await.expect(200).json["results"].clone();
    assert_eq!(
        results,
        json!([
            { "id": one["id"], "shipped": true },
            { "id": declined["id"], "shipped": false, "code": "wrong_state" },
            { "id": other["id"], "shipped": true },
            { "id": unknown, "shipped": false, "code": "order_not_found" },
            { "id": one["id"], "shipped": true },
        ])
    );
    ship(json!(vec![unknown; 101])).await.expect_problem(422, "out_of_range");
    ship(json!(["x"])).await.expect_problem(422, "out_of_range");
    assert_eq!(ship(json!([])).await.expect(200).json["results"], json!([]));

    let cancel = format!("/api/admin/orders/{}/cancel", text(&declined["id"]));
    ana.send(Method::POST, &cancel, json!({})).await.expect_problem(403, "forbidden");
    let cancelled = admin.0.send(Method::POST, &cancel, json!({})).await.expect(200).json;
    assert_eq!(cancelled["order"]["status"], "cancelled");
    let cancel = format!("/api/admin/orders/{}/cancel", text(&one["id"]));
    admin.0.send(Method::POST, &cancel, json!({})).await.expect_problem(409, "wrong_state");
}
