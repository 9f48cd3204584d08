//! Where the focus goes when a response or a push removes or disables the element that has it.

use fantoccini::key::Key;
use serde_json::json;

use super::MICE;
use crate::chromium::{Chromium, Window};
use crate::harness::TestShop;

/// The widths of a screen and of a phone.
const WIDTHS: [u32; 2] = [1280, 390];

/// A window of a width, with an open page that receives pushes.
async fn opens(window: &Window, width: u32, path: &str) {
    window.is_wide(width).await;
    window.opens(path).await;
    window.sees("html.live .indicator", "").await;
}

impl Window {
    /// Opens the question of the button with the focus, and answers it.
    async fn answers_the_question(&self) {
        for key in [Key::Enter, Key::Tab, Key::Enter] {
            self.presses(key).await;
        }
    }
}

/// The button that removes an article from the cart.
fn remove(article: u64) -> String {
    format!("#cart-item-{article} button.link")
}

#[actix_web::test]
async fn removing_a_line_moves_the_focus_to_the_next_one_then_the_one_before_then_a_link() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    window.logs_in("ana", "correct horse").await;
    for width in WIDTHS {
        for article in [1, 2, 3] {
            ana.adds(article, 1).await.expect(200);
        }
        opens(&window, width, "/cart").await;
        window.focuses(&remove(2)).await;
        for focus in [remove(3).as_str(), remove(1).as_str(), "#cart .empty a"] {
            window.presses(Key::Enter).await;
            window.finds_the_focus_on(focus).await;
        }
    }
    browser.closes().await;
}

#[actix_web::test]
async fn an_article_that_is_sold_out_keeps_the_focus_and_one_that_leaves_passes_it_on() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    for width in WIDTHS {
        let sells = async |article, change| {
            admin.changes_article(article, change).await.expect(200);
        };
        sells(2, json!({ "on_hand": 9 })).await;
        sells(3, json!({ "active": true })).await;
        opens(&window, width, "/articles").await;
        window.focuses("#article-2 form[hx-post] button").await;
        sells(2, json!({ "on_hand": 0 })).await;
        window.finds_the_focus_on("#article-2 h2").await;
        // The heading keeps the focus over later pushes.
        sells(2, json!({ "price_cents": 1_000 + width })).await;
        window.sees(&format!("#price-2-{}", 1_000 + width), "").await;
        window.finds_the_focus_on("#article-2 h2").await;
        window.focuses("#article-3 button.quiet").await;
        sells(3, json!({ "active": false })).await;
        window.finds_the_focus_on("#article-4 button.quiet").await;
    }
    browser.closes().await;
}

#[actix_web::test]
async fn what_is_being_typed_never_ends_in_the_field_of_another_line() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    window.logs_in("ana", "correct horse").await;
    for width in WIDTHS {
        for article in [2, 3] {
            ana.adds(article, 1).await.expect(200);
        }
        opens(&window, width, "/cart").await;
        window.focuses(MICE).await;
        ana.delete("/api/cart/items/2").await.expect(200);
        window.finds_the_focus_on("#cart-item-3 h2").await;
        window.types_here("7").await;
        assert_eq!(window.holds("#cart-quantity-3").await, "1");
        ana.delete("/api/cart").await.expect(200);
        window.finds_the_focus_on("#cart .empty a").await;
    }
    browser.closes().await;
}

#[actix_web::test]
async fn a_push_never_takes_the_focus_and_never_gives_it_to_a_page_without_one() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    window.logs_in("ana", "correct horse").await;
    for width in WIDTHS {
        for article in [2, 3] {
            ana.adds(article, 1).await.expect(200);
        }
        opens(&window, width, "/cart").await;
        window.focuses(&remove(3)).await;
        ana.delete("/api/cart/items/2").await.expect(200);
        window.sees_no("#cart-item-2").await;
        window.finds_the_focus_on(&remove(3)).await;
        window.clicks("h1").await;
        window.finds_the_focus_on("body, main").await;
        ana.delete("/api/cart/items/3").await.expect(200);
        window.sees_no("#cart-item-3").await;
        window.finds_the_focus_on("body, main").await;
    }
    browser.closes().await;
}

#[actix_web::test]
async fn ended_sessions_and_deleted_users_pass_the_focus_on() {
    let shop = TestShop::open().await;
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    window.logs_in("admin", "admin").await;
    for width in WIDTHS {
        shop.admin().await;
        opens(&window, width, "/account").await;
        window.focuses("#sessions .confirm summary").await;
        window.answers_the_question().await;
        window.finds_the_focus_on("#sessions > h2").await;
        shop.customer(&format!("bela{width}")).await;
        shop.customer(&format!("cora{width}")).await;
        opens(&window, width, "/admin/users").await;
        window.focuses("#users tbody tr:nth-child(3) summary").await;
        for focus in ["#users tbody tr:nth-child(2):last-child summary", "#users > h2"] {
            window.answers_the_question().await;
            window.finds_the_focus_on(focus).await;
        }
    }
    browser.closes().await;
}

#[actix_web::test]
async fn a_reader_who_has_scrolled_away_from_the_focus_stays_there() {
    let shop = TestShop::open_filled().await;
    let admin = shop.admin().await;
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    for (article, width) in [(1, 1280), (2, 390)] {
        opens(&window, width, "/articles").await;
        window.clicks(&format!("#article-{article} form[hx-post] button")).await;
        window.sees("#notice .success", "").await;
        window.scrolls_to(".pager").await;
        let position = window.scroll_position().await;
        admin.changes_article(article, json!({ "on_hand": 0 })).await.expect(200);
        window.sees(&format!("#article-{article} .stock.none"), "").await;
        assert_eq!(window.scroll_position().await, position, "at {width}");
    }
    browser.closes().await;
}
