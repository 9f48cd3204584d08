//! The cart pages, for guests and after signing in.

use reqwest::Method;
use serde_json::json;

use super::visitor::Visitor;
use crate::harness::TestShop;

#[actix_web::test]
async fn a_guest_reads_the_catalogue_and_fills_a_cart() {
    let shop = TestShop::open().await;
    let guest = Visitor::enter(&shop);
    guest.get("/").await.leads_to("/articles");
    let catalogue = guest.get("/articles").await.shows("Ordinateur portable").shows("lang=\"fr\"");
    assert_eq!(catalogue.headers["content-type"], "text/html; charset=utf-8");
    guest.get("/cart").await.shows("id=\"cart\"").hides("cart-item-1");
    guest.post("/cart/add/1", &[]).await.leads_to("/");
    let add = guest
        .request(Method::POST, "/cart/add/2")
        .header("referer", format!("{}/articles?x=1", shop.url));
    guest.send(add.form(&[("a", "b")])).await.leads_to("/articles?x=1");
    guest.get("/cart").await.shows("cart-item-1").shows("cart-item-2").shows("cart-count-2");
    guest.post("/cart/update/1", &[("quantity", "5")]).await.leads_to("/");
    guest.get("/cart").await.shows("cart-count-6");
    guest.post("/cart/remove/2", &[]).await.leads_to("/");
    guest.get("/cart").await.shows("cart-count-5").hides("cart-item-2");
    guest.post("/cart/add/2", &[("then", "checkout")]).await.leads_to("/checkout");
    guest.post("/cart/clear", &[]).await.leads_to("/");
    guest.get("/cart").await.shows("cart-count-0").hides("cart-item-1");
}

#[actix_web::test]
async fn every_browser_has_its_own_cart() {
    let shop = TestShop::open().await;
    let guest = Visitor::enter(&shop);
    let other = Visitor::enter(&shop);
    guest.post("/cart/add/1", &[]).await.leads_to("/");
    other.get("/cart").await.shows("cart-count-0");
    guest.get("/cart").await.shows("cart-count-1");
}

#[actix_web::test]
async fn an_invalid_cart_form_leads_back_to_its_page_and_changes_nothing() {
    let shop = TestShop::open().await;
    let guest = Visitor::enter(&shop);
    guest.post("/cart/add/1", &[]).await.leads_to("/");
    for (path, form, status, error) in [
        ("/cart/update/1", [("quantity", "100")], 422, "entre 1 et 99"),
        ("/cart/update/1", [("quantity", "-1")], 422, "entre 1 et 99"),
        ("/cart/update/1", [("quantity", "x")], 422, "entre 1 et 99"),
        ("/cart/update/1", [("pieces", "1")], 422, "champ obligatoire"),
        ("/cart/update/99", [("quantity", "1")], 404, "n’existe pas"),
        ("/cart/remove/5", [("then", "")], 404, "n’est pas dans votre panier"),
    ] {
        let refused = guest.post(path, &form).await;
        refused.leads_to("/cart");
        guest.follows(&refused).await.shows(error).shows("\"polite\"><p class=\"error\"");
        guest.get("/cart").await.hides(error);
        let program = guest.program_request(Method::POST, path).form(&form);
        guest.send(program).await.has(status).shows("id=\"failure\"");
    }
    guest.post("/cart/add/99", &[]).await.leads_to("/");
    guest.get("/articles").await.shows("Cet article n’existe pas.");
    for path in ["/cart/update/x", "/cart/add/x"] {
        guest.post(path, &[("quantity", "1")]).await.has(404).shows("id=\"failure\"");
    }
    guest.get("/cart").await.shows("cart-count-1");
}

#[actix_web::test]
async fn signing_in_merges_the_guest_s_cart_into_the_user_s() {
    let shop = TestShop::open().await;
    let program = shop.customer("ana").await;
    program.adds(1, 1).await.expect(200);
    program.adds(2, 4).await.expect(200);
    let ana = Visitor::enter(&shop);
    ana.post("/cart/add/1", &[]).await.leads_to("/");
    ana.post("/cart/update/1", &[("quantity", "3")]).await.leads_to("/");
    ana.post("/cart/add/2", &[]).await.leads_to("/");
    ana.get("/checkout").await.leads_to("/login?then=/checkout");
    ana.get("/login?then=/checkout").await.shows("name=\"then\" value=\"/checkout\"");
    ana.logs_in("ana", "/checkout").await.leads_to("/checkout");
    let cart = program.cart().await;
    assert_eq!(
        (&cart["items"][0]["quantity"], &cart["items"][1]["quantity"]),
        (&json!(3), &json!(4))
    );
    ana.get("/checkout").await.shows("name=\"idempotency_key\"");
    let other = Visitor::enter(&shop);
    other.get("/cart").await.shows("cart-count-0");
}
