//! An access token as the model sees it.

use std::time::Duration;

use actors::session::revocations::Revocations;
use domain::moment::is_ahead;
use domain::session::Session;
use jiff::Timestamp;

/// How long an access token is valid.
const TTL: Duration = Duration::from_secs(3_600);

/// The times of an access token of a session.
pub(super) struct Token {
    pub(super) session: Session,
    issued_at: Timestamp,
    until: Timestamp,
}

impl Token {
    /// Issues a token, as the server does.
    pub(super) fn issue(session: &Session, now: Timestamp) -> Self {
        let until = (now + TTL).min(session.expires_at);
        Self { session: session.clone(), issued_at: now, until }
    }

    /// Whether a node accepts the token, given its revocations and the calendar.
    pub(super) fn is_accepted(&self, revocations: &Revocations, now: Timestamp) -> bool {
        let is_valid = now < self.until && !is_ahead(self.issued_at, now);
        is_valid && !revocations.refuse(self.session.id, self.until)
    }
}
