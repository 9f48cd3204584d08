//! Redis is killed while nodes serve.

use std::cell::Cell;
use std::time::{Duration, Instant};

use actix_web::rt::time::sleep;
use futures_util::future::{join, join_all};

use super::{node, until_right};
use crate::redis_server::RedisServer;

const PEOPLE: usize = 9;

#[actix_web::test]
async fn a_redis_that_is_killed_under_load_loses_nothing_that_was_acknowledged() {
    kills_redis(2).await;
}

#[actix_web::test]
#[ignore = "takes a minute"]
async fn a_redis_that_is_killed_ten_times_under_load_loses_nothing() {
    kills_redis(10).await;
}

/// Kills Redis several times while people add to their carts on three nodes, and compares what was
/// acknowledged with what is stored. A node serves again within five seconds of each start.
async fn kills_redis(rounds: u32) {
    let mut redis = RedisServer::start();
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(node(&redis, &[]).await);
    }
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        people.push(nodes[number % 3].customer(&format!("buyer{number}")).await);
    }
    let ends = Cell::new(false);
    let adds = join_all(people.iter().enumerate().map(async |(number, person)| {
        let mut range = (0, 0);
        // Each request goes to another node.
        for node in nodes.iter().cycle().skip(number) {
            if ends.get() {
                break;
            }
            let answer = person.at(node).adds(4, 1).await;
            match answer.status.as_u16() {
                200 => range = (range.0 + 1, range.1 + 1),
                // It may have taken effect.
                503 => range.1 += 1,
                _ => panic!("{}", answer.json),
            }
            if range.1 >= 90 {
                // The cart is nearly full.
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
        range
    }));
    let kills = async {
        for _ in 0..rounds {
            sleep(Duration::from_millis(300)).await;
            redis.kill();
            sleep(Duration::from_millis(50)).await;
            redis.start_again();
            let started_at = Instant::now();
            for node in &nodes {
                let there = people[0].forgetting().at(node);
                until_right(&there, "/health/ready", |answer| answer["status"] == "ready").await;
            }
            assert!(started_at.elapsed() < Duration::from_secs(5));
        }
        ends.set(true);
    };
    let (ranges, ()) = join(adds, kills).await;
    for (person, (acknowledged, tried)) in people.iter().zip(ranges) {
        let kept = person.cart().await["item_count"].as_u64().unwrap();
        assert!((acknowledged..=tried).contains(&kept), "{acknowledged} <= {kept} <= {tried}");
        assert!(acknowledged > 0);
    }
}
