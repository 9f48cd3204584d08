//! Pages as a browser without scripts walks them: every form is sent, every answer is a page or the way to one.

use std::collections::BTreeSet;
use std::sync::Arc;

use reqwest::cookie::Jar;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::json;

use crate::harness::{TestShop, client, until};
use crate::people::Person;

/// A person with a browser.
struct Visitor {
    url: String,
    http: Client,
}

/// What a browser was answered.
struct Page {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

/// The form that an order is placed with, but for the cart and the key.
const CONTACT: [(&str, &str); 3] =
    [("name", "Ana"), ("email", "ana@example.org"), ("address", "1 Quay Street")];

#[actix_web::test]
async fn a_guest_reads_the_catalogue_and_fills_a_cart() {
    let shop = TestShop::open().await;
    let guest = Visitor::enter(&shop);
    guest.get("/").await.leads_to("/articles");
    let catalogue = guest.get("/articles").await.shows("Ordinateur portable").shows("lang=\"fr\"");
    assert_eq!(catalogue.headers["content-type"], "text/html; charset=utf-8");
    guest.get("/cart").await.shows("id=\"cart\"").hides("cart-item-1");
    guest.post("/cart/add/1", &[]).await.leads_to("/");
    let from = guest
        .request(Method::POST, "/cart/add/2")
        .header("referer", format!("{}/articles?x=1", shop.url));
    guest.send(from.form(&[("a", "b")])).await.leads_to("/articles?x=1");
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
async fn everybody_has_a_cart_of_their_own() {
    let shop = TestShop::open().await;
    let (guest, other) = (Visitor::enter(&shop), Visitor::enter(&shop));
    guest.post("/cart/add/1", &[]).await.leads_to("/");
    other.get("/cart").await.shows("cart-count-0");
    guest.get("/cart").await.shows("cart-count-1");
}

#[actix_web::test]
async fn a_bad_cart_form_is_refused_with_a_page_and_changes_nothing() {
    let shop = TestShop::open().await;
    let guest = Visitor::enter(&shop);
    guest.post("/cart/add/1", &[]).await.leads_to("/");
    for (path, form, status) in [
        ("/cart/update/1", [("quantity", "100")], 422),
        ("/cart/update/1", [("quantity", "-1")], 422),
        ("/cart/update/1", [("quantity", "x")], 422),
        ("/cart/update/1", [("pieces", "1")], 422),
        ("/cart/update/99", [("quantity", "1")], 404),
        ("/cart/update/x", [("quantity", "1")], 404),
        ("/cart/add/99", [("then", "")], 404),
        ("/cart/add/x", [("then", "")], 404),
        ("/cart/remove/5", [("then", "")], 404),
    ] {
        guest.post(path, &form).await.has(status).shows("id=\"failure\"");
    }
    guest.get("/cart").await.shows("cart-count-1");
}

#[actix_web::test]
async fn what_a_guest_put_in_the_cart_is_there_after_signing_in() {
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
    let stranger = Visitor::enter(&shop);
    stranger.get("/cart").await.shows("cart-count-0");
}

#[actix_web::test]
async fn a_buyer_orders_pays_and_sees_the_order() {
    let shop = TestShop::open().await;
    shop.admin().await.sets_bank("approve").await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    ana.get("/bank").await.leads_to("/orders");
    ana.post("/cart/add/1", &[]).await.leads_to("/");
    ana.get("/cart/checkout").await.leads_to("/checkout");
    let order = ana.orders().await.way();
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
    let first = ana.orders().await.way();
    ana.waits_for(&first, "/cancel\"").await.hides("class=\"spinner");
    admin.sets_bank("approve").await;
    ana.post(&format!("{first}/pay"), &[("idempotency_key", "a")]).await.leads_to(&first);
    ana.waits_for(&first, "aria-current=\"step\">Payée").await.hides("/cancel\"");
    admin.sets_bank("decline").await;
    ana.post("/cart/add/1", &[]).await.leads_to("/");
    let second = ana.orders().await.way();
    ana.waits_for(&second, "/cancel\"").await;
    let id = second.trim_start_matches("/orders/");
    ana.post(&format!("/orders/{id}/cancel"), &[]).await.leads_to(&second);
    ana.get(&second).await.hides("/cancel\"").hides("/pay\"");
    ana.post(&format!("/orders/{id}/pay"), &[("idempotency_key", "b")]).await.has(409);
}

#[actix_web::test]
async fn a_refused_checkout_shows_the_form_again_and_keeps_what_was_typed() {
    let shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    ana.post("/cart/add/1", &[]).await.leads_to("/");
    let bad = [("name", "Ana"), ("email", "nowhere"), ("address", "2 rue du Port")];
    let again = ana.orders_with(&bad).await.has(422).shows("role=\"alert\"");
    again
        .shows("value=\"nowhere\"")
        .shows("2 rue du Port")
        .shows("name=\"cart_version\" value=\"1\"");
    shop.admin().await.changes_article(1, json!({ "price_cents": 1 })).await.expect(200);
    let form = [("cart_version", "1"), ("expected_total_cents", "89900"), ("idempotency_key", "k")];
    let dearer = ana
        .post("/checkout", &[&form[..], &CONTACT].concat())
        .await
        .has(409)
        .shows("role=\"alert\"");
    let dearer = dearer.shows("name=\"expected_total_cents\" value=\"1\"");
    ana.get("/orders").await.hides("href=\"/orders/");
    let order = ana.sends(&dearer, &CONTACT).await.way();
    ana.get(&order).await.shows("0,01");
}

#[actix_web::test]
async fn a_form_needs_a_good_idempotency_key() {
    let shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    ana.post("/cart/add/1", &[]).await.leads_to("/");
    for key in ["", "a b", "é", &"k".repeat(256)] {
        let form =
            [("cart_version", "1"), ("expected_total_cents", "89900"), ("idempotency_key", key)];
        ana.post("/checkout", &[&form[..], &CONTACT].concat())
            .await
            .has(400)
            .shows("name=\"idempotency_key\"");
    }
    let order = ana.orders().await.way();
    ana.post(&format!("{order}/pay"), &[("idempotency_key", "")]).await.has(400);
}

#[actix_web::test]
async fn a_form_sent_twice_or_from_two_tabs_places_one_order() {
    let shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    ana.post("/cart/add/1", &[]).await.leads_to("/");
    let (tab, other) = (ana.get("/checkout").await, ana.get("/checkout").await);
    assert_ne!(tab.field("idempotency_key"), other.field("idempotency_key"));
    let sent = [&tab, &tab, &other].map(|form| ana.sends(form, &CONTACT));
    let ways: BTreeSet<_> =
        futures_util::future::join_all(sent).await.iter().map(Page::way).collect();
    assert_eq!(ways.len(), 1, "{ways:?}");
}

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
async fn a_name_is_never_markup() {
    let shop = TestShop::open().await;
    let name = "<script>alert(1)</script>";
    let mallory = Visitor::sign_in(&shop, name).await;
    let admin = Visitor::enter(&shop);
    admin.post("/login", &[("username", "admin"), ("password", "admin")]).await.leads_to("/");
    for page in [
        mallory.get("/account").await,
        mallory.get("/articles").await,
        admin.get("/admin/users").await,
    ] {
        page.shows("&lt;script&gt;alert(1)").hides("<script>alert");
    }
    let failed = Visitor::enter(&shop)
        .post("/login", &[("username", "\"><script>"), ("password", "x")])
        .await
        .has(401);
    failed.shows("&quot;&gt;&lt;script&gt;").hides("\"><script>");
}

#[actix_web::test]
async fn other_sites_can_change_nothing() {
    let shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    ana.post("/cart/add/1", &[]).await.leads_to("/");
    let foreign = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("x-nothing", "and a cookie"),
    ];
    for (header, value) in foreign {
        for path in [
            "/cart/add/2",
            "/cart/clear",
            "/logout",
            "/account/sessions/end-others",
            "/language",
            "/login",
        ] {
            let request =
                ana.http.request(Method::POST, format!("{}{path}", ana.url)).header(header, value);
            ana.send(request.form(&[("language", "en")])).await.has(403);
        }
    }
    ana.get("/cart").await.shows("cart-count-1").shows("lang=\"fr\"");
    let own = ana.http.post(format!("{}/cart/add/2", ana.url)).header("origin", &ana.url);
    ana.send(own.form(&[("a", "b")])).await.leads_to("/");
    ana.get("/cart").await.shows("cart-count-2");
}

#[actix_web::test]
async fn a_page_carries_the_headers_that_keep_it_safe() {
    let shop = TestShop::open().await;
    let guest = Visitor::enter(&shop);
    for path in ["/articles", "/login", "/nowhere", "/static/shop.css", "/api/articles"] {
        let headers = guest.get(path).await.headers;
        assert!(
            headers["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert_eq!(
            (&headers["x-content-type-options"], &headers["x-frame-options"]),
            (&"nosniff".parse().unwrap(), &"DENY".parse().unwrap())
        );
        assert_eq!(headers["referrer-policy"], "same-origin");
    }
    assert_eq!(guest.get("/cart").await.headers["cache-control"], "no-store");
}

#[actix_web::test]
async fn a_session_s_cookie_is_for_the_shop_s_pages_alone() {
    let shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    let answer = ana.logs_in("ana", "/").await;
    let set: Vec<_> = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|cookie| cookie.to_str().unwrap())
        .collect();
    let session = set.iter().find(|cookie| cookie.starts_with("session=")).unwrap();
    for flag in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(session.contains(flag), "{session}");
    }
    let secret = session.split(['=', ';']).nth(1).unwrap();
    assert!(secret.len() >= 43 && !session.contains("Domain"), "{session}");
    let bearer =
        shop.request(Method::GET, "/auth/profile").header("cookie", format!("session={secret}"));
    assert_eq!(bearer.send().await.unwrap().status(), 401, "programs prove themselves in a header");
}

