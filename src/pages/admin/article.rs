//! The pages of all articles with their stock, and of one of them.

use actix_web::{HttpRequest, HttpResponse};
use actors::article::{AddArticle, ChangeArticle, RemoveArticle};
use domain::article::stock::StockPlace;
use domain::article::texts::Texts;
use domain::article::typed::{on_hand, price};
use domain::article::{
    Article, ArticleError, ArticleId, ArticlePatch, ArticleVersion, NEUTRAL_PICTURE,
};
use domain::event::article::changes;
use domain::event::filter::{Filter, Subject};
use domain::list::ListPage;
use domain::search::Search;
use domain::shown::Shown;
use domain::user::Author;
use maud::{Markup, html};
use serde::Deserialize;
use views::admin::article::csv::file_panel;
use views::admin::article::edit::{on_hand_form, price_form};
use views::admin::article::editor::{panel, removed, texts_form};
use views::admin::article::{add_form, list, search_form};
use views::draft::Draft;
use views::locale::Locale;
use views::site::localized;

use crate::auth::browser::{Administrator, Member, Visitor};
use crate::credentials::cookie::CookieName;
use crate::error::Problem;
use crate::error::code::Code;
use crate::flash::addresses::{open_page, page_of_command};
use crate::html::is_htmx;
use crate::pages::sent::Sent;
use crate::pages::{redirect, render_fragments, render_page, render_titled_page};
use crate::path::Path;
use crate::query::{self, Parameters};
use crate::state::AppState;

/// The path of the list.
const PAGE: &str = "/admin/articles";

/// The most articles that a page of the list shows.
const LISTED: usize = 50;

/// The most events of an article that its page shows, the first of which only says what was before
/// the others.
const EVENTS: usize = 21;

/// The query of the list.
#[derive(Deserialize)]
pub struct StockQuery {
    /// What the number or the names of the articles must have.
    #[serde(default)]
    q: String,
    after: Option<StockPlace>,
}

/// The fields of the form that adds an article.
#[derive(Deserialize)]
pub struct NewArticle {
    name: String,
    description: String,
    price: String,
    on_hand: String,
}

/// The fields of the forms that change an article. Each form has some of them.
#[derive(Deserialize)]
pub struct ChangeForm {
    /// The revision that the form was rendered with; followed by the units that could be ordered
    /// if the form changes the stock.
    version: String,
    name: Option<String>,
    description: Option<String>,
    translated_name: Option<String>,
    translated_description: Option<String>,
    price: Option<String>,
    on_hand: Option<String>,
    active: Option<bool>,
}

/// Renders a form that changes an article, with what was typed into it.
type EditForm = fn(Locale, &Article, &Draft) -> Markup;

/// `GET /admin/articles`: shows a page of all articles that a search finds.
pub async fn show_stock(
    Administrator(Member { visitor, .. }): Administrator,
    Parameters(StockQuery { q, after }): Parameters<StockQuery>,
) -> Result<HttpResponse, Problem> {
    let search = Search::new(&q);
    let added = visitor.flash.draft(CookieName::NewArticleDraft);
    let changed = visitor.flash.draft(CookieName::ArticleDraft);
    let locale = visitor.locale;
    render_page(&visitor, "page-stock", Shown::Stock(after, search), async {
        Ok(html! {
            (search_form(locale, &search))
            (list(locale, &page_of_stock(&visitor.state, &search, after), &search, &changed))
            (add_form(locale, &added))
            (file_panel(locale))
        })
    })
    .await
}

/// `GET /admin/articles/{id}`: shows one article, with its last changes.
pub async fn show_article(
    Administrator(Member { visitor, .. }): Administrator,
    id: Path<ArticleId>,
) -> Result<HttpResponse, Problem> {
    let draft = visitor.flash.draft(CookieName::ArticleDraft);
    let Article { name, translation, .. } = find(&visitor.state, *id)?;
    let (title, _) = localized(visitor.locale, &name, &translation.name);
    render_titled_page(&visitor, title, Shown::Article(*id), async {
        render_article(&visitor.state, visitor.locale, *id, &draft).await
    })
    .await
}

