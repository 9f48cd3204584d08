//! What the hub tells its listeners.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use actix::Message;
use bytestring::ByteString;
use domain::event::{Entry, Topic};

use crate::store::EventId;

/// In which words a listener is told.
#[derive(Debug, Clone, Copy)]
pub enum Encoding {
    /// JSON, for programs.
    Json,
    /// French, for pages.
    French,
    /// English, for pages.
    English,
}

/// An event on its way to the listeners of a channel, with the frames made of it: each is made once for all of them.
pub struct PushedEvent {
    /// The topic it is told under.
    pub topic: Topic,
    /// The event.
    pub entry: Entry,
    json: OnceLock<ByteString>,
    french: OnceLock<ByteString>,
    english: OnceLock<ByteString>,
}

impl PushedEvent {
    /// An event of which no frame was made yet.
    pub fn new(topic: Topic, entry: Entry) -> Self {
        Self {
            topic,
            entry,
            json: OnceLock::new(),
            french: OnceLock::new(),
            english: OnceLock::new(),
        }
    }

    /// The frame in some words, made if it wasn't yet.
    pub fn frame(&self, encoding: Encoding, make: impl FnOnce() -> String) -> ByteString {
        let frame = match encoding {
            Encoding::Json => &self.json,
            Encoding::French => &self.french,
            Encoding::English => &self.english,
        };
        frame.get_or_init(|| make().into()).clone()
    }
}

/// What a listener is told.
#[derive(Clone, Message)]
#[rtype(result = "()")]
pub enum Push {
    /// From here on the channels listened to now are told of.
    From {
        /// Up to this event the channels listened to before were told of.
        told: EventId,
        /// What comes is behind this event; another one than `told` if the listener has missed what is between.
        position: EventId,
    },
    /// Something happened.
    Happened(Arc<PushedEvent>),
    /// The shop closes, or opens again in a moment.
    Goodbye,
}

/// What hub and listener know of what is on its way between them.
#[derive(Default)]
pub struct Backlog {
    waiting: AtomicUsize,
    missed: AtomicU64,
}

impl Backlog {
    /// The listener has taken a push.
    pub fn took_one(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    /// The first event that was not put in because the outbox was full; the hub tells nothing from there on.
    pub fn missed(&self) -> Option<EventId> {
        Some(self.missed.load(Ordering::Acquire)).filter(|missed| *missed != 0)
    }

    /// How many pushes wait, with one more.
    pub(super) fn put_one(&self) -> usize {
        self.waiting.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The push last counted was not put in: the listener misses this event and what follows.
    pub(super) fn is_full(&self, event: EventId) {
        self.took_one();
        self.missed.store(event, Ordering::Release);
    }

    /// The listener listens anew.
    pub(super) fn goes_on(&self) {
        self.missed.store(0, Ordering::Release);
    }
}