#[actix_web::test]
async fn a_page_speaks_the_reader_s_language_until_told_otherwise() {
    let shop = TestShop::open().await;
    let guest = Visitor::enter(&shop);
    let english =
        guest.request(Method::GET, "/articles").header("accept-language", "en-GB,fr;q=0.5");
    guest.send(english).await.shows("lang=\"en\"").shows("€899.00");
    guest.get("/articles").await.shows("lang=\"fr\"").shows("899,00\u{a0}€");
    guest.post("/language", &[("language", "en"), ("back", "/cart")]).await.leads_to("/cart");
    guest.get("/articles").await.shows("lang=\"en\"");
    guest
        .post("/language", &[("language", "xx"), ("back", "https://evil.example")])
        .await
        .leads_to("/");
    guest.get("/articles").await.shows("lang=\"fr\"");
}

#[actix_web::test]
async fn nobody_is_led_out_of_the_shop() {
    let shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    for elsewhere in [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/\t/evil",
    ] {
        ana.logs_in("ana", elsewhere).await.leads_to("/");
    }
    ana.get("/login?then=//evil.example").await.hides("value=\"//evil.example");
    let from = ana
        .request(Method::POST, "/cart/add/1")
        .header("referer", "https://evil.example//evil.example/");
    ana.send(from.form(&[("a", "b")])).await.leads_to("/");
}

