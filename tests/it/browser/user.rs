//! The desk's pages of users, seen by two administrators and by the user.

use crate::chromium::{Chromium, Window};
use crate::harness::TestShop;

/// The button of a command on the page of a user, and what opens its question.
async fn carries_out(window: &Window, question: &str) {
    window.clicks(&format!("{question} summary")).await;
    window.clicks(&format!("{question} button")).await;
}

#[actix_web::test]
async fn a_new_user_a_role_and_a_sign_out_reach_another_administrator_at_once() {
    for browser in Chromium::open_each_size().await {
        let shop = TestShop::open().await;
        let second = Chromium::open_in_english().await;
        let users = Chromium::open_in_english().await;
        let (desk, list, page) =
            (browser.window(&shop).await, second.window(&shop).await, second.window(&shop).await);
        let ana = users.window(&shop).await;
        desk.logs_in("admin", "admin").await;
        desk.opens_live("/admin/users").await;
        list.logs_in("admin", "admin").await;
        list.opens_live("/admin/users").await;
        desk.clicks("#user-add summary").await;
        desk.sees("#user-add dialog[open]", "Add a user").await;
        desk.types("#user-add [name=username]", "ana").await;
        desk.types("#user-add [name=password]", "correct horse").await;
        desk.clicks("#user-add form[hx-post] button").await;
        desk.sees("#notice", "User added.").await;
        list.sees("#users tbody tr:last-child", "ana").await;
        list.sees("#users h2", "2 users").await;
        let shown = list.page().await;

        ana.logs_in("ana", "correct horse").await;
        list.sees("#users tbody tr:last-child td[data-label=Devices]", "1").await;
        desk.types("main [name=q]", "AN").await;
        desk.clicks("main .search button").await;
        desk.sees("#users h2", "1 user").await;
        desk.clicks("#users tbody th a").await;
        desk.sees("#user-desk", "Customer").await;
        desk.sees("html.live .indicator", "").await;
        let address = desk.path().await;
        page.opens_live(&address).await;
        page.sees("#user-desk .lines", "Chrome").await;
        carries_out(&desk, &format!("#confirm{}-sign-out", address.replace('/', "-"))).await;
        desk.sees("#notice", "signed out").await;
        for window in [&desk, &page] {
            window.sees("#user-desk", "No device is signed in.").await;
        }
        ana.is_at("/login").await;

        carries_out(&desk, "#confirm-role-admin").await;
        for window in [&desk, &page] {
            window.sees("#confirm-role-customer", "").await;
            window.sees("#user-desk .facts", "Administrator").await;
        }
        list.sees("#users tbody tr:last-child", "Administrator").await;
        assert_eq!(list.page().await, shown);
        carries_out(&desk, &format!("#confirm-admin-users-delete-{}", &address[13..])).await;
        desk.is_at("/admin/users").await;
        page.sees("#user-desk", "This user was deleted.").await;
        list.sees("#users h2", "1 user").await;
        for browser in [browser, second, users] {
            browser.closes().await;
        }
    }
}

#[actix_web::test]
async fn a_dialog_keeps_what_is_typed_when_the_form_is_refused() {
    for browser in Chromium::open_each_size().await {
        let shop = TestShop::open().await;
        let window = browser.window(&shop).await;
        window.logs_in("admin", "admin").await;
        window.opens_live("/admin/users").await;
        window.clicks("#user-add summary").await;
        window.types("#user-add [name=username]", "admin").await;
        window.types("#user-add [name=password]", "correct horse").await;
        window.clicks("#user-add form[hx-post] button").await;
        window.sees("#user-add dialog[open] .refusal", "").await;
        assert_eq!(window.holds("#user-add [name=username]").await, "admin");
        window.clicks("#user-add .close button").await;
        window.sees_no("#user-add [open]").await;
        browser.closes_after_errors(&["/admin/users/add"]).await;
    }
}

#[actix_web::test]
async fn users_are_found_and_changed_without_scripts() {
    let shop = TestShop::open().await;
    shop.customer("ana").await;
    shop.customer("bela").await;
    let browser = Chromium::open_without_scripts().await;
    let window = browser.window(&shop).await;
    window.logs_in("admin", "admin").await;
    window.opens("/admin/users").await;
    window.clicks("#user-add summary").await;
    window.types("#user-add [name=username]", "carl").await;
    window.types("#user-add [name=password]", "correct horse").await;
    window.clicks("#user-add form[hx-post] button").await;
    window.sees("#notice", "Utilisateur ajouté.").await;
    window.types("main [name=q]", "bel").await;
    window.clicks("main .search button").await;
    window.sees("#users h2", "1 utilisateur").await;
    window.clicks("#users tbody th a").await;
    carries_out(&window, "#confirm-role-admin").await;
    window.sees("#notice", "Rôle modifié.").await;
    window.sees("#user-desk .facts", "Administrateur").await;
    browser.closes().await;
}

#[actix_web::test]
async fn a_user_sets_a_password_by_a_link_that_an_administrator_copies() {
    for (browser, other) in [
        (Chromium::open_in_english().await, Chromium::open_in_english().await),
        (Chromium::open_on_a_phone().await, Chromium::open_on_a_phone().await),
    ] {
        let shop = TestShop::open().await;
        shop.customer("ana").await;
        let (desk, ana) = (browser.window(&shop).await, other.window(&shop).await);
        ana.logs_in("ana", "correct horse").await;
        ana.opens_live("/account").await;
        desk.logs_in("admin", "admin").await;
        desk.opens("/admin/users?q=ana").await;
        desk.clicks("#users tbody th a").await;
        desk.sees("html.live .indicator", "").await;
        desk.clicks("#user-reset button").await;
        desk.sees("#notice", "Link made.").await;
        let link = desk.holds("#reset-link").await;
        // A push leaves the link alone.
        shop.customer("bela").await;
        desk.sees("#user-desk", "").await;
        assert_eq!(desk.holds("#reset-link").await, link);
        ana.opens(link.strip_prefix(&shop.url).unwrap()).await;
        ana.types("#reset [name=new]", "battery staple").await;
        ana.clicks("#reset button").await;
        ana.is_at("/login").await;
        ana.sees("#notice", "Password set.").await;
        ana.fills_in_the_login("ana", "battery staple").await;
        ana.is_at("/articles").await;
        desk.reloads().await;
        desk.sees("#user-reset button", "Make a link").await;
        browser.closes().await;
        other.closes().await;
    }
}
