//! The page of all orders: tabs by stage, a search, and the form that ships several at once.

use domain::list::ListPage;
use domain::order::stage::Stage;
use domain::order::{Order, OrderId};
use domain::search::Search;
use maud::{Markup, html};

use crate::format::{money, time};
use crate::link::query_value;
use crate::locale::Locale;
use crate::order::{badge, title};
use crate::pager::pager;

pub mod arrival;
pub mod detail;
pub mod sheet;

/// The address of the page.
const PAGE: &str = "/admin/orders";

/// The tabs, each with the key of its name.
const TABS: [(Option<Stage>, &str); 6] = [
    (None, "admin-orders-all"),
    (Some(Stage::ToShip), "admin-orders-to-ship"),
    (Some(Stage::Waiting), "admin-orders-waiting"),
    (Some(Stage::Problem), "admin-orders-problem"),
    (Some(Stage::Shipped), "admin-orders-shipped"),
    (Some(Stage::Refunded), "admin-orders-refunded"),
];

/// The keys of the column titles.
const COLUMNS: [&str; 6] = [
    "admin-order-choose",
    "admin-order",
    "admin-order-placed",
    "admin-order-recipient",
    "order-total",
    "admin-order-state",
];

/// Which orders the page shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Choice {
    /// The stage; `None` for any.
    pub stage: Option<Stage>,
    /// What was searched.
    pub search: Search,
}

impl Choice {
    /// Returns the address of the first page with these orders.
    pub fn address(&self) -> String {
        let search = query_value(self.search.text());
        match (self.stage, self.search.is_empty()) {
            (None, true) => PAGE.to_owned(),
            (None, false) => format!("{PAGE}?q={search}"),
            (Some(stage), true) => format!("{PAGE}?status={stage}"),
            (Some(stage), false) => format!("{PAGE}?status={stage}&q={search}"),
        }
    }
}

/// Returns everything on the page that changes. `count` returns the number of orders in a stage, or
/// of all orders.
pub fn list(
    locale: Locale,
    choice: &Choice,
    page: &ListPage<Order, OrderId>,
    count: impl Fn(Option<Stage>) -> u64,
) -> Markup {
    html! {
        section #desk-orders .panel {
            nav.tabs aria-label=(locale.text("admin-orders-tabs")) {
                @for (stage, name) in TABS {
                    @let tab = Choice { stage, ..*choice };
                    @let current = (stage == choice.stage).then_some("page");
                    a href=(tab.address()) aria-current=[current] {
                        (locale.text(name)) " " small { (count(stage)) }
                    }
                }
            }
            @if !choice.search.is_empty() {
                p {
                    (locale.text_with("admin-orders-found", &[("count", page.total.into())])) " "
                    a href=(Choice { stage: choice.stage, ..Choice::default() }.address()) {
                        (locale.text("admin-search-end"))
                    }
                }
            }
            @if page.entries.is_empty() {
                p.quiet { (locale.text("admin-orders-none")) }
            } @else {
                (table(locale, choice, page))
                (pager(locale, page, &choice.address()))
            }
        }
    }
}

/// Returns the form for a search. It stays outside what a push replaces.
pub fn search_form(locale: Locale, choice: &Choice) -> Markup {
    html! {
        form.search action=(PAGE) role="search" {
            @if let Some(stage) = choice.stage {
                input type="hidden" name="status" value=(stage.name());
            }
            label.field {
                span { (locale.text("admin-orders-search")) }
                input type="search" name="q" value=(choice.search.text())
                    maxlength=(Search::LONGEST) autocomplete="off" spellcheck="false";
            }
            button.quiet { (locale.text("admin-search")) }
        }
    }
}

/// Returns the orders of a page; those to be shipped can be chosen.
fn table(locale: Locale, choice: &Choice, page: &ListPage<Order, OrderId>) -> Markup {
    let can_ship = page.entries.iter().any(|order| order.stage() == Stage::ToShip);
    let columns = COLUMNS.get(usize::from(!can_ship)..).unwrap_or_default();
    let rows = html! {
        div.scroll role="region" aria-label=(locale.text("page-desk-orders")) tabindex="0" {
            table {
                thead {
                    tr { @for key in columns { th scope="col" { (locale.text(key)) } } }
                }
                tbody {
                    @for order in &page.entries { (row(locale, order, can_ship)) }
                }
            }
        }
    };
    html! {
        @if can_ship {
            form action="/admin/orders/ship" method="post"
                hx-post="/admin/orders/ship" hx-target="#notice" hx-swap="none" {
                input type="hidden" name="back" value=(choice.address());
                (rows)
                details.confirm #confirm-ship-chosen hx-morph-skip {
                    summary.quiet { (locale.text("admin-ship-chosen")) }
                    p { (locale.text("admin-ship-chosen-question")) }
                    button { (locale.text("admin-ship-chosen")) }
                }
            }
        } @else {
            (rows)
        }
    }
}

fn row(locale: Locale, order: &Order, can_ship: bool) -> Markup {
    let number = title(locale, order.id);
    html! {
        tr id={ "desk-" (order.id) } {
            @if can_ship {
                td {
                    @if order.stage() == Stage::ToShip {
                        input type="checkbox" name="order" value=(order.id)
                            id={ "choose-" (order.id) }
                            aria-label=(locale.text_with(
                                "admin-order-choose-one",
                                &[("number", order.id.number().into())],
                            ));
                    }
                }
            }
            th scope="row" { a href={ (PAGE) "/" (order.id) } { (number) } }
            td { (time(locale, order.created_at)) }
            td.long { (order.contact.as_ref().map_or("–", |contact| &contact.name)) }
            td { (money(locale, order.total)) }
            td { (badge(locale, order)) }
        }
    }
}
