//! The settings, the registry and the metrics of WebSockets.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use metrics::{Counter, Histogram, counter, histogram};

use super::{SocketLimits, Sockets};
use crate::config::sections::LiveConfig;

/// The WebSockets of this process.
pub struct LiveState {
    /// The interval between pings to a client.
    pub ping: Duration,
    /// How long a client may send nothing.
    pub silence: Duration,
    /// How many frames a client may send in a second.
    pub frames: u32,
    /// The open sockets.
    pub sockets: Arc<Sockets>,
    sent: Counter,
    bytes: Counter,
    delay: Histogram,
}

impl LiveState {
    /// Creates the state without sockets. The metrics recorder must be installed before.
    pub fn new(config: &LiveConfig) -> Self {
        Self {
            ping: config.ping,
            silence: config.silence,
            frames: config.frames,
            sockets: Sockets::new(SocketLimits {
                total: config.sockets,
                per_owner: config.sockets_per_session,
                per_address: config.sockets_per_address,
                standstill: config.standstill,
            }),
            sent: counter!("microshop_live_frames_total"),
            bytes: counter!("microshop_live_bytes_total"),
            delay: histogram!("microshop_live_push_seconds"),
        }
    }

    /// Counts a frame of this many bytes that was sent.
    pub fn count_frame(&self, bytes: usize) {
        self.sent.increment(1);
        self.bytes.increment(bytes as u64);
    }

    /// Records the delay between an event and its push.
    pub fn record_delay(&self, event_at: Timestamp, now: Timestamp) {
        // The clock may have been set back, or that of another node may be ahead.
        self.delay.record(now.duration_since(event_at).as_secs_f64().max(0.0));
    }
}
