//! The hub.

use std::sync::Arc;

use actix::{Actor, Addr, AsyncContext, Context, Handler};
use actors::live::{Backlog, Listen, Push};
use actors::store::EventId;
use domain::cart::Owner;
use domain::event::{Channel, Topic};
use tokio::sync::{Semaphore, mpsc};

use crate::harness::{TestShop, until};

/// What a listener heard.
#[derive(Debug, PartialEq)]
enum Heard {
    Event(EventId),
    From(EventId, EventId),
}

/// Somebody who listens, and hears on only when allowed to.
struct Ear {
    tell: mpsc::UnboundedSender<Heard>,
    slow: Option<Arc<Semaphore>>,
    backlog: Arc<Backlog>,
}

/// What is known of an ear from outside.
struct Listener {
    number: u64,
    ear: Addr<Ear>,
    backlog: Arc<Backlog>,
    heard: mpsc::UnboundedReceiver<Heard>,
}

impl Actor for Ear {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(4);
        if let Some(gate) = self.slow.clone() {
            ctx.wait(actix::fut::wrap_future(
                async move { gate.acquire().await.unwrap().forget() },
            ));
        }
    }
}

impl Handler<Push> for Ear {
    type Result = ();

    fn handle(&mut self, push: Push, _: &mut Self::Context) {
        self.backlog.took_one();
        match push {
            Push::Happened(change) => self.tell.send(Heard::Event(change.entry.id)).unwrap(),
            Push::From { told, position } => self.tell.send(Heard::From(told, position)).unwrap(),
            Push::Goodbye => {}
        }
    }
}

impl Listener {
    fn new(number: u64, slow: Option<Arc<Semaphore>>) -> Self {
        let (tell, heard) = mpsc::unbounded_channel();
        let backlog = Arc::<Backlog>::default();
        let ear = Ear { tell, slow, backlog: backlog.clone() }.start();
        Self { number, ear, backlog, heard }
    }

    async fn listens(&self, test: &TestShop, channels: Vec<Channel>) {
        let listen = Listen {
            listener: self.number,
            recipient: self.ear.clone().recipient(),
            channels,
            backlog: self.backlog.clone(),
        };
        test.shop.hub.addr().send(listen).await.unwrap();
    }

    async fn hears(&mut self) -> Heard {
        self.heard.recv().await.unwrap()
    }

    async fn hears_event(&mut self) -> EventId {
        match self.hears().await {
            Heard::Event(id) => id,
            other => panic!("no event: {other:?}"),
        }
    }
}

fn carts_of_ana() -> Vec<Channel> {
    vec![Channel { topic: Topic::Cart, owner: Some(Owner::Guest("ana".into())) }]
}

async fn ana_adds_a_lamp(test: &TestShop) {
    test.adds_lamps(&Owner::Guest("ana".into()), 1).await.unwrap();
}

#[actix::test]
async fn every_event_is_heard_in_order_and_by_nobody_it_does_not_concern() {
    let test = TestShop::open().await;
    let mut listener = Listener::new(1, None);
    listener.listens(&test, carts_of_ana()).await;
    assert!(matches!(listener.hears().await, Heard::From(told, position) if told == position));
    for owner in ["ana", "bob", "ana"] {
        test.adds_lamps(&Owner::Guest(owner.into()), 1).await.unwrap();
    }
    let (first, second) = (listener.hears_event().await, listener.hears_event().await);
    assert_eq!(second, first + 2);
}

#[actix::test]
async fn a_listener_that_does_not_listen_misses_what_is_named_and_nobody_waits() {
    let test = TestShop::open().await;
    let gate = Arc::new(Semaphore::new(0));
    let (mut slow, mut quick) = (Listener::new(1, Some(gate.clone())), Listener::new(2, None));
    slow.listens(&test, carts_of_ana()).await;
    quick.listens(&test, carts_of_ana()).await;
    let Heard::From(_, begun) = quick.hears().await else { panic!("it has not begun") };
    for _ in 0..20 {
        ana_adds_a_lamp(&test).await;
        quick.hears_event().await;
    }
    let missed = until(async || slow.backlog.missed()).await;
    assert_eq!(quick.backlog.missed(), None);
    assert_eq!(test.shop.hub.observe().await.unwrap()["listeners"], 1);

    gate.add_permits(1);
    slow.listens(&test, carts_of_ana()).await;
    assert_eq!(slow.hears().await, Heard::From(begun, begun));
    let mut told = begun;
    let (from, position) = loop {
        match slow.hears().await {
            Heard::Event(id) => told = id,
            Heard::From(told, position) => break (told, position),
        }
    };
    assert_eq!((told, from, position), (missed - 1, missed - 1, begun + 20));
    assert_eq!(slow.backlog.missed(), None);
    ana_adds_a_lamp(&test).await;
    assert_eq!(slow.hears_event().await, position + 1);
}

#[actix::test]
async fn an_event_of_several_channels_is_heard_once_where_most_is_told() {
    let test = TestShop::open().await;
    let mut listener = Listener::new(1, None);
    let all = |topic| Channel { topic, owner: None };
    listener.listens(&test, vec![all(Topic::Catalogue), all(Topic::Stock)]).await;
    listener.hears().await;
    test.reprices_lamps(7).await;
    test.reprices_lamps(8).await;
    let first = listener.hears_event().await;
    assert_eq!(listener.hears_event().await, first + 1);
}

#[actix::test]
async fn what_one_process_does_another_tells() {
    let test = TestShop::open().await;
    let neighbour = test.neighbour().await;
    let mut listener = Listener::new(1, None);
    listener.listens(&test, carts_of_ana()).await;
    listener.hears().await;
    let owner = Owner::Guest("ana".into());
    neighbour.carts.ask(actors::cart::ToCart(owner, crate::harness::lamps(1))).await.unwrap();
    listener.hears_event().await;
}
