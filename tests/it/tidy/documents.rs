//! Rules about documents: the walkthrough names code that exists, and links lead to files.

use super::assert_none;
use super::rust::is_word_character;
use super::source::{Source, tree};

/// The page that follows one command, in steps such as `src/pages/cart.rs: add`.
const WALKTHROUGH: &str = "docs/walkthrough.md";

/// What declares an item in Rust, and a function in JavaScript.
const DECLARATIONS: [&str; 10] =
    ["fn", "struct", "enum", "trait", "type", "const", "static", "mod", "impl", "function"];

#[test]
fn every_step_of_the_walkthrough_names_code_that_exists() {
    assert_none(missing_steps(&tree().unwrap()));
}

pub(super) fn missing_steps(tree: &[Source]) -> Vec<String> {
    let Some(page) = tree.iter().find(|source| source.path == WALKTHROUGH) else {
        return vec![format!("{WALKTHROUGH}: no such file")];
    };
    let mut found = Vec::new();
    let mut steps = 0;
    for (line, text) in prose(page) {
        for (file, item) in text.split('`').skip(1).step_by(2).filter_map(|span| step(span)) {
            steps += 1;
            let source = tree.iter().find(|source| source.path == file);
            if !source.is_some_and(|source| defines(source, item)) {
                found.push(page.at(line, &format!("{file} does not define {item}")));
            }
        }
    }
    found.extend((steps == 0).then(|| page.at(1, "no step names a file and an item")));
    found
}

/// Splits `folder/file.rs: item`; returns `None` for any other text.
fn step(span: &str) -> Option<(&str, &str)> {
    span.split_once(": ").filter(|(file, _)| file.contains('/') && !file.contains(' '))
}

/// Whether the file declares the item; of `Type::function` or `function()` the function counts.
fn defines(source: &Source, item: &str) -> bool {
    let code: String = if source.is_rust() {
        source.code().into_iter().map(|(_, code)| code + "\n").collect()
    } else {
        source.text.clone()
    };
    if item.contains(['<', ' ']) {
        return code.contains(item);
    }
    let name = item.trim_end_matches("()").rsplit("::").next().unwrap_or(item);
    DECLARATIONS.iter().any(|declaration| {
        let declared = format!("{declaration} {name}");
        code.split(&declared).skip(1).any(|after| !after.starts_with(is_word_character))
    })
}

#[test]
fn every_relative_link_leads_to_a_file() {
    let tree = tree().unwrap();
    assert_none(tree.iter().flat_map(|page| broken_links(page, &tree)).collect());
}

pub(super) fn broken_links(page: &Source, tree: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for (line, text) in prose(page).filter(|_| page.path.ends_with(".md")) {
        let targets = text.split("](").skip(1).filter_map(|after| after.split([')', ' ']).next());
        let files = targets.map(|target| target.split('#').next().unwrap_or_default());
        let relative = files.filter(|file| !file.is_empty() && !file.contains(':'));
        let broken = relative.filter(|file| !exists(&target(page, file), tree));
        found.extend(broken.map(|file| page.at(line, file)));
    }
    found
}

fn exists(target: &str, tree: &[Source]) -> bool {
    let folder = format!("{target}/");
    tree.iter().any(|source| source.path == target || source.path.starts_with(&folder))
}

/// Returns the path from the root of a file that a page names relative to itself.
fn target(page: &Source, file: &str) -> String {
    let mut names: Vec<_> = page.path.split('/').collect();
    names.pop();
    for name in file.trim_end_matches('/').split('/') {
        match name {
            ".." => _ = names.pop(),
            "." => {}
            name => names.push(name),
        }
    }
    names.join("/")
}

/// The numbered lines of a page outside its code blocks.
fn prose(page: &Source) -> impl Iterator<Item = (usize, &str)> {
    let mut in_block = false;
    page.lines().filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        in_block ^= is_fence;
        !in_block && !is_fence
    })
}
