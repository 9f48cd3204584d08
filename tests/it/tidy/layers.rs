//! Rules about what a layer may name, and where a technology is used.

use super::source::Source;
use super::{assert_none, in_tree};

/// What a layer must not name. `::name` is a crate with its family (`name_…`); any other entry is
/// forbidden anywhere in a path.
const FORBIDDEN: [(&str, &[&str]); 5] = [
    (
        "domain/src/",
        &["::actix", "::tokio", "::rand", "::getrandom", "std::fs", "SystemTime", "Instant"],
    ),
    ("actors/src/", &["::views"]),
    ("views/src/", &["::actix", "::actors", "::tokio"]),
    ("src/pages", &["api", "store"]),
    ("src/api", &["pages", "store"]),
];

/// The robots of the demo: clients of the shop, which may use what clients use.
const ROBOTS: &str = "src/cli/demo/robots/";

/// What is used in one place only, and the beginning of that place's path.
const HOMES: [(&str, &str); 16] = [
    ("::sled", "src/store/sled"),
    ("::fred", "src/store/redis"),
    ("::reqwest", "src/bank/http"),
    ("::jsonwebtoken", "src/credentials"),
    ("::actix_web_actors", "src/live"),
    ("::actix_cors", "src/cors"),
    ("::actix_multipart", "src/upload"),
    ("::csv", "src/csv"),
    ("::image", "src/picture"),
    ("Timestamp::now", CLOCK),
    ("SystemTime::now", CLOCK),
    ("Instant::now", CLOCK),
    ("::getrandom", CLOCK),
    ("::rand", CLOCK),
    ("now_v7", CLOCK),
    ("new_v4", CLOCK),
];

/// The only file that reads clocks and randomness.
pub(super) const CLOCK: &str = "actors/src/clock.rs";

#[test]
fn no_layer_uses_a_forbidden_name() {
    assert_none(in_tree(forbidden_names));
}

pub(super) fn forbidden_names(source: &Source) -> Vec<String> {
    let own = FORBIDDEN
        .iter()
        .filter(|(folder, _)| source.is_program() && source.path.starts_with(folder));
    own.flat_map(|(_, never)| never.iter()).flat_map(|what| mentions(source, what)).collect()
}

#[test]
fn every_technology_clock_and_source_of_randomness_has_one_home() {
    assert_none(in_tree(homes));
}

pub(super) fn homes(source: &Source) -> Vec<String> {
    let is_at_home = |home: &str| source.path.starts_with(home) || source.path.starts_with(ROBOTS);
    let away = HOMES.iter().filter(|(_, home)| source.is_program() && !is_at_home(home));
    away.flat_map(|(what, _)| mentions(source, what)).collect()
}

fn mentions(source: &Source, what: &str) -> Vec<String> {
    let paths = source.paths().into_iter().filter(|(_, path)| match what.strip_prefix("::") {
        Some(name) => {
            let (krate, _) = path.split_once("::").unwrap_or((path, ""));
            krate == name || krate.starts_with(&format!("{name}_"))
        }
        None => format!("::{path}::").contains(&format!("::{what}::")),
    });
    paths.map(|(line, path)| source.at(line, &path)).collect()
}
