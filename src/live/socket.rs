//! One WebSocket: receives commands from its client and sends what the client subscribes to.
//!
//! Owns: the subscribed topics, the commands that wait.
//! Serves: one page or one program.
//! Publishes: nothing. It subscribes to the hub.
//! Restart: never. The client reconnects and receives what it missed.
//!
//! A slow client delays no other. When its mailbox is full, the hub stops pushing to it; when the
//! client reads again, the socket subscribes again and reads the missed events from the log.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, AsyncContext, Handler, Running, StreamHandler};
use actix_web::web::Data;
use actix_web_actors::ws::{Message, ProtocolError, WebsocketContext};
use actors::live::backlog::Backlog;
use actors::live::push::{Encoding, Push, PushedEvent};
use actors::live::{Hub, Unsubscribe};
use bytestring::ByteString;
use domain::moment::Moment;
use domain::topic::Topic;

use super::close::Close;
use super::frame::{self, event_frame};
use super::identity::Identity;
use super::messages::{ClientMessage, MessageReader};
use super::page::{Page, Redraw};
use super::program::Program;
use super::spread::spread;
use super::upgrade::{echo_close, hang_up};
use crate::auth::audit::{SecurityEvent, Source};
use crate::sockets::Slot;
use crate::state::AppState;
use first_token::TOKEN_TIMEOUT;
use redraw::{SOON, SPREAD};
use subscribe::PendingSubscription;

mod command;
mod first_token;
mod liveness;
mod redraw;
mod subscribe;

/// How many pushes may wait for a socket before the hub stops pushing to it, and how many commands.
const BACKLOG: usize = 256;

/// The interval between checks whether the socket may stay open.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The kind of a client, which decides about its frames.
pub(super) enum Client {
    /// A page, which receives HTML fragments.
    Page(Box<Page>),
    /// A program, which receives JSON.
    Program(Program),
}

/// The actor that serves one WebSocket.
pub(super) struct Socket {
    state: Data<AppState>,
    /// Counts against the limits until the actor is dropped.
    slot: Slot,
    reader: MessageReader,
    client: Client,
    identity: Identity,
    /// Where refused commands come from, for the log of security.
    source: Source,
    /// Whether the first frame must bring the access token that identifies the client.
    pub(super) awaits_token: bool,
    /// Whether the page was rendered for another visitor than the one who opens the socket.
    pub(super) is_outdated: bool,
    /// The subscribed topics. Invariant: the identity allows each of them.
    topics: BTreeSet<Topic>,
    /// The hub that pushes to this socket. It is another one after a restart of the hub.
    hub: Option<Addr<Hub>>,
    /// Counts the pushes that wait in the mailbox, and holds the first one that did not fit.
    backlog: Arc<Backlog>,
    /// The subscription that is in progress.
    pending: Option<PendingSubscription>,
    /// The commands received in the meantime, which are carried out after it.
    commands: VecDeque<ByteString>,
    /// Whether the page will be redrawn.
    is_redraw_scheduled: bool,
    /// When the client last sent a frame.
    received_at: Moment,
    /// When the client was last pinged.
    pinged_at: Moment,
}

type Context = WebsocketContext<Socket>;

impl Socket {
    /// Creates a socket that subscribes to these topics as soon as it starts.
    pub(super) fn new(
        state: Data<AppState>,
        slot: Slot,
        client: Client,
        identity: Identity,
        source: Source,
        topics: BTreeSet<Topic>,
    ) -> Self {
        let now = state.shop.clock.moment();
        Self {
            reader: MessageReader::new(state.live.frames),
            state,
            slot,
            client,
            identity,
            source,
            awaits_token: false,
            is_outdated: false,
            topics,
            hub: None,
            backlog: Arc::default(),
            pending: None,
            commands: VecDeque::new(),
            is_redraw_scheduled: false,
            received_at: now,
            pinged_at: now,
        }
    }
}

impl Actor for Socket {
    type Context = Context;

    fn started(&mut self, ctx: &mut Context) {
        ctx.set_mailbox_capacity(BACKLOG);
        ctx.run_interval(CHECK_INTERVAL, Self::check);
        if self.awaits_token {
            ctx.run_later(TOKEN_TIMEOUT, Self::require_token);
        }
        // The visitor may have signed in or out since the page was rendered.
        if self.is_outdated {
            return self.close(Close::Unauthorized, ctx);
        }
        if !self.identity.allows(&self.topics) {
            self.record_refusal();
            return self.close(Close::Unauthorized, ctx);
        }
        self.subscribe(self.topics.clone(), None, ctx);
    }

