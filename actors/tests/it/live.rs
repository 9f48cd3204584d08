//! The hub.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix::{Actor, AsyncContext, Context, Handler};
use actors::live::{Listen, Push};
use actors::store::EventId;
use domain::cart::Owner;
use domain::event::{Channel, Topic};
use tokio::sync::{Semaphore, mpsc};

use crate::harness::{TestShop, until};

/// Somebody who listens, and hears on only when allowed to.
struct Ear {
    heard: mpsc::UnboundedSender<EventId>,
    slow: Option<Arc<Semaphore>>,
}

impl Actor for Ear {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(4);
        if let Some(gate) = self.slow.clone() {
            ctx.wait(actix::fut::wrap_future(async move { gate.acquire().await.unwrap().forget() }));
        }
    }
}

impl Handler<Push> for Ear {
    type Result = ();

    fn handle(&mut self, push: Push, _: &mut Self::Context) {
        if let Push::Happened(change) = push {
            self.heard.send(change.entry.id).unwrap();
        }
    }
}

async fn listens(
    test: &TestShop,
    listener: u64,
    slow: Option<Arc<Semaphore>>,
) -> (mpsc::UnboundedReceiver<EventId>, Arc<AtomicBool>) {
    let (heard, hears) = mpsc::unbounded_channel();
    let lagging = Arc::new(AtomicBool::new(false));
    let owner = Some(Owner::Guest("ana".into()));
    let listen = Listen {
        listener,
        recipient: Ear { heard, slow }.start().recipient(),
        channels: vec![Channel { topic: Topic::Cart, owner }],
        lagging: lagging.clone(),
    };
    test.shop.hub.addr().send(listen).await.unwrap();
    (hears, lagging)
}

#[actix::test]
async fn every_event_is_heard_in_order_and_by_nobody_it_does_not_concern() {
    let test = TestShop::open().await;
    let (mut hears, _) = listens(&test, 1, None).await;
    for owner in ["ana", "bob", "ana"] {
        test.adds_lamps(&Owner::Guest(owner.into()), 1).await.unwrap();
    }
    let (first, second) = (hears.recv().await.unwrap(), hears.recv().await.unwrap());
    assert_eq!(second, first + 2);
}

#[actix::test]
async fn a_listener_that_does_not_listen_is_left_behind_and_nobody_waits() {
    let test = TestShop::open().await;
    let gate = Arc::new(Semaphore::new(0));
    let (_, lagging) = listens(&test, 1, Some(gate.clone())).await;
    let (mut hears, keeping_up) = listens(&test, 2, None).await;
    for _ in 0..20 {
        test.adds_lamps(&Owner::Guest("ana".into()), 1).await.unwrap();
        hears.recv().await.unwrap();
    }
    until(async || lagging.load(Ordering::Relaxed).then_some(())).await;
    assert!(!keeping_up.load(Ordering::Relaxed));
    assert_eq!(test.shop.hub.observe().await.unwrap()["listeners"], 1);
}

#[actix::test]
async fn what_one_process_does_another_tells() {
    let test = TestShop::open().await;
    let neighbour = test.neighbour().await;
    let (mut hears, _) = listens(&test, 1, None).await;
    let owner = Owner::Guest("ana".into());
    neighbour.carts.ask(actors::cart::ToCart(owner, crate::harness::lamps(1))).await.unwrap();
    assert!(hears.recv().await.is_some());
}
