//! What the kernel is asked for the sake of many WebSockets, some of which nobody reads.

use std::any::Any;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
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

/// Lets the process have as many connections as it may have at most; most shells begin with 1,024.
pub fn raise_limit_of_files() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, ?limit, "the limit of open files stays as it is");
    }
}

/// How many bytes the kernel keeps for a client that is slow: more would only be older news.
const SEND_BUFFER: usize = 64 * 1024;

/// Has the kernel keep little for a WebSocket.
pub fn keep_little(connection: &Socket) {
    // Where it keeps more, it does no harm.
    let _ = connection.set_send_buffer_size(SEND_BUFFER);
}

/// Has the kernel end a connection whose peer takes nothing for a time, and lets a WebSocket on it be cut from outside its actor.
pub fn watch_over(connection: &dyn Any, standstill: Duration, data: &mut Extensions) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else { return };
    let socket = SockRef::from(stream);
    // Where the system can't, sockets are still cut from outside.
    let _ = socket.set_tcp_user_timeout(Some(standstill));
    if let Ok(same) = socket.try_clone() {
        data.insert(Arc::new(same));
    }
}
