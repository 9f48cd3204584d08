//! The hub: passes every event of the log on to whom it concerns.
//!
//! Owns: who listens to what.
//! Serves: sockets. Whoever is too slow is dropped and comes back for what it missed: nobody waits for it.
//! Tells: nobody but its listeners; what is told was in the log before.
//! Restart: listeners find the hub gone and come back; the log is read on from where it was.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix::fut::wrap_stream;
use actix::{
    Actor, ActorFutureExt, ActorStreamExt, AsyncContext, Context, ContextFutureSpawner, Handler, Message, Recipient,
};
use bytestring::ByteString;
use domain::event::{Channel, Entry, Event, Topic};
use serde_json::json;
use tokio::sync::watch;

use crate::article::Shelf;
use crate::ask::{Child, Observe, Observed};
use crate::cart::{CartHasChanged, CartRegistry};
use crate::session::Revocations;
use crate::store::{EventId, LogEntry, StoreError};
use crate::tables::{Tables, entry};

/// How long the hub waits before it reads on from a log that could not be read.
const RETRY: Duration = Duration::from_millis(500);

/// In which words a listener is told.
#[derive(Debug, Clone, Copy)]
pub enum Words {
    /// JSON, for programs.
    Json,
    /// French, for pages.
    French,
    /// English, for pages.
    English,
}

/// An event on its way to the listeners of a channel, with the frames made of it: each is made once for all of them.
pub struct Change {
    /// The topic it is told under.
    pub topic: Topic,
    /// The event.
    pub entry: Entry,
    json: OnceLock<ByteString>,
    french: OnceLock<ByteString>,
    english: OnceLock<ByteString>,
}

impl Change {
    /// An event of which no frame was made yet.
    pub fn new(topic: Topic, entry: Entry) -> Self {
        Self { topic, entry, json: OnceLock::new(), french: OnceLock::new(), english: OnceLock::new() }
    }

    /// The frame in some words, made if it wasn't yet.
    pub fn frame(&self, words: Words, make: impl FnOnce() -> String) -> ByteString {
        let frame = match words {
            Words::Json => &self.json,
            Words::French => &self.french,
            Words::English => &self.english,
        };
        frame.get_or_init(|| make().into()).clone()
    }
}

/// What a listener is told.
#[derive(Clone, Message)]
#[rtype(result = "()")]
pub enum Push {
    /// Something happened.
    Happened(Arc<Change>),
    /// The shop closes, or opens again in a moment.
    Goodbye,
}

/// Listens to channels from now on, in place of those listened to before; the reply is the id of the last event
/// passed on before.
#[derive(Message)]
#[rtype(result = "EventId")]
pub struct Listen {
    /// Which listener it is.
    pub listener: u64,
    /// Where to tell it.
    pub recipient: Recipient<Push>,
    /// What to tell it of.
    pub channels: Vec<Channel>,
    /// Set when the listener was too slow and is told no more.
    pub lagging: Arc<AtomicBool>,
}

/// Listens no more.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Leave {
    /// Which listener it is.
    pub listener: u64,
}

/// Tells every listener that the shop closes.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Close;

/// What the hub needs to work.
#[derive(Clone)]
pub struct HubParts {
    /// Where the log is.
    pub tables: Tables,
    /// Kept up to date before anybody hears of an event.
    pub shelf: Shelf,
    /// Told of changes that others made.
    pub carts: Child<CartRegistry>,
    /// Kept up to date before anybody hears of an event.
    pub revocations: Revocations,
    /// How long an access token is good.
    pub access_ttl: Duration,
    /// The id of the last event passed on, for whoever draws a page.
    pub position: Arc<watch::Sender<EventId>>,
}

/// The actor that reads the log and passes it on.
pub struct Hub {
    parts: HubParts,
    listeners: HashMap<u64, Listening>,
    /// Whom to tell, by what they listen to. Invariant: the same listeners as above, and no channel without one.
    channels: HashMap<Channel, HashMap<u64, Recipient<Push>>>,
}

