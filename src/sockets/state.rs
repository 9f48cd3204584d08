//! What is configured and measured of WebSockets.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use metrics::{Counter, Histogram, counter, histogram};

use super::{Limits, Sockets};
use crate::config;

/// The WebSockets of a process.
pub struct LiveState {
    /// How often a client is asked whether it is alive.
    pub ping: Duration,
    /// How long a client may say nothing.
    pub silence: Duration,
    /// How many frames a client may send in a second.
    pub frames: u32,
    /// Those that are open.
    pub sockets: Arc<Sockets>,
    sent: Counter,
    bytes: Counter,
    latency: Histogram,
}

impl LiveState {
    /// No sockets yet; what is measured goes where metrics go by now.
    pub fn new(config: &config::Live) -> Self {
        Self {
            ping: config.ping,
            silence: config.silence,
            frames: config.frames,
            sockets: Sockets::new(Limits {
                all: config.sockets,
                each: config.sockets_per_session,
                standstill: config.standstill,
            }),
            sent: counter!("microshop_live_frames_total"),
            bytes: counter!("microshop_live_bytes_total"),
            latency: histogram!("microshop_live_push_seconds"),
        }
    }

    /// A text of that many bytes was handed to a socket.
    pub fn sent(&self, bytes: usize) {
        self.sent.increment(1);
        self.bytes.increment(bytes as u64);
    }

    /// What happened at a time was told at another.
    pub fn told(&self, happened: Timestamp, now: Timestamp) {
        self.latency.record(now.duration_since(happened).as_secs_f64());
    }
}
