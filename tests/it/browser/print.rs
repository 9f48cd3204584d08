//! What a person prints.

use super::ADD_A_MOUSE;
use crate::chromium::{Chromium, Theme};
use crate::harness::TestShop;

/// Returns the colour of the page.
const PAPER: &str = "return getComputedStyle(document.body).backgroundColor";

#[actix_web::test]
async fn a_printed_order_is_a_receipt_on_white_paper_in_both_schemes() {
    let shop = TestShop::open().await;
    shop.customer("ana").await;
    let browser = Chromium::open().await;
    let window = browser.window(&shop).await;
    window.logs_in("ana", "correct horse").await;
    window.clicks(ADD_A_MOUSE).await;
    window.sees("#cart-badge", "1").await;
    window.opens("/checkout").await;
    window.places_the_order().await;
    window.sees(".order .bank.good", "Paiement accepté").await;
    for theme in Theme::ALL {
        window.prints_in(theme).await;
        let paper = window.runs(PAPER, "").await;
        assert_eq!(paper, "rgb(255, 255, 255)", "{theme:?}");
        let printed = window.runs("return document.body.innerText", "").await;
        let printed = printed.as_str().unwrap();
        for text in ["MicroShop", "Souris sans fil", "Total", "29200 Brest", "Paiement accepté"] {
            assert!(printed.contains(text), "{text} is not in:\n{printed}");
        }
        for text in ["Catalogue", "ana\n", "Se déconnecter", "mot de passe", "Tentative"] {
            assert!(!printed.contains(text), "{text} is in:\n{printed}");
        }
    }
    browser.closes().await;
}
