//! Error messages and the page that shows a failure.

use maud::{Markup, html};

use crate::locale::Locale;

/// The most seconds that a wait is shown in; a longer one is shown in minutes.
const MOST_SECONDS: u64 = 90;

/// Returns the text for an error code, such as `empty_cart`.
pub fn message(locale: Locale, code: &str) -> String {
    locale.text(&key(code)).to_string()
}

/// Returns the text for an error code, and when to try again if the client has to wait that many
/// seconds.
pub fn message_with_wait(locale: Locale, code: &str, seconds: Option<u64>) -> String {
    let message = message(locale, code);
    match seconds.map(|seconds| wait(locale, seconds)) {
        Some(wait) => format!("{message} {wait}"),
        None => message,
    }
}

/// Whether a code has a text.
pub fn is_known(code: &str) -> bool {
    Locale::default().find(&key(code)).is_some()
}

/// Returns the title of the page for a failed request: the first sentence of its message.
pub fn title(locale: Locale, code: &str) -> String {
    let message = message(locale, code);
    message.split(". ").next().unwrap_or_default().trim_end_matches('.').to_owned()
}

/// Returns the main part of the page for a failed request: status, what the title does not say,
/// when to try again, and request id.
pub fn page_body(
    locale: Locale,
    status: u16,
    code: &str,
    seconds: Option<u64>,
    request_id: &str,
) -> Markup {
    let message = message(locale, code);
    html! {
        section #failure .failure {
            p.status aria-hidden="true" { (status) }
            @if let Some((_, advice)) = message.split_once(". ") { p { (advice) } }
            @if let Some(seconds) = seconds { p { (wait(locale, seconds)) } }
            a.button href="/articles" { (locale.text("failure-to-articles")) }
            p.quiet { (locale.text("failure-request")) " " code { (request_id) } }
        }
    }
}

fn key(code: &str) -> String {
    format!("error-{}", code.replace('_', "-"))
}

/// Returns the sentence that says after how long to try again.
fn wait(locale: Locale, seconds: u64) -> String {
    let (key, count) = match seconds {
        0..=MOST_SECONDS => ("failure-retry-seconds", seconds),
        _ => ("failure-retry-minutes", seconds.div_ceil(60)),
    };
    locale.text_with(key, &[("count", count.into())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::lines;

    #[test]
    fn a_failure_shows_its_status_the_wait_and_a_link_to_the_catalogue() {
        insta::assert_snapshot!(
            "failure_fr",
            lines(&page_body(Locale::Fr, 429, "too_many_guests", Some(40), "0195-abc"))
        );
    }

    #[test]
    fn a_refusal_says_when_to_try_again_in_seconds_or_minutes() {
        let waits = |locale| [1, 2, 90, 91, 600].map(|seconds| wait(locale, seconds));
        assert_eq!(
            waits(Locale::Fr),
            [
                "Réessayez dans 1 seconde.",
                "Réessayez dans 2 secondes.",
                "Réessayez dans 90 secondes.",
                "Réessayez dans 2 minutes.",
                "Réessayez dans 10 minutes.",
            ]
        );
        assert_eq!(
            waits(Locale::En),
            [
                "Try again in 1 second.",
                "Try again in 2 seconds.",
                "Try again in 90 seconds.",
                "Try again in 2 minutes.",
                "Try again in 10 minutes.",
            ]
        );
        assert_eq!(title(Locale::En, "not_found"), "This page doesn’t exist");
    }
}
