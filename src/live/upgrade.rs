//! How WebSockets are opened and closed, whoever is behind them (RFC 6455).

use actix::{Actor, ActorContext, StreamHandler};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use actix_web_actors::ws::{
    CloseCode, CloseReason, Message, ProtocolError, WebsocketContext, WsResponseBuilder,
};

use super::frame_limit::Incoming;
use super::messages::MAX_MESSAGE;

/// Answers a handshake by starting an actor.
pub fn open<A>(
    actor: A,
    protocols: &[&str],
    request: &HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, actix_web::Error>
where
    A: Actor<Context = WebsocketContext<A>> + StreamHandler<Result<Message, ProtocolError>>,
{
    let incoming = Incoming::new(payload, request.conn_data().copied());
    WsResponseBuilder::new(actor, request, incoming)
        .protocols(protocols)
        .frame_size(MAX_MESSAGE)
        .start()
}

/// Closes with a code and a word.
pub fn hang_up<A>(code: CloseCode, word: &str, ctx: &mut WebsocketContext<A>)
where
    A: Actor<Context = WebsocketContext<A>>,
{
    ctx.close(Some(CloseReason { code, description: Some(word.to_owned()) }));
    ctx.stop();
}

/// Answers a close with its own code (section 5.5.1).
pub fn echo_close<A>(reason: Option<CloseReason>, ctx: &mut WebsocketContext<A>)
where
    A: Actor<Context = WebsocketContext<A>>,
{
    ctx.close(reason.map(|CloseReason { code, .. }| code.into()));
    ctx.stop();
}
