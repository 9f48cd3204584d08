//! The shop in a real browser: what people do on its pages, and what they see happen by itself.

use reqwest::Method;
use serde_json::{Value, json};

use crate::chromium::Chromium;
use crate::harness::TestShop;
use crate::people::Admin;
use crate::socket::Socket;

mod calm;
mod together;

const ADD_A_MOUSE: &str = "#article-2 form[hx-post] button";
const MICE: &str = "#cart-quantity-2";

/// What the console says of a shop that doesn't answer.
const AWAY: [&str; 2] = ["/live?", "htmx:ws:error"];

#[actix_web::test]
async fn what_is_bought_in_one_window_is_seen_in_another_and_by_a_program() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    has_a_slow_bank(&admin).await;
    let mut program = Socket::open(&shop, &admin.0.token).await;
    program.say(json!({ "subscribe": ["cart", "orders"] })).await;
    let browser = Chromium::open().await;
    let (shopper, elsewhere) = (browser.window(&shop).await, browser.window(&shop).await);
    shopper.logs_in("admin", "admin").await;
    elsewhere.opens("/cart").await;
    elsewhere.sees("#cart", "Votre panier est vide.").await;
    let cart_page = elsewhere.page().await;

    shopper.clicks(ADD_A_MOUSE).await;
    shopper.sees("#notice", "Article ajouté au panier.").await;
    shopper.sees("#cart-badge", "1").await;
    elsewhere.sees("#cart-badge", "1").await;
    elsewhere.sees("#cart-item-2", "Souris sans fil").await;
    hears_until(&mut program, "cart.changed", |cart| cart["item_count"] == 1).await;

    shopper.opens("/cart").await;
    shopper.clicks("#cart a[href='/checkout']").await;
    shopper.fills_in_the_checkout().await;
    shopper.sees(".order .bank.waiting .spinner + p", "Paiement en cours").await;
    let order_page = shopper.page().await;
    shopper.sees(".order .bank.good", "Paiement accepté").await;
    shopper.sees(".order-head .badge", "Payée").await;
    assert_eq!(shopper.page().await, order_page);
    elsewhere.sees("#cart", "Votre panier est vide.").await;
    elsewhere.sees("#cart-badge", "0").await;
    assert_eq!(elsewhere.page().await, cart_page);
    hears_until(&mut program, "order.changed", |order| order["status"] == "paid").await;

    shopper.clicks(".navigation a[href='/orders']").await;
    shopper.sees("#orders .line", "Payée").await;
    browser.closes().await;
}

#[actix_web::test]
async fn a_double_click_and_a_second_tab_place_one_order() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    ana.adds(2, 1).await.expect(200);
    let browser = Chromium::open().await;
    let (window, elsewhere) = (browser.window(&shop).await, browser.window(&shop).await);
    window.logs_in("ana", "correct horse").await;
    for tab in [&window, &elsewhere] {
        tab.opens("/checkout").await;
        tab.says_who_gets_it().await;
    }
    window.double_clicks("#checkout button").await;
    elsewhere.clicks("#checkout button").await;
    for tab in [&window, &elsewhere] {
        tab.sees(".order .bank.good", "Paiement accepté").await;
    }
    let orders = ana.get("/api/orders").await.expect(200).json["orders"].clone();
    assert_eq!(
        (orders.as_array().unwrap().len(), &orders[0]["payment"]["attempt"]),
        (1, &json!(1))
    );
    browser.closes().await;
}

#[actix_web::test]
async fn the_shop_sells_to_a_browser_without_scripts() {
    let shop = TestShop::open().await;
    has_a_slow_bank(&shop.admin().await).await;
    let browser = Chromium::open_without_scripts().await;
    let shopper = browser.window(&shop).await;
    shopper.logs_in("admin", "admin").await;
    shopper.clicks(ADD_A_MOUSE).await;
    shopper.sees("#cart-badge", "1").await;
    shopper.is_at("/articles").await;
    assert_eq!(shopper.reads(".indicator").await, "");
    shopper.opens("/cart").await;
    shopper.types(MICE, "2").await;
    shopper.clicks("#cart-item-2 .quantity button").await;
    shopper.sees("#cart-badge", "2").await;
    shopper.clicks("#cart a[href='/checkout']").await;
    shopper.fills_in_the_checkout().await;
    shopper.sees(".order .bank.waiting", "Paiement en cours").await;
    shopper.reloads_until(".order .bank.good", "Paiement accepté").await;
    shopper.clicks(".navigation a[href='/orders']").await;
    shopper.sees("#orders .line", "Payée").await;
    browser.closes().await;
}

#[actix_web::test]
async fn an_administrator_sees_users_come_and_go() {
    let shop = TestShop::open().await;
    let browser = Chromium::open().await;
    let (admin, elsewhere) = (browser.window(&shop).await, browser.window(&shop).await);
    admin.logs_in("admin", "admin").await;
    admin.opens("/admin/users").await;
    elsewhere.opens("/admin/users").await;
    let page = elsewhere.page().await;
    admin.types("#user-add [name=username]", "bela").await;
    admin.types("#user-add [name=password]", "correct horse").await;
    admin.clicks("#user-add button").await;
    admin.sees("#users tbody tr:last-child", "bela").await;
    elsewhere.sees("#users tbody tr:last-child", "bela").await;
    admin.clicks("#users tbody tr:last-child button").await;
    admin.agrees().await;
    admin.sees("#notice", "Utilisateur supprimé.").await;
    admin.sees("#users tbody tr:last-child", "admin").await;
    elsewhere.sees("#users tbody tr:last-child", "admin").await;
    assert_eq!(elsewhere.page().await, page);
    browser.closes().await;
}

