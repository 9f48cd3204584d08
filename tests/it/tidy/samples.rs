//! Each house rule finds what it forbids, and leaves alone what only looks like it.

use super::routes;
use super::source::Source;

fn sample(path: &str, text: &str) -> Source {
    Source::new(path, text)
}

fn lines(findings: &[String]) -> Vec<&str> {
    findings.iter().filter_map(|finding| finding.split(": ").next()).collect()
}

#[test]
fn fences_find_nested_imports_and_long_paths() {
    let text = "//! x\nuse std::{\n    fs,\n    time::{Duration, Instant as Then},\n};\nfn f() { tokio::spawn(g()) }\n";
    let findings = super::fences(&sample("domain/src/cart.rs", text));
    assert_eq!(
        lines(&findings),
        ["domain/src/cart.rs:6", "domain/src/cart.rs:3", "domain/src/cart.rs:4"]
    );
    let page = sample(
        "src/pages/cart.rs",
        "use crate::{error::Error, store::Table};\nfn f(store: Store) { store.read() }\n",
    );
    assert_eq!(super::fences(&page), ["src/pages/cart.rs:1: crate::store::Table"]);
    let view = sample(
        "views/src/admin.rs",
        "use actors::Observe;\nfn f() { actix_rt::spawn(actors.iter()) }",
    );
    assert_eq!(super::fences(&view).len(), 2);
}

#[test]
fn fences_leave_comments_texts_tests_and_own_names_alone() {
    let text = "// tokio::spawn\n/* std::fs::read /* nested */ Instant::now */\nfn f(tokio: Tokio) { g(tokio, \"std::fs::read\") }\n\
                #[cfg(test)]\nmod tests {\n    use std::fs::read;\n}\n";
    assert_eq!(super::fences(&sample("domain/src/cart.rs", text)), [""; 0]);
    let parent = sample("src/store.rs", "mod sled;\nfn f() { sled::open() }");
    assert_eq!(super::homes(&parent), [""; 0]);
}

#[test]
fn homes_find_a_technology_and_a_clock_abroad() {
    let text = "use jiff::Timestamp;\nfn f() { Timestamp::now(); g(sled::open) }";
    let abroad = sample("src/app.rs", text);
    assert_eq!(super::homes(&abroad), ["src/app.rs:2: sled::open", "src/app.rs:2: Timestamp::now"]);
    assert_eq!(super::homes(&sample("src/store/sled/tree.rs", "use sled::Tree;")), [""; 0]);
    assert_eq!(super::homes(&sample("actors/src/clock.rs", text)).len(), 1);
    assert_eq!(super::homes(&sample("tests/it/cart.rs", text)), [""; 0]);
}

#[test]
fn a_file_without_a_header_and_one_with_an_empty_name_are_found() {
    assert_eq!(super::headless(&sample("src/app.rs", "use x;\n//! late")).len(), 1);
    assert_eq!(super::empty_names(&sample("src/live/mod.rs", "//! x")).len(), 1);
    assert_eq!(super::empty_names(&sample("src/model.rs", "//! x")), [""; 0]);
}

#[test]
fn a_panic_is_found_behind_quotes_and_lifetimes_and_tests() {
    let text = "fn f<'a>(c: char, s: &'a str) -> bool { c == '\"' || s == r#\"\"panic!\"# }\n\
                #[cfg(test)]\nfn g() { x.unwrap() }\nfn h() { x\n    .unwrap()\n}\n#[allow(dead_code)]\n// panic!\n";
    let findings = super::panics(&sample("src/app.rs", text));
    assert_eq!(findings, ["src/app.rs:5: .unwrap()", "src/app.rs:7: #[allow"]);
    assert_eq!(super::panics(&sample("actors/src/clock.rs", "x.expect(\"y\")")), [""; 0]);
}

#[test]
fn a_file_declared_for_tests_is_no_program() {
    let files = [
        ("views/src/lib.rs", "pub mod cart;\n#[cfg(test)]\nmod sample;"),
        ("src/live.rs", "#[cfg(test)] pub(crate) mod stage;"),
        ("views/src/cart.rs", "x.unwrap()"),
        ("views/src/sample.rs", "x.unwrap()"),
        ("src/live/stage.rs", "x.unwrap()"),
        ("src/sample.rs", "x.unwrap()"),
    ];
    let tree = super::source::with_roles(files.map(|(path, text)| sample(path, text)).to_vec());
    let findings: Vec<_> = tree.iter().flat_map(super::panics).collect();
    assert_eq!(lines(&findings), ["views/src/cart.rs:1", "src/sample.rs:1"]);
}

