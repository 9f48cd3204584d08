//! The page of an order for administrators: what was bought, by whom, what happened, what to do.

use domain::article::Articles;
use domain::order::stage::Stage;
use domain::order::steps::{Step, What};
use domain::order::{Order, OrderItem, OrderStatus};
use domain::payment::PaymentStatus;
use domain::user::User;
use maud::{Markup, html};

use crate::form::{Dangerous, command};
use crate::format::{money, time};
use crate::locale::Locale;
use crate::order::badge;
use crate::site::{article_text, asset};

/// What an order is shown with.
pub struct OrderPage<'a> {
    /// The order.
    pub order: &'a Order,
    /// The buyer; `None` if the user was deleted.
    pub buyer: Option<&'a User>,
    /// The articles of the shop, for their pictures.
    pub articles: &'a Articles,
}

/// Returns everything on the page.
pub fn panel(locale: Locale, page: &OrderPage<'_>) -> Markup {
    let order = page.order;
    html! {
        div id={ "desk-order-" (order.id) } {
            section.panel {
                header.order-head {
                    (badge(locale, order))
                    p.quiet { (time(locale, order.created_at)) }
                }
                (actions(locale, order))
            }
            section.panel {
                h2 { (locale.text("order-items")) }
                (items(locale, order, page.articles))
            }
            section.panel {
                h2 { (locale.text("admin-order-buyer")) }
                (buyer(locale, page))
            }
            section.panel {
                h2 { (locale.text("admin-order-history")) }
                (history(locale, order))
            }
            (note(locale, order))
        }
    }
}

/// Returns what an administrator can do with the order now.
fn actions(locale: Locale, order: &Order) -> Markup {
    let stage = order.stage();
    let is_paid = [OrderStatus::Paid, OrderStatus::Shipped, OrderStatus::Delivered];
    let can_cancel = order.status == OrderStatus::PendingPayment && !order.is_called_off();
    html! {
        div.actions {
            @if stage == Stage::ToShip {
                (action(locale, order, "ship", "admin-ship", "admin-ship-question"))
            }
            @if stage == Stage::Shipped {
                (action(locale, order, "deliver", "admin-deliver", "admin-deliver-question"))
            }
            @if is_paid.contains(&order.status) && !order.is_called_off() {
                (action(locale, order, "refund", "admin-refund-order", "admin-refund-question"))
            }
            @if can_cancel {
                (action(locale, order, "cancel", "admin-cancel", "admin-cancel-question"))
            }
            a.button.quiet href={ "/admin/orders/" (order.id) "/slip" } {
                (locale.text("admin-slip"))
            }
            a.button.quiet href={ "/admin/orders/" (order.id) "/invoice" } {
                (locale.text("admin-invoice"))
            }
        }
    }
}

fn action(locale: Locale, order: &Order, name: &str, label: &str, question: &str) -> Markup {
    let action = format!("/admin/orders/{}/{name}", order.id);
    let total = money(locale, order.total);
    let values = [("number", order.id.number().into()), ("total", total.into())];
    let question = locale.text_with(question, &values);
    // The usual next step stands out.
    let class = if ["ship", "deliver"].contains(&name) { "primary" } else { "quiet" };
    let dangerous = Dangerous { action: &action, class, question: &question };
    dangerous.render(&html! { (locale.text(label)) })
}

fn items(locale: Locale, order: &Order, articles: &Articles) -> Markup {
    html! {
        ul.bought {
            @for OrderItem { article, name, quantity, unit_price, line_total } in &order.items {
                li {
                    @if let Some(article) = articles.get(article) {
                        img src=(asset(&format!("pictures/{}", article.picture))) alt=""
                            width="56" height="56" loading="lazy";
                    }
                    span.what {
                        (article_text(locale, name, "")) br;
                        span.quiet { (quantity.get()) " × " (money(locale, *unit_price)) }
                    }
                    span { (money(locale, *line_total)) }
                }
            }
            li.total {
                span.what { (locale.text("order-total")) }
                strong { (money(locale, order.total)) }
            }
        }
    }
}

fn buyer(locale: Locale, page: &OrderPage<'_>) -> Markup {
    html! {
        p {
            @match page.buyer {
                Some(user) => { strong { (user.username) } }
                None => { span.quiet { (locale.text("admin-order-buyer-deleted")) } }
            }
        }
        @if let Some(contact) = &page.order.contact {
            address {
                (contact.name) br;
                span.lines-kept { (contact.address) } br;
                a href={ "mailto:" (contact.email.as_str()) } { (contact.email.as_str()) }
            }
        }
    }
}

