//! What a client sends: messages put together from frames (RFC 6455, section 5.4), within limits.

use std::io;
use std::mem::take;
use std::time::Duration;

use actix_http::ws::Item;
use actix_web::error::PayloadError;
use actix_web::web::{Bytes, BytesMut};
use actix_web_actors::ws::{CloseCode, CloseReason, Message, ProtocolError};
use bytestring::ByteString;
use jiff::Timestamp;

/// The largest message a client may send, in bytes, in one frame or several.
pub const MAX_MESSAGE: usize = 64 * 1024;

/// How long frames are counted before the count begins anew.
const SECOND: Duration = Duration::from_secs(1);

/// What a client means by a frame.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// A whole text.
    Text(ByteString),
    /// A whole message that is no text.
    Binary(Bytes),
    /// It asks for a pong with this content.
    Ping(Bytes),
    /// It closes, perhaps with a reason.
    Close(Option<CloseReason>),
    /// It breaks the rules, and is to be told so by this code and this word.
    Wrong(CloseCode, &'static str),
    /// Nothing yet.
    Nothing,
}

/// Puts together what one client sends.
pub struct Reader {
    /// How many frames it may send in a second.
    frames_a_second: u32,
    second: Timestamp,
    frames: u32,
    /// The message that is being sent in pieces.
    begun: Option<Begun>,
}

struct Begun {
    is_text: bool,
    bytes: BytesMut,
}

impl Reader {
    /// Reads from a client that may send so many frames in a second.
    pub fn new(frames_a_second: u32) -> Self {
        Self { frames_a_second, second: Timestamp::UNIX_EPOCH, frames: 0, begun: None }
    }

    /// What a frame means, after those that came before.
    pub fn read(&mut self, frame: Result<Message, ProtocolError>, now: Timestamp) -> Heard {
        if now >= self.second + SECOND {
            (self.second, self.frames) = (now, 0);
        }
        self.frames += 1;
        if self.frames > self.frames_a_second {
            return Heard::Wrong(CloseCode::Policy, "rate");
        }
        match frame {
            Ok(Message::Text(text)) => Heard::Text(text),
            Ok(Message::Binary(bytes)) => Heard::Binary(bytes),
            Ok(Message::Continuation(item)) => self.piece(item),
            Ok(Message::Ping(content)) => Heard::Ping(content),
            Ok(Message::Pong(_) | Message::Nop) => Heard::Nothing,
            Ok(Message::Close(reason)) => Heard::Close(reason),
            Err(error) => wrong(&error),
        }
    }

    fn piece(&mut self, item: Item) -> Heard {
        let (is_last, piece) = match item {
            Item::FirstText(piece) | Item::FirstBinary(piece) if self.begun.is_some() => {
                (false, piece)
            }
            Item::FirstText(piece) => return self.begin(true, piece),
            Item::FirstBinary(piece) => return self.begin(false, piece),
            Item::Continue(piece) => (false, piece),
            Item::Last(piece) => (true, piece),
        };
        let Some(begun) = &mut self.begun else {
            return Heard::Wrong(CloseCode::Protocol, "protocol");
        };
        if begun.bytes.len() + piece.len() > MAX_MESSAGE {
            return TOO_BIG;
        }
        begun.bytes.extend_from_slice(&piece);
        if !is_last {
            return Heard::Nothing;
        }
        let (is_text, bytes) = (begun.is_text, take(&mut begun.bytes).freeze());
        self.begun = None;
        match ByteString::try_from(bytes.clone()) {
            _ if !is_text => Heard::Binary(bytes),
            Ok(text) => Heard::Text(text),
            Err(_) => NO_TEXT,
        }
    }

    fn begin(&mut self, is_text: bool, piece: Bytes) -> Heard {
        self.begun = Some(Begun { is_text, bytes: BytesMut::from(&piece[..]) });
        Heard::Nothing
    }
}

const TOO_BIG: Heard = Heard::Wrong(CloseCode::Size, "too big");
const NO_TEXT: Heard = Heard::Wrong(CloseCode::Invalid, "no utf-8");

fn wrong(error: &ProtocolError) -> Heard {
    match error {
        ProtocolError::Overflow => TOO_BIG,
        ProtocolError::Io(error) if error.to_string() == PayloadError::Overflow.to_string() => {
            TOO_BIG
        }
        // The decoder says so of a text that is none, and of a connection that is gone, where no code matters.
        ProtocolError::Io(error) if error.kind() == io::ErrorKind::Other => NO_TEXT,
        _ => Heard::Wrong(CloseCode::Protocol, "protocol"),
    }
}
