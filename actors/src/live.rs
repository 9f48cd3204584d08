//! The hub: follows the log and pushes every event to its subscribers.
//!
//! Owns: who subscribes to which channel.
//! Serves: sockets. No subscriber delays another: one whose mailbox is full gets no more pushes and
//! reads on from the log by itself.
//! Publishes: nothing of its own; every event was in the log before.
//! Restart: subscribers are disconnected and reconnect; the log is read on from the last position.
//!
//! If the log does not go on from what was read, because old events were removed from it or the
//! store was replaced, all that this node has copied is read again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use actix::fut::wrap_stream;
use actix::{
    Actor, ActorFutureExt, ActorStreamExt, AsyncContext, Context, ContextFutureSpawner, Handler,
    Message, MessageResult, Recipient, WrapFuture,
};
use domain::event::{Entry, Event};
use domain::topic::{Channel, Topic};
use tokio::time::sleep;

use crate::ask::Child;
use crate::cart::registry::{CartRegistry, CartStored, ForgetCarts};
use crate::failpoint;
use crate::observe::Observe;
use crate::payment::{BreakerStored, PaymentGateway};
use crate::session::{ForgetSessions, TokenRegistry};
use crate::shared::Shared;
use crate::store::{EventId, LogEntry, StoreError};
use crate::tables::codec::entry;
use backlog::Backlog;
use copies::Copies;
use push::{Push, PushedEvent};

pub mod backlog;
pub mod copies;
mod latest;
pub mod log;
pub mod push;
pub mod replay;

/// How long the hub waits after an error of the log before it reads on.
const RETRY: Duration = Duration::from_millis(500);

/// How often the hub confirms that the copies hold everything that is stored.
const CONFIRM_EVERY: Duration = Duration::from_secs(1);

/// Subscribes to channels replacing the previous ones; [`Push::Subscribed`] marks the start.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Subscribe {
    /// The subscriber's number.
    pub subscriber: u64,
    /// Where to send its pushes.
    pub recipient: Recipient<Push>,
    /// The channels.
    pub channels: Vec<Channel>,
    /// Counts the pushes that wait.
    pub backlog: Arc<Backlog>,
}

/// Ends a subscription.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Unsubscribe {
    /// The subscriber's number.
    pub subscriber: u64,
}

/// Sends [`Push::Closing`] to every subscriber.
#[derive(Message)]
#[rtype(result = "()")]
pub struct CloseSubscribers;

/// The observable state of the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubState {
    /// The number of subscribers.
    pub subscribers: usize,
    /// The number of channels with at least one subscriber.
    pub channels: usize,
    /// The id of the last event pushed.
    pub position: EventId,
    /// How many subscriptions each topic has.
    pub topics: BTreeMap<Topic, usize>,
    /// How often a subscriber was too slow.
    pub lagging: u64,
    /// The most pushes that have waited for one subscriber.
    pub high_water: usize,
}

/// The dependencies of the hub.
#[derive(Clone)]
pub struct LiveDeps {
    /// Store, snapshot, clock and rules.
    pub shared: Shared,
    /// Reads every session again if the log was replaced.
    pub sessions: Child<TokenRegistry>,
    /// Receives the versions of changed carts.
    pub carts: Child<CartRegistry>,
    /// Receives the changed breaker.
    pub payments: Child<PaymentGateway>,
    /// Kept up to date with the log.
    pub copies: Copies,
}

impl LiveDeps {
    /// Collects the dependencies.
    pub fn new(
        shared: &Shared,
        sessions: &Child<TokenRegistry>,
        carts: &Child<CartRegistry>,
        payments: &Child<PaymentGateway>,
        copies: &Copies,
    ) -> Self {
        Self {
            shared: shared.clone(),
            sessions: sessions.clone(),
            carts: carts.clone(),
            payments: payments.clone(),
            copies: copies.clone(),
        }
    }

    /// Notes again and again that the copies hold everything that is stored.
    async fn confirm(self) {
        loop {
            self.copies.confirm(&self.shared).await;
            sleep(CONFIRM_EVERY).await;
        }
    }

