//! What administrators see of a running node: its actors, sockets, store and process.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// A running node.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct System {
    /// The version of the program.
    pub version: &'static str,
    /// The address that the node is bound to.
    pub node: String,
    /// The number of the process.
    pub process: u32,
    /// How long the process has been running, in seconds.
    pub uptime_s: u64,
    /// What the process uses; `None` where the operating system does not report it.
    pub usage: Option<Usage>,
    /// The actors, in start order.
    pub actors: Vec<ActorReport>,
    /// The sockets.
    pub sockets: SocketReport,
    /// The store.
    pub store: StoreReport,
    /// The readers that follow the log.
    pub followers: Vec<Follower>,
}

/// What a process uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Usage {
    /// The processor time since the start, in milliseconds.
    pub cpu_ms: u64,
    /// The memory that the process holds, in bytes.
    pub memory_bytes: u64,
}

/// A long-lived actor. The counts are those of the process, through all restarts of the actor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ActorReport {
    /// The name of the actor.
    pub name: &'static str,
    /// How many messages wait for their replies.
    pub waiting: usize,
    /// How many messages were replied to.
    pub handled: u64,
    /// How many of them in the last second.
    pub per_second: u64,
    /// How often the actor was restarted.
    pub restarts: u64,
    /// When it was restarted last.
    pub restarted_at: Option<Timestamp>,
    /// The numbers of its state; `None` if it does not answer at the moment.
    pub state: Option<BTreeMap<&'static str, u64>>,
    /// The last message to it that failed for no reason of the caller.
    pub failure: Option<LastFailure>,
}

/// The last failure of an actor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LastFailure {
    /// When it happened.
    pub at: Timestamp,
    /// What happened, as in the log.
    pub text: String,
}

/// The open sockets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SocketReport {
    /// How many are open.
    pub open: usize,
    /// How many subscriptions each topic has.
    pub topics: BTreeMap<&'static str, usize>,
    /// How many are open for each page, by its name in addresses, and for programs.
    pub pages: BTreeMap<&'static str, usize>,
    /// How often one was too slow and read on from the log.
    pub lagging: u64,
    /// The most pushes that have waited for one.
    pub high_water: usize,
}

/// The store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StoreReport {
    /// The last event of the log.
    pub last_event: u64,
    /// How many commits have ended.
    pub commits: u64,
    /// How many of them in the last second.
    pub per_second: u64,
    /// How long these have taken on average, with the sync, in microseconds.
    pub commit_us: u64,
    /// How long the last sync alone has taken; `None` if the store does not report it.
    pub sync_us: Option<u64>,
    /// How many bytes the store takes: on disk with sled, of memory with Redis.
    pub bytes: Option<u64>,
}

/// A reader that follows the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Follower {
    /// The name of the reader.
    pub name: &'static str,
    /// The last event that it has read.
    pub position: u64,
}
