//! How to follow the shop without a gap and without hearing anything twice: what to say, what to remember, when to come back.

use std::time::Duration;

use serde_json::{Value, json};

/// An event that never was: who says to have heard it is told by a `reset` where the log is, and then how things are.
const NEVER: u64 = 9_007_199_254_740_991;

/// What the ping says whose pong comes when everything that was missed has been told.
const READY: &str = "ready";

/// How long to wait after the first failure in a row, and at most.
const WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Somebody who listens to some topics, whatever becomes of the connection.
pub(crate) struct Follower {
    topics: Vec<String>,
    /// Everything up to this event was heard; nothing is known of what was before the beginning.
    since: Option<u64>,
    /// The last event heard of, or that needs not be heard.
    last: u64,
    /// Connections in a row over which nothing was told.
    failures: u32,
    /// What the server has asked for.
    retry_after: Option<Duration>,
}

/// What to do after a connection has ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Connect again after a time.
    In(Duration),
    /// Never come back as one is.
    Never,
}

impl Follower {
    /// Listens to topics from some event on, or from now on.
    pub(crate) fn new(topics: Vec<String>, since: Option<u64>) -> Self {
        Self { topics, since, last: since.unwrap_or_default(), failures: 0, retry_after: None }
    }

    /// What to say when a connection has been made.
    pub(crate) fn greeting(&self) -> [Value; 2] {
        let since = self.since.unwrap_or(NEVER);
        [json!({ "subscribe": self.topics, "since": since }), json!({ "ping": READY })]
    }

    /// Takes a frame; whether it is an event or a snapshot.
    pub(crate) fn hears(&mut self, frame: &Value) -> bool {
        let number = |place| frame.pointer(place).and_then(Value::as_u64);
        if frame.pointer("/reply/pong").is_some_and(|pong| pong == READY) {
            self.since = Some(self.last);
            self.failures = 0;
        } else if let Some(id) = number("/reset/id") {
            // Until all the snapshots behind it have been heard, one has to begin anew; an event or the pong comes after them.
            (self.since, self.last) = (None, id);
        } else if frame.get("bye").is_some() {
            self.retry_after = number("/bye/retry_after_ms").map(Duration::from_millis);
        } else if let Some(id) = number("/id") {
            self.last = id;
            let is_event = frame.get("snapshot").is_none();
            self.since = self.since.map(|_| id).or(is_event.then_some(id));
            self.failures = 0;
            return true;
        }
        false
    }

    /// What to do when a connection has ended, with a code if there was one; chance spreads those who come back.
    pub(crate) fn ended(&mut self, code: Option<u16>, chance: u64) -> Next {
        if matches!(code, Some(1002 | 1003 | 1007..=1009)) {
            return Next::Never;
        }
        let longest = (WAIT * 2_u32.saturating_pow(self.failures.min(16))).min(LONGEST_WAIT);
        self.failures += 1;
        let jitter = longest.mul_f64((chance % 1_000) as f64 / 2_000.0);
        Next::In(self.retry_after.take().unwrap_or(longest / 2 + jitter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: u64) -> Value {
        json!({ "id": id, "topic": "cart", "type": "cart.changed", "at": "", "data": {} })
    }

    fn says_since(follower: &Follower) -> u64 {
        follower.greeting()[0]["since"].as_u64().unwrap()
    }

    #[test]
    fn whoever_has_heard_nothing_begins_anew_until_everything_was_told() {
        let mut follower = Follower::new(vec!["cart".into(), "orders".into()], None);
        assert_eq!(says_since(&follower), NEVER);
        assert!(!follower.hears(&json!({ "reset": { "id": 40 } })));
        assert!(follower.hears(&json!({ "id": 40, "topic": "cart", "snapshot": true })));
        assert_eq!(says_since(&follower), NEVER);
        assert!(!follower.hears(&json!({ "reply": { "pong": READY } })));
        assert_eq!(says_since(&follower), 40);
        assert!(!follower.hears(&json!({ "reset": { "id": 90 } })) && follower.hears(&event(91)));
        assert_eq!(says_since(&follower), 91);
    }

    #[test]
    fn whoever_comes_back_goes_on_behind_the_last_frame() {
        let mut follower = Follower::new(vec!["cart".into()], Some(41));
        assert_eq!(says_since(&follower), 41);
        assert!(follower.hears(&event(42)) && follower.hears(&event(45)));
        assert_eq!(says_since(&follower), 45);
    }

    #[test]
    fn a_server_that_names_a_time_is_asked_again_then_and_no_other_twice_as_late_each_time() {
        let mut follower = Follower::new(Vec::new(), None);
        let waits: Vec<_> = (0..9).map(|_| follower.ended(None, 0)).collect();
        assert_eq!(waits[..3], [250, 500, 1_000].map(|wait| Next::In(Duration::from_millis(wait))));
        assert_eq!(waits[8], Next::In(LONGEST_WAIT / 2));
        follower.hears(
            &json!({ "bye": { "code": 1012, "reason": "restarting", "retry_after_ms": 1_742 } }),
        );
        assert_eq!(follower.ended(Some(1012), 7), Next::In(Duration::from_millis(1_742)));
        follower.hears(&json!({ "reply": { "pong": READY } }));
        let Next::In(wait) = follower.ended(Some(1013), 999) else { panic!("it may come back") };
        assert!(WAIT / 2 < wait && wait < WAIT, "{wait:?}");
    }

    #[test]
    fn whoever_is_sent_away_stays_away() {
        for code in [1002, 1003, 1007, 1008, 1009] {
            assert_eq!(Follower::new(Vec::new(), None).ended(Some(code), 0), Next::Never);
        }
    }
}
