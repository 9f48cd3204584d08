//! A subscriber of the hub that records what it receives.

use std::sync::Arc;

use actix::{Actor, Addr, AsyncContext, Context, Handler};
use actors::live::Subscribe;
use actors::live::backlog::Backlog;
use actors::live::push::Push;
use actors::store::EventId;
use domain::topic::Channel;
use tokio::sync::{Semaphore, mpsc};

use super::TestShop;

/// How many pushes wait in a subscriber's mailbox before the next one does not fit.
const MAILBOX_CAPACITY: usize = 4;

/// A push that a subscriber has received.
#[derive(Debug, PartialEq)]
pub(crate) enum Received {
    /// The id of an event.
    Event(EventId),
    /// The start of a subscription.
    Subscribed {
        /// The last event pushed before.
        pushed: EventId,
        /// The event after which the subscription starts.
        position: EventId,
    },
}

/// A subscriber, as the test controls it.
pub(crate) struct TestSubscriber {
    number: u64,
    recorder: Addr<Recorder>,
    pub(crate) backlog: Arc<Backlog>,
    received: mpsc::UnboundedReceiver<Received>,
}

/// The actor that receives pushes and forwards them to the test.
struct Recorder {
    received: mpsc::UnboundedSender<Received>,
    /// A permit that the actor needs before its first message; `None` needs none.
    gate: Option<Arc<Semaphore>>,
    backlog: Arc<Backlog>,
}

impl TestSubscriber {
    /// Starts a subscriber that handles every push at once.
    pub(crate) fn start(number: u64) -> Self {
        Self::start_recorder(number, None)
    }

    /// Starts a subscriber that handles no push before the gate has a permit for it.
    pub(crate) fn start_blocked(number: u64, gate: &Arc<Semaphore>) -> Self {
        Self::start_recorder(number, Some(gate.clone()))
    }

    fn start_recorder(number: u64, gate: Option<Arc<Semaphore>>) -> Self {
        let (sender, received) = mpsc::unbounded_channel();
        let backlog = Arc::<Backlog>::default();
        let recorder = Recorder { received: sender, gate, backlog: backlog.clone() }.start();
        Self { number, recorder, backlog, received }
    }

    /// Subscribes to channels in place of the former ones.
    pub(crate) async fn subscribe(&self, test: &TestShop, channels: &[Channel]) {
        let subscribe = Subscribe {
            subscriber: self.number,
            recipient: self.recorder.clone().recipient(),
            channels: channels.to_vec(),
            backlog: self.backlog.clone(),
        };
        test.shop.hub.addr().send(subscribe).await.unwrap();
    }

    /// Returns the next push.
    pub(crate) async fn receive(&mut self) -> Received {
        self.received.recv().await.unwrap()
    }

    /// Returns the id of the next push, which must be an event.
    pub(crate) async fn receive_event(&mut self) -> EventId {
        match self.receive().await {
            Received::Event(id) => id,
            other => panic!("not an event: {other:?}"),
        }
    }

    /// Returns `pushed` and `position` of the next push, which must start a subscription.
    pub(crate) async fn receive_start(&mut self) -> (EventId, EventId) {
        match self.receive().await {
            Received::Subscribed { pushed, position } => (pushed, position),
            other @ Received::Event(_) => panic!("not the start of a subscription: {other:?}"),
        }
    }
}

impl Actor for Recorder {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_CAPACITY);
        if let Some(gate) = self.gate.clone() {
            let permit = async move { gate.acquire().await.unwrap().forget() };
            ctx.wait(actix::fut::wrap_future(permit));
        }
    }
}

impl Handler<Push> for Recorder {
    type Result = ();

    fn handle(&mut self, push: Push, _: &mut Self::Context) {
        self.backlog.remove_one();
        let received = match push {
            Push::Event(event) => Received::Event(event.entry.id),
            Push::Subscribed { pushed, position } => Received::Subscribed { pushed, position },
            Push::Closing => return,
        };
        self.received.send(received).unwrap();
    }
}
