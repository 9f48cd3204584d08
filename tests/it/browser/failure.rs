//! Commands that fail on their way say so, and a lost connection is shown and said.

use super::{ADD_A_MOUSE, SERVER_DOWN};
use crate::chromium::Chromium;
use crate::gateway::Gateway;
use crate::harness::{TestShop, single_node};

/// The path of the command that adds a mouse to the cart.
const ADD: &str = "/cart/add/2";

#[actix_web::test]
async fn a_command_without_a_reply_says_so_and_can_be_sent_again() {
    single_node("a balancer asks another node");
    for browser in Chromium::open_each_size().await {
        let mut shop = TestShop::open().await;
        let window = browser.window(&shop).await;
        window.opens("/articles").await;
        window.sees(".indicator", "Live").await;
        shop.kill();
        window.clicks(ADD_A_MOUSE).await;
        window.sees("#notice[role=status] .error", "The shop did not reply.").await;
        shop.start_again();
        window.clicks(ADD_A_MOUSE).await;
        window.sees("#notice .success", "Added").await;
        window.sees("#cart-badge", "1").await;
        let errors = [&SERVER_DOWN[..], &[ADD, "htmx:error", "/static/pictures/"]].concat();
        browser.closes_after_errors(&errors).await;
    }
}

#[actix_web::test]
async fn a_command_that_takes_too_long_or_that_a_proxy_answers_says_so() {
    let shop = TestShop::open().await;
    let gateway = Gateway::to(&shop).await;
    let browser = Chromium::open().await;
    let window = browser.window_at(&gateway.url).await;
    window.opens("/articles").await;
    window.sees(".indicator", "En direct").await;
    gateway.fails(ADD);
    window.clicks(ADD_A_MOUSE).await;
    window.sees("#notice .error", "La boutique ne peut pas répondre").await;
    gateway.holds(ADD);
    window.loses_patience_after(200).await;
    window.clicks(ADD_A_MOUSE).await;
    window.sees("#notice .error", "La boutique met trop longtemps").await;
    gateway.opens();
    window.loses_patience_after(60_000).await;
    window.clicks(ADD_A_MOUSE).await;
    // The shop carried out the command whose answer was late.
    window.sees("#cart-badge", "2").await;
    browser.closes_after_errors(&[ADD, "htmx:error"]).await;
}

#[actix_web::test]
async fn a_page_without_a_network_is_not_live() {
    for browser in Chromium::open_each_size().await {
        let shop = TestShop::open().await;
        let ana = shop.customer("ana").await;
        let window = browser.window(&shop).await;
        window.logs_in("ana", "correct horse").await;
        window.sees(".indicator", "Live").await;
        browser.sets_offline(true).await;
        window.sees(".indicator", "Reconnecting").await;
        window.sees("#connection[role=status]", "Connection lost").await;
        ana.adds(2, 1).await.expect(200);
        browser.sets_offline(false).await;
        window.sees(".indicator", "Live").await;
        window.sees("#connection", "Connected again").await;
        window.sees("#cart-badge", "1").await;
        browser.closes_after_errors(&SERVER_DOWN).await;
    }
}
