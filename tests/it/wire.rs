//! A client that writes raw frames (RFC 6455, section 5.2), valid or not, over plain TCP.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::TestShop;

/// The bit of the last frame of a message.
pub(crate) const FIN: u8 = 0x80;
/// The operation code of a further frame of a message.
pub(crate) const CONTINUATION: u8 = 0;
/// The operation code of a text.
pub(crate) const TEXT: u8 = 1;
/// The operation code of a binary message.
pub(crate) const BINARY: u8 = 2;
/// The operation code of a close.
pub(crate) const CLOSE: u8 = 8;
/// The operation code of a ping.
pub(crate) const PING: u8 = 9;
/// The operation code of a pong.
pub(crate) const PONG: u8 = 10;

/// How long a frame may take before the test fails; far longer than any frame needs.
const PATIENCE: Duration = Duration::from_secs(20);
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A connection that was upgraded to a WebSocket.
pub(crate) struct Wire {
    stream: TcpStream,
    read: Vec<u8>,
}

/// What the server sends.
#[derive(Debug, PartialEq)]
pub(crate) enum Received {
    /// A text.
    Text(String),
    /// A ping with its content.
    Ping(Vec<u8>),
    /// A pong with its content.
    Pong(Vec<u8>),
    /// A close, with a code unless the client's close had none.
    Close(Option<u16>),
    /// The end of the connection.
    End,
    /// Nothing in time.
    Nothing,
}

/// Returns a frame of a client. `first` is the operation code with the bits before it.
pub(crate) fn frame(first: u8, content: &[u8]) -> Vec<u8> {
    let masked = content.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask);
    [header(first, content.len() as u64), masked.collect()].concat()
}

/// Returns the header of a frame that announces a length.
pub(crate) fn header(first: u8, length: u64) -> Vec<u8> {
    let length = match length {
        0..126 => vec![0x80 | length as u8],
        126..0x1_0000 => [&[0x80 | 126], &(length as u16).to_be_bytes()[..]].concat(),
        _ => [&[0x80 | 127], &length.to_be_bytes()[..]].concat(),
    };
    [&[first], &length[..], &MASK].concat()
}

/// Sends requests on one connection, and returns all that the server sends until it closes it.
pub(crate) async fn exchanges(address: &str, requests: impl AsRef<[u8]>) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(requests.as_ref()).await.unwrap();
    let mut received = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut received)).await;
    let received = String::from_utf8_lossy(&received).into_owned();
    read.unwrap_or_else(|_| panic!("the connection is still open: {received}")).unwrap();
    received
}

impl Wire {
    /// Opens a socket as a guest.
    pub(crate) async fn open(shop: &TestShop) -> Self {
        let address = shop.url.trim_start_matches("http://");
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut wire = Self { stream, read: Vec::new() };
        let request = format!(
            "GET /api/live HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        wire.sends(request).await;
        loop {
            if let Some(end) = wire.read.windows(4).position(|end| end == b"\r\n\r\n") {
                let response = wire.read.drain(..end + 4).collect::<Vec<_>>();
                let text = String::from_utf8_lossy(&response);
                assert!(text.starts_with("HTTP/1.1 101 "), "{text}");
                return wire;
            }
            assert_eq!(wire.reads().await, Some(true), "no response");
        }
    }

    /// Sends bytes and reads at the same time, so that neither side blocks the other.
    pub(crate) async fn sends(&mut self, bytes: impl AsRef<[u8]>) {
        let (mut reader, mut writer) = self.stream.split();
        let keeps_reading = async {
            while matches!(reader.read_buf(&mut self.read).await, Ok(1..)) {}
            std::future::pending::<()>().await;
        };
        // If the server has closed the connection, the next read shows it.
        tokio::select! {
            _ = timeout(PATIENCE, writer.write_all(bytes.as_ref())) => {}
            () = keeps_reading => {}
        }
    }

    /// Returns what the server sends next.
    pub(crate) async fn receives(&mut self) -> Received {
        loop {
            if let Some((received, length)) = first(&self.read) {
                self.read.drain(..length);
                return received;
            }
            match self.reads().await {
                Some(true) => {}
                Some(false) => return Received::End,
                None => return Received::Nothing,
            }
        }
    }

    /// Returns everything up to the end of the connection, without the `bye` frame.
    pub(crate) async fn receives_to_the_end(&mut self) -> Vec<Received> {
        let mut received = Vec::new();
        loop {
            match self.receives().await {
                Received::Text(text) if is_bye(&text) => {}
                last @ (Received::End | Received::Nothing) => {
                    received.push(last);
                    return received;
                }
                other => received.push(other),
            }
        }
    }

    /// Ends its side of the connection but keeps reading.
    pub(crate) async fn sends_no_more(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Resets the connection, as after a power failure.
    pub(crate) fn breaks(self) {
        self.stream.set_zero_linger().unwrap();
    }

    /// Reads more; `false` at the end of the connection, `None` on a timeout.
    async fn reads(&mut self) -> Option<bool> {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.read)).await;
        read.ok().map(|read| matches!(read, Ok(1..)))
    }
}

/// Returns the first frame and its length in bytes, if it is complete. A server's frames have no
/// mask.
fn first(read: &[u8]) -> Option<(Received, usize)> {
    let (begin, length) = match read.get(1)? {
        126 => (4, usize::from(u16::from_be_bytes(read.get(2..4)?.try_into().unwrap()))),
        127 => (10, u64::from_be_bytes(read.get(2..10)?.try_into().unwrap()).try_into().unwrap()),
        short => (2, usize::from(*short)),
    };
    let content = read.get(begin..begin + length)?.to_vec();
    let received = match read[0] ^ FIN {
        TEXT => Received::Text(String::from_utf8(content).unwrap()),
        PING => Received::Ping(content),
        PONG => Received::Pong(content),
        CLOSE => Received::Close(close_code(&content)),
        other => panic!("a frame that begins with {other:#x}"),
    };
    Some((received, begin + length))
}

fn close_code(content: &[u8]) -> Option<u16> {
    (!content.is_empty()).then(|| u16::from_be_bytes([content[0], content[1]]))
}

fn is_bye(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|json| json["bye"].is_object())
}
