//! The list of a user's sessions: the devices that are signed in.

use domain::session::{Proof, Session, SessionId};
use maud::{Markup, html};

use crate::form::{Dangerous, command};
use crate::format::time;
use crate::locale::Locale;

/// Returns the sessions of a user, each with a form that ends it.
pub fn list(locale: Locale, sessions: &[Session], current: SessionId) -> Markup {
    html! {
        section #sessions .panel {
            h2 { (locale.text("session-title")) }
            ul.lines {
                @for session in sessions {
                    (row(locale, session, current))
                }
            }
            @if sessions.iter().any(|session| session.id != current) {
                (end_others_form(locale))
            }
        }
    }
}

fn end_others_form(locale: Locale) -> Markup {
    let question = locale.text("session-end-others-question");
    let action = "/account/sessions/end-others";
    let end = Dangerous { action, class: "quiet", question: &question };
    end.render(&html! { (locale.text("session-end-others")) })
}

fn row(locale: Locale, session: &Session, current: SessionId) -> Markup {
    html! {
        li.line id={ "session-" (session.id) } {
            div.what { (device_lines(locale, session)) }
            @if session.id == current {
                span.badge.good { (locale.text("session-current")) }
            }
            (command(&format!("/account/sessions/{}/end", session.id), &html! {
                button.link {
                    (locale.text("session-end")) span.unseen { " (" (device(locale, session)) ")" }
                }
            }))
        }
    }
}

/// Returns the name of a device, its address, and when it signed in and was last used.
pub(crate) fn device_lines(locale: Locale, session: &Session) -> Markup {
    html! {
        h3 title=(session.device) { (device(locale, session)) }
        p.quiet {
            (session.address) " · "
            (locale.text("session-since")) " " (time(locale, session.created_at))
        }
        p.quiet { (locale.text("session-seen")) " " (time(locale, session.last_seen_at)) }
    }
}

/// Returns the name of a device, from the `User-Agent` header of its sign-in.
///
/// Browsers also name the browsers that they are compatible with, so the first match counts. An
/// unknown program is shown with the first 40 characters of the header.
fn device(locale: Locale, session: &Session) -> String {
    let find = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| session.device.contains(mark)).map(|(_, name)| *name)
    };
    match (find(BROWSERS), find(SYSTEMS), &session.proof) {
        (Some(browser), Some(system), _) => format!("{browser} · {system}"),
        (Some(browser), None, _) => browser.to_owned(),
        (None, _, _) if !session.device.trim().is_empty() => {
            session.device.chars().take(40).collect()
        }
        (_, _, Proof::Browser { .. }) => locale.text("session-browser").to_string(),
        (_, _, Proof::Api { .. }) => locale.text("session-api").to_string(),
    }
}

/// A part of the header and the browser it stands for, the most specific first.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("OPiOS/", "Opera"),
    ("OPT/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];

/// A part of the header and the operating system it stands for, the most specific first.
const SYSTEMS: &[(&str, &str)] = &[
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{HOSTILE, lines, session};

    const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) \
        AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";

    #[test]
    fn every_device_has_a_name_and_a_form_to_sign_it_out() {
        let sessions = [
            session(1, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
            session(2, PHONE),
        ];
        insta::assert_snapshot!("sessions_fr", lines(&list(Locale::Fr, &sessions, sessions[0].id)));
        insta::assert_snapshot!("sessions_en", lines(&list(Locale::En, &sessions, sessions[0].id)));
    }

    #[test]
    fn browsers_on_phones_and_tablets_have_their_own_names() {
        let ios = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 \
            (KHTML, like Gecko) ";
        let ipad = "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 \
            (KHTML, like Gecko) ";
        let android = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) ";
        for (start, end, name) in [
            (ios, "CriOS/143.0.7499.38 Mobile/15E148 Safari/604.1", "Chrome · iPhone"),
            (ios, "FxiOS/145.0 Mobile/15E148 Safari/605.1.15", "Firefox · iPhone"),
            (ios, "Version/18.0 EdgiOS/142.0.3595 Mobile/15E148 Safari/604.1", "Edge · iPhone"),
            (ios, "Version/18.5 Mobile/15E148 Safari/604.1 OPT/6.1", "Opera · iPhone"),
            (ipad, "CriOS/143.0.7499.38 Mobile/15E148 Safari/604.1", "Chrome · iPad"),
            (android, "Chrome/142.0.0.0 Mobile Safari/537.36 EdgA/142.0.0.0", "Edge · Android"),
            (android, "Chrome/142.0.0.0 Mobile Safari/537.36 OPR/93.0", "Opera · Android"),
            (android, "Chrome/142.0.0.0 Mobile Safari/537.36", "Chrome · Android"),
            (
                android,
                "SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36",
                "Samsung Internet · Android",
            ),
            ("Mozilla/5.0 (Android 15; Mobile; rv:145.0) ", "Firefox/145.0", "Firefox · Android"),
        ] {
            let browser = session(1, &format!("{start}{end}"));
            assert_eq!(device(Locale::En, &browser), name);
        }
    }

    #[test]
    fn a_single_session_has_no_form_to_end_the_others() {
        let only = [session(1, "")];
        let page = list(Locale::En, &only, only[0].id).into_string();
        assert!(!page.contains("end-others") && page.contains("Browser"), "{page}");
    }

    #[test]
    fn the_name_of_an_unknown_device_is_truncated_and_escaped() {
        let odd = session(1, &HOSTILE.repeat(20));
        assert_eq!(device(Locale::En, &odd).chars().count(), 40);
        assert!(
            !list(Locale::En, std::slice::from_ref(&odd), odd.id).into_string().contains("<script")
        );
    }
}
