//! Orders: a single order with its payment, and the list of a user's orders.

use domain::breaker::Interruption;
use domain::order::{Order, OrderId, OrderItem, OrderStatus};
use maud::{Markup, html};

use crate::form::empty;
use crate::format::{money, time};
use crate::locale::Locale;

pub mod checkout;
mod payment;

/// Returns an order with its payment. `interruption` is set while no payment can be made.
pub fn panel(locale: Locale, order: &Order, interruption: Option<Interruption>) -> Markup {
    html! {
        section .order id={ "order-" (order.id) } {
            header.order-head {
                h2 { (locale.text_with("order-number", &[("number", number(order.id).into())])) }
                (badge(locale, order.status))
                p.quiet { (time(locale, order.created_at)) }
            }
            (steps(locale, order.status))
            div.columns {
                (payment::panel(locale, order, interruption))
                div {
                    h3 { (locale.text("order-items")) }
                    (items(locale, order))
                    h3 { (locale.text("order-contact")) }
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

/// Returns a list of orders, in the given sequence.
pub fn list(locale: Locale, orders: &[Order]) -> Markup {
    html! {
        section #orders .orders {
            @if orders.is_empty() {
                (empty(&locale.text("order-none"), "/articles", &locale.text("cart-to-articles")))
            } @else {
                ul.lines {
                    @for order in orders {
                        (row(locale, order))
                    }
                }
            }
        }
    }
}

/// Returns the short number of an order: the last eight digits of its id.
fn number(id: OrderId) -> String {
    id.0.simple().to_string().chars().skip(24).collect::<String>().to_uppercase()
}

/// Returns the status of an order as a coloured word.
fn badge(locale: Locale, status: OrderStatus) -> Markup {
    let (class, key) = match status {
        OrderStatus::PendingPayment => ("pending", "order-pending"),
        OrderStatus::Paid => ("good", "order-paid"),
        OrderStatus::Shipped => ("good", "order-shipped"),
        OrderStatus::Delivered => ("good", "order-delivered"),
        OrderStatus::Cancelled => ("over", "order-cancelled"),
        OrderStatus::Expired => ("over", "order-expired"),
        OrderStatus::Refunded => ("over", "order-refunded"),
    };
    html! { span .badge .(class) { (locale.text(key)) } }
}

fn row(locale: Locale, order: &Order) -> Markup {
    let units: u32 = order.items.iter().map(|item| item.quantity.get()).sum();
    html! {
        li.line id={ "orders-" (order.id) } {
            div.what {
                h2 {
                    a href={ "/orders/" (order.id) } {
                        (locale.text_with("order-number", &[("number", number(order.id).into())]))
                    }
                }
                p.quiet {
                    (time(locale, order.created_at)) " · "
                    (locale.text_with("order-units", &[("count", units.into())]))
                }
            }
            (badge(locale, order.status))
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
                li { span { (name) " × " (quantity.get()) } span { (money(locale, *line_total)) } }
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
    use domain::order::Requested;
    use domain::payment::PaymentStatus;

    use super::*;
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
        insta::assert_snapshot!("orders_fr", lines(&list(Locale::Fr, &orders)));
        insta::assert_snapshot!("orders_none", lines(&list(Locale::En, &[])));
    }

    #[test]
    fn the_checkout_form_contains_version_total_and_the_previous_input() {
        let form = checkout::CheckoutForm {
            name: "Ana".into(),
            email: "ana@".into(),
            address: sample::HOSTILE.into(),
        };
        let page = checkout::panel(Locale::Fr, &sample::ready_cart(), &form, Some("Non."), "key-1");
        insta::assert_snapshot!("checkout_fr", lines(&page));
        assert!(!page.0.contains("<script"));
    }
}
