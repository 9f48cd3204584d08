//! Refused forms: they come back with what was typed, at the address of their page.

use reqwest::Method;
use serde_json::json;

use super::visitor::{CONTACT, Visitor};
use crate::harness::TestShop;

#[actix_web::test]
async fn a_change_of_the_language_keeps_a_refused_form_and_says_why_in_that_language() {
    let shop = TestShop::open().await;
    shop.customer("ana").await;
    let guest = Visitor::enter(&shop);
    let wrong = [("username", "ana"), ("password", "wrong horse"), ("then", "/cart")];
    let refused = guest.post("/login", &wrong).await.has(401);
    let shown = switches_to_english(&guest, &refused.text).await;
    let shown = shown.shows("Wrong user name or password.").shows("value=\"ana\"");
    shown.shows("name=\"then\" value=\"/cart\"").hides("wrong horse");
    let later = guest.get("/login").await.hides("Wrong user name").shows("value=\"ana\"");
    later.shows("name=\"then\" value=\"/cart\"");

    let taken = [
        ("username", "Ana"),
        ("email", "a@b.example"),
        ("password", "correct horse"),
        ("then", "/"),
    ];
    let refused = guest.post("/register", &taken).await.has(409);
    let shown = switches_to_english(&guest, &refused.text).await;
    shown.shows("already taken").shows("value=\"Ana\"").shows("value=\"a@b.example\"");
    let free = [("username", "bob"), ("email", ""), ("password", "correct horse"), ("then", "/")];
    guest.post("/register", &free).await.leads_to("/");
    guest.post("/logout", &[]).await.leads_to("/articles");
    guest.get("/register").await.hides("value=\"Ana\"");
    guest.get("/login").await.hides("value=\"ana\"");
}

#[actix_web::test]
async fn a_change_of_the_language_keeps_a_refused_checkout() {
    let shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    ana.post("/cart/add/1", &[]).await.leads_to("/");
    let invalid = [("name", "Ana"), ("email", "nowhere"), ("address", "2 rue du Port")];
    let refused = ana.orders_with(&invalid).await.has(422);
    let key = refused.field("idempotency_key").to_owned();
    let shown = switches_to_english(&ana, &refused.text).await;
    let shown = shown.shows("not valid").shows("value=\"nowhere\"").shows("2 rue du Port");
    assert_ne!(shown.field("idempotency_key"), key);
    let order = ana.sends(&shown, &CONTACT).await.location();
    ana.get(&order).await.shows("1 Quay Street");
    ana.post("/cart/add/1", &[]).await.leads_to("/");
    ana.get("/checkout").await.hides("2 rue du Port").hides("1 Quay Street");
}

#[actix_web::test]
async fn a_checkout_after_the_session_has_ended_keeps_the_contact_until_the_order_is_placed() {
    let shop = TestShop::open().await;
    shop.customer("ana").await;
    let address = "é中\n".repeat(166) + "é1";
    let long =
        [("name", "中".repeat(100)), ("email", "ana@example.org".into()), ("address", address)];
    let contact = long.each_ref().map(|(name, value)| (*name, value.as_str()));
    for with_htmx in [false, true] {
        let ana = Visitor::enter(&shop);
        ana.logs_in("ana", "/").await.leads_to("/");
        ana.post("/cart/add/1", &[]).await.leads_to("/");
        let form = ana.get("/checkout").await;
        let phone = Visitor::enter(&shop);
        phone.logs_in("ana", "/").await.leads_to("/");
        phone.post("/account/sessions/end-others", &[]).await.leads_to("/account");
        if with_htmx {
            let fields = [&hidden(&form)[..], &contact].concat();
            let refused = ana.sends_with_htmx("/checkout", "/checkout", &fields).await.has(401);
            assert_eq!(refused.headers["hx-redirect"], "/login?then=/checkout");
        } else {
            ana.sends(&form, &contact).await.leads_to("/login?then=/checkout");
        }
        // A wrong password in between does not lose the contact.
        let wrong = [("username", "ana"), ("password", "wrong horse"), ("then", "/checkout")];
        ana.post("/login", &wrong).await.has(401);
        ana.logs_in("ana", "/checkout").await.leads_to("/checkout");
        let shown = ana.get("/checkout").await.shows(contact[0].1).shows(contact[2].1);
        ana.sends(&shown, &CONTACT).await.location();
        ana.post("/cart/add/1", &[]).await.leads_to("/");
        ana.get("/checkout").await.hides(contact[0].1);
    }
}

