//! How WebSockets are opened and closed, whichever actor serves them (RFC 6455).

use actix::{Actor, ActorContext, StreamHandler};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use actix_web_actors::ws::{
    CloseReason, Message, ProtocolError, WebsocketContext, WsResponseBuilder,
};

use super::close::{Close, Details};
use super::frame_limit::LimitedPayload;
use super::handshake;
use super::messages::MAX_MESSAGE;

/// Accepts a handshake and starts an actor that serves the connection.
///
/// Returns an error if the request is not a valid handshake.
pub fn open<A>(
    actor: A,
    protocols: &[&str],
    request: &HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, actix_web::Error>
where
    A: Actor<Context = WebsocketContext<A>> + StreamHandler<Result<Message, ProtocolError>>,
{
    handshake::check(request)?;
    let limited = LimitedPayload::new(payload, request.conn_data().copied());
    WsResponseBuilder::new(actor, request, limited)
        .protocols(protocols)
        // The decoder's own limit per frame; `LimitedPayload` refuses a frame before it is
        // buffered.
        .frame_size(MAX_MESSAGE)
        .start()
}

/// Sends a close frame and stops the actor.
pub fn hang_up<A>(close: Close, ctx: &mut WebsocketContext<A>)
where
    A: Actor<Context = WebsocketContext<A>>,
{
    let Details { code, word, .. } = close.details();
    ctx.close(Some(CloseReason { code: code.into(), description: Some(word.to_owned()) }));
    ctx.stop();
}

/// Answers a close by the client with its own code (section 5.5.1) and stops the actor.
pub fn echo_close<A>(reason: Option<CloseReason>, ctx: &mut WebsocketContext<A>)
where
    A: Actor<Context = WebsocketContext<A>>,
{
    ctx.close(reason.map(|CloseReason { code, .. }| code.into()));
    ctx.stop();
}
