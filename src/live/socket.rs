//! One WebSocket: listens for its client, and tells it in its own way.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, ContextFutureSpawner, Handler, Running, StreamHandler,
    WrapFuture,
};
use actix_web::web::Data;
use actix_web_actors::ws::{CloseCode, CloseReason, Message, ProtocolError, WebsocketContext};
use actors::live::{Change, Hub, Leave, Listen, Push, Words};
use actors::session::ListSessions;
use actors::store::EventId;
use domain::event::{Channel, Event, Listener, Topic};
use domain::session::Proof;
use jiff::Timestamp;
use serde_json::json;
use tokio::time::timeout;

use super::frame;
use super::page::Page;
use super::program::{Program, Said};
use crate::auth::SignedIn;
use crate::error::{Code, Problem};
use crate::site::Site;

/// How many pushes may wait for a socket before it counts as too slow.
const OUTBOX: usize = 256;

/// How often a socket looks whether it should still be open.
const WATCH: Duration = Duration::from_secs(1);
/// How long a socket waits until the hub has passed on all that was stored before.
const HUB_PATIENCE: Duration = Duration::from_secs(2);

/// Who is told, and how.
pub(super) enum Client {
    /// A page: fragments.
    Page(Page),
    /// A program: JSON.
    Program(Program),
}

/// The actor behind one WebSocket.
pub(super) struct Socket {
    site: Data<Site>,
    number: u64,
    client: Client,
    listener: Listener,
    signed_in: Option<SignedIn>,
    topics: BTreeSet<Topic>,
    /// The hub that tells the socket.
    hub: Option<Addr<Hub>>,
    /// Set by the hub when it has given the socket up.
    lagging: Arc<AtomicBool>,
    heard_at: Timestamp,
    pinged_at: Timestamp,
}

type Context = WebsocketContext<Socket>;

impl Socket {
    /// A socket that is about to open.
    pub(super) fn new(site: Data<Site>, client: Client, listener: Listener, signed_in: Option<SignedIn>) -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        let now = site.shop.clock.now();
        Self {
            site,
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            client,
            listener,
            signed_in,
            topics: BTreeSet::new(),
            hub: None,
            lagging: Arc::default(),
            heard_at: now,
            pinged_at: now,
        }
    }

    /// The socket with topics that it listens to from the beginning.
    pub(super) fn listening_to(self, topics: BTreeSet<Topic>) -> Self {
        Self { topics, ..self }
    }
}

impl Actor for Socket {
    type Context = Context;

    fn started(&mut self, ctx: &mut Context) {
        ctx.set_mailbox_capacity(OUTBOX);
        ctx.run_interval(WATCH, Self::watch);
        // Whoever was signed in when the page was drawn may not be any more.
        if self.topics.iter().any(|topic| self.listener.channel(*topic).is_none()) {
            return self.close(CloseCode::Policy, "unauthorized", ctx);
        }
        self.listen(self.topics.clone(), None, ctx);
    }

    fn stopping(&mut self, _: &mut Context) -> Running {
        self.site.shop.hub.tell(Leave { listener: self.number });
        Running::Stop
    }
}

impl StreamHandler<Result<Message, ProtocolError>> for Socket {
    fn handle(&mut self, message: Result<Message, ProtocolError>, ctx: &mut Context) {
        self.heard_at = self.site.shop.clock.now();
        match message {
            Ok(Message::Text(text)) => self.hear(&text, ctx),
            Ok(Message::Ping(content)) => ctx.pong(&content),
            Ok(Message::Pong(_) | Message::Nop) => {}
            Ok(Message::Close(_)) => self.close(CloseCode::Normal, "bye", ctx),
            Ok(Message::Binary(_) | Message::Continuation(_)) => self.close(CloseCode::Unsupported, "text only", ctx),
            Err(ProtocolError::Overflow) => self.close(CloseCode::Size, "too big", ctx),
            Err(_) => self.close(CloseCode::Protocol, "protocol", ctx),
        }
    }
}

impl Handler<Push> for Socket {
    type Result = ();

