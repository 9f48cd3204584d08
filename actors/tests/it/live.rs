//! The hub.

use std::sync::Arc;

use actors::cart::registry::ToCart;
use domain::topic::{Channel, Topic};
use tokio::sync::Semaphore;

use crate::harness::subscriber::{Received, TestSubscriber};
use crate::harness::{TestShop, eventually, guest, lamps};

fn cart_of_ana() -> Channel {
    Channel { topic: Topic::Cart, owner: Some(guest("ana")) }
}

async fn ana_adds_a_lamp(test: &TestShop) {
    test.add_lamps(&guest("ana"), 1).await.unwrap();
}

#[actix::test]
async fn a_subscriber_receives_the_events_of_its_channels_in_order_and_no_others() {
    let test = TestShop::open().await;
    let mut subscriber = TestSubscriber::start(1);
    subscriber.subscribe(&test, &[cart_of_ana()]).await;
    let (pushed, position) = subscriber.receive_start().await;
    assert_eq!(pushed, position);
    for name in ["ana", "bob", "ana"] {
        test.add_lamps(&guest(name), 1).await.unwrap();
    }
    let first = subscriber.receive_event().await;
    assert_eq!(subscriber.receive_event().await, first + 2);
}

#[actix::test]
async fn a_lagging_subscriber_learns_what_it_missed_and_delays_no_other() {
    let test = TestShop::open().await;
    let gate = Arc::new(Semaphore::new(0));
    let mut lagging = TestSubscriber::start_blocked(1, &gate);
    let mut quick = TestSubscriber::start(2);
    lagging.subscribe(&test, &[cart_of_ana()]).await;
    quick.subscribe(&test, &[cart_of_ana()]).await;
    let (_, start) = quick.receive_start().await;
    for _ in 0..20 {
        ana_adds_a_lamp(&test).await;
        quick.receive_event().await;
    }
    let missed = eventually(async || lagging.backlog.missed()).await;
    assert_eq!(quick.backlog.missed(), None);
    assert_eq!(test.shop.hub.observe().await.unwrap().subscribers, 1);

    gate.add_permits(1);
    lagging.subscribe(&test, &[cart_of_ana()]).await;
    assert_eq!(lagging.receive_start().await, (start, start));
    let mut last = start;
    let (pushed, position) = loop {
        match lagging.receive().await {
            Received::Event(id) => last = id,
            Received::Subscribed { pushed, position } => break (pushed, position),
        }
    };
    assert_eq!((last, pushed, position), (missed - 1, missed - 1, start + 20));
    assert_eq!(lagging.backlog.missed(), None);
    ana_adds_a_lamp(&test).await;
    assert_eq!(lagging.receive_event().await, position + 1);
}

#[actix::test]
async fn an_event_of_two_subscribed_channels_is_received_once() {
    let test = TestShop::open().await;
    let mut subscriber = TestSubscriber::start(1);
    let channels = [Topic::Catalogue, Topic::Stock].map(|topic| Channel { topic, owner: None });
    subscriber.subscribe(&test, &channels).await;
    subscriber.receive_start().await;
    test.reprice_lamps(7).await;
    test.reprice_lamps(8).await;
    let first = subscriber.receive_event().await;
    assert_eq!(subscriber.receive_event().await, first + 1);
}

#[actix::test]
async fn a_subscriber_receives_the_events_of_another_node() {
    let test = TestShop::open().await;
    let second_node = test.second_node().await;
    let mut subscriber = TestSubscriber::start(1);
    subscriber.subscribe(&test, &[cart_of_ana()]).await;
    subscriber.receive_start().await;
    second_node.carts.ask(ToCart(guest("ana"), lamps(1))).await.unwrap();
    subscriber.receive_event().await;
}
