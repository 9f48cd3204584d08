//! Notices: what a command did, on the page that follows it, in the language of that page.

use reqwest::Method;

use super::visitor::{Page, Visitor};
use crate::harness::TestShop;

#[actix_web::test]
async fn every_command_says_what_it_did_on_the_next_page_and_only_there() {
    let shop = TestShop::open_with(&[("ORDER__PATIENCE", "1s")]).await;
    let admin = shop.admin().await;
    admin.sets_bank("decline").await;
    let ana = Visitor::enter(&shop);
    let new =
        [("username", "ana"), ("email", ""), ("password", "correct horse"), ("then", "/cart")];
    confirms(&ana, "/register", &new, "Votre compte est prêt, et vous êtes connecté.").await;
    let add = "Article ajouté au panier.";
    confirms(&ana, "/cart/add/1", &[], add).await;
    confirms(&ana, "/cart/add/2", &[("then", "checkout")], add).await;
    confirms(&ana, "/cart/update/1", &[("quantity", "2")], "Panier mis à jour.").await;
    confirms(&ana, "/cart/remove/2", &[], "Article retiré du panier.").await;
    let order = ana.orders().await;
    ana.follows(&order).await.shows("Votre commande est enregistrée.");
    let order = order.location();
    ana.waits_for(&order, "value=\"pay-2\"").await.hides("est enregistrée");
    let pay = [("idempotency_key", "pay-2")];
    confirms(&ana, &format!("{order}/pay"), &pay, "Nouvelle tentative de paiement lancée.").await;
    ana.waits_for(&order, "value=\"pay-3\"").await;
    confirms(&ana, &format!("{order}/cancel"), &[], "Commande annulée.").await;
    confirms(&ana, "/cart/clear", &[], "Panier vidé.").await;
    let password = [("current", "correct horse"), ("new", "battery staple")];
    confirms(&ana, "/account/password", &password, "Mot de passe changé.").await;
    let others = "Tous les autres appareils ont été déconnectés.";
    confirms(&ana, "/account/sessions/end-others", &[], others).await;
    let english = [("language", "en"), ("back", "/account")];
    confirms(&ana, "/language", &english, "The pages are in English now.").await;
    let account = ana.get("/account").await.text;
    let own = account.split("action=\"/account/sessions/").nth(1).unwrap();
    let own = format!("/account/sessions/{}", own.split('"').next().unwrap());
    confirms(&ana, &own, &[], "You are signed out.").await;
    let sign_in = [("username", "ana"), ("password", "battery staple")];
    confirms(&ana, "/login", &sign_in, "You are signed in.").await;
    confirms(&ana, "/logout", &[], "You are signed out.").await;
}

#[actix_web::test]
async fn administrators_read_that_a_user_was_added_or_deleted() {
    let shop = TestShop::open().await;
    let admin = Visitor::enter(&shop);
    admin.post("/login", &[("username", "admin"), ("password", "admin")]).await;
    let new =
        [("username", "bob"), ("email", ""), ("password", "correct horse"), ("role", "customer")];
    confirms(&admin, "/admin/users/add", &new, "Utilisateur ajouté.").await;
    let users = admin.get("/admin/users").await.text;
    let delete = users.split("action=\"/admin/users/delete/").nth(1).unwrap();
    let delete = format!("/admin/users/delete/{}", delete.split('"').next().unwrap());
    confirms(&admin, &delete, &[], "Utilisateur supprimé.").await;
    let eve = [("username", "eve"), ("email", ""), ("password", "correct horse")];
    let added = admin.sends_with_htmx("/admin/users", "/admin/users/add", &eve).await.has(200);
    assert_eq!(added.headers["hx-redirect"], "/admin/users");
    admin.get("/admin/users").await.shows("Utilisateur ajouté.");
    let again = admin.post(&delete, &[]).await;
    again.leads_to("/admin/users");
    admin
        .follows(&again)
        .await
        .shows("\"polite\"><p class=\"error\"")
        .shows("Cet utilisateur n’existe pas.");
}

#[actix_web::test]
async fn a_notice_waits_for_a_page_and_shows_only_texts_of_the_shop() {
    let shop = TestShop::open().await;
    let guest = Visitor::enter(&shop);
    guest.post("/cart/add/1", &[]).await.leads_to("/");
    guest.get("/").await.leads_to("/articles");
    guest.send(guest.request(Method::HEAD, "/articles")).await.has(200);
    guest.get("/static/shop.css").await.has(200);
    let fragment = guest.sends_with_htmx("/articles", "/cart/add/2", &[]).await.has(200);
    assert_eq!(fragment.text.matches("Article ajouté au panier.").count(), 1);
    let missing = guest.program_request(Method::GET, "/static/missing.svg");
    guest.send(missing).await.has(404).hides("Article ajouté au panier.");
    guest.get("/nowhere").await.has(404).shows("Article ajouté au panier.");
    guest.get("/articles").await.hides("Article ajouté au panier.");
    for notice in [
        "eyJEb25lIjoiPHNjcmlwdD4ifQ",
        "eyJEb25lIjoidXNlci1uYW1lIn0",
        "eyJSZWZ1c2VkIjp7ImNvZGUiOiI8Yj4iLCJmaWVsZCI6bnVsbCwicmV0cnlfYXQiOm51bGx9fQ",
        "nonsense",
        "",
    ] {
        let page = with_notice(&guest, notice).await;
        page.shows("aria-live=\"polite\"></div>").hides("class=\"success\"");
    }
    with_notice(&guest, "eyJEb25lIjoibm90aWNlLWNhcnQtY2xlYXJlZCJ9").await.shows("Panier vidé.");
}

#[actix_web::test]
async fn a_visitor_who_is_signed_in_does_not_see_the_forms_to_sign_in_and_to_register() {
    let shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    for path in ["/login?then=/cart", "/register?then=/cart"] {
        let shown = ana.get(path).await;
        shown.leads_to("/cart");
        ana.follows(&shown).await.shows("Vous êtes déjà connecté.");
    }
    ana.get("/login?then=//evil.example").await.leads_to("/");
}

/// Loads a page with a cookie that the shop may not have set.
async fn with_notice(guest: &Visitor, notice: &str) -> Page {
    let port = guest.url.rsplit(':').next().unwrap();
    let page = guest.request(Method::GET, "/articles");
    guest.send(page.header("cookie", format!("notice-{port}={notice}"))).await.has(200)
}

/// Sends a form without scripts, and checks that the next page shows a sentence, and no later one.
async fn confirms(visitor: &Visitor, path: &str, form: &[(&str, &str)], sentence: &str) {
    let sent = visitor.post(path, form).await;
    let location = sent.location();
    // The home page leads to the catalogue.
    let page = if location == "/" { "/articles".to_owned() } else { location };
    let shown = visitor.get(&page).await.has(200);
    shown.shows(&format!("</span>{sentence}")).shows("<p class=\"success\">");
    visitor.get(&page).await.hides("<p class=\"success\">");
}
