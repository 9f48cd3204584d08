//! Orders: buyers place, pay and cancel their own; administrators ship, deliver and refund all.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use actors::order::{
    Answer, AwaitPayment, CancelOrder, Claim, Claimed, DeliverOrder, GetOrder, IdempotencyKey,
    ListOrders, PayAgain, PlaceOrder, RefundOrder, ShipOrder,
};
use domain::article::ArticleId;
use domain::cart::Quantity;
use domain::money::{CURRENCY, Cents};
use domain::order::{Checkout, Contact, Order, OrderId, OrderItem, OrderStatus};
use domain::payment::{Payment, PaymentStatus};
use domain::user::{Email, UserId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{PageOf, many, one};
use crate::auth::bearer::{Admin, Bearer};
use crate::error::{Code, Problem};
use crate::idempotency::idempotency_key;
use crate::json::Fields;
use crate::state::AppState;

/// What a buyer says when checking out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOrder {
    cart_version: u64,
    expected_total_cents: Cents,
    name: String,
    email: String,
    address: String,
}

/// An order as JSON.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OrderJson {
    id: OrderId,
    status: OrderStatus,
    items: Vec<ItemJson>,
    total_cents: Cents,
    currency: &'static str,
    /// Who gets the goods; nobody knows it any more when the user is gone.
    name: Option<String>,
    email: Option<Email>,
    address: Option<String>,
    payment: Payment,
    created_at: Timestamp,
    /// When it expires if it is still unpaid.
    expires_at: Timestamp,
    /// Whether it is to be cancelled or paid back as soon as the bank has said what has happened.
    called_off: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OrderItemJson")]
struct ItemJson {
    article_id: ArticleId,
    name: String,
    quantity: Quantity,
    unit_price_cents: Cents,
    line_total_cents: Cents,
}

/// `POST /api/orders`: makes an order of the cart and has it paid.
pub async fn place(
    Bearer(me): Bearer,
    state: Data<AppState>,
    request: HttpRequest,
    Fields(new): Fields<NewOrder>,
) -> Result<HttpResponse, Problem> {
    let idempotency_key = header_once(&request, &format!("place {new:?}"))?;
    let NewOrder { cart_version, expected_total_cents: expected_total, name, email, address } = new;
    let contact = Contact::new(name, Email::new(email)?, address)?;
    let checkout = Checkout { cart_version, expected_total, contact };
    let place = PlaceOrder { user: me.user, checkout, idempotency_key: idempotency_key.clone() };
    let order = answer_once(&state, me.user, idempotency_key, async {
        decided(&state, &state.shop.orders.ask(place).await?).await
    });
    paid(&order.await?, StatusCode::CREATED)
}

/// `POST /api/orders/{id}/pay`: has the bank asked once more.
pub async fn pay(
    Bearer(me): Bearer,
    state: Data<AppState>,
    request: HttpRequest,
    id: Path<OrderId>,
) -> Result<HttpResponse, Problem> {
    let idempotency_key = header_once(&request, &format!("pay {id}"))?;
    let pay = PayAgain { user: me.user, order: *id, idempotency_key: idempotency_key.clone() };
    let order = answer_once(&state, me.user, idempotency_key, async {
        decided(&state, &state.shop.orders.ask(pay).await?).await
    });
    paid(&order.await?, StatusCode::OK)
}

/// `POST /api/orders/{id}/cancel`: calls an unpaid order off; 202 if the bank must say first whether it has charged.
pub async fn cancel(
    Bearer(me): Bearer,
    state: Data<AppState>,
    id: Path<OrderId>,
) -> Result<HttpResponse, Problem> {
    let order = state.shop.orders.ask(CancelOrder { user: me.user, order: *id }).await?;
    Ok(perhaps_later(&order))
}

/// `GET /api/orders`: a page of one's orders, newest first.
pub async fn list(
    Bearer(me): Bearer,
    state: Data<AppState>,
    page: Query<PageOf<OrderId>>,
) -> Result<HttpResponse, Problem> {
    let list = ListOrders { user: me.user, after: page.after, limit: page.limit()? };
    let orders = state.shop.orders.ask(list).await?;
    Ok(many("orders", orders.iter().map(order_json).collect()))
}

/// `GET /api/orders/{id}`: one of one's orders.
pub async fn get(
    Bearer(me): Bearer,
    state: Data<AppState>,
    id: Path<OrderId>,
) -> Result<HttpResponse, Problem> {
    let order = state.shop.orders.ask(GetOrder { user: me.user, order: *id }).await?;
    Ok(one("order", order_json(&order)))
}