/// `POST /admin/articles/add`: adds an article and leads to its page, or shows the form again with
/// the error.
pub async fn add_article(
    sent: Sent<Administrator, NewArticle>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let Sent { by: Administrator(Member { visitor, me }), form, typed } = sent;
    match add(&visitor.state, form, me.author()).await {
        Ok(article) => {
            typed.forget(&visitor);
            Ok(redirect(&visitor, &request, &page_of(article.id), "notice-article-added"))
        }
        Err(problem) => typed.refuse_in_page(problem, &visitor, "article-add", |draft| {
            add_form(visitor.locale, draft)
        }),
    }
}

/// `POST /admin/articles/duplicate/{id}`: adds an article with the same texts and price, off sale
/// and without stock, and leads to its page.
pub async fn duplicate_article(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
    id: Path<ArticleId>,
) -> Result<HttpResponse, Problem> {
    let article = find(&visitor.state, *id)?.duplicate();
    let add = AddArticle { article, expected: None, by: Some(me.author()) };
    let copy = visitor.state.shop.catalogue.ask(add).await?;
    Ok(redirect(&visitor, &request, &page_of(copy.id), "notice-article-duplicated"))
}

/// `POST /admin/articles/remove/{id}`: removes an article and leads to the list.
pub async fn remove_article(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
    id: Path<ArticleId>,
) -> Result<HttpResponse, Problem> {
    let remove = RemoveArticle { id: *id, expected: None, by: Some(me.author()) };
    visitor.state.shop.catalogue.ask(remove).await?;
    let page = page_of_command(&request).filter(|page| *page != page_of(*id));
    if is_htmx(&request) && open_page(&request) != page_of(*id) {
        let fragment = changed_fragment(&visitor, &request, *id).await?;
        return Ok(render_fragments(
            &visitor,
            &request,
            &[fragment],
            "notice-article-removed",
            PAGE,
        ));
    }
    Ok(redirect(&visitor, &request, page.as_deref().unwrap_or(PAGE), "notice-article-removed"))
}

/// `POST /admin/articles/change/{id}`: changes an article, or shows the form again with the error
/// and what was typed.
pub async fn change_article(
    sent: Sent<Administrator, ChangeForm>,
    request: HttpRequest,
    id: Path<ArticleId>,
) -> Result<HttpResponse, Problem> {
    let Sent { by: Administrator(Member { visitor, me }), form, typed } = sent;
    let filled = form.filled();
    match change(&visitor.state, *id, form, me.author()).await {
        Ok(_) => {
            typed.forget(&visitor);
            let fragment = changed_fragment(&visitor, &request, *id).await?;
            let page = page_of_command(&request).unwrap_or_else(|| PAGE.to_owned());
            Ok(render_fragments(&visitor, &request, &[fragment], "notice-article-changed", &page))
        }
        Err(problem) => match filled {
            Some((form_id, form)) => {
                let article = find(&visitor.state, *id)?;
                let form = |draft: &Draft| form(visitor.locale, &article, draft);
                typed.refuse_in_page(problem, &visitor, &format!("{form_id}-{}", *id), form)
            }
            None => Err(problem),
        },
    }
}

/// Renders what the open page shows of an article that was changed, or the list with it.
async fn changed_fragment(
    visitor: &Visitor,
    request: &HttpRequest,
    id: ArticleId,
) -> Result<(&'static str, Markup), Problem> {
    let page = open_page(request);
    if page == page_of(id) {
        let panel = render_article(&visitor.state, visitor.locale, id, &Draft::default()).await?;
        return Ok(("article-desk", panel));
    }
    let (_, query) = page.split_once('?').unwrap_or_default();
    let StockQuery { q, after } = query::read(query)?;
    Ok(("stock", render_stock(&visitor.state, visitor.locale, &Search::new(&q), after)))
}

