//! Entity tags in the conditions of a request (RFC 9110, sections 8.8.3 and 13.1).

use actix_web::http::header::{HeaderMap, HeaderName};

/// The value of `If-Match` or `If-None-Match`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// `*`, which every existing representation meets.
    Any,
    /// A list of tags, empty if the value is not valid: it matches nothing.
    Tags(Vec<Tag>),
}

/// An entity tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Whether the tag names only equivalent representations, and not equal bytes.
    is_weak: bool,
    /// The text between the quotes.
    opaque: String,
}

impl Condition {
    /// Reads a header, which may have several lines. Returns `None` without it.
    pub fn read(headers: &HeaderMap, name: HeaderName) -> Option<Self> {
        let lines: Vec<_> =
            headers.get_all(name).map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
        match lines.join(",") {
            _ if lines.is_empty() => None,
            value if value.trim() == "*" => Some(Self::Any),
            value => Some(Self::Tags(tags(&value))),
        }
    }

    /// Whether a tag of the list is the current one, and neither is weak (section 8.8.3.2).
    pub fn matches_strongly(&self, current: &str) -> bool {
        let current = Tag::read(current).map(|(tag, _)| tag);
        match self {
            Self::Any => true,
            Self::Tags(tags) => {
                current.is_some_and(|current| !current.is_weak && tags.contains(&current))
            }
        }
    }

    /// Whether a tag of the list is the current one; either may be weak (section 8.8.3.2).
    pub fn matches_weakly(&self, current: &str) -> bool {
        let current = Tag::read(current).map(|(tag, _)| tag);
        match self {
            Self::Any => true,
            Self::Tags(tags) => {
                current.is_some_and(|current| tags.iter().any(|tag| tag.opaque == current.opaque))
            }
        }
    }

    /// Returns the texts of the tags that are not weak, or `None` for `*`.
    pub fn strong_tags(&self) -> Option<Vec<&str>> {
        let Self::Tags(tags) = self else { return None };
        Some(tags.iter().filter(|tag| !tag.is_weak).map(|tag| tag.opaque.as_str()).collect())
    }
}

impl Tag {
    /// Reads the tag at the start of a text. Returns the tag and the text after it.
    fn read(text: &str) -> Option<(Self, &str)> {
        let quoted = text.strip_prefix("W/");
        let (opaque, rest) = quoted.unwrap_or(text).strip_prefix('"')?.split_once('"')?;
        let is_valid = !opaque.contains(|next: char| next.is_ascii_whitespace());
        is_valid.then(|| (Self { is_weak: quoted.is_some(), opaque: opaque.to_owned() }, rest))
    }
}

/// Reads the tags of a list; returns none if it is not valid. A tag may itself contain commas.
fn tags(mut list: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    loop {
        list = list.trim_start_matches([',', ' ', '\t']);
        if list.is_empty() {
            return tags;
        }
        let read = Tag::read(list).map(|(tag, rest)| (tag, rest.trim_start()));
        match read.filter(|(_, rest)| rest.is_empty() || rest.starts_with(',')) {
            Some((tag, rest)) => {
                tags.push(tag);
                list = rest;
            }
            None => return Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderValue, IF_MATCH};

    use super::*;

    fn condition(lines: &[&str]) -> Option<Condition> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(IF_MATCH, HeaderValue::from_str(line).unwrap());
        }
        Condition::read(&headers, IF_MATCH)
    }

    #[test]
    fn a_condition_compares_strongly_or_weakly_with_every_tag_of_its_list() {
        for (lines, strongly, weakly) in [
            (&["\"a\""][..], true, true),
            (&["W/\"a\""], false, true),
            (&["\"b\", \"a\""], true, true),
            (&["\"b\",W/\"a\" , \"c\""], false, true),
            (&["\"b\"", "\"a\""], true, true),
            (&["*"], true, true),
            (&[" * "], true, true),
            (&["\"x,y\", \"a\""], true, true),
            (&[", ,\"a\","], true, true),
            (&["a, \"a\""], false, false),
            (&["a"], false, false),
            (&[""], false, false),
            (&["\"b\""], false, false),
            (&["w/\"a\""], false, false),
            (&["\"a"], false, false),
            (&["\"a\"b"], false, false),
            (&["\"x,\"a\""], false, false),
        ] {
            let condition = condition(lines).unwrap();
            let found = (condition.matches_strongly("\"a\""), condition.matches_weakly("\"a\""));
            assert_eq!(found, (strongly, weakly), "{lines:?}");
        }
        assert_eq!(condition(&[]), None);
        assert!(!condition(&["W/\"a\""]).unwrap().matches_strongly("W/\"a\""));
    }
}