/// `POST /api/orders/{id}/ship`: says that an order is on its way.
pub async fn ship(
    _: Admin,
    state: Data<AppState>,
    id: Path<OrderId>,
) -> Result<HttpResponse, Problem> {
    Ok(one("order", order_json(&state.shop.orders.ask(ShipOrder(*id)).await?)))
}

/// `POST /api/orders/{id}/deliver`: says that an order has arrived.
pub async fn deliver(
    _: Admin,
    state: Data<AppState>,
    id: Path<OrderId>,
) -> Result<HttpResponse, Problem> {
    Ok(one("order", order_json(&state.shop.orders.ask(DeliverOrder(*id)).await?)))
}

/// `POST /api/orders/{id}/refund`: has an order paid back; 202 if the bank hasn't in time, and is asked again.
pub async fn refund(
    Admin(me): Admin,
    state: Data<AppState>,
    request: HttpRequest,
    id: Path<OrderId>,
) -> Result<HttpResponse, Problem> {
    let idempotency_key = header_once(&request, &format!("refund {id}"))?;
    let order = answer_once(&state, me.user, idempotency_key, async {
        decided(&state, &state.shop.orders.ask(RefundOrder(*id)).await?).await
    });
    Ok(perhaps_later(&order.await?))
}

/// The order with which a request is answered: the one it was answered with before, or else what comes of it.
async fn answer_once(
    state: &AppState,
    user: UserId,
    idempotency_key: IdempotencyKey,
    work: impl Future<Output = Result<Order, Problem>>,
) -> Result<Order, Problem> {
    match state.shop.orders.ask(Claim { user, idempotency_key }).await? {
        Claimed::Before(order) => Ok(order),
        Claimed::Now(in_hand) => {
            let order = work.await?;
            Ok(state.shop.orders.ask(Answer { in_hand, order }).await?)
        }
    }
}

/// An order when the bank has decided, or when that takes too long.
async fn decided(state: &AppState, order: &Order) -> Result<Order, Problem> {
    let wait = AwaitPayment { user: order.user, order: order.id, patience: state.patience };
    Ok(state.shop.orders.ask(wait).await?)
}

/// The order; 202 if it was called off and the bank's word is still awaited.
fn perhaps_later(order: &Order) -> HttpResponse {
    let status = if order.called_off && order.awaits_money() {
        StatusCode::ACCEPTED
    } else {
        StatusCode::OK
    };
    HttpResponse::build(status).json(json!({ "success": true, "order": order_json(order) }))
}

/// The order after the bank has decided; 202 if it hasn't in time, 402 if it has refused.
fn paid(order: &Order, decided: StatusCode) -> Result<HttpResponse, Problem> {
    let json = order_json(order);
    let status = match order.payment.status {
        PaymentStatus::Succeeded => decided,
        PaymentStatus::Submitting | PaymentStatus::Unknown => StatusCode::ACCEPTED,
        PaymentStatus::Declined => {
            return Err(Problem::new(Code::PaymentDeclined).with(json!({ "order": json })));
        }
        PaymentStatus::NotSent => {
            return Err(Problem::payment_not_sent().with(json!({ "order": json })));
        }
    };
    Ok(HttpResponse::build(status).json(json!({ "success": true, "order": json })))
}

/// The request by the idempotency key of its header.
fn header_once(request: &HttpRequest, says: &str) -> Result<IdempotencyKey, Problem> {
    let header = request
        .headers()
        .get("idempotency-key")
        .ok_or_else(|| Problem::new(Code::MissingIdempotencyKey))?;
    idempotency_key(header.to_str().unwrap_or_default(), says)
}

/// An order as its buyer sees it.
pub fn order_json(order: &Order) -> OrderJson {
    let (name, email, address) = match order.contact.clone() {
        Some(Contact { name, email, address }) => (Some(name), Some(email), Some(address)),
        None => (None, None, None),
    };
    OrderJson {
        id: order.id,
        status: order.status,
        items: order.items.iter().map(item_json).collect(),
        total_cents: order.total,
        currency: CURRENCY,
        name,
        email,
        address,
        payment: order.payment.clone(),
        created_at: order.created_at,
        expires_at: order.expires_at,
        called_off: order.called_off,
    }
}

fn item_json(item: &OrderItem) -> ItemJson {
    ItemJson {
        article_id: item.article,
        name: item.name.clone(),
        quantity: item.quantity,
        unit_price_cents: item.unit_price,
        line_total_cents: item.line_total,
    }
}
