//! The registry of open WebSockets: limits their number and disconnects those that are stalled.
//!
//! Every socket holds a [`Slot`] from its handshake until its actor is dropped. The slot records
//! when the actor last ran. An actor whose client reads nothing does not run any more, so it cannot
//! detect this itself: the registry does it, and shuts the connection down.

use std::collections::HashMap;
use std::net::Shutdown;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::cart::Owner;
use domain::session::SessionId;
use jiff::Timestamp;

use tcp::Connection;

pub mod state;
pub mod tcp;

/// The limits of open sockets.
#[derive(Debug, Clone, Copy)]
pub struct SocketLimits {
    /// The number of sockets in total.
    pub total: usize,
    /// The number of sockets of one owner.
    pub per_owner: usize,
    /// How long a socket may make no progress before it is disconnected.
    pub standstill: Duration,
}

/// The session or guest to which a socket belongs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SlotOwner {
    /// The session of a signed-in user.
    Session(SessionId),
    /// A guest, identified by the cart.
    Guest(Owner),
}

/// Why no slot is available.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoSlot {
    /// The server has too many sockets.
    Total,
    /// The owner has too many sockets.
    PerOwner,
}

/// The open sockets of this process.
pub struct Sockets {
    limits: SocketLimits,
    next_number: AtomicU64,
    slots: Mutex<Slots>,
}

#[derive(Default)]
struct Slots {
    taken: HashMap<u64, TakenSlot>,
    /// Invariant: the number of taken slots of each owner, without owners that have none.
    owners: HashMap<SlotOwner, usize>,
}

struct TakenSlot {
    owner: SlotOwner,
    progress_at: Arc<AtomicI64>,
    connection: Option<Connection>,
}

/// The slot of one socket, released when it is dropped.
pub struct Slot {
    /// The number of the socket, unique in this process.
    pub number: u64,
    sockets: Arc<Sockets>,
    /// When the socket's actor last ran, in milliseconds since the Unix epoch.
    progress_at: Arc<AtomicI64>,
}

impl Sockets {
    /// Creates a registry without sockets.
    pub fn new(limits: SocketLimits) -> Arc<Self> {
        Arc::new(Self { limits, next_number: AtomicU64::new(1), slots: Mutex::default() })
    }

    /// Takes a slot for a socket on a connection, unless a limit is reached.
    pub fn take_slot(
        self: &Arc<Self>,
        owner: SlotOwner,
        connection: Option<Connection>,
        now: Timestamp,
    ) -> Result<Slot, NoSlot> {
        let mut slots = self.slots();
        if slots.taken.len() >= self.limits.total {
            return Err(NoSlot::Total);
        }
        let owned = slots.owners.get(&owner).copied().unwrap_or_default();
        if owned >= self.limits.per_owner {
            return Err(NoSlot::PerOwner);
        }
        slots.owners.insert(owner.clone(), owned + 1);
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        let progress_at = Arc::new(AtomicI64::new(now.as_millisecond()));
        let taken = TakenSlot { owner, progress_at: progress_at.clone(), connection };
        slots.taken.insert(number, taken);
        slots.update_gauge();
        Ok(Slot { number, sockets: self.clone(), progress_at })
    }

    /// Disconnects every socket that makes no progress.
    pub fn cut_stalled(&self, now: Timestamp) {
        let deadline = (now - self.limits.standstill).as_millisecond();
        for slot in self.slots().taken.values() {
            if slot.progress_at.load(Ordering::Relaxed) < deadline {
                metrics::counter!("microshop_live_cut_total").increment(1);
                if let Some(connection) = slot.connection {
                    connection.shut_down(Shutdown::Both);
                }
            }
        }
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    fn release(&mut self, number: u64) {
        let Some(TakenSlot { owner, .. }) = self.taken.remove(&number) else { return };
        if let Some(owned) = self.owners.get_mut(&owner) {
            *owned -= 1;
            if *owned == 0 {
                self.owners.remove(&owner);
            }
        }
        self.update_gauge();
    }

    fn update_gauge(&self) {
        metrics::gauge!("microshop_live_sockets").set(self.taken.len() as f64);
    }
}

impl Slot {
    /// Records that the socket's actor runs.
    pub fn record_progress(&self, now: Timestamp) {
        self.progress_at.store(now.as_millisecond(), Ordering::Relaxed);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.sockets.slots().release(self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn limits(total: usize, per_owner: usize) -> SocketLimits {
        SocketLimits { total, per_owner, standstill: Duration::from_secs(30) }
    }

    fn guest(name: &str) -> SlotOwner {
        SlotOwner::Guest(Owner::Guest(name.into()))
    }

    #[test]
    fn no_owner_exceeds_its_limit_and_a_released_slot_is_free() {
        let sockets = Sockets::new(limits(3, 2));
        let first = sockets.take_slot(guest("ana"), None, NOW).ok();
        let _second = sockets.take_slot(guest("ana"), None, NOW).ok();
        assert_eq!(sockets.take_slot(guest("ana"), None, NOW).err(), Some(NoSlot::PerOwner));
        let _third = sockets.take_slot(guest("bob"), None, NOW).ok();
        assert_eq!(sockets.take_slot(guest("bob"), None, NOW).err(), Some(NoSlot::Total));
        drop(first);
        assert!(sockets.take_slot(guest("ana"), None, NOW).is_ok());
        assert_eq!(sockets.slots().taken.len(), 2);
    }

    #[test]
    fn a_stalled_socket_is_disconnected_and_an_active_one_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let sockets = Sockets::new(limits(2, 2));
        let [(mut stalled, _first, _slot), (mut active, _second, slot)] =
            ["ana", "bob"].map(|name| {
                let client = TcpStream::connect(address).unwrap();
                let server = listener.accept().unwrap().0;
                let connection = Connection::of(&server).unwrap();
                let slot = sockets.take_slot(guest(name), Some(connection), NOW).ok().unwrap();
                (client, server, slot)
            });
        slot.record_progress(NOW + Duration::from_secs(1));
        sockets.cut_stalled(NOW + Duration::from_secs(31));
        stalled.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        active.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        assert_eq!(stalled.read(&mut [0]).unwrap(), 0);
        assert_eq!(active.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    }

    #[test]
    fn a_refused_slot_leaves_no_trace() {
        let sockets = Sockets::new(limits(1, 0));
        assert_eq!(sockets.take_slot(guest("ana"), None, NOW).err(), Some(NoSlot::PerOwner));
        assert!(sockets.slots().taken.is_empty() && sockets.slots().owners.is_empty());
    }
}