#[actix_web::test]
async fn the_next_user_of_a_browser_does_not_see_what_was_typed() {
    let shop = TestShop::open().await;
    shop.customer("ana").await;
    shop.customer("bob").await;
    let browser = Visitor::enter(&shop);
    browser.logs_in("ana", "/").await.leads_to("/");
    browser.post("/cart/add/1", &[]).await.leads_to("/");
    let form = browser.get("/checkout").await;
    let phone = Visitor::enter(&shop);
    phone.logs_in("ana", "/").await.leads_to("/");
    phone.post("/account/sessions/end-others", &[]).await.leads_to("/account");
    browser.sends(&form, &CONTACT).await.leads_to("/login?then=/checkout");
    browser.logs_in("bob", "/checkout").await.leads_to("/checkout");
    browser.post("/cart/add/1", &[]).await.leads_to("/");
    browser.get("/checkout").await.shows("name=\"address\"").hides("1 Quay Street");
}

#[actix_web::test]
async fn an_open_checkout_of_another_user_leads_to_a_new_one() {
    let shop = TestShop::open().await;
    shop.customer("ana").await;
    shop.customer("bob").await;
    let browser = Visitor::enter(&shop);
    browser.logs_in("ana", "/").await.leads_to("/");
    browser.post("/cart/add/1", &[]).await.leads_to("/");
    let open = browser.get("/checkout").await;
    browser.post("/logout", &[]).await.leads_to("/articles");
    browser.logs_in("bob", "/").await.leads_to("/");
    browser.post("/cart/add/1", &[]).await.leads_to("/");
    browser.sends(&open, &CONTACT).await.leads_to("/checkout");
    browser.get("/orders").await.hides("/orders/0");
    browser.get("/checkout").await.hides("1 Quay Street");
}

#[actix_web::test]
async fn htmx_leads_back_to_the_open_page_after_the_session_has_ended() {
    let shop = TestShop::open().await;
    let admin = Visitor::enter(&shop);
    admin.post("/login", &[("username", "admin"), ("password", "admin")]).await.leads_to("/");
    let page = admin.get("/admin/users").await;
    let guest = Visitor::enter(&shop);
    let (users, evil) = ("/admin/users?after=1", "//evil.example/");
    let new = [
        ("user", page.field("user")),
        ("username", "bob"),
        ("email", "b@c.example"),
        ("password", "correct horse"),
    ];
    let refused = guest.sends_with_htmx(users, "/admin/users/add", &new).await.has(401);
    assert_eq!(refused.headers["hx-redirect"], "/login?then=/admin/users%3Fafter%3D1");
    let refused = guest.sends_with_htmx(evil, "/admin/users/add", &new).await.has(401);
    assert_eq!(refused.headers["hx-redirect"], "/login?then=/");
    guest.post("/login", &[("username", "admin"), ("password", "admin")]).await;
    let users = guest.get("/admin/users").await.shows("value=\"bob\"").shows("b@c.example");
    users.hides("correct horse");
}

#[actix_web::test]
async fn the_address_of_a_command_leads_a_browser_to_its_page() {
    let shop = TestShop::open().await;
    let admin = Visitor::enter(&shop);
    admin.post("/login", &[("username", "admin"), ("password", "admin")]).await.leads_to("/");
    for (path, page) in [
        ("/cart/add/1", "/"),
        ("/cart/update/1", "/cart"),
        ("/cart/remove/1", "/cart"),
        ("/cart/clear", "/cart"),
        ("/language", "/"),
        ("/orders/01890000-0000-7000-8000-000000000000/pay", ORDER),
        ("/orders/01890000-0000-7000-8000-000000000000/cancel", ORDER),
        ("/account/password", "/account"),
        ("/account/sessions/end-others", "/account"),
        ("/admin/users/add", "/admin/users"),
        ("/admin/users/delete/1", "/admin/users"),
    ] {
        admin.get(path).await.leads_to(page);
        let program = admin.send(admin.program_request(Method::GET, path)).await.has(405);
        assert_eq!(program.headers["allow"], "POST", "{path}");
    }
    admin.get("/account").await.hides("\"polite\"><p class=\"error\"");
}

const ORDER: &str = "/orders/01890000-0000-7000-8000-000000000000";

