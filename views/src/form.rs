//! Building blocks of forms and empty lists.

use maud::{Markup, html};

/// Returns a form that sends a command and stays on its page.
///
/// htmx inserts the response into the page; without scripts, the browser follows the redirect. The
/// target is the notice region, because a push may remove the form before the response arrives, and
/// htmx drops a response whose target is gone.
pub(crate) fn command(action: &str, content: &Markup) -> Markup {
    html! {
        form action=(action) method="post"
            hx-post=(action) hx-target="#notice" hx-swap="none" { (content) }
    }
}

/// Returns a control with its label above it.
pub(crate) fn field(label: &str, control: &Markup) -> Markup {
    html! {
        label.field {
            span { (label) }
            (control)
        }
    }
}

/// Returns the message that explains why a form was refused, if there is one.
pub(crate) fn refusal(error: Option<&str>) -> Markup {
    html! {
        @if let Some(error) = error {
            p.refusal role="alert" { (error) }
        }
    }
}

/// Returns the placeholder for an empty list, with a link to continue.
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

/// Percent-encodes a path for use as the value of a query parameter (RFC 3986, section 2.1).
pub(crate) fn encoded(path: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(byte);
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        if is_plain(&byte) {
            text.push(char::from(byte));
        } else {
            text += &format!("%{byte:02X}");
        }
    }
    text
}
