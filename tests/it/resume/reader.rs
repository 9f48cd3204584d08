//! A client that follows some topics over many connections, and the events that it should receive.

use std::cell::Cell;
use std::rc::Rc;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::follower::{Follower, Next};
use crate::crash::random::Random;
use crate::harness::TestShop;
use crate::socket::Socket;

/// The most frames received over one connection.
const FRAMES: u64 = 400;

/// By what factor a reader shortens each wait before it reconnects, to keep the test short.
const HASTE: u32 = 10;

/// The topics with a state, of which a slow reader may receive only the newest event.
const STATES: [&str; 4] = ["catalogue", "cart", "stock", "breaker"];

/// Where and with which token a client subscribes, and to what.
#[derive(Clone)]
struct Subscription {
    url: String,
    token: String,
    topics: Vec<String>,
}

/// A client that follows the shop.
pub(super) struct Reader {
    subscription: Subscription,
    follower: Follower,
    random: Random,
    received: Vec<Value>,
    reached: Rc<Cell<u64>>,
    is_over: Rc<Cell<bool>>,
    connections: usize,
}

/// The part of the log that a reader should receive, read while nothing changes.
pub(super) struct Slice {
    subscription: Subscription,
    events: Vec<Value>,
}

impl Reader {
    /// Creates a reader with a token and the topics that it allows. The reader subscribes to one of
    /// the first two topics and to a random choice of the others.
    pub(super) fn new(
        (token, topics): (String, &[&str]),
        shop: &TestShop,
        is_over: &Rc<Cell<bool>>,
        mut random: Random,
    ) -> Self {
        let busy = random.between(0, 1) as usize;
        let chosen = topics
            .iter()
            .enumerate()
            .filter(|(index, _)| *index == busy || random.between(0, 1) == 0);
        let topics: Vec<_> = chosen.map(|(_, topic)| (*topic).to_owned()).collect();
        eprintln!("a reader subscribes to {topics:?}");
        Self {
            follower: Follower::new(topics.clone(), Some(0)),
            subscription: Subscription { url: shop.url.clone(), token, topics },
            random,
            received: Vec::new(),
            reached: Rc::default(),
            is_over: is_over.clone(),
            connections: 0,
        }
    }

    /// Returns what the reader should receive, without events yet.
    pub(super) fn slice(&self) -> Slice {
        Slice { subscription: self.subscription.clone(), events: Vec::new() }
    }

    /// Returns the id of the last event that the reader has received.
    pub(super) fn reached(&self) -> Rc<Cell<u64>> {
        self.reached.clone()
    }

    /// Follows the shop until the test is over.
    pub(super) async fn reads(&mut self) {
        while !self.is_over.get() {
            let Subscription { url, token, .. } = &self.subscription;
            let code = match Socket::tries_at(url, token).await {
                Ok(socket) => self.reads_from(socket).await,
                Err(_) => None,
            };
            match self.follower.disconnected(code, self.random.between(0, u64::MAX - 1)) {
                Next::In(wait) => sleep(wait / HASTE).await,
                Next::Never => panic!("the server closed with {code:?}"),
            }
        }
    }

    /// Receives a random number of frames, then disconnects. Returns the close code if the server
    /// closes first.
    async fn reads_from(&mut self, mut socket: Socket) -> Option<u16> {
        self.connections += 1;
        for command in self.follower.greeting() {
            socket.sends_if_open(command).await;
        }
        for _ in 0..self.random.between(1, FRAMES) {
            let frame = match socket.receives_or_ends().await {
                Ok(frame) => frame,
                Err(code) => return code,
            };
            assert!(frame["reset"].is_null() && frame["error"].is_null(), "{frame}");
            if self.follower.receive(&frame) {
                self.reached.set(frame["id"].as_u64().unwrap());
                self.received.push(frame);
            }
        }
        if self.random.between(0, 1) == 0 {
            socket.vanishes();
        } else {
            socket.leaves().await;
        }
        None
    }

    /// Checks that the reader has received this part of the log, each event once and in order. An
    /// event of a state may be missing if a newer event of the same state was received.
    pub(super) fn has_received(&self, slice: &Slice) {
        let topics = self.subscription.topics.join(", ");
        let is_in_slice = |frame: &&Value| frame["id"].as_u64() <= Some(slice.last());
        let received: Vec<_> = self.received.iter().filter(is_in_slice).collect();
        let mut rest = received.iter().peekable();
        let is_missing = |event: &&Value| rest.next_if(|frame| **frame == *event).is_none();
        let missing: Vec<_> = slice.events.iter().filter(is_missing).collect();
        eprintln!(
            "{topics}: {} events over {} connections, {} left out",
            received.len(),
            self.connections,
            missing.len()
        );
        assert_eq!(rest.next(), None, "{topics}: received twice or out of order");
        for event in missing {
            let is_newer = |frame: &&Value| {
                same_state(frame, event) && frame["id"].as_u64() > event["id"].as_u64()
            };
            assert!(received.iter().any(is_newer), "{topics}: {event} is missing");
        }
        assert!(self.connections > 1 && !received.is_empty(), "{topics}");
    }
}

impl Slice {
    /// Returns the id of the last event read; 0 if there is none.
    pub(super) fn last(&self) -> u64 {
        self.events.last().map_or(0, |event| event["id"].as_u64().unwrap())
    }

    /// Reads the events since the last one.
    pub(super) async fn reads_on(&mut self) {
        let Subscription { url, token, topics } = &self.subscription;
        let mut socket = Socket::tries_at(url, token).await.unwrap();
        socket.sends(json!({ "subscribe": topics, "since": self.last() })).await;
        socket.sends(json!({ "ping": "read" })).await;
        assert!(socket.receives_json().await["reply"]["topics"].is_array());
        loop {
            let frame = socket.receives_json().await;
            if frame["reply"]["pong"] == "read" {
                return;
            }
            assert!(frame["at"].is_string(), "{frame}");
            self.events.push(frame);
        }
    }
}

/// Returns whether two events are about the state of the same thing.
fn same_state(one: &Value, other: &Value) -> bool {
    STATES.iter().any(|state| one["topic"] == *state)
        && one["topic"] == other["topic"]
        && one["data"]["id"] == other["data"]["id"]
}