    /// Replaces all that this node has copied by what the store has now, however long that takes.
    async fn resync(self) {
        tracing::warn!("the log does not go on from what was read; reading everything again");
        let mut reason = None;
        while let Err(error) = self.copies.reload(&self.shared).await {
            if reason.as_ref() != Some(&error) {
                tracing::warn!(%error, "could not read the store again");
            }
            reason = Some(error);
            sleep(RETRY).await;
        }
        self.sessions.notify(ForgetSessions);
        self.carts.notify(ForgetCarts);
        self.payments.notify(BreakerStored(None));
        self.copies.is_lost.send_replace(false);
        tracing::info!("everything was read again");
    }
}

/// The actor that follows the log.
pub struct Hub {
    deps: LiveDeps,
    subscribers: HashMap<u64, Subscriber>,
    /// The subscribers of each channel. Invariant: the same subscribers as above, and no empty set.
    channels: HashMap<Channel, HashSet<u64>>,
    /// The most pushes that ever waited for one subscriber.
    high_water: usize,
    /// How often a subscriber was too slow.
    lagging: u64,
}

/// A subscriber as the hub sees it.
struct Subscriber {
    recipient: Recipient<Push>,
    channels: Vec<Channel>,
    backlog: Arc<Backlog>,
    /// The last event pushed to it.
    pushed: EventId,
}

impl Hub {
    /// Creates a hub without subscribers.
    pub fn new(deps: LiveDeps) -> Self {
        Self {
            deps,
            subscribers: HashMap::new(),
            channels: HashMap::new(),
            high_water: 0,
            lagging: 0,
        }
    }
}

impl Actor for Hub {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // The actor before may have ended while it read everything again.
        if *self.deps.copies.is_lost.borrow() {
            self.resync(ctx);
        } else {
            self.follow_log(ctx);
        }
        self.deps.clone().confirm().into_actor(self).spawn(ctx);
    }
}

impl Handler<Subscribe> for Hub {
    type Result = ();

    fn handle(&mut self, subscribe: Subscribe, _: &mut Self::Context) {
        let Subscribe { subscriber, recipient, channels, backlog } = subscribe;
        self.remove(subscriber);
        for channel in &channels {
            self.channels.entry(channel.clone()).or_default().insert(subscriber);
        }
        let position = *self.deps.copies.position.borrow();
        let pushed = backlog.missed().map_or(position, |missed| missed - 1);
        backlog.reset();
        backlog.add_one();
        // In the same queue as every push, so that events before and after it are never confused.
        recipient.do_send(Push::Subscribed { pushed, position });
        let added = Subscriber { recipient, channels, backlog, pushed: position };
        self.subscribers.insert(subscriber, added);
        self.update_gauges();
    }
}

impl Handler<Unsubscribe> for Hub {
    type Result = ();

    fn handle(&mut self, Unsubscribe { subscriber }: Unsubscribe, _: &mut Self::Context) {
        self.remove(subscriber);
        self.update_gauges();
    }
}

impl Handler<CloseSubscribers> for Hub {
    type Result = ();

    fn handle(&mut self, _: CloseSubscribers, _: &mut Self::Context) {
        for Subscriber { recipient, backlog, .. } in self.subscribers.values() {
            backlog.add_one();
            recipient.do_send(Push::Closing);
        }
    }
}

impl Handler<Observe<HubState>> for Hub {
    type Result = MessageResult<Observe<HubState>>;

    fn handle(&mut self, _: Observe<HubState>, _: &mut Self::Context) -> Self::Result {
        MessageResult(HubState {
            subscribers: self.subscribers.len(),
            channels: self.channels.len(),
            position: *self.deps.copies.position.borrow(),
            topics: self.topics(),
            lagging: self.lagging,
            high_water: self.high_water,
        })
    }
}

impl Hub {
    /// Reads the log from the current position on, for as long as it can be read.
    fn follow_log(&self, ctx: &mut Context<Self>) {
        let position = *self.deps.copies.position.borrow();
        wrap_stream(self.deps.shared.tables.store.tail(position))
            .map(|read, hub: &mut Self, _: &mut Context<Self>| hub.on_read(read))
            .finish()
            .map(|(), hub, ctx: &mut Context<Self>| {
                if *hub.deps.copies.is_lost.borrow() {
                    return hub.resync(ctx);
                }
                ctx.run_later(RETRY, |hub, ctx| hub.follow_log(ctx));
            })
            .spawn(ctx);
    }

