//! Orders: a single order with its payment, and the list of a user's orders.

use domain::breaker::Interruption;
use domain::list::ListPage;
use domain::order::{Order, OrderId, OrderItem, OrderStatus};
use maud::{Markup, html};

use crate::form::empty;
use crate::format::{money, time};
use crate::locale::Locale;
use crate::pager::pager;
use crate::site::article_text;

pub mod checkout;
mod payment;

/// Returns the title of the page of an order, which contains its number.
pub fn title(locale: Locale, id: OrderId) -> String {
    locale.text_with("order-number", &[("number", id.number().into())])
}

/// Returns an order with its payment. `interruption` is set while no payment can be made.
pub fn panel(locale: Locale, order: &Order, interruption: Option<Interruption>) -> Markup {
    html! {
        section .order id={ "order-" (order.id) } {
            header.order-head {
                (badge(locale, order))
                p.quiet { (time(locale, order.created_at)) }
            }
            (steps(locale, order.status))
            div.columns {
                (payment::panel(locale, order, interruption))
                div {
                    h2 { (locale.text("order-items")) }
                    (items(locale, order))
                    h2 { (locale.text("order-contact")) }
                    @if let Some(contact) = &order.contact {
                        address {
                            (contact.name) br;
                            span.lines-kept { (contact.address) } br;
                            (contact.email.as_str())
                        }
                    }
                }
            }
        }
    }
}

/// Returns a page of a user's orders, in the given sequence.
pub fn list(locale: Locale, page: &ListPage<Order, OrderId>) -> Markup {
    html! {
        section #orders .orders {
            @if page.entries.is_empty() {
                (empty(&locale.text("order-none"), "/articles", &locale.text("cart-to-articles")))
            } @else {
                p.entries { (locale.text_with("order-count", &[("count", page.total.into())])) }
                ul.lines {
                    @for order in &page.entries {
                        (row(locale, order))
                    }
                }
                (pager(locale, page, "/orders"))
            }
        }
    }
}

/// Returns the status of an order as a coloured word; while a payment or a refund is outstanding,
/// what it is doing.
pub(crate) fn badge(locale: Locale, order: &Order) -> Markup {
    let (class, key) = match order.status {
        _ if order.needs_refund() => ("pending", payment::title(order)),
        OrderStatus::PendingPayment => ("pending", payment::title(order)),
        OrderStatus::Paid => ("good", "order-paid"),
        OrderStatus::Shipped => ("good", "order-shipped"),
        OrderStatus::Delivered => ("good", "order-delivered"),
        OrderStatus::Cancelled => ("over", "order-cancelled"),
        OrderStatus::Expired => ("over", "order-expired"),
        OrderStatus::Refunded => ("over", "order-refunded"),
    };
    html! { span .badge .(class) { (locale.text(key)) } }
}

/// Returns the id of the row of an order.
pub fn row_id(id: OrderId) -> String {
    format!("orders-{id}")
}

/// Returns the row of an order in a list of a user's orders.
pub fn row(locale: Locale, order: &Order) -> Markup {
    let units: u32 = order.items.iter().map(|item| item.quantity.get()).sum();
    html! {
        li.line id=(row_id(order.id)) {
            div.what {
                h2 {
                    a href={ "/orders/" (order.id) } {
                        (title(locale, order.id))
                    }
                }
                p.quiet {
                    (time(locale, order.created_at)) " · "
                    (locale.text_with("order-units", &[("count", units.into())]))
                }
                @if payment::can_begin(order) {
                    p.quiet { (payment::deadline(locale, order)) }
                }
            }
            (badge(locale, order))
            strong.price { (money(locale, order.total)) }
        }
    }
}

