//! What a push preserves on a page: input, the scroll position, the selection, and newer state.

use serde_json::json;

use super::MICE;
use crate::chromium::Chromium;
use crate::harness::TestShop;

#[actix_web::test]
async fn a_half_typed_quantity_survives_a_push_and_is_saved() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    ana.adds(2, 1).await.expect(200);
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    let other = browser.window(&shop).await;
    window.logs_in("ana", "correct horse").await;
    window.opens("/cart").await;
    other.opens("/cart").await;
    other.sees("#cart-badge", "1").await;
    window.types(MICE, "1").await;
    ana.adds(3, 1).await.expect(200);
    ana.adds(2, 3).await.expect(200);
    window.sees("#cart-badge", "5").await;
    assert_eq!(window.holds(MICE).await, "1");
    window.adds_to(MICE, "2\n").await;
    window.sees("#cart-badge", "13").await;
    other.sees("#cart-badge", "13").await;
    assert_eq!(other.holds(MICE).await, "12");
    other.types(MICE, "7").await;
    other.adds_to(MICE, "\n").await;
    window.clicks("h1").await;
    window.sees("#cart-badge", "8").await;
    browser.closes().await;
}

#[actix_web::test]
async fn a_half_filled_form_survives_a_change_of_the_language() {
    for browser in Chromium::open_each_size().await {
        let shop = TestShop::open().await;
        let ana = shop.customer("ana").await;
        ana.adds(2, 1).await.expect(200);
        let window = browser.window(&shop).await;
        window.logs_in("ana", "correct horse").await;
        window.opens("/checkout").await;
        window.types("#checkout [name=name]", "Ana Lévêque").await;
        window.clicks(".languages [value=fr]").await;
        window.sees("h1", "Finaliser la commande").await;
        assert_eq!(window.holds("#checkout [name=name]").await, "Ana Lévêque");
        browser.closes().await;
    }
}

#[actix_web::test]
async fn a_half_filled_form_survives_a_push() {
    let shop = TestShop::open().await;
    let browser = Chromium::open_on_a_phone().await;
    let window = browser.window(&shop).await;
    window.logs_in("admin", "admin").await;
    window.opens("/admin/users").await;
    window.clicks("#user-add summary").await;
    window.types("#user-add [name=username]", "bela").await;
    shop.customer("ana").await;
    window.sees("#users tbody tr:last-child", "ana").await;
    window.adds_to("#user-add [name=username]", "\u{e012}x").await;
    assert_eq!(window.holds("#user-add [name=username]").await, "belxa");
    window.clicks("#user-add .close button").await;
    window.scrolls_to("#users").await;
    assert!(window.is_on_the_screen("#users tbody tr:last-child summary").await);
    browser.closes().await;
}

#[actix_web::test]
async fn a_push_keeps_the_scroll_position_and_the_selection() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let browser = Chromium::open_on_a_phone().await;
    let window = browser.window(&shop).await;
    window.opens("/articles").await;
    window.sees("#article-5 .stock", "18").await;
    window.scrolls_to("#article-5").await;
    window.selects("#article-5 h2").await;
    let scroll_position = window.scroll_position().await;
    let selected = window.selected().await;
    assert!(scroll_position > 0 && !selected.is_empty());
    admin.changes_article(1, json!({ "price_cents": 99_900 })).await.expect(200);
    admin.changes_article(5, json!({ "on_hand": 4 })).await.expect(200);
    window.sees("#article-5 .stock", "4").await;
    window.sees("#article-1 .price", "999.00").await;
    assert_eq!(
        (window.scroll_position().await, window.selected().await),
        (scroll_position, selected)
    );
    browser.closes().await;
}

#[actix_web::test]
async fn a_response_does_not_replace_what_a_later_push_shows() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    ana.adds(2, 1).await.expect(200);
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    window.logs_in("ana", "correct horse").await;
    window.opens("/cart").await;
    window.delays_responses().await;
    window.clicks("#confirm-cart-clear summary").await;
    window.clicks("#confirm-cart-clear button").await;
    window.sees("#cart-badge", "0").await;
    ana.adds(3, 1).await.expect(200);
    window.sees("#cart-badge", "1").await;
    window.sees("#notice", "Panier vidé").await;
    assert_eq!(window.reads("#cart-badge").await, "1");
    browser.closes().await;
}
