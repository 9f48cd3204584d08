//! Every open WebSocket: how many there may be, and which of them must be cut.

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

/// How many sockets there may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// In all.
    pub all: usize,
    /// Of one holder.
    pub each: usize,
    /// How long one may stand still.
    pub standstill: Duration,
}

/// Who holds a socket: a session, or a guest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Holder {
    /// Somebody signed in.
    Session(SessionId),
    /// A guest.
    Guest(Owner),
}

/// Why there is no room for a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// There are too many in all.
    Here,
    /// The holder has too many.
    Holder,
}

/// The sockets of a process.
pub struct Sockets {
    limits: Limits,
    number: AtomicU64,
    seats: Mutex<Seats>,
}

#[derive(Default)]
struct Seats {
    taken: HashMap<u64, Taken>,
    /// Invariant: how many of the above each holder has, and no holder without one.
    holders: HashMap<Holder, usize>,
}

struct Taken {
    holder: Holder,
    moved_at: Arc<AtomicI64>,
    connection: Option<Connection>,
}

/// The place of one socket, given back when it is dropped.
pub struct Seat {
    /// The socket's number, another one for each.
    pub number: u64,
    sockets: Arc<Sockets>,
    moved_at: Arc<AtomicI64>,
}

impl Sockets {
    /// No sockets yet.
    pub fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self { limits, number: AtomicU64::new(1), seats: Mutex::default() })
    }

    /// A place for a holder's socket on a connection.
    pub fn seat(
        self: &Arc<Self>,
        holder: Holder,
        connection: Option<Connection>,
        now: Timestamp,
    ) -> Result<Seat, Full> {
        let mut seats = self.seats();
        if seats.taken.len() >= self.limits.all {
            return Err(Full::Here);
        }
        let held = seats.holders.get(&holder).copied().unwrap_or_default();
        if held >= self.limits.each {
            return Err(Full::Holder);
        }
        seats.holders.insert(holder.clone(), held + 1);
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let moved_at = Arc::new(AtomicI64::new(now.as_millisecond()));
        seats.taken.insert(number, Taken { holder, moved_at: moved_at.clone(), connection });
        metrics::gauge!("microshop_live_sockets").set(seats.taken.len() as f64);
        Ok(Seat { number, sockets: self.clone(), moved_at })
    }

    /// Cuts every socket that stands still: its client takes nothing, so its actor is not run and can't see that itself.
    pub fn cut_stalled(&self, now: Timestamp) {
        let stands_still = (now - self.limits.standstill).as_millisecond();
        for taken in self
            .seats()
            .taken
            .values()
            .filter(|taken| taken.moved_at.load(Ordering::Relaxed) < stands_still)
        {
            metrics::counter!("microshop_live_cut_total").increment(1);
            taken
                .connection
                .into_iter()
                .for_each(|connection| connection.shut_down(Shutdown::Both));
        }
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// The socket's actor runs.
    pub fn moves(&self, now: Timestamp) {
        self.moved_at.store(now.as_millisecond(), Ordering::Relaxed);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.sockets.seats();
        let Some(Taken { holder, .. }) = seats.taken.remove(&self.number) else { return };
        if let Some(held) = seats.holders.get_mut(&holder) {
            *held -= 1;
            if *held == 0 {
                seats.holders.remove(&holder);
            }
        }
        metrics::gauge!("microshop_live_sockets").set(seats.taken.len() as f64);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn limits(all: usize, each: usize) -> Limits {
        Limits { all, each, standstill: Duration::from_secs(30) }
    }

    fn guest(name: &str) -> Holder {
        Holder::Guest(Owner::Guest(name.into()))
    }

    #[test]
    fn nobody_has_more_than_their_share_and_a_seat_given_back_is_free() {
        let sockets = Sockets::new(limits(3, 2));
        let first = sockets.seat(guest("ana"), None, NOW).ok();
        let _second = sockets.seat(guest("ana"), None, NOW).ok();
        assert_eq!(sockets.seat(guest("ana"), None, NOW).err(), Some(Full::Holder));
        let _third = sockets.seat(guest("bob"), None, NOW).ok();
        assert_eq!(sockets.seat(guest("bob"), None, NOW).err(), Some(Full::Here));
        drop(first);
        assert!(sockets.seat(guest("ana"), None, NOW).is_ok());
        assert_eq!(sockets.seats().taken.len(), 2);
    }

    #[test]
    fn a_socket_that_stands_still_is_cut_and_one_that_moves_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let sockets = Sockets::new(limits(2, 2));
        let [(mut stands, _first, _seat), (mut moves, _second, seat)] =
            ["ana", "bob"].map(|name| {
                let (client, server) =
                    (TcpStream::connect(address).unwrap(), listener.accept().unwrap().0);
                let connection = Connection::of(&server).unwrap();
                (client, server, sockets.seat(guest(name), Some(connection), NOW).ok().unwrap())
            });
        seat.moves(NOW + Duration::from_secs(1));
        sockets.cut_stalled(NOW + Duration::from_secs(31));
        stands.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        moves.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        assert_eq!(stands.read(&mut [0]).unwrap(), 0);
        assert_eq!(moves.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    }

    #[test]
    fn a_refused_holder_leaves_nothing_behind() {
        let sockets = Sockets::new(limits(1, 0));
        assert_eq!(sockets.seat(guest("ana"), None, NOW).err(), Some(Full::Holder));
        assert!(sockets.seats().taken.is_empty() && sockets.seats().holders.is_empty());
    }
}