/// A listener's side of the hub.
struct Listening {
    recipient: Recipient<Push>,
    channels: Vec<Channel>,
    lagging: Arc<AtomicBool>,
}

impl Hub {
    /// A hub nobody listens to.
    pub fn new(parts: HubParts) -> Self {
        Self { parts, listeners: HashMap::new(), channels: HashMap::new() }
    }
}

impl Actor for Hub {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.read_on(ctx);
    }
}

impl Handler<Listen> for Hub {
    type Result = EventId;

    fn handle(&mut self, listen: Listen, _: &mut Self::Context) -> EventId {
        let Listen { listener, recipient, channels, lagging } = listen;
        self.leave(listener);
        for channel in &channels {
            self.channels.entry(channel.clone()).or_default().insert(listener, recipient.clone());
        }
        self.listeners.insert(listener, Listening { recipient, channels, lagging });
        *self.parts.position.borrow()
    }
}

impl Handler<Leave> for Hub {
    type Result = ();

    fn handle(&mut self, Leave { listener }: Leave, _: &mut Self::Context) {
        self.leave(listener);
    }
}

impl Handler<Close> for Hub {
    type Result = ();

    fn handle(&mut self, _: Close, _: &mut Self::Context) {
        self.listeners.values().for_each(|listening| listening.recipient.do_send(Push::Goodbye));
    }
}

impl Handler<Observe> for Hub {
    type Result = Observed;

    fn handle(&mut self, _: Observe, _: &mut Self::Context) -> Observed {
        let position = *self.parts.position.borrow();
        Observed(json!({ "listeners": self.listeners.len(), "channels": self.channels.len(), "event": position }))
    }
}

impl Hub {
    fn read_on(&self, ctx: &mut Context<Self>) {
        let position = *self.parts.position.borrow();
        wrap_stream(self.parts.tables.store.tail(position))
            .map(|read, hub: &mut Self, _: &mut Context<Self>| match read.and_then(|logged| hub.pass_on(&logged)) {
                Ok(()) => {}
                Err(StoreError::Gone { oldest }) => drop(hub.parts.position.send_replace(oldest)),
                Err(error) => tracing::error!(%error, "the log can't be read"),
            })
            .finish()
            .map(|(), _, ctx: &mut Context<Self>| {
                ctx.run_later(RETRY, |hub, ctx| hub.read_on(ctx));
            })
            .spawn(ctx);
    }

    /// Everything that keeps a copy hears of an event before any listener does.
    fn pass_on(&mut self, logged: &LogEntry) -> Result<(), StoreError> {
        let entry = entry(logged)?;
        match &entry.event {
            Event::CartChanged { owner, cart } => self.parts.carts.tell(CartHasChanged(owner.clone(), cart.version)),
            Event::SessionEnded { session, .. } => {
                self.parts.revocations.add(*session, entry.at + self.parts.access_ttl);
            }
            event => self.parts.shelf.show(entry.id, event),
        }
        self.parts.position.send_replace(entry.id);
        entry.event.channels().iter().for_each(|channel| self.tell(channel, &entry));
        Ok(())
    }

    fn tell(&mut self, channel: &Channel, entry: &Entry) {
        let Some(listeners) = self.channels.get(channel) else { return };
        let push = Push::Happened(Arc::new(Change::new(channel.topic, entry.clone())));
        let slow = listeners.iter().filter(|(_, recipient)| recipient.try_send(push.clone()).is_err());
        let slow: Vec<_> = slow.map(|(listener, _)| *listener).collect();
        for listener in slow {
            if let Some(listening) = self.listeners.get(&listener) {
                listening.lagging.store(true, Ordering::Relaxed);
            }
            self.leave(listener);
        }
    }

    fn leave(&mut self, listener: u64) {
        let Some(Listening { channels, .. }) = self.listeners.remove(&listener) else { return };
        for channel in channels {
            if let Some(listeners) = self.channels.get_mut(&channel) {
                listeners.remove(&listener);
                if listeners.is_empty() {
                    self.channels.remove(&channel);
                }
            }
        }
    }
}
