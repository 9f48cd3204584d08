//! Live updates over WebSockets: JSON for programs, HTML fragments for pages.
//!
//! A handshake is refused if it comes from another origin that is not allowed (OWASP WebSocket
//! Security Cheat Sheet) or if no slot is available. Otherwise one `Socket` actor serves the
//! connection: it subscribes to the hub and sends what the client may see. `docs/protocol.md`
//! explains the protocol for programs.

use std::collections::BTreeSet;
use std::time::Duration;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::cart::Owner;
use domain::shown::Shown;
use domain::topic::Topic;
use serde::Deserialize;

use crate::auth::audit::{SecurityEvent, Source, record};
use crate::auth::browser::Visitor;
use crate::auth::{bearer, client, origin};
use crate::error::Problem;
use crate::error::code::Code;
use crate::query::Parameters;
use crate::sockets::tcp::Connection;
use crate::sockets::{NoSlot, Slot};
use crate::state::AppState;
use identity::Identity;
use page::Page;
use program::Program;
use socket::{Client, Socket};

pub mod asyncapi;
pub mod close;
mod frame;
mod frame_limit;
mod handshake;
mod identity;
pub mod messages;
mod page;
mod program;
mod socket;
mod spread;
pub mod upgrade;

/// The name of the JSON protocol, which a client may request (RFC 6455, section 1.9).
const PROTOCOL: &str = "microshop.v1";

/// The `Retry-After` of a handshake that is refused because no slot is available.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// What a page subscribes to, from the query of its URL.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageSubscription {
    /// Topics besides those of what the page shows, separated by commas.
    topics: String,
    /// What the page shows.
    #[serde(default)]
    shows: Shown,
    /// The last event that the page shows.
    since: u64,
    /// The visitor that the page was rendered for, as [`Visitor::tag`] returns it.
    visitor: Option<String>,
}

/// `GET /live`: opens a socket that updates a page with fragments.
pub async fn open_page_socket(
    visitor: Visitor,
    request: HttpRequest,
    Parameters(subscription): Parameters<PageSubscription>,
    payload: Payload,
) -> Result<HttpResponse, actix_web::Error> {
    origin::require_own_origin(&request)?;
    let topics = subscription.topics.split(',').map(parse_topic);
    let mut topics = topics.collect::<Result<BTreeSet<_>, _>>()?;
    let PageSubscription { shows: shown, since, .. } = subscription;
    topics.extend(shown.topics());
    let is_outdated = subscription.visitor.as_deref().is_some_and(|tag| visitor.outdates(tag));
    let Visitor { state, signed_in, owner, locale, .. } = visitor;
    let identity = Identity::new(owner.as_ref(), signed_in.as_ref());
    let slot = take_slot(&state, &identity, &request)?;
    slot.show(shown.name());
    let page = Page {
        state: state.clone(),
        locale,
        owner,
        signed_in,
        shown,
        since,
        articles: None,
        is_unsettled: None,
        bank_calls: 0,
        over_at: None,
        stages: None,
        today: None,
    };
    let source = Source::of(&request);
    let mut socket =
        Socket::new(state, slot, Client::Page(Box::new(page)), identity, source, topics);
    socket.is_outdated = is_outdated;
    upgrade::open(socket, &[PROTOCOL], &request, payload)
}

/// `GET /api/live`: opens a socket that sends JSON to a program.
///
/// The program is identified by an access token, else by the cookie of a session, else as a guest.
/// A page of another origin is identified by a token only: of the handshake, or of its first frame.
pub async fn open_program_socket(
    visitor: Visitor,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, actix_web::Error> {
    let is_foreign = origin::is_allowed_foreign_origin(&request)?;
    let visitor = if is_foreign { visitor.without_cookies() } else { visitor };
    // An invalid token is refused even if the request has a valid cookie.
    let signed_in = match bearer::authenticate_socket(&request) {
        Ok(signed_in) => Some(signed_in),
        Err(problem) if problem.code == Code::Unauthorized => visitor.signed_in,
        Err(problem) => return Err(problem.into()),
    };
    let awaits_token = is_foreign && signed_in.is_none();
    let user = signed_in.as_ref().map(|signed_in| Owner::User(signed_in.user));
    let owner = user.or(visitor.owner);
    let identity = Identity::new(owner.as_ref(), signed_in.as_ref());
    let slot = take_slot(&visitor.state, &identity, &request)?;
    let program = Program { state: visitor.state.clone(), owner };
    let client = Client::Program(program);
    let source = Source::of(&request);
    let mut socket = Socket::new(visitor.state, slot, client, identity, source, BTreeSet::new());
    socket.awaits_token = awaits_token;
    upgrade::open(socket, &[PROTOCOL], &request, payload)
}

fn parse_topic(name: &str) -> Result<Topic, Problem> {
    let topic = serde_json::from_value(name.into());
    topic.map_err(|_| {
        Problem::because(Code::InvalidQuery, format!("`{name}` is not a topic"))
            .about_parameter("topics")
    })
}

/// Takes a slot for the socket that the request opens.
fn take_slot(
    state: &Data<AppState>,
    identity: &Identity,
    request: &HttpRequest,
) -> Result<Slot, Problem> {
    let owner = identity.slot_owner();
    let address = client::network(request);
    // A slow client catches up from the log, so the kernel need not buffer much for it.
    let connection = request.conn_data().copied();
    connection.into_iter().for_each(Connection::limit_send_buffer);
    let now = state.shop.clock.moment();
    state.live.sockets.take_slot(owner, address, connection, now).map_err(|no_slot| {
        let code = match no_slot {
            NoSlot::Total => Code::Unavailable,
            NoSlot::PerOwner | NoSlot::PerAddress => Code::TooManyRequests,
        };
        // A store that fails has the same code, but leaves no line.
        let user = identity.signed_in.as_ref().map(|signed_in| signed_in.user);
        record(SecurityEvent::RequestRefused { code: code.word() }, request, user);
        Problem::new(code).retry_after(RETRY_AFTER)
    })
}