/// Returns the steps of the order, oldest first. An order of an earlier version has no first ones.
fn history(locale: Locale, order: &Order) -> Markup {
    html! {
        ol.history {
            @if order.steps.first().is_none_or(|step| step.what != What::Placed) {
                li {
                    (time(locale, order.created_at)) " " (locale.text("admin-step-placed"))
                }
            }
            @for step in &order.steps {
                li {
                    (time(locale, step.at)) " " (step_text(locale, step))
                    @if let Some(by) = &step.by {
                        " " span.quiet { "(" (by.username) ")" }
                    }
                }
            }
        }
    }
}

fn step_text(locale: Locale, step: &Step) -> String {
    let attempt = |key: &str, attempt: u32| locale.text_with(key, &[("attempt", attempt.into())]);
    let text = |key: &str| locale.text(key).to_string();
    match step.what {
        What::Placed => text("admin-step-placed"),
        What::Submitted { attempt: number } => attempt("admin-step-submitted", number),
        What::Answered { attempt: number, payment } => match payment {
            PaymentStatus::Submitting => attempt("admin-step-submitted", number),
            PaymentStatus::Succeeded => attempt("admin-step-succeeded", number),
            PaymentStatus::Declined => attempt("admin-step-declined", number),
            PaymentStatus::NotSent => attempt("admin-step-not-sent", number),
            PaymentStatus::Unknown => attempt("admin-step-unknown", number),
        },
        What::CancellationRequested => text("admin-step-cancellation-requested"),
        What::RefundRequested => text("admin-step-refund-requested"),
        What::Cancelled => text("admin-step-cancelled"),
        What::Expired => text("admin-step-expired"),
        What::Shipped => text("admin-step-shipped"),
        What::Delivered => text("admin-step-delivered"),
        What::Refunded => text("admin-step-refunded"),
    }
}

/// Returns the note about the order and the form that replaces it. A push leaves the open form
/// alone.
fn note(locale: Locale, order: &Order) -> Markup {
    let text = order.note.as_ref().map_or("", |note| &note.text);
    let action = format!("/admin/orders/{}/note", order.id);
    html! {
        section.panel {
            h2 { (locale.text("admin-note")) }
            @match &order.note {
                Some(note) => {
                    p.lines-kept { (note.text) }
                    p.quiet { (note.by.username) ", " (time(locale, note.at)) }
                }
                None => { p.quiet { (locale.text("admin-note-none")) } }
            }
            details #note-edit hx-morph-skip {
                summary { (locale.text("admin-note-edit")) }
                (command(&action, &html! {
                    label.field {
                        span { (locale.text("admin-note-text")) }
                        // HTML parsers drop the first line break of a text area.
                        textarea name="text" maxlength="1000" rows="4" { "\n" (text) }
                    }
                    button { (locale.text("admin-save")) }
                }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, lines};

    fn shown(order: &Order) -> String {
        let articles = Articles::new();
        lines(&panel(Locale::En, &OrderPage { order, buyer: None, articles: &articles }))
    }

    #[test]
    fn an_order_shows_its_history_and_what_can_be_done_with_it() {
        let order = sample::order(OrderStatus::Paid, 1, PaymentStatus::Succeeded);
        let order = order.recorded(None, sample::moment(), None);
        insta::assert_snapshot!("desk_order_en", shown(&order));
    }

    #[test]
    fn each_stage_has_its_commands() {
        for (status, payment, commands) in [
            (OrderStatus::PendingPayment, PaymentStatus::Declined, &["cancel"][..]),
            (OrderStatus::Paid, PaymentStatus::Succeeded, &["ship", "refund"]),
            (OrderStatus::Shipped, PaymentStatus::Succeeded, &["deliver", "refund"]),
            (OrderStatus::Delivered, PaymentStatus::Succeeded, &["refund"]),
            (OrderStatus::Refunded, PaymentStatus::Succeeded, &[]),
        ] {
            let page = shown(&sample::order(status, 1, payment));
            for command in ["ship", "deliver", "refund", "cancel"] {
                let action = format!("/{command}\" method");
                assert_eq!(page.contains(&action), commands.contains(&command), "{status:?}");
            }
        }
    }
}
