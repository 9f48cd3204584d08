//! One socket of the subscribers: upgrades the connection, then reads frames until its end.

use std::io;
use std::rc::Rc;

use actix_web::rt::net::TcpStream;

use super::Subscribers;
use crate::endpoint::{send, subscribe};
use crate::frame::{self, CLOSE, PING, PONG, TEXT};

/// The response to the request for an upgrade.
enum Upgrade<'a> {
    /// The header is incomplete.
    Incomplete,
    /// The server has refused, with this response.
    Refused(String),
    /// The connection is a WebSocket; these bytes come after the header.
    Done(&'a [u8]),
}

/// The result of handling frames.
enum Frames<'a> {
    /// The connection is open; these bytes are the start of an incomplete frame.
    Open(&'a [u8]),
    /// The server has closed the connection for this reason.
    Closed(String),
}

impl Subscribers {
    /// Runs a socket until its connection ends, and records why it did.
    pub(super) async fn run(
        self: Rc<Self>,
        number: usize,
        stream: TcpStream,
        subscription: Option<&'static str>,
    ) {
        let end = self.receive(number, &stream, subscription).await;
        self.sockets.borrow_mut()[number].end = Some(end.unwrap_or_else(|error| error.to_string()));
    }

    /// Receives until the connection ends, and returns why it did.
    async fn receive(
        &self,
        number: usize,
        stream: &TcpStream,
        subscription: Option<&str>,
    ) -> io::Result<String> {
        let mut is_upgraded = false;
        let mut incomplete = Vec::new();
        loop {
            stream.readable().await?;
            let mut buffer = self.buffer.borrow_mut();
            let read = match stream.try_read(&mut buffer) {
                Ok(0) => return Ok("ended without a close frame".into()),
                Ok(read) => &buffer[..read],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error),
            };
            let joined = (!incomplete.is_empty()).then(|| [&incomplete, read].concat());
            let mut rest = joined.as_deref().unwrap_or(read);
            if !is_upgraded {
                match upgrade(rest) {
                    Upgrade::Incomplete => {}
                    Upgrade::Refused(response) => return Ok(response),
                    Upgrade::Done(frames) => {
                        is_upgraded = true;
                        rest = frames;
                        self.subscribe(stream, subscription)?;
                    }
                }
            }
            if is_upgraded {
                match self.handle_frames(number, stream, rest)? {
                    Frames::Open(start) => rest = start,
                    Frames::Closed(reason) => return Ok(reason),
                }
            }
            incomplete = rest.to_vec();
        }
    }

    /// Subscribes, if the upgrade alone has not done so.
    fn subscribe(&self, stream: &TcpStream, subscription: Option<&str>) -> io::Result<()> {
        match subscription {
            Some(text) => subscribe(stream, text)?,
            None => self.record_subscription(),
        }
        Ok(())
    }

    /// Handles every complete frame.
    fn handle_frames<'a>(
        &self,
        number: usize,
        stream: &TcpStream,
        mut rest: &'a [u8],
    ) -> io::Result<Frames<'a>> {
        while let Some((opcode, payload, length)) = frame::first(rest) {
            rest = &rest[length..];
            match opcode {
                TEXT => self.record(number, payload),
                PING => send(stream, &frame::masked(PONG, payload))?,
                CLOSE => {
                    let reason = String::from_utf8_lossy(payload.get(2..).unwrap_or_default());
                    return Ok(Frames::Closed(format!("closed: {reason}")));
                }
                _ => {}
            }
        }
        Ok(Frames::Open(rest))
    }
}

fn upgrade(bytes: &[u8]) -> Upgrade<'_> {
    let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n") else {
        return Upgrade::Incomplete;
    };
    if bytes.starts_with(b"HTTP/1.1 101 ") {
        Upgrade::Done(&bytes[end + 4..])
    } else {
        Upgrade::Refused(String::from_utf8_lossy(bytes).into_owned())
    }
}
