//! Periodic checks: whether a socket may stay open, and whether its client is alive.
//!
//! A session is checked by time and by the local list of revocations, which the hub keeps up to
//! date with the log. So a socket ends within a second after its session, even if no event
//! reaches it.

use std::collections::BTreeSet;

use actix::{ActorFutureExt, ContextFutureSpawner, WrapFuture};
use actors::session::ListSessions;
use domain::moment::Moment;
use domain::session::{Proof, Session};
use jiff::Timestamp;

use super::{Context, Socket};
use crate::credentials::SignedIn;
use crate::live::close::Close;

impl Socket {
    /// Closes the socket if it may not stay open, catches up if the client was too slow, redraws a
    /// page that shows the past, and sends a ping when one is due.
    ///
    /// This runs only while the client reads: actix does not poll an actor whose output is blocked.
    pub(super) fn check(&mut self, ctx: &mut Context) {
        let now = self.state.shop.clock.moment();
        self.slot.record_progress(now);
        if self.is_revoked() {
            self.close(Close::Revoked, ctx);
        } else if let Some(expired) = self.expired(self.state.shop.clock.now()) {
            self.extend(expired, ctx);
        } else if self.hub.as_ref().is_some_and(|hub| !hub.connected()) {
            self.close(Close::Unavailable, ctx);
        } else if now.since(self.received_at) >= self.state.live.silence {
            self.close(Close::Silent, ctx);
        } else {
            self.resubscribe_if_lagging(ctx);
            self.redraw_if_past(ctx);
            self.ping_if_due(now, ctx);
        }
    }

    /// Subscribes again after the hub has stopped pushing because the mailbox was full.
    fn resubscribe_if_lagging(&mut self, ctx: &mut Context) {
        if self.backlog.missed().is_some() && self.pending.is_none() {
            self.subscribe(BTreeSet::new(), None, ctx);
        }
    }

    fn ping_if_due(&mut self, now: Moment, ctx: &mut Context) {
        if now.since(self.pinged_at) >= self.state.live.ping {
            self.pinged_at = now;
            ctx.ping(b"");
        }
    }

    /// Returns whether the session was ended before its token expired.
    fn is_revoked(&self) -> bool {
        let revocations = &self.state.shop.revocations;
        let signed_in = self.identity.signed_in.as_ref();
        signed_in.is_some_and(|signed_in| revocations.refuse(signed_in.session, signed_in.until))
    }

    /// Returns the sign-in if its token or session, as last read, has expired.
    fn expired(&self, now: Timestamp) -> Option<SignedIn> {
        self.identity.signed_in.clone().filter(|signed_in| !signed_in.is_valid(now))
    }

    /// Keeps the socket open if the browser's session was extended by use in the meantime; closes
    /// it if not.
    fn extend(&self, expired: SignedIn, ctx: &mut Context) {
        let sessions = self.state.shop.sessions.clone();
        let listed = async move { (sessions.ask(ListSessions(expired.user)).await, expired) };
        listed
            .into_actor(self)
            .map(|(listed, expired), socket, ctx: &mut Context| {
                let Ok(listed) = listed else { return socket.close(Close::Unavailable, ctx) };
                match listed.iter().find(|session| extends(session, &expired)) {
                    Some(session) => socket.identity.signed_in = Some(session.into()),
                    None => socket.close(Close::Expired, ctx),
                }
            })
            .wait(ctx);
    }
}

/// Returns whether a session is the one that has expired, extended by its browser since. The
/// session of a program is extended only by a newer token.
fn extends(session: &Session, expired: &SignedIn) -> bool {
    matches!(session.proof, Proof::Browser { .. })
        && session.id == expired.session
        && session.expires_at > expired.until
}
