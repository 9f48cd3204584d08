//! Refresh tokens: one successor for each token, and the end of a session whose token is reused.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::json;

use super::{refreshes, successor};
use crate::harness::{TestShop, until};
use crate::people::{Person, generation, part};
use crate::socket::Socket;

#[actix_web::test]
async fn every_refresh_token_returns_its_successor() {
    let shop = TestShop::open().await;
    let mut ana = shop.customer("ana").await;
    for _ in 0..3 {
        let next = refreshes(&shop, &ana.refresh_token).await.expect(200).json;
        assert_eq!((&next["success"], &next["expires_in"]), (&json!(true), &json!(3_600)));
        assert_ne!(next["refresh_token"], ana.refresh_token);
        ana.takes(&next);
        ana.is_signed_in().await;
    }
}

#[actix_web::test]
async fn fifty_parallel_refreshes_of_one_token_return_one_successor() {
    let shop = TestShop::open().await;
    let mut ana = shop.customer("ana").await;
    for newest in 2..5 {
        let answers = join_all((0..50).map(|_| refreshes(&shop, &ana.refresh_token))).await;
        let tokens: Vec<_> = answers.into_iter().map(|answer| answer.expect(200).json).collect();
        let successors: BTreeSet<_> =
            tokens.iter().map(|tokens| tokens["refresh_token"].to_string()).collect();
        assert_eq!(successors.len(), 1, "{successors:?}");
        ana.takes(&tokens[49]);
        assert_eq!(generation(&ana.refresh_token), newest);
        ana.is_signed_in().await;
    }
}

#[actix_web::test]
async fn a_reused_refresh_token_ends_its_session_and_no_other() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let other = Person::log_in_again(&shop, "ana").await;
    let stolen = &ana.refresh_token;
    let second = successor(&shop, stolen).await;
    let third = successor(&shop, &second).await;
    refreshes(&shop, stolen).await.expect_problem(401, "invalid_token");
    refreshes(&shop, &third).await.expect_problem(401, "invalid_token");
    ana.is_signed_out().await;
    other.is_signed_in().await;
}

#[actix_web::test]
async fn every_reused_token_ends_its_session_and_notifies_the_others() {
    let shop = TestShop::open_with(&[("AUTH__REFRESH_GRACE", "0s")]).await;
    let other = shop.customer("ana").await;
    let mut socket_of_other = Socket::open(&shop, &other.token).await;
    socket_of_other.subscribes(&["session"]).await;
    for stolen in 0..3 {
        let ana = Person::log_in_again(&shop, "ana").await;
        let mut socket = Socket::open(&shop, &ana.token).await;
        let mut chain = vec![ana.refresh_token.clone()];
        while chain.len() < 5 {
            chain.push(successor(&shop, chain.last().unwrap()).await);
        }
        refreshes(&shop, &chain[stolen]).await.expect_problem(401, "invalid_token");
        for token in chain.iter().rev() {
            refreshes(&shop, token).await.expect_problem(401, "invalid_token");
        }
        ana.is_signed_out().await;
        assert_eq!(socket.is_closed().await, (1008, "revoked".into()));
        let event = socket_of_other.receives_event("session.ended").await;
        assert_eq!(
            event["data"],
            json!({ "id": part(&ana.token, 1)["sid"], "reason": "token_reused" })
        );
        other.is_signed_in().await;
    }
    socket_of_other.receives_nothing_more().await;
}

#[actix_web::test]
async fn parallel_uses_of_old_tokens_are_all_refused_with_the_same_response() {
    let shop = TestShop::open_with(&[("AUTH__REFRESH_GRACE", "0s")]).await;
    shop.customer("ana").await;
    for _ in 0..5 {
        let ana = Person::log_in_again(&shop, "ana").await;
        let second = successor(&shop, &ana.refresh_token).await;
        successor(&shop, &second).await;
        let tokens = [&ana.refresh_token, &second];
        let uses = (0..16).map(|number| refreshes(&shop, tokens[number % 2]));
        for answer in join_all(uses).await {
            answer.expect_problem(401, "invalid_token");
        }
        ana.is_signed_out().await;
    }
}

#[actix_web::test]
async fn parallel_sign_outs_end_the_session_or_find_the_token_invalid() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let sign_out = || ana.send(reqwest::Method::POST, "/auth/logout", json!({}));
    for answer in join_all((0..16).map(|_| sign_out())).await {
        if answer.status != 200 {
            answer.expect_problem(401, "invalid_token");
        }
    }
    ana.is_signed_out().await;
}

#[actix_web::test]
async fn a_used_token_returns_its_successor_during_the_grace_period() {
    let shop = TestShop::open_with(&[("AUTH__REFRESH_GRACE", "2s")]).await;
    let ana = shop.customer("ana").await;
    let next = successor(&shop, &ana.refresh_token).await;
    assert_eq!(successor(&shop, &ana.refresh_token).await, next);
    let refused = async || {
        Some(refreshes(&shop, &ana.refresh_token).await).filter(|answer| answer.status != 200)
    };
    until(refused).await.expect_problem(401, "invalid_token");
    refreshes(&shop, &next).await.expect_problem(401, "invalid_token");
    ana.is_signed_out().await;
}

#[actix_web::test]
async fn without_a_grace_period_a_used_token_ends_its_session() {
    let shop = TestShop::open_with(&[("AUTH__REFRESH_GRACE", "0s")]).await;
    let ana = shop.customer("ana").await;
    successor(&shop, &ana.refresh_token).await;
    refreshes(&shop, &ana.refresh_token).await.expect_problem(401, "invalid_token");
    ana.is_signed_out().await;
}
