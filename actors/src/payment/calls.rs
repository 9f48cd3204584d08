//! The last calls to the bank, for administrators.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::bank::{EndedCall, Purpose};
use domain::moment::Moment;
use domain::payment::Outcome;

use super::Request;
use crate::clock::Clock;

/// How many calls are kept.
const KEPT: usize = 20;

/// A call in progress. It is added to the last calls when it ends, also by a panic.
pub(super) struct RunningCall {
    calls: LastCalls,
    clock: Clock,
    began: Moment,
    purpose: Purpose,
    key: String,
    outcome: Option<Outcome>,
}

/// The last calls of this process. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct LastCalls(Arc<Mutex<Ended>>);

#[derive(Debug, Default)]
struct Ended {
    /// The number of all calls.
    count: u64,
    /// The last calls, the newest first.
    last: VecDeque<EndedCall>,
}

impl LastCalls {
    /// Notes that a call begins.
    pub(super) fn begin(&self, request: &Request, clock: &Clock) -> RunningCall {
        RunningCall {
            calls: self.clone(),
            clock: clock.clone(),
            began: clock.moment(),
            purpose: request.purpose(),
            key: request.key().to_owned(),
            outcome: None,
        }
    }

    fn add(&self, call: EndedCall) {
        let mut ended = self.lock();
        ended.count += 1;
        ended.last.truncate(KEPT - 1);
        ended.last.push_front(call);
    }

    /// Returns the number of all calls, and the last of them, the newest first.
    pub fn list(&self) -> (u64, Vec<EndedCall>) {
        let ended = self.lock();
        (ended.count, ended.last.iter().cloned().collect())
    }

    /// Returns the number of all calls.
    pub fn count(&self) -> u64 {
        self.lock().count
    }

    fn lock(&self) -> MutexGuard<'_, Ended> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RunningCall {
    /// Ends the call with an outcome, and returns that.
    pub(super) fn end(mut self, outcome: Outcome) -> Outcome {
        self.outcome = Some(outcome);
        outcome
    }
}

impl Drop for RunningCall {
    fn drop(&mut self) {
        let took = self.clock.moment().since(self.began);
        self.calls.add(EndedCall {
            at: self.clock.now(),
            purpose: self.purpose,
            key: std::mem::take(&mut self.key),
            outcome: self.outcome,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        });
    }
}

impl Request {
    /// Returns what the request is for.
    fn purpose(&self) -> Purpose {
        match self {
            Self::Charge(_) => Purpose::Charge,
            Self::Refund(_) => Purpose::Refund,
            Self::Void(_) => Purpose::Void,
            Self::Resolve(_) => Purpose::Resolve,
        }
    }

    /// Returns the key of the payment attempt.
    fn key(&self) -> &str {
        match self {
            Self::Charge(charge) | Self::Resolve(charge) => &charge.key,
            Self::Refund(key) | Self::Void(key) => key,
        }
    }
}
