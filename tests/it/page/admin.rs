//! The administrators' pages, and their warning of the default password.

use reqwest::Method;
use serde_json::json;

use super::visitor::Visitor;
use crate::harness::TestShop;

#[actix_web::test]
async fn only_administrators_see_the_users_page() {
    let shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    let guest = Visitor::enter(&shop);
    let admin = Visitor::enter(&shop);
    admin.post("/login", &[("username", "admin"), ("password", "admin")]).await.leads_to("/");
    let users = admin.get("/admin/users").await;
    let new = [
        ("user", users.field("user")),
        ("username", "bob"),
        ("email", ""),
        ("password", "correct horse"),
        ("role", "customer"),
    ];
    for path in ["/admin", "/admin/users"] {
        guest.get(path).await.leads_to(&format!("/login?then={path}"));
        ana.get(path)
            .await
            .has(403)
            .shows("id=\"failure\"")
            .hides("id=\"users\"")
            .hides("id=\"today\"");
    }
    ana.post("/admin/users/add", &new).await.has(403);
    admin.get("/admin").await.shows("id=\"today\"");
    admin.post("/admin/users/add", &new).await.leads_to("/admin/users");
    admin.get("/admin/users").await.shows("Utilisateur ajouté.");
    admin.post("/admin/users/add", &new).await.leads_to("/admin/users");
    let users = admin.get("/admin/users").await.shows("déjà pris").shows("value=\"bob\"");
    let users = users.shows(">ana<").shows(">bob<").text;
    let row = users.split("<tr id=\"user-").find(|row| row.contains(">ana<")).unwrap();
    let delete = format!("/admin/users/delete/{}", row.split('"').next().unwrap());
    ana.post(&delete, &[]).await.has(403);
    guest.post(&delete, &[]).await.leads_to("/login?then=/admin/users");
    admin.post(&delete, &[]).await.leads_to("/admin/users");
    admin.get("/admin/users").await.hides(">ana<");
    ana.get("/account").await.leads_to("/login?then=/account");
}

#[actix_web::test]
async fn no_other_administrator_of_the_browser_sees_what_was_typed() {
    let shop = TestShop::open().await;
    let eve = json!({ "username": "eve", "password": "correct horse", "role": "admin" });
    shop.admin().await.0.send(Method::POST, "/api/users", eve).await.expect(201);
    let browser = Visitor::enter(&shop);
    browser.post("/login", &[("username", "admin"), ("password", "admin")]).await.leads_to("/");
    let page = browser.get("/admin/users").await;
    let taken = [
        ("user", page.field("user")),
        ("username", "eve"),
        ("email", "eve@c.example"),
        ("password", "correct horse"),
    ];
    browser.post("/admin/users/add", &taken).await.leads_to("/admin/users");
    browser.get("/admin/users").await.shows("eve@c.example");
    browser.logs_in("eve", "/").await.leads_to("/");
    browser.get("/admin/users").await.hides("eve@c.example");
}

#[actix_web::test]
async fn administrators_are_warned_of_the_default_password_until_it_is_changed() {
    let shop = TestShop::open().await;
    let warning = "class=\"banner\"";
    let guest = Visitor::enter(&shop);
    guest.get("/articles").await.hides(warning);
    Visitor::sign_in(&shop, "ana").await.get("/articles").await.hides(warning);
    let admin = Visitor::enter(&shop);
    admin.post("/login", &[("username", "admin"), ("password", "admin")]).await.leads_to("/");
    admin.get("/articles").await.shows(warning);
    admin
        .post("/account/password", &[("current", "admin"), ("new", "correct horse")])
        .await
        .leads_to("/account");
    admin.get("/articles").await.hides(warning);
}