/// Renders a page of the list.
pub fn render_stock(
    state: &AppState,
    locale: Locale,
    search: &Search,
    after: Option<StockPlace>,
) -> Markup {
    list(locale, &page_of_stock(state, search, after), search, &Draft::default())
}

/// Renders an article and its last changes; an article that was removed has none.
pub async fn render_article(
    state: &AppState,
    locale: Locale,
    id: ArticleId,
    draft: &Draft,
) -> Result<Markup, Problem> {
    let Ok(article) = find(state, id) else { return Ok(removed(locale)) };
    let shop = &state.shop;
    let filter = Filter { kind: None, subject: Some(Subject::Article(id)) };
    let position = *shop.position.borrow();
    let events = shop.replays.section_before(u64::MAX, filter, EVENTS, position).await;
    let events = events.map_err(|error| Problem::because(Code::Unavailable, error))?.entries;
    let changes = changes(events.iter().map(|entry| &**entry));
    Ok(panel(locale, &article, &changes, draft))
}

fn page_of_stock(
    state: &AppState,
    search: &Search,
    after: Option<StockPlace>,
) -> ListPage<Article, StockPlace> {
    let articles = state.shop.snapshot.articles();
    let mut found: Vec<_> =
        articles.values().filter(|article| article.is_found_by(search)).collect();
    found.sort_by_key(|article| article.stock_place());
    ListPage::of(&found, |article| article.stock_place(), after, LISTED).map(Article::clone)
}

fn find(state: &AppState, id: ArticleId) -> Result<Article, Problem> {
    let article = state.shop.snapshot.articles().get(&id).cloned();
    Ok(article.ok_or(ArticleError::Unknown)?)
}

/// Returns the path of the page of an article.
pub(super) fn page_of(id: ArticleId) -> String {
    format!("{PAGE}/{id}")
}

async fn add(state: &AppState, form: NewArticle, by: Author) -> Result<Article, Problem> {
    let article = Article {
        id: ArticleId(0),
        name: form.name,
        description: form.description,
        picture: NEUTRAL_PICTURE.to_owned(),
        price: price(&form.price)?,
        on_hand: on_hand(&form.on_hand)?,
        reserved: 0,
        active: true,
        revision: 0,
        translation: Texts::default(),
        uploaded: None,
    };
    Ok(state.shop.catalogue.ask(AddArticle { article, expected: None, by: Some(by) }).await?)
}

async fn change(
    state: &AppState,
    id: ArticleId,
    form: ChangeForm,
    by: Author,
) -> Result<Article, Problem> {
    let expected = Some(form.expected().into_iter().collect());
    let patch = ArticlePatch {
        name: form.name,
        description: form.description,
        translated_name: form.translated_name,
        translated_description: form.translated_description,
        price: form.price.as_deref().map(price).transpose()?,
        on_hand: form.on_hand.as_deref().map(on_hand).transpose()?,
        active: form.active,
    };
    Ok(state.shop.catalogue.ask(ChangeArticle { id, patch, expected, by: Some(by) }).await?)
}

impl ChangeForm {
    /// Returns the version that the article must have; `None` for a text that is none.
    fn expected(&self) -> Option<ArticleVersion> {
        let (revision, available) = self.version.split_once('-').unwrap_or((&self.version, "0"));
        let available = available.parse().ok()?;
        Some(ArticleVersion { revision: revision.parse().ok()?, available })
    }

    /// Returns the form that was filled in, with the start of its id; `None` for the switch, which
    /// has nothing to fill in.
    fn filled(&self) -> Option<(&'static str, EditForm)> {
        if self.price.is_some() {
            Some(("price", price_form))
        } else if self.on_hand.is_some() {
            Some(("on_hand", on_hand_form))
        } else {
            self.name.is_some().then_some(("texts", texts_form))
        }
    }
}