#[actix_web::test]
async fn the_wrong_field_of_a_refused_form_is_marked_explained_and_focused() {
    let shop = TestShop::open().await;
    let admin = Visitor::enter(&shop);
    admin.post("/login", &[("username", "admin"), ("password", "admin")]).await.leads_to("/");
    let guest = Visitor::enter(&shop);
    let page = admin.get("/admin/users").await;
    let me = page.field("user");
    let user = |username, email, password| {
        [("user", me), ("username", username), ("email", email), ("password", password)]
    };
    for (form, field) in [
        (user("", "", "correct horse"), "username"),
        (user("admin", "", "correct horse"), "username"),
        (user("bob", "nowhere", "correct horse"), "email"),
        (user("bob", "", "short"), "password"),
        (user("bob", "", "password1"), "password"),
    ] {
        marks(&guest.post("/register", &form).await.text, field);
        let path = "/admin/users/add";
        let fragment = admin.sends_with_htmx("/admin/users", path, &form).await;
        assert!(fragment.status.is_client_error());
        marks(&fragment.text, field);
        admin.post(path, &form).await.leads_to("/admin/users");
        marks(&admin.get("/admin/users").await.text, field);
    }
    for (form, field) in [
        ([("current", "wrong horse"), ("new", "battery staple")], "current"),
        ([("current", "admin"), ("new", "short")], "new"),
    ] {
        admin.post("/account/password", &form).await.leads_to("/account");
        marks(&admin.get("/account").await.text, field);
    }
    admin.post("/cart/add/1", &[]).await;
    for (contact, field) in [
        ([("name", " "), CONTACT[1], CONTACT[2]], "name"),
        ([CONTACT[0], ("email", "nowhere"), CONTACT[2]], "email"),
        ([CONTACT[0], CONTACT[1], ("address", "\u{200B}")], "address"),
    ] {
        marks(&admin.orders_with(&contact).await.has(422).text, field);
    }
    let whole = guest.post("/login", &user("ana", "", "wrong horse")).await.has(401);
    whole.hides("aria-invalid").shows("role=\"alert\" tabindex=\"-1\" autofocus>Nom d’utilisateur");
}

#[actix_web::test]
async fn a_page_has_the_status_of_the_api_and_says_when_to_try_again() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    ana.post("/cart/add/1", &[]).await.leads_to("/");
    let form = ana.get("/checkout").await;
    admin.0.send(Method::POST, "/api/breaker/isolate", json!({})).await.expect(200);
    let refused = ana.sends(&form, &CONTACT).await.has(503);
    let seconds = refused.headers["retry-after"].to_str().unwrap().to_owned();
    refused.shows(&format!("Réessayez dans {seconds} secondes.")).shows("1 Quay Street");
    admin.0.send(Method::POST, "/api/breaker/reset", json!({})).await.expect(200);
    let order = ana.sends(&ana.get("/checkout").await.shows("1 Quay Street"), &CONTACT).await;
    ana.follows(&order).await.shows("Votre commande est enregistrée.");
}

#[actix_web::test]
async fn the_title_of_an_error_page_says_what_happened_and_no_cache_keeps_it() {
    let shop = TestShop::open().await;
    let guest = Visitor::enter(&shop);
    let unknown = guest.get("/nowhere").await.has(404);
    assert_eq!(unknown.headers["cache-control"], "no-store");
    unknown.shows("<title>Cette page n’existe pas · MicroShop</title>").shows("<h1>Cette page n’");
    let ana = Visitor::sign_in(&shop, "ana").await;
    let forbidden = ana.get("/admin").await.has(403);
    forbidden.shows("<title>Vous n’avez pas accès à cette page ou à cette action · MicroShop");
    let notice = ana.sends_with_htmx("/articles", "/cart/add/99", &[]).await.has(404);
    assert_eq!(notice.headers["cache-control"], "no-store");
}

/// Checks that a page marks one field as wrong, with the focus and a reason that it shows.
#[track_caller]
fn marks(page: &str, field: &str) {
    let reason = format!("why-{field}");
    let marked: Vec<_> = page.split('<').filter(|tag| tag.contains("aria-invalid")).collect();
    assert_eq!(marked.len(), 1, "{field} in {page}");
    for part in [format!("name=\"{field}\""), format!("aria-describedby=\"{reason}\"")] {
        assert!(marked[0].contains(&part), "{part} in {}", marked[0]);
    }
    assert!(marked[0].contains("aria-invalid=\"true\"") && marked[0].contains(" autofocus"));
    assert_eq!(page.matches("autofocus").count(), 1);
    assert!(page.contains(&format!("id=\"{reason}\"")), "{page}");
}

fn hidden(page: &super::visitor::Page) -> [(&str, &str); 4] {
    super::visitor::CHECKOUT_FIELDS.map(|name| (name, page.field(name)))
}

/// Sends the form that chooses English on a page without scripts, and returns the page it leads to.
async fn switches_to_english(visitor: &Visitor, page: &str) -> super::visitor::Page {
    let back = page.split("name=\"back\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let chosen = visitor.post("/language", &[("language", "en"), ("back", back)]).await;
    visitor.follows(&chosen).await.shows("lang=\"en\"")
}
