//! Ports for the servers of the tests.

use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::process;
use std::sync::atomic::{AtomicU16, Ordering};

/// The first port, and how many there are: below those from which the system takes one for each
/// connection, so none of them is taken between its choice and its use.
const FIRST: u16 = 20_000;
const PORTS: u16 = 12_000;

/// Returns a port on which no program listens, and that no other call has returned recently.
pub(crate) fn free_port() -> u16 {
    static CALLS: AtomicU16 = AtomicU16::new(0);
    // Processes that start together begin far from each other.
    let begin = (process::id().wrapping_mul(997) % u32::from(PORTS)) as u16;
    loop {
        let call = CALLS.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + begin.wrapping_add(call) % PORTS;
        let is_free = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        // A machine may have no IPv6.
        let taken = TcpListener::bind((Ipv6Addr::LOCALHOST, port))
            .is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse);
        if is_free && !taken {
            return port;
        }
    }
}
