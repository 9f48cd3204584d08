//! Who may call what: every route of the shop, and everybody who may come.

use std::collections::BTreeSet;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::{TestShop, until};
use crate::people::{Answer, Person, part, signs_in};
use crate::tidy::routes::served;

/// Who may call a route.
#[derive(Clone, Copy, PartialEq)]
enum Authority {
    /// Whoever comes, whatever they bring.
    Anyone,
    /// Whoever brings no token or a good one.
    Guest,
    /// Whoever knows the secret that the body carries; a token does not stand for it.
    Credentials,
    SignedIn,
    /// Whose it is; for everybody else it does not exist, and this is what they are told.
    Owner(&'static str),
    Administrator,
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Caller {
    /// Somebody who proves nothing, or in the way of the others: programs have no cookie, browsers no token.
    Nobody,
    /// Somebody whose token or cookie is good no more, or never was.
    Impostor,
    /// A customer, but not the one whose order and session it is.
    Stranger,
    Administrator,
    Customer,
}

use Authority::{Administrator, Anyone, Credentials, Guest, Owner, SignedIn};

const ORDER: Authority = Owner("order_not_found");
const SESSION: Authority = Owner("session_not_found");

const PASSWORD: &str = "correct horse";

/// A user that does not exist.
const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

/// The header that says who calls.
type Proof = (&'static str, String);

/// A route, and who may call it.
type Row = (&'static str, Authority);

/// What programs call.
const PROGRAMS: &[Row] = &[
    ("GET /health/live", Anyone),
    ("GET /health/ready", Anyone),
    ("GET /metrics", Administrator),
    ("GET /favicon.ico", Anyone),
    ("GET /static/{file:.*}", Anyone),
    ("POST /auth/login", Credentials),
    ("POST /auth/register", Anyone),
    ("POST /auth/refresh", Credentials),
    ("POST /auth/logout", SignedIn),
    ("POST /auth/logout-all", SignedIn),
    ("POST /auth/verify", SignedIn),
    ("POST /auth/password", SignedIn),
    ("GET /auth/profile", SignedIn),
    ("GET /auth/sessions", SignedIn),
    ("DELETE /auth/sessions/{id}", SESSION),
    ("GET /api/articles", Anyone),
    ("POST /api/articles", Administrator),
    ("GET /api/articles/{id}", Anyone),
    ("PATCH /api/articles/{id}", Administrator),
    ("DELETE /api/articles/{id}", Administrator),
    ("GET /api/cart", SignedIn),
    ("DELETE /api/cart", SignedIn),
    ("POST /api/cart/items", SignedIn),
    ("PUT /api/cart/items/{article_id}", SignedIn),
    ("DELETE /api/cart/items/{article_id}", SignedIn),
    ("GET /api/orders", SignedIn),
    ("POST /api/orders", SignedIn),
    ("GET /api/orders/{id}", ORDER),
    ("POST /api/orders/{id}/pay", ORDER),
    ("POST /api/orders/{id}/cancel", ORDER),
    ("POST /api/orders/{id}/ship", Administrator),
    ("POST /api/orders/{id}/deliver", Administrator),
    ("POST /api/orders/{id}/refund", Administrator),
    ("GET /api/bank", Administrator),
    ("PUT /api/bank", Administrator),
    ("GET /api/breaker", Administrator),
    ("POST /api/breaker/isolate", Administrator),
    ("POST /api/breaker/reset", Administrator),
    ("GET /api/users", Administrator),
    ("POST /api/users", Administrator),
    ("GET /api/users/{id}", Administrator),
    ("PATCH /api/users/{id}", Administrator),
    ("DELETE /api/users/{id}", Administrator),
    ("GET /api/live", Guest),
];

/// What browsers call.
const BROWSERS: &[Row] = &[
    ("GET /live", Anyone),
    ("GET /", Anyone),
    ("GET /articles", Anyone),
    ("GET /cart", Anyone),
    ("POST /cart/add/{id}", Anyone),
    ("POST /cart/update/{id}", Anyone),
    ("POST /cart/remove/{id}", Anyone),
    ("POST /cart/clear", Anyone),
    ("GET /cart/checkout", Anyone),
    ("GET /checkout", SignedIn),
    ("POST /checkout", SignedIn),
    ("GET /orders", SignedIn),
    ("GET /orders/{id}", ORDER),
    ("POST /orders/{id}/pay", ORDER),
    ("POST /orders/{id}/cancel", ORDER),
    ("GET /bank", SignedIn),
    ("GET /success", SignedIn),
    ("GET /login", Anyone),
    ("POST /login", Credentials),
    ("GET /register", Anyone),
    ("POST /register", Anyone),
    ("GET /logout", Anyone),
    ("POST /logout", Anyone),
    ("POST /language", Anyone),
    ("GET /account", SignedIn),
    ("POST /account/password", SignedIn),
    ("POST /account/sessions/{id}/end", SESSION),
    ("POST /account/sessions/end-others", SignedIn),
    ("GET /admin", Administrator),
    ("GET /admin/users", Administrator),
    ("POST /admin/users/add", Administrator),
    ("POST /admin/users/delete/{id}", Administrator),
];

/// Every field of every form, so that nothing but who calls can be wrong.
const FORM: [(&str, &str); 15] = [
    ("username", "ana"),
    ("password", PASSWORD),
    ("current", PASSWORD),
    ("new", "short"),
    ("role", "customer"),
    ("then", "/"),
    ("back", "/"),
    ("language", "fr"),
    ("quantity", "1"),
    ("cart_version", "1"),
    ("expected_total_cents", "1"),
    ("idempotency_key", "k"),
    ("name", "Ana"),
    ("email", "ana@example.org"),
    ("address", "1 Quay Street"),
];

#[test]
fn every_route_is_in_a_table_and_every_row_is_a_route() {
    let rows: BTreeSet<_> =
        PROGRAMS.iter().chain(BROWSERS).map(|(route, _)| (*route).to_owned()).collect();
    let routes: BTreeSet<_> = served().into_iter().collect();
    let (unknown, gone) = (routes.difference(&rows), rows.difference(&routes));
    let (unknown, gone): (Vec<_>, Vec<_>) = (unknown.collect(), gone.collect());
    assert!(
        unknown.is_empty() && gone.is_empty(),
        "nobody said who may call {unknown:?}; there is no {gone:?}"
    );
    assert_eq!(rows.len(), PROGRAMS.len() + BROWSERS.len(), "a row stands there twice");
}

#[actix_web::test]
async fn every_route_lets_in_the_programs_that_may_call_it_and_no_others() {
    let shop = TestShop::open().await;
    let order = has_bought(&shop.customer("ana").await).await;
    shop.customer("bob").await;
    for (route, authority) in PROGRAMS {
        // Some routes end the caller's session: everybody comes with a new one.
        let ana = Person::log_in(&shop, "ana", PASSWORD).await;
        let (method, path) = ask_for(route, &order, &session(&ana));
        let callers = [
            (Caller::Nobody, None),
            (Caller::Nobody, Some(("cookie", signs_in(&shop, "admin", "admin").await))),
            (Caller::Stranger, bearer(&Person::log_in(&shop, "bob", PASSWORD).await.token)),
            (Caller::Administrator, bearer(&shop.admin().await.0.token)),
            (Caller::Customer, bearer(&ana.token)),
        ];
        for (caller, proof) in callers {
            let answer = calls(&shop, &method, &path, proof).await;
            assert_eq!(
                authority.told(&answer),
                authority.refuses_program(caller),
                "{caller:?}: {route}"
            );
        }
    }
}

#[actix_web::test]
async fn every_route_refuses_every_bad_token_in_the_same_form() {
    let shop = TestShop::open().await;
    let hasty = TestShop::open_with(&[("AUTH__ACCESS_TTL", "1s")]).await;
    let (ana, revoked) = (shop.customer("ana").await, Person::log_in(&shop, "ana", PASSWORD).await);
    let order = has_bought(&ana).await;
    revoked.send(Method::POST, "/auth/logout", json!({})).await.expect(200);
    let expired = hasty.customer("ana").await;
    until(async || (expired.get("/auth/profile").await.status == 401).then_some(())).await;
    let impostors = [
        (&hasty, expired.token.as_str()),
        (&shop, revoked.token.as_str()),
        (&shop, ana.refresh_token.as_str()),
        (&shop, "garbage"),
        (&shop, ""),
    ];
    let mut forms = BTreeSet::new();
    for (route, authority) in PROGRAMS {
        let (method, path) = ask_for(route, &order, &session(&ana));
        for (shop, token) in impostors {
            let answer = calls(shop, &method, &path, bearer(token)).await;
            assert_eq!(
                authority.told(&answer),
                authority.refuses_program(Caller::Impostor),
                "{token}: {route}"
            );
            if answer.json["code"] == "invalid_token" {
                forms.insert(form(answer));
            }
        }
    }
    assert_eq!(forms.len(), 1, "{forms:#?}");
}

#[actix_web::test]
async fn every_route_lets_in_the_browsers_that_may_call_it_and_no_others() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let order = has_bought(&ana).await;
    shop.customer("bob").await;
    let ended = signs_in(&shop, "ana", PASSWORD).await;
    submits(&shop, &Method::POST, "/logout", Some(("cookie", ended.clone()))).await.expect(303);
    for (route, authority) in BROWSERS {
        let program = Person::log_in(&shop, "ana", PASSWORD).await;
        let (method, path) = ask_for(route, &order, &session(&program));
        let callers = [
            (Caller::Nobody, None),
            (Caller::Nobody, bearer(&shop.admin().await.0.token)),
            (Caller::Impostor, Some(("cookie", ended.clone()))),
            (Caller::Stranger, Some(("cookie", signs_in(&shop, "bob", PASSWORD).await))),
            (Caller::Administrator, Some(("cookie", signs_in(&shop, "admin", "admin").await))),
            (Caller::Customer, Some(("cookie", signs_in(&shop, "ana", PASSWORD).await))),
        ];
        let back = if method == Method::GET { &path } else { "/" };
        for (caller, proof) in callers {
            let answer = submits(&shop, &method, &path, proof).await;
            assert_eq!(
                authority.told(&answer),
                authority.refuses_browser(caller, back),
                "{caller:?}: {route}"
            );
        }
    }
}

#[actix_web::test]
async fn who_calls_is_judged_before_what_they_say() {
    let shop = TestShop::open().await;
    shop.customer("bob").await;
    let customer = signs_in(&shop, "bob", PASSWORD).await;
    for (route, authority) in BROWSERS.iter().filter(|(route, _)| route.starts_with("POST")) {
        let (method, path) = ask_for(route, "nonsense", "nonsense");
        let path = path.replace(NOBODY, "nonsense");
        let callers = [(Caller::Impostor, "session=nothing"), (Caller::Customer, &customer)];
        for (caller, cookie) in callers {
            let Some(refusal) = authority.refuses_browser(caller, "/") else { continue };
            let request =
                shop.request(method.clone(), &path).header("sec-fetch-site", "same-origin");
            let answer = send(request.body("nonsense"), Some(("cookie", cookie.to_owned()))).await;
            assert_eq!(authority.told(&answer), Some(refusal), "{caller:?}: {route}");
        }
    }
}

impl Authority {
    /// How a program is refused; none if it is let in.
    fn refuses_program(self, caller: Caller) -> Option<String> {
        let refusal = match (self, caller) {
            (Anyone, _) | (Guest, Caller::Nobody) => return None,
            (Credentials, _) => "422 missing_field",
            (_, Caller::Nobody) => "401 unauthorized",
            (_, Caller::Impostor) => "401 invalid_token",
            (Administrator, Caller::Stranger | Caller::Customer) => "403 forbidden",
            (Owner(unknown), Caller::Stranger | Caller::Administrator) => {
                return Some(format!("404 {unknown}"));
            }
            _ => return None,
        };
        Some(refusal.into())
    }

    /// How a browser is refused, which after signing in would go back; none if it is let in.
    fn refuses_browser(self, caller: Caller, back: &str) -> Option<String> {
        match (self, caller) {
            (Anyone | Guest | Credentials, _) => None,
            (_, Caller::Nobody | Caller::Impostor) => Some(format!("303 /login?then={back}")),
            (Administrator, Caller::Stranger | Caller::Customer) => Some("403".into()),
            (Owner(_), Caller::Stranger | Caller::Administrator) => Some("404".into()),
            _ => None,
        }
    }

    /// How a caller was refused; none if it was let in, whatever became of the request then.
    fn told(self, answer: &Answer) -> Option<String> {
        let status = answer.status.as_u16();
        let way = answer.headers.get("location").and_then(|way| way.to_str().ok());
        let to_login = way.filter(|way| way.starts_with("/login?"));
        let is_refused = match status {
            303 => to_login.is_some(),
            404 => matches!(self, Owner(_)),
            422 => self == Credentials,
            401 | 403 | 500.. => true,
            _ => false,
        };
        let told = to_login.or(answer.json["code"].as_str());
        is_refused.then(|| told.map_or(status.to_string(), |told| format!("{status} {told}")))
    }
}

/// The id of an order that somebody places.
async fn has_bought(buyer: &Person) -> String {
    buyer.adds(1, 1).await.expect(200);
    buyer.checks_out("k").await.expect(201).json["order"]["id"].as_str().unwrap().to_owned()
}

/// The id of a program's session.
fn session(program: &Person) -> String {
    part(&program.token, 1)["sid"].as_str().unwrap().to_owned()
}

/// The method of a route, and its path with something of the customer's in the place of `{…}`.
fn ask_for(route: &str, order: &str, session: &str) -> (Method, String) {
    let (method, path) = route.split_once(' ').unwrap();
    let thing = match path {
        path if path.contains("/orders/") => order,
        path if path.contains("/sessions/") => session,
        path if path.contains("/users/") => NOBODY,
        "/static/{file:.*}" => "shop.css",
        _ => "1",
    };
    let path = match path.split_once('{') {
        Some((before, rest)) => format!("{before}{thing}{}", rest.split_once('}').unwrap().1),
        None => path.to_owned(),
    };
    (method.parse().unwrap(), path)
}

/// What a program is answered, which sends an object without fields.
async fn calls(shop: &TestShop, method: &Method, path: &str, proof: Option<Proof>) -> Answer {
    send(shop.request(method.clone(), path).header("idempotency-key", "k").json(&json!({})), proof)
        .await
}

/// What a browser is answered, which sends a form of the shop's.
async fn submits(shop: &TestShop, method: &Method, path: &str, proof: Option<Proof>) -> Answer {
    send(
        shop.request(method.clone(), path).header("sec-fetch-site", "same-origin").form(&FORM),
        proof,
    )
    .await
}

async fn send(request: RequestBuilder, proof: Option<Proof>) -> Answer {
    let request =
        proof.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    Answer::of(request.send().await.unwrap()).await
}

fn bearer(token: &str) -> Option<Proof> {
    Some(("authorization", format!("Bearer {token}")))
}

/// All of an answer but what belongs to this one alone.
fn form(mut answer: Answer) -> String {
    answer.json["request_id"] = Value::Null;
    for own in ["date", "x-request-id", "content-length"] {
        answer.headers.remove(own);
    }
    let mut headers: Vec<_> = answer.headers.iter().collect();
    headers.sort_by_key(|(name, _)| name.as_str());
    format!("{} {headers:?} {}", answer.status, answer.json)
}
