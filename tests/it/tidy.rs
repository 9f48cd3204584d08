//! The house rules, kept by reading the source tree.
//!
//! A rule is a function from sources to findings (`file:line: what`) and a test that finds none in the tree.
//! That each rule does find what it forbids is shown in [`samples`].

pub(crate) mod routes;
mod samples;
mod source;

use std::process::Command;

use source::{Source, tree};

/// Who never mentions what. `::name` is a crate with its family (`name_…`), anything else may stand anywhere in a path.
const FENCES: [(&str, &[&str]); 5] = [
    (
        "domain/src/",
        &["::actix", "::tokio", "::rand", "::getrandom", "std::fs", "SystemTime", "Instant"],
    ),
    ("actors/src/", &["::views"]),
    ("views/src/", &["::actix", "::actors", "::tokio"]),
    ("src/pages", &["api", "store"]),
    ("src/api", &["pages", "store"]),
];

/// What has one home: the file or folder whose path begins so.
const HOMES: [(&str, &str); 12] = [
    ("::sled", "src/store/sled"),
    ("::fred", "src/store/redis"),
    ("::reqwest", "src/bank/http"),
    ("::jsonwebtoken", "src/auth"),
    ("::actix_web_actors", "src/live"),
    ("Timestamp::now", CLOCK),
    ("SystemTime::now", CLOCK),
    ("Instant::now", CLOCK),
    ("::getrandom", CLOCK),
    ("::rand", CLOCK),
    ("now_v7", CLOCK),
    ("new_v4", CLOCK),
];

const CLOCK: &str = "actors/src/clock.rs";

/// What names routes and tells no story of them.
const TABLES: [&str; 2] = ["tests/it/tidy", "tests/it/authority"];

/// What a program that answers everybody doesn't do.
const PANICS: [&str; 8] = [
    ".unwrap()",
    ".expect(",
    "panic!",
    "todo!",
    "unimplemented!",
    "#[allow",
    "#![allow",
    "unsafe ",
];

/// Where one of them stands for a reason that is given there.
const REASONED: [(&str, &str); 4] = [
    (CLOCK, ".expect("),
    ("src/site.rs", ".expect("),
    ("src/auth/secret.rs", ".expect("),
    ("src/bank/simulated.rs", "panic!"),
];

/// File names that say nothing.
const EMPTY_NAMES: [&str; 7] = ["util", "utils", "helper", "helpers", "common", "manager", "mod"];

/// Texts that mean nothing to whoever reads only this tree; in halves, or this file would hold them.
const OUTSIDE: [&str; 2] = [concat!("issue", " #"), concat!("../", "shared")];

#[test]
fn every_layer_stays_behind_its_fence() {
    none(each(fences));
}

fn fences(source: &Source) -> Vec<String> {
    let own =
        FENCES.iter().filter(|(folder, _)| source.is_program() && source.path.starts_with(folder));
    own.flat_map(|(_, never)| never.iter()).flat_map(|what| mentions(source, what)).collect()
}

#[test]
fn every_technology_clock_and_source_of_chance_has_one_home() {
    none(each(homes));
}