    fn stopping(&mut self, _: &mut Context) -> Running {
        self.state.shop.hub.notify(Unsubscribe { subscriber: self.slot.number });
        Running::Stop
    }
}

impl StreamHandler<Result<Message, ProtocolError>> for Socket {
    fn handle(&mut self, frame: Result<Message, ProtocolError>, ctx: &mut Context) {
        self.received_at = self.state.shop.clock.moment();
        match self.reader.read(frame, self.received_at) {
            ClientMessage::Close(reason) => echo_close(reason, ctx),
            ClientMessage::Text(text) => self.receive(text, ctx),
            ClientMessage::Ping(content) => ctx.pong(&content),
            ClientMessage::Nothing => {}
            ClientMessage::Binary(_) => self.close(Close::TextOnly, ctx),
            ClientMessage::Invalid(close) => self.close(close, ctx),
        }
    }
}

impl Handler<Push> for Socket {
    type Result = ();

    fn handle(&mut self, push: Push, ctx: &mut Context) {
        self.backlog.remove_one();
        match push {
            Push::Subscribed { pushed, position } => self.catch_up(pushed, position, ctx),
            Push::Event(event) if self.identity.ends_with(&event.entry.event) => {
                self.close(Close::Revoked, ctx);
            }
            Push::Event(event) => self.send_event(event, ctx),
            Push::Closing => self.close(Close::Restarting, ctx),
        }
    }
}

impl Socket {
    /// Sends an event in the client's encoding. A frame that many clients receive is encoded once.
    fn send_event(&mut self, event: Arc<PushedEvent>, ctx: &mut Context) {
        let Some(topic) = self.topic_of(&event) else { return };
        match &self.client {
            Client::Program(_) if topic != event.topic => {
                self.send(event_frame(topic, &event.entry), ctx);
            }
            Client::Program(_) => {
                let frame = event.frame(Encoding::Json, || event_frame(topic, &event.entry));
                self.send(frame, ctx);
            }
            Client::Page(page) => {
                self.send(page.announce(&event.entry.event), ctx);
                match page.redraw(&event.entry.event) {
                    Redraw::Never => {
                        let page = Page::clone(page);
                        self.send(page.shared_fragments(&event), ctx);
                        self.send_rendered(page.own_fragments(event.clone()), ctx);
                    }
                    Redraw::Soon => self.schedule_redraw(SOON, ctx),
                    Redraw::Spread => self.schedule_redraw(spread(self.slot.number, SPREAD), ctx),
                }
            }
        }
        self.state.live.record_delay(event.entry.at, self.state.shop.clock.now());
    }

    /// Returns the subscribed topic of a pushed event. It is not the topic of the push if the
    /// client has unsubscribed from that one since.
    fn topic_of(&self, event: &PushedEvent) -> Option<Topic> {
        if self.topics.contains(&event.topic) {
            Some(event.topic)
        } else {
            self.identity.topic_of(&event.entry.event, &self.topics)
        }
    }

    /// Records that the client may not do what it requests.
    fn record_refusal(&self) {
        self.record(SecurityEvent::AuthorityRefused);
    }

    fn record(&self, event: SecurityEvent) {
        let subject = self.identity.signed_in.as_ref().map(|signed_in| signed_in.user);
        self.source.record(event, subject);
    }

    /// Sends a frame unless it is empty.
    fn send(&self, frame: impl Into<ByteString>, ctx: &mut Context) {
        let frame = frame.into();
        if !frame.is_empty() {
            self.state.live.count_frame(frame.len());
            ctx.text(frame);
        }
    }

    /// Closes the socket; a program first receives a `bye` frame.
    fn close(&self, close: Close, ctx: &mut Context) {
        if matches!(close, Close::Rate | Close::TooBig) {
            self.record(SecurityEvent::RequestRefused { code: close.details().word });
        }
        if matches!(self.client, Client::Program(_)) {
            self.send(frame::bye(close, self.slot.number), ctx);
        }
        hang_up(close, ctx);
    }
}
