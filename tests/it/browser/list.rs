//! Lists of many pages: their links, and what a push changes on each page.

use serde_json::json;

use crate::chromium::Chromium;
use crate::filled::ARTICLES;
use crate::harness::TestShop;
use crate::people::Person;

const NEXT: &str = ".pager [rel=next]";
const PREVIOUS: &str = ".pager [rel=prev]";
const HERE: &str = ".pager [aria-current=page]";

#[actix_web::test]
async fn a_reader_without_scripts_turns_the_pages_of_a_list() {
    let shop = TestShop::open_filled().await;
    let browser = Chromium::open_without_scripts().await;
    let window = browser.window(&shop).await;
    window.opens("/articles").await;
    window.sees("#articles .entries", "65 articles").await;
    window.sees(HERE, "1–24 sur 65").await;
    window.clicks(NEXT).await;
    window.sees(HERE, "25–48 sur 65").await;
    window.sees("#article-25", "Article 25").await;
    // A command on a page leads back to it.
    window.clicks("#article-30 .actions form:first-child button").await;
    window.sees("#cart-badge", "1").await;
    window.sees(HERE, "25–48 sur 65").await;
    window.clicks(NEXT).await;
    window.sees(HERE, "49–65 sur 65").await;
    window.sees_no(NEXT).await;
    window.clicks("#pager-first").await;
    window.sees(HERE, "1–24 sur 65").await;
    window.sees_no(PREVIOUS).await;
    browser.closes().await;
}

#[actix_web::test]
async fn every_page_of_the_catalogue_stays_true_while_articles_come_and_go() {
    for browser in Chromium::open_each_size().await {
        let shop = TestShop::open_filled().await;
        let admin = shop.admin().await;
        let first = browser.window(&shop).await;
        let second = browser.window(&shop).await;
        first.opens("/articles").await;
        second.opens("/articles").await;
        second.clicks(NEXT).await;
        second.sees(HERE, "25–48 of 65").await;
        let pages = (first.page().await, second.page().await);

        // An article of the first page goes: the second page starts after the same one as before.
        admin.changes_article(3, json!({ "active": false })).await.expect(200);
        first.sees("#articles .entries", "64 articles").await;
        first.sees("#article-25", "Article 25").await;
        second.sees(HERE, "24–47 of 64").await;
        second.sees("#article-25", "Article 25").await;
        second.sees_no("#article-24, #article-49").await;

        // An article that is put back on sale appears where it was.
        admin.changes_article(30, json!({ "active": false })).await.expect(200);
        second.sees_no("#article-30").await;
        first.sees("#articles .entries", "63 articles").await;
        admin.changes_article(30, json!({ "active": true })).await.expect(200);
        second.sees("#article-30", "Article 30").await;
        second.sees("#articles .entries", "64 articles").await;
        admin.changes_article(3, json!({ "active": true })).await.expect(200);
        first.sees("#article-3", "").await;
        first.sees_no("#article-25").await;
        second.sees(HERE, "25–48 of 65").await;

        // A new article is on the last page, and is counted on all of them.
        admin.adds_article("Lamp", 1_000, 1).await;
        first.sees("#articles .entries", "66 articles").await;
        second.sees(HERE, "25–48 of 66").await;
        assert_eq!((first.page().await, second.page().await), pages);

        // The last page shows the one before when all of its articles are gone.
        second.clicks(NEXT).await;
        second.sees(HERE, "49–66 of 66").await;
        for article in 49..=ARTICLES + 1 {
            admin.0.delete(&format!("/api/articles/{article}")).await.expect(200);
        }
        second.sees(HERE, "25–48 of 48").await;
        second.sees("#article-48", "Article 48").await;
        browser.closes().await;
    }
}

#[actix_web::test]
async fn every_page_of_a_user_s_orders_stays_true() {
    let shop = TestShop::open_filled().await;
    shop.admin().await.sets_bank("approve").await;
    let browser = Chromium::open().await;
    let first = browser.window(&shop).await;
    let second = browser.window(&shop).await;
    first.logs_in("ana", "correct horse").await;
    first.opens("/orders").await;
    second.opens("/orders").await;
    first.sees(HERE, "1–20 sur 45").await;
    second.clicks(NEXT).await;
    second.sees(HERE, "21–40 sur 45").await;
    let pages = (first.page().await, second.page().await);
    let listed = second.reads("#orders .lines").await;
    let ana = Person::log_in(&shop, "ana", "correct horse").await;
    ana.adds(1, 1).await.expect(200);
    let placed = ana.checks_out("k2").await.expect(201).json;
    let id = placed["order"]["id"].as_str().unwrap();
    first.sees("#orders .entries", "46 commandes").await;
    first.sees(&format!("#orders-{id}"), "Payée").await;
    second.sees(HERE, "22–41 sur 46").await;
    assert_eq!(second.reads("#orders .lines").await, listed);
    assert_eq!((first.page().await, second.page().await), pages);
    browser.closes().await;
}

#[actix_web::test]
async fn every_page_of_the_users_stays_true_while_users_come_and_go() {
    let shop = TestShop::open_filled().await;
    let browser = Chromium::open().await;
    let first = browser.window(&shop).await;
    let second = browser.window(&shop).await;
    first.logs_in("admin", "admin").await;
    first.opens("/admin/users").await;
    second.opens("/admin/users").await;
    first.sees("#users h2", "201 utilisateurs").await;
    second.clicks(NEXT).await;
    second.sees(HERE, "51–100 sur 201").await;
    let pages = (first.page().await, second.page().await);
    shop.customer("bela").await;
    first.sees("#users h2", "202 utilisateurs").await;
    second.sees(HERE, "51–100 sur 202").await;
    // The response to the command and the push show the page on which it was sent.
    second.clicks("#users tbody tr:first-child summary").await;
    second.clicks("#users tbody tr:first-child button").await;
    second.sees("#notice", "Utilisateur supprimé.").await;
    second.sees(HERE, "51–100 sur 201").await;
    first.sees("#users h2", "201 utilisateurs").await;
    first.clicks("#users tbody tr:last-child summary").await;
    first.clicks("#users tbody tr:last-child button").await;
    first.sees(HERE, "1–50 sur 200").await;
    second.sees(HERE, "50–99 sur 200").await;
    assert_eq!((first.page().await, second.page().await), pages);
    browser.closes().await;
}