    fn on_read(&mut self, read: Result<LogEntry, StoreError>) {
        match read.and_then(|logged| self.publish(&logged)) {
            Ok(()) => {}
            Err(StoreError::Gone { .. }) => drop(self.deps.copies.is_lost.send_replace(true)),
            Err(error) => tracing::error!(%error, "could not read the log"),
        }
    }

    /// Reads again all that this node has copied, before anything else happens. Then every
    /// subscriber begins with the current state, and the hub follows the log from there.
    fn resync(&self, ctx: &mut Context<Self>) {
        self.deps
            .clone()
            .resync()
            .into_actor(self)
            .map(|(), hub, ctx: &mut Context<Self>| {
                hub.drop_subscribers();
                hub.follow_log(ctx);
            })
            .wait(ctx);
    }

    /// Brings every copy up to date with an event, then pushes it.
    fn publish(&mut self, logged: &LogEntry) -> Result<(), StoreError> {
        failpoint::reach("hub");
        let entry = Arc::new(entry(logged).inspect_err(|_| {
            // One that cannot be decoded must not hold up what follows.
            self.deps.copies.position.send_replace(logged.id);
        })?);
        self.update_copies(&entry);
        entry.event.channels().into_iter().for_each(|channel| self.push(&channel, &entry));
        Ok(())
    }

    fn update_copies(&self, entry: &Arc<Entry>) {
        match &entry.event {
            Event::CartChanged { owner, cart } => {
                self.deps.carts.notify(CartStored(owner.clone(), cart.version));
            }
            Event::BreakerChanged(breaker) => {
                self.deps.payments.notify(BreakerStored(Some(*breaker)));
            }
            _ => {}
        }
        self.deps.copies.apply(entry, &self.deps.shared);
    }

    /// Pushes an event to the subscribers of a channel, at most once to each.
    fn push(&mut self, channel: &Channel, entry: &Arc<Entry>) {
        let Some(subscribers) = self.channels.get(channel) else { return };
        let push = Push::Event(Arc::new(PushedEvent::new(channel.topic, entry.clone())));
        let mut lagging = Vec::new();
        for number in subscribers {
            let Some(subscriber) = self.subscribers.get_mut(number) else { continue };
            if subscriber.pushed == entry.id {
                continue;
            }
            subscriber.pushed = entry.id;
            self.high_water = self.high_water.max(subscriber.backlog.add_one());
            if subscriber.recipient.try_send(push.clone()).is_err() {
                subscriber.backlog.overflow(entry.id);
                lagging.push(*number);
            }
        }
        metrics::gauge!("microshop_live_outbox_high_water").set(self.high_water as f64);
        metrics::counter!("microshop_live_lagging_total").increment(lagging.len() as u64);
        self.lagging += lagging.len() as u64;
        lagging.into_iter().for_each(|subscriber| self.remove(subscriber));
    }

    /// Drops every subscriber. It notices, and subscribes again from a place that is not in the
    /// log, so that it begins with the current state.
    fn drop_subscribers(&mut self) {
        for (_, subscriber) in self.subscribers.drain() {
            subscriber.backlog.add_one();
            subscriber.backlog.overflow(EventId::MAX);
        }
        self.channels.clear();
        self.update_gauges();
    }

    fn topics(&self) -> BTreeMap<Topic, usize> {
        let mut topics = BTreeMap::new();
        for (channel, subscribers) in &self.channels {
            *topics.entry(channel.topic).or_default() += subscribers.len();
        }
        topics
    }

    fn update_gauges(&self) {
        metrics::gauge!("microshop_live_listeners").set(self.subscribers.len() as f64);
        metrics::gauge!("microshop_live_channels").set(self.channels.len() as f64);
    }

    fn remove(&mut self, number: u64) {
        let Some(Subscriber { channels, .. }) = self.subscribers.remove(&number) else { return };
        for channel in channels {
            if let Some(subscribers) = self.channels.get_mut(&channel) {
                subscribers.remove(&number);
                if subscribers.is_empty() {
                    self.channels.remove(&channel);
                }
            }
        }
    }
}
