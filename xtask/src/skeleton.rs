//! Blanks out comments and literals of Rust, so that every bracket left over is code.

/// Returns the text with slashes in place of comments and spaces in place of literals; the lengths
/// of lines stay.
pub(crate) fn skeleton(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let comment = comment_length(rest).map(|length| (length, Some('/')));
        let literal = || literal_length(rest).map(|length| (length, Some(' ')));
        let (length, filler) = comment.or_else(literal).unwrap_or((word_length(rest), None));
        let (part, after) = rest.split_at(length);
        let blank = |next| if next == '\n' { next } else { filler.unwrap_or(next) };
        code.extend(part.chars().map(blank));
        rest = after;
    }
    code
}

fn comment_length(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    let body = text.strip_prefix("/*")?;
    Some(body.find("*/").map_or(text.len(), |end| end + 4))
}

/// Returns the length of the string or character literal that the text begins with.
fn literal_length(text: &str) -> Option<usize> {
    let unprefixed = text.trim_start_matches(['b', 'c', 'r']);
    let quoted = unprefixed.trim_start_matches('#');
    let (prefix, _) = text.split_at(text.len() - quoted.len());
    if let Some(body) = quoted.strip_prefix('"') {
        let is_raw = prefix.contains('r');
        let closing = prefix.replace(['b', 'c', 'r'], "");
        let raw_end = || body.find(&format!("\"{closing}")).map(|end| end + 1 + closing.len());
        let end = if is_raw { raw_end() } else { quoted_length(body, '"') };
        return Some(end.map_or(text.len(), |end| prefix.len() + 1 + end));
    }
    let body = unprefixed.strip_prefix('\'')?;
    let mut characters = body.chars();
    // A lifetime has no quote after its first character.
    let is_character = characters.next()? == '\\' || characters.next()? == '\'';
    let end = quoted_length(body, '\'').filter(|_| is_character)?;
    Some(text.len() - body.len() + end)
}

/// Returns the length of the body up to and with its closing quote.
fn quoted_length(body: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    let is_end = |next| {
        let closes = next == quote && !escaped;
        escaped = next == '\\' && !escaped;
        closes
    };
    Some(body.find(is_end)? + 1)
}

/// Returns the length of the word or other character that the text begins with.
fn word_length(text: &str) -> usize {
    let word = text.find(|next: char| !next.is_alphanumeric() && next != '_');
    word.unwrap_or(text.len()).max(text.chars().next().map_or(1, char::len_utf8))
}
