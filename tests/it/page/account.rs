//! Signing in and out, the account page, and the session's cookie.

use reqwest::Method;

use super::visitor::{Page, Visitor};
use crate::harness::TestShop;
use crate::people::Person;

#[actix_web::test]
async fn a_refused_sign_in_or_registration_shows_the_form_with_the_reason() {
    let shop = TestShop::open().await;
    shop.customer("ana").await;
    let guest = Visitor::enter(&shop);
    guest.get("/register?then=/cart").await.shows("action=\"/register\"").shows("value=\"/cart\"");
    let wrong = [("username", "ana"), ("password", "wrong horse"), ("then", "/cart")];
    let again =
        guest.post("/login", &wrong).await.has(401).shows("role=\"alert\"").shows("value=\"ana\"");
    again.hides("wrong horse").shows("value=\"/cart\"");
    let new = |name, password| {
        [("username", name), ("email", ""), ("password", password), ("then", "/cart")]
    };
    guest
        .post("/register", &new("ANA", "correct horse"))
        .await
        .has(409)
        .shows("role=\"alert\"")
        .shows("value=\"ANA\"");
    guest
        .post("/register", &new("bob", "short"))
        .await
        .has(422)
        .shows("role=\"alert\"")
        .hides("short");
    guest.get("/account").await.leads_to("/login?then=/account");
    guest.post("/register", &new("bob", "correct horse")).await.leads_to("/cart");
    guest.get("/account").await.shows("bob");
}

#[actix_web::test]
async fn a_get_request_signs_out_no_user_and_changes_nothing() {
    let shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    ana.get("/logout").await.shows("action=\"/logout\" method=\"post\"");
    ana.get("/account").await.has(200);
    let out = ana.post("/logout", &[]).await;
    let removed = format!("{}=;", shop.cookie("session"));
    assert!(out.set_cookies().any(|cookie| cookie.starts_with(&removed)));
    out.leads_to("/articles");
    ana.get("/account").await.leads_to("/login?then=/account");
    ana.get("/orders").await.leads_to("/login?then=/orders");
}

#[actix_web::test]
async fn the_account_page_lists_every_session_and_ends_them() {
    let shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    let phone = Visitor::enter(&shop);
    let agent = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0";
    let form = [("username", "ana"), ("password", "correct horse")];
    phone
        .send(phone.request(Method::POST, "/login").header("user-agent", agent).form(&form))
        .await
        .leads_to("/");
    let account =
        ana.get("/account").await.shows("Firefox · Android").shows("/account/sessions/end-others");
    let forms = account.text.split("action=\"").filter(|form| form.contains("/end\""));
    let forms: Vec<_> = forms.filter_map(|form| form.split('"').next()).collect();
    assert_eq!(forms.len(), 3, "the registration's, the browser's and the phone's: {forms:?}");
    let last = forms[2].trim_start_matches("/account/sessions/").trim_end_matches("/end");
    ana.post(&format!("/account/sessions/{last}/end"), &[]).await.leads_to("/account");
    phone.get("/account").await.leads_to("/login?then=/account");
    ana.get("/account").await.hides("Firefox · Android");

    let program = Person::log_in(&shop, "ana", "correct horse").await;
    ana.post("/account/sessions/end-others", &[]).await.leads_to("/account");
    program.get("/auth/profile").await.expect_problem(401, "invalid_token");
    let account = ana.get("/account").await.hides("/account/sessions/end-others").text;
    let own =
        account.split("action=\"/account/sessions/").nth(1).unwrap().split('"').next().unwrap();
    ana.post(&format!("/account/sessions/{own}"), &[]).await.leads_to("/login");
    ana.get("/account").await.leads_to("/login?then=/account");
}

#[actix_web::test]
async fn a_new_password_signs_out_every_browser_with_an_old_cookie() {
    let shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    let phone = Visitor::enter(&shop);
    phone.logs_in("ana", "/").await.leads_to("/");
    let wrong = [("current", "wrong horse"), ("new", "battery staple")];
    ana.post("/account/password", &wrong).await.leads_to("/account");
    phone.get("/account").await.has(200);
    let right = [("current", "correct horse"), ("new", "battery staple")];
    let copied =
        signs_in_with(&ana, "/login", &[("username", "ana"), ("password", "correct horse")]).await;
    let answer = ana.post("/account/password", &right).await;
    answer.leads_to("/account");
    let cookie = session_cookie(&answer);
    assert_ne!(cookie, copied);
    assert!(!shows_account(&shop, &copied).await && shows_account(&shop, &cookie).await);
    phone.get("/account").await.leads_to("/login?then=/account");
    ana.get("/account").await.has(200).hides("/account/sessions/end-others");
    phone.logs_in("ana", "/").await.has(401);
}

