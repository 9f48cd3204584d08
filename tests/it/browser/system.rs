//! The desk's page of the node: it moves by itself, and its actors are killed and restarted.

use crate::chromium::Chromium;
use crate::harness::{TestShop, single_node};
use crate::system::{ACTORS, CHAOS};

#[actix_web::test]
async fn every_actor_is_killed_from_the_page_while_orders_are_placed_and_none_is_lost() {
    single_node("a node shows and kills its own actors");
    for browser in Chromium::open_each_size().await {
        let shop = TestShop::open_with(&CHAOS).await;
        let ana = shop.customer("ana").await;
        let second = Chromium::open_in_english().await;
        let desk = browser.window(&shop).await;
        let other = second.window(&shop).await;
        for window in [&desk, &other] {
            window.logs_in("admin", "admin").await;
            window.opens("/admin/system").await;
            window.sees("html.live .indicator", "").await;
        }
        let page = other.page().await;
        let mut placed = Vec::new();
        for actor in ACTORS {
            desk.clicks(&format!("#confirm-admin-system-kill-{actor} summary")).await;
            desk.clicks(&format!("form[action='/admin/system/kill/{actor}'] button")).await;
            desk.sees(&format!("#confirm-admin-system-kill-{actor}:not([open])"), "").await;
            placed.push(ana.buys_at_last(actor).await);
            for window in [&desk, &other] {
                window.sees(&format!("#actor-{actor} .restarts"), "1").await;
            }
        }
        let orders = ana.get("/api/orders").await.expect(200).json["orders"].to_string();
        assert!(placed.iter().all(|id| orders.contains(id.as_str())), "{orders}");
        assert_eq!(other.page().await, page);
        desk.clicks("form[action='/admin/system/cut'] button").await;
        desk.sees("html.live .indicator", "").await;
        browser.closes_after_errors(&["/live?", "htmx:ws:error", "503"]).await;
        second.closes_after_errors(&["/live?", "htmx:ws:error", "503"]).await;
    }
}

#[actix_web::test]
async fn an_administrator_without_scripts_reads_the_system_and_kills_an_actor() {
    let shop = TestShop::open_with(&CHAOS).await;
    let browser = Chromium::open_without_scripts().await;
    let window = browser.window(&shop).await;
    window.logs_in("admin", "admin").await;
    window.opens("/admin/system").await;
    window.clicks("#confirm-admin-system-kill-payments summary").await;
    window.clicks("form[action='/admin/system/kill/payments'] button").await;
    window.sees("#notice", "L’acteur a été tué.").await;
    window.reloads_until("#actor-payments .restarts", "1").await;
    browser.closes().await;
    let calm = TestShop::open().await;
    let browser = Chromium::open_without_scripts().await;
    let window = browser.window(&calm).await;
    window.logs_in("admin", "admin").await;
    window.opens("/admin/system").await;
    window.sees("#actor-payments", "En marche").await;
    window.sees_no("#system form").await;
    browser.closes().await;
}
