//! The checkout and the pages of orders.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;

use super::visitor::{CONTACT, Page, Visitor};
use crate::harness::TestShop;

#[actix_web::test]
async fn a_buyer_orders_pays_and_sees_the_order() {
    let shop = TestShop::open().await;
    shop.admin().await.sets_bank("approve").await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    ana.get("/bank").await.leads_to("/orders");
    ana.post("/cart/add/1", &[]).await.leads_to("/");
    ana.get("/cart/checkout").await.leads_to("/checkout");
    let order = ana.orders().await.location();
    assert!(order.starts_with("/orders/"), "{order}");
    ana.get(&order).await.shows("Ordinateur portable").shows("1 Quay Street");
    ana.get("/orders").await.shows(&order);
    ana.get("/bank").await.leads_to(&order);
    ana.get("/success").await.leads_to(&order);
    ana.get("/cart").await.shows("cart-count-0");
    let bob = Visitor::sign_in(&shop, "bob").await;
    bob.get(&order).await.has(404).shows("id=\"failure\"");
    bob.get("/success").await.leads_to("/orders");
}

#[actix_web::test]
async fn a_declined_order_is_paid_again_or_cancelled_from_its_page() {
    let shop = TestShop::open_with(&[("ORDER__PATIENCE", "1s")]).await;
    let admin = shop.admin().await;
    admin.sets_bank("decline").await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    ana.post("/cart/add/1", &[]).await.leads_to("/");
    let first = ana.orders().await.location();
    ana.waits_for(&first, "/cancel\"").await.hides("class=\"spinner");
    admin.sets_bank("approve").await;
    ana.post(&format!("{first}/pay"), &[("idempotency_key", "a")]).await.leads_to(&first);
    ana.waits_for(&first, "aria-current=\"step\">Payée").await.hides("/cancel\"");
    admin.sets_bank("decline").await;
    ana.post("/cart/add/1", &[]).await.leads_to("/");
    let second = ana.orders().await.location();
    ana.waits_for(&second, "/cancel\"").await;
    let id = second.trim_start_matches("/orders/");
    ana.post(&format!("/orders/{id}/cancel"), &[]).await.leads_to(&second);
    ana.get(&second).await.hides("/cancel\"").hides("/pay\"");
    ana.post(&format!("/orders/{id}/pay"), &[("idempotency_key", "b")]).await.leads_to(&second);
    ana.get(&second).await.shows("ne le permet pas");
}

#[actix_web::test]
async fn a_refused_checkout_shows_the_form_again_and_keeps_the_input() {
    let shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    ana.post("/cart/add/1", &[]).await.leads_to("/");
    let invalid = [("name", "Ana"), ("email", "nowhere"), ("address", "2 rue du Port")];
    let shown = ana.get("/checkout").await;
    let version = shown.field("cart_version");
    let again = ana.orders_with(&invalid).await.has(422).shows("role=\"alert\"");
    let again = again.shows("value=\"nowhere\"").shows("2 rue du Port");
    assert_eq!(again.field("cart_version"), version);
    shop.admin().await.changes_article(1, json!({ "price_cents": 1 })).await.expect(200);
    let form =
        [("cart_version", version), ("expected_total_cents", "89900"), ("idempotency_key", "k")];
    let dearer = ana
        .post("/checkout", &[&form[..], &CONTACT].concat())
        .await
        .has(409)
        .shows("role=\"alert\"");
    let dearer = dearer.shows("il était de 899,00\u{a0}€, il est maintenant de 0,01\u{a0}€");
    let dearer = dearer.shows("name=\"expected_total_cents\" value=\"1\"");
    ana.get("/orders").await.hides("href=\"/orders/");
    let order = ana.sends(&dearer, &CONTACT).await.location();
    ana.get(&order).await.shows("0,01");
}

