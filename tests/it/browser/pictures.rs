//! The pictures of the README: two windows side by side, after a click in one changed the other.
//!
//! They are written to `target/pictures`, or to the folder that `MICROSHOP_PICTURES` names.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::json;

use super::{ADD_A_MOUSE, has_a_slow_bank};
use crate::chromium::{Chromium, Window};
use crate::harness::TestShop;

/// The size of a window, in pixels.
const WIDTH: u32 = 700;
const HEIGHT: u32 = 760;

/// The margin around the windows, in pixels.
const MARGIN: u32 = 24;

#[actix_web::test]
async fn the_pictures_show_how_a_click_in_one_window_changes_another() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    has_a_slow_bank(&admin).await;
    // Removes the banner that warns of the default password.
    let password = json!({ "current_password": "admin", "new_password": "correct horse" });
    admin.0.send(Method::POST, "/auth/password", password).await.expect(200);
    shop.customer("ana").await;
    let browser = Chromium::open_in_english().await;
    let left = small_window(&browser, &shop).await;
    let right = small_window(&browser, &shop).await;
    left.logs_in("ana", "correct horse").await;
    right.opens("/cart").await;

    left.clicks(ADD_A_MOUSE).await;
    left.sees("#cart-badge", "1").await;
    right.sees("#cart-item-2", "Souris sans fil").await;
    draw(&browser, &shop, [&left, &right], "cart.png").await;

    left.opens("/checkout").await;
    left.places_the_order().await;
    left.sees(".order .bank.waiting", "").await;
    right.sees("#cart-badge", "0").await;
    draw(&browser, &shop, [&left, &right], "order.png").await;
    browser.closes().await;
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
    let picture = canvas.screenshot().await;
    assert!(picture.starts_with(b"\x89PNG") && picture.len() > 10_000);
    let folder = folder();
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(file), picture).unwrap();
}

fn folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join(std::env::var("MICROSHOP_PICTURES").unwrap_or_else(|_| "target/pictures".to_owned()))
}
