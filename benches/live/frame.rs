//! As much of RFC 6455 as a load needs: frames from a server are looked at where they lie in the buffer.

/// An operation code: text.
pub(crate) const TEXT: u8 = 1;
/// An operation code: close.
pub(crate) const CLOSE: u8 = 8;
/// An operation code: ping.
pub(crate) const PING: u8 = 9;
/// An operation code: pong.
pub(crate) const PONG: u8 = 10;

/// The first frame of some bytes, if all of it is there: its operation code, what it holds, and its whole length.
pub(crate) fn first(bytes: &[u8]) -> Option<(u8, &[u8], usize)> {
    let (begin, length) = match bytes.get(1)? {
        126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().unwrap()))),
        127 => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().unwrap()).try_into().unwrap()),
        short => (2, usize::from(*short)),
    };
    Some((bytes[0] & 0x0f, bytes.get(begin..begin + length)?, begin + length))
}

/// A short frame from a client. The mask is zero, which spares the work of masking.
pub(crate) fn masked(code: u8, held: &[u8]) -> Vec<u8> {
    assert!(held.len() < 126, "a longer frame has another header");
    [&[0x80 | code, 0x80 | held.len() as u8, 0, 0, 0, 0], held].concat()
}
