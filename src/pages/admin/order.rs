//! The pages of all orders, of one order, and of what is printed for it.

use actix::{Handler, Message};
use actix_web::{HttpRequest, HttpResponse};
use actors::failure::Failure;
use actors::order::{
    CancelAnyOrder, DeliverOrder, GetAnyOrder, IdempotencyKey, NoteOrder, OrderDesk, PageAllOrders,
    RefundOrder, ShipOrder,
};
use actors::user::GetUser;
use domain::order::stage::{Stage, StageCounts};
use domain::order::{Order, OrderError, OrderId};
use domain::search::Search;
use domain::shown::Shown;
use domain::user::{User, UserError};
use futures_util::future::join_all;
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;
use views::admin::order::detail::{self, OrderPage};
use views::admin::order::sheet::{Sheet, sheet};
use views::admin::order::{Choice, list, search_form};
use views::locale::Locale;

use crate::auth::browser::{Administrator, Member, Visitor};
use crate::error::Problem;
use crate::error::code::Code;
use crate::flash::addresses::see_other;
use crate::flash::shipment::Shipment;
use crate::form::Form;
use crate::html::is_htmx;
use crate::pages::{render_fragments, render_page, render_titled_page, respond};
use crate::path::Path;
use crate::query::Parameters;
use crate::state::AppState;

/// The most orders that a page of the list shows.
const LISTED: usize = 50;

/// Which orders the page shows.
#[derive(Deserialize)]
pub struct OrdersQuery {
    /// The stage; `None` for any.
    status: Option<Stage>,
    /// What is searched.
    #[serde(default)]
    q: String,
    /// The order after which the page starts; `None` is the first page.
    after: Option<OrderId>,
}

/// The fields of the form for a note.
#[derive(Deserialize)]
pub struct NoteForm {
    text: String,
}

/// `GET /admin/orders`: shows a page of all orders, by stage or by a search.
pub async fn show_orders(
    Administrator(Member { visitor, .. }): Administrator,
    Parameters(query): Parameters<OrdersQuery>,
) -> Result<HttpResponse, Problem> {
    let choice = Choice { stage: query.status, search: Search::new(&query.q) };
    let shown = Shown::DeskOrders(choice.stage, query.after, choice.search);
    render_page(&visitor, "page-desk-orders", shown, async {
        let orders = render_orders(&visitor.state, visitor.locale, &choice, query.after).await?;
        Ok(html! { (search_form(visitor.locale, &choice)) (orders) })
    })
    .await
}

/// Renders a page of all orders.
pub async fn render_orders(
    state: &AppState,
    locale: Locale,
    choice: &Choice,
    after: Option<OrderId>,
) -> Result<Markup, Problem> {
    let search = choice.search.text().to_owned();
    let page = PageAllOrders { stage: choice.stage, search, after, limit: LISTED };
    let page = state.shop.orders.ask(page).await?;
    let counts = stages(state);
    Ok(list(locale, choice, &page, |stage| counts.of(stage)))
}

/// Returns the number of orders in each stage.
pub fn stages(state: &AppState) -> StageCounts {
    state.shop.counts.get().totals.standing.stages
}

/// `POST /admin/orders/ship`: marks several orders as shipped, and says which could not be.
pub async fn ship_orders(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let values = |name: &'static str| {
        let named = move |(key, _): &&(String, String)| key == name;
        fields.iter().filter(named).map(|(_, value)| value.as_str())
    };
    let ids: Option<Vec<_>> =
        values("order").map(|id| Uuid::parse_str(id).ok().map(OrderId)).collect();
    let ids = ids.ok_or_else(|| Problem::new(Code::MalformedForm))?;
    let ships = ids.iter().map(async |id| {
        let ship = ShipOrder { order: *id, by: me.author() };
        (*id, visitor.state.shop.orders.ask(ship).await.map_err(Problem::from))
    });
    let mut shipment = Shipment::default();
    for (id, shipped) in join_all(ships).await {
        shipment.add(id, shipped.err());
    }
    // The address is one of the list, whatever the form says.
    let back = values("back").next().and_then(|back| back.split_once('?')).map(|(_, query)| query);
    let page = back.map_or("/admin/orders".to_owned(), |query| format!("/admin/orders?{query}"));
    if !is_htmx(&request) {
        visitor.flash.report(shipment);
        return Ok(see_other(&page));
    }
    // The push draws the list again.
    let (kind, text) = shipment.notice(visitor.locale);
    Ok(respond(&visitor, &[], kind, &text))
}

