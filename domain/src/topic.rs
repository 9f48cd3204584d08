//! Topics and channels: where events are published, and who may subscribe.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cart::Owner;
use crate::user::Role;

/// A subject that clients can subscribe to.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Articles with price and availability: for every client.
    Catalogue,
    /// The client's own cart.
    Cart,
    /// The user's own orders and their payments.
    Orders,
    /// The user's own sessions.
    Session,
    /// All users: for administrators.
    Users,
    /// All articles with full stock figures: for administrators.
    Stock,
    /// All orders and their payments, and the simulated bank: for administrators.
    Payments,
    /// The circuit breaker: for administrators.
    Breaker,
    /// Nodes that start and shut down: for administrators.
    System,
}

impl Topic {
    /// Returns the name of the topic in the protocol.
    pub fn name(self) -> &'static str {
        match self {
            Self::Catalogue => "catalogue",
            Self::Cart => "cart",
            Self::Orders => "orders",
            Self::Session => "session",
            Self::Users => "users",
            Self::Stock => "stock",
            Self::Payments => "payments",
            Self::Breaker => "breaker",
            Self::System => "system",
        }
    }

    /// Returns whether each event of the topic carries the whole state of its subject.
    ///
    /// If so, the latest event replaces all earlier ones; on the other topics every event counts.
    pub fn is_state(self) -> bool {
        matches!(self, Self::Catalogue | Self::Cart | Self::Stock | Self::Breaker)
    }
}

/// What events are published to: a topic, restricted to one owner if its events are personal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Channel {
    /// The topic.
    pub topic: Topic,
    /// The only owner who receives the events; `None` if all subscribers of the topic do.
    pub owner: Option<Owner>,
}

/// The identity of a client that subscribes to topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// The owner of the client's cart.
    pub owner: Owner,
    /// The user's role; `None` if the client is not signed in.
    pub role: Option<Role>,
}

/// The channel that publishes to pages with orders when payments are interrupted or resume.
///
/// [`Subscriber::channel`] never returns it, so API clients can't subscribe to it.
pub const INTERRUPTIONS: Channel = Channel { topic: Topic::Orders, owner: None };

impl Subscriber {
    /// Returns the subscriber's channel for a topic, or `None` if the topic is not allowed.
    ///
    /// This rule alone decides who may receive what: the channel of a personal topic always holds
    /// the subscriber's own identity, so that no client can subscribe to the events of another.
    pub fn channel(&self, topic: Topic) -> Option<Channel> {
        let (allowed, own) = match topic {
            Topic::Catalogue => (true, false),
            Topic::Cart => (true, true),
            Topic::Orders | Topic::Session => (self.role.is_some(), true),
            Topic::Users | Topic::Stock | Topic::Payments | Topic::Breaker | Topic::System => {
                (self.role == Some(Role::Admin), false)
            }
        };
        allowed.then(|| Channel { topic, owner: own.then(|| self.owner.clone()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_administrators_can_subscribe_to_users() {
        let client = |role| Subscriber { owner: Owner::Guest("ana".into()), role };
        assert_eq!(client(None).channel(Topic::Users), None);
        assert_eq!(client(Some(Role::Customer)).channel(Topic::Users), None);
        assert!(client(Some(Role::Admin)).channel(Topic::Users).is_some());
    }

    #[test]
    fn the_channel_of_a_topic_depends_on_the_role_and_is_personal_where_the_events_are() {
        use Topic::*;
        let topics = [Catalogue, Cart, Orders, Session, Users, Stock, Payments, Breaker, System];
        let customers = [Catalogue, Cart, Orders, Session];
        for (role, allowed) in [
            (None, &[Catalogue, Cart][..]),
            (Some(Role::Customer), &customers),
            (Some(Role::Admin), &topics),
        ] {
            let client = Subscriber { owner: Owner::Guest("ana".into()), role };
            for topic in topics {
                let is_personal = matches!(topic, Cart | Orders | Session);
                let channel = Channel { topic, owner: is_personal.then(|| client.owner.clone()) };
                let expected = allowed.contains(&topic).then_some(channel);
                assert_eq!(client.channel(topic), expected, "{role:?}, {topic:?}");
            }
        }
    }

    #[test]
    fn every_topic_has_its_name_from_json_and_some_carry_whole_states() {
        for (topic, name, is_state) in [
            (Topic::Catalogue, "catalogue", true),
            (Topic::Cart, "cart", true),
            (Topic::Orders, "orders", false),
            (Topic::Session, "session", false),
            (Topic::Users, "users", false),
            (Topic::Stock, "stock", true),
            (Topic::Payments, "payments", false),
            (Topic::Breaker, "breaker", true),
            (Topic::System, "system", false),
        ] {
            assert_eq!(serde_json::to_value(topic).unwrap(), name);
            assert_eq!((topic.name(), topic.is_state()), (name, is_state));
        }
    }
}
