//! Error messages and the page that shows a failure.

use maud::{Markup, html};

use crate::locale::Locale;

/// Returns the text for an error code, such as `empty_cart`.
pub fn message(locale: Locale, code: &str) -> String {
    locale.text(&format!("error-{}", code.replace('_', "-")))
}

/// Returns the main part of the page for a failed request: status, message and request id.
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
    fn a_failure_shows_its_status_and_message_and_a_link_to_the_catalogue() {
        insta::assert_snapshot!(
            "failure_fr",
            lines(&page_body(Locale::Fr, 404, "not_found", "0195-abc"))
        );
    }
}