#[test]
fn an_undocumented_public_item_is_found_under_its_attributes() {
    let text = "/// Good.\n#[derive(Debug)]\n#[expect(\n    clippy::x,\n    reason = \"y\"\n)]\npub struct A {\n    pub b: u8,\n}\n\
                #[derive(Debug)]\npub enum B {}\n\npub mod c;\npub(crate) fn d() {}\npub const E: u8 = 1;\n";
    let findings = super::undocumented(&sample("src/app.rs", text));
    assert_eq!(lines(&findings), ["src/app.rs:11", "src/app.rs:15"]);
}

#[test]
fn a_key_that_is_not_read_or_not_explained_is_found() {
    let config = sample(
        "src/config.rs",
        "pub struct Config {\n    pub bind: String,\n    pub idle: u8,\n}\npub fn f(x: u8) {}\n",
    );
    let defaults = sample(
        "config/default.toml",
        "[server]\n# Where.\nbind = \"x\"\nport = 1 # Which.\n\nlate = 2\n",
    );
    assert_eq!(super::unexplained(&defaults), ["config/default.toml:6: late = 2"]);
    let tree = [sample("src/app.rs", "fn f() { config.bind(); config.idle_after }"), defaults];
    let keys = super::default_keys(&tree);
    assert_eq!(keys, ["server", "bind", "port", "late"]);
    let findings = super::unread_keys(super::fields(&config), &keys, &tree);
    assert_eq!(
        findings,
        ["src/config.rs:3: idle: not in default.toml", "src/config.rs:3: idle: used nowhere"]
    );
}

#[test]
fn a_route_is_read_with_its_scopes_and_needs_a_test() {
    let text = "fn routes(shop: &mut Config) {\n    shop.service(\n        scope(\"/api\")\n            .service(resource(\"/cart\").route(get().to(a)))\n\
                .service(scope(\"/orders\").route(\"\", get().to(b::get)).route(\"/{id}/pay\", web::put().to(c).route(post().to(c)))),\n    )\n    // \"/no\"\n    .route(\"/cart\", to(d));\n}";
    let table = sample("src/routes.rs", text);
    let found: Vec<_> = routes::routes(&table).iter().flat_map(routes::Route::calls).collect();
    let pay = ["PUT /api/orders/{id}/pay", "POST /api/orders/{id}/pay"];
    assert_eq!(found, ["GET /api/cart", "GET /api/orders", pay[0], pay[1], "ANY /cart"]);
    let story = sample(
        "tests/it/order.rs",
        "// \"/cart\"\nget(\"/api/orders?limit=2\"); post(&format!(\"/api/orders/{id}/pay\")); get(\"/api/cart/items\")",
    );
    let missing = super::unnamed_routes(&table, &[story]);
    assert_eq!(missing, ["src/routes.rs:4: /api/cart", "src/routes.rs:8: /cart"]);
}

#[test]
fn a_parameter_stands_for_anything_without_a_slash() {
    let names =
        |text: &str| routes::names(&sample("tests/it/a.rs", &format!("{text:?}")), "/a/{id}/b");
    assert!(names("/a/1/b") && names("POST /a/{}/b?c=1") && names("{base}/a/{order.id}/b"));
    assert!(
        !names("/a//b")
            && !names("/a/1/2/b")
            && !names("/a/1/bc")
            && !names("/a/1/b/c")
            && !names("/c/a/1/b")
    );
}

#[test]
fn addresses_and_scripts_of_others_are_found() {
    let npm = sample("static/package-lock.json", "{\n  \"resolved\": \"x\"\n}");
    assert_eq!(super::addresses(&npm).len(), 1);
    assert_eq!(
        super::addresses(&sample("Cargo.lock", "source = \"registry+https://example.org/index\""))
            .len(),
        1
    );
    let kept =
        ["static/shop.css", "static/live.js", "static/htmx.min.js", "static/node_modules/a/a.css"];
    assert_eq!(super::scripts_of_others(kept.map(str::to_owned).to_vec()).len(), 2);
}

#[test]
fn a_reference_outside_and_a_forgotten_test_are_found() {
    let text = ["see Issue", " #7"].concat();
    assert_eq!(super::references_outside(&sample("docs/a.md", &text)).len(), 1);
    let slow = sample(
        "tests/it/a.rs",
        "#[test]\n#[ignore = \"slow\"]\nasync fn one() {}\n#[ignore]\nfn two() {}\n",
    );
    assert_eq!(
        super::forgotten_tests(&slow, "# one\nslow=(\n  two\n)\none"),
        ["tests/it/a.rs: one is ignored and never run"]
    );
}
