//! How the server closes a WebSocket: every close with its code (RFC 6455, section 7.4), its reason
//! word, and what the client should do about it.
//!
//! A socket is closed only with one of these values, so that the wire, `docs/asyncapi.json` and
//! `docs/protocol.md` always agree. A close by the client is different: the server answers it with
//! the code that the client sent.

use std::time::Duration;

use super::spread::spread;

/// The shortest wait before a client reconnects, and by how much waits differ.
const RETRY_MIN: Duration = Duration::from_millis(500);
const RETRY_SPREAD: Duration = Duration::from_millis(4_500);

/// Why the server closes a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// The client sent nothing for a time, not even a pong.
    Silent,
    /// The client violated RFC 6455.
    Protocol,
    /// The client sent a binary message.
    TextOnly,
    /// The client sent text that is not valid UTF-8.
    NotUtf8,
    /// The access token or the browser's session has expired.
    Expired,
    /// The session was ended.
    Revoked,
    /// A page was rendered for another visitor or subscribes to a topic that its visitor may not
    /// see, or a page of another origin sends no valid token.
    Unauthorized,
    /// The client sent too many frames in a second.
    Rate,
    /// The client sent a message that is too large.
    TooBig,
    /// The server shuts down or restarts.
    Restarting,
    /// The server cannot read what the client subscribes to.
    Unavailable,
}

/// What a close says on the wire.
pub struct Details {
    /// The code of the close frame.
    pub code: u16,
    /// The reason of the close frame.
    pub word: &'static str,
    /// Whether the client may reconnect without changing anything first.
    pub retry: bool,
}

impl Close {
    /// Every close, in the order of the codes.
    pub const ALL: [Self; Self::Unavailable as usize + 1] = [
        Self::Silent,
        Self::Protocol,
        Self::TextOnly,
        Self::NotUtf8,
        Self::Expired,
        Self::Revoked,
        Self::Unauthorized,
        Self::Rate,
        Self::TooBig,
        Self::Restarting,
        Self::Unavailable,
    ];

    /// Returns the code and the word, and whether the client may retry.
    pub fn details(self) -> Details {
        match self {
            Self::Silent => Details { code: 1001, word: "silent", retry: true },
            Self::Protocol => Details { code: 1002, word: "protocol", retry: false },
            Self::TextOnly => Details { code: 1003, word: "text only", retry: false },
            Self::NotUtf8 => Details { code: 1007, word: "no utf-8", retry: false },
            Self::Expired => Details { code: 1008, word: "expired", retry: false },
            Self::Revoked => Details { code: 1008, word: "revoked", retry: false },
            Self::Unauthorized => Details { code: 1008, word: "unauthorized", retry: false },
            Self::Rate => Details { code: 1008, word: "rate", retry: false },
            Self::TooBig => Details { code: 1009, word: "too big", retry: false },
            Self::Restarting => Details { code: 1012, word: "restarting", retry: true },
            Self::Unavailable => Details { code: 1013, word: "unavailable", retry: true },
        }
    }

    /// Returns what happened and what the client should do, for the documents.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Silent => "The client sent nothing for 35 s, not even a pong. Reconnect.",
            Self::Protocol => "The client violated the WebSocket protocol. Fix the client.",
            Self::TextOnly => "The client sent a binary message. Fix the client.",
            Self::NotUtf8 => "The client sent text that is not valid UTF-8. Fix the client.",
            Self::Expired => "The token or session has expired. Get a new token, then connect.",
            Self::Revoked => "The session was ended (sign-out, change of the user). Sign in again.",
            Self::Unauthorized => {
                "The visitor of a page may not see one of its topics or is not the one it was made \
                 for, or a page of another origin sent no valid token within 5 s. Sign in."
            }
            Self::Rate => "The client sent more frames in a second than allowed. Fix the client.",
            Self::TooBig => "The client sent a message of more than 64 KiB. Fix the client.",
            Self::Restarting => "The server shuts down or restarts. Reconnect.",
            Self::Unavailable => "The server cannot deliver events at the moment. Reconnect.",
        }
    }

    /// Returns how long the client of a socket should wait before it reconnects; `None` if it must
    /// change something first.
    ///
    /// The wait depends on the socket's number, so that clients closed together do not reconnect at
    /// the same time.
    pub fn retry_after(self, socket: u64) -> Option<Duration> {
        self.details().retry.then(|| RETRY_MIN + spread(socket, RETRY_SPREAD))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_close_is_listed_once() {
        for (position, close) in Close::ALL.into_iter().enumerate() {
            assert_eq!(close as usize, position);
        }
    }

    #[test]
    fn sockets_closed_together_wait_for_different_times_between_half_a_second_and_five() {
        let waits =
            [1, 2, 3, u64::MAX].map(|socket| Close::Restarting.retry_after(socket).unwrap());
        let allowed = RETRY_MIN..Duration::from_secs(5);
        assert!(waits.iter().all(|wait| allowed.contains(wait)), "{waits:?}");
        assert!(waits.windows(2).all(|pair| pair[0] != pair[1]), "{waits:?}");
        assert_eq!(Close::Expired.retry_after(1), None);
    }
}
