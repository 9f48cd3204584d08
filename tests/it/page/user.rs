//! The desk's pages of users, without scripts.

use reqwest::Method;
use serde_json::json;

use super::visitor::Visitor;
use crate::harness::TestShop;
use crate::people::Person;

/// Returns the id of the user in the row that shows a name.
fn id_in(list: &str, name: &str) -> String {
    let mut rows = list.split("<tr id=\"user-").skip(1);
    let row = rows.find(|row| row.contains(&format!(">{name}<"))).unwrap();
    row.split('"').next().unwrap().to_owned()
}

async fn admin_of(shop: &TestShop) -> Visitor {
    let admin = Visitor::enter(shop);
    admin.post("/login", &[("username", "admin"), ("password", "admin")]).await.leads_to("/");
    admin
}

#[actix_web::test]
async fn an_administrator_finds_a_user_and_deletes_them_from_the_search() {
    let shop = TestShop::open().await;
    for name in ["ana", "anatole", "bob"] {
        shop.customer(name).await;
    }
    let admin = admin_of(&shop).await;
    let list =
        admin.get("/admin/users?q=ANA").await.has(200).shows("2 utilisateurs").hides(">bob<");
    let ana = id_in(&list.text, "ana");
    let delete = format!("/admin/users/delete/{ana}?q=ANA");
    admin.get("/admin/users?q=ANA").await.shows(&format!("action=\"{delete}\""));
    admin.post(&delete, &[]).await.leads_to("/admin/users?q=ANA");
    admin.get("/admin/users?q=ANA").await.shows("1 utilisateur<").hides(">ana<").shows(">anatole<");
    admin.get("/admin/users?q=zoe").await.shows("Aucun utilisateur trouvé.");
    admin.get(&format!("/admin/users/{ana}")).await.has(404);
}

#[actix_web::test]
async fn an_administrator_changes_a_role_and_signs_a_user_out() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let admin = admin_of(&shop).await;
    let id = id_in(&admin.get("/admin/users").await.text, "ana");
    let page = format!("/admin/users/{id}");
    admin.get(&page).await.has(200).shows("<h1>ana</h1>").shows("id=\"confirm-role-admin\"");
    admin.post(&format!("/admin/users/{id}/sign-out"), &[]).await.leads_to(&page);
    admin.get(&page).await.shows("ont été déconnectés").shows("Aucun appareil n’est connecté.");
    ana.get("/auth/profile").await.expect_problem(401, "invalid_token");
    admin.post(&format!("/admin/users/{id}/role"), &[("role", "admin")]).await.leads_to(&page);
    admin.get(&page).await.shows("Rôle modifié.").shows("id=\"confirm-role-customer\"");
    Person::log_in(&shop, "ana", "correct horse").await.get("/api/users").await.expect(200);
    admin.post(&format!("/admin/users/{id}/role"), &[("role", "boss")]).await.leads_to(&page);
    admin.get(&page).await.shows("id=\"confirm-role-customer\"");

    // The last administrator stays one.
    admin.post(&format!("/admin/users/{id}/role"), &[("role", "customer")]).await.leads_to(&page);
    let own = id_in(&admin.get("/admin/users").await.text, "admin");
    let own = format!("/admin/users/{own}");
    admin.get(&own).await.has(200).shows("href=\"/account\"").hides("confirm-role");
    admin.post(&format!("{own}/role"), &[("role", "customer")]).await.leads_to(&own);
    admin.get(&own).await.shows("administrateur");
    shop.admin().await;
}

#[actix_web::test]
async fn no_customer_sees_the_page_of_a_user() {
    let shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    let admin = shop.admin().await;
    let users = admin.0.send(Method::GET, "/api/users?q=ana", json!(null)).await.expect(200).json;
    let page = format!("/admin/users/{}", users["users"][0]["id"].as_str().unwrap());
    ana.get(&page).await.has(403).hides("user-desk");
    Visitor::enter(&shop).get(&page).await.leads_to(&format!("/login?then={page}"));
}
