//! The messages of a client, joined from frames (RFC 6455, section 5.4) and kept within limits.
//!
//! The decoder of actix yields single frames. This module counts them, joins the frames of a
//! fragmented message, and names the close for everything that violates the protocol or a limit.
//! It does no I/O and takes the time as an argument, so that it can be tested on its own.

use std::io;
use std::time::Duration;

use actix_http::ws::Item;
use actix_web::error::PayloadError;
use actix_web::web::{Bytes, BytesMut};
use actix_web_actors::ws::{CloseReason, Message, ProtocolError};
use bytestring::ByteString;
use domain::moment::Moment;

use super::close::Close;

/// The largest message a client may send, in bytes, in one frame or several.
pub const MAX_MESSAGE: usize = 64 * 1024;

/// The period in which frames are counted.
const SECOND: Duration = Duration::from_secs(1);

/// What a client has sent with its last frame.
#[derive(Debug, PartialEq, Eq)]
pub enum ClientMessage {
    /// A complete text message.
    Text(ByteString),
    /// A complete binary message.
    Binary(Bytes),
    /// A ping, to be answered with a pong of the same content.
    Ping(Bytes),
    /// A close, with a reason if the client sent one.
    Close(Option<CloseReason>),
    /// A violation, to be answered with this close.
    Invalid(Close),
    /// Nothing to act on: a pong, or a part of a message that is not complete.
    Nothing,
}

/// Reads the messages of one client.
pub struct MessageReader {
    frames_per_second: u32,
    /// When the current period began.
    period: Moment,
    /// The frames received in the current period.
    frames: u32,
    /// The fragmented message that is not complete yet.
    partial: Option<PartialMessage>,
}

/// The fragments of a message received so far.
struct PartialMessage {
    is_text: bool,
    bytes: BytesMut,
}

impl MessageReader {
    /// Creates a reader for a client that may send this many frames per second.
    pub fn new(frames_per_second: u32) -> Self {
        Self { frames_per_second, period: Moment::START, frames: 0, partial: None }
    }

    /// Returns what a frame means, given the frames before it.
    pub fn read(&mut self, frame: Result<Message, ProtocolError>, now: Moment) -> ClientMessage {
        if self.count(1, now) {
            return ClientMessage::Invalid(Close::Rate);
        }
        match frame {
            Ok(Message::Text(text)) => ClientMessage::Text(text),
            Ok(Message::Binary(bytes)) => ClientMessage::Binary(bytes),
            Ok(Message::Continuation(item)) => {
                self.add_fragment(item).unwrap_or_else(ClientMessage::Invalid)
            }
            Ok(Message::Ping(content)) => ClientMessage::Ping(content),
            Ok(Message::Pong(_) | Message::Nop) => ClientMessage::Nothing,
            Ok(Message::Close(reason)) => ClientMessage::Close(reason),
            Err(error) => ClientMessage::Invalid(close_for(&error)),
        }
    }

    /// Counts a replay as this many frames, and returns whether they are too many in their second.
    ///
    /// One replay counts as half of the allowed frames at most, so that a client that sends little
    /// else may always make one.
    pub fn exceeds_rate_with_replay(&mut self, frames: u64, now: Moment) -> bool {
        let half = self.frames_per_second / 2;
        self.count(u32::try_from(frames).unwrap_or(half).min(half), now)
    }

    /// Counts frames, and returns whether they are too many in their second.
    fn count(&mut self, frames: u32, now: Moment) -> bool {
        if now >= self.period + SECOND {
            self.period = now;
            self.frames = 0;
        }
        self.frames = self.frames.saturating_add(frames);
        self.frames > self.frames_per_second
    }

    /// Adds a fragment, and returns the message if it is the last one.
    fn add_fragment(&mut self, item: Item) -> Result<ClientMessage, Close> {
        match item {
            Item::FirstText(fragment) => self.begin(true, &fragment),
            Item::FirstBinary(fragment) => self.begin(false, &fragment),
            Item::Continue(fragment) => {
                let partial = self.partial.as_mut().ok_or(Close::Protocol)?;
                partial.add(&fragment)?;
                Ok(ClientMessage::Nothing)
            }
            Item::Last(fragment) => {
                let mut partial = self.partial.take().ok_or(Close::Protocol)?;
                partial.add(&fragment)?;
                partial.complete()
            }
        }
    }

