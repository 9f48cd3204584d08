//! One WebSocket: listens for its client, and tells it in its own way.
//!
//! Owns: what its client listens to.
//! Serves: a page, or a program.
//! Tells: the hub what to listen to.
//! Restart: never; its client comes back, and is told what it missed.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, AsyncContext, Handler, Running, StreamHandler};
use actix_web::web::Data;
use actix_web_actors::ws::{CloseCode, Message, ProtocolError, WebsocketContext};
use actors::live::{Backlog, Encoding, Hub, Leave, Push, PushedEvent};
use bytestring::ByteString;
use domain::event::{Channel, Event, Listener, Topic};
use jiff::Timestamp;

use super::frame::{self, Answer};
use super::messages::{Heard, Reader};
use super::page::Page;
use super::program::Program;
use super::upgrade::{echo_close, hang_up};
use crate::credentials::SignedIn;
use crate::sockets::Seat;
use crate::state::AppState;
use subscribe::Beginning;

mod command;
mod liveness;
mod subscribe;

/// How many pushes may wait for a socket before it reads on from the log instead.
const BACKLOG: usize = 256;

/// How often a socket looks whether it should still be open.
const WATCH: Duration = Duration::from_secs(1);

/// Who is told, and how.
pub(super) enum Client {
    /// A page: fragments.
    Page(Page),
    /// A program: JSON.
    Program(Program),
}

/// The actor behind one WebSocket.
pub(super) struct Socket {
    state: Data<AppState>,
    seat: Seat,
    reader: Reader,
    client: Client,
    listener: Listener,
    signed_in: Option<SignedIn>,
    topics: BTreeSet<Topic>,
    /// The hub that tells the socket.
    hub: Option<Addr<Hub>>,
    backlog: Arc<Backlog>,
    /// What is to be told first, as soon as the hub tells.
    beginning: Option<Beginning>,
    /// What the client has said since, to be obeyed after that.
    unheard: VecDeque<ByteString>,
    heard_at: Timestamp,
    pinged_at: Timestamp,
}

type Context = WebsocketContext<Socket>;

impl Socket {
    /// A socket that is about to open, and listens to some topics from the beginning.
    pub(super) fn new(
        state: Data<AppState>,
        seat: Seat,
        client: Client,
        listener: Listener,
        signed_in: Option<SignedIn>,
        topics: BTreeSet<Topic>,
    ) -> Self {
        let now = state.shop.clock.now();
        Self {
            reader: Reader::new(state.live.frames),
            state,
            seat,
            client,
            listener,
            signed_in,
            topics,
            hub: None,
            backlog: Arc::default(),
            beginning: None,
            unheard: VecDeque::new(),
            heard_at: now,
            pinged_at: now,
        }
    }
}

impl Actor for Socket {
    type Context = Context;

    fn started(&mut self, ctx: &mut Context) {
        ctx.set_mailbox_capacity(BACKLOG);
        ctx.run_interval(WATCH, Self::watch);
        // Whoever was signed in when the page was drawn may not be any more.
        if self.topics.iter().any(|topic| self.listener.channel(*topic).is_none()) {
            return self.close(CloseCode::Policy, "unauthorized", ctx);
        }
        self.listen(self.topics.clone(), None, ctx);
    }

    fn stopping(&mut self, _: &mut Context) -> Running {
        self.state.shop.hub.notify(Leave { listener: self.seat.number });
        Running::Stop
    }
}

impl StreamHandler<Result<Message, ProtocolError>> for Socket {
    fn handle(&mut self, frame: Result<Message, ProtocolError>, ctx: &mut Context) {
        self.heard_at = self.state.shop.clock.now();
        match self.reader.read(frame, self.heard_at) {
            Heard::Close(reason) => echo_close(reason, ctx),
            Heard::Text(text) => self.hear(text, ctx),
            Heard::Ping(content) => ctx.pong(&content),
            Heard::Nothing => {}
            Heard::Binary(_) => self.close(CloseCode::Unsupported, "text only", ctx),
            Heard::Wrong(code, word) => self.close(code, word, ctx),
        }
    }
}

impl Handler<Push> for Socket {
    type Result = ();

    fn handle(&mut self, push: Push, ctx: &mut Context) {
        self.backlog.took_one();
        match push {
            Push::From { told, position } => self.begin(told, position, ctx),
            Push::Happened(change) if self.is_my_end(&change.entry.event) => {
                self.close(CloseCode::Policy, "revoked", ctx);
            }
            Push::Happened(change) => self.tell(change, ctx),
            Push::Goodbye => self.close(CloseCode::Restart, "restarting", ctx),
        }
    }
}

impl Socket {
    fn tell(&mut self, change: Arc<PushedEvent>, ctx: &mut Context) {
        let Some(topic) = self.topic_of(&change) else { return };
        match &self.client {
            Client::Program(_) if topic != change.topic => {
                self.send(frame::event(topic, &change.entry), ctx)
            }
            Client::Program(_) => {
                self.send(change.frame(Encoding::Json, || frame::event(topic, &change.entry)), ctx)
            }
            Client::Page(page) => {
                let drawn = page.at_once(&change);
                let page = page.clone();
                self.send(drawn, ctx);
                self.redraw(page.after(change.clone()), ctx);
            }
        }
        self.state.live.told(change.entry.at, self.state.shop.clock.now());
    }

    /// The topic under which the client hears of a change: another one than the hub's if it has just let go of that.
    fn topic_of(&self, change: &PushedEvent) -> Option<Topic> {
        if self.topics.contains(&change.topic) {
            return Some(change.topic);
        }
        let mut channels = change.entry.event.channels().into_iter();
        let mine = |told: &Channel| {
            self.topics.contains(&told.topic)
                && self.listener.channel(told.topic).as_ref() == Some(told)
        };
        channels.find(mine).map(|told| told.topic)
    }

    /// Sends a frame, unless there is nothing in it.
    fn send(&self, frame: impl Into<ByteString>, ctx: &mut Context) {
        let frame = frame.into();
        if !frame.is_empty() {
            self.state.live.sent(frame.len());
            ctx.text(frame);
        }
    }

    fn is_my_end(&self, event: &Event) -> bool {
        match (event, &self.signed_in) {
            (Event::SessionEnded { session, .. }, Some(me)) => *session == me.session,
            _ => false,
        }
    }

    /// Closes; programs are told in a last frame what the code and the word are, and when to come back.
    fn close(&self, code: CloseCode, reason: &'static str, ctx: &mut Context) {
        if matches!(self.client, Client::Program(_)) {
            let come_back = matches!(code, CloseCode::Restart | CloseCode::Again | CloseCode::Away);
            let retry_after_ms = come_back.then(|| self.come_back_after());
            self.send(
                frame::answer(&Answer::Bye { code: code.into(), reason, retry_after_ms }),
                ctx,
            );
        }
        hang_up(code, reason, ctx);
    }

    /// In how many milliseconds to come back: not everybody at once.
    fn come_back_after(&self) -> u64 {
        500 + self.seat.number.wrapping_mul(0x9e37_79b9) % 4_500
    }
}
