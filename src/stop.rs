//! Being told to stop: by the system, or by somebody at the keyboard.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that tell a server to stop, heard from the moment on that this is made.
pub(crate) struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    /// Begins to hear them; whoever says that a server is open does so before, so that none is missed.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits until the process is told to stop.
    pub(crate) async fn told(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        tracing::info!("stopping");
    }
}
