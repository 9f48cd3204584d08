//! `microshop check` beside nodes that sell.

use std::cell::Cell;

use actix_web::web;
use futures_util::future;

use super::node;
use crate::redis_server::RedisServer;

#[actix_web::test]
async fn a_check_beside_buyers_names_no_difference_that_is_none() {
    let redis = RedisServer::start();
    let nodes = [node(&redis, &[]).await, node(&redis, &[]).await];
    let admin = nodes[0].admin().await;
    admin.sets_bank("approve").await;
    let article = admin.adds_article("Lamp", 100, 100_000).await;
    let ends = Cell::new(false);
    let buyers = ["ana", "bob", "eve", "joe"].into_iter().zip(nodes.iter().cycle());
    let buying = buyers.map(async |(name, node)| {
        let buyer = node.customer(name).await;
        let mut orders = 0;
        while !ends.get() {
            buyer.adds(article, 1).await.expect(200);
            buyer.checks_out(&format!("{orders}")).await.expect(201);
            orders += 1;
        }
        orders
    });
    let checking = async {
        for _ in 0..8 {
            let mut check = nodes[0].command(&["check"]);
            let check = web::block(move || check.output()).await.unwrap().unwrap();
            let output = String::from_utf8([check.stdout, check.stderr].concat()).unwrap();
            assert!(check.status.success(), "{output}");
        }
        ends.set(true);
    };
    let (orders, ()) = future::join(future::join_all(buying), checking).await;
    assert!(orders.iter().all(|orders| *orders > 3), "{orders:?}");
}
