//! What is kept of a person: `/auth/export`, `/api/users/{id}/export` and
//! `/admin/users/{id}/export`.

use reqwest::Method;
use serde_json::json;

use crate::harness::TestShop;
use crate::people::signs_in;

#[actix_web::test]
async fn a_user_and_administrators_receive_what_is_kept_of_the_user() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    admin.sets_bank("approve").await;
    let ana = shop.customer("ana").await;
    ana.adds(2, 2).await.expect(200);
    let order = ana.checks_out("k").await.expect(201).json["order"]["id"].clone();
    ana.adds(1, 3).await.expect(200);
    let bob = shop.customer("bob").await;
    bob.adds(1, 1).await.expect(200);
    bob.checks_out("k").await.expect(201);

    let own = ana.get("/auth/export").await.expect(200);
    let file = own.headers["content-disposition"].to_str().unwrap().to_owned();
    assert!(file.starts_with("attachment; filename=\"user-"), "{file}");
    assert_eq!(own.headers["cache-control"], "no-store");
    let kept = own.json;
    let id = kept["user"]["id"].as_str().unwrap();
    assert_eq!((&kept["user"]["username"], &kept["user"]["orders"]), (&json!("ana"), &json!(1)));
    assert_eq!((kept["orders"].as_array().unwrap().len(), &kept["orders"][0]["id"]), (1, &order));
    assert_eq!(kept["orders"][0]["address"], "1 Quay Street");
    assert_eq!(kept["cart"]["items"], json!([{ "article_id": 1, "quantity": 3 }]));
    assert_eq!(kept["sessions"][0]["address"], "127.0.0.1");
    assert_eq!(kept["networks"][0]["network"], "127.0.0.1/32");
    let events = kept["events"].as_array().unwrap();
    assert!(events.iter().any(|event| event["type"] == "order.placed"), "{kept}");
    let text = kept.to_string();
    // No administrator is named.
    assert!(!text.contains("\"by\"") && !text.contains("admin"), "{text}");
    assert!(!text.contains("bob") && !text.contains("hash") && !text.contains("$scrypt$"));

    let path = format!("/api/users/{id}/export");
    let seen = admin.0.get(&path).await.expect(200).json;
    assert_eq!((&seen["orders"], &seen["cart"]), (&kept["orders"], &kept["cart"]));
    bob.get(&path).await.expect_problem(403, "forbidden");
    let cookie = signs_in(&shop, "admin", "admin").await;
    let page = shop.request(Method::GET, &format!("/admin/users/{id}/export"));
    let page = page.header("cookie", cookie).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("\"username\":\"ana\""));
    let unknown = "/api/users/01890000-0000-7000-8000-000000000000/export";
    admin.0.get(unknown).await.expect_problem(404, "user_not_found");
}
