//! The bytes of a client: no frame longer than allowed, and a connection that ends with its actor.

use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::rt;
use actix_web::rt::time::sleep;
use actix_web::web::{Bytes, Payload};
use futures_util::Stream;

use super::messages::MAX_MESSAGE;
use crate::sockets::tcp::Connection;

/// How long after its actor a connection still sends: what was said last, if the client takes it.
const FAREWELL: Duration = Duration::from_millis(200);

/// What an actor reads; dropped together with it.
pub(super) struct Incoming {
    payload: Payload,
    connection: Option<Connection>,
    lengths: Lengths,
}

impl Incoming {
    /// The bytes of a request on a connection.
    pub(super) fn new(payload: Payload, connection: Option<Connection>) -> Self {
        Self { payload, connection, lengths: Lengths::default() }
    }
}

impl Stream for Incoming {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(Pin::new(&mut self.payload).poll_next(cx));
        Poll::Ready(match next {
            Some(Ok(bytes)) if !self.lengths.allow(&bytes) => Some(Err(PayloadError::Overflow)),
            next => next,
        })
    }
}

impl Drop for Incoming {
    /// The server is the first to end the connection (RFC 6455, section 7.1.1), where actix would read on for a second.
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        rt::spawn(async move {
            sleep(FAREWELL).await;
            connection.shut_down(Shutdown::Write);
        });
    }
}

/// How long frames say that they are (RFC 6455, section 5.2): the decoder would keep all that comes of a frame of any
/// length before it looks.
#[derive(Default)]
struct Lengths {
    /// What has come of a frame's header.
    header: Vec<u8>,
    /// How many bytes are still to come of a frame.
    left: u64,
}

impl Lengths {
    /// Whether no frame that begins in the next bytes is longer than allowed.
    fn allow(&mut self, mut bytes: &[u8]) -> bool {
        loop {
            let skipped = bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
            self.left -= skipped as u64;
            let Some((byte, rest)) = bytes.get(skipped..).and_then(<[u8]>::split_first) else {
                return true;
            };
            bytes = rest;
            self.header.push(*byte);
            if let Some(length) = length(&self.header) {
                if length > MAX_MESSAGE as u64 {
                    return false;
                }
                self.header.clear();
                self.left = length;
            }
        }
    }
}

/// The length of a frame, once its header is whole.
fn length(header: &[u8]) -> Option<u64> {
    let [_, second, rest @ ..] = header else { return None };
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let (short, long) = match second & 0x7f {
        126 => (0, 2),
        127 => (0, 8),
        short => (short, 0),
    };
    let is_whole = rest.len() == long + mask;
    is_whole.then(|| {
        rest.iter().take(long).fold(u64::from(short), |length, byte| length << 8 | u64::from(*byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames one after the other: a short one, an empty one without a mask, a longer one, the longest.
    fn frames() -> Vec<u8> {
        let longest = (MAX_MESSAGE as u64).to_be_bytes();
        let headers: [&[u8]; 4] = [
            &[0x81, 0x83],
            &[0x89, 0x00],
            &[0x81, 0xfe, 1, 0],
            &[&[0x82, 0xff], &longest[..]].concat(),
        ];
        let lengths = [4 + 3, 0, 4 + 256, 4 + MAX_MESSAGE];
        headers
            .iter()
            .zip(lengths)
            .flat_map(|(header, length)| [header, &vec![0xff; length][..]].concat())
            .collect()
    }

    #[test]
    fn frames_of_every_kind_of_length_are_followed_however_they_come() {
        for piece in [1, 2, 3, 7, 1_000, usize::MAX] {
            let mut lengths = Lengths::default();
            assert!(frames().chunks(piece).all(|bytes| lengths.allow(bytes)), "{piece}");
            assert!(lengths.left == 0 && lengths.header.is_empty());
        }
    }

    #[test]
    fn a_frame_that_says_it_is_too_long_is_found_by_its_header() {
        for length in [MAX_MESSAGE as u64 + 1, 1 << 40, u64::MAX] {
            let mut lengths = Lengths::default();
            let header = [&[0x81, 0xff], &length.to_be_bytes()[..], &[0; 4]].concat();
            assert!(lengths.allow(&frames()) && !lengths.allow(&header), "{length}");
        }
    }
}