fn homes(source: &Source) -> Vec<String> {
    let away =
        HOMES.iter().filter(|(_, home)| source.is_program() && !source.path.starts_with(home));
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

#[test]
fn every_rust_file_says_first_what_it_is() {
    none(each(headless));
}

fn headless(source: &Source) -> Vec<String> {
    let bare = source.is_rust() && !source.text.starts_with("//! ");
    bare.then(|| source.at(1, "no //! line")).into_iter().collect()
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    none(each(empty_names));
}

fn empty_names(source: &Source) -> Vec<String> {
    let name = source.path.rsplit('/').next().and_then(|name| name.strip_suffix(".rs"));
    let empty = name.is_some_and(|name| EMPTY_NAMES.contains(&name));
    empty.then(|| source.at(1, "a name that says nothing")).into_iter().collect()
}

#[test]
fn nothing_panics_outside_tests() {
    none(each(panics));
}

fn panics(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for (line, code) in source.code().into_iter().filter(|_| source.is_program()) {
        let present = PANICS.iter().filter(|what| code.contains(*what));
        let bare = present.filter(|what| !REASONED.contains(&(source.path.as_str(), what)));
        found.extend(bare.map(|what| source.at(line, what)));
    }
    found
}

#[test]
fn every_public_item_says_what_it_is() {
    none(each(undocumented));
}

fn undocumented(source: &Source) -> Vec<String> {
    let lines: Vec<_> = source.text.lines().map(str::trim).collect();
    let public = source.code().into_iter().filter(|(_, code)| {
        let item = code.trim().strip_prefix("pub ").filter(|item| !item.starts_with("use "));
        let file = |item: &str| item.starts_with("mod ") && item.ends_with(';');
        item.is_some_and(|item| !file(item)) && field(code).is_none()
    });
    let bare =
        public.filter(|(line, _)| source.is_program() && !has_doc(lines.iter().take(line - 1)));
    bare.map(|(line, code)| source.at(line, code.trim())).collect()
}

/// Whether what stands above an item, but for its attributes, is a line of documentation.
fn has_doc<'a>(above: impl DoubleEndedIterator<Item = &'a &'a str>) -> bool {
    let mut inside_attribute = false;
    for line in above.rev() {
        inside_attribute = !line.starts_with("#[") && (inside_attribute || line.ends_with(']'));
        if !inside_attribute && !line.starts_with("#[") {
            return line.starts_with("///");
        }
    }
    false
}

#[test]
fn the_built_in_configuration_is_whole_and_known() {
    // The only line here that needs the program: unknown and missing keys are refused by name.
    microshop::config::Config::defaults().unwrap();
}

#[test]
fn every_key_of_the_configuration_is_read_and_the_other_way_round() {
    let tree = tree().unwrap();
    let read: Vec<_> = tree
        .iter()
        .filter(|source| source.path.starts_with("src/config"))
        .flat_map(fields)
        .collect();
    assert!(!read.is_empty(), "no field was found");
    none(unread_keys(read, &default_keys(&tree), &tree));
}

/// The public fields of a file's structs, as `file:line` and name.
fn fields(source: &Source) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (line, code) in source.code() {
        found.extend(field(&code).map(|name| (source.at(line, name), name.to_owned())));
    }
    found
}

/// The name of the public field that a line declares.
fn field(code: &str) -> Option<&str> {
    let (name, _) = code.trim().strip_prefix("pub ")?.split_once(": ")?;
    (!name.contains([' ', '('])).then_some(name)
}

/// The keys and sections of `default.toml`; a key without a default stands there behind a `#`.
fn default_keys(tree: &[Source]) -> Vec<String> {
    let reference = tree.iter().filter(|source| source.path == "config/default.toml");
    let lines = reference
        .flat_map(|source| source.text.lines())
        .map(|line| line.trim_start_matches(['#', ' ']));
    let keys = lines.filter_map(|line| match line.strip_prefix('[') {
        Some(section) => section.split(']').next(),
        None => line.split_once(" = ").map(|(key, _)| key),
    });
    keys.flat_map(|key| key.split('.')).map(str::to_owned).collect()
}

