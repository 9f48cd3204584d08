//! The page of one article: its numbers, its texts in both languages, and its last changes.

use domain::article::Article;
use domain::article::picture::WIDTHS;
use domain::article::texts::Texts;
use domain::event::article::ArticleChange;
use maud::{Markup, html};

use super::edit::{changed, draft_of, on_hand_form, price_form, switch};
use super::{actions, available};
use crate::article::picture;
use crate::draft::Draft;
use crate::form::{field, refusal};
use crate::format::{money, time};
use crate::locale::Locale;
use crate::site::languages;

/// Returns everything on the page, with what was typed into a refused form.
pub fn panel(
    locale: Locale,
    article: &Article,
    changes: &[ArticleChange],
    draft: &Draft,
) -> Markup {
    html! {
        div #article-desk {
            (numbers(locale, article, draft))
            section.panel {
                h2 { (locale.text("stock-texts")) }
                (texts_form(locale, article, draft))
            }
            (journal(locale, changes))
        }
    }
}

/// Returns what the page shows of an article that was removed.
pub fn removed(locale: Locale) -> Markup {
    html! {
        div #article-desk .panel {
            p { (locale.text("error-article-not-found")) }
            a.button href="/admin/articles" { (locale.text("page-stock")) }
        }
    }
}

fn numbers(locale: Locale, article: &Article, draft: &Draft) -> Markup {
    html! {
        section #article-numbers .panel {
            img src=(picture(article, WIDTHS[0])) alt="" width="160" height="120";
            dl {
                dt { (locale.text("stock-price")) } dd { (price_form(locale, article, draft)) }
                dt { (locale.text("stock-on-hand")) } dd { (on_hand_form(locale, article, draft)) }
                dt { (locale.text("stock-reserved")) } dd { (article.reserved) }
                dt { (locale.text("stock-available")) } dd { (available(article)) }
                dt { (locale.text("stock-active")) } dd { (switch(locale, article)) }
            }
            (picture_form(locale, article))
            (actions(locale, article))
        }
    }
}

/// Returns the form that uploads a picture.
fn picture_form(locale: Locale, article: &Article) -> Markup {
    let action = format!("/admin/articles/picture/{}", article.id);
    html! {
        form.upload action=(action) method="post" enctype="multipart/form-data"
            hx-post=(action) hx-encoding="multipart/form-data" hx-target="#notice" hx-swap="none" {
            (field(&locale.text("stock-picture"), &html! {
                input type="file" name="picture" accept="image/png,image/jpeg,image/webp" required;
            }))
            button.quiet { (locale.text("stock-upload")) }
        }
    }
}

/// Returns the form with the texts in the language of the shop and in the other one.
pub fn texts_form(locale: Locale, article: &Article, draft: &Draft) -> Markup {
    let action = format!("/admin/articles/change/{}", article.id);
    let draft = draft_of(draft, article, "name").cloned().unwrap_or_default();
    let [main, other] = languages();
    let text_in = |language, name, current| Text { article, language, name, current };
    let Texts { name, description } = &article.translation;
    html! {
        form.edit.outdated[draft.summary().is_some()] id={ "texts-" (article.id) }
            action=(action) method="post" hx-post=(action) hx-target="#notice" hx-swap="none" {
            (refusal(&draft))
            input type="hidden" name="article" value=(article.id);
            input type="hidden" name="version" value=(article.revision);
            (text_in(main, "name", &article.name).line(locale, &draft))
            (text_in(main, "description", &article.description).area(locale, &draft))
            (text_in(other, "translated_name", name).line(locale, &draft))
            (text_in(other, "translated_description", description).area(locale, &draft))
            button { (locale.text("admin-save")) }
        }
    }
}

/// A text of an article in a language.
struct Text<'a> {
    article: &'a Article,
    language: &'static str,
    name: &'a str,
    current: &'a str,
}

