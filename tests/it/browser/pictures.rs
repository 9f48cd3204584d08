//! Pictures: those of the README, with two windows side by side, and one of every page.
//!
//! They are written to `target/pictures`, or to the folder that `MICROSHOP_PICTURES` names.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::json;

use super::tour::Tour;
use super::{ADD_A_MOUSE, has_a_slow_bank};
use crate::chromium::{Chromium, Theme, Window};
use crate::harness::TestShop;
use crate::people::Admin;

/// The size of a window, in pixels.
const WIDTH: u32 = 700;
const HEIGHT: u32 = 760;

/// The margin around the windows, in pixels.
const MARGIN: u32 = 24;

/// The widths in which every page has a picture, in pixels.
const SIZES: [u32; 2] = [1280, 390];

#[actix_web::test]
async fn the_pictures_show_how_a_click_in_one_window_changes_another() {
    let shop = TestShop::open().await;
    has_a_slow_bank(&administrator(&shop).await).await;
    shop.customer("ana").await;
    let browser = Chromium::open_in_english().await;
    let left = small_window(&browser, &shop).await;
    let right = small_window(&browser, &shop).await;
    left.logs_in("ana", "correct horse").await;
    right.opens("/cart").await;

    left.clicks(ADD_A_MOUSE).await;
    left.sees("#cart-badge", "1").await;
    right.sees("#cart-item-2", "Wireless mouse").await;
    draw(&browser, &shop, [&left, &right], "cart.png").await;

    left.opens("/checkout").await;
    left.places_the_order().await;
    left.sees(".order .bank.waiting", "").await;
    right.sees("#cart-badge", "0").await;
    draw(&browser, &shop, [&left, &right], "order.png").await;
    browser.closes().await;
}

#[actix_web::test]
async fn the_pictures_show_how_a_command_of_the_desk_changes_the_page_of_a_buyer() {
    let shop = TestShop::open_with(&[("ORDER__UNPAID_PER_USER", "10")]).await;
    let (admin, ana) = (administrator(&shop).await, shop.customer("ana").await);
    admin.sets_bank("approve").await;
    let [desks, buyers] = [Chromium::open_in_english().await, Chromium::open_in_english().await];
    let (desk, buyer) = (small_window(&desks, &shop).await, small_window(&buyers, &shop).await);
    desk.logs_in("admin", "correct horse").await;
    buyer.logs_in("ana", "correct horse").await;
    let order = ana.buys_a_keyboard("first").await;
    buyer.opens(&format!("/orders/{order}")).await;
    buyer.is_live().await;
    desk.opens(&format!("/admin/orders/{order}")).await;
    desk.carries_out(&format!("/admin/orders/{order}/ship")).await;
    for window in [&desk, &buyer] {
        window.sees(".order-head .badge", "Shipped").await;
    }
    draw(&desks, &shop, [&desk, &buyer], "desk.png").await;

    desk.opens("/admin/payments").await;
    desk.is_live().await;
    admin.sets_bank("refuse").await;
    let order = ana.fails_to_pay("second").await;
    buyer.opens(&format!("/orders/{order}")).await;
    buyer.is_live().await;
    for key in ["third", "fourth"] {
        ana.fails_to_pay(key).await;
    }
    desk.sees(".machine [aria-current]", "Open").await;
    buyer.sees(".problem", "Payments are interrupted").await;
    draw(&desks, &shop, [&desk, &buyer], "breaker.png").await;
    for browser in [desks, buyers] {
        browser.closes().await;
    }
}

#[actix_web::test]
#[ignore = "takes minutes"]
async fn every_page_has_a_picture() {
    let tour = Tour::begins().await;
    for (language, browser) in
        [("fr", Chromium::open().await), ("en", Chromium::open_in_english().await)]
    {
        let window = browser.window(&tour.shop).await;
        let number = Cell::new(0);
        let look = async |window: &Window, page: &str| {
            number.set(number.get() + 1);
            let page = format!("pages/{:02}-{}-{language}", number.get(), file_name(page));
            for (width, theme) in
                SIZES.into_iter().flat_map(|width| Theme::ALL.map(|theme| (width, theme)))
            {
                window.is_wide(width).await;
                window.prefers(theme).await;
                write(&format!("{page}-{width}-{theme:?}.png"), &window.whole_page().await);
            }
        };
        tour.walks(&window, &look).await;
        browser.closes_after_errors(&["the server responded with a status of 4"]).await;
    }
}

/// Returns the administrator, whose new password removes the banner that warns of the default one.
async fn administrator(shop: &TestShop) -> Admin {
    let mut admin = shop.admin().await;
    let password = json!({ "current_password": "admin", "new_password": "correct horse" });
    let changed = admin.0.send(Method::POST, "/auth/password", password).await.expect(200);
    admin.0.takes(&changed.json);
    admin
}

async fn small_window(browser: &Chromium, shop: &TestShop) -> Window {
    let window = browser.window(shop).await;
    window.resizes(WIDTH, HEIGHT).await;
    window
}

/// Draws two windows side by side, as a page of a third one, and writes it to a file.
async fn draw(browser: &Chromium, shop: &TestShop, windows: [&Window; 2], file: &str) {
    let mut images = String::new();
    for window in windows {
        let image = STANDARD.encode(window.screenshot().await);
        images += &format!("<img src='data:image/png;base64,{image}'>");
    }
    let canvas = browser.window(shop).await;
    canvas.resizes(2 * WIDTH + 3 * MARGIN, HEIGHT + 2 * MARGIN).await;
    canvas.shows(&format!(
        "<style>body {{ margin: {MARGIN}px; display: flex; gap: {MARGIN}px; background: #d8dce3 }} \
         img {{ border-radius: 8px; box-shadow: 0 2px 12px #0004 }}</style>{images}"
    )).await;
    write(file, &canvas.screenshot().await);
}

/// Returns a description of a page as the name of a file.
fn file_name(page: &str) -> String {
    let words = page.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

fn write(file: &str, picture: &[u8]) {
    assert!(picture.starts_with(b"\x89PNG") && picture.len() > 10_000);
    let path = folder().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, picture).unwrap();
}

fn folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join(std::env::var("MICROSHOP_PICTURES").unwrap_or_else(|_| "target/pictures".to_owned()))
}
