//! The checkout page and the pages of orders.

use actix_web::{HttpRequest, HttpResponse};
use actors::order::{
    CancelOrder, GetOrder, IdempotencyKey, ListOrders, PageOrders, PayAgain, PlaceOrder,
};
use domain::list::ListPage;
use domain::money::Cents;
use domain::order::checkout::Checkout;
use domain::order::{Contact, Order, OrderId, OrderStatus};
use domain::shown::Shown;
use domain::user::{Email, UserId};
use maud::Markup;
use serde::Deserialize;
use views::draft::Draft;
use views::order::checkout::{self, NewCheckout};

use super::sent::Sent;
use super::{ListQuery, redirect, render_fragments, render_page, render_titled_page};
use crate::auth::browser::{Member, Visitor};
use crate::credentials::cookie::CookieName;
use crate::crypto::random_token;
use crate::error::Problem;
use crate::flash::addresses::see_other;
use crate::form::Form;
use crate::idempotency::parse_idempotency_key;
use crate::path::Path;
use crate::query::Parameters;
use crate::state::AppState;

/// The most orders that a page of the list shows.
const LISTED: usize = 20;

/// The fields of the checkout form.
///
/// The `Debug` text is part of stored fingerprints: a new name, field or order of fields makes
/// every retry of an older request look like a reused key.
#[derive(Debug, Clone, Deserialize)]
pub struct NewOrder {
    cart_version: u64,
    expected_total_cents: Cents,
    idempotency_key: String,
    name: String,
    email: String,
    address: String,
}

/// The fields of the button that pays an order again.
#[derive(Deserialize)]
pub struct PayForm {
    idempotency_key: String,
}

/// `GET /cart/checkout`: redirects to the checkout; older links lead here.
pub async fn redirect_to_checkout() -> HttpResponse {
    see_other("/checkout")
}

/// `GET /checkout`: shows the form for the contact, and the total.
pub async fn show_checkout(Member { visitor, me }: Member) -> Result<HttpResponse, Problem> {
    let draft = visitor.flash.draft_of(CookieName::CheckoutDraft, me.user);
    checkout_page(&visitor, me.user, &draft, None).await
}

/// `POST /checkout`: places the order, or shows the form again with the error. The form of another
/// user leads to a new one.
pub async fn place_order(
    sent: Sent<Member, NewOrder>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let Sent { by: Member { visitor, me }, form, typed } = sent;
    if !typed.is_of(me.user) {
        return Ok(see_other("/checkout"));
    }
    match place(&visitor.state, me.user, &form).await {
        Ok(order) => {
            typed.forget(&visitor);
            let page = format!("/orders/{}", order.id);
            Ok(redirect(&visitor, &request, &page, "notice-order-placed"))
        }
        Err(problem) => {
            let seen = Some(form.expected_total_cents);
            let page = async |draft: &Draft| checkout_page(&visitor, me.user, draft, seen).await;
            typed.refuse(&problem, &visitor, page).await
        }
    }
}

/// `GET /orders`: shows a page of the user's orders, newest first.
pub async fn show_orders(
    Member { visitor, me }: Member,
    Parameters(query): Parameters<ListQuery<OrderId>>,
) -> Result<HttpResponse, Problem> {
    render_page(&visitor, "page-orders", Shown::Orders(query.after), async {
        let page = page_of_orders(&visitor.state, me.user, query.after).await?;
        Ok(views::order::list(visitor.locale, &page))
    })
    .await
}

/// Returns a page of a user's orders, newest first.
pub async fn page_of_orders(
    state: &AppState,
    user: UserId,
    after: Option<OrderId>,
) -> Result<ListPage<Order, OrderId>, Problem> {
    Ok(state.shop.orders.ask(PageOrders { user, after, limit: LISTED }).await?)
}

/// `GET /orders/{id}`: shows one of the user's orders with its payment.
pub async fn show_order(
    Member { visitor, me }: Member,
    id: Path<OrderId>,
) -> Result<HttpResponse, Problem> {
    let title = views::order::title(visitor.locale, *id);
    render_titled_page(&visitor, &title, Shown::Order(*id), async {
        let get = GetOrder { user: me.user, order: *id };
        Ok(order_panel(&visitor, &visitor.state.shop.orders.ask(get).await?))
    })
    .await
}

