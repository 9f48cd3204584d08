//! Somebody who follows some topics over one connection after the other, and what there was to be heard.

use std::cell::Cell;
use std::rc::Rc;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::follower::{Follower, Next};
use crate::crash::chance::Chance;
use crate::harness::TestShop;
use crate::socket::Socket;

/// How many frames are heard over one connection at most.
const FRAMES: u64 = 400;

/// How much sooner than it should a reader comes back; so that the test is over sooner.
const HASTE: u32 = 10;

/// Topics about how something is, of which a reader that was too slow hears only the newest.
const STATES: [&str; 4] = ["catalogue", "cart", "stock", "breaker"];

/// Where somebody listens, and to what.
#[derive(Clone)]
struct Place {
    url: String,
    token: String,
    topics: Vec<String>,
}

/// Somebody who listens.
pub(super) struct Reader {
    place: Place,
    follower: Follower,
    chance: Chance,
    heard: Vec<Value>,
    reached: Rc<Cell<u64>>,
    is_over: Rc<Cell<bool>>,
    connections: usize,
}

/// The part of the log that a reader should hear, read in peace.
pub(super) struct Slice {
    place: Place,
    events: Vec<Value>,
}

impl Reader {
    /// Somebody with a token who may listen to these topics, and chooses some of them.
    pub(super) fn new(
        (token, topics): (String, &[&str]),
        shop: &TestShop,
        is_over: &Rc<Cell<bool>>,
        mut chance: Chance,
    ) -> Self {
        let busy = chance.between(0, 1) as usize;
        let chosen = topics
            .iter()
            .enumerate()
            .filter(|(place, _)| *place == busy || chance.between(0, 1) == 0);
        let topics: Vec<_> = chosen.map(|(_, topic)| (*topic).to_owned()).collect();
        eprintln!("somebody listens to {topics:?}");
        Self {
            follower: Follower::new(topics.clone(), Some(0)),
            place: Place { url: shop.url.clone(), token, topics },
            chance,
            heard: Vec::new(),
            reached: Rc::default(),
            is_over: is_over.clone(),
            connections: 0,
        }
    }

    /// What the reader should hear; nothing of it was read yet.
    pub(super) fn slice(&self) -> Slice {
        Slice { place: self.place.clone(), events: Vec::new() }
    }

    /// The last event that the reader has heard.
    pub(super) fn reached(&self) -> Rc<Cell<u64>> {
        self.reached.clone()
    }

    /// Follows until it is over.
    pub(super) async fn reads(&mut self) {
        while !self.is_over.get() {
            let code = match Socket::tries_at(&self.place.url, &self.place.token).await {
                Ok(socket) => self.listens(socket).await,
                Err(_) => None,
            };
            match self.follower.ended(code, self.chance.between(0, u64::MAX - 1)) {
                Next::In(wait) => sleep(wait / HASTE).await,
                Next::Never => panic!("sent away with {code:?}"),
            }
        }
    }

    /// Listens until the connection ends, or to so many frames; the code it was closed with.
    async fn listens(&mut self, mut socket: Socket) -> Option<u16> {
        self.connections += 1;
        for said in self.follower.greeting() {
            socket.says_if_open(said).await;
        }
        for _ in 0..self.chance.between(1, FRAMES) {
            let frame = match socket.hears_or_ends().await {
                Ok(frame) => frame,
                Err(code) => return code,
            };
            assert!(frame["reset"].is_null() && frame["error"].is_null(), "{frame}");
            if self.follower.hears(&frame) {
                self.reached.set(frame["id"].as_u64().unwrap());
                self.heard.push(frame);
            }
        }
        if self.chance.between(0, 1) == 0 {
            socket.vanishes();
        } else {
            socket.leaves().await;
        }
        None
    }

    /// The reader has heard this part of the log, each event once and in order; what it may lack is how something was of which
    /// it has heard a newer state, should it have been too slow for a while.
    pub(super) fn has_heard(&self, slice: &Slice) {
        let heard: Vec<_> =
            self.heard.iter().filter(|frame| frame["id"].as_u64() <= Some(slice.last())).collect();
        let (topics, connections) = (self.place.topics.join(", "), self.connections);
        let mut rest = heard.iter().peekable();
        let is_missing = |event: &&Value| rest.next_if(|frame| **frame == *event).is_none();
        let missing: Vec<_> = slice.events.iter().filter(is_missing).collect();
        eprintln!(
            "{topics}: {} events over {connections} connections, {} left out",
            heard.len(),
            missing.len()
        );
        assert_eq!(rest.next(), None, "{topics}: told twice or out of order");
        for event in missing {
            let is_newer = |frame: &&&Value| {
                same_state(frame, event) && frame["id"].as_u64() > event["id"].as_u64()
            };
            assert!(heard.iter().any(|frame| is_newer(&frame)), "{topics}: nobody told {event}");
        }
        assert!(connections > 1 && !heard.is_empty(), "{topics}");
    }
}

impl Slice {
    /// The last event of it that was read.
    pub(super) fn last(&self) -> u64 {
        self.events.last().map_or(0, |event| event["id"].as_u64().unwrap())
    }

    /// Reads what has happened since.
    pub(super) async fn reads_on(&mut self) {
        let mut socket = Socket::tries_at(&self.place.url, &self.place.token).await.unwrap();
        socket.say(json!({ "subscribe": self.place.topics, "since": self.last() })).await;
        socket.say(json!({ "ping": "read" })).await;
        assert!(socket.hears_json().await["reply"]["topics"].is_array());
        loop {
            let frame = socket.hears_json().await;
            if frame["reply"]["pong"] == "read" {
                return;
            }
            assert!(frame["at"].is_string(), "{frame}");
            self.events.push(frame);
        }
    }
}

/// Whether two events tell the state of the same thing.
fn same_state(one: &Value, other: &Value) -> bool {
    STATES.iter().any(|state| one["topic"] == *state)
        && one["topic"] == other["topic"]
        && one["data"]["id"] == other["data"]["id"]
}