impl Text<'_> {
    fn line(&self, locale: Locale, draft: &Draft) -> Markup {
        let is_required = self.name == "name";
        let input = html! {
            input name=(self.name) id=(self.id()) value=(self.value(draft))
                data-current=(self.current) lang=(self.language) maxlength="80" autocomplete="off"
                required[is_required] aria-invalid=[draft.reason(self.name).map(|_| "true")];
        };
        self.field(locale, "stock-name-in", draft, &input)
    }

    fn area(&self, locale: Locale, draft: &Draft) -> Markup {
        self.field(
            locale,
            "stock-description-in",
            draft,
            &html! {
                textarea name=(self.name) id=(self.id()) data-current=(self.current)
                    lang=(self.language) maxlength="500" rows="3"
                    aria-invalid=[draft.reason(self.name).map(|_| "true")] {
                    // HTML parsers drop the first line break of a text area.
                    "\n" (self.value(draft))
                }
            },
        )
    }

    fn field(&self, locale: Locale, label: &str, draft: &Draft, control: &Markup) -> Markup {
        let language = match self.language {
            "fr" => locale.text("stock-french"),
            "en" => locale.text("stock-english"),
            tag => tag.into(),
        };
        html! {
            (field(&locale.text_with(label, &[("language", (*language).into())]), control))
            @if let Some(reason) = draft.reason(self.name) { p.refusal role="alert" { (reason) } }
            (changed(locale, if self.current.is_empty() { "–" } else { self.current }))
        }
    }

    fn id(&self) -> String {
        format!("{}-{}", self.name, self.article.id)
    }

    fn value<'a>(&'a self, draft: &'a Draft) -> &'a str {
        let typed = draft.typed.iter().find(|(name, _)| name == self.name);
        typed.map_or(self.current, |(_, value)| value)
    }
}

fn journal(locale: Locale, changes: &[ArticleChange]) -> Markup {
    html! {
        section #article-changes .panel {
            h2 { (locale.text("stock-changes")) }
            @if changes.is_empty() {
                p.quiet { (locale.text("stock-changes-none")) }
            } @else {
                ol.journal {
                    @for change in changes {
                        li {
                            (time(locale, change.at))
                            @if let Some(by) = &change.by {
                                " " span.quiet { "(" (by.username) ")" }
                            }
                            ul { @for line in differences(locale, change) { li { (line) } } }
                        }
                    }
                }
            }
        }
    }
}

/// Returns what a change has changed, one sentence for each field.
fn differences(locale: Locale, ArticleChange { before, after, .. }: &ArticleChange) -> Vec<String> {
    let Some(before) = before else { return vec![locale.text("stock-was-added").to_string()] };
    let moved = |key, from: String, to: String| {
        let args = [("from", from.clone().into()), ("to", to.clone().into())];
        (from != to).then(|| locale.text_with(key, &args))
    };
    let price = |article: &Article| money(locale, article.price);
    let numbers = [
        moved("stock-moved-price", price(before), price(after)),
        moved("stock-moved-on-hand", before.on_hand.to_string(), after.on_hand.to_string()),
        moved("stock-moved-reserved", before.reserved.to_string(), after.reserved.to_string()),
        moved("stock-moved-name", before.name.clone(), after.name.clone()),
    ];
    let has_texts =
        before.description != after.description || before.translation != after.translation;
    let sale = if after.active { "stock-put-on-sale" } else { "stock-taken-off-sale" };
    let others = [
        (has_texts, "stock-moved-texts"),
        (before.active != after.active, sale),
        (before.uploaded != after.uploaded, "stock-moved-picture"),
    ];
    let others = others.into_iter().filter(|(has_changed, _)| *has_changed);
    let others = others.map(|(_, key)| locale.text(key).to_string());
    numbers.into_iter().flatten().chain(others).collect()
}

#[cfg(test)]
mod tests {
    use domain::money::Cents;
    use domain::user::{Author, Role};

    use super::*;
    use crate::sample::{article, draft, lines, moment, user};

    #[test]
    fn the_editor_shows_the_texts_in_both_languages_and_the_last_changes() {
        let before = article(2, "Souris", 2_990, 15);
        let after = Article { price: Cents(1_990), active: false, ..before.clone() };
        let changes = [
            ArticleChange {
                at: moment(),
                by: Some(Author { id: user("admin", Role::Admin).id, username: "admin".into() }),
                before: Some(before.clone()),
                after: after.clone(),
            },
            ArticleChange { at: moment(), by: None, before: None, after: before },
        ];
        let page = panel(Locale::Fr, &after, &changes, &Draft::default());
        insta::assert_snapshot!("article_fr", lines(&page));
    }

    #[test]
    fn refused_texts_are_shown_with_the_reason() {
        let typed = [("article", "2"), ("name", "Rat"), ("translated_name", "Mouse")];
        let mouse = article(2, "Souris", 2_990, 15);
        let refused = texts_form(Locale::En, &mouse, &draft(&typed, None)).into_string();
        assert!(refused.contains("class=\"edit outdated\"") && refused.contains("\"Rat\""));
        let other = article(3, "Clavier", 2_990, 15);
        let unchanged = texts_form(Locale::En, &other, &draft(&typed, None)).into_string();
        assert!(unchanged.contains("class=\"edit\"") && !unchanged.contains("Rat"));
    }
}