    fn handle(&mut self, push: Push, ctx: &mut Context) {
        match push {
            Push::Happened(change) if self.is_my_end(&change.entry.event) => {
                self.close(CloseCode::Policy, "revoked", ctx);
            }
            Push::Happened(change) if self.topics.contains(&change.topic) => self.tell(change, ctx),
            Push::Happened(_) => {}
            Push::Goodbye => self.close(CloseCode::Restart, "restarting", ctx),
        }
    }
}

impl Socket {
    /// Obeys a frame from a program; a page has nothing to say.
    fn hear(&mut self, text: &str, ctx: &mut Context) {
        if matches!(self.client, Client::Page(_)) {
            return;
        }
        let Said { subscribe, since, unsubscribe, token, ping } = match serde_json::from_str(text) {
            Ok(said) => said,
            Err(error) => return ctx.text(frame::error("malformed_json", &error.to_string())),
        };
        if let Some(token) = token {
            self.renew(&token, ctx);
        }
        if let Some(topics) = unsubscribe {
            self.topics.retain(|topic| !topics.contains(topic));
            ctx.text(frame::reply(&json!({ "topics": self.topics })));
            self.listen(BTreeSet::new(), None, ctx);
        }
        if let Some(topics) = subscribe {
            self.subscribe(topics, since, ctx);
        }
        if let Some(ping) = ping {
            ctx.text(frame::reply(&json!({ "pong": ping })));
        }
    }

    /// Goes on with a newer token of the same session.
    fn renew(&mut self, token: &str, ctx: &mut Context) {
        let renewed = self.site.access.check(token, self.site.shop.clock.now());
        match (renewed, &self.signed_in) {
            (Some(me), Some(before)) if me.session == before.session => {
                ctx.text(frame::reply(&json!({ "until": me.until })));
                self.signed_in = Some(me);
            }
            _ => ctx.text(frame::error("invalid_token", "not a good token of this session")),
        }
    }

    fn subscribe(&mut self, topics: BTreeSet<Topic>, since: Option<EventId>, ctx: &mut Context) {
        if topics.iter().any(|topic| self.listener.channel(*topic).is_none()) {
            return ctx.text(frame::error("forbidden", "a topic is not for you"));
        }
        let new: BTreeSet<_> = topics.difference(&self.topics).copied().collect();
        self.topics.extend(&new);
        ctx.text(frame::reply(&json!({ "topics": self.topics })));
        self.listen(new, since, ctx);
    }

    /// Listens to every topic subscribed to, and tells first what there is to know of new ones.
    ///
    /// The socket does nothing else meanwhile, so whatever happens from there on is told after.
    fn listen(&mut self, new: BTreeSet<Topic>, since: Option<EventId>, ctx: &mut Context) {
        let listen = Listen {
            listener: self.number,
            recipient: ctx.address().recipient(),
            // Whoever is signed in hears of the end of the session.
            channels: self.channels(self.topics.iter().chain([&Topic::Session])).map(|(_, channel)| channel).collect(),
            lagging: self.lagging.clone(),
        };
        let hub = self.site.shop.hub.addr();
        self.hub = Some(hub.clone());
        let shop = self.site.shop.clone();
        let position = async move {
            let unavailable = || Problem::new(Code::Unavailable);
            let last = shop.tables.store.last_event().await.map_err(|_| unavailable())?;
            // What was acknowledged before is no news. A hub that is slow tells it once more, and nobody waits for it.
            let _ = timeout(HUB_PATIENCE, shop.position.clone().wait_for(|reached| *reached >= last)).await;
            hub.send(listen).await.map_err(|_| unavailable())
        };
        match &self.client {
            Client::Page(page) => {
                let page = page.clone();
                let told = async move { page.beginning(new, position.await?).await };
                self.redraw(told, ctx);
            }
            Client::Program(program) => {
                let (program, topics) = (program.clone(), self.channels(new.iter()).collect());
                let told = async move { program.beginning(topics, since, position.await?).await };
                told.into_actor(self)
                    .map(|frames, socket, ctx: &mut Context| match frames {
                        Ok(frames) => frames.into_iter().for_each(|frame| ctx.text(frame)),
                        Err(_) => socket.close(CloseCode::Again, "unavailable", ctx),
                    })
                    .wait(ctx);
            }
        }
    }

