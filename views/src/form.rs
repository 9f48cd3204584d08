//! What forms are made of.

use maud::{Markup, html};

/// A form that gives a command and stays on its page: htmx shows the answer, without scripts the browser follows it.
///
/// It aims at the notice, which stays: where a push has taken the form away, htmx would drop the answer.
pub(crate) fn command(action: &str, content: &Markup) -> Markup {
    html! {
        form action=(action) method="post" hx-post=(action) hx-target="#notice" hx-swap="none" { (content) }
    }
}

/// A control under its label.
pub(crate) fn field(label: &str, control: &Markup) -> Markup {
    html! {
        label.field {
            span { (label) }
            (control)
        }
    }
}

/// Why a form was refused.
pub(crate) fn refusal(error: Option<&str>) -> Markup {
    html! {
        @if let Some(error) = error {
            p.refusal role="alert" { (error) }
        }
    }
}

/// What stands where there is nothing yet, with a way on.
pub(crate) fn empty(text: &str, href: &str, link: &str) -> Markup {
    html! {
        div.empty {
            svg viewBox="0 0 48 48" width="72" height="72" aria-hidden="true" {
                path d="M8 15h32l-3 26H11z" {}
                path d="M17 20v-7a7 7 0 0 1 14 0v7" {}
            }
            p { (text) }
            a.button href=(href) { (link) }
        }
    }
}

/// A path as the value of a query parameter.
pub(crate) fn encoded(path: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(byte);
    path.bytes()
        .map(
            |byte| {
                if is_plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
            },
        )
        .collect()
}
