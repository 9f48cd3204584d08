//! The payment panel of an order.

use domain::breaker::Interruption;
use domain::order::{Order, OrderStatus};
use domain::payment::PaymentStatus;
use maud::{Markup, html};

use crate::form::{Dangerous, command};
use crate::format::{money, second, until};
use crate::locale::Locale;

/// Returns the state of the payment, and forms to pay again or to cancel when they apply.
pub(super) fn panel(locale: Locale, order: &Order, interruption: Option<Interruption>) -> Markup {
    let (class, title, detail) = description(order);
    let can_act = order.status == OrderStatus::PendingPayment
        && !order.is_called_off()
        && order.payment.status != PaymentStatus::Submitting;
    html! {
        div .bank .(class) {
            h2 { (lock_icon()) "SecureBank" }
            p.amount { (money(locale, order.total)) }
            div.outcome aria-live="polite" {
                @if class == "waiting" { span.spinner aria-hidden="true" {} }
                p { strong { (locale.text(title)) } br; (locale.text(detail)) }
            }
            @if class == "waiting" {
                noscript {
                    p { (look_again(locale, order)) }
                }
            }
            @if let Some(interruption) = interruption.filter(|_| order.is_unsettled()) {
                (notice(locale, interruption))
                @if can_begin(order) { noscript { p { (look_again(locale, order)) } } }
            }
            p.quiet {
                (locale.text_with("payment-attempt", &[("attempt", order.payment.attempt.into())]))
            }
            @if can_act {
                (times(locale, order))
                (actions(locale, order, interruption))
            }
        }
    }
}

/// Returns a warning that no payment can be made, with the time of the next try if it is set.
fn notice(locale: Locale, interruption: Interruption) -> Markup {
    html! {
        p.problem {
            (locale.text("payment-interrupted"))
            @if let Interruption::Until(time) = interruption {
                " " (locale.text("payment-next-try")) " "
                (second(time)) "."
            }
        }
    }
}

/// Returns the key of what the payment is doing, in a few words.
pub(super) fn title(order: &Order) -> &'static str {
    let (_, title, _) = description(order);
    title
}

/// Returns whether the order is unpaid and another payment may begin.
pub(super) fn can_begin(order: &Order) -> bool {
    order.status == OrderStatus::PendingPayment
        && !order.is_called_off()
        && !order.payment.is_open()
}

/// Returns until when the order can be paid.
pub(super) fn deadline(locale: Locale, order: &Order) -> Markup {
    html! {
        (locale.text("payment-kept-until")) " "
        (until(locale, order.expires_at, order.created_at))
    }
}

/// Returns the class, title key and detail key that describe the payment.
///
/// A call without a response is never shown as a failure, because the bank may have charged.
fn description(order: &Order) -> (&'static str, &'static str, &'static str) {
    match (order.status, order.payment.status) {
        (OrderStatus::Cancelled, _) => ("over", "payment-cancelled", "payment-cancelled-detail"),
        (OrderStatus::Expired, _) => ("over", "payment-expired", "payment-expired-detail"),
        (OrderStatus::Refunded, _) => ("over", "payment-refunded", "payment-refunded-detail"),
        (OrderStatus::PendingPayment, _) if order.is_called_off() => {
            ("waiting", "payment-cancelling", "payment-cancelling-detail")
        }
        _ if order.needs_refund() => ("waiting", "payment-refunding", "payment-refunding-detail"),
        (_, PaymentStatus::Submitting) => {
            ("waiting", "payment-submitting", "payment-submitting-detail")
        }
        (_, PaymentStatus::Unknown) => ("waiting", "payment-unknown", "payment-unknown-detail"),
        (_, PaymentStatus::Succeeded) => ("good", "payment-succeeded", "payment-succeeded-detail"),
        (_, PaymentStatus::Declined) => ("bad", "payment-declined", "payment-declined-detail"),
        (_, PaymentStatus::NotSent) => ("bad", "payment-not-sent", "payment-not-sent-detail"),
    }
}

/// Returns until when the order can be paid and what happens then, and when the next attempt may
/// begin if it has to wait; nothing while a payment is open.
fn times(locale: Locale, order: &Order) -> Markup {
    html! {
        @if can_begin(order) {
            p.quiet { (deadline(locale, order)) (locale.text("payment-kept-until-detail")) }
            @if let Some(time) = order.pay_after {
                p.quiet { (locale.text("payment-next-try")) " " (second(time)) "." }
                noscript { p { (look_again(locale, order)) } }
            }
        }
    }
}

/// Returns the form to pay again, if no payment is open, and the form to cancel the order. A button
/// that has to wait is disabled; a script enables it in time, or a push if that is not known.
fn actions(locale: Locale, order: &Order, interruption: Option<Interruption>) -> Markup {
    let (must_wait, until) = match interruption {
        None => (order.pay_after.is_some(), order.pay_after),
        Some(Interruption::Until(until)) => (true, order.pay_after.max(Some(until))),
        Some(Interruption::Indefinite) => (true, None),
    };
    let next_attempt = order.payment.attempt.saturating_add(1);
    html! {
        div.actions {
            @if !order.payment.is_open() {
                (command(&format!("/orders/{}/pay", order.id), &html! {
                    input type="hidden" name="idempotency_key" value={ "pay-" (next_attempt) };
                    button disabled[must_wait] data-from=[until] {
                        (locale.text("payment-again"))
                    }
                }))
            }
            (cancel_form(locale, order))
        }
    }
}

/// Returns a link that loads the page again.
fn look_again(locale: Locale, order: &Order) -> Markup {
    html! { a href={ "/orders/" (order.id) } { (locale.text("payment-look-again")) } }
}

fn cancel_form(locale: Locale, order: &Order) -> Markup {
    let action = format!("/orders/{}/cancel", order.id);
    let question = locale.text("payment-cancel-question");
    let cancel = Dangerous { action: &action, class: "quiet", question: &question };
    cancel.render(&html! { (locale.text("payment-cancel")) })
}

fn lock_icon() -> Markup {
    html! {
        svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" {
            path d="M5 11h14v9H5zM8 11V8a4 4 0 0 1 8 0v3" {}
        }
    }
}