fn unread_keys(read: Vec<(String, String)>, keys: &[String], tree: &[Source]) -> Vec<String> {
    let program = tree
        .iter()
        .filter(|source| source.path.starts_with("src/") && !source.path.starts_with("src/config"));
    let code: String = program.flat_map(Source::code).map(|(_, code)| code + "\n").collect();
    let mut found = Vec::new();
    for (place, name) in read {
        if !keys.contains(&name) {
            found.push(format!("{place}: not in default.toml"));
        }
        let access = format!(".{name}");
        let mut uses = code.split(&access).skip(1);
        if !uses.any(|after| !after.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
        {
            found.push(format!("{place}: used nowhere"));
        }
    }
    found
}

#[test]
fn every_default_is_explained() {
    none(each(unexplained));
}

fn unexplained(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let mut above = "";
    for (line, text) in
        (1..).zip(source.text.lines()).filter(|_| source.path == "config/default.toml")
    {
        let is_key = text.split_once(" = ").is_some_and(|(key, _)| !key.contains(['#', ' ']));
        if is_key && !text.contains(" # ") && !above.starts_with('#') {
            found.push(source.at(line, text));
        }
        above = text;
    }
    found
}

#[test]
fn every_route_has_a_test_that_names_it() {
    let tree = tree().unwrap();
    let is_table = |source: &&Source| {
        source.path.starts_with("src/routes") || source.path == "src/bank/server.rs"
    };
    let tables: Vec<_> = tree.iter().filter(is_table).collect();
    assert!(tables.iter().all(|table| !routes::routes(table).is_empty()), "no route was found");
    none(tables.into_iter().flat_map(|table| unnamed_routes(table, &tree)).collect());
}

fn unnamed_routes(table: &Source, tree: &[Source]) -> Vec<String> {
    let is_story = |source: &&Source| {
        source.path.starts_with("tests/")
            && !TABLES.iter().any(|table| source.path.starts_with(table))
    };
    let stories: Vec<_> = tree.iter().filter(is_story).filter(|source| source.is_rust()).collect();
    let mut routes = routes::routes(table);
    routes.retain(|route| !stories.iter().any(|story| routes::names(story, &route.path)));
    routes.into_iter().map(|route| table.at(route.line, &route.path)).collect()
}

#[test]
fn no_download_address_is_kept() {
    none(each(addresses));
}

fn addresses(source: &Source) -> Vec<String> {
    let own = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let lines =
        (1..).zip(source.text.lines()).filter(|(_, line)| match source.path.rsplit('/').next() {
            Some("package-lock.json") => line.contains("\"resolved\""),
            Some("Cargo.lock") => line.starts_with("source = ") && *line != own,
            _ => false,
        });
    lines.map(|(line, text)| source.at(line, text.trim())).collect()
}

#[test]
fn scripts_of_others_are_fetched_and_never_kept() {
    let list = ["ls-files", "--cached", "--others", "--exclude-standard", "static"];
    let git =
        Command::new("git").args(list).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let files = String::from_utf8(git.stdout).unwrap();
    let kept = if git.status.success() {
        files.lines().map(str::to_owned).collect()
    } else {
        tree().unwrap().into_iter().map(|source| source.path).collect() // not a checkout
    };
    none(scripts_of_others(kept));
}

fn scripts_of_others(mut kept: Vec<String>) -> Vec<String> {
    kept.retain(|path| {
        path.contains("node_modules/") || path.ends_with(".js") && path.contains("htmx")
    });
    kept
}

#[test]
fn nothing_refers_to_what_is_outside_this_tree() {
    none(each(references_outside));
}

fn references_outside(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for (line, text) in (1..).zip(source.text.to_lowercase().lines()) {
        found.extend(
            OUTSIDE.iter().filter(|what| text.contains(*what)).map(|what| source.at(line, what)),
        );
    }
    found
}

#[test]
fn every_ignored_test_is_run_by_tests_run() {
    let tree = tree().unwrap();
    let script = tree.iter().find(|source| source.path == "tests/run").unwrap();
    none(tree.iter().flat_map(|source| forgotten_tests(source, &script.text)).collect());
}

fn forgotten_tests(source: &Source, script: &str) -> Vec<String> {
    let parts = source
        .parts()
        .into_iter()
        .filter(|(part, _)| source.is_rust() && *part == source::Part::Code);
    let code: String = parts.map(|(_, piece)| piece).collect();
    let ignored = code.split("#[ignore").skip(1).filter_map(|after| after.split_once("fn "));
    let names = ignored.map(|(_, after)| after.split('(').next().unwrap_or(after));
    let slow = script
        .split_once("slow=(")
        .and_then(|(_, after)| after.split(')').next())
        .unwrap_or_default();
    let run = |name: &str| slow.split_whitespace().any(|word| word == name);
    names
        .filter(|name| !run(name))
        .map(|name| format!("{}: {name} is ignored and never run", source.path))
        .collect()
}

/// What a rule finds in the whole tree.
fn each(rule: impl Fn(&Source) -> Vec<String>) -> Vec<String> {
    let tree = tree().unwrap_or_default();
    assert!(!tree.is_empty(), "the source tree can't be read");
    tree.iter().flat_map(rule).collect()
}

#[track_caller]
fn none(findings: Vec<String>) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}
