//! The pages for authors of programs.

use crate::chromium::Chromium;
use crate::harness::TestShop;

#[actix_web::test]
async fn the_reference_shows_the_api_and_sends_a_request_under_its_policy() {
    let shop = TestShop::open().await;
    let browser = Chromium::open_in_english().await;
    let window = browser.window(&shop).await;
    window.opens("/docs").await;
    window.sees("#reference .title", "MicroShop").await;
    const LIST: &str = "#operations-article-list_articles";
    window.clicks(&format!("{LIST} .opblock-summary-control")).await;
    window.clicks(&format!("{LIST} .execute")).await;
    window
        .sees(&format!("{LIST} .live-responses-table .response .response-col_status"), "200")
        .await;
    window.sees(&format!("{LIST} .live-responses-table .microlight"), "Laptop").await;
    // The browser reports whatever the policy has blocked.
    browser.closes().await;
}

#[actix_web::test]
async fn the_explanation_of_a_code_is_at_its_anchor() {
    let shop = TestShop::open().await;
    let browser = Chromium::open_in_english().await;
    let window = browser.window(&shop).await;
    window.opens("/docs/errors#empty_cart").await;
    window.sees("dt:target", "empty_cart").await;
    window.sees("dt:target + dd", "cart is empty").await;
    browser.closes().await;
}
