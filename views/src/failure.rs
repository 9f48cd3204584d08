//! Failures, told so that the reader can do something about them.

use maud::{Markup, html};

use crate::locale::Locale;

/// What an error code means.
pub fn message(locale: Locale, code: &str) -> String {
    locale.text(&format!("error-{}", code.replace('_', "-")))
}

/// The main part of a page that stands for a failure.
pub fn page_body(locale: Locale, status: u16, code: &str, request_id: &str) -> Markup {
    html! {
        section #failure .failure {
            p.status aria-hidden="true" { (status) }
            p { (message(locale, code)) }
            a.button href="/articles" { (locale.text("failure-to-articles")) }
            p.quiet { (locale.text("failure-request")) " " code { (request_id) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::lines;

    #[test]
    fn a_failure_says_what_happened_and_where_to_go() {
        insta::assert_snapshot!(
            "failure_fr",
            lines(&page_body(Locale::Fr, 404, "not_found", "0195-abc"))
        );
    }
}
