//! Echoes every message through the shop's own WebSocket code and limits, to test them with an
//! external suite: `wstest -m fuzzingclient` of Autobahn, with `ws://127.0.0.1:9001` as its server.

use std::io;
use std::time::Duration;

use actix::{Actor, StreamHandler};
use actix_web::web::{Payload, get};
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer};
use actix_web_actors::ws::{Message, ProtocolError, WebsocketContext};
use actors::clock::Clock;
use microshop::live::messages::{ClientMessage, MessageReader};
use microshop::live::upgrade;
use microshop::sockets::tcp::Connection;

/// How many frames a client may send per second; the shop's default is too low for test suites.
const FRAMES: u32 = 10_000;

/// How long a client may acknowledge nothing.
const STANDSTILL: Duration = Duration::from_secs(30);

struct Echo {
    reader: MessageReader,
    clock: Clock,
}

impl Actor for Echo {
    type Context = WebsocketContext<Self>;
}

impl StreamHandler<Result<Message, ProtocolError>> for Echo {
    fn handle(&mut self, frame: Result<Message, ProtocolError>, ctx: &mut Self::Context) {
        match self.reader.read(frame, self.clock.moment()) {
            ClientMessage::Close(reason) => upgrade::echo_close(reason, ctx),
            ClientMessage::Text(text) => ctx.text(text),
            ClientMessage::Binary(bytes) => ctx.binary(bytes),
            ClientMessage::Ping(content) => ctx.pong(&content),
            ClientMessage::Nothing => {}
            ClientMessage::Invalid(close) => upgrade::hang_up(close, ctx),
        }
    }
}

async fn echo(request: HttpRequest, payload: Payload) -> Result<HttpResponse, Error> {
    let echo = Echo { reader: MessageReader::new(FRAMES), clock: Clock::default() };
    upgrade::open(echo, &[], &request, payload)
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    let server = HttpServer::new(|| App::new().route("/{path:.*}", get().to(echo)));
    let server =
        server.on_connect(|connection, data| Connection::watch_over(connection, STANDSTILL, data));
    server.bind("127.0.0.1:9001")?.run().await
}