    fn begin(&mut self, is_text: bool, fragment: &[u8]) -> Result<ClientMessage, Close> {
        if self.partial.is_some() {
            return Err(Close::Protocol);
        }
        self.partial = Some(PartialMessage { is_text, bytes: BytesMut::from(fragment) });
        Ok(ClientMessage::Nothing)
    }
}

impl PartialMessage {
    fn add(&mut self, fragment: &[u8]) -> Result<(), Close> {
        if self.bytes.len() + fragment.len() > MAX_MESSAGE {
            return Err(Close::TooBig);
        }
        self.bytes.extend_from_slice(fragment);
        Ok(())
    }

    fn complete(self) -> Result<ClientMessage, Close> {
        let bytes = self.bytes.freeze();
        if !self.is_text {
            return Ok(ClientMessage::Binary(bytes));
        }
        ByteString::try_from(bytes).map(ClientMessage::Text).map_err(|_| Close::NotUtf8)
    }
}

/// Returns the close for an error of the decoder, which names several errors only by a text.
fn close_for(error: &ProtocolError) -> Close {
    match error {
        ProtocolError::Overflow => Close::TooBig,
        ProtocolError::Io(error) if error.to_string() == PayloadError::Overflow.to_string() => {
            Close::TooBig
        }
        // The decoder reports this kind for invalid UTF-8, and for a lost connection, where the
        // close does not matter.
        ProtocolError::Io(error) if error.kind() == io::ErrorKind::Other => Close::NotUtf8,
        _ => Close::Protocol,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::START;

    fn read(reader: &mut MessageReader, item: Item) -> ClientMessage {
        reader.read(Ok(Message::Continuation(item)), NOW)
    }

    #[test]
    fn fragments_become_one_message_and_a_stray_fragment_is_a_violation() {
        let mut reader = MessageReader::new(10);
        let first = Item::FirstText(Bytes::from_static(b"un caf\xc3"));
        assert_eq!(read(&mut reader, first), ClientMessage::Nothing);
        let last = || Item::Last(Bytes::from_static(b"\xa9"));
        assert_eq!(read(&mut reader, last()), ClientMessage::Text("un café".into()));
        assert_eq!(read(&mut reader, last()), ClientMessage::Invalid(Close::Protocol));
    }

    #[test]
    fn a_message_must_be_valid_utf_8_and_within_the_limit() {
        let mut reader = MessageReader::new(10);
        read(&mut reader, Item::FirstText(Bytes::from_static(b"\xc3")));
        let last = Item::Last(Bytes::from_static(b"\x28"));
        assert_eq!(read(&mut reader, last), ClientMessage::Invalid(Close::NotUtf8));
        read(&mut reader, Item::FirstBinary(Bytes::from_static(&[0; MAX_MESSAGE])));
        let last = Item::Last(Bytes::from_static(b"1"));
        assert_eq!(read(&mut reader, last), ClientMessage::Invalid(Close::TooBig));
    }

    #[test]
    fn the_count_of_frames_restarts_every_second() {
        let mut reader = MessageReader::new(2);
        let mut pong = |now| reader.read(Ok(Message::Pong(Bytes::new())), now);
        assert_eq!([NOW; 2].map(&mut pong), [ClientMessage::Nothing, ClientMessage::Nothing]);
        assert_eq!(pong(NOW), ClientMessage::Invalid(Close::Rate));
        assert_eq!(pong(NOW + SECOND), ClientMessage::Nothing);
    }

    #[test]
    fn one_long_replay_in_a_second_is_allowed_and_a_third_one_is_not() {
        let mut reader = MessageReader::new(100);
        assert!(!reader.exceeds_rate_with_replay(40, NOW));
        assert!(!reader.exceeds_rate_with_replay(u64::MAX, NOW));
        assert!(reader.exceeds_rate_with_replay(40, NOW));
        assert!(!reader.exceeds_rate_with_replay(40, NOW + SECOND));
    }
}
