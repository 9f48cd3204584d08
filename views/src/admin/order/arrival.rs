//! The announcement of new orders, on every page that an administrator looks at.

use domain::order::Order;
use maud::{Markup, html};

use crate::admin::is_admin;
use crate::format::money;
use crate::locale::Locale;
use crate::viewer::Viewer;

/// Returns the region that announces new orders to an administrator, and nothing for others. A
/// script counts them, and empties it after some seconds.
pub(crate) fn region(viewer: &Viewer) -> Markup {
    html! {
        @if is_admin(viewer) {
            div #arrivals .notice role="status" data-many=(viewer.locale.text("admin-arrivals")) {}
        }
    }
}

/// Returns the announcement of a new order, for a push.
pub fn arrival(locale: Locale, order: &Order) -> Markup {
    let total = money(locale, order.total);
    html! {
        p id={ "arrival-" (order.id) } {
            a href={ "/admin/orders/" (order.id) } {
                (locale.text_with("admin-arrival", &[("total", total.into())]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::order::OrderStatus;
    use domain::payment::PaymentStatus;

    use super::*;
    use crate::sample::{lines, order};

    #[test]
    fn an_announcement_leads_to_the_order_and_names_its_amount() {
        let order = order(OrderStatus::PendingPayment, 1, PaymentStatus::Submitting);
        insta::assert_snapshot!("arrival_fr", lines(&arrival(Locale::Fr, &order)));
    }
}
