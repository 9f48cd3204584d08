//! Live: WebSockets that tell what happens, as JSON to programs and as fragments to pages.

use std::collections::BTreeSet;

use actix_web::web::{Payload, Query};
use actix_web::{HttpRequest, HttpResponse};
use actix_web_actors::ws::WsResponseBuilder;
use domain::cart::Owner;
use domain::event::{Listener, Topic};
use serde::Deserialize;

use crate::auth::browser::Visitor;
use crate::auth::{SignedIn, bearer, origin};
use crate::error::{Code, Problem};
use page::Page;
use program::Program;
use socket::{Client, Socket};

mod frame;
mod page;
mod program;
mod socket;

/// The name of the JSON protocol, as clients may ask for it (RFC 6455, section 1.9).
const PROTOCOL: &str = "microshop.v1";

/// The largest frame a client may send, in bytes.
const MAX_FRAME: usize = 16 * 1024;

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
    let Visitor { site, signed_in, owner, locale, .. } = visitor;
    let listener = listener(owner.clone(), signed_in.as_ref());
    let (signed, since) = (signed_in.clone(), shown.since);
    let page = Page { site: site.clone(), locale, owner, signed_in, since, in_cart: None };
    let socket = Socket::new(site, Client::Page(page), listener, signed).listening_to(topics);
    open(socket, &request, stream)
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
    let program = Program { site: visitor.site.clone(), owner };
    open(Socket::new(visitor.site, Client::Program(program), listener, signed_in), &request, stream)
}

fn listener(owner: Owner, signed_in: Option<&SignedIn>) -> Listener {
    Listener { owner, role: signed_in.map(|me| me.role) }
}

/// Pages of other sites must not listen with the visitor's cookie (OWASP WebSocket Cheat Sheet).
fn own_origin(request: &HttpRequest) -> Result<(), Problem> {
    if origin::is_own_origin(request) == Some(false) { Err(Problem::new(Code::CrossOrigin)) } else { Ok(()) }
}

fn topic(name: &str) -> Result<Topic, Problem> {
    let known = serde_json::from_value(name.into());
    known.map_err(|_| Problem::because(Code::InvalidQuery, format!("there is no topic {name}")))
}

fn open(socket: Socket, request: &HttpRequest, stream: Payload) -> Result<HttpResponse, actix_web::Error> {
    WsResponseBuilder::new(socket, request, stream).protocols(&[PROTOCOL]).frame_size(MAX_FRAME).start()
}
