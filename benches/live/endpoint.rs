//! The endpoint of a server at which sockets subscribe.

use std::io;
use std::net::SocketAddr;

use actix_web::rt::net::TcpStream;

use crate::frame::{TEXT, masked};

/// The endpoint of a server at which sockets subscribe.
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    pub(crate) path: &'static str,
    /// The text with which a client subscribes; `None` if connecting is enough. The reply ends with
    /// a snapshot.
    pub(crate) subscribe: Option<&'static str>,
}

impl Endpoint {
    /// Requests the upgrade to a WebSocket.
    pub(crate) fn upgrade(&self, stream: &TcpStream) -> io::Result<()> {
        let Self { address, path, .. } = self;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        send(stream, request.as_bytes())
    }
}

/// Sends the text with which a client subscribes.
pub(crate) fn subscribe(stream: &TcpStream, text: &str) -> io::Result<()> {
    send(stream, &masked(TEXT, text.as_bytes()))
}

/// Sends bytes that always fit in the send buffer.
pub(crate) fn send(stream: &TcpStream, bytes: &[u8]) -> io::Result<()> {
    let sent = stream.try_write(bytes)?;
    if sent == bytes.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}