/// `GET /bank` and `GET /success`: redirects to the user's latest order, if there is one.
pub async fn redirect_to_latest_order(
    Member { visitor, me }: Member,
) -> Result<HttpResponse, Problem> {
    let list = ListOrders { user: me.user, status: None, after: None, limit: 1 };
    let orders = visitor.state.shop.orders.ask(list).await?;
    Ok(see_other(&orders.first().map_or("/orders".into(), |order| format!("/orders/{}", order.id))))
}

/// `POST /orders/{id}/pay`: starts another payment attempt, or shows the paid order.
pub async fn pay_order(
    Member { visitor, me }: Member,
    request: HttpRequest,
    id: Path<OrderId>,
    Form(form): Form<PayForm>,
) -> Result<HttpResponse, Problem> {
    let IdempotencyKey { key, fingerprint } =
        parse_idempotency_key(&form.idempotency_key, &format!("pay {id}"))?;
    let idempotency_key = IdempotencyKey { key: format!("{id}-{key}"), fingerprint };
    let pay = PayAgain { user: me.user, order: *id, idempotency_key, patience: None };
    let order = visitor.state.shop.orders.ask(pay).await?;
    let notice = match order.status {
        OrderStatus::Paid => "notice-order-paid",
        _ => "notice-payment-again",
    };
    Ok(render_order(&visitor, &request, &order, notice))
}

/// `POST /orders/{id}/cancel`: cancels an unpaid order, if need be once the bank has decided.
pub async fn cancel_order(
    Member { visitor, me }: Member,
    request: HttpRequest,
    id: Path<OrderId>,
) -> Result<HttpResponse, Problem> {
    let cancel = CancelOrder { user: me.user, order: *id };
    let order = visitor.state.shop.orders.ask(cancel).await?;
    let notice =
        if order.is_called_off() { "notice-order-calling-off" } else { "notice-order-cancelled" };
    Ok(render_order(&visitor, &request, &order, notice))
}

/// Places the order without waiting for the bank: the order's page shows the payment as it goes.
async fn place(state: &AppState, user: UserId, new: &NewOrder) -> Result<Order, Problem> {
    let email = Email::choose(new.email.clone())?;
    let contact = Contact::new(new.name.clone(), email, new.address.clone())?;
    let expected_total = new.expected_total_cents;
    let checkout = Checkout { cart_version: new.cart_version, expected_total, contact };
    let idempotency_key = parse_idempotency_key(&new.idempotency_key, &format!("place {new:?}"))?;
    Ok(state
        .shop
        .orders
        .ask(PlaceOrder { user, checkout, idempotency_key, patience: None })
        .await?)
}

/// Renders the current cart and the form, with a new idempotency key. `seen` is the total that the
/// visitor has seen on the page before, if there was one.
async fn checkout_page(
    visitor: &Visitor,
    user: UserId,
    draft: &Draft,
    seen: Option<Cents>,
) -> Result<HttpResponse, Problem> {
    let cart = visitor.cart().priced().await?;
    let seen = seen.unwrap_or(cart.total);
    render_page(visitor, "page-checkout", Shown::Checkout(seen), async {
        let form = NewCheckout { user, key: random_token() };
        Ok(checkout::panel(visitor.locale, &cart, seen, draft, &form))
    })
    .await
}

/// Answers a command with the order it changed; `notice` is the key of the sentence shown.
fn render_order(
    visitor: &Visitor,
    request: &HttpRequest,
    order: &Order,
    notice: &str,
) -> HttpResponse {
    let page = format!("/orders/{}", order.id);
    let id = format!("order-{}", order.id);
    render_fragments(visitor, request, &[(&id, order_panel(visitor, order))], notice, &page)
}

fn order_panel(visitor: &Visitor, order: &Order) -> Markup {
    let shop = &visitor.state.shop;
    let order = order.clone().without_past_wait(shop.clock.now());
    views::order::panel(visitor.locale, &order, shop.interruption())
}
