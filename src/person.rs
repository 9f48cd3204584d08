//! What the shop keeps of a person, as one JSON object (GDPR, articles 15 and 20).
//!
//! It has no secret: no password, token or cookie, and no hash of one.

use actix_web::http::header::{
    CONTENT_DISPOSITION, ContentDisposition, DispositionParam, DispositionType,
};
use actors::cart::GetCart;
use actors::cart::registry::ToCart;
use actors::order::ListOrders;
use actors::session::ListSessions;
use actors::user::{KnownNetworksOf, ReportUser};
use domain::cart::Owner;
use domain::event::filter::{Filter, Subject};
use domain::network::Network;
use domain::user::UserId;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::answer::{Answer, Answered, Example};
use crate::error::Problem;
use crate::error::code::Code;
use crate::objects::data::CartSummary;
use crate::objects::event::{EventFrame, ServerFrame, detailed_frame};
use crate::objects::example;
use crate::objects::order::{OrderJson, order_json};
use crate::objects::session::{SessionJson, session_json};
use crate::objects::user::{UserReportJson, report_json};
use crate::state::AppState;

/// How many orders are read at once.
const PAGE: usize = 100;

/// The most events of the log, the newest ones.
const EVENTS: usize = 100;

/// What the shop keeps of a person.
#[derive(Serialize, JsonSchema)]
pub struct Export {
    exported_at: Timestamp,
    user: UserReportJson,
    cart: CartSummary,
    /// Every order, newest first.
    orders: Vec<OrderJson>,
    /// The open sessions.
    sessions: Vec<SessionJson>,
    /// The networks from which the user has signed in.
    networks: Vec<NetworkJson>,
    /// The newest events about the user that the log still has.
    events: Vec<ServerFrame<EventFrame>>,
}

/// A network from which a user has signed in.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Network")]
struct NetworkJson {
    network: String,
    /// The last sign-in, to within a day.
    last_sign_in_at: Timestamp,
}

/// Answers with what is kept of a user, as a file to save.
pub async fn export(state: &AppState, user: UserId) -> Answered<Export> {
    let shop = &state.shop;
    let report = shop.users.ask(ReportUser(user)).await?;
    let cart = shop.carts.ask(ToCart(Owner::User(user), GetCart)).await?;
    let sessions = shop.sessions.ask(ListSessions(user)).await?;
    let networks = shop.users.ask(KnownNetworksOf(user)).await?;
    let export = Export {
        exported_at: shop.clock.now(),
        user: report_json(&report),
        cart: (&cart).into(),
        orders: orders_of(state, user).await?,
        sessions: sessions.iter().map(session_json).collect(),
        networks: networks.sign_ins().map(network_json).collect(),
        events: events_of(state, user).await?,
    };
    let file = DispositionParam::Filename(format!("user-{user}.json"));
    let disposition =
        ContentDisposition { disposition: DispositionType::Attachment, parameters: vec![file] };
    Ok(Answer::ok(export).with_header(CONTENT_DISPOSITION, disposition))
}

impl Example for Export {
    fn example() -> Value {
        let cart: CartSummary = (&example::cart()).into();
        json!({
            "exported_at": example::NOW,
            "user": UserReportJson::example(),
            "cart": cart,
            "orders": [OrderJson::example()],
            "sessions": [],
            "networks": [{ "network": "192.0.2.0/24", "last_sign_in_at": example::NOW }],
            "events": [],
        })
    }
}

fn network_json((network, last_sign_in_at): (Network, Timestamp)) -> NetworkJson {
    NetworkJson { network: network.to_string(), last_sign_in_at }
}

/// Returns every order of a user, read page by page.
async fn orders_of(state: &AppState, user: UserId) -> Result<Vec<OrderJson>, Problem> {
    let mut orders = Vec::new();
    let mut after = None;
    loop {
        let page =
            state.shop.orders.ask(ListOrders { user, status: None, after, limit: PAGE }).await?;
        let Some(last) = page.last() else { return Ok(orders) };
        after = Some(last.id);
        orders.extend(page.iter().map(order_json));
    }
}

/// Returns the newest events about a user and what belongs to the user.
async fn events_of(
    state: &AppState,
    user: UserId,
) -> Result<Vec<ServerFrame<EventFrame>>, Problem> {
    let shop = &state.shop;
    let filter = Filter { kind: None, subject: Some(Subject::Id(user.0)) };
    let position = *shop.position.borrow();
    let section = shop.replays.section_before(u64::MAX, filter, EVENTS, position).await;
    let section = section.map_err(|error| Problem::because(Code::Unavailable, error))?;
    Ok(section.entries.iter().map(|entry| detailed_frame(entry)).collect())
}
