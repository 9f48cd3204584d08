//! A program that writes its frames itself (RFC 6455, section 5.2), right or wrong, over plain TCP.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::TestShop;

/// The bit that says that a message ends with this frame.
pub(crate) const FIN: u8 = 0x80;
/// An operation code: the message goes on.
pub(crate) const CONTINUATION: u8 = 0;
/// An operation code: a text begins.
pub(crate) const TEXT: u8 = 1;
/// An operation code: bytes begin.
pub(crate) const BINARY: u8 = 2;
/// An operation code: the connection ends.
pub(crate) const CLOSE: u8 = 8;
/// An operation code: is anybody there?
pub(crate) const PING: u8 = 9;
/// An operation code: somebody is.
pub(crate) const PONG: u8 = 10;

/// How long a frame may take before the test fails; far more than it ever takes.
const PATIENCE: Duration = Duration::from_secs(20);
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A connection that has become a WebSocket.
pub(crate) struct Wire {
    stream: TcpStream,
    read: Vec<u8>,
}

/// What the server says.
#[derive(Debug, PartialEq)]
pub(crate) enum Heard {
    /// A text.
    Text(String),
    /// It asks whether anybody is there.
    Ping(Vec<u8>),
    /// It is there, and says what it was asked with.
    Pong(Vec<u8>),
    /// It closes, with a code unless the client gave none either.
    Close(Option<u16>),
    /// It has hung up.
    End,
    /// It neither says anything nor hangs up.
    Nothing,
}

/// A frame as a client must send it; the first byte is the operation code with the bits before it.
pub(crate) fn frame(first: u8, held: &[u8]) -> Vec<u8> {
    let masked = held.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask);
    [header(first, held.len() as u64), masked.collect()].concat()
}

/// The beginning of a frame that announces so many bytes.
pub(crate) fn header(first: u8, length: u64) -> Vec<u8> {
    let length = match length {
        0..126 => vec![0x80 | length as u8],
        126..0x1_0000 => [&[0x80 | 126], &(length as u16).to_be_bytes()[..]].concat(),
        _ => [&[0x80 | 127], &length.to_be_bytes()[..]].concat(),
    };
    [&[first], &length[..], &MASK].concat()
}

impl Wire {
    /// Opens a socket as a guest.
    pub(crate) async fn open(shop: &TestShop) -> Self {
        let address = shop.url.trim_start_matches("http://");
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut wire = Self { stream, read: Vec::new() };
        let request = format!(
            "GET /api/live HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        wire.sends(request).await;
        loop {
            if let Some(end) = wire.read.windows(4).position(|end| end == b"\r\n\r\n") {
                let answer = wire.read.drain(..end + 4).collect::<Vec<_>>();
                assert!(
                    answer.starts_with(b"HTTP/1.1 101 "),
                    "{}",
                    String::from_utf8_lossy(&answer)
                );
                return wire;
            }
            assert_eq!(wire.reads().await, Some(true), "no answer");
        }
    }

    /// Sends bytes, and takes in meanwhile what comes, so that neither side waits for the other.
    pub(crate) async fn sends(&mut self, bytes: impl AsRef<[u8]>) {
        let (mut reader, mut writer) = self.stream.split();
        let takes_in = async {
            while matches!(reader.read_buf(&mut self.read).await, Ok(1..)) {}
            std::future::pending::<()>().await;
        };
        // Whether the server was still there shows in what comes.
        tokio::select! {
            _ = timeout(PATIENCE, writer.write_all(bytes.as_ref())) => {}
            () = takes_in => {}
        }
    }

    /// The next thing that the server says.
    pub(crate) async fn hears(&mut self) -> Heard {
        loop {
            if let Some((heard, length)) = first(&self.read) {
                self.read.drain(..length);
                return heard;
            }
            match self.reads().await {
                Some(true) => {}
                Some(false) => return Heard::End,
                None => return Heard::Nothing,
            }
        }
    }

    /// All that the server says until it hangs up, but for its goodbye to programs.
    pub(crate) async fn hears_to_the_end(&mut self) -> Vec<Heard> {
        let mut heard = Vec::new();
        loop {
            match self.hears().await {
                Heard::Text(text) if is_goodbye(&text) => {}
                last @ (Heard::End | Heard::Nothing) => {
                    heard.push(last);
                    return heard;
                }
                other => heard.push(other),
            }
        }
    }

    /// Sends nothing more, but goes on listening.
    pub(crate) async fn sends_no_more(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Is gone at once, as if its machine had been switched off and on (a reset).
    pub(crate) fn breaks(self) {
        self.stream.set_zero_linger().unwrap();
    }

    /// Whether something more has come, or the server has hung up; none if neither happens in time.
    async fn reads(&mut self) -> Option<bool> {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.read)).await;
        read.ok().map(|read| matches!(read, Ok(1..)))
    }
}

/// The first thing in what was read, and its length, if it is there as a whole; frames of a server are plain.
fn first(read: &[u8]) -> Option<(Heard, usize)> {
    let (begin, length) = match read.get(1)? {
        126 => (4, usize::from(u16::from_be_bytes(read.get(2..4)?.try_into().unwrap()))),
        127 => (10, u64::from_be_bytes(read.get(2..10)?.try_into().unwrap()).try_into().unwrap()),
        short => (2, usize::from(*short)),
    };
    let held = read.get(begin..begin + length)?.to_vec();
    let heard = match read[0] ^ FIN {
        TEXT => Heard::Text(String::from_utf8(held).unwrap()),
        PING => Heard::Ping(held),
        PONG => Heard::Pong(held),
        CLOSE => Heard::Close((!held.is_empty()).then(|| u16::from_be_bytes([held[0], held[1]]))),
        other => panic!("a frame that begins with {other:#x}"),
    };
    Some((heard, begin + length))
}

fn is_goodbye(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|json| json["bye"].is_object())
}