#[actix_web::test]
async fn a_form_needs_a_valid_idempotency_key() {
    let shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    ana.post("/cart/add/1", &[]).await.leads_to("/");
    let shown = ana.get("/checkout").await;
    let version = shown.field("cart_version");
    for key in ["", "a b", "é", &"k".repeat(256)] {
        let form = [
            ("cart_version", version),
            ("expected_total_cents", "89900"),
            ("idempotency_key", key),
        ];
        ana.post("/checkout", &[&form[..], &CONTACT].concat())
            .await
            .has(400)
            .shows("name=\"idempotency_key\"");
    }
    let order = ana.orders().await.location();
    ana.post(&format!("{order}/pay"), &[("idempotency_key", "")]).await.leads_to(&order);
    ana.get(&order).await.shows("clé d’idempotence n’est pas valide");
}

#[actix_web::test]
async fn a_form_sent_twice_or_from_two_tabs_places_one_order() {
    let shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    ana.post("/cart/add/1", &[]).await.leads_to("/");
    let tab = ana.get("/checkout").await;
    let other = ana.get("/checkout").await;
    assert_ne!(tab.field("idempotency_key"), other.field("idempotency_key"));
    let sent = [&tab, &tab, &other].map(|form| ana.sends(form, &CONTACT));
    let orders: BTreeSet<_> =
        futures_util::future::join_all(sent).await.iter().map(Page::location).collect();
    assert_eq!(orders.len(), 1, "{orders:?}");
}

#[actix_web::test]
async fn the_limits_of_unpaid_orders_are_shown_in_both_languages_and_logged() {
    let shop = TestShop::open_logged(&[("LOG__FILTER", "info"), ("LOG__FORMAT", "json")]).await;
    shop.admin().await.sets_bank("decline").await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    let mut order = String::new();
    for _ in 0..3 {
        ana.post("/cart/add/2", &[]).await.leads_to("/");
        order = ana.orders().await.location();
    }
    ana.waits_for(&order, "/pay\"").await.shows("À payer avant").hides("Nouvel essai");
    ana.post("/cart/add/2", &[]).await.leads_to("/");
    let refused = ana.orders().await.has(409).shows("role=\"alert\"").shows("commandes impayées");
    assert_eq!(refused.field("cart_version"), ana.get("/checkout").await.field("cart_version"));
    refused.shows("1 Quay Street");

    let pay = format!("{order}/pay");
    for number in 2..=5 {
        let key = format!("pay-{number}");
        ana.post(&pay, &[("idempotency_key", &key)]).await.leads_to(&order);
        ana.waits_for(&order, &format!("value=\"pay-{}\"", number + 1)).await;
    }
    let waiting = ana.get(&order).await.shows("Nouvel essai possible");
    waiting.shows("<button disabled data-from=").hides("Vous pouvez réessayer");
    let refused = ana.post(&pay, &[("idempotency_key", "pay-6")]).await;
    refused.leads_to(&order);
    assert!(!refused.headers.contains_key("retry-after"));
    let wait = ana.follows(&refused).await.shows("Trop de tentatives de paiement.");
    wait.shows("Réessayez dans").shows("secondes.");

    ana.post("/language", &[("language", "en"), ("back", "/cart")]).await.leads_to("/cart");
    ana.get(&order).await.shows("Pay by").shows("Next try possible");
    let notice = ana.request(Method::POST, &pay).header("hx-request", "true");
    let notice = ana.send(notice.form(&[("idempotency_key", "pay-6")])).await.has(429);
    assert!(notice.headers.contains_key("retry-after"));
    notice.shows("Too many payment attempts. Try again in").shows("hx-target=\"#notice\"");
    ana.orders().await.has(409).shows("too many unpaid orders");
    let log = shop.file("log");
    for code in ["too_many_unpaid_orders", "too_many_payment_attempts"] {
        let lines = log.lines().filter(|line| line.contains("\"request_refused\""));
        assert_eq!(lines.filter(|line| line.contains(code)).count(), 2, "{code}: {log}");
    }
}
