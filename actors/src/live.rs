//! The hub: passes every event of the log on to whom it concerns.
//!
//! Owns: who listens to what.
//! Serves: sockets. Whoever is too slow is told no more, and reads on from the log by itself: nobody waits for it.
//! Tells: nobody but its listeners; what is told was in the log before.
//! Restart: listeners find the hub gone and come back; the log is read on from where it was.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use actix::fut::wrap_stream;
use actix::{
    Actor, ActorFutureExt, ActorStreamExt, AsyncContext, Context, ContextFutureSpawner, Handler,
    Message, Recipient,
};
use domain::breaker::Breaker;
use domain::event::{Channel, Entry, Event};
use serde_json::json;
use tokio::sync::watch;

use crate::article::CatalogueSnapshot;
use crate::ask::{Child, Observe, Observed};
use crate::cart::{CartHasChanged, CartRegistry};
use crate::failpoint;
use crate::session::Revocations;
use crate::store::{EventId, LogEntry, StoreError};
use crate::tables::{Tables, entry};

pub use push::{Backlog, Encoding, Push, PushedEvent};

mod push;

/// How long the hub waits before it reads on from a log that could not be read.
const RETRY: Duration = Duration::from_millis(500);

/// Listens to channels from now on, in place of those listened to before; [`Push::From`] says from which event on.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Listen {
    /// Which listener it is.
    pub listener: u64,
    /// Where to tell it.
    pub recipient: Recipient<Push>,
    /// What to tell it of.
    pub channels: Vec<Channel>,
    /// What is on its way to it.
    pub backlog: Arc<Backlog>,
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
pub struct LiveDeps {
    /// Where the log is.
    pub tables: Tables,
    /// Kept up to date before anybody hears of an event.
    pub snapshot: CatalogueSnapshot,
    /// Told of changes that others made.
    pub carts: Child<CartRegistry>,
    /// Kept up to date before anybody hears of an event.
    pub revocations: Revocations,
    /// Kept up to date before anybody hears of an event.
    pub breaker: Arc<watch::Sender<Breaker>>,
    /// How long an access token is good.
    pub access_ttl: Duration,
    /// The id of the last event passed on, for whoever draws a page.
    pub position: Arc<watch::Sender<EventId>>,
}

/// The actor that reads the log and passes it on.
pub struct Hub {
    parts: LiveDeps,
    listeners: HashMap<u64, Listening>,
    /// Whom to tell, by what they listen to. Invariant: the same listeners as above, and no channel without one.
    channels: HashMap<Channel, HashSet<u64>>,
    /// The most pushes that ever waited for one listener.
    high_water: usize,
}

/// A listener's side of the hub.
struct Listening {
    recipient: Recipient<Push>,
    channels: Vec<Channel>,
    backlog: Arc<Backlog>,
    /// The last event it was told of.
    told: EventId,
}

impl Hub {
    /// A hub nobody listens to.
    pub fn new(parts: LiveDeps) -> Self {
        Self { parts, listeners: HashMap::new(), channels: HashMap::new(), high_water: 0 }
    }
}

impl Actor for Hub {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.read_on(ctx);
    }
}

impl Handler<Listen> for Hub {
    type Result = ();

    fn handle(&mut self, listen: Listen, _: &mut Self::Context) {
        let Listen { listener, recipient, channels, backlog } = listen;
        self.leave(listener);
        for channel in &channels {
            self.channels.entry(channel.clone()).or_default().insert(listener);
        }
        let position = *self.parts.position.borrow();
        let told = backlog.missed().map_or(position, |missed| missed - 1);
        backlog.goes_on();
        backlog.put_one();
        // In the same queue as every push, so that what is told before and after it is beyond doubt.
        recipient.do_send(Push::From { told, position });
        self.listeners.insert(listener, Listening { recipient, channels, backlog, told: position });
        self.count();
    }
}

