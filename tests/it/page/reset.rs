//! The page of a link that sets a new password, and the button that makes one, without scripts.

use super::visitor::{Page, Visitor};
use crate::harness::TestShop;
use crate::people::Person;

const NEW: &str = "battery staple";

/// Opens the page of a user and makes a link; returns the path of the link and the page.
async fn makes_a_link(shop: &TestShop, name: &str) -> (String, Page) {
    let admin = Visitor::enter(shop);
    admin.post("/login", &[("username", "admin"), ("password", "admin")]).await.leads_to("/");
    let list = admin.get(&format!("/admin/users?q={name}")).await.text;
    let id = list.split("<tr id=\"user-").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let made = admin.post(&format!("/admin/users/{id}/reset-link"), &[]).await.has(200);
    let link = made.text.split("readonly value=\"").nth(1).unwrap().split('"').next().unwrap();
    let path = link.strip_prefix(&shop.url).unwrap().to_owned();
    // It is shown once.
    admin.get(&format!("/admin/users/{id}")).await.has(200).hides(&path);
    (path, made)
}

#[actix_web::test]
async fn a_user_sets_a_password_by_a_link_and_signs_in() {
    let shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    let (link, made) = makes_a_link(&shop, "ana").await;
    assert_eq!(made.headers["cache-control"], "no-store");
    made.shows("name=\"back\" value=\"/admin/users/");
    let visitor = Visitor::enter(&shop);
    let page = visitor.get(&link).await.has(200).shows("Choisir un nouveau mot de passe");
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
    assert_eq!(page.headers["cache-control"], "no-store");
    // No address on the page has the token, except that of the form.
    page.shows("href=\"/login\"").hides(&format!("href=\"{link}")).hides("then=/reset");
    let refused = visitor.post(&link, &[("new", "short")]).await.has(422);
    refused.shows("id=\"why-new\"").shows(&format!("action=\"{link}\""));
    visitor.post(&link, &[("new", NEW)]).await.leads_to("/login");
    visitor.get("/login").await.shows("Mot de passe défini.");
    ana.get("/account").await.leads_to("/login?then=/account");
    Person::log_in(&shop, "ana", NEW).await;
    let used = visitor.post(&link, &[("new", "another horse")]).await.has(422);
    assert_eq!(used.headers["referrer-policy"], "no-referrer");
    used.shows("Ce lien ne fonctionne pas");
}

#[actix_web::test]
async fn the_page_of_a_link_does_not_reveal_whether_it_ever_existed() {
    let shop = TestShop::open().await;
    Visitor::sign_in(&shop, "ana").await;
    let (link, _) = makes_a_link(&shop, "ana").await;
    let unknown = format!("/reset/{}", "A".repeat(64));
    let visitor = Visitor::enter(&shop);
    let [real, other] = [visitor.get(&link).await.has(200), visitor.get(&unknown).await.has(200)];
    assert_eq!(main_of(&real, &link), main_of(&other, &unknown));
    visitor.post(&link, &[("new", NEW)]).await.leads_to("/login");
    visitor.get("/login").await;
    let used = visitor.post(&link, &[("new", NEW)]).await.has(422);
    let other = visitor.post(&unknown, &[("new", NEW)]).await.has(422);
    assert_eq!(main_of(&used, &link), main_of(&other, &unknown));
}

/// Returns the content of a page, with a word for its link.
fn main_of(page: &Page, link: &str) -> String {
    page.text.split("<main").nth(1).unwrap().replace(link, "LINK")
}
