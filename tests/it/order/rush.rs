//! Many buyers at once: a rush is a queue, and no error.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use tokio::time::sleep;

use crate::harness::{TestShop, single_node, until};
use crate::people::{Admin, Person};

/// The number of buyers of a rush; with 16 calls at once, the bank takes 8 s for them.
const BUYERS: usize = 300;

/// The counter of calls to the bank that were approved.
const APPROVED: &str = "microshop_bank_calls_total{outcome=\"approved\"}";

/// Registers buyers with one mouse each in their carts.
async fn buyers(shop: &TestShop, admin: &Admin, count: usize) -> Vec<Person> {
    admin.changes_article(2, json!({ "on_hand": 1_000_000 })).await.expect(200);
    let mut buyers = Vec::new();
    for number in 0..count {
        let buyer = shop.customer(&format!("buyer{number}")).await;
        buyer.adds(2, 1).await.expect(200);
        buyers.push(buyer);
    }
    buyers
}

#[actix_web::test]
async fn a_rush_at_a_slow_bank_is_paid_in_turn_with_one_call_each() {
    single_node("counts what one node does");
    let mut shop = TestShop::open_with(&[("LIVE__SOCKETS_PER_ADDRESS", "1000")]).await;
    let admin = shop.admin().await;
    let buyers = buyers(&shop, &admin, BUYERS).await;
    let slow = json!({ "latency_ms": 400, "mode": "approve" });
    admin.0.send(Method::PUT, "/api/bank", slow).await.expect(200);

    let checkouts = join_all(buyers.iter().map(|buyer| buyer.checks_out("k"))).await;
    let statuses: Vec<_> = checkouts.iter().map(|answer| answer.status.as_u16()).collect();
    assert!(statuses.iter().all(|status| [201, 202].contains(status)), "{statuses:?}");
    assert!(statuses.contains(&202), "the bank was not slow");
    for buyer in &buyers {
        until(async || {
            let orders = buyer.get("/api/orders").await.expect(200).json;
            (orders["orders"][0]["status"] == "paid").then_some(())
        })
        .await;
    }
    assert_eq!(admin.reads_metric(APPROVED).await, Some(BUYERS as f64));
    shop.stop();
    assert_eq!(shop.check_findings(), "");
}

#[actix_web::test]
async fn an_article_that_is_changed_all_the_time_delays_no_checkout() {
    single_node("counts what one node does");
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    admin.sets_bank("approve").await;
    let buyers = buyers(&shop, &admin, 100).await;
    let change_all_the_time = async {
        for on_hand in 900_000.. {
            admin.changes_article(2, json!({ "on_hand": on_hand })).await;
        }
    };
    let check_out_ten_times = join_all(buyers.iter().map(async |buyer| {
        for number in 0..10 {
            if number > 0 {
                buyer.adds(2, 1).await.expect(200);
            }
            buyer.checks_out(&format!("k{number}")).await.expect(201);
        }
    }));
    tokio::select! {
        () = change_all_the_time => {}
        _ = check_out_ten_times => {}
    }
    sleep(Duration::from_millis(100)).await;
    assert_eq!(admin.reads_metric(APPROVED).await, Some(1_000.0));
}
