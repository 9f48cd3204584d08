//! Samples for forbidden names and homes.

use super::super::layers::{forbidden_names, homes};
use super::{NONE, places, sample};

#[test]
fn a_forbidden_name_is_found_in_nested_imports_and_long_paths() {
    let text = "//! x\nuse std::{\n    fs,\n    time::{Duration, Instant as Then},\n};\n\
                fn f() { tokio::spawn(g()) }\n";
    let findings = forbidden_names(&sample("domain/src/cart.rs", text));
    let cart = ["domain/src/cart.rs:6", "domain/src/cart.rs:3", "domain/src/cart.rs:4"];
    assert_eq!(places(&findings), cart);
    let text = "use crate::{error::Error, store::Table};\nfn f(store: Store) { store.read() }\n";
    let page = sample("src/pages/cart.rs", text);
    assert_eq!(forbidden_names(&page), ["src/pages/cart.rs:1: crate::store::Table"]);
    let text = "use actors::Observe;\nfn f() { actix_rt::spawn(actors.iter()) }";
    assert_eq!(forbidden_names(&sample("views/src/admin.rs", text)).len(), 2);
}

#[test]
fn a_forbidden_name_passes_in_comments_strings_tests_and_for_modules() {
    let text = "// tokio::spawn\n/* std::fs::read /* nested */ Instant::now */\n\
                fn f(tokio: Tokio) { g(tokio, \"std::fs::read\") }\n\
                #[cfg(test)]\nmod tests {\n    use std::fs::read;\n}\n";
    assert_eq!(forbidden_names(&sample("domain/src/cart.rs", text)), NONE);
    let parent = sample("src/store.rs", "mod sled;\nfn f() { sled::open() }");
    assert_eq!(homes(&parent), NONE);
}

#[test]
fn a_technology_and_a_clock_are_found_outside_their_homes() {
    let text = "use jiff::Timestamp;\nfn f() { Timestamp::now(); g(sled::open) }";
    let outside = sample("src/app.rs", text);
    assert_eq!(homes(&outside), ["src/app.rs:2: sled::open", "src/app.rs:2: Timestamp::now"]);
    assert_eq!(homes(&sample("src/store/sled/tree.rs", "use sled::Tree;")), NONE);
    assert_eq!(homes(&sample("src/credentials/access.rs", "use jsonwebtoken::encode;")), NONE);
    assert_eq!(homes(&sample("src/auth/bearer.rs", "use jsonwebtoken::encode;")).len(), 1);
    assert_eq!(homes(&sample("actors/src/clock.rs", text)).len(), 1);
    assert_eq!(homes(&sample("tests/it/cart.rs", text)), NONE);
}
