//! The orders of the REST API: users place, pay and cancel their own orders; administrators ship,
//! deliver and refund any order.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use actors::order::{
    CancelOrder, CountOrders, DeliverOrder, GetOrder, ListOrders, PayAgain, PlaceOrder,
    RefundOrder, ShipOrder,
};
use domain::money::Cents;
use domain::order::checkout::Checkout;
use domain::order::{Contact, Order, OrderId, OrderStatus};
use domain::payment::PaymentStatus;
use domain::user::Email;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::{cut, page_limit};
use crate::answer::{Answer, Answered, One, Page, one};
use crate::auth::bearer::{Admin, Bearer};
use crate::error::Problem;
use crate::error::code::Code;
use crate::idempotency::idempotency_header;
use crate::json::Fields;
use crate::objects::order::{OrderJson, order_json};
use crate::path::Path;
use crate::query::Parameters;
use crate::state::AppState;

/// The body of a checkout.
///
/// Its `Debug` text is part of stored fingerprints: a new name, field or order of fields makes
/// every retry of an older request look like a reused key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({
    "cart_version": 4,
    "expected_total_cents": 1_250,
    "name": "Ana",
    "email": "ana@example.org",
    "address": "1 Quay Street",
}))]
pub struct NewOrder {
    cart_version: u64,
    expected_total_cents: Cents,
    name: String,
    email: String,
    address: String,
}

/// The query that selects a page of the user's orders.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnOrdersQuery {
    /// The status of the orders.
    status: Option<OrderStatus>,
    /// The order after which the page starts; the first page if absent.
    after: Option<OrderId>,
    /// The most orders to return.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<usize>,
}

/// `POST /api/orders`: places an order for the cart and pays it.
pub async fn place_order(
    Bearer(me): Bearer,
    state: Data<AppState>,
    request: HttpRequest,
    Fields(new): Fields<NewOrder>,
) -> Answered<One<OrderJson>> {
    let idempotency_key = idempotency_header(&request, &format!("place {new:?}"))?;
    let NewOrder { cart_version, expected_total_cents: expected_total, name, email, address } = new;
    let contact = Contact::new(name, Email::choose(email)?, address)?;
    let checkout = Checkout { cart_version, expected_total, contact };
    let patience = Some(state.patience);
    let place = PlaceOrder { user: me.user, checkout, idempotency_key, patience };
    let order = state.shop.orders.ask_patiently(place, state.patience).await?;
    let answer = payment_result(&order, StatusCode::CREATED)?;
    Ok(answer.with_header(LOCATION, format!("/api/orders/{}", order.id)))
}

/// `POST /api/orders/{id}/pay`: starts another payment attempt, or returns the paid order.
pub async fn pay_order(
    Bearer(me): Bearer,
    state: Data<AppState>,
    request: HttpRequest,
    id: Path<OrderId>,
) -> Answered<One<OrderJson>> {
    let idempotency_key = idempotency_header(&request, &format!("pay {id}"))?;
    let patience = Some(state.patience);
    let pay = PayAgain { user: me.user, order: *id, idempotency_key, patience };
    let order = state.shop.orders.ask_patiently(pay, state.patience).await?;
    payment_result(&order, StatusCode::OK)
}

/// `POST /api/orders/{id}/cancel`: cancels an unpaid order.
///
/// Answers 202 if the order can be cancelled only after the bank has decided the payment.
pub async fn cancel_order(
    Bearer(me): Bearer,
    state: Data<AppState>,
    id: Path<OrderId>,
) -> Answered<One<OrderJson>> {
    let order = state.shop.orders.ask(CancelOrder { user: me.user, order: *id }).await?;
    Ok(order_or_accepted(&order))
}

/// `GET /api/orders`: lists one page of the user's orders, or of those with a status, newest first.
pub async fn list_orders(
    Bearer(me): Bearer,
    state: Data<AppState>,
    Parameters(query): Parameters<OwnOrdersQuery>,
) -> Answered<Page<OrderJson, OrderId>> {
    let OwnOrdersQuery { status, after, limit } = query;
    let limit = page_limit(limit)?;
    let list = ListOrders { user: me.user, status, after, limit: limit + 1 };
    let mut orders = state.shop.orders.ask(list).await?;
    let total = state.shop.orders.ask(CountOrders { user: me.user, status }).await?;
    let next = cut(&mut orders, limit).map(|order| order.id);
    let entries = orders.iter().map(order_json).collect();
    Ok(Answer::ok(Page { entries, total, next }))
}

/// `GET /api/orders/{id}`: returns one of the user's orders.
pub async fn get_order(
    Bearer(me): Bearer,
    state: Data<AppState>,
    id: Path<OrderId>,
) -> Answered<One<OrderJson>> {
    let order = state.shop.orders.ask(GetOrder { user: me.user, order: *id }).await?;
    Ok(one(order_json(&order)))
}

/// `POST /api/orders/{id}/ship`: marks a paid order as shipped.
pub async fn ship_order(
    Admin(me): Admin,
    state: Data<AppState>,
    id: Path<OrderId>,
) -> Answered<One<OrderJson>> {
    let ship = ShipOrder { order: *id, by: me.author() };
    Ok(one(order_json(&state.shop.orders.ask(ship).await?)))
}

/// `POST /api/orders/{id}/deliver`: marks a shipped order as delivered.
pub async fn deliver_order(
    Admin(me): Admin,
    state: Data<AppState>,
    id: Path<OrderId>,
) -> Answered<One<OrderJson>> {
    let deliver = DeliverOrder { order: *id, by: me.author() };
    Ok(one(order_json(&state.shop.orders.ask(deliver).await?)))
}

/// `POST /api/orders/{id}/refund`: refunds an order.
///
/// Answers 202 if the bank has not confirmed the refund in time; the shop retries it.
pub async fn refund_order(
    Admin(me): Admin,
    state: Data<AppState>,
    request: HttpRequest,
    id: Path<OrderId>,
) -> Answered<One<OrderJson>> {
    let idempotency_key = idempotency_header(&request, &format!("refund {id}"))?;
    let patience = Some(state.patience);
    let refund = RefundOrder { order: *id, idempotency_key, patience, by: me.author() };
    let order = state.shop.orders.ask_patiently(refund, state.patience).await?;
    Ok(order_or_accepted(&order))
}

/// Returns the order, with status 202 if its cancellation or refund waits for the bank.
pub fn order_or_accepted(order: &Order) -> Answer<One<OrderJson>> {
    let status = if order.is_called_off() && order.is_unsettled() {
        StatusCode::ACCEPTED
    } else {
        StatusCode::OK
    };
    Answer::with_status(status, One(order_json(order)))
}

/// Returns the order: with `success` once it is paid, with 202 while the bank has not decided.
///
/// A declined payment is an error with status 402, a payment that was not sent one with 503.
fn payment_result(order: &Order, success: StatusCode) -> Answered<One<OrderJson>> {
    let json = order_json(order);
    let status = match order.payment.status {
        PaymentStatus::Succeeded => success,
        PaymentStatus::Submitting | PaymentStatus::Unknown => StatusCode::ACCEPTED,
        PaymentStatus::Declined => {
            return Err(Problem::new(Code::PaymentDeclined).with(json!({ "order": json })));
        }
        PaymentStatus::NotSent => {
            return Err(Problem::payment_not_sent().with(json!({ "order": json })));
        }
    };
    Ok(Answer::with_status(status, One(json)))
}
