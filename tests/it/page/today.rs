//! The first page of the desk: its twin for programs, and what it costs.

use actors::clock::{Clock, new_id};
use actors::tables::table::Row;
use domain::order::{Order, OrderId};

use super::visitor::Visitor;
use crate::filled::forget_statistics;
use crate::harness::{TestShop, make_private, single_node, until};
use crate::people::Admin;

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

#[actix_web::test]
async fn the_page_reads_as_much_with_ten_thousand_orders_as_with_a_hundred() {
    single_node("counts what one node does");
    assert_eq!(cost(10_000).await, cost(100).await);
}

/// Returns how often a load of the page reads from the store, and how many rows, in a shop with so
/// many orders.
async fn cost(orders: u64) -> (u64, u64) {
    let shop = open_with_orders(orders).await;
    let admin = shop.admin().await;
    until(async || {
        let today = admin.0.get("/api/admin/today").await.expect(200).json["today"].clone();
        (today["ever"]["orders"] == orders && today["counting"] == false).then_some(())
    })
    .await;
    let visitor = Visitor::enter(&shop);
    visitor.post("/login", &[("username", "admin"), ("password", "admin")]).await.leads_to("/");
    let mut least = (u64::MAX, u64::MAX);
    // The shop may read something else in the meantime.
    for _ in 0..10 {
        let before = read_so_far(&admin).await;
        visitor.get("/admin").await.shows("id=\"today\"");
        let after = read_so_far(&admin).await;
        least = least.min((after.0 - before.0, after.1 - before.1));
    }
    eprintln!("{orders} orders: (reads, rows) {least:?}");
    least
}

/// Opens a shop with this many orders.
async fn open_with_orders(orders: u64) -> TestShop {
    let mut shop = TestShop::open().await;
    shop.admin().await.sets_bank("approve").await;
    let ana = shop.customer("ana").await;
    ana.adds(2, 1).await.expect(200);
    ana.checks_out("k").await.expect(201);
    shop.stop();
    let tables = shop.tables().await;
    let (_, Row { value: order, .. }) = tables.orders.all().await.unwrap().remove(0);
    let now = Clock::System.now();
    let mut batch = tables.batch(now);
    for _ in 1..orders {
        let order = Order { id: OrderId(new_id(now)), ..order.clone() };
        batch.put(&tables.orders, order.id, None, &order).unwrap();
    }
    forget_statistics(&tables, &mut batch).await;
    tables.commit(batch).await.unwrap();
    drop(tables);
    make_private(&shop.path("data"));
    shop.start_again();
    shop
}

/// Returns how often the shop has read from its store, and how many rows.
async fn read_so_far(admin: &Admin) -> (u64, u64) {
    let reads = async |name: &str| admin.reads_metric(name).await.unwrap() as u64;
    (reads("microshop_store_reads_total").await, reads("microshop_store_rows_total").await)
}