    fn channels<'a>(&self, topics: impl Iterator<Item = &'a Topic>) -> impl Iterator<Item = (Topic, Channel)> {
        topics.filter_map(|topic| Some((*topic, self.listener.channel(*topic)?)))
    }

    fn tell(&mut self, change: Arc<Change>, ctx: &mut Context) {
        match &self.client {
            Client::Program(_) => ctx.text(change.frame(Words::Json, || frame::event(change.topic, &change.entry))),
            Client::Page(page) => {
                let drawn = page.at_once(&change);
                if !drawn.is_empty() {
                    ctx.text(drawn);
                }
                self.redraw(page.clone().after(change), ctx);
            }
        }
    }

    /// Tells a page what was drawn, before it is told anything else.
    fn redraw(&self, drawn: impl Future<Output = Result<(Page, String), Problem>> + 'static, ctx: &mut Context) {
        drawn
            .into_actor(self)
            .map(|drawn, socket, ctx: &mut Context| match drawn {
                Ok((page, drawn)) => {
                    socket.client = Client::Page(page);
                    if !drawn.is_empty() {
                        ctx.text(drawn);
                    }
                }
                Err(_) => socket.close(CloseCode::Again, "unavailable", ctx),
            })
            .wait(ctx);
    }

    fn is_my_end(&self, event: &Event) -> bool {
        match (event, &self.signed_in) {
            (Event::SessionEnded { session, .. }, Some(me)) => *session == me.session,
            _ => false,
        }
    }

    /// Closes a socket that should not be open any more, and asks a silent one whether it is alive.
    fn watch(&mut self, ctx: &mut Context) {
        let now = self.site.shop.clock.now();
        if self.signed_in.as_ref().is_some_and(|me| self.site.shop.revocations.contains(me.session)) {
            self.close(CloseCode::Policy, "revoked", ctx);
        } else if let Some(me) = self.signed_in.clone().filter(|me| me.until <= now) {
            self.stay(me, ctx);
        } else if self.hub.as_ref().is_some_and(|hub| !hub.connected()) {
            self.close(CloseCode::Again, "unavailable", ctx);
        } else if self.lagging.load(Ordering::Relaxed) {
            self.close(CloseCode::Again, "too slow", ctx);
        } else if now >= self.heard_at + self.site.silence {
            self.close(CloseCode::Away, "silent", ctx);
        } else if now >= self.pinged_at + self.site.ping {
            self.pinged_at = now;
            ctx.ping(b"");
        }
    }

    /// Stays open as long as the browser's session, which goes on with every use of it; closes otherwise.
    fn stay(&self, me: SignedIn, ctx: &mut Context) {
        let sessions = self.site.shop.sessions.clone();
        let listed = async move { sessions.ask(ListSessions(me.user)).await };
        listed
            .into_actor(self)
            .map(move |listed, socket, ctx: &mut Context| {
                let Ok(listed) = listed else { return socket.close(CloseCode::Again, "unavailable", ctx) };
                let mut browsers = listed.iter().filter(|session| matches!(session.proof, Proof::Browser { .. }));
                match browsers.find(|session| session.id == me.session && session.expires_at > me.until) {
                    Some(session) => socket.signed_in = Some(session.into()),
                    None => socket.close(CloseCode::Policy, "expired", ctx),
                }
            })
            .wait(ctx);
    }

    fn close(&mut self, code: CloseCode, reason: &str, ctx: &mut Context) {
        if matches!(self.client, Client::Program(_)) {
            let come_back = matches!(code, CloseCode::Restart | CloseCode::Again | CloseCode::Away);
            ctx.text(frame::bye(code.into(), reason, come_back.then_some(1_000)));
        }
        ctx.close(Some(CloseReason { code, description: Some(reason.to_owned()) }));
        ctx.stop();
    }
}
