//! The first frame of a page of another origin: the access token that identifies it.
//!
//! A browser cannot set a header on a WebSocket, and the cookies of another origin do not count. A
//! socket whose handshake has no token therefore does nothing until its first frame brings one.
//! Another guest may identify itself in the same way.

use std::time::Duration;

use domain::cart::Owner;

use super::{Client, Context, Socket};
use crate::auth::bearer;
use crate::error::code::Code;
use crate::live::close::Close;
use crate::live::identity::Identity;
use crate::live::program::Program;

/// How long the first frame may take.
pub(super) const TOKEN_TIMEOUT: Duration = Duration::from_secs(5);

impl Socket {
    /// Closes the socket if it still waits for the token.
    pub(super) fn require_token(&mut self, ctx: &mut Context) {
        if self.awaits_token {
            self.refuse(Close::Unauthorized, ctx);
        }
    }

    /// Identifies the client by the token of its first frame, or closes the socket.
    ///
    /// Returns whether the client is identified; the caller must subscribe, so that the end of the
    /// session is pushed.
    pub(super) fn identify(&mut self, token: Option<&str>, ctx: &mut Context) -> bool {
        let signed_in = match token.map(|token| bearer::check(&self.state, token)) {
            Some(Ok(signed_in)) => signed_in,
            Some(Err(problem)) if problem.code == Code::Unavailable => {
                self.refuse(Close::Unavailable, ctx);
                return false;
            }
            refused => {
                if refused.is_some() {
                    self.record_refusal();
                }
                self.refuse(Close::Unauthorized, ctx);
                return false;
            }
        };
        let owner = Owner::User(signed_in.user);
        let identity = Identity::new(Some(&owner), Some(&signed_in));
        if self.slot.change_owner(identity.slot_owner()).is_err() {
            self.refuse(Close::Unavailable, ctx);
            return false;
        }
        self.client = Client::Program(Program { state: self.state.clone(), owner: Some(owner) });
        self.identity = identity;
        self.awaits_token = false;
        true
    }

    /// Closes the socket and drops the commands that wait.
    fn refuse(&mut self, close: Close, ctx: &mut Context) {
        self.commands.clear();
        self.close(close, ctx);
    }
}
