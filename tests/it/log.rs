//! The log stays short when one fault fails every request.

use std::time::Instant;

use futures_util::future::join_all;

use crate::harness::{TestShop, until};
use crate::people::Person;
use crate::redis_server::RedisServer;

/// How many requests fail.
const REQUESTS: usize = 300;

/// The most lines that a shop logs in ten seconds while they fail.
const MOST_LINES: usize = 100;

#[actix_web::test]
async fn an_outage_of_redis_that_fails_every_request_is_logged_at_a_bounded_rate() {
    let mut redis = RedisServer::start();
    let shop = TestShop::open_logged(&[("STORE__URL", &redis.url())]).await;
    let ana = shop.customer("ana").await;
    redis.kill();
    let log = log_of_failing_requests(&shop, &ana).await;
    assert!(log.contains("redis is unavailable"), "{log}");
    redis.start_again();
    until(async || (ana.get("/api/cart").await.status == 200).then_some(())).await;
}

#[actix_web::test]
async fn an_actor_that_panics_at_every_request_is_logged_at_a_bounded_rate() {
    let shop = TestShop::open_logged_to_fail(&[], "carts=panic").await;
    let ana = shop.customer("ana").await;
    let log = log_of_failing_requests(&shop, &ana).await;
    assert!(log.contains("a thread panicked"), "{log}");
    assert!(log.contains("actor panicked"), "{log}");
}

/// Sends requests that fail, and returns the log. Checks that it is short and says that lines were
/// left out.
async fn log_of_failing_requests(shop: &TestShop, ana: &Person) -> String {
    let began = Instant::now();
    for _ in 0..REQUESTS / 20 {
        let answers = join_all((0..20).map(|_| ana.adds(1, 1))).await;
        answers.into_iter().for_each(|answer| drop(answer.expect_problem(503, "unavailable")));
    }
    let log = shop.file("log");
    let periods = 1 + began.elapsed().as_secs() as usize / 10;
    assert!(log.lines().count() < MOST_LINES * periods, "{log}");
    assert!(log.contains("leaving out a line that is logged too often"), "{log}");
    log
}
