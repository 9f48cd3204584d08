//! The description of the REST API is complete and true.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::process::Command;

use microshop::error::code::Code;
use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value, json};
use views::failure;
use views::locale::Locale;

use crate::contract::{DOCUMENT, assert_valid, resolved, seen};
use crate::harness::TestShop;
use crate::people::Answer;
use crate::tidy::routes::served;

mod clients;
mod fuzz;

/// What no parameter of a path may be.
const UNKNOWN: &str = "no-such-thing!";

/// An id that no resource has.
const UNKNOWN_ID: &str = "01890000-0000-7000-8000-000000000000";

/// An operation of the description.
struct Operation {
    method: Method,
    path: &'static str,
    described: &'static Value,
}

#[test]
fn the_committed_description_is_the_printed_one() {
    let printed = Command::new(env!("CARGO_BIN_EXE_microshop")).arg("openapi").output().unwrap();
    let printed: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert!(printed == *DOCUMENT, "outdated: run `cargo run -- openapi > docs/openapi.json`");
}

#[actix_web::test]
async fn the_type_of_a_problem_leads_to_its_explanation() {
    let shop = TestShop::open().await;
    let problem = Answer::to(shop.request(Method::GET, "/auth/profile")).await.expect(401).json;
    let (page, anchor) = problem["type"].as_str().unwrap().split_once('#').unwrap();
    assert_eq!((page, anchor), ("/docs/errors", "unauthorized"));
    let page = shop.request(Method::GET, "/docs/errors").header("accept-language", "en");
    let page = page.send().await.unwrap().text().await.unwrap();
    for code in Code::ALL {
        assert!(page.contains(&format!("<dt id=\"{}\">", code.word())), "{}", code.word());
    }
    assert!(page.contains("Please sign in to continue."));
}

/// `MICROSHOP_ERRORS=docs/errors.md` writes the file instead.
#[test]
fn the_committed_table_of_codes_is_that_of_the_code() {
    let mut text =
        "# Error codes\n\nA refused request is answered with a problem (RFC 9457) whose \
                    `code` is one of these. No code is\never renamed. The running shop shows this \
                    list on `/docs/errors`, where the `type` of a problem\nleads.\n\n\
                    | code | status | message |\n|---|---|---|\n"
            .to_owned();
    for code in Code::ALL {
        let message = failure::message(Locale::En, code.word());
        writeln!(text, "| `{}` | {} | {message} |", code.word(), code.status().as_u16()).unwrap();
    }
    if let Ok(file) = std::env::var("MICROSHOP_ERRORS") {
        fs::write(file, &text).unwrap();
    }
    let advice = "outdated: run `MICROSHOP_ERRORS=docs/errors.md cargo test --test it openapi::`";
    assert!(text == fs::read_to_string("docs/errors.md").unwrap_or_default(), "{advice}");
}

#[actix_web::test]
async fn the_served_description_is_the_committed_one() {
    let shop = TestShop::open().await;
    let served = shop.request(Method::GET, "/openapi.json").send().await.unwrap();
    assert_eq!(served.json::<Value>().await.unwrap(), *DOCUMENT);
}

#[test]
fn every_route_of_programs_is_described_under_a_name_of_its_own() {
    let calls: BTreeSet<_> = operations().iter().map(Operation::call).collect();
    let is_program = |call: &String| {
        let path = call.split(' ').nth(1).unwrap();
        ["/api/", "/auth/", "/health/", "/metrics"].iter().any(|start| path.starts_with(start))
            && path != "/api/live"
    };
    let routes: BTreeSet<_> = served().into_iter().filter(is_program).collect();
    assert_eq!(calls, routes);
    let names: BTreeSet<_> =
        operations().iter().map(|operation| operation.described["operationId"].as_str()).collect();
    assert_eq!(names.len(), calls.len());
    assert!(!names.contains(&Some("")));
}

