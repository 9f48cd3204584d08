//! The log of security: one line for each event.

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::harness::TestShop;
use crate::people::{Answer, Person, signs_in};
use crate::socket::Socket;

mod limits;
mod mistakes;

const PASSWORD: &str = "correct horse";
const WRONG: &str = "wrong-horse-of-ana";

/// A shop, and how many lines of its log were read.
struct Logged {
    shop: TestShop,
    read: usize,
}

impl Logged {
    async fn open(settings: &[(&str, &str)]) -> Self {
        let format = [("LOG__FILTER", "info"), ("LOG__FORMAT", "json")];
        let shop = TestShop::open_logged(&[&format[..], settings].concat()).await;
        Self { shop, read: 0 }
    }

    /// Returns the lines about security that were logged since the last call.
    fn new_lines(&mut self) -> Vec<Value> {
        let log = self.shop.file("log");
        let lines: Vec<Value> =
            log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let new = lines[self.read..].to_vec();
        self.read = lines.len();
        new.into_iter().filter(|line| line["target"] == "microshop::security").collect()
    }

    /// Checks that a request has left exactly one line, of an event with a subject.
    #[track_caller]
    fn has_line(&mut self, headers: &HeaderMap, event: &str, subject: &str) {
        let lines = self.new_lines();
        assert_eq!(lines.len(), 1, "{event}: {lines:#?}");
        let fields = &lines[0]["fields"];
        assert_eq!(
            (&fields["event"], &fields["subject"], &fields["address"], &fields["request_id"]),
            (
                &json!(event),
                &json!(subject),
                &json!("127.0.0.1"),
                &json!(headers["x-request-id"].to_str().unwrap())
            )
        );
        assert!(["INFO", "WARN"].contains(&lines[0]["level"].as_str().unwrap()));
    }

    /// Returns the fields of the only line since the last call, which has an event and a subject.
    #[track_caller]
    fn new_fields(&mut self, event: &str, subject: &str) -> Value {
        let lines = self.new_lines();
        assert_eq!(lines.len(), 1, "{event}: {lines:#?}");
        let fields = lines[0]["fields"].clone();
        assert_eq!((&fields["event"], &fields["subject"]), (&json!(event), &json!(subject)));
        fields
    }

    async fn posts(&self, path: &str, cookie: &str, form: &[(&str, &str)]) -> HeaderMap {
        self.posts_from(path, cookie, form, ("sec-fetch-site", "same-origin")).await
    }

    async fn posts_from(
        &self,
        path: &str,
        cookie: &str,
        form: &[(&str, &str)],
        (name, value): (&str, &str),
    ) -> HeaderMap {
        let request = self.shop.request(Method::POST, path).header("cookie", cookie);
        let request = request.header(name, value).form(form);
        request.send().await.unwrap().headers().clone()
    }
}