#[actix_web::test]
async fn a_new_password_through_htmx_sets_the_cookie_of_the_new_session() {
    let shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    ana.post("/cart/add/1", &[]).await;
    let form = [("current", "correct horse"), ("new", "battery staple")];
    let request = ana.request(Method::POST, "/account/password").header("hx-request", "true");
    let page = ana.send(request.form(&form)).await.has(200);
    assert_eq!(page.headers["hx-redirect"], "/account");
    let mut cookies = page.set_cookies();
    let cookie = cookies.find(|cookie| cookie.starts_with("session-")).unwrap();
    assert!(cookie.contains("; HttpOnly"), "{cookie}");
    ana.get("/account").await.has(200);
    ana.get("/cart").await.shows("cart-item-1");
}

#[actix_web::test]
async fn a_sign_in_or_registration_ends_the_former_session_of_the_browser() {
    let shop = TestShop::open().await;
    shop.customer("bob").await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    let phone = Visitor::enter(&shop);
    phone.logs_in("ana", "/").await.leads_to("/");
    let new = [("username", "eve"), ("email", ""), ("password", "correct horse"), ("then", "/")];
    for (path, form) in [
        ("/login", &[("username", "ana"), ("password", "correct horse")][..]),
        ("/login", &[("username", "bob"), ("password", "correct horse")]),
        ("/register", &new),
        ("/login", &[("username", "ana"), ("password", "correct horse")]),
    ] {
        let former =
            signs_in_with(&ana, "/login", &[("username", "ana"), ("password", "correct horse")])
                .await;
        let current = signs_in_with(&ana, path, form).await;
        assert!(shows_account(&shop, &current).await && !shows_account(&shop, &former).await);
    }
    phone.get("/account").await.has(200);
    let refused = [("username", "ana"), ("password", "wrong horse")];
    ana.post("/login", &refused).await.has(401);
    ana.get("/account").await.has(200);
}

#[actix_web::test]
async fn shops_on_two_ports_of_one_host_do_not_sign_each_other_out() {
    let shop = TestShop::open().await;
    let other_shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    ana.post("/cart/add/1", &[]).await.leads_to("/");
    other_shop.customer("ana").await;
    let elsewhere = Visitor { url: other_shop.url.clone(), http: ana.http.clone() };
    elsewhere.post("/cart/add/2", &[]).await.leads_to("/");
    elsewhere.post("/language", &[("language", "en"), ("back", "/cart")]).await.leads_to("/cart");
    elsewhere.logs_in("ana", "/").await.leads_to("/");
    elsewhere.get("/cart").await.shows("cart-item-2").shows("lang=\"en\"");
    elsewhere.post("/logout", &[]).await.leads_to("/articles");
    ana.get("/cart").await.shows("cart-item-1").shows("<html lang=\"fr\"");
    ana.get("/account").await.has(200);
}

/// Sends a form that signs in, and returns the cookie of the session.
async fn signs_in_with(browser: &Visitor, path: &str, form: &[(&str, &str)]) -> String {
    let answer = browser.post(path, form).await;
    answer.leads_to("/");
    session_cookie(&answer)
}

/// Returns the cookie of the session that a response sets.
fn session_cookie(answer: &Page) -> String {
    let set = answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    let session = set.into_iter().find(|cookie| cookie.starts_with("session-")).unwrap();
    session.split(';').next().unwrap().to_owned()
}

/// Whether the account page is shown to a browser with this cookie only.
async fn shows_account(shop: &TestShop, cookie: &str) -> bool {
    let request = shop.request(Method::GET, "/account").header("cookie", cookie);
    request.send().await.unwrap().status() == 200
}

#[actix_web::test]
async fn the_session_cookie_works_for_the_shop_s_pages_only() {
    let shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    let answer = ana.logs_in("ana", "/").await;
    let set: Vec<_> = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|cookie| cookie.to_str().unwrap())
        .collect();
    let session = set.iter().find(|cookie| cookie.starts_with("session-")).unwrap();
    for flag in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(session.contains(flag), "{session}");
    }
    let secret = session.split(['=', ';']).nth(1).unwrap();
    assert!(secret.len() >= 43 && !session.contains("Domain"), "{session}");
    let cookie = format!("{}={secret}", shop.cookie("session"));
    let bearer = shop.request(Method::GET, "/auth/profile").header("cookie", cookie);
    assert_eq!(bearer.send().await.unwrap().status(), 401, "the REST API accepts no cookie");
}