#[test]
fn every_answer_and_every_body_has_an_example_that_is_valid() {
    for operation in operations() {
        let responses = operation.described["responses"].as_object().unwrap();
        for (status, response) in responses {
            let name = format!("the example of {} {status}", operation.call());
            for (media_type, content) in
                resolved(response)["content"].as_object().into_iter().flatten()
            {
                if media_type == "application/json" {
                    assert_valid(&name, &content["schema"], &content["example"]);
                }
                for example in content["examples"].as_object().into_iter().flat_map(Map::values) {
                    assert_valid("problem", &content["schema"], &example["value"]);
                }
            }
        }
        let body = &operation.described["requestBody"]["content"]["application/json"]["schema"];
        if !body.is_null() {
            let schema = resolved(body);
            assert_valid(
                &format!("the body of {}", operation.call()),
                schema,
                &schema["examples"][0],
            );
        }
    }
}

#[actix_web::test]
async fn every_operation_refuses_what_its_description_says() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let ana = shop.customer("ana").await;
    for operation in operations() {
        let described =
            |status: u16| !operation.described["responses"][status.to_string()].is_null();
        let needs_token = operation.described["security"] != json!([]);
        let is_refused = async |request: RequestBuilder, status: u16| {
            let answer = Answer::to(request).await;
            assert_eq!(answer.status, status, "{} {}", operation.call(), answer.json);
        };
        let path = operation.path_with(UNKNOWN);
        let request = || {
            let request = shop.request(operation.method.clone(), &path);
            request.bearer_auth(&admin.0.token)
        };
        if needs_token {
            is_refused(shop.request(operation.method.clone(), &path), 401).await;
        }
        if described(403) && needs_token && operation.path.starts_with("/api/") {
            let id = operation.path_with("1");
            let request = shop.request(operation.method.clone(), &id).bearer_auth(&ana.token);
            is_refused(request, 403).await;
        }
        if operation.has_parameters("path") {
            is_refused(request(), 404).await;
            continue;
        }
        if operation.has_parameters("query") {
            let query = format!("{}?surprise=1", operation.path);
            let request = shop.request(operation.method.clone(), &query);
            is_refused(request.bearer_auth(&admin.0.token), 400).await;
        }
    }
}

#[actix_web::test]
async fn every_body_is_refused_as_its_description_says() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    for operation in operations() {
        let body = &operation.described["requestBody"]["content"]["application/json"];
        if !body.is_object() {
            continue;
        }
        let id = if operation.path.contains("article") { "1" } else { UNKNOWN_ID };
        let path = operation.path_with(id);
        for (media_type, body, status) in [
            ("application/json", "{".to_owned(), 400),
            ("text/plain", "{}".to_owned(), 415),
            ("application/json", format!("\"{}\"", "x".repeat(65 * 1024)), 413),
            ("application/json", json!({ "surprise": 1 }).to_string(), 422),
        ] {
            let request = shop.request(operation.method.clone(), &path);
            let request = request.bearer_auth(&admin.0.token).header("content-type", media_type);
            let answer = Answer::to(request.body(body)).await;
            assert_eq!(answer.status, status, "{} {}", operation.call(), answer.json);
        }
    }
}

#[test]
#[ignore = "needs the answers of all other tests: tests/run runs it at the end"]
fn every_described_answer_was_seen() {
    let seen = seen();
    let described = operations().into_iter().flat_map(|operation| {
        let call = operation.call();
        let statuses = operation.described["responses"].as_object().unwrap().keys();
        let statuses: Vec<_> = statuses.filter(|status| *status != "default").collect();
        statuses.into_iter().map(move |status| format!("{call} {status}")).collect::<Vec<_>>()
    });
    let unseen: Vec<_> = described.filter(|answer| !seen.contains(answer)).collect();
    assert!(unseen.is_empty(), "no test has received {unseen:#?}");
}

fn operations() -> Vec<Operation> {
    let paths = DOCUMENT["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, operations)| {
        operations.as_object().unwrap().iter().map(|(method, described)| Operation {
            method: method.to_uppercase().parse().unwrap(),
            path,
            described,
        })
    });
    operations.collect()
}

impl Operation {
    /// Returns the method and the path.
    fn call(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Returns the path with a value for each parameter.
    fn path_with(&self, value: &str) -> String {
        let parts = self.path.split('/');
        let parts = parts.map(|part| if part.starts_with('{') { value } else { part });
        parts.collect::<Vec<_>>().join("/")
    }

    fn has_parameters(&self, place: &str) -> bool {
        let parameters = self.described["parameters"].as_array().unwrap();
        parameters.iter().any(|parameter| parameter["in"] == place)
    }
}
