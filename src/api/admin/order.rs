//! All orders, for administrators.

use actix_web::web::Data;
use actors::order::{CancelAnyOrder, GetAnyOrder, NoteOrder, PageAllOrders, ShipOrder};
use domain::order::stage::Stage;
use domain::order::steps::{Step, What};
use domain::order::{Note, Order, OrderId};
use domain::payment::PaymentStatus;
use domain::user::{Author, UserId};
use futures_util::future::join_all;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{Answer, Answered, Example, One, Page, Resource, Success, one, success};
use crate::api::order::order_or_accepted;
use crate::api::page_limit;
use crate::auth::bearer::Admin;
use crate::error::Problem;
use crate::error::code::Code;
use crate::json::Fields;
use crate::objects::example;
use crate::objects::order::{OrderJson, order_json};
use crate::path::Path;
use crate::query::Parameters;
use crate::state::AppState;

/// The most orders that one request ships.
const MOST_SHIPPED: usize = 100;

/// The query that selects a page of all orders.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrdersQuery {
    /// The stage of the orders.
    status: Option<Stage>,
    /// The beginnings of words: the number, the recipient's name or e-mail address.
    #[serde(default)]
    q: String,
    /// The order after which the page starts.
    after: Option<OrderId>,
    /// The most orders to return.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<usize>,
}

/// The body of a request that ships several orders.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "orders": [example::ID] }))]
pub struct ShippedOrders {
    #[schemars(length(max = 100))]
    orders: Vec<OrderId>,
}

/// The body of a request that replaces a note.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "text": "Rings twice." }))]
pub struct NewNote {
    text: String,
}

/// An order as administrators receive it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AdminOrder")]
pub struct AdminOrderJson {
    #[serde(flatten)]
    order: OrderJson,
    /// The number that people read.
    number: String,
    stage: Stage,
    user_id: UserId,
    /// What has happened to the order, oldest first.
    steps: Vec<StepJson>,
    note: Option<Note>,
}

/// A step in the life of an order.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Step")]
struct StepJson {
    at: Timestamp,
    step: &'static str,
    /// The number of the payment attempt, if the step is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    /// The status of that attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<PaymentStatus>,
    /// The administrator who did it; `null` if it was the buyer, the bank or the shop.
    by: Option<Author>,
}

/// The results of shipping several orders, in the order of the request.
#[derive(Serialize, JsonSchema)]
pub struct ShippingResults {
    results: Vec<ShippingResult>,
}

/// Whether an order was shipped.
#[derive(Serialize, JsonSchema)]
struct ShippingResult {
    id: OrderId,
    shipped: bool,
    /// Why not: the code of a problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
}

/// `GET /api/admin/orders`: lists one page of all orders, newest first, of one stage or of those
/// that a search finds.
pub async fn list_orders(
    _: Admin,
    state: Data<AppState>,
    Parameters(query): Parameters<OrdersQuery>,
) -> Answered<Page<AdminOrderJson, OrderId>> {
    let OrdersQuery { status: stage, q: search, after, limit } = query;
    let limit = page_limit(limit)?;
    let page = PageAllOrders { stage, search, after, limit };
    let page = state.shop.orders.ask(page).await?;
    let entries = page.entries.iter().map(admin_order_json).collect();
    Ok(Answer::ok(Page { entries, total: page.total, next: page.next }))
}

/// `GET /api/admin/orders/{id}`: returns any order.
pub async fn get_order(
    _: Admin,
    state: Data<AppState>,
    id: Path<OrderId>,
) -> Answered<One<AdminOrderJson>> {
    Ok(one(admin_order_json(&state.shop.orders.ask(GetAnyOrder(*id)).await?)))
}

/// `POST /api/admin/orders/ship`: marks up to 100 orders as shipped, and says for each whether that
/// worked.
pub async fn ship_orders(
    Admin(me): Admin,
    state: Data<AppState>,
    Fields(ShippedOrders { orders }): Fields<ShippedOrders>,
) -> Answered<Success<ShippingResults>> {
    if orders.len() > MOST_SHIPPED {
        let detail = format!("orders must have at most {MOST_SHIPPED} ids");
        return Err(Problem::because(Code::OutOfRange, detail).about("/orders"));
    }
    let ships = orders.iter().map(async |id| {
        let ship = ShipOrder { order: *id, by: me.author() };
        match state.shop.orders.ask(ship).await.map_err(Problem::from) {
            Ok(_) => ShippingResult { id: *id, shipped: true, code: None },
            Err(problem) => {
                ShippingResult { id: *id, shipped: false, code: Some(problem.code.word()) }
            }
        }
    });
    Ok(success(ShippingResults { results: join_all(ships).await }))
}

/// `POST /api/admin/orders/{id}/cancel`: cancels any unpaid order.
///
/// Answers 202 if the order can be cancelled only after the bank has decided the payment.
pub async fn cancel_order(
    Admin(me): Admin,
    state: Data<AppState>,
    id: Path<OrderId>,
) -> Answered<One<OrderJson>> {
    let cancel = CancelAnyOrder { order: *id, by: me.author() };
    Ok(order_or_accepted(&state.shop.orders.ask(cancel).await?))
}

/// `PUT /api/admin/orders/{id}/note`: replaces the note about an order; an empty text removes it.
pub async fn note_order(
    Admin(me): Admin,
    state: Data<AppState>,
    id: Path<OrderId>,
    Fields(NewNote { text }): Fields<NewNote>,
) -> Answered<One<AdminOrderJson>> {
    let note = NoteOrder { order: *id, text, by: me.author() };
    Ok(one(admin_order_json(&state.shop.orders.ask(note).await?)))
}

impl Resource for AdminOrderJson {
    const ONE: &'static str = "order";
    const MANY: &'static str = "orders";
}

impl Example for AdminOrderJson {
    fn example() -> Value {
        example::order().map(|order| json!(admin_order_json(&order))).unwrap_or_default()
    }
}

impl Example for ShippingResults {
    fn example() -> Value {
        json!({ "results": [{ "id": example::ID, "shipped": true }] })
    }
}

/// Converts an order into the JSON that administrators receive.
pub(super) fn admin_order_json(order: &Order) -> AdminOrderJson {
    AdminOrderJson {
        order: order_json(order),
        number: order.id.number(),
        stage: order.stage(),
        user_id: order.user,
        steps: order.steps.iter().map(step_json).collect(),
        note: order.note.clone(),
    }
}

fn step_json(Step { at, what, by }: &Step) -> StepJson {
    let (step, attempt, payment) = match *what {
        What::Placed => ("placed", None, None),
        What::Submitted { attempt } => ("submitted", Some(attempt), None),
        What::Answered { attempt, payment } => ("answered", Some(attempt), Some(payment)),
        What::CancellationRequested => ("cancellation_requested", None, None),
        What::RefundRequested => ("refund_requested", None, None),
        What::Cancelled => ("cancelled", None, None),
        What::Expired => ("expired", None, None),
        What::Shipped => ("shipped", None, None),
        What::Delivered => ("delivered", None, None),
        What::Refunded => ("refunded", None, None),
    };
    StepJson { at: *at, step, attempt, payment, by: by.clone() }
}
