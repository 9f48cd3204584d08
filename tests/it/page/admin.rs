//! The administrators' pages, and the warning of the default password.

use super::visitor::Visitor;
use crate::harness::TestShop;

#[actix_web::test]
async fn only_administrators_see_the_users_page() {
    let shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    let guest = Visitor::enter(&shop);
    let admin = Visitor::enter(&shop);
    admin.post("/login", &[("username", "admin"), ("password", "admin")]).await.leads_to("/");
    let new =
        [("username", "bob"), ("email", ""), ("password", "correct horse"), ("role", "customer")];
    for path in ["/admin", "/admin/users"] {
        guest.get(path).await.leads_to(&format!("/login?then={path}"));
        ana.get(path).await.has(403).shows("id=\"failure\"").hides("id=\"users\"");
    }
    ana.post("/admin/users/add", &new).await.has(403);
    admin.get("/admin").await.leads_to("/admin/users");
    admin.post("/admin/users/add", &new).await.leads_to("/admin/users");
    admin.post("/admin/users/add", &new).await.has(409);
    let users = admin.get("/admin/users").await.shows(">ana<").shows(">bob<").text;
    let row = users.split("<tr id=\"user-").find(|row| row.contains(">ana<")).unwrap();
    let delete = format!("/admin/users/delete/{}", row.split('"').next().unwrap());
    ana.post(&delete, &[]).await.has(403);
    guest.post(&delete, &[]).await.leads_to("/login?then=/");
    admin.post(&delete, &[]).await.leads_to("/admin/users");
    admin.get("/admin/users").await.hides(">ana<");
    ana.get("/account").await.leads_to("/login?then=/account");
}

#[actix_web::test]
async fn every_page_warns_of_the_default_password_until_it_is_changed() {
    let shop = TestShop::open().await;
    let warning = "mot de passe";
    let guest = Visitor::enter(&shop);
    let before = guest.get("/articles").await;
    let admin = Visitor::enter(&shop);
    admin.post("/login", &[("username", "admin"), ("password", "admin")]).await.leads_to("/");
    admin
        .post("/account/password", &[("current", "admin"), ("new", "correct horse")])
        .await
        .leads_to("/account");
    guest.get("/articles").await.hides(warning);
    before.shows(warning);
}
