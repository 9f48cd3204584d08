//! Rules about the direction of imports: no cycle in a crate, no upward import in `src`.
//!
//! A module family is `stem.rs` with everything in `stem/`. Families with the same parent must not
//! import one another in a cycle. A parent and its own modules may name each other freely.

use std::collections::{BTreeMap, VecDeque};

use super::assert_none;
use super::imports::{Import, imports, modules};
use super::source::{Source, tree};

/// The source folders of the crates.
const CRATES: [&str; 4] = ["domain/src", "actors/src", "views/src", "src"];

/// The page whose `floors` block lists the modules of `src`, the highest floor first.
const PLAN: &str = "docs/architecture.md";

/// The imports between the families of one parent, as importer, imported and first place.
type Edges<'a> = BTreeMap<(&'a str, &'a str), &'a str>;

#[test]
fn no_module_imports_one_of_its_own_floor_or_a_higher_floor() {
    assert_none(upward_imports(&tree().unwrap()));
}

/// Returns the imports in `src` that do not go down, and the modules not listed exactly once.
pub(super) fn upward_imports(tree: &[Source]) -> Vec<String> {
    let floors = floors(tree);
    let floor = |name: &str| floors.iter().position(|floor| floor.iter().any(|own| own == name));
    let mut found = unlisted(tree, &floors);
    for Import { from, to, place } in imports(tree, "src") {
        let (Some(from), Some(to)) = (from.first(), to.first()) else { continue };
        let upward = floor(from).zip(floor(to)).is_some_and(|(from, to)| from >= to);
        if upward && from != to {
            found.push(format!("{place}: {from} must not import {to}, which is not below it"));
        }
    }
    found
}

/// Reads the floors from the page, the highest first.
fn floors(tree: &[Source]) -> Vec<Vec<String>> {
    let page = tree.iter().find(|source| source.path == PLAN).map_or("", |page| &page.text);
    let block = page.split_once("```floors\n").and_then(|(_, rest)| rest.split("```").next());
    let lines = block.unwrap_or_default().lines();
    let names = |line: &str| -> Vec<String> {
        line.split([' ', ',']).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    lines.map(names).filter(|floor| !floor.is_empty()).collect()
}

fn unlisted(tree: &[Source], floors: &[Vec<String>]) -> Vec<String> {
    let mut present: Vec<_> = modules(tree, "src")
        .into_iter()
        .filter_map(|(module, _)| module.first().cloned())
        .collect();
    present.sort();
    present.dedup();
    let listed: Vec<_> = floors.iter().flatten().collect();
    let count = |name: &String| listed.iter().filter(|other| **other == name).count();
    let miscounted = present.iter().filter(|name| count(name) != 1);
    let miscounted =
        miscounted.map(|name| format!("{PLAN}: {name} is listed {} times", count(name)));
    let absent = listed.iter().filter(|name| !present.contains(name));
    miscounted.chain(absent.map(|name| format!("{PLAN}: src has no module {name}"))).collect()
}

#[test]
fn no_modules_import_one_another_in_a_cycle() {
    assert_none(cycles(&tree().unwrap()));
}

/// Returns every import cycle between families of one parent, as the places of its imports.
pub(super) fn cycles(tree: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for folder in CRATES {
        let imports = imports(tree, folder);
        let mut parents: BTreeMap<&[String], Edges> = BTreeMap::new();
        for Import { from, to, place } in &imports {
            let shared = from.iter().zip(to).take_while(|(from, to)| from == to).count();
            let parent = from.get(..shared).unwrap_or_default();
            if let (Some(from), Some(to)) = (from.get(shared), to.get(shared)) {
                parents.entry(parent).or_default().entry((from, to)).or_insert(place);
            }
        }
        found.extend(parents.values().flat_map(cycles_between));
    }
    found
}

fn cycles_between(edges: &Edges) -> Vec<String> {
    let mut found = Vec::new();
    let mut reported: Vec<&str> = Vec::new();
    for (start, _) in edges.keys() {
        let cycle = if reported.contains(start) { Vec::new() } else { way_back(start, edges) };
        let step = |(from, to): &(&str, &str)| {
            let place = edges.get(&(*from, *to)).unwrap_or(&"");
            format!("{place} ({from} imports {to})")
        };
        let steps: Vec<_> = cycle.iter().map(step).collect();
        reported.extend(cycle.iter().map(|(from, _)| from));
        found.extend((!steps.is_empty()).then(|| format!("cycle: {}", steps.join(", "))));
    }
    found
}

/// Returns the shortest way along the edges from a family back to itself; empty if there is none.
fn way_back<'a>(start: &'a str, edges: &Edges<'a>) -> Vec<(&'a str, &'a str)> {
    let mut ways = VecDeque::from([Vec::new()]);
    let mut visited = Vec::new();
    while let Some(way) = ways.pop_front() {
        let here = way.last().map_or(start, |(_, to)| *to);
        if here == start && !way.is_empty() {
            return way;
        }
        for step @ (_, to) in edges.keys().filter(|(from, _)| *from == here) {
            if !visited.contains(to) {
                visited.push(*to);
                ways.push_back([way.as_slice(), &[*step]].concat());
            }
        }
    }
    Vec::new()
}
