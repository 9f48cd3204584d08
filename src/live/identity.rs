//! On whose behalf a socket is open, and so what it may subscribe to.

use std::collections::BTreeSet;

use domain::cart::Owner;
use domain::event::Event;
use domain::topic::{Channel, Subscriber, Topic};

use crate::credentials::SignedIn;
use crate::crypto::{fingerprint, random_token};
use crate::sockets::SlotOwner;

/// The user or guest for whom a socket is open.
#[derive(Clone)]
pub(super) struct Identity {
    /// The owner of the cart and the role, which decide about topics.
    pub(super) subscriber: Subscriber,
    /// The session; `None` for a guest.
    pub(super) signed_in: Option<SignedIn>,
}

impl Identity {
    /// Creates the identity of a cart's owner, who may be signed in.
    ///
    /// A visitor without a cart has an owner that no cart can have: nothing is published to it.
    pub(super) fn new(owner: Option<&Owner>, signed_in: Option<&SignedIn>) -> Self {
        let role = signed_in.map(|signed_in| signed_in.role);
        let none = || Owner::Guest(fingerprint(&random_token()));
        let subscriber = Subscriber { owner: owner.cloned().unwrap_or_else(none), role };
        Self { subscriber, signed_in: signed_in.cloned() }
    }

    /// Returns against whose limit the socket counts.
    pub(super) fn slot_owner(&self) -> SlotOwner {
        match &self.signed_in {
            Some(signed_in) => SlotOwner::Session(signed_in.session),
            None => SlotOwner::Guest(self.subscriber.owner.clone()),
        }
    }

    /// Returns whether the socket may subscribe to every one of these topics.
    pub(super) fn allows(&self, topics: &BTreeSet<Topic>) -> bool {
        topics.iter().all(|topic| self.subscriber.channel(*topic).is_some())
    }

    /// Returns the one of these topics under which the socket receives an event: an event is sent
    /// once, under the first of its topics.
    pub(super) fn topic_of(&self, event: &Event, topics: &BTreeSet<Topic>) -> Option<Topic> {
        let is_subscribed = |channel: &Channel| {
            topics.contains(&channel.topic)
                && self.subscriber.channel(channel.topic).as_ref() == Some(channel)
        };
        event.channels().into_iter().find(is_subscribed).map(|channel| channel.topic)
    }

    /// Returns whether the event is the end of the socket's session.
    pub(super) fn ends_with(&self, event: &Event) -> bool {
        match (event, &self.signed_in) {
            (Event::SessionEnded { session, .. }, Some(signed_in)) => *session == signed_in.session,
            _ => false,
        }
    }
}
