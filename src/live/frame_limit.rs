//! The bytes of a client: frames within the size limit, and a connection that ends with its actor.
//!
//! The decoder of actix buffers a frame until it is complete, and checks its length only then. A
//! client could announce a frame of many gigabytes and fill the memory. This module therefore reads
//! the announced length from each frame's header before the decoder sees the bytes, and fails the
//! stream at the first frame that is too long.

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

/// How long a connection stays open after its actor stopped, so that the last frames are sent.
const LINGER: Duration = Duration::from_millis(200);

/// The payload of a request that became a WebSocket, dropped together with its actor.
pub(super) struct LimitedPayload {
    payload: Payload,
    connection: Option<Connection>,
    lengths: FrameLengths,
}

impl LimitedPayload {
    /// Creates the stream of a payload that arrives on a connection.
    pub(super) fn new(payload: Payload, connection: Option<Connection>) -> Self {
        Self { payload, connection, lengths: FrameLengths::default() }
    }
}

impl Stream for LimitedPayload {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(Pin::new(&mut self.payload).poll_next(cx));
        Poll::Ready(match next {
            Some(Ok(bytes)) if !self.lengths.allow(&bytes) => Some(Err(PayloadError::Overflow)),
            next => next,
        })
    }
}

impl Drop for LimitedPayload {
    /// Closes the connection from the server's side first (RFC 6455, section 7.1.1). Without this,
    /// actix would keep reading for another second.
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        rt::spawn(async move {
            sleep(LINGER).await;
            connection.shut_down(Shutdown::Write);
        });
    }
}

/// Follows the frames in a stream of bytes by their announced lengths (RFC 6455, section 5.2).
#[derive(Default)]
struct FrameLengths {
    /// The bytes of an incomplete frame header.
    header: Vec<u8>,
    /// The bytes of the current frame that have not arrived yet.
    remaining: u64,
}

impl FrameLengths {
    /// Follows the next bytes; returns `false` if a frame that begins in them is too long.
    fn allow(&mut self, mut bytes: &[u8]) -> bool {
        loop {
            let skipped = bytes.len().min(usize::try_from(self.remaining).unwrap_or(usize::MAX));
            self.remaining -= skipped as u64;
            let Some((byte, rest)) = bytes.get(skipped..).and_then(<[u8]>::split_first) else {
                return true;
            };
            bytes = rest;
            self.header.push(*byte);
            if let Some(length) = announced_length(&self.header) {
                if length > MAX_MESSAGE as u64 {
                    return false;
                }
                self.header.clear();
                self.remaining = length;
            }
        }
    }
}

/// Returns the length that a frame header announces; `None` if the header is not complete.
fn announced_length(header: &[u8]) -> Option<u64> {
    let [_, second, rest @ ..] = header else { return None };
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let (short, extended) = match second & 0x7f {
        126 => (0, 2),
        127 => (0, 8),
        short => (short, 0),
    };
    let is_complete = rest.len() == extended + mask;
    is_complete.then(|| {
        let extended = rest.iter().take(extended);
        extended.fold(u64::from(short), |length, byte| length << 8 | u64::from(*byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns four frames: a short one, an empty one without a mask, a longer one, and the
    /// longest.
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
    fn frames_with_every_kind_of_length_are_followed_across_any_chunks() {
        for size in [1, 2, 3, 7, 1_000, usize::MAX] {
            let mut lengths = FrameLengths::default();
            assert!(frames().chunks(size).all(|bytes| lengths.allow(bytes)), "{size}");
            assert!(lengths.remaining == 0 && lengths.header.is_empty());
        }
    }

    #[test]
    fn a_frame_that_is_too_long_is_found_by_its_header() {
        for length in [MAX_MESSAGE as u64 + 1, 1 << 40, u64::MAX] {
            let mut lengths = FrameLengths::default();
            let header = [&[0x81, 0xff], &length.to_be_bytes()[..], &[0; 4]].concat();
            assert!(lengths.allow(&frames()) && !lengths.allow(&header), "{length}");
        }
    }
}