#[actix_web::test]
async fn signing_out_takes_a_click() {
    let shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    ana.get("/logout").await.shows("action=\"/logout\" method=\"post\"");
    ana.get("/account").await.has(200);
    for path in ["/cart/add/1", "/cart/clear", "/language", "/account/password", "/admin/users/add"]
    {
        ana.get(path).await.has(405);
    }
    let out = ana.post("/logout", &[]).await;
    assert!(out.headers["set-cookie"].to_str().unwrap().starts_with("session=;"));
    out.leads_to("/articles");
    ana.get("/account").await.leads_to("/login?then=/account");
    ana.get("/orders").await.leads_to("/login?then=/orders");
}

#[actix_web::test]
async fn the_account_page_shows_every_device_and_ends_them() {
    let shop = TestShop::open().await;
    let (ana, phone) = (Visitor::sign_in(&shop, "ana").await, Visitor::enter(&shop));
    let agent = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0";
    let form = [("username", "ana"), ("password", "correct horse")];
    phone
        .send(phone.request(Method::POST, "/login").header("user-agent", agent).form(&form))
        .await
        .leads_to("/");
    let account =
        ana.get("/account").await.shows("Firefox · Android").shows("/account/sessions/end-others");
    let ends = account.text.split("action=\"").filter(|form| form.contains("/end\""));
    let ends: Vec<_> = ends.filter_map(|form| form.split('"').next()).collect();
    assert_eq!(ends.len(), 3, "the registration's, the browser's and the phone's: {ends:?}");
    let last = ends[2].trim_start_matches("/account/sessions/").trim_end_matches("/end");
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
async fn a_new_password_signs_out_every_other_browser() {
    let shop = TestShop::open().await;
    let (ana, phone) = (Visitor::sign_in(&shop, "ana").await, Visitor::enter(&shop));
    phone.logs_in("ana", "/").await.leads_to("/");
    let wrong = [("current", "wrong horse"), ("new", "battery staple")];
    ana.post("/account/password", &wrong).await.has(403);
    phone.get("/account").await.has(200);
    let right = [("current", "correct horse"), ("new", "battery staple")];
    ana.post("/account/password", &right).await.leads_to("/account");
    phone.get("/account").await.leads_to("/login?then=/account");
    ana.get("/account").await.has(200);
    phone.logs_in("ana", "/").await.has(401);
}

#[actix_web::test]
async fn the_users_page_is_for_administrators() {
    let shop = TestShop::open().await;
    let (ana, guest, admin) =
        (Visitor::sign_in(&shop, "ana").await, Visitor::enter(&shop), Visitor::enter(&shop));
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

#[actix_web::test]
async fn files_are_kept_by_browsers_for_as_long_as_they_are_the_same() {
    let shop = TestShop::open().await;
    let guest = Visitor::enter(&shop);
    let page = guest.get("/articles").await.text;
    for name in ["shop.css", "htmx.min.js", "hx-ws.min.js", "shop.js", "favicon.svg"] {
        let start = page.find(&format!("/static/{name}?v=")).unwrap_or_else(|| panic!("{name}"));
        let address = page[start..].split('"').next().unwrap();
        let file = guest.get(address).await.has(200);
        assert_eq!(file.headers["cache-control"], "public, max-age=31536000, immutable");
        let again =
            guest.request(Method::GET, address).header("if-none-match", &file.headers["etag"]);
        let again = guest.send(again).await.has(304);
        assert!(again.text.is_empty());
    }
    assert_eq!(
        guest.get("/static/shop.css").await.headers["cache-control"],
        "public, max-age=3600"
    );
    assert_eq!(
        guest.get("/static/pictures/laptop.svg").await.has(200).headers["content-type"],
        "image/svg+xml"
    );
    assert_eq!(guest.get("/favicon.ico").await.has(200).headers["content-type"], "image/svg+xml");
    for path in
        ["/static/nothing.css", "/static/../Cargo.toml", "/static/%2e%2e/Cargo.toml", "/static/"]
    {
        guest.get(path).await.has(404);
    }
}

#[actix_web::test]
async fn a_page_that_does_not_exist_says_so_with_the_shop_around() {
    let shop = TestShop::open().await;
    let guest = Visitor::enter(&shop);
    let lost =
        guest.get("/nowhere").await.has(404).shows("id=\"failure\"").shows("id=\"cart-badge\"");
    assert!(lost.text.contains(lost.headers["x-request-id"].to_str().unwrap()));
    let ana = Visitor::sign_in(&shop, "ana").await;
    ana.get("/orders/x").await.has(404).shows("id=\"failure\"");
}

impl Visitor {
    /// Somebody enters with a browser of their own.
    fn enter(shop: &TestShop) -> Self {
        Self {
            url: shop.url.clone(),
            http: client().cookie_provider(Arc::new(Jar::default())).build().unwrap(),
        }
    }

    /// A new customer, registered with a program, signs in with a browser.
    async fn sign_in(shop: &TestShop, name: &str) -> Self {
        shop.customer(name).await;
        let visitor = Self::enter(shop);
        visitor.logs_in(name, "/").await.leads_to("/");
        visitor
    }

    async fn logs_in(&self, name: &str, then: &str) -> Page {
        self.post("/login", &[("username", name), ("password", "correct horse"), ("then", then)])
            .await
    }

    /// A request from one of the shop's own pages.
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.url))
            .header("sec-fetch-site", "same-origin")
    }

    async fn send(&self, request: RequestBuilder) -> Page {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        Page { status, headers, text: answer.text().await.unwrap() }
    }

    async fn get(&self, path: &str) -> Page {
        self.send(self.request(Method::GET, path)).await
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Page {
        self.send(self.request(Method::POST, path).form(form)).await
    }

    /// Places the order that the checkout page shows.
    async fn orders(&self) -> Page {
        self.orders_with(&CONTACT).await
    }

    async fn orders_with(&self, contact: &[(&str, &str)]) -> Page {
        self.sends(&self.get("/checkout").await.has(200), contact).await
    }

    /// Sends the checkout form of a page.
    async fn sends(&self, page: &Page, contact: &[(&str, &str)]) -> Page {
        let hidden = ["cart_version", "expected_total_cents", "idempotency_key"]
            .map(|name| (name, page.field(name)));
        self.post("/checkout", &[&hidden[..], contact].concat()).await
    }

    /// Looks at a page until it shows something.
    async fn waits_for(&self, path: &str, text: &str) -> Page {
        until(async || Some(self.get(path).await.has(200)).filter(|page| page.text.contains(text)))
            .await
    }
}

impl Page {
    #[track_caller]
    fn has(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    #[track_caller]
    fn shows(self, text: &str) -> Self {
        assert!(self.text.contains(text), "no {text} in {}", self.text);
        self
    }

    #[track_caller]
    fn hides(self, text: &str) -> Self {
        assert!(!self.text.contains(text), "{text} in {}", self.text);
        self
    }

    /// Where the browser is sent.
    #[track_caller]
    fn way(&self) -> String {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text);
        self.headers["location"].to_str().unwrap().to_owned()
    }

    #[track_caller]
    fn leads_to(&self, page: &str) {
        assert_eq!(self.way(), page);
    }

    /// The value of a hidden field.
    fn field(&self, name: &str) -> &str {
        let after = self.text.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
        after.split('"').next().unwrap()
    }
}
