//! Building blocks of forms and empty lists.

use maud::{Markup, html};

use crate::draft::Draft;

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

/// A command that cannot be undone.
pub(crate) struct Dangerous<'a> {
    pub(crate) action: &'a str,
    /// The class of the button.
    pub(crate) class: &'a str,
    pub(crate) question: &'a str,
}

impl Dangerous<'_> {
    /// Returns a button that opens a question in place, and the form that sends the command.
    ///
    /// This works without scripts too. A push must not close the question, so htmx leaves it alone
    /// until it removes it.
    pub(crate) fn render(&self, label: &Markup) -> Markup {
        let Self { action, class, question } = self;
        let id = format!("confirm{}", action.replace('/', "-"));
        html! {
            details.confirm id=(id) hx-morph-skip {
                summary .(class) { (label) }
                (command(action, &html! { p { (question) } button { (label) } }))
            }
        }
    }
}

/// A field for a line of text.
pub(crate) struct Input<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) autocomplete: &'a str,
    pub(crate) longest: u16,
    pub(crate) is_optional: bool,
}

impl Default for Input<'_> {
    fn default() -> Self {
        Self { name: "", kind: "text", autocomplete: "off", longest: 0, is_optional: false }
    }
}

impl Input<'_> {
    /// Returns the field with its label above it, and with what was typed unless it is a password.
    pub(crate) fn render(&self, label: &str, draft: &Draft) -> Markup {
        let reason = draft.reason(self.name);
        let value = (self.kind != "password").then(|| draft.value(self.name));
        // Keyboards must not correct a name.
        let literal = self.autocomplete == "username";
        html! {
            (field(label, &html! {
                input type=(self.kind) name=(self.name) autocomplete=(self.autocomplete)
                    autocapitalize=[literal.then_some("none")]
                    spellcheck=[literal.then_some("false")]
                    required[!self.is_optional] maxlength=(self.longest) value=[value]
                    aria-invalid=[invalid(reason)]
                    aria-describedby=[described_by(self.name, reason)] autofocus[reason.is_some()];
            }))
            (explanation(self.name, reason))
        }
    }
}

/// Returns a field for several lines of text with its label above it, and with what was typed.
pub(crate) fn text_area(label: &str, draft: &Draft, input: &Input<'_>) -> Markup {
    let reason = draft.reason(input.name);
    html! {
        (field(label, &html! {
            textarea name=(input.name) autocomplete=(input.autocomplete) required
                maxlength=(input.longest) rows="4"
                aria-invalid=[invalid(reason)] aria-describedby=[described_by(input.name, reason)]
                autofocus[reason.is_some()] {
                // HTML parsers drop the first line break of a text area.
                "\n" (draft.value(input.name))
            }
        }))
        (explanation(input.name, reason))
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

/// Returns why the whole form was refused, if it was. The focus moves there, as it moves to a
/// refused field.
pub(crate) fn refusal(draft: &Draft) -> Markup {
    html! {
        @if let Some(reason) = draft.summary() {
            p.refusal role="alert" tabindex="-1" autofocus { (reason) }
        }
    }
}

fn invalid(reason: Option<&str>) -> Option<&'static str> {
    reason.map(|_| "true")
}

fn described_by(name: &str, reason: Option<&str>) -> Option<String> {
    reason.map(|_| explanation_id(name))
}

fn explanation(name: &str, reason: Option<&str>) -> Markup {
    html! {
        @if let Some(reason) = reason {
            p.refusal role="alert" id=(explanation_id(name)) { (reason) }
        }
    }
}

fn explanation_id(name: &str) -> String {
    format!("why-{name}")
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
