//! The rule about the length of lines.

use super::source::Source;
use super::{assert_none, in_tree};

/// The largest number of characters on a line.
const WIDTH: usize = 100;

#[test]
fn no_line_of_code_or_prose_is_longer_than_a_hundred_characters() {
    assert_none(in_tree(long_lines));
}

pub(super) fn long_lines(source: &Source) -> Vec<String> {
    let mut in_block = false;
    let mut found = Vec::new();
    for (line, text) in source.lines() {
        let is_fence = text.trim_start().starts_with("```");
        in_block ^= is_fence;
        let length = text.chars().count();
        if length > WIDTH && is_measured(source, text, in_block || is_fence) {
            found.push(source.at(line, &format!("{length} characters")));
        }
    }
    found
}

fn is_measured(source: &Source, line: &str, in_block: bool) -> bool {
    let extension = source.path.rsplit_once('.').map(|(_, extension)| extension);
    match extension {
        Some("rs" | "lua" | "sh") => true,
        Some("toml") => line.starts_with('#') || line.contains(" # "),
        Some("md") => !in_block && !line.trim_start().starts_with('|') && !is_link(line),
        _ => source.text.starts_with("#!/"),
    }
}

/// Whether a line of Markdown holds one link and no other text.
fn is_link(line: &str) -> bool {
    let text = line.trim_matches(['-', '*', ' ', '!', '.', ',']);
    text.starts_with('[')
        && text.matches("](").count() + text.matches("]: ").count() == 1
        && (text.ends_with(')') || text.contains("]: "))
}
