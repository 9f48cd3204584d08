//! Hundreds of buyers whose requests go to another node each time.

use std::cell::Cell;

use actix_web::rt::time::sleep;
use actix_web::web;
use futures_util::future::{join, join_all};
use futures_util::{StreamExt, stream};

use super::peers::calls;
use crate::cluster::Cluster;
use crate::harness::LOOK_EVERY;
use crate::people::Person;

const BUYERS: usize = 500;

/// The units of the two articles that they buy one after the other.
const UNITS: [usize; 2] = [10, BUYERS];

/// The number of buyers who register at the same time, the most that one address may.
const REGISTRATIONS: usize = 2;

/// How often a buyer repeats a checkout before the test fails, far more often than it should take.
const TRIES: usize = 200;

#[actix_web::test]
async fn five_hundred_buyers_on_three_nodes_get_what_there_is_and_pay_with_one_call_each() {
    let cluster = Cluster::open(&[]).await;
    let nodes: Vec<_> = cluster.nodes.iter().collect();
    let admin = nodes[0].admin().await;
    admin.sets_bank("approve").await;
    let arrivals = (0..BUYERS).map(async |number| {
        let buyer = nodes[number % 3].customer(&format!("buyer{number}")).await;
        buyer.at_url(&cluster.url)
    });
    let buyers: Vec<_> = stream::iter(arrivals).buffered(REGISTRATIONS).collect().await;
    let mut sold = 0;
    for units in UNITS {
        let article = admin.adds_article(&format!("Lamp {units}"), 100, units as u64).await;
        let ends = Cell::new(false);
        let buying = async {
            let bought = join_all(buyers.iter().map(|buyer| buys(buyer, article))).await;
            ends.set(true);
            bought.into_iter().filter(|bought| *bought).count()
        };
        let checking = async {
            while !ends.get() {
                let mut check = nodes[0].command(&["check"]);
                let check = web::block(move || check.output()).await.unwrap().unwrap();
                let output = String::from_utf8([check.stdout, check.stderr].concat()).unwrap();
                assert!(check.status.success(), "{output}");
            }
        };
        let (bought, ()) = join(buying, checking).await;
        assert_eq!(bought, units);
        sold += units;
        let left = admin.0.get(&format!("/api/articles/{article}")).await.json["article"].clone();
        assert_eq!(left["available"], 0);
        assert_eq!(calls(&admin, &nodes).await, sold as u64);
    }
}

/// Adds one piece and checks out, repeating what a busy node refuses. Returns whether the buyer got
/// one.
async fn buys(buyer: &Person, article: u64) -> bool {
    let key = format!("buy-{article}");
    let mut version = None;
    for _ in 0..TRIES {
        let answer = match version {
            None => buyer.adds(article, 1).await,
            Some(version) => buyer.orders(&key, version, 100).await,
        };
        match (answer.status.as_u16(), answer.json["code"].as_str().unwrap_or_default()) {
            (200, _) => version = answer.json["cart"]["version"].as_u64(),
            (201, _) => return true,
            (409, "insufficient_stock") => {
                buyer.delete("/api/cart").await.expect(200);
                return false;
            }
            (202 | 503 | 429, _) | (409, "idempotency_key_in_use") => sleep(LOOK_EVERY).await,
            _ => panic!("{}", answer.json),
        }
    }
    panic!("the checkout was never answered");
}
