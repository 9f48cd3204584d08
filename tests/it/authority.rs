//! Authorization: every route of the shop, called by every kind of caller.

use std::collections::BTreeSet;

use microshop::crypto::random_token;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::{TestShop, until};
use crate::people::{Answer, Person, part, signs_in};
use crate::tidy::routes::served;
use refusal::Caller;
use table::{BROWSERS, PROGRAMS};

mod refusal;
mod table;

const PASSWORD: &str = "correct horse";

/// The id of a user that does not exist.
const UNKNOWN_USER: &str = "01890000-0000-7000-8000-000000000000";

/// The header that authenticates the caller.
type Proof = (&'static str, String);

/// Every field of every form, so that a request can be refused only because of its caller.
const FORM: [(&str, &str); 23] = [
    ("text", "note"),
    ("latency_ms", "0"),
    ("decline_percent", "0"),
    ("mode", "approve"),
    ("version", "0"),
    ("description", ""),
    ("price", "1"),
    ("on_hand", "1"),
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
    let missing: Vec<_> = routes.difference(&rows).collect();
    let unknown: Vec<_> = rows.difference(&routes).collect();
    assert!(missing.is_empty(), "no table has {missing:?}");
    assert!(unknown.is_empty(), "no route is {unknown:?}");
    assert_eq!(rows.len(), PROGRAMS.len() + BROWSERS.len(), "a route has two rows");
}

#[actix_web::test]
async fn every_route_admits_the_programs_that_may_call_it_and_no_others() {
    let shop = TestShop::open().await;
    let order = buys(&shop.customer("ana").await).await;
    shop.customer("bob").await;
    for (route, authority) in PROGRAMS {
        // Some routes end the caller's session, so every caller signs in again.
        let ana = Person::log_in(&shop, "ana", PASSWORD).await;
        let (method, path) = request_for(route, &order, &session(&ana));
        let callers = [
            (Caller::Anonymous, None),
            (Caller::Anonymous, Some(("cookie", signs_in(&shop, "admin", "admin").await))),
            (Caller::Stranger, bearer(&Person::log_in(&shop, "bob", PASSWORD).await.token)),
            (Caller::Administrator, bearer(&shop.admin().await.0.token)),
            (Caller::Customer, bearer(&ana.token)),
        ];
        for (caller, proof) in callers {
            let answer = calls(&shop, &method, &path, proof).await;
            assert_eq!(
                authority.refusal(&answer),
                authority.refuses_program(caller),
                "{caller:?}: {route}"
            );
        }
    }
}

#[actix_web::test]
async fn every_route_refuses_every_invalid_token_with_the_same_response() {
    let shop = TestShop::open().await;
    let short_lived = TestShop::open_with(&[("AUTH__ACCESS_TTL", "1s")]).await;
    let ana = shop.customer("ana").await;
    let revoked = Person::log_in(&shop, "ana", PASSWORD).await;
    let order = buys(&ana).await;
    revoked.send(Method::POST, "/auth/logout", json!({})).await.expect(200);
    let expired = short_lived.customer("ana").await;
    until(async || (expired.get("/auth/profile").await.status == 401).then_some(())).await;
    let impostors = [
        (&short_lived, expired.token.as_str()),
        (&shop, revoked.token.as_str()),
        (&shop, ana.refresh_token.as_str()),
        (&shop, "garbage"),
        (&shop, ""),
    ];
    let mut responses = BTreeSet::new();
    for (route, authority) in PROGRAMS {
        let (method, path) = request_for(route, &order, &session(&ana));
        for (shop, token) in impostors {
            let answer = calls(shop, &method, &path, bearer(token)).await;
            assert_eq!(
                authority.refusal(&answer),
                authority.refuses_program(Caller::Impostor),
                "{token}: {route}"
            );
            if answer.json["code"] == "invalid_token" {
                responses.insert(without_own_values(answer));
            }
        }
    }
    assert_eq!(responses.len(), 1, "{responses:#?}");
}

#[actix_web::test]
async fn every_route_admits_the_browsers_that_may_call_it_and_no_others() {
    let shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    let order = buys(&ana).await;
    shop.customer("bob").await;
    let ended = signs_in(&shop, "ana", PASSWORD).await;
    submits(&shop, &Method::POST, "/logout", Some(("cookie", ended.clone()))).await.expect(303);
    for (route, authority) in BROWSERS {
        let program = Person::log_in(&shop, "ana", PASSWORD).await;
        let (method, path) = request_for(route, &order, &session(&program));
        let callers = [
            (Caller::Anonymous, None),
            (Caller::Anonymous, bearer(&shop.admin().await.0.token)),
            (Caller::Impostor, Some(("cookie", ended.clone()))),
            (Caller::Stranger, Some(("cookie", signs_in(&shop, "bob", PASSWORD).await))),
            (Caller::Administrator, Some(("cookie", signs_in(&shop, "admin", "admin").await))),
            (Caller::Customer, Some(("cookie", signs_in(&shop, "ana", PASSWORD).await))),
        ];
        let back = page_of(&path);
        for (caller, proof) in callers {
            let answer = submits(&shop, &method, &path, proof).await;
            assert_eq!(
                authority.refusal(&answer),
                authority.refuses_browser(caller, back),
                "{caller:?}: {route}"
            );
        }
    }
}

#[actix_web::test]
async fn authority_is_checked_before_the_input() {
    let shop = TestShop::open().await;
    shop.customer("bob").await;
    let customer = signs_in(&shop, "bob", PASSWORD).await;
    let invented = format!("{}=nothing", shop.cookie("session"));
    for (route, authority) in BROWSERS.iter().filter(|(route, _)| route.starts_with("POST")) {
        let (method, path) = request_for(route, "nonsense", "nonsense");
        let path = path.replace(UNKNOWN_USER, "nonsense");
        let callers = [(Caller::Impostor, &invented), (Caller::Customer, &customer)];
        for (caller, cookie) in callers {
            let Some(refusal) = authority.refuses_browser(caller, page_of(&path)) else { continue };
            let request =
                shop.request(method.clone(), &path).header("sec-fetch-site", "same-origin");
            let answer = send(request.body("nonsense"), Some(("cookie", cookie.clone()))).await;
            assert_eq!(authority.refusal(&answer), Some(refusal), "{caller:?}: {route}");
        }
    }
}

/// Places an order and returns its id.
async fn buys(buyer: &Person) -> String {
    buyer.adds(1, 1).await.expect(200);
    buyer.checks_out("k").await.expect(201).json["order"]["id"].as_str().unwrap().to_owned()
}

/// Returns the page with the form that is sent to a path: the path itself if that is a page.
fn page_of(path: &str) -> &str {
    const COMMANDS: [&str; 23] = [
        "pay",
        "cancel",
        "password",
        "sessions",
        "add",
        "import",
        "delete",
        "bank",
        "isolate",
        "reset",
        "ship",
        "deliver",
        "refund",
        "note",
        "kill",
        "cut",
        "change",
        "duplicate",
        "remove",
        "picture",
        "role",
        "reset-link",
        "sign-out",
    ];
    let is_command = |place: &usize| {
        let rest = &path[place + 1..];
        COMMANDS.contains(&rest.split('/').next().unwrap_or(rest))
    };
    let places = path.match_indices('/').map(|(place, _)| place);
    // The first part is a page.
    places.skip(1).find(is_command).map_or(path, |end| &path[..end])
}

/// Returns the id of a program's session.
fn session(program: &Person) -> String {
    part(&program.token, 1)["sid"].as_str().unwrap().to_owned()
}

/// Returns the method of a route, and its path with an id that the customer owns for `{…}`.
fn request_for(route: &str, order: &str, session: &str) -> (Method, String) {
    let (method, path) = route.split_once(' ').unwrap();
    let id = match path {
        path if path.contains("/orders/") => order,
        path if path.contains("/sessions/") => session,
        path if path.contains("/users/") => UNKNOWN_USER,
        "/static/{file:.*}" => "shop.css",
        _ => "1",
    };
    let path = match path.split_once('{') {
        Some((before, rest)) => format!("{before}{id}{}", rest.split_once('}').unwrap().1),
        None => path.to_owned(),
    };
    (method.parse().unwrap(), path)
}

/// Calls a route as a program, which sends a JSON object without fields. The shop's own origin lets
/// a caller with a cookie open a socket.
async fn calls(shop: &TestShop, method: &Method, path: &str, proof: Option<Proof>) -> Answer {
    let request = shop.request(method.clone(), path).header("origin", &shop.url);
    // Another key for each command: a repeated one is answered as before.
    let key = random_token();
    send(request.header("idempotency-key", key).json(&json!({})), proof).await
}

/// Calls a route as a browser, which submits a form of the shop.
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
    Answer::to(request).await
}

fn bearer(token: &str) -> Option<Proof> {
    Some(("authorization", format!("Bearer {token}")))
}

/// Formats an answer without the values that differ in every answer.
fn without_own_values(mut answer: Answer) -> String {
    answer.json["request_id"] = Value::Null;
    for own in ["date", "x-request-id", "content-length", "shop-position"] {
        answer.headers.remove(own);
    }
    let mut headers: Vec<_> = answer.headers.iter().collect();
    headers.sort_by_key(|(name, _)| name.as_str());
    format!("{} {headers:?} {}", answer.status, answer.json)
}
