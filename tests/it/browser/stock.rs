//! The desk's pages of articles: stock, prices and texts, seen by two administrators and a shopper.

use fantoccini::key::Key;
use reqwest::Method;
use serde_json::json;

use crate::chromium::{Chromium, Window};
use crate::harness::TestShop;

/// The fields of the second article, and the form of its price.
const PRICE: &str = "#price-field-2";
const ON_HAND: &str = "#on_hand-field-2";
const PRICE_FORM: &str = "#price-2";

#[actix_web::test]
async fn each_change_reaches_the_pages_of_another_administrator_and_of_a_shopper() {
    for browser in Chromium::open_each_size().await {
        let shop = TestShop::open().await;
        let admin = shop.admin().await;
        let second = Chromium::open_in_english().await;
        let (desk, other, shopper) =
            (browser.window(&shop).await, second.window(&shop).await, second.window(&shop).await);
        for window in [&desk, &other] {
            window.logs_in("admin", "admin").await;
            window.opens_live("/admin/articles").await;
        }
        shopper.opens_live("/articles").await;
        let pages = (desk.page().await, other.page().await, shopper.page().await);

        desk.enters(PRICE, "12.50").await;
        desk.sees("#notice", "Article saved.").await;
        assert!(desk.has_focus(PRICE).await);
        other.holds_soon(PRICE, "12.50").await;
        shopper.sees("#article-2 .price", "€12.50").await;

        other.enters(ON_HAND, "4").await;
        desk.holds_soon(ON_HAND, "4").await;
        desk.sees("#stock tbody tr:first-child.low", "No. 2").await;
        shopper.sees("#article-2 .stock", "4 left").await;

        desk.clicks("#stock-3 .switch").await;
        other.sees("#stock-3 .switch[aria-checked=false]", "").await;
        shopper.sees_no("#article-3").await;

        let lamp = json!({ "name": "Lampe", "price_cents": 500, "on_hand": 9 });
        admin.0.send(Method::POST, "/api/articles", lamp).await.expect(201);
        for window in [&desk, &other] {
            window.sees("#stock-6", "Lampe").await;
        }
        desk.clicks("#confirm-admin-articles-remove-6 summary").await;
        desk.clicks("#confirm-admin-articles-remove-6 button").await;
        other.sees_no("#stock-6").await;
        shopper.sees_no("#article-6").await;
        assert_eq!((other.page().await, shopper.page().await), (pages.1, pages.2));
        browser.closes().await;
        second.closes().await;
    }
}

#[actix_web::test]
async fn of_two_administrators_who_edit_one_article_the_second_is_warned_and_loses_nothing() {
    for browser in Chromium::open_each_size().await {
        let shop = TestShop::open().await;
        let admin = shop.admin().await;
        let window = browser.window(&shop).await;
        window.logs_in("admin", "admin").await;
        for (page, row) in [("/admin/articles", "#stock-2"), ("/admin/articles/2", "#texts-2")] {
            window.opens_live(page).await;
            let old = admin.article(2).await["price_cents"].as_u64().unwrap();
            window.types(PRICE, "20").await;
            admin.changes_article(2, json!({ "price_cents": old + 100 })).await.expect(200);
            window
                .sees(&format!("{PRICE_FORM}.outdated .changed"), "Changed in the meantime")
                .await;
            assert_eq!(window.holds(PRICE).await, "20");
            window.adds_to(PRICE, "\n").await;
            window.sees(&format!("{PRICE_FORM} .refusal"), "").await;
            assert_eq!(admin.article(2).await["price_cents"], old + 100);
            // Another push does not replace what was typed.
            admin.changes_article(3, json!({ "on_hand": old % 100 + 7 })).await.expect(200);
            admin.changes_article(2, json!({ "on_hand": old % 100 + 7 })).await.expect(200);
            window.holds_soon(ON_HAND, &(old % 100 + 7).to_string()).await;
            assert_eq!(window.holds(PRICE).await, "20");

            window.adds_to(PRICE, "\n").await;
            window.sees(&format!("{PRICE_FORM}.outdated .refusal"), "").await;
            window.adds_to(PRICE, "\n").await;
            window.sees_no(&format!("{PRICE_FORM}.edited")).await;
            assert_eq!(admin.article(2).await["price_cents"], 2_000);
            window.sees(row, "").await;

            window.types(PRICE, "33").await;
            window.focuses(PRICE).await;
            window.presses(Key::Escape).await;
            window.holds_soon(PRICE, "20.00").await;
            window.sees_no(&format!("{PRICE_FORM}.edited")).await;
        }
        browser.closes_after_errors(&["/admin/articles/change/2"]).await;
    }
}

#[actix_web::test]
async fn an_article_has_texts_in_two_languages_and_its_page_shows_its_changes() {
    for browser in Chromium::open_each_size().await {
        let shop = TestShop::open().await;
        let admin = shop.admin().await;
        let no_description = json!({ "texts": { "en": { "description": null } } });
        admin.changes_article(2, no_description).await.expect(200);
        let french = Chromium::open().await;
        let (desk, shopper) = (browser.window(&shop).await, french.window(&shop).await);
        desk.logs_in("admin", "admin").await;
        desk.opens("/admin/articles").await;
        desk.clicks("#stock-2 th a").await;
        desk.is_at("/admin/articles/2").await;
        desk.sees("html.live .indicator", "").await;
        shopper.opens_live("/articles").await;
        desk.types("[name=translated_name]", "Quiet mouse").await;
        desk.types("[name=name]", "Souris").await;
        desk.clicks("#texts-2 > button").await;
        desk.sees("#notice", "Article saved.").await;
        desk.sees("#article-changes li:first-child", "Souris sans fil → Souris").await;
        shopper.sees("#article-2 h2", "Souris").await;
        admin.changes_article(2, json!({ "price_cents": 100 })).await.expect(200);
        desk.sees("#article-changes li:first-child", "€29.90 → €1.00").await;
        desk.opens("/articles").await;
        desk.sees("#article-2 h2", "Quiet mouse").await;
        desk.sees("#article-2 .description[lang=fr], #article-2 [lang=fr]", "Précise").await;
        french.closes().await;
        browser.closes().await;
    }
}

