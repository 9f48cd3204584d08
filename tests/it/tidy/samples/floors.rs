//! Samples for floors and import cycles.

use super::super::floors::{cycles, upward_imports};
use super::super::source::Source;
use super::{NONE, sample};

const PLAN: &str = "# A\n```floors\nmain\nroutes, api\nauth\nerror\n```\n";

fn tree_of(files: &[(&str, &str)]) -> Vec<Source> {
    let plan = ("docs/architecture.md", PLAN);
    let roots = [
        ("src/lib.rs", "pub mod api;"),
        ("src/main.rs", "use microshop::routes;\nfn f() { microshop::api::g() }"),
        ("src/routes.rs", ""),
        ("src/api.rs", "mod cart;\nuse self::cart::Cart;"),
        ("src/api/cart.rs", "use super::page_limit;\nuse crate::{auth, error::{Code, Problem}};"),
        ("src/auth.rs", "use crate::error::Problem;"),
        ("src/error.rs", "use std::fmt;\nuse domain::cart::Cart;"),
    ];
    let kept = roots.iter().filter(|(path, _)| files.iter().all(|(other, _)| path != other));
    let all = kept.chain([&plan]).chain(files);
    all.map(|(path, text)| sample(path, text)).collect()
}

#[test]
fn imports_of_lower_floors_parents_and_children_pass() {
    assert_eq!(upward_imports(&tree_of(&[])), NONE);
    assert_eq!(cycles(&tree_of(&[])), NONE);
}

#[test]
fn an_import_of_the_same_or_a_higher_floor_is_found() {
    let files = [
        ("src/error.rs", "use crate::{\n    auth::Bearer,\n};\n// use crate::api;"),
        ("src/api/cart.rs", "fn f() { super::super::routes::g() }"),
        ("src/auth.rs", "#[cfg(test)]\nmod tests {\n    use crate::routes;\n}"),
    ];
    assert_eq!(
        upward_imports(&tree_of(&files)),
        [
            "src/error.rs:2: error must not import auth, which is not below it",
            "src/api/cart.rs:1: api must not import routes, which is not below it",
        ]
    );
}

#[test]
fn a_module_that_is_listed_twice_or_never_or_does_not_exist_is_found() {
    let mut tree = tree_of(&[("src/store/sled.rs", ""), ("src/store.rs", "")]);
    tree.retain(|source| source.path != "src/routes.rs");
    let plan = sample("docs/architecture.md", &PLAN.replace("auth", "auth error"));
    tree.retain(|source| source.path != plan.path);
    tree.push(plan);
    assert_eq!(
        upward_imports(&tree)[..3],
        [
            "docs/architecture.md: error is listed 2 times",
            "docs/architecture.md: store is listed 0 times",
            "docs/architecture.md: src has no module routes",
        ]
    );
}

#[test]
fn a_cycle_of_families_is_found_with_its_places() {
    let files = [("src/error.rs", ""), ("src/error/present.rs", "use crate::auth::Visitor;")];
    assert_eq!(
        cycles(&tree_of(&files)),
        ["cycle: src/auth.rs:1 (auth imports error), src/error/present.rs:1 (error imports auth)"]
    );
}

#[test]
fn a_cycle_of_siblings_is_found_at_any_depth() {
    let tree = [
        sample("actors/src/lib.rs", ""),
        sample("actors/src/order.rs", "mod desk;\nuse desk::Desk;"),
        sample("actors/src/order/desk.rs", "use super::draft::Draft;\nuse super::OrderDesk;"),
        sample("actors/src/order/draft.rs", "use crate::order::watch::{self, Look};"),
        sample("actors/src/order/watch.rs", "\nfn f() { super::desk::f() }"),
        sample("domain/src/article.rs", "use crate::cart::Quantity;"),
        sample("domain/src/cart.rs", "use super::article::Article;"),
        sample("views/src/cart.rs", "use domain::cart;\nuse crate::layout;"),
        sample("views/src/layout.rs", "use domain::article;"),
    ];
    let order = |file: &str, line: u8| format!("actors/src/order/{file}.rs:{line}");
    let desk = format!("{} (desk imports draft)", order("desk", 1));
    let draft = format!("{} (draft imports watch)", order("draft", 1));
    let watch = format!("{} (watch imports desk)", order("watch", 2));
    assert_eq!(
        cycles(&tree),
        [
            "cycle: domain/src/article.rs:1 (article imports cart), \
             domain/src/cart.rs:1 (cart imports article)",
            &format!("cycle: {desk}, {draft}, {watch}"),
        ]
    );
}
