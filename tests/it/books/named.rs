//! What a block that does not run names: files, programs, and what cargo knows.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::blocks::{ROOT, commands};

/// Programs that the repository neither has nor installs.
const OTHERS: [&str; 4] = ["apt-get", "systemctl", "websocat", "wscat"];

/// The arguments of cargo that name a target: the folder that has it.
const TARGETS: [(&str, &str); 5] = [
    ("--test", "tests"),
    ("--bench", "benches"),
    ("--bin", "benches"),
    ("--example", "examples"),
    ("-p", ""),
];

/// Returns what the commands of a block name and the repository does not have.
pub(super) fn missing(block: &str) -> Vec<String> {
    commands(block).iter().flat_map(|words| missing_of(words)).collect()
}

fn missing_of(words: &[String]) -> Vec<String> {
    let is_setting = |word: &&String| word.contains('=');
    let settings = words.iter().take_while(is_setting).count();
    let (settings, command) = words.split_at(settings);
    let unread = settings.iter().filter_map(|setting| setting.split('=').next());
    let mut found: Vec<_> =
        unread.filter(|name| !is_in("tests", name)).map(str::to_owned).collect();
    match command {
        [program, arguments @ ..] if program == "cargo" => found.extend(unknown(arguments)),
        [program, arguments @ ..] if program == "microshop" => {
            let mut help = Command::new(env!("CARGO_BIN_EXE_microshop"));
            help.args(arguments).arg("--help");
            found.extend((!help.output().unwrap().status.success()).then(|| command.join(" ")));
        }
        [program, ..] if OTHERS.contains(&program.as_str()) => {}
        [program, ..] if is_script(program) => {}
        _ => found.push(command.join(" ")),
    }
    found
}

/// Returns the arguments of cargo that name no target and no test.
fn unknown(arguments: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let (own, filters) = match arguments {
        [verb, rest @ ..] if ["test", "bench", "build", "run"].contains(&verb.as_str()) => {
            (verb, rest)
        }
        _ => return vec![arguments.join(" ")],
    };
    let mut words = filters.iter();
    while let Some(word) = words.next() {
        if let Some((_, folder)) = TARGETS.iter().find(|(option, _)| option == word) {
            let name = words.next().map_or("", String::as_str);
            found.extend((!is_target(folder, name)).then(|| format!("{word} {name}")));
        } else if word == "--test-threads" {
            words.next();
        } else if own == "test" && !word.starts_with('-') && !is_in("tests", word) {
            found.push(word.clone());
        }
    }
    found
}

fn is_target(folder: &str, name: &str) -> bool {
    let place = Path::new(ROOT).join(folder).join(name);
    let files = [place.with_extension("rs"), place.join("main.rs"), place.join("Cargo.toml")];
    files.iter().any(|file| file.is_file())
}

fn is_script(program: &str) -> bool {
    let file = fs::metadata(Path::new(ROOT).join(program));
    file.is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// Whether a Rust file of a folder has the text: the name of a test or a module, or of a variable.
fn is_in(folder: &str, text: &str) -> bool {
    let text = text.trim_end_matches("::");
    rust_files(&Path::new(ROOT).join(folder))
        .iter()
        .any(|file| fs::read_to_string(file).is_ok_and(|source| source.contains(text)))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let mut found: Vec<_> = folders.iter().flat_map(|folder| rust_files(folder)).collect();
    found.extend(files.into_iter().filter(|file| file.extension().is_some_and(|end| end == "rs")));
    found
}