#[actix_web::test]
async fn an_uploaded_picture_appears_on_the_page_of_a_shopper() {
    let file = tempfile::Builder::new().suffix(".png").tempfile().unwrap();
    image::RgbImage::new(40, 30).save(file.path()).unwrap();
    let path = file.path().to_str().unwrap();
    for browser in [Chromium::open().await, Chromium::open_without_scripts().await] {
        let shop = TestShop::open().await;
        let second = Chromium::open().await;
        let (desk, shopper) = (browser.window(&shop).await, second.window(&shop).await);
        desk.logs_in("admin", "admin").await;
        desk.opens("/admin/articles/2").await;
        shopper.opens_live("/articles").await;
        desk.adds_to("[name=picture]", path).await;
        desk.clicks(".upload button").await;
        desk.sees("#article-numbers img[src^='/pictures/']", "").await;
        // Without scripts, the page shows the log of the time when it was loaded.
        desk.reloads_until("#article-changes li:first-child", "Image modifiée").await;
        shopper.sees("#article-2 img[src^='/pictures/']", "").await;
        browser.closes().await;
        second.closes().await;
    }
}

#[actix_web::test]
async fn an_imported_file_changes_the_pages_of_others_and_its_refused_line_is_named() {
    let file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    std::fs::write(file.path(), "id,price\n2,12.50\n99,1.00\n").unwrap();
    let path = file.path().to_str().unwrap();
    for (browser, line) in [
        (Chromium::open().await, "Ligne 3"),
        (Chromium::open_on_a_phone().await, "Line 3"),
        (Chromium::open_without_scripts().await, "Ligne 3"),
    ] {
        let shop = TestShop::open().await;
        let second = Chromium::open().await;
        let (desk, shopper) = (browser.window(&shop).await, second.window(&shop).await);
        desk.logs_in("admin", "admin").await;
        desk.opens("/admin/articles").await;
        shopper.opens_live("/articles").await;
        desk.clicks("#article-file summary").await;
        desk.adds_to("#article-file [name=file]", path).await;
        desk.clicks("#article-file form button").await;
        desk.sees("#notice .error", line).await;
        shopper.sees("#article-2", "12,50").await;
        browser.closes().await;
        second.closes().await;
    }
}

#[actix_web::test]
async fn the_desk_works_without_scripts() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let browser = Chromium::open_without_scripts().await;
    let window = browser.window(&shop).await;
    window.logs_in("admin", "admin").await;
    window.opens("/admin/articles").await;
    window.types("#stock-search input", "souris").await;
    window.clicks("#stock-search button").await;
    window.sees("#stock h2", "1 article").await;
    window.types(PRICE, "12,50").await;
    admin.changes_article(2, json!({ "price_cents": 100 })).await.expect(200);
    window.clicks("#price-2 button").await;
    window.sees("#price-2.outdated .changed", "1,00").await;
    window.sees("#stock h2", "1 article").await;
    assert_eq!(window.holds(PRICE).await, "12,50");
    window.clicks("#price-2 button").await;
    window.sees("#notice", "Article enregistré.").await;
    assert_eq!(admin.article(2).await["price_cents"], 1_250);
    window.types(PRICE, "gratuit").await;
    window.clicks("#price-2 button").await;
    window.sees("#price-2 .refusal", "").await;
    assert_eq!(window.holds(PRICE).await, "gratuit");

    window.opens("/admin/articles").await;
    window.clicks("#article-add summary").await;
    window.types("#article-add [name=name]", "Lampe").await;
    window.types("#article-add [name=price]", "-1").await;
    window.types("#article-add [name=on_hand]", "3").await;
    window.clicks("#article-add form button").await;
    window.sees("#article-add .refusal", "").await;
    assert_eq!(window.holds("#article-add [name=name]").await, "Lampe");
    window.types("#article-add [name=price]", "5").await;
    window.clicks("#article-add form button").await;
    window.is_at("/admin/articles/6").await;
    window.clicks("form[action='/admin/articles/duplicate/6'] button").await;
    window.is_at("/admin/articles/7").await;
    window.sees("#notice", "Copie ajoutée").await;
    let copy = admin.article(7).await;
    assert_eq!((&copy["name"], &copy["on_hand"]), (&json!("Lampe"), &json!(0)));
    assert_eq!(copy["active"], false);
    window.clicks("#confirm-admin-articles-remove-7 summary").await;
    window.clicks("#confirm-admin-articles-remove-7 button").await;
    window.is_at("/admin/articles").await;
    window.sees("#notice", "Article retiré.").await;
    window.sees_no("#stock-7").await;
    browser.closes().await;
}

impl Window {
    /// Opens a page and waits until it is live.
    pub(super) async fn opens_live(&self, path: &str) {
        self.opens(path).await;
        self.sees("html.live .indicator", "").await;
    }

    /// Replaces the content of a field and presses Enter.
    async fn enters(&self, field: &str, text: &str) {
        self.types(field, text).await;
        self.adds_to(field, "\n").await;
    }
}
