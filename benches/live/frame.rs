//! The part of the WebSocket protocol (RFC 6455) that the benchmark needs.
//!
//! Frames are read in place.

/// The opcode of a text frame.
pub(crate) const TEXT: u8 = 1;
/// The opcode of a close frame.
pub(crate) const CLOSE: u8 = 8;
/// The opcode of a ping frame.
pub(crate) const PING: u8 = 9;
/// The opcode of a pong frame.
pub(crate) const PONG: u8 = 10;

/// Returns the opcode, the payload and the whole length of the first frame; `None` if it is
/// incomplete.
pub(crate) fn first(bytes: &[u8]) -> Option<(u8, &[u8], usize)> {
    let (begin, length) = match bytes.get(1)? {
        126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().unwrap()))),
        127 => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().unwrap()).try_into().unwrap()),
        short => (2, usize::from(*short)),
    };
    Some((bytes[0] & 0x0f, bytes.get(begin..begin + length)?, begin + length))
}

/// Returns a frame from a client. Its mask is zero, so the payload stays unchanged.
pub(crate) fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    assert!(payload.len() < 126, "a longer payload needs another header");
    [&[0x80 | opcode, 0x80 | payload.len() as u8, 0, 0, 0, 0], payload].concat()
}
