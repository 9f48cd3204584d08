//! Pushes: open pages show what other clients change, without a reload.

use serde_json::json;

use super::{ADD_A_MOUSE, MICE};
use crate::chromium::Chromium;
use crate::harness::TestShop;

#[actix_web::test]
async fn the_users_page_shows_added_and_deleted_users_at_once() {
    let shop = TestShop::open().await;
    let browser = Chromium::open().await;
    let admin = browser.window(&shop).await;
    let other = browser.window(&shop).await;
    admin.logs_in("admin", "admin").await;
    admin.opens("/admin/users").await;
    other.opens("/admin/users").await;
    let page = other.page().await;
    admin.clicks("#user-add summary").await;
    admin.types("#user-add [name=username]", "bela").await;
    admin.types("#user-add [name=password]", "correct horse").await;
    admin.clicks("#user-add form[hx-post] button").await;
    admin.sees("#users tbody tr:last-child", "bela").await;
    other.sees("#users tbody tr:last-child", "bela").await;
    admin.clicks("#users tbody tr:last-child summary").await;
    admin.clicks("#users tbody tr:last-child button").await;
    admin.sees("#notice", "Utilisateur supprimé.").await;
    admin.sees("#users tbody tr:last-child", "admin").await;
    other.sees("#users tbody tr:last-child", "admin").await;
    assert_eq!(other.page().await, page);
    browser.closes().await;
}

#[actix_web::test]
async fn pages_that_were_open_before_their_visitor_had_a_cart_show_it_at_once() {
    let shop = TestShop::open().await;
    let browser = Chromium::open().await;
    let catalogue = browser.window(&shop).await;
    let cart = browser.window(&shop).await;
    catalogue.opens("/articles").await;
    cart.opens("/cart").await;
    let pages = (catalogue.page().await, cart.page().await);
    catalogue.clicks(ADD_A_MOUSE).await;
    catalogue.sees("#cart-badge", "1").await;
    cart.sees("#cart .total", "29,90").await;
    cart.types(MICE, "3").await;
    cart.clicks("h1").await;
    catalogue.sees("#cart-badge", "3").await;
    assert_eq!((catalogue.page().await, cart.page().await), pages);
    browser.closes().await;
}

#[actix_web::test]
async fn two_first_articles_that_are_added_at_once_are_both_in_the_cart() {
    let shop = TestShop::open().await;
    let browser = Chromium::open().await;
    let catalogue = browser.window(&shop).await;
    catalogue.opens("/articles").await;
    let buttons = format!("{ADD_A_MOUSE}, #article-1 form[hx-post] button");
    catalogue.clicks_all(&buttons).await;
    catalogue.sees("#cart-badge", "2").await;
    browser.closes().await;
}

#[actix_web::test]
async fn price_and_stock_changes_appear_on_open_pages() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let browser = Chromium::open().await;
    let catalogue = browser.window(&shop).await;
    let cart = browser.window(&shop).await;
    catalogue.opens("/articles").await;
    catalogue.clicks(ADD_A_MOUSE).await;
    catalogue.sees("#cart-badge", "1").await;
    cart.opens("/cart").await;
    cart.sees("#cart .total", "29,90").await;
    let pages = (catalogue.page().await, cart.page().await);

    admin.changes_article(2, json!({ "price_cents": 3150, "on_hand": 3 })).await.expect(200);
    catalogue.sees("#article-2 .price", "31,50").await;
    catalogue.sees("#article-2 .stock", "Plus que 3").await;
    cart.sees("#cart .total", "31,50").await;
    cart.sees("#cart-item-2 .problem", "Le prix a changé").await;

    admin.changes_article(2, json!({ "on_hand": 0 })).await.expect(200);
    catalogue.sees("#article-2 .stock", "Épuisé").await;
    catalogue.sees("#article-2 button:disabled", "Ajouter").await;
    cart.sees_no("#cart a[href='/checkout']").await;

    let lamp = admin.adds_article("Lampe", 1000, 1).await;
    catalogue.sees(&format!("#article-{lamp}"), "Lampe").await;
    admin.0.delete(&format!("/api/articles/{lamp}")).await.expect(200);
    catalogue.sees_no(&format!("#article-{lamp}")).await;
    assert_eq!((catalogue.page().await, cart.page().await), pages);
    browser.closes().await;
}

#[actix_web::test]
async fn a_name_that_contains_a_script_is_shown_as_text() {
    const NAME: &str =
        "<script>document.title='x'</script><img src=x onerror=\"document.title='x'\">";
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    window.logs_in("admin", "admin").await;
    let article = admin.adds_article(NAME, 1000, 10).await;
    window.sees(&format!("#article-{article} h2"), NAME).await;
    window.reloads().await;
    window.sees(&format!("#article-{article} h2"), NAME).await;
    window.clicks(&format!("#article-{article} form[hx-post] button")).await;
    window.sees("#cart-badge", "1").await;
    window.opens("/cart").await;
    window.sees(&format!("#cart-item-{article} h2"), NAME).await;
    window.opens("/checkout").await;
    window.types("#checkout [name=name]", NAME).await;
    window.types("#checkout [name=email]", "ana@example.org").await;
    window.types("#checkout [name=address]", NAME).await;
    window.clicks("#checkout button").await;
    window.sees(".order address", &format!("{NAME}\n{NAME}")).await;
    window.sees_no(".order address img, .order address script").await;
    window.opens("/admin/users").await;
    shop.customer("<img src=x onerror=alert(1)>").await;
    window.sees("#users tbody tr:last-child", "<img src=x onerror=alert(1)>").await;
    window.sees_no("main img, main script").await;
    browser.closes().await;
}
