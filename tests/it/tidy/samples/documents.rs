//! Samples for the rules about documents and long lines.

use super::super::documents::{broken_links, missing_steps};
use super::super::lines::long_lines;
use super::{NONE, sample};

#[test]
fn a_missing_walkthrough_and_one_without_steps_are_found() {
    assert_eq!(missing_steps(&[]), ["docs/walkthrough.md: no such file"]);
    let empty = sample("docs/walkthrough.md", "Read `src/app.rs`.\n```\n`src/a.rs: f`\n```\n");
    assert_eq!(
        missing_steps(&[empty]),
        ["docs/walkthrough.md:1: no step names a file and an item"]
    );
}

#[test]
fn a_step_that_names_no_existing_item_is_found() {
    let cart = "struct Cart;\nimpl Handler<AddItem> for Cart {}\n\
                impl Cart {\n    fn merge() {}\n}\n// fn adopt()\nasync fn add(item: Item) {}\n";
    let steps = "1. `src/cart.rs: add`, `src/cart.rs: Cart::merge`, `src/cart.rs: Cart`\n\
                 2. `src/cart.rs: impl Handler<AddItem>`, `static/shop.js: swap()`, `note: this`\n\
                 3. `src/cart.rs: ad`\n4. `src/cart.rs: adopt`\n5. `src/carts.rs: add`\n\
                 6. `src/cart.rs: impl Handler<Empty>`\n";
    let tree = [
        sample("src/cart.rs", cart),
        sample("static/shop.js", "function swap(element) {}"),
        sample("docs/walkthrough.md", steps),
    ];
    assert_eq!(
        missing_steps(&tree),
        [
            "docs/walkthrough.md:3: src/cart.rs does not define ad",
            "docs/walkthrough.md:4: src/cart.rs does not define adopt",
            "docs/walkthrough.md:5: src/carts.rs does not define add",
            "docs/walkthrough.md:6: src/cart.rs does not define impl Handler<Empty>",
        ]
    );
}

#[test]
fn a_link_to_a_missing_file_is_found() {
    let text = "[a](../README.md#map) [b](decisions/1.md) [c](https://example.org) [d](#here)\n\
                ![e](picture.png) [f](../src) [g](README.md)\n```\n[h](no.md)\n```\n";
    let page = sample("docs/orders.md", text);
    let others = ["README.md", "docs/decisions/1.md", "docs/picture.png", "src/app.rs"];
    let tree = others.map(|path| sample(path, ""));
    assert_eq!(broken_links(&page, &tree), ["docs/orders.md:2: README.md"]);
}

#[test]
fn a_line_of_more_than_a_hundred_characters_is_found() {
    let full = "é".repeat(100);
    let long = "x ".repeat(51);
    for path in ["src/app.rs", "docs/a.md", "src/a.lua"] {
        assert_eq!(long_lines(&sample(path, &format!("{full}\n{long}\n"))).len(), 1, "{path}");
    }
    let script = sample("tests/run", &format!("#!/bin/sh\necho {long}\n"));
    assert_eq!(long_lines(&script), ["tests/run:2: 107 characters"]);
    let settings = format!("a = \"{long}\"\n# {long}\nb = 1 # {long}\n");
    assert_eq!(long_lines(&sample("Cargo.toml", &settings)).len(), 2);
}

#[test]
fn a_long_table_row_link_or_line_of_a_block_passes() {
    let long = "x".repeat(101);
    let text = format!("| {long} |\n- [{long}](a.md).\n```sh\n{long}\n```\n[a]: {long}\n");
    assert_eq!(long_lines(&sample("docs/a.md", &text)), NONE);
    assert_eq!(long_lines(&sample("docs/a.svg", &long)), NONE);
}
