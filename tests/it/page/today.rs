//! The first page of the desk: its twin for programs.

use crate::harness::{TestShop, single_node, until};

#[actix_web::test]
async fn programs_get_the_figures_of_the_page() {
    single_node("a node names itself");
    let shop = TestShop::open().await;
    let (admin, ana) = (shop.admin().await, shop.customer("ana").await);
    admin.sets_bank("approve").await;
    ana.adds(2, 1).await.expect(200);
    let total = ana.cart().await["total_cents"].clone();
    ana.checks_out("k").await.expect(201);
    ana.get("/api/admin/today").await.expect_problem(403, "forbidden");
    let today = until(async || {
        let today = admin.0.get("/api/admin/today").await.expect(200).json["today"].clone();
        (today["sums"]["paid"] == 1).then_some(today)
    })
    .await;
    assert_eq!(today["sums"]["revenue_cents"], total);
    assert_eq!(today["sums"]["payments"]["approved"]["count"], 1);
    assert_eq!(today["to_do"]["to_ship"], 1);
    assert_eq!(today["orders"]["paid"], 1);
    assert_eq!(today["days"][6]["paid_cents"], total);
    assert_eq!(today["hours"].as_array().unwrap().len(), 24);
    assert_eq!(today["breaker"]["state"], "closed");
    assert_eq!(today["node"], shop.url.trim_start_matches("http://"));
}