/// Returns the steps of a successful order, with the current one marked.
///
/// Returns nothing for an order that was cancelled, expired or refunded.
fn steps(locale: Locale, status: OrderStatus) -> Markup {
    let done = match status {
        OrderStatus::PendingPayment => 1,
        OrderStatus::Paid => 2,
        OrderStatus::Shipped => 3,
        OrderStatus::Delivered => 4,
        OrderStatus::Cancelled | OrderStatus::Expired | OrderStatus::Refunded => return html! {},
    };
    let keys =
        ["order-step-placed", "order-step-paid", "order-step-shipped", "order-step-delivered"];
    html! {
        ol.steps {
            @for (place, key) in keys.into_iter().enumerate() {
                li class=[(place < done).then_some("done")]
                    aria-current=[(place + 1 == done).then_some("step")] {
                    (locale.text(key))
                }
            }
        }
    }
}

fn items(locale: Locale, order: &Order) -> Markup {
    html! {
        ul.receipt {
            @for OrderItem { name, quantity, line_total, .. } in &order.items {
                li {
                    span { (article_text(locale, name, "")) " × " (quantity.get()) }
                    span { (money(locale, *line_total)) }
                }
            }
            li.total {
                span { (locale.text("order-total")) }
                strong { (money(locale, order.total)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::money::Cents;
    use domain::order::Requested;
    use domain::payment::PaymentStatus;
    use domain::user::UserId;
    use uuid::Uuid;

    use super::*;
    use crate::order::checkout::NewCheckout;
    use crate::sample::{self, lines};

    fn drawn(
        status: OrderStatus,
        payment: PaymentStatus,
        interruption: Option<Interruption>,
    ) -> String {
        panel(Locale::En, &sample::order(status, 1, payment), interruption).into_string()
    }

    #[test]
    fn an_order_whose_payment_was_declined_can_be_paid_again_or_cancelled() {
        let order = sample::order(OrderStatus::PendingPayment, 1, PaymentStatus::Declined);
        insta::assert_snapshot!("order_declined_fr", lines(&panel(Locale::Fr, &order, None)));
        insta::assert_snapshot!("order_declined_en", lines(&panel(Locale::En, &order, None)));
    }

    #[test]
    fn a_payment_the_bank_has_not_answered_is_never_shown_as_failed() {
        for payment in [PaymentStatus::Submitting, PaymentStatus::Unknown] {
            let order = drawn(OrderStatus::PendingPayment, payment, None);
            assert!(order.contains("spinner") && order.contains("bank waiting"), "{order}");
            assert!(!order.contains("/pay\""), "{order}");
            assert_eq!(order.contains("/cancel\""), payment == PaymentStatus::Unknown, "{order}");
        }
    }

    #[test]
    fn an_order_that_is_being_cancelled_or_refunded_shows_its_progress() {
        let marked = |status, payment, requested| {
            let order = Order { requested, ..sample::order(status, 1, payment) };
            panel(Locale::En, &order, None).into_string()
        };
        let cancelling = marked(
            OrderStatus::PendingPayment,
            PaymentStatus::Unknown,
            Requested::CancelledByCustomer,
        );
        assert!(
            cancelling.contains("Cancelling…") && !cancelling.contains("/cancel\""),
            "{cancelling}"
        );
        for (status, shown) in [
            (OrderStatus::Shipped, "Refund under way…"),
            (OrderStatus::Refunded, "Payment refunded"),
        ] {
            let order = marked(status, PaymentStatus::Succeeded, Requested::RefundedByAdmin);
            assert!(order.contains(shown), "{order}");
        }
    }

    #[test]
    fn an_order_whose_payment_is_interrupted_shows_when_the_next_try_is_possible() {
        let until = Interruption::Until(sample::moment());
        let not_sent = sample::order(OrderStatus::PendingPayment, 1, PaymentStatus::NotSent);
        insta::assert_snapshot!(
            "order_interrupted_fr",
            lines(&panel(Locale::Fr, &not_sent, Some(until)))
        );
        insta::assert_snapshot!(
            "order_interrupted_en",
            lines(&panel(Locale::En, &not_sent, Some(until)))
        );
        for payment in [PaymentStatus::Submitting, PaymentStatus::Unknown, PaymentStatus::Declined]
        {
            let order = drawn(OrderStatus::PendingPayment, payment, Some(Interruption::Indefinite));
            assert!(
                order.contains("Payments are interrupted") && !order.contains("Next try"),
                "{order}"
            );
        }
        assert!(
            !drawn(OrderStatus::Paid, PaymentStatus::Succeeded, Some(until))
                .contains("interrupted")
        );
        assert!(
            !drawn(OrderStatus::PendingPayment, PaymentStatus::NotSent, None)
                .contains("interrupted")
        );
    }

    #[test]
    fn an_order_whose_next_attempt_has_to_wait_cannot_be_paid_yet() {
        let declined = sample::order(OrderStatus::PendingPayment, 5, PaymentStatus::Declined);
        let button = |order: &Order| {
            let page = panel(Locale::En, order, None).into_string();
            let after = page.split("/pay\"").last().unwrap().split("<button").nth(1).unwrap();
            after.split('>').next().unwrap().to_owned()
        };
        assert_eq!(button(&declined), "");
        let waiting = Order { pay_after: Some(sample::moment()), ..declined };
        assert_eq!(button(&waiting), r#" disabled data-from="2026-03-01T09:05:00Z""#);
    }

    #[test]
    fn a_paid_order_has_no_payment_form() {
        let order = sample::order(OrderStatus::Shipped, 1, PaymentStatus::Succeeded);
        insta::assert_snapshot!("order_paid", lines(&panel(Locale::En, &order, None)));
    }

    #[test]
    fn a_cancelled_expired_or_refunded_order_shows_no_steps() {
        for status in [OrderStatus::Cancelled, OrderStatus::Expired, OrderStatus::Refunded] {
            assert!(!drawn(status, PaymentStatus::Declined, None).contains("steps"), "{status:?}");
        }
    }

    #[test]
    fn the_list_of_orders_links_to_each_order() {
        let orders = [sample::order(OrderStatus::Paid, 1, PaymentStatus::Succeeded)];
        let page = sample::first_page(orders.into());
        insta::assert_snapshot!("orders_fr", lines(&list(Locale::Fr, &page)));
        insta::assert_snapshot!(
            "orders_none",
            lines(&list(Locale::En, &sample::first_page(vec![])))
        );
    }

    #[test]
    fn the_list_shows_what_each_payment_is_doing_and_until_when_an_order_can_be_paid() {
        let shown = |status, payment, requested| {
            let order = Order { requested, ..sample::order(status, 1, payment) };
            list(Locale::En, &sample::first_page(vec![order])).into_string()
        };
        for (payment, text, can_be_paid) in [
            (PaymentStatus::Submitting, "Payment in progress…", false),
            (PaymentStatus::Unknown, "Waiting for the bank…", false),
            (PaymentStatus::Declined, "Payment declined", true),
            (PaymentStatus::NotSent, "Bank unreachable", true),
        ] {
            let unpaid = shown(OrderStatus::PendingPayment, payment, Requested::None);
            assert!(unpaid.contains(text), "{unpaid}");
            assert_eq!(unpaid.contains("Pay by"), can_be_paid, "{unpaid}");
        }
        let cancelled = Requested::CancelledByCustomer;
        let cancelling = shown(OrderStatus::PendingPayment, PaymentStatus::Unknown, cancelled);
        assert!(cancelling.contains("Cancelling…") && !cancelling.contains("Pay by"));
        let refunded = Requested::RefundedByAdmin;
        let refunding = shown(OrderStatus::Shipped, PaymentStatus::Succeeded, refunded);
        assert!(refunding.contains("Refund under way…"), "{refunding}");
    }

    #[test]
    fn the_checkout_form_contains_version_total_and_the_previous_input() {
        let typed = [("name", "Ana"), ("email", "ana@"), ("address", sample::HOSTILE)];
        let refused = sample::draft(&typed, Some("email"));
        let cart = sample::ready_cart();
        let new = NewCheckout { user: UserId(Uuid::nil()), key: "key-1".to_owned() };
        let page = checkout::panel(Locale::Fr, &cart, Cents(100), &refused, &new);
        insta::assert_snapshot!("checkout_fr", lines(&page));
        assert!(!page.0.contains("<script"));
    }
}
