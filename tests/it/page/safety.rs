//! What keeps pages safe: escaped names, origin checks, redirects and headers.

use reqwest::Method;

use super::visitor::Visitor;
use crate::harness::TestShop;

#[actix_web::test]
async fn a_user_name_is_never_rendered_as_markup() {
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
async fn requests_from_other_sites_change_nothing() {
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
async fn no_redirect_leaves_the_shop() {
    let shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    for foreign in [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/\t/evil",
    ] {
        ana.logs_in("ana", foreign).await.leads_to("/");
    }
    ana.get("/login?then=//evil.example").await.hides("value=\"//evil.example");
    let add = ana
        .request(Method::POST, "/cart/add/1")
        .header("referer", "https://evil.example//evil.example/");
    ana.send(add.form(&[("a", "b")])).await.leads_to("/");
}

#[actix_web::test]
async fn every_response_has_the_security_headers() {
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
