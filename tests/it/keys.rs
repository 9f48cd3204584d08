//! Replacing the signing key while tokens signed by the old key are still valid.

use reqwest::Method;
use serde_json::json;

use crate::harness::{TestShop, single_node};
use crate::people::Answer;

const OLD: &str = "an-old-secret-of-more-than-32-bytes";
const NEW: &str = "a-new-secret-of-more-than-32-bytes";

#[actix_web::test]
async fn replacing_a_key_signs_no_user_out() {
    let mut shop = TestShop::open_with(&[("AUTH__SECRET", OLD)]).await;
    let mut ana = shop.customer("ana").await;

    restarts_with(&mut shop, &format!("{NEW} {OLD}"));
    ana.get("/auth/profile").await.expect(200);
    let refreshed = refreshes(&shop, &ana.refresh_token).await.expect(200).json;

    restarts_with(&mut shop, NEW);
    ana.get("/auth/profile").await.expect_problem(401, "invalid_token");
    refreshes(&shop, &ana.refresh_token).await.expect_problem(401, "invalid_token");
    refreshes(&shop, refreshed["refresh_token"].as_str().unwrap()).await.expect(200);
    ana.token = refreshed["access_token"].as_str().unwrap().into();
    ana.get("/auth/profile").await.expect(200);
}

#[actix_web::test]
async fn generated_keys_are_rotated_automatically() {
    single_node("nodes have configured keys");
    let mut shop = TestShop::open_with(&[("AUTH__KEY_ROTATION", "1ms")]).await;
    let ana = shop.customer("ana").await;
    shop.stop();
    shop.start_again();
    ana.get("/auth/profile").await.expect(200);
    let tokens = refreshes(&shop, &ana.refresh_token).await.expect(200).json;
    let header = |token: &str| token.split('.').next().unwrap().to_owned();
    assert_ne!(header(tokens["access_token"].as_str().unwrap()), header(&ana.token));
}

fn restarts_with(shop: &mut TestShop, secrets: &str) {
    shop.stop();
    shop.set("AUTH__SECRET", secrets);
    shop.start_again();
}

async fn refreshes(shop: &TestShop, token: &str) -> Answer {
    let body = json!({ "refresh_token": token });
    Answer::to(shop.request(Method::POST, "/auth/refresh").json(&body)).await
}
