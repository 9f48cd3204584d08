//! Echoes every message on the shop's own socket stack and within its limits, so that others can test that stack:
//! `wstest -m fuzzingclient` of the Autobahn test-suite with `ws://127.0.0.1:9001` as its server.

use std::io;
use std::time::Duration;

use actix::{Actor, StreamHandler};
use actix_web::web::{Payload, get};
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer};
use actix_web_actors::ws::{Message, ProtocolError, WebsocketContext};
use actors::clock::Clock;
use microshop::live::messages::{Heard, Reader};
use microshop::live::upgrade;
use microshop::sockets::tcp::Connection;

/// Frames that a client may send in a second; the shop's default leaves test-suites too few.
const FRAMES: u32 = 10_000;

/// How long a client may take nothing.
const STANDSTILL: Duration = Duration::from_secs(30);

struct Echo {
    reader: Reader,
    clock: Clock,
}

impl Actor for Echo {
    type Context = WebsocketContext<Self>;
}

impl StreamHandler<Result<Message, ProtocolError>> for Echo {
    fn handle(&mut self, frame: Result<Message, ProtocolError>, ctx: &mut Self::Context) {
        match self.reader.read(frame, self.clock.now()) {
            Heard::Close(reason) => upgrade::echo_close(reason, ctx),
            Heard::Text(text) => ctx.text(text),
            Heard::Binary(bytes) => ctx.binary(bytes),
            Heard::Ping(content) => ctx.pong(&content),
            Heard::Nothing => {}
            Heard::Wrong(code, word) => upgrade::hang_up(code, word, ctx),
        }
    }
}

async fn echo(request: HttpRequest, payload: Payload) -> Result<HttpResponse, Error> {
    let echo = Echo { reader: Reader::new(FRAMES), clock: Clock::default() };
    upgrade::open(echo, &[], &request, payload)
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    let server = HttpServer::new(|| App::new().route("/{path:.*}", get().to(echo)));
    let server =
        server.on_connect(|connection, data| Connection::watch_over(connection, STANDSTILL, data));
    server.bind("127.0.0.1:9001")?.run().await
}
