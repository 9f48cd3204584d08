//! The registry of open WebSockets: limits their number and disconnects those that are stalled.
//!
//! Every socket holds a [`Slot`] from its handshake until its actor is dropped. The slot records
//! when the actor last ran. An actor whose client reads nothing does not run any more, so it cannot
//! detect this itself: the registry does it, and shuts the connection down.

use std::collections::{BTreeMap, HashMap};
use std::net::Shutdown;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::cart::Owner;
use domain::moment::Moment;
use domain::network::{Network, SITE_SHARE};
use domain::session::SessionId;

use count::SlotCounts;
use tcp::Connection;

mod count;
pub mod state;
pub mod tcp;

/// What a socket shows that is not one of a page.
const PROGRAM: &str = "program";

/// The limits of open sockets.
#[derive(Debug, Clone, Copy)]
pub struct SocketLimits {
    /// The number of sockets in total.
    pub total: usize,
    /// The number of sockets of one owner.
    pub per_owner: usize,
    /// The number of sockets of one client address.
    pub per_address: usize,
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
    /// The client address has too many sockets.
    PerAddress,
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
    owners: SlotCounts<SlotOwner>,
    /// Every client without a cookie is a new guest, so the networks are counted too: that of the
    /// client's address, and its site.
    networks: SlotCounts<Network>,
}

struct TakenSlot {
    /// The name of what the page shows, or of a program.
    shows: &'static str,
    owner: SlotOwner,
    address: Network,
    progress_at: Arc<AtomicU64>,
    connection: Option<Connection>,
}

/// The slot of one socket, released when it is dropped.
pub struct Slot {
    /// The number of the socket, unique in this process.
    pub number: u64,
    sockets: Arc<Sockets>,
    /// When the socket's actor last ran, in milliseconds since the first moment.
    progress_at: Arc<AtomicU64>,
}

impl Sockets {
    /// Creates a registry without sockets.
    pub fn new(limits: SocketLimits) -> Arc<Self> {
        Arc::new(Self { limits, next_number: AtomicU64::new(1), slots: Mutex::default() })
    }

    /// Takes a slot for a socket on a connection from an address, unless a limit is reached.
    pub fn take_slot(
        self: &Arc<Self>,
        owner: SlotOwner,
        address: Network,
        connection: Option<Connection>,
        now: Moment,
    ) -> Result<Slot, NoSlot> {
        let mut slots = self.slots();
        if slots.taken.len() >= self.limits.total {
            return Err(NoSlot::Total);
        }
        if slots.owners.of(&owner) >= self.limits.per_owner {
            return Err(NoSlot::PerOwner);
        }
        let of_site = self.limits.per_address.saturating_mul(SITE_SHARE as usize);
        let site_is_full = |site| slots.networks.of(&site) >= of_site;
        if slots.networks.of(&address) >= self.limits.per_address
            || address.larger_site().is_some_and(site_is_full)
        {
            return Err(NoSlot::PerAddress);
        }
        slots.owners.add(owner.clone());
        slots.networks.add(address);
        address.larger_site().into_iter().for_each(|site| slots.networks.add(site));
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        let progress_at = Arc::new(AtomicU64::new(milliseconds(now)));
        let shows = PROGRAM;
        let progress = progress_at.clone();
        let taken = TakenSlot { shows, owner, address, progress_at: progress, connection };
        slots.taken.insert(number, taken);
        slots.update_gauge();
        Ok(Slot { number, sockets: self.clone(), progress_at })
    }

    /// Returns the number of open sockets, and of the sessions and guests that have one.
    pub fn numbers(&self) -> (usize, usize) {
        let slots = self.slots();
        (slots.taken.len(), slots.owners.holders())
    }

