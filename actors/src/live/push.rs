//! What the hub sends to its subscribers.

use std::sync::{Arc, OnceLock};

use actix::Message;
use bytestring::ByteString;
use domain::event::Entry;
use domain::topic::Topic;

use crate::store::EventId;

/// The form of a subscriber's frames.
#[derive(Debug, Clone, Copy)]
pub enum Encoding {
    /// JSON, for programs.
    Json,
    /// HTML fragments in French, for pages.
    French,
    /// HTML fragments in English, for pages.
    English,
}

/// An event for the subscribers of a channel, and the frames made of it: one for each encoding,
/// shared by every subscriber.
pub struct PushedEvent {
    /// The topic under which the event is published.
    pub topic: Topic,
    /// The event.
    pub entry: Arc<Entry>,
    json: OnceLock<ByteString>,
    french: OnceLock<ByteString>,
    english: OnceLock<ByteString>,
}

impl PushedEvent {
    /// Creates a pushed event without frames.
    pub fn new(topic: Topic, entry: Arc<Entry>) -> Self {
        let json = OnceLock::new();
        let french = OnceLock::new();
        let english = OnceLock::new();
        Self { topic, entry, json, french, english }
    }

    /// Returns the frame of an encoding; the first call makes it.
    pub fn frame(&self, encoding: Encoding, make: impl FnOnce() -> String) -> ByteString {
        let frame = match encoding {
            Encoding::Json => &self.json,
            Encoding::French => &self.french,
            Encoding::English => &self.english,
        };
        frame.get_or_init(|| make().into()).clone()
    }
}

/// What the hub sends to a subscriber.
#[derive(Clone, Message)]
#[rtype(result = "()")]
pub enum Push {
    /// A subscription starts here.
    Subscribed {
        /// The last event that was pushed to the subscriber under its former channels.
        pushed: EventId,
        /// The event after which the new subscription starts. If it is greater than `pushed`, the
        /// subscriber has missed the events in between.
        position: EventId,
    },
    /// An event of a subscribed channel.
    Event(Arc<PushedEvent>),
    /// The server shuts down or restarts.
    Closing,
}