impl Handler<Leave> for Hub {
    type Result = ();

    fn handle(&mut self, Leave { listener }: Leave, _: &mut Self::Context) {
        self.leave(listener);
        self.count();
    }
}

impl Handler<Close> for Hub {
    type Result = ();

    fn handle(&mut self, _: Close, _: &mut Self::Context) {
        for Listening { recipient, backlog, .. } in self.listeners.values() {
            backlog.put_one();
            recipient.do_send(Push::Goodbye);
        }
    }
}

impl Handler<Observe> for Hub {
    type Result = Observed;

    fn handle(&mut self, _: Observe, _: &mut Self::Context) -> Observed {
        let position = *self.parts.position.borrow();
        Observed(
            json!({ "listeners": self.listeners.len(), "channels": self.channels.len(), "event": position }),
        )
    }
}

impl Hub {
    fn read_on(&self, ctx: &mut Context<Self>) {
        let position = *self.parts.position.borrow();
        wrap_stream(self.parts.tables.store.tail(position))
            .map(|read, hub: &mut Self, _: &mut Context<Self>| {
                match read.and_then(|logged| hub.pass_on(&logged)) {
                    Ok(()) => {}
                    Err(StoreError::Gone { before }) => hub.skip_to(before),
                    Err(error) => tracing::error!(%error, "the log can't be read"),
                }
            })
            .finish()
            .map(|(), _, ctx: &mut Context<Self>| {
                ctx.run_later(RETRY, |hub, ctx| hub.read_on(ctx));
            })
            .spawn(ctx);
    }

    /// Everything that keeps a copy hears of an event before any listener does.
    fn pass_on(&mut self, logged: &LogEntry) -> Result<(), StoreError> {
        failpoint::reach("hub");
        let entry = entry(logged)?;
        match &entry.event {
            Event::CartChanged { owner, cart } => {
                self.parts.carts.notify(CartHasChanged(owner.clone(), cart.version))
            }
            Event::SessionEnded { session, .. } => {
                self.parts.revocations.add(*session, entry.at + self.parts.access_ttl);
            }
            Event::BreakerChanged(breaker) => drop(self.parts.breaker.send_replace(*breaker)),
            event => self.parts.snapshot.show(entry.id, event),
        }
        self.parts.position.send_replace(entry.id);
        entry.event.channels().into_iter().for_each(|channel| self.tell(&channel, &entry));
        Ok(())
    }

    fn tell(&mut self, channel: &Channel, entry: &Entry) {
        let Some(listeners) = self.channels.get(channel) else { return };
        let push = Push::Happened(Arc::new(PushedEvent::new(channel.topic, entry.clone())));
        let mut slow = Vec::new();
        for listener in listeners {
            let Some(listening) = self.listeners.get_mut(listener) else { continue };
            if listening.told == entry.id {
                continue;
            }
            listening.told = entry.id;
            self.high_water = self.high_water.max(listening.backlog.put_one());
            if listening.recipient.try_send(push.clone()).is_err() {
                listening.backlog.is_full(entry.id);
                slow.push(*listener);
            }
        }
        metrics::gauge!("microshop_live_outbox_high_water").set(self.high_water as f64);
        metrics::counter!("microshop_live_lagging_total").increment(slow.len() as u64);
        slow.into_iter().for_each(|listener| self.leave(listener));
    }

    /// The log begins after an event that the hub has not come to: what is gone, every listener has missed.
    fn skip_to(&mut self, oldest: EventId) {
        let missed = self.parts.position.send_replace(oldest) + 1;
        for (_, listening) in self.listeners.drain() {
            listening.backlog.put_one();
            listening.backlog.is_full(missed);
        }
        self.channels.clear();
    }

    fn count(&self) {
        metrics::gauge!("microshop_live_listeners").set(self.listeners.len() as f64);
        metrics::gauge!("microshop_live_channels").set(self.channels.len() as f64);
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
