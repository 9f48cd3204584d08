//! Live: WebSockets that tell what happens, as JSON to programs and as fragments to pages.

use std::collections::BTreeSet;
use std::time::Duration;

use actix_web::web::{Data, Payload, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::cart::Owner;
use domain::event::{Listener, Topic};
use serde::Deserialize;

use crate::auth::browser::Visitor;
use crate::auth::{bearer, origin};
use crate::credentials::SignedIn;
use crate::error::{Code, Problem};
use crate::sockets::tcp::Connection;
use crate::sockets::{Full, Holder, Seat};
use crate::state::AppState;
use page::Page;
use program::Program;
use socket::{Client, Socket};

pub mod asyncapi;
pub mod close;
mod frame;
mod frame_limit;
pub mod messages;
mod page;
mod program;
mod socket;
pub mod upgrade;

/// The name of the JSON protocol, as clients may ask for it (RFC 6455, section 1.9).
const PROTOCOL: &str = "microshop.v1";

/// When to come back to a shop that has no room for a socket.
const NO_ROOM: Duration = Duration::from_secs(10);

/// What a page listens to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// Topics, separated by commas.
    topics: String,
    /// The last event that the page shows.
    since: u64,
}

/// `GET /live`: what concerns a page, as fragments.
pub async fn page(
    visitor: Visitor,
    request: HttpRequest,
    shown: Query<Shown>,
    stream: Payload,
) -> Result<HttpResponse, actix_web::Error> {
    own_origin(&request)?;
    let topics = shown.topics.split(',').map(topic).collect::<Result<BTreeSet<_>, _>>()?;
    let Visitor { state, signed_in, owner, locale, .. } = visitor;
    let listener = listener(owner.clone(), signed_in.as_ref());
    let seat = seat(&state, &listener, signed_in.as_ref(), &request)?;
    let (signed, since) = (signed_in.clone(), shown.since);
    let page = Page { state: state.clone(), locale, owner, signed_in, since, in_cart: None };
    open(Socket::new(state, seat, Client::Page(page), listener, signed, topics), &request, stream)
}

/// `GET /api/live`: what concerns a program, as JSON; guests may listen to the catalogue.
pub async fn program(
    visitor: Visitor,
    request: HttpRequest,
    stream: Payload,
) -> Result<HttpResponse, actix_web::Error> {
    own_origin(&request)?;
    let signed_in = match bearer::check(&request) {
        Ok(me) => Some(me),
        Err(problem) if problem.code == Code::Unauthorized => visitor.signed_in,
        Err(problem) => return Err(problem.into()),
    };
    let owner = signed_in.as_ref().map_or(visitor.owner, |me| Owner::User(me.user));
    let listener = listener(owner.clone(), signed_in.as_ref());
    let seat = seat(&visitor.state, &listener, signed_in.as_ref(), &request)?;
    let program = Program { state: visitor.state.clone(), owner };
    let nothing_yet = BTreeSet::new();
    open(
        Socket::new(
            visitor.state,
            seat,
            Client::Program(program),
            listener,
            signed_in,
            nothing_yet,
        ),
        &request,
        stream,
    )
}

fn listener(owner: Owner, signed_in: Option<&SignedIn>) -> Listener {
    Listener { owner, role: signed_in.map(|me| me.role) }
}

/// Pages of other sites must not listen with the visitor's cookie (OWASP WebSocket Cheat Sheet).
fn own_origin(request: &HttpRequest) -> Result<(), Problem> {
    if origin::is_own_origin(request) == Some(false) {
        Err(Problem::new(Code::CrossOrigin))
    } else {
        Ok(())
    }
}

fn topic(name: &str) -> Result<Topic, Problem> {
    let known = serde_json::from_value(name.into());
    known.map_err(|_| Problem::because(Code::InvalidQuery, format!("there is no topic {name}")))
}

/// A place for a socket, if there is one.
fn seat(
    state: &Data<AppState>,
    listener: &Listener,
    signed_in: Option<&SignedIn>,
    request: &HttpRequest,
) -> Result<Seat, Problem> {
    let holder = signed_in
        .map_or_else(|| Holder::Guest(listener.owner.clone()), |me| Holder::Session(me.session));
    let connection = request.conn_data().copied();
    connection.into_iter().for_each(Connection::keep_little);
    state.live.sockets.seat(holder, connection, state.shop.clock.now()).map_err(|full| {
        let code = match full {
            Full::Here => Code::Unavailable,
            Full::Holder => Code::TooManyRequests,
        };
        Problem::new(code).retry_after(NO_ROOM)
    })
}

fn open(
    socket: Socket,
    request: &HttpRequest,
    stream: Payload,
) -> Result<HttpResponse, actix_web::Error> {
    upgrade::open(socket, &[PROTOCOL], request, stream)
}
