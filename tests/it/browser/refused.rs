//! Refused forms, notices and questions in a browser, with and without scripts.

use reqwest::Method;
use serde_json::json;

use super::ADD_A_MOUSE;
use crate::chromium::{Chromium, Window};
use crate::harness::TestShop;
use crate::people::Person;

/// The errors that the console shows when the server refuses a form.
const REFUSED: [&str; 1] = ["Failed to load resource"];

#[actix_web::test]
async fn a_refused_field_has_the_focus_and_its_reason_after_a_page_and_after_a_swap() {
    let shop = TestShop::open().await;
    shop.customer("ana").await;
    for browser in [Chromium::open().await, Chromium::open_on_a_phone().await] {
        let window = browser.window(&shop).await;
        window.opens("/register").await;
        window.types("#register [name=username]", "ana").await;
        window.types("#register [name=password]", "correct horse").await;
        window.clicks("#register button").await;
        window.sees("#why-username", "").await;
        window.finds_the_focus_on("#register [name=username][aria-describedby=why-username]").await;
        window.opens("/login").await;
        window.fills_in_the_login("ana", "wrong horse").await;
        window.finds_the_focus_on("#login .refusal").await;

        window.logs_in("admin", "admin").await;
        window.opens("/admin/users").await;
        window.clicks("#user-add summary").await;
        window.types("#user-add [name=username]", "ana").await;
        window.types("#user-add [name=password]", "correct horse").await;
        window.clicks("#user-add form[hx-post] button").await;
        window.sees("#user-add .refusal", "").await;
        window.finds_the_focus_on("#user-add [name=username][aria-invalid=true]").await;
        assert_eq!(window.holds("#user-add [name=username]").await, "ana");
        window.opens("/account").await;
        window.types("#password [name=current]", "wrong horse").await;
        window.types("#password [name=new]", "battery staple").await;
        window.clicks("#password button").await;
        window.finds_the_focus_on("#password [name=current][aria-describedby=why-current]").await;
        browser.closes_after_errors(&REFUSED).await;
    }
}

#[actix_web::test]
async fn without_scripts_every_command_is_confirmed_and_every_danger_asks_first() {
    let shop = TestShop::open_with(&[("ORDER__PATIENCE", "1s")]).await;
    shop.admin().await.sets_bank("decline").await;
    shop.customer("ana").await;
    let browser = Chromium::open_without_scripts().await;
    let window = browser.window(&shop).await;
    window.logs_in("ana", "correct horse").await;
    window.sees("#notice", "Vous êtes connecté.").await;
    asks_before_it_empties_the_cart(&window).await;
    window.opens("/articles").await;
    window.clicks(ADD_A_MOUSE).await;
    window.opens("/checkout").await;
    window.places_the_order().await;
    window.sees("#notice", "Votre commande est enregistrée.").await;
    window.reloads_until(".order .bank.bad", "Paiement refusé").await;
    window.clicks(".order .confirm summary").await;
    window.sees(".order .confirm", "Annuler définitivement cette commande").await;
    window.clicks(".order .confirm button").await;
    window.sees("#notice", "Commande annulée.").await;
    browser.closes().await;
}

#[actix_web::test]
async fn a_question_stays_open_when_a_push_draws_its_page_again() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let browser = Chromium::open_on_a_phone().await;
    let window = browser.window(&shop).await;
    window.logs_in("ana", "correct horse").await;
    ana.adds(2, 1).await.expect(200);
    window.opens("/cart").await;
    window.sees(".indicator", "Live").await;
    window.clicks("#confirm-cart-clear summary").await;
    window.sees("#confirm-cart-clear", "Remove every article from your cart?").await;
    ana.adds(3, 2).await.expect(200);
    window.sees("#cart-badge", "3").await;
    window.sees("#cart-item-3", "€").await;
    window.clicks("#confirm-cart-clear button").await;
    window.sees("#cart-badge", "0").await;
    window.sees("#notice", "Cart emptied.").await;
    browser.closes().await;
}

#[actix_web::test]
async fn a_refused_form_survives_a_change_of_the_language_and_the_end_of_the_session() {
    let shop = TestShop::open().await;
    shop.customer("ana").await.adds(2, 1).await.expect(200);
    for has_scripts in [true, false] {
        let browser = match has_scripts {
            true => Chromium::open().await,
            false => Chromium::open_without_scripts().await,
        };
        let window = browser.window(&shop).await;
        window.logs_in("ana", "correct horse").await;
        window.opens("/account").await;
        window.types("#password [name=current]", "wrong horse").await;
        window.types("#password [name=new]", "battery staple").await;
        window.clicks("#password button").await;
        window.sees("#password .refusal", "Le mot de passe actuel est incorrect.").await;
        window.clicks(".languages [value=en]").await;
        window.sees("h1", "Your account").await;
        window.sees("#password .refusal", "The current password is wrong.").await;

        window.opens("/checkout").await;
        window.fills_in_the_contact().await;
        let program = Person::log_in(&shop, "ana", "correct horse").await;
        program.send(Method::POST, "/auth/logout-all", json!({})).await.expect(200);
        // With scripts, the page leaves by itself.
        if !has_scripts {
            window.clicks("#checkout button").await;
        }
        window.sees("h1", "Sign in").await;
        window.fills_in_the_login("ana", "correct horse").await;
        window.sees("h1", "Checkout").await;
        assert_eq!(window.holds("#checkout [name=name]").await, "Ana Lévêque");
        assert_eq!(
            window.holds("#checkout [name=address]").await,
            "1 quai des Brumes\n29200 Brest"
        );
        browser.closes_after_errors(&REFUSED).await;
    }
}

async fn asks_before_it_empties_the_cart(window: &Window) {
    window.opens("/articles").await;
    window.clicks(ADD_A_MOUSE).await;
    window.sees("#notice", "Article ajouté au panier.").await;
    window.opens("/cart").await;
    window.sees_no("#notice p").await;
    window.clicks("#confirm-cart-clear summary").await;
    window.sees("#confirm-cart-clear", "Retirer tous les articles").await;
    window.clicks("#confirm-cart-clear button").await;
    window.sees("#notice", "Panier vidé.").await;
    window.sees("#cart", "Votre panier est vide.").await;
}
