//! Reads the route table, and checks that a test names every route.

use super::assert_none;
use super::rust::{Part, nesting};
use super::source::{Source, tree};

/// A route of the table.
pub(super) struct Route {
    pub(super) line: usize,
    /// The path, with the scopes around it.
    pub(super) path: String,
    /// The methods of the route; empty if it accepts any.
    methods: Vec<String>,
}

/// The functions of the table that set a method.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Tests that list routes without calling them.
const TABLES: [&str; 2] = ["tests/it/tidy", "tests/it/authority"];

/// Returns every route of the shop, once for each of its methods.
pub(crate) fn served() -> Vec<String> {
    let tree = tree().unwrap();
    let tables = tree.iter().filter(|source| source.path.starts_with("src/routes"));
    tables.flat_map(routes).flat_map(|route| route.calls()).collect()
}

#[test]
fn every_route_has_a_test_that_names_it() {
    let tree = tree().unwrap();
    let is_table = |source: &&Source| {
        source.path.starts_with("src/routes") || source.path == "src/bank/server.rs"
    };
    let tables: Vec<_> = tree.iter().filter(is_table).collect();
    assert!(tables.iter().all(|table| !routes(table).is_empty()), "no route was found");
    assert_none(tables.into_iter().flat_map(|table| unnamed_routes(table, &tree)).collect());
}

pub(super) fn unnamed_routes(table: &Source, tree: &[Source]) -> Vec<String> {
    let is_story = |source: &&Source| {
        source.is_rust()
            && source.path.starts_with("tests/")
            && !TABLES.iter().any(|table| source.path.starts_with(table))
    };
    let stories: Vec<_> = tree.iter().filter(is_story).collect();
    let mut routes = routes(table);
    routes.retain(|route| !stories.iter().any(|story| names(story, &route.path)));
    routes.into_iter().map(|route| table.at(route.line, &route.path)).collect()
}

impl Route {
    /// Returns the route with each of its methods: `GET /api/orders/{id}`.
    pub(super) fn calls(&self) -> Vec<String> {
        if self.methods.is_empty() {
            return vec![format!("ANY {}", self.path)];
        }
        self.methods.iter().map(|method| format!("{method} {}", self.path)).collect()
    }
}

/// Returns the routes of a table.
pub(super) fn routes(table: &Source) -> Vec<Route> {
    let mut found: Vec<Route> = Vec::new();
    let mut scopes: Vec<(i32, String)> = Vec::new();
    let mut depth = 0;
    let mut line = 1;
    let mut code = String::new();
    for (part, text) in table.parts() {
        match part {
            Part::Comment => {}
            Part::Code => {
                for character in text.chars() {
                    depth += nesting(character);
                    let open = if matches!(character, ',' | ';') { depth - 1 } else { depth };
                    scopes.retain(|(scope, _)| *scope <= open);
                }
                code.push_str(text);
                if let Some(route) = found.last_mut() {
                    route.methods.extend(method(&code));
                }
            }
            Part::Text => {
                let path = text.trim_start_matches('r').trim_matches(['#', '"']);
                let called = code.trim_end();
                if called.ends_with("scope(") {
                    scopes.push((depth - 1, path.to_owned()));
                } else if path.starts_with('/')
                    || called.ends_with("route(")
                    || called.ends_with("resource(")
                {
                    let prefix: String = scopes.iter().map(|(_, scope)| scope.as_str()).collect();
                    // An operation has its method and its path in one call.
                    let methods = called.strip_suffix('(').and_then(called_method);
                    let methods = methods.into_iter().collect();
                    found.push(Route { line, path: prefix + path, methods });
                }
                code.push('_');
            }
        }
        line += text.matches('\n').count();
    }
    found
}

/// Returns the method if the code ends with its call: `get()`.
fn method(code: &str) -> Option<String> {
    called_method(code.strip_suffix("()")?)
}

/// Returns the method if the code ends with its name.
fn called_method(code: &str) -> Option<String> {
    let name = code.rsplit(|next: char| !next.is_alphanumeric() && next != '_').next()?;
    METHODS.contains(&name).then(|| name.to_uppercase())
}

/// Whether a string of the test names the route; `{…}` matches anything without a slash.
pub(super) fn names(test: &Source, route: &str) -> bool {
    let texts = test.parts().into_iter().filter(|(part, _)| *part == Part::Text);
    texts.into_iter().any(|(_, text)| {
        text.match_indices('/').any(|(start, _)| {
            let (before, path) = text.split_at(start);
            !before.ends_with(is_path_character) && begins_with(path, route)
        })
    })
}

fn begins_with(text: &str, route: &str) -> bool {
    let (literal, parameter) =
        route.split_once('{').map_or((route, None), |(literal, rest)| (literal, Some(rest)));
    let Some(text) = text.strip_prefix(literal) else { return false };
    let Some(parameter) = parameter else {
        return !text.starts_with(|next| next == '{' || is_path_character(next));
    };
    let after = parameter.split_once('}').map_or("", |(_, after)| after);
    let value = text.find(['/', '?', '"', ' ']).unwrap_or(text.len());
    (1..=value).any(|length| text.get(length..).is_some_and(|rest| begins_with(rest, after)))
}

fn is_path_character(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '/' | '_' | '-' | '.')
}
