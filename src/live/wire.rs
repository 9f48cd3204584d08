//! How WebSockets are opened and closed, whoever is behind them (RFC 6455).

use std::time::Duration;

use actix::{Actor, ActorContext, AsyncContext, StreamHandler};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use actix_web_actors::ws::{CloseCode, CloseReason, Message, ProtocolError, WebsocketContext, WsResponseBuilder};

use super::reader::{MAX_MESSAGE, Reader};

/// How long the other side has to hear that it is closed before the connection ends.
const GRACE: Duration = Duration::from_millis(500);

/// Answers a handshake by starting an actor that reads what its reader meters.
pub fn open<A>(
    actor: A,
    reader: impl FnOnce(&A) -> &Reader,
    protocols: &[&str],
    request: &HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, actix_web::Error>
where
    A: Actor<Context = WebsocketContext<A>> + StreamHandler<Result<Message, ProtocolError>>,
{
    let metered = reader(&actor).meter(payload);
    WsResponseBuilder::new(actor, request, metered).protocols(protocols).frame_size(MAX_MESSAGE).start()
}

/// Closes with a code and a word, and ends the connection when the other side can have heard it.
pub fn hang_up<A>(code: CloseCode, word: &str, ctx: &mut WebsocketContext<A>)
where
    A: Actor<Context = WebsocketContext<A>>,
{
    ctx.close(Some(CloseReason { code, description: Some(word.to_owned()) }));
    ctx.run_later(GRACE, |_, ctx| ctx.stop());
}

/// Closes because of a frame; to be called where it was read. What comes after it is not read.
pub fn refuse<A>(code: CloseCode, word: &str, ctx: &mut WebsocketContext<A>)
where
    A: Actor<Context = WebsocketContext<A>>,
{
    hang_up(code, word, ctx);
    // Asked again, the decoder says the same of the same bytes without end.
    ctx.cancel_future(ctx.handle());
}

/// Answers a close with its own code (section 5.5.1), and ends the connection.
pub fn echo_close<A>(reason: Option<CloseReason>, ctx: &mut WebsocketContext<A>)
where
    A: Actor<Context = WebsocketContext<A>>,
{
    ctx.close(reason.map(|CloseReason { code, .. }| code.into()));
    ctx.stop();
}
