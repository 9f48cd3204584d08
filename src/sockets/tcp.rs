//! What the kernel is asked for the sake of many WebSockets, some of which nobody reads.

use std::any::Any;
use std::io::{self, ErrorKind};
use std::net::{Shutdown, SocketAddr, TcpListener};
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::time::Duration;

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use rustix::process::{
    PidfdFlags, PidfdGetfdFlags, Resource, Rlimit, getpid, getrlimit, pidfd_getfd, pidfd_open,
    setrlimit,
};
use rustix::thread::disable_transparent_huge_pages;
use socket2::{Domain, SockRef, Socket, Type};

/// How many connections may wait to be accepted, where the standard library lets 128.
const BACKLOG: i32 = 4_096;

/// Takes an address.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Makes room for many connections: for as many files as the process may have at most, where most shells begin with 1,024,
/// and in small pages, since large ones are half empty for a long time when each connection has a few kilobytes.
pub fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, ?limit, "the limit of open files stays as it is");
    }
    if let Err(error) = disable_transparent_huge_pages(true) {
        tracing::debug!(%error, "pages stay as large as they are");
    }
}

/// How many bytes the kernel keeps for a client that is slow: more would only be older news.
const SEND_BUFFER: usize = 64 * 1024;

/// A connection that is in other hands: known by its file, and by a cookie in case the file is another one's by now.
///
/// A handle of its own for each would take twice as many files.
#[derive(Debug, Clone, Copy)]
pub struct Connection {
    file: RawFd,
    cookie: u64,
}

impl Connection {
    /// Has the kernel end a connection whose peer takes nothing for a time, and remembers it for whoever is to answer on it.
    pub fn watch_over(connection: &dyn Any, standstill: Duration, data: &mut Extensions) {
        let Some(stream) = connection.downcast_ref::<TcpStream>() else { return };
        // Where the system can't, sockets are still cut from outside.
        let _ = SockRef::from(stream).set_tcp_user_timeout(Some(standstill));
        if let Ok(connection) = Self::of(stream) {
            data.insert(connection);
        }
    }

    /// The connection of a stream.
    pub(super) fn of(stream: &(impl AsRawFd + AsFd)) -> io::Result<Self> {
        Ok(Self { file: stream.as_raw_fd(), cookie: SockRef::from(stream).cookie()? })
    }

    /// Has the kernel keep little of what the other side doesn't take.
    pub fn keep_little(self) {
        // Where it keeps more, it does no harm.
        let _ = self.socket().and_then(|socket| socket.set_send_buffer_size(SEND_BUFFER));
    }

    /// Ends the connection, unless it has ended.
    pub fn shut_down(self, how: Shutdown) {
        // Whoever was quicker has ended it.
        let _ = self.socket().and_then(|socket| socket.shutdown(how));
    }

    /// The connection, in one's own hands for a moment.
    fn socket(self) -> io::Result<Socket> {
        let me = pidfd_open(getpid(), PidfdFlags::empty())?;
        let socket = Socket::from(pidfd_getfd(me, self.file, PidfdGetfdFlags::empty())?);
        if socket.cookie()? == self.cookie {
            Ok(socket)
        } else {
            Err(ErrorKind::NotConnected.into())
        }
    }
}
