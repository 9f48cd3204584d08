//! TCP settings for many connections, and control over connections that the HTTP server owns.

use std::any::Any;
use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
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

/// How many connections may wait to be accepted; the standard library sets 128.
const BACKLOG: i32 = 4_096;

/// How many bytes the kernel buffers for a slow client. A larger buffer would only delay the
/// newest events further.
const SEND_BUFFER: usize = 64 * 1024;

/// Binds a listener to an address.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Prepares the process for many connections.
///
/// Raises the limit of open files to the maximum allowed; most shells start with 1,024. Disables
/// huge pages, which stay half empty while each connection uses a few kilobytes.
pub fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, ?limit, "could not raise the limit of open files");
    }
    if let Err(error) = disable_transparent_huge_pages(true) {
        tracing::debug!(%error, "could not disable huge pages");
    }
}

/// A connection that the HTTP server owns, identified by file descriptor and socket cookie.
///
/// actix never hands out the stream of a connection, and a duplicated descriptor for each one would
/// double the number of open files. So only the descriptor's number is kept. The kernel may reuse
/// the number after the connection is closed; the cookie, which is never reused, shows this.
#[derive(Debug, Clone, Copy)]
pub struct Connection {
    file: RawFd,
    cookie: u64,
}

impl Connection {
    /// Sets a new connection up and stores its identity for the requests on it.
    ///
    /// The kernel closes the connection if the peer acknowledges nothing for `standstill`.
    pub fn watch_over(connection: &dyn Any, standstill: Duration, data: &mut Extensions) {
        let Some(stream) = connection.downcast_ref::<TcpStream>() else { return };
        // Without this option, stalled sockets are still disconnected by `Sockets::cut_stalled`.
        let _ = SockRef::from(stream).set_tcp_user_timeout(Some(standstill));
        if let Ok(connection) = Self::of(stream) {
            data.insert(connection);
        }
    }

    /// Returns the identity of a stream's connection.
    pub(super) fn of(stream: &(impl AsRawFd + AsFd)) -> io::Result<Self> {
        Ok(Self { file: stream.as_raw_fd(), cookie: SockRef::from(stream).cookie()? })
    }

    /// Limits how much the kernel buffers for a client that does not read.
    pub fn limit_send_buffer(self) {
        // A larger buffer costs memory but is harmless.
        let _ = self.socket().and_then(|socket| socket.set_send_buffer_size(SEND_BUFFER));
    }

    /// Shuts the connection down; does nothing if it is already closed.
    pub fn shut_down(self, how: Shutdown) {
        let _ = self.socket().and_then(|socket| socket.shutdown(how));
    }

    /// Shuts the connection down so that its close by the server resets it. A peer that still sends
    /// gets an error at once.
    pub fn abort(self) {
        let abort = |socket: Socket| {
            socket.set_linger(Some(Duration::ZERO))?;
            socket.shutdown(Shutdown::Both)
        };
        let _ = self.socket().and_then(abort);
    }

    /// Returns whether the peer has closed its side of the connection and everything it sent was
    /// read; `false` if that cannot be found out.
    pub fn is_closed_by_peer(self) -> bool {
        let mut next = [MaybeUninit::uninit()];
        self.socket().and_then(|socket| socket.peek(&mut next)).is_ok_and(|read| read == 0)
    }

    /// Returns a duplicate of the descriptor; an error if the connection is closed.
    fn socket(self) -> io::Result<Socket> {
        let process = pidfd_open(getpid(), PidfdFlags::empty())?;
        let socket = Socket::from(pidfd_getfd(process, self.file, PidfdGetfdFlags::empty())?);
        if socket.cookie()? == self.cookie {
            Ok(socket)
        } else {
            Err(ErrorKind::NotConnected.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn a_connection_is_closed_by_its_peer_once_everything_that_it_sent_is_read() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        let connection = Connection::of(&stream).unwrap();
        stream.set_nonblocking(true).unwrap();
        assert!(!connection.is_closed_by_peer());
        peer.write_all(b"x").unwrap();
        drop(peer);
        stream.set_nonblocking(false).unwrap();
        let mut byte = [0];
        assert!(!connection.is_closed_by_peer());
        assert_eq!(stream.read(&mut byte).unwrap(), 1);
        assert_eq!(stream.read(&mut byte).unwrap(), 0);
        assert!(connection.is_closed_by_peer());
    }
}