    /// Returns how many sockets each kind of page has open, and programs have.
    pub fn pages(&self) -> BTreeMap<&'static str, usize> {
        let mut pages = BTreeMap::new();
        self.slots().taken.values().for_each(|slot| *pages.entry(slot.shows).or_default() += 1);
        pages
    }

    /// Disconnects every socket of a session, as a network that fails would.
    pub fn cut_session(&self, session: SessionId) {
        for slot in self.slots().taken.values() {
            if let (SlotOwner::Session(of), Some(connection)) = (&slot.owner, slot.connection)
                && *of == session
            {
                connection.shut_down(Shutdown::Both);
            }
        }
    }

    /// Disconnects every socket that makes no progress.
    pub fn cut_stalled(&self, now: Moment) {
        let now = milliseconds(now);
        let standstill = self.limits.standstill.as_millis();
        for slot in self.slots().taken.values() {
            let progress_at = slot.progress_at.load(Ordering::Relaxed);
            if u128::from(now.saturating_sub(progress_at)) > standstill {
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
        let Some(TakenSlot { owner, address, .. }) = self.taken.remove(&number) else { return };
        self.owners.remove(&owner);
        self.networks.remove(&address);
        address.larger_site().iter().for_each(|site| self.networks.remove(site));
        self.update_gauge();
    }

    fn update_gauge(&self) {
        metrics::gauge!("microshop_live_sockets").set(self.taken.len() as f64);
    }
}

impl Slot {
    /// Counts the socket against the limit of another owner, unless that limit is reached.
    pub fn change_owner(&self, owner: SlotOwner) -> Result<(), NoSlot> {
        let slots = &mut *self.sockets.slots();
        if slots.owners.of(&owner) >= self.sockets.limits.per_owner {
            return Err(NoSlot::PerOwner);
        }
        if let Some(taken) = slots.taken.get_mut(&self.number) {
            slots.owners.add(owner.clone());
            slots.owners.remove(&std::mem::replace(&mut taken.owner, owner));
        }
        Ok(())
    }

    /// Records what the page of the socket shows.
    pub fn show(&self, name: &'static str) {
        if let Some(taken) = self.sockets.slots().taken.get_mut(&self.number) {
            taken.shows = name;
        }
    }

    /// Records that the socket's actor runs.
    pub fn record_progress(&self, now: Moment) {
        self.progress_at.store(milliseconds(now), Ordering::Relaxed);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.sockets.slots().release(self.number);
    }
}

/// Returns the milliseconds since the first moment.
fn milliseconds(moment: Moment) -> u64 {
    u64::try_from(moment.since_start().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    const NOW: Moment = Moment::START;

    fn limits(total: usize, per_owner: usize) -> SocketLimits {
        SocketLimits { total, per_owner, per_address: 3, standstill: Duration::from_secs(30) }
    }

    fn from(last: u8) -> Network {
        Network::of([192, 0, 2, last].into())
    }

    fn guest(name: &str) -> SlotOwner {
        SlotOwner::Guest(Owner::Guest(name.into()))
    }

    #[test]
    fn no_owner_exceeds_its_limit_and_a_released_slot_is_free() {
        let sockets = Sockets::new(limits(3, 2));
        let first = sockets.take_slot(guest("ana"), from(1), None, NOW).ok();
        let _second = sockets.take_slot(guest("ana"), from(1), None, NOW).ok();
        assert_eq!(
            sockets.take_slot(guest("ana"), from(1), None, NOW).err(),
            Some(NoSlot::PerOwner)
        );
        let _third = sockets.take_slot(guest("bob"), from(1), None, NOW).ok();
        assert_eq!(sockets.take_slot(guest("bob"), from(1), None, NOW).err(), Some(NoSlot::Total));
        drop(first);
        let fourth = sockets.take_slot(guest("ana"), from(1), None, NOW).ok().unwrap();
        fourth.show("cart");
        assert_eq!(sockets.pages(), BTreeMap::from([("cart", 1), (PROGRAM, 2)]));
        drop(fourth);
        assert_eq!(sockets.slots().taken.len(), 2);
    }

    #[test]
    fn a_slot_counts_against_the_limit_of_its_new_owner() {
        let sockets = Sockets::new(limits(9, 1));
        let slot = sockets.take_slot(guest("new"), from(1), None, NOW).ok().unwrap();
        slot.change_owner(guest("ana")).unwrap();
        let other = sockets.take_slot(guest("new"), from(1), None, NOW).ok().unwrap();
        assert_eq!(other.change_owner(guest("ana")), Err(NoSlot::PerOwner));
        drop(slot);
        other.change_owner(guest("ana")).unwrap();
        drop(other);
        assert!(sockets.slots().owners.is_empty());
    }

    #[test]
    fn an_address_does_not_exceed_its_limit_with_new_guests() {
        let sockets = Sockets::new(limits(9, 2));
        let take =
            |name: u32, last| sockets.take_slot(guest(&name.to_string()), from(last), None, NOW);
        let mut taken: Vec<_> = (0..3).map(|name| take(name, 1).ok()).collect();
        assert_eq!(take(3, 1).err(), Some(NoSlot::PerAddress));
        assert!(take(4, 2).is_ok());
        taken.pop();
        assert!(take(5, 1).is_ok());
        taken.clear();
        assert!(sockets.slots().owners.is_empty() && sockets.slots().networks.is_empty());
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
                let slot =
                    sockets.take_slot(guest(name), from(1), Some(connection), NOW).ok().unwrap();
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
        assert_eq!(
            sockets.take_slot(guest("ana"), from(1), None, NOW).err(),
            Some(NoSlot::PerOwner)
        );
        assert!(sockets.slots().taken.is_empty() && sockets.slots().owners.is_empty());
    }
}
