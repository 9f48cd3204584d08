//! The forms that change an article in place.
//!
//! A form with the class `edit` names the version of the article that it was rendered with. Scripts
//! keep what is typed into it, and that version, while pushes change the rest of the page. So the
//! shop refuses a form whose article another administrator has changed since then, and the form
//! shows the new value next to what was typed.

use domain::article::Article;
use maud::{Markup, html};

use crate::draft::Draft;
use crate::form::command;
use crate::format::{euros, money};
use crate::locale::Locale;

/// A field that is a form of its own.
struct Field<'a> {
    article: &'a Article,
    name: &'a str,
    label: String,
    /// The version of the article that a change of the field requires.
    version: String,
    /// The current value as a person types it.
    value: String,
    /// The current value for a reader.
    now: String,
    keyboard: &'a str,
}

/// Returns the form that changes the price of an article.
pub fn price_form(locale: Locale, article: &Article, draft: &Draft) -> Markup {
    let field = Field {
        article,
        name: "price",
        label: locale.text("stock-price-euros").to_string(),
        version: article.revision.to_string(),
        value: euros(locale, article.price),
        now: money(locale, article.price),
        keyboard: "decimal",
    };
    field.form(locale, draft)
}

/// Returns the form that changes the units of an article in stock. It requires also the units that
/// can be ordered, so that no order in the meantime is overlooked.
pub fn on_hand_form(locale: Locale, article: &Article, draft: &Draft) -> Markup {
    let field = Field {
        article,
        name: "on_hand",
        label: locale.text("stock-on-hand").to_string(),
        version: format!("{}-{}", article.revision, article.available()),
        value: article.on_hand.to_string(),
        now: article.on_hand.to_string(),
        keyboard: "numeric",
    };
    field.form(locale, draft)
}

/// Returns the switch that puts an article on sale and takes it off sale.
pub(super) fn switch(locale: Locale, article: &Article) -> Markup {
    let action = format!("/admin/articles/change/{}", article.id);
    command(
        &action,
        &html! {
            input type="hidden" name="version" value=(article.revision);
            button.switch name="active" value=(!article.active) role="switch"
                aria-checked=(article.active) {
                span.unseen {
                (locale.text("stock-active")) " (" (super::name(locale, article)) ")"
            }
            }
        },
    )
}

/// Returns the draft if it is of this form: it has the number of the article and the field.
pub(super) fn draft_of<'a>(draft: &'a Draft, article: &Article, field: &str) -> Option<&'a Draft> {
    let is_of_form = draft.typed.iter().any(|(name, _)| name == field);
    (is_of_form && draft.value("article") == article.id.to_string()).then_some(draft)
}

/// Returns the sentence that an article has changed since the typing began, with the new value. It
/// is shown as long as the form is outdated.
pub(super) fn changed(locale: Locale, now: &str) -> Markup {
    html! {
        p.changed role="status" {
            (locale.text_with("stock-changed", &[("value", now.into())]))
        }
    }
}

impl Field<'_> {
    fn form(&self, locale: Locale, draft: &Draft) -> Markup {
        let Self { article, name, .. } = self;
        let action = format!("/admin/articles/change/{}", article.id);
        let draft = draft_of(draft, article, name);
        let refusal = draft.and_then(|draft| draft.refusal.as_ref());
        let is_wrong = refusal.is_some_and(|refusal| refusal.field.is_some());
        let value = draft.map_or(self.value.as_str(), |draft| draft.value(name));
        let reason = format!("why-{name}-{}", article.id);
        html! {
            form.edit.outdated[refusal.is_some() && !is_wrong] id={ (name) "-" (article.id) }
                action=(action) method="post"
                hx-post=(action) hx-target="#notice" hx-swap="none" {
                input type="hidden" name="article" value=(article.id);
                input type="hidden" name="version" value=(self.version);
                label {
                    span.unseen { (self.label) " (" (super::name(locale, article)) ")" }
                    input id={ (name) "-field-" (article.id) } name=(name) value=(value)
                        data-current=(self.value) required
                        maxlength="20" inputmode=(self.keyboard) autocomplete="off"
                        aria-invalid=[is_wrong.then_some("true")]
                        aria-describedby=[refusal.is_some().then_some(&reason)]
                        autofocus[refusal.is_some()];
                }
                button.quiet { (locale.text("admin-save")) }
                @if let Some(refusal) = refusal {
                    p.refusal role="alert" id=(reason) { (refusal.message) }
                }
                (changed(locale, &self.now))
            }
        }
    }
}
