//! How to follow the shop without gaps and duplicates: what to send after connecting, what to
//! remember of each frame, and when to reconnect. This file does no I/O.

use std::time::Duration;

use serde_json::{Value, json};

/// An event id that is never reached. A subscription since this id is answered with a `reset` that
/// contains the current position, and then with snapshots.
const NEVER: u64 = 9_007_199_254_740_991;

/// The value of the ping whose pong follows the last missed frame.
const READY: &str = "ready";

/// The wait after the first failure, and the longest wait.
const WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The subscription of a client to some topics, across connections.
pub(crate) struct Follower {
    topics: Vec<String>,
    /// The event after which to resume; `None` before all snapshots were received.
    since: Option<u64>,
    /// The id of the last frame received.
    last: u64,
    /// The number of connections in a row that delivered nothing.
    failures: u32,
    /// How long the server asks to wait.
    retry_after: Option<Duration>,
}

/// What to do after a connection has ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Reconnect after a wait.
    In(Duration),
    /// Do not reconnect: the server would close the connection again.
    Never,
}

impl Follower {
    /// Follows topics from an event on; from the current state on if there is none.
    pub(crate) fn new(topics: Vec<String>, since: Option<u64>) -> Self {
        Self { topics, since, last: since.unwrap_or_default(), failures: 0, retry_after: None }
    }

    /// Returns the commands to send after connecting.
    pub(crate) fn greeting(&self) -> [Value; 2] {
        let since = self.since.unwrap_or(NEVER);
        [json!({ "subscribe": self.topics, "since": since }), json!({ "ping": READY })]
    }

    /// Records a frame; returns whether it is an event or a snapshot.
    pub(crate) fn receive(&mut self, frame: &Value) -> bool {
        let number = |place| frame.pointer(place).and_then(Value::as_u64);
        if frame.pointer("/reply/pong").is_some_and(|pong| pong == READY) {
            self.since = Some(self.last);
            self.failures = 0;
        } else if let Some(id) = number("/reset/id") {
            // Snapshots follow. Until the last one is received, a resumed subscription would miss
            // the others.
            self.since = None;
            self.last = id;
        } else if frame.get("bye").is_some() {
            self.retry_after = number("/bye/retry_after_ms").map(Duration::from_millis);
        } else if let Some(id) = number("/id") {
            // An event follows the last snapshot, so the subscription can resume after it.
            let is_event = frame.get("snapshot").is_none();
            self.since = self.since.map(|_| id).or(is_event.then_some(id));
            self.last = id;
            self.failures = 0;
            return true;
        }
        false
    }

    /// Returns what to do when a connection has ended, with a close code if there was one.
    ///
    /// `random` is any number; it spreads the clients that reconnect after the same failure.
    pub(crate) fn disconnected(&mut self, code: Option<u16>, random: u64) -> Next {
        if matches!(code, Some(1002 | 1003 | 1007..=1009)) {
            return Next::Never;
        }
        let longest = (WAIT * 2_u32.saturating_pow(self.failures.min(16))).min(LONGEST_WAIT);
        self.failures += 1;
        let jitter = longest.mul_f64((random % 1_000) as f64 / 2_000.0);
        Next::In(self.retry_after.take().unwrap_or(longest / 2 + jitter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: u64) -> Value {
        json!({ "id": id, "topic": "cart", "type": "cart.changed", "at": "", "data": {} })
    }

    fn sent_since(follower: &Follower) -> u64 {
        follower.greeting()[0]["since"].as_u64().unwrap()
    }

    #[test]
    fn a_new_client_resumes_only_after_all_snapshots_were_received() {
        let mut follower = Follower::new(vec!["cart".into(), "orders".into()], None);
        assert_eq!(sent_since(&follower), NEVER);
        assert!(!follower.receive(&json!({ "reset": { "id": 40 } })));
        assert!(follower.receive(&json!({ "id": 40, "topic": "cart", "snapshot": true })));
        assert_eq!(sent_since(&follower), NEVER);
        assert!(!follower.receive(&json!({ "reply": { "pong": READY } })));
        assert_eq!(sent_since(&follower), 40);
        assert!(!follower.receive(&json!({ "reset": { "id": 90 } })));
        assert!(follower.receive(&event(91)));
        assert_eq!(sent_since(&follower), 91);
    }

    #[test]
    fn a_client_resumes_after_the_last_frame() {
        let mut follower = Follower::new(vec!["cart".into()], Some(41));
        assert_eq!(sent_since(&follower), 41);
        assert!(follower.receive(&event(42)) && follower.receive(&event(45)));
        assert_eq!(sent_since(&follower), 45);
    }

    #[test]
    fn the_wait_doubles_with_each_failure_unless_the_server_names_one() {
        let mut follower = Follower::new(Vec::new(), None);
        let waits: Vec<_> = (0..9).map(|_| follower.disconnected(None, 0)).collect();
        assert_eq!(waits[..3], [250, 500, 1_000].map(|wait| Next::In(Duration::from_millis(wait))));
        assert_eq!(waits[8], Next::In(LONGEST_WAIT / 2));
        let bye = json!({ "code": 1012, "reason": "restarting", "retry_after_ms": 1_742 });
        follower.receive(&json!({ "bye": bye }));
        let named = Next::In(Duration::from_millis(1_742));
        assert_eq!(follower.disconnected(Some(1012), 7), named);
        follower.receive(&json!({ "reply": { "pong": READY } }));
        let next = follower.disconnected(Some(1013), 999);
        let Next::In(wait) = next else { panic!("it may reconnect") };
        assert!(WAIT / 2 < wait && wait < WAIT, "{wait:?}");
    }

    #[test]
    fn a_client_that_the_server_rejects_does_not_reconnect() {
        for code in [1002, 1003, 1007, 1008, 1009] {
            let mut follower = Follower::new(Vec::new(), None);
            assert_eq!(follower.disconnected(Some(code), 0), Next::Never);
        }
    }
}
