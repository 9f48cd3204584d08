//! Nodes whose own clocks are wrong follow that of Redis.

use reqwest::Method;
use serde_json::json;

use super::node;
use crate::clock::Calendar;
use crate::harness::fails_to_start;
use crate::people::{Person, signs_in};
use crate::redis_server::RedisServer;

/// Half a minute, which is allowed when a node starts.
const SKEW: i64 = 30;

/// Two days, in hours.
const TWO_DAYS: i64 = 48;

#[actix_web::test]
async fn tokens_are_refreshed_on_nodes_whose_clocks_differ_and_no_session_ends() {
    for seconds in [SKEW, -SKEW] {
        let redis = RedisServer::start();
        let first = node(&redis, &[]).await;
        let mut second = node(&redis, &[]).await;
        let calendar = Calendar::new();
        calendar.steps_to(seconds);
        second.stop();
        second.start_again_with(&calendar.variables());
        let ana = first.customer("ana").await;
        let nodes = [ana.at(&first), ana.at(&second)];
        let mut token = ana.refresh_token.clone();
        for round in 0..20 {
            // Both use the token: one rotates it, and the other gets the successor too.
            let rotated = refreshes(&nodes[round % 2], &token).await;
            assert_eq!(refreshes(&nodes[(round + 1) % 2], &token).await, rotated);
            token = rotated;
        }
    }
}

/// Presents a refresh token, and returns its successor.
async fn refreshes(person: &Person, token: &str) -> String {
    let body = json!({ "refresh_token": token });
    let answer = person.send(Method::POST, "/auth/refresh", body).await.expect(200);
    person
        .with(answer.json["access_token"].as_str().unwrap())
        .get("/auth/profile")
        .await
        .expect(200);
    answer.json["refresh_token"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn nothing_is_lost_while_the_clock_of_a_node_is_wrong_by_two_days() {
    for hours in [TWO_DAYS, -TWO_DAYS] {
        let redis = RedisServer::start();
        let settings =
            [("AUTH__REFRESH_TTL", "1h"), ("CART__TTL", "1h"), ("CART__GUEST_TTL", "1h")];
        let first = node(&redis, &settings).await;
        let mut second = node(&redis, &settings).await;
        let calendar = Calendar::of(&mut second);
        let mut people = Vec::new();
        for number in 0..8 {
            let person = first.customer(&format!("buyer{number}")).await;
            person.adds(2, 1).await.expect(200);
            people.push(person);
        }
        let cookie = signs_in(&first, "buyer0", "correct horse").await;
        let cookie = cookie.split('=').next_back().unwrap();

        calendar.is_ahead_by(hours);
        for (number, person) in people.iter().enumerate() {
            person.at(&second).adds(3, 1).await.expect(200);
            let name = format!("buyer{number}");
            let late = Person::log_in(&second, &name, "correct horse").await;
            late.at(&first).get("/auth/profile").await.expect(200);
            refreshes(&late.at(&first), &late.refresh_token).await;
        }
        for node in [&second, &first] {
            assert_eq!(super::account(node, cookie).await, 200);
            for person in &people {
                assert_eq!(person.at(node).cart().await["item_count"], 2);
                refreshes(&person.at(node), &person.refresh_token).await;
            }
        }
    }
}

#[actix_web::test]
async fn a_node_whose_clock_is_wrong_by_more_than_a_minute_does_not_start() {
    for seconds in [90, -90] {
        let redis = RedisServer::start();
        let shop = node(&redis, &[]).await;
        let calendar = Calendar::new();
        calendar.steps_to(seconds);
        let mut serving = shop.serving();
        serving.envs(calendar.variables());
        let reason = fails_to_start(&mut serving);
        let about = |second: i64| format!("is {second} s ahead");
        let is_named = (-1..=1).any(|error| reason.contains(&about(-seconds + error)));
        assert!(is_named && reason.contains("store.max_clock_offset"), "{reason}");
    }
}