async fn id(person: &Person) -> String {
    person.get("/auth/profile").await.expect(200).json["id"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn every_sign_in_and_every_wrong_password_leaves_one_line() {
    let mut logged = Logged::open(&[]).await;
    let ana = logged.shop.customer("ana").await;
    let me = id(&ana).await;
    logged.new_lines();
    let login = |name: &str, password: &str| {
        let body = json!({ "username": name, "password": password });
        logged.shop.request(Method::POST, "/auth/login").json(&body).send()
    };
    let right = login("ana", PASSWORD).await.unwrap();
    let wrong = login("ANA ", WRONG).await.unwrap();
    let unknown = login(WRONG, PASSWORD).await.unwrap();
    let lines = logged.new_lines();
    let events = lines.iter().map(|line| (&line["fields"]["event"], &line["fields"]["subject"]));
    let expected =
        [("signed_in", me.as_str()), ("sign_in_failed", &me), ("sign_in_failed", "unknown")];
    assert!(
        events.eq(expected
            .map(|(event, subject)| (json!(event), json!(subject)))
            .iter()
            .map(|(a, b)| (a, b))),
        "{lines:#?}"
    );
    assert_eq!(
        [right.status(), wrong.status(), unknown.status()].map(|it| it.as_u16()),
        [200, 401, 401]
    );

    let form = [("username", "ana"), ("password", WRONG)];
    let page = logged.posts("/login", "", &form).await;
    logged.has_line(&page, "sign_in_failed", &me);
    let form = [("username", "ana"), ("password", PASSWORD)];
    let page = logged.posts("/login", "", &form).await;
    logged.has_line(&page, "signed_in", &me);
    let form = [("username", "eve"), ("email", ""), ("password", PASSWORD)];
    logged.posts("/register", "", &form).await;
    assert_eq!(logged.new_lines()[0]["fields"]["event"], "signed_in");

    let cookie = signs_in(&logged.shop, "ana", PASSWORD).await;
    logged.new_lines();
    let change = json!({ "current_password": WRONG, "new_password": "battery staple" });
    let answer = ana.send(Method::POST, "/auth/password", change).await.expect(403);
    logged.has_line(&answer.headers, "wrong_password", &me);
    let form = [("current", WRONG), ("new", "battery staple")];
    let page = logged.posts("/account/password", &cookie, &form).await;
    logged.has_line(&page, "wrong_password", &me);

    for _ in 0..5 {
        login_as(&logged.shop, "ana").await.expect(401);
    }
    logged.new_lines();
    let throttled = login_as(&logged.shop, "ana").await.expect(429);
    logged.has_line(&throttled.headers, "sign_in_throttled", &me);
}

#[actix_web::test]
async fn a_registration_that_is_throttled_leaves_one_line() {
    let mut logged = Logged::open(&[("AUTH__REGISTRATIONS_PER_HOUR", "1")]).await;
    logged.shop.customer("ana").await;
    logged.new_lines();
    let body = json!({ "username": "bob", "password": PASSWORD });
    let request = logged.shop.request(Method::POST, "/auth/register").json(&body);
    let answer = Answer::to(request).await.expect(429);
    logged.has_line(&answer.headers, "registration_throttled", "unknown");
}

async fn login_as(shop: &TestShop, name: &str) -> Answer {
    let body = json!({ "username": name, "password": WRONG });
    Answer::to(shop.request(Method::POST, "/auth/login").json(&body)).await
}

#[actix_web::test]
async fn every_refused_authority_leaves_one_line() {
    let mut logged = Logged::open(&[("METRICS__TOKEN", "scraper-token-of-the-tests")]).await;
    let mut ana = logged.shop.customer("ana").await;
    let me = id(&ana).await;
    let cookie = signs_in(&logged.shop, "ana", PASSWORD).await;
    logged.new_lines();
    for path in ["/api/users", "/metrics", "/api/bank", "/api/breaker"] {
        let answer = ana.get(path).await.expect(403);
        logged.has_line(&answer.headers, "authority_refused", &me);
    }
    for path in ["/admin/users", "/admin"] {
        let page = logged.shop.request(Method::GET, path).header("cookie", &cookie);
        let page = page.send().await.unwrap().headers().clone();
        logged.has_line(&page, "authority_refused", &me);
    }
    let form = [("username", "eve"), ("email", ""), ("password", PASSWORD)];
    let page = logged.posts("/admin/users/add", &cookie, &form).await;
    logged.has_line(&page, "authority_refused", &me);

    // Frames of a socket.
    let mut socket = Socket::open(&logged.shop, &ana.token).await;
    for command in [json!({ "subscribe": ["users"] }), json!({ "token": "garbage" })] {
        socket.sends(command).await;
        assert!(socket.receives_json().await["error"]["code"].is_string());
        let lines = logged.new_lines();
        assert_eq!(lines.len(), 1, "{lines:#?}");
        assert_eq!(lines[0]["fields"]["subject"], me.as_str());
    }

    // Credentials that are no longer valid, and those that never were.
    ana.send(Method::POST, "/auth/logout", json!({})).await.expect(200);
    logged.posts("/logout", &cookie, &[]).await;
    assert_eq!(logged.new_lines().len(), 0);
    let answer = ana.get("/api/cart").await.expect(401);
    logged.has_line(&answer.headers, "authority_refused", &me);
    let page = logged.shop.request(Method::GET, "/account").header("cookie", &cookie);
    let page = page.send().await.unwrap().headers().clone();
    logged.has_line(&page, "authority_refused", "unknown");
    ana.token = "garbage".into();
    for path in ["/api/cart", "/metrics", "/api/live"] {
        let answer = ana.get(path).await.expect(401);
        logged.has_line(&answer.headers, "authority_refused", "unknown");
    }
    let body = json!({ "refresh_token": "garbage" });
    let answer = logged.shop.request(Method::POST, "/auth/refresh").json(&body);
    let answer = Answer::to(answer).await.expect(401);
    logged.has_line(&answer.headers, "authority_refused", "unknown");

    // Without credentials there is nothing to report.
    for path in ["/api/cart", "/account", "/api/articles", "/articles", "/nowhere"] {
        logged.shop.request(Method::GET, path).send().await.unwrap();
    }
    assert_eq!(logged.new_lines().len(), 0);
}

#[actix_web::test]
async fn every_refused_token_of_a_socket_leaves_one_line() {
    let origin = "https://app.example";
    let mut logged = Logged::open(&[("SERVER__CORS_ORIGINS", origin)]).await;
    let ana = logged.shop.customer("ana").await;
    let me = id(&ana).await;
    ana.send(Method::POST, "/auth/logout", json!({})).await.expect(200);
    logged.new_lines();
    for (token, subject) in [(ana.token.as_str(), me.as_str()), ("garbage", "unknown")] {
        let protocols = format!("microshop.v1, bearer.{token}");
        let request = logged.shop.request(Method::GET, "/api/live").header("origin", origin);
        let answer = request.header("sec-websocket-protocol", protocols).send().await.unwrap();
        assert_eq!(answer.status(), 401);
        logged.has_line(answer.headers(), "authority_refused", subject);

        let mut socket = Socket::connect(&logged.shop, "/api/live", &[("origin", origin)]).await;
        socket.sends(json!({ "token": token })).await;
        assert_eq!(socket.is_closed().await.0, 1008);
        let lines = logged.new_lines();
        assert_eq!(lines.len(), 1, "{lines:#?}");
        assert_eq!(lines[0]["fields"]["event"], "authority_refused");
    }
    // A first frame without a token has no credentials.
    let mut socket = Socket::connect(&logged.shop, "/api/live", &[("origin", origin)]).await;
    socket.sends(json!({ "ping": 1 })).await;
    assert_eq!(socket.is_closed().await.0, 1008);
    assert_eq!(logged.new_lines().len(), 0);
}

#[actix_web::test]
async fn every_reuse_of_a_token_and_every_deleted_user_leaves_one_line() {
    let mut logged = Logged::open(&[("AUTH__REFRESH_GRACE", "0s")]).await;
    let admin = logged.shop.admin().await.0;
    let boss = id(&admin).await;
    let ana = logged.shop.customer("ana").await;
    let me = id(&ana).await;
    let body = json!({ "refresh_token": ana.refresh_token });
    ana.send(Method::POST, "/auth/refresh", body.clone()).await.expect(200);
    logged.new_lines();
    let answer = ana.send(Method::POST, "/auth/refresh", body.clone()).await.expect(401);
    logged.has_line(&answer.headers, "token_reused", &me);
    let answer = ana.send(Method::POST, "/auth/refresh", body).await.expect(401);
    logged.has_line(&answer.headers, "authority_refused", &me);

    let answer = admin.delete(&format!("/api/users/{me}")).await.expect(200);
    let lines = logged.new_lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    let fields = &lines[0]["fields"];
    let id_of_request = answer.headers["x-request-id"].to_str().unwrap();
    assert_eq!(
        (&fields["event"], &fields["subject"], &fields["by"], &fields["request_id"]),
        (&json!("user_deleted"), &json!(me), &json!(boss), &json!(id_of_request))
    );
    let bob = id(&logged.shop.customer("bob").await).await;
    let cookie = signs_in(&logged.shop, "admin", "admin").await;
    logged.new_lines();
    let page = logged.posts(&format!("/admin/users/delete/{bob}"), &cookie, &[]).await;
    logged.has_line(&page, "user_deleted", &bob);
}

#[actix_web::test]
async fn every_link_for_a_password_every_export_and_every_sign_out_leaves_one_line() {
    let mut logged = Logged::open(&[]).await;
    let admin = logged.shop.admin().await.0;
    let boss = id(&admin).await;
    let ana = logged.shop.customer("ana").await;
    let me = id(&ana).await;
    let cookie = signs_in(&logged.shop, "admin", "admin").await;
    logged.new_lines();
    admin.get(&format!("/api/users/{me}/export")).await.expect(200);
    assert_eq!(logged.new_fields("user_exported", &me)["by"], boss.as_str());
    let link = format!("/api/users/{me}/reset-link");
    let made = admin.send(Method::POST, &link, json!({})).await.expect(201).json;
    assert_eq!(logged.new_fields("reset_link_made", &me)["by"], boss.as_str());
    let token = made["reset"]["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    for (token, status) in [("garbage", 422), (token.as_str(), 200), (token.as_str(), 422)] {
        let body = json!({ "token": token, "new_password": "battery staple" });
        let request = logged.shop.request(Method::POST, "/auth/reset").json(&body);
        let answer = Answer::to(request).await.expect(status);
        if status == 200 {
            assert_eq!(logged.new_fields("password_reset", &me)["by"], boss.as_str());
        } else {
            logged.has_line(&answer.headers, "reset_refused", "unknown");
        }
    }
    let page = logged.posts(&format!("/admin/users/{me}/reset-link"), &cookie, &[]).await;
    logged.has_line(&page, "reset_link_made", &me);
    let page = logged.posts(&format!("/admin/users/{me}/sign-out"), &cookie, &[]).await;
    logged.has_line(&page, "user_signed_out", &me);
    admin.send(Method::POST, &format!("/api/users/{me}/logout-all"), json!({})).await.expect(200);
    assert_eq!(logged.new_fields("user_signed_out", &me)["by"], boss.as_str());
    let role = [("role", "customer")];
    let page = logged.posts(&format!("/admin/users/{me}/role"), &cookie, &role).await;
    logged.has_line(&page, "user_changed", &me);
}

#[actix_web::test]
async fn every_killed_actor_leaves_one_line() {
    let mut logged = Logged::open(&[("ADMIN__CHAOS", "true")]).await;
    let admin = logged.shop.admin().await.0;
    let boss = id(&admin).await;
    logged.new_lines();
    let kill = "/api/admin/system/actors/payments/kill";
    let answer = admin.send(Method::POST, kill, json!({})).await.expect(202);
    let lines = logged.new_lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    let fields = &lines[0]["fields"];
    assert_eq!(
        (&fields["event"], &fields["actor"], &fields["by"]),
        (&json!("actor_killed"), &json!("payments"), &json!(boss))
    );
    assert_eq!(fields["request_id"], answer.headers["x-request-id"].to_str().unwrap());
    let cookie = signs_in(&logged.shop, "admin", "admin").await;
    logged.new_lines();
    let page = logged.posts("/admin/system/kill/payments", &cookie, &[]).await;
    logged.has_line(&page, "actor_killed", "unknown");
}

#[actix_web::test]
async fn every_request_from_another_site_leaves_one_line() {
    let mut logged = Logged::open(&[]).await;
    let me = id(&logged.shop.customer("ana").await).await;
    let cookie = signs_in(&logged.shop, "ana", PASSWORD).await;
    logged.new_lines();
    for header in [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("x-nothing", "and a cookie"),
    ] {
        for path in ["/cart/add/1", "/logout", "/login", "/account/password"] {
            let page = logged.posts_from(path, &cookie, &[("a", "b")], header).await;
            logged.has_line(&page, "cross_site", &me);
        }
        for path in ["/api/live", "/live?topics=cart&since=0"] {
            let request = logged.shop.request(Method::GET, path).header("cookie", &cookie);
            let answer = request.header(header.0, header.1).send().await.unwrap();
            assert_eq!(answer.status(), 403);
            let headers = answer.headers().clone();
            logged.has_line(&headers, "cross_site", &me);
        }
    }
    let page = logged.posts_from("/cart/add/1", "", &[], ("origin", "null")).await;
    logged.has_line(&page, "cross_site", "unknown");
}

#[actix_web::test]
async fn a_flood_of_refused_requests_hides_no_event_and_is_bounded() {
    let mut logged = Logged::open(&[]).await;
    let mut ana = logged.shop.customer("ana").await;
    logged.new_lines();
    ana.token = "garbage".into();
    for _ in 0..100 {
        ana.get("/api/cart").await.expect(401);
    }
    assert_eq!(logged.new_lines().len(), 100);
}

#[actix_web::test]
async fn every_new_password_and_every_added_or_changed_user_leaves_one_line() {
    let mut logged = Logged::open(&[]).await;
    let admin = logged.shop.admin().await.0;
    let boss = id(&admin).await;
    let mut ana = logged.shop.customer("ana").await;
    let me = id(&ana).await;
    logged.new_lines();
    let change = json!({ "current_password": PASSWORD, "new_password": "battery staple" });
    let changed = ana.send(Method::POST, "/auth/password", change).await.expect(200);
    logged.has_line(&changed.headers, "password_changed", &me);
    ana.takes(&changed.json);
    let cookie = signs_in(&logged.shop, "ana", "battery staple").await;
    logged.new_lines();
    let form = [("current", "battery staple"), ("new", PASSWORD)];
    let page = logged.posts("/account/password", &cookie, &form).await;
    logged.has_line(&page, "password_changed", &me);

    let bob = json!({ "username": "bob", "password": PASSWORD });
    let added = admin.send(Method::POST, "/api/users", bob).await.expect(201);
    let bob = added.json["user"]["id"].as_str().unwrap();
    assert_eq!(logged.new_fields("user_added", bob)["by"], boss.as_str());
    let path = format!("/api/users/{bob}");
    for (change, has_new_password) in
        [(json!({ "role": "admin" }), false), (json!({ "password": "battery staple" }), true)]
    {
        admin.send(Method::PATCH, &path, change).await.expect(200);
        let fields = logged.new_fields("user_changed", bob);
        assert_eq!(
            (&fields["by"], &fields["has_new_password"]),
            (&json!(boss), &json!(has_new_password))
        );
    }
    admin.send(Method::PATCH, &path, json!({ "password": "x" })).await.expect(422);
    assert_eq!(logged.new_lines().len(), 0);
    let own = format!("/api/users/{boss}");
    let password = json!({ "password": "battery staple" });
    admin.send(Method::PATCH, &own, password).await.expect(403);
    assert_eq!(logged.new_fields("request_refused", &boss)["code"], "own_password");

    let cookie = signs_in(&logged.shop, "admin", "admin").await;
    logged.new_lines();
    let form = [("username", "eve"), ("email", ""), ("password", PASSWORD)];
    logged.posts("/admin/users/add", &cookie, &form).await;
    let lines = logged.new_lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    let fields = &lines[0]["fields"];
    assert_eq!((&fields["event"], &fields["by"]), (&json!("user_added"), &json!(boss)));
    logged.posts("/admin/users/add", &cookie, &form).await;
    assert_eq!(logged.new_lines().len(), 0, "the name is taken");
}