#[actix_web::test]
async fn an_open_page_comes_back_by_itself_after_a_crash_and_shows_the_truth() {
    let mut shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    window.logs_in("ana", "correct horse").await;
    window.opens("/cart").await;
    window.sees(".indicator", "En direct").await;
    let page = window.page().await;
    shop.kill();
    window.sees(".indicator", "Reconnexion").await;
    shop.start_again();
    ana.adds(2, 3).await.expect(200);
    window.sees(".indicator", "En direct").await;
    window.sees("#cart-item-2", "Souris sans fil").await;
    window.sees("#cart-badge", "3").await;
    ana.adds(2, 1).await.expect(200);
    window.sees("#cart-badge", "4").await;
    assert_eq!(window.page().await, page);
    browser.closes_having_seen(&AWAY).await;
}

#[actix_web::test]
async fn prices_and_stock_change_before_the_shoppers_eyes() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let browser = Chromium::open().await;
    let (catalogue, cart) = (browser.window(&shop).await, browser.window(&shop).await);
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
async fn a_name_that_looks_like_a_script_is_a_text() {
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

#[actix_web::test]
async fn pages_go_to_the_login_when_their_user_is_signed_out_everywhere() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let browser = Chromium::open().await;
    let (account, catalogue) = (browser.window(&shop).await, browser.window(&shop).await);
    account.logs_in("ana", "correct horse").await;
    account.opens("/account").await;
    catalogue.opens("/articles").await;
    account.sees(".indicator", "En direct").await;
    catalogue.sees(".indicator", "En direct").await;
    ana.send(Method::POST, "/auth/logout-all", Value::Null).await.expect(200);
    account.is_at("/login").await;
    catalogue.is_at("/login").await;
    account.fills_in_the_login("ana", "correct horse").await;
    account.is_at("/account").await;
    browser.closes().await;
}

#[actix_web::test]
async fn a_page_whose_session_ended_while_it_was_away_goes_to_the_login() {
    let mut shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    window.logs_in("ana", "correct horse").await;
    // A page without pictures: none of them is missed when the shop goes.
    window.opens("/orders").await;
    window.sees(".indicator", "En direct").await;
    shop.kill();
    window.sees(".indicator", "Reconnexion").await;
    shop.start_again();
    ana.send(Method::POST, "/auth/logout-all", Value::Null).await.expect(200);
    window.is_at("/login").await;
    browser.closes_having_seen(&AWAY).await;
}

#[actix_web::test]
async fn whoever_signs_out_comes_to_the_catalogue_and_their_other_pages_go_to_the_login() {
    let shop = TestShop::open().await;
    shop.customer("ana").await;
    let browser = Chromium::open().await;
    let (window, elsewhere) = (browser.window(&shop).await, browser.window(&shop).await);
    window.logs_in("ana", "correct horse").await;
    window.opens("/account").await;
    elsewhere.opens("/orders").await;
    window.sees(".indicator", "En direct").await;
    elsewhere.sees(".indicator", "En direct").await;
    window.clicks(".header form[action='/logout'] button").await;
    window.sees(".header .account", "Se connecter").await;
    window.is_at("/articles").await;
    elsewhere.is_at("/login").await;
    browser.closes().await;
}

#[actix_web::test]
async fn a_half_typed_quantity_survives_a_push_and_then_counts() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    ana.adds(2, 1).await.expect(200);
    let browser = Chromium::open().await;
    let (window, elsewhere) = (browser.window(&shop).await, browser.window(&shop).await);
    window.logs_in("ana", "correct horse").await;
    window.opens("/cart").await;
    elsewhere.opens("/cart").await;
    elsewhere.sees("#cart-badge", "1").await;
    window.types(MICE, "1").await;
    ana.adds(3, 1).await.expect(200);
    ana.adds(2, 3).await.expect(200);
    window.sees("#cart-badge", "5").await;
    assert_eq!(window.holds(MICE).await, "1");
    window.adds_to(MICE, "2\n").await;
    window.sees("#cart-badge", "13").await;
    elsewhere.sees("#cart-badge", "13").await;
    assert_eq!(elsewhere.holds(MICE).await, "12");
    elsewhere.types(MICE, "7").await;
    elsewhere.adds_to(MICE, "\n").await;
    window.clicks("h1").await;
    window.sees("#cart-badge", "8").await;
    browser.closes().await;
}

async fn has_a_slow_bank(admin: &Admin) {
    let slow = json!({ "latency_ms": 1500, "mode": "approve" });
    admin.0.send(Method::PUT, "/api/bank", slow).await.expect(200);
}

/// Waits for an event of some type whose data are as they should be, whatever comes before.
async fn hears_until(program: &mut Socket, event: &str, is_so: impl Fn(&Value) -> bool) {
    while !is_so(&program.hears_of(event).await["data"]) {}
}