/// `GET /admin/orders/{id}`: shows an order.
pub async fn show_order(
    Administrator(Member { visitor, .. }): Administrator,
    id: Path<OrderId>,
) -> Result<HttpResponse, Problem> {
    let title = views::order::title(visitor.locale, *id);
    render_titled_page(&visitor, &title, Shown::DeskOrder(*id), async {
        let order = visitor.state.shop.orders.ask(GetAnyOrder(*id)).await?;
        render_order(&visitor.state, visitor.locale, &order).await
    })
    .await
}

/// Renders an order with its buyer.
pub async fn render_order(
    state: &AppState,
    locale: Locale,
    order: &Order,
) -> Result<Markup, Problem> {
    let buyer = buyer_of(state, order).await?;
    let articles = state.shop.snapshot.articles();
    let page = OrderPage { order, buyer: buyer.as_ref(), articles: &articles };
    Ok(detail::panel(locale, &page))
}

/// `POST /admin/orders/{id}/ship`: marks a paid order as shipped.
pub async fn ship_order(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
    id: Path<OrderId>,
) -> Result<HttpResponse, Problem> {
    let ship = ShipOrder { order: *id, by: me.author() };
    change(&visitor, &request, ship, "notice-order-shipped").await
}

/// `POST /admin/orders/{id}/deliver`: marks a shipped order as delivered.
pub async fn deliver_order(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
    id: Path<OrderId>,
) -> Result<HttpResponse, Problem> {
    let deliver = DeliverOrder { order: *id, by: me.author() };
    change(&visitor, &request, deliver, "notice-order-delivered").await
}

/// `POST /admin/orders/{id}/refund`: asks the bank to refund an order.
pub async fn refund_order(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
    id: Path<OrderId>,
) -> Result<HttpResponse, Problem> {
    // An order is refunded once, so its id is key enough.
    let text = format!("refund {id}");
    let idempotency_key = IdempotencyKey { key: text.clone(), fingerprint: text };
    let by = me.author();
    let refund = RefundOrder { order: *id, idempotency_key, patience: None, by };
    change(&visitor, &request, refund, "notice-order-refunding").await
}

/// `POST /admin/orders/{id}/cancel`: cancels an unpaid order, if need be once the bank has decided.
pub async fn cancel_order(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
    id: Path<OrderId>,
) -> Result<HttpResponse, Problem> {
    let cancel = CancelAnyOrder { order: *id, by: me.author() };
    change(&visitor, &request, cancel, "notice-order-cancelled").await
}

/// `POST /admin/orders/{id}/note`: replaces the note about an order.
pub async fn note_order(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
    id: Path<OrderId>,
    Form(NoteForm { text }): Form<NoteForm>,
) -> Result<HttpResponse, Problem> {
    let note = NoteOrder { order: *id, text, by: me.author() };
    change(&visitor, &request, note, "notice-order-noted").await
}

/// `GET /admin/orders/{id}/slip`: shows the packing slip.
pub async fn show_slip(
    administrator: Administrator,
    id: Path<OrderId>,
) -> Result<HttpResponse, Problem> {
    show_sheet(administrator, *id, Sheet::Slip).await
}

/// `GET /admin/orders/{id}/invoice`: shows the invoice.
pub async fn show_invoice(
    administrator: Administrator,
    id: Path<OrderId>,
) -> Result<HttpResponse, Problem> {
    show_sheet(administrator, *id, Sheet::Invoice).await
}

async fn show_sheet(
    Administrator(Member { visitor, .. }): Administrator,
    id: OrderId,
    kind: Sheet,
) -> Result<HttpResponse, Problem> {
    render_page(&visitor, kind.name(), Shown::Nothing, async {
        let order = visitor.state.shop.orders.ask(GetAnyOrder(id)).await?;
        Ok(sheet(visitor.locale, &order, kind))
    })
    .await
}

/// Returns the buyer of an order; `None` if the user was deleted.
async fn buyer_of(state: &AppState, order: &Order) -> Result<Option<User>, Problem> {
    match state.shop.users.ask(GetUser(order.user)).await {
        Ok(account) => Ok(Some(account.user)),
        Err(Failure::Refused(UserError::Unknown)) => Ok(None),
        Err(failure) => Err(failure.into()),
    }
}

/// Sends a command that changes an order, and answers with the order.
async fn change<M>(
    visitor: &Visitor,
    request: &HttpRequest,
    command: M,
    notice: &str,
) -> Result<HttpResponse, Problem>
where
    OrderDesk: Handler<M>,
    M: Message<Result = Result<Order, Failure<OrderError>>> + Clone + Send + 'static,
{
    let order = visitor.state.shop.orders.ask(command).await?;
    let panel = render_order(&visitor.state, visitor.locale, &order).await?;
    let fragments = [(&*format!("desk-order-{}", order.id), panel)];
    let page = format!("/admin/orders/{}", order.id);
    Ok(render_fragments(visitor, request, &fragments, notice, &page))
}
