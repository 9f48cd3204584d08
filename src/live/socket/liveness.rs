//! Whether a socket should still be open.

use std::collections::BTreeSet;

use actix::{ActorFutureExt, ContextFutureSpawner, WrapFuture};
use actix_web_actors::ws::CloseCode;
use actors::session::ListSessions;
use domain::session::Proof;

use super::{Context, Socket};
use crate::credentials::SignedIn;

impl Socket {
    /// Closes a socket that should not be open any more, catches up if it was too slow, and asks a silent client whether
    /// it is alive.
    pub(super) fn watch(&mut self, ctx: &mut Context) {
        let now = self.state.shop.clock.now();
        self.seat.moves(now);
        if self
            .signed_in
            .as_ref()
            .is_some_and(|me| self.state.shop.revocations.contains(me.session))
        {
            self.close(CloseCode::Policy, "revoked", ctx);
        } else if let Some(me) = self.signed_in.clone().filter(|me| me.until <= now) {
            self.stay(me, ctx);
        } else if self.hub.as_ref().is_some_and(|hub| !hub.connected()) {
            self.close(CloseCode::Again, "unavailable", ctx);
        } else if now >= self.heard_at + self.state.live.silence {
            self.close(CloseCode::Away, "silent", ctx);
        } else {
            if self.backlog.missed().is_some() && self.beginning.is_none() {
                self.listen(BTreeSet::new(), None, ctx);
            }
            if now >= self.pinged_at + self.state.live.ping {
                self.pinged_at = now;
                ctx.ping(b"");
            }
        }
    }

    /// Stays open as long as the browser's session, which goes on with every use of it; closes otherwise.
    fn stay(&self, me: SignedIn, ctx: &mut Context) {
        let sessions = self.state.shop.sessions.clone();
        let listed = async move { sessions.ask(ListSessions(me.user)).await };
        listed
            .into_actor(self)
            .map(move |listed, socket, ctx: &mut Context| {
                let Ok(listed) = listed else {
                    return socket.close(CloseCode::Again, "unavailable", ctx);
                };
                let mut browsers =
                    listed.iter().filter(|session| matches!(session.proof, Proof::Browser { .. }));
                match browsers
                    .find(|session| session.id == me.session && session.expires_at > me.until)
                {
                    Some(session) => socket.signed_in = Some(session.into()),
                    None => socket.close(CloseCode::Policy, "expired", ctx),
                }
            })
            .wait(ctx);
    }
}
