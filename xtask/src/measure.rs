//! Measures the source that is shipped: files and functions, without tests.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::skeleton::skeleton;

/// The folders of the measured source.
const FOLDERS: [&str; 4] = ["domain/src", "actors/src", "views/src", "src"];

/// The target lengths in lines. The report lists the files and functions that are longer.
const LONG_FILE: usize = 220;
const LONG_FUNCTION: usize = 40;
const WIDTH: usize = 100;
const TEST: &str = "#[cfg(test)]";

/// The lengths in lines of files or functions, with their places.
type Lengths = Vec<(usize, String)>;

/// Measures the source below the root of the repository and describes it.
pub(crate) fn report(root: &Path) -> io::Result<String> {
    let mut sources = Vec::new();
    for folder in FOLDERS {
        collect(&root.join(folder), &mut sources)?;
    }
    let tests: Vec<_> = sources.iter().flat_map(|(path, text)| test_files(path, text)).collect();
    sources.retain(|(path, _)| !tests.contains(path));
    let mut files = Lengths::new();
    let mut functions = Lengths::new();
    let mut code = String::new();
    for (path, text) in sources {
        let file = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        let own = without_tests(&text);
        functions.extend(lengths_of_functions(&file, &own));
        files.push((own.lines().count(), file));
        code += &own;
    }
    Ok(describe(files, functions, &code))
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, String)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path)?;
            found.push((path, text));
        }
    }
    Ok(())
}

/// Returns the files that a file declares with `#[cfg(test)] mod name;`.
fn test_files(path: &Path, text: &str) -> Vec<PathBuf> {
    let is_root = path.ends_with("lib.rs") || path.ends_with("main.rs");
    let folder = if is_root { path.with_file_name("") } else { path.with_extension("") };
    let items = text.split(TEST).skip(1).filter_map(|item| item.split(['{', ';']).next());
    let names = items.filter_map(|item| item.split_once("mod ")).map(|(_, name)| name.trim());
    names.map(|name| folder.join(name).with_extension("rs")).collect()
}

/// Returns the skeleton of a file without the items under `#[cfg(test)]`.
fn without_tests(text: &str) -> String {
    let code = skeleton(text);
    let mut parts = code.split(TEST);
    let kept = parts.next().unwrap_or_default().trim_end().to_owned() + "\n";
    parts.fold(kept, |kept, part| kept + part.get(item_length(part)..).unwrap_or_default())
}

/// Returns the length of the item that the code begins with: to its `;` or closing brace.
fn item_length(code: &str) -> usize {
    let mut depth = 0;
    let end = code.find(|next| {
        match next {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        depth == 0 && matches!(next, ';' | '}')
    });
    end.map_or(code.len(), |end| end + 1)
}

/// Returns the functions that have a body, each from `fn` to its closing brace.
fn lengths_of_functions(file: &str, code: &str) -> Lengths {
    let mut found = Lengths::new();
    for (start, _) in code.match_indices("fn ") {
        let (before, function) = code.split_at(start);
        let (body, _) = function.split_at(item_length(function));
        if before.ends_with([' ', '\n']) && body.ends_with('}') {
            let name = body.split(['(', '<']).next().unwrap_or(body);
            found.push((body.lines().count(), format!("{file}: {name}")));
        }
    }
    found
}

fn describe(files: Lengths, functions: Lengths, code: &str) -> String {
    let count = |is: fn(&str) -> bool| code.lines().filter(|line| is(line)).count() as f64;
    let lines = count(|_| true);
    let comments = 100.0 * count(|line| line.trim_start().starts_with("//")) / lines;
    let tuples = 1000.0 * count(|line| line.contains("let (") && line.contains(") = (")) / lines;
    let wide = count(|line| line.chars().count() > WIDTH);
    let mut text = format!(
        "comment lines per 100 lines: {comments:.1}\n\
         tuple lets per 1000 lines: {tuples:.1}\n\
         lines over {WIDTH} characters: {wide}\n"
    );
    let kinds = [("files", files, LONG_FILE), ("functions", functions, LONG_FUNCTION)];
    for (what, mut all, target) in kinds {
        all.sort_by(|one, other| other.cmp(one));
        let at = |tenths: usize| all.get(all.len() * tenths / 10).map_or(0, |(lines, _)| *lines);
        let [median, ninety, longest] = [5, 1, 0].map(at);
        text += &format!("\n{what}: median {median}, 90 % {ninety}, longest {longest} lines\n");
        let exceeding = all.iter().filter(|(lines, _)| *lines > target);
        text.extend(exceeding.map(|(lines, place)| format!("{lines:>5} {place}\n")));
    }
    text
}
