//! The commands of a program to its socket.
//!
//! Commands are carried out one after the other. While a subscription is in progress, later
//! commands wait, so that the pong of a ping follows every frame of the subscription before it.

use std::collections::BTreeSet;

use actors::store::EventId;
use bytestring::ByteString;
use domain::topic::Topic;

use super::{BACKLOG, Client, Context, Socket};
use crate::json;
use crate::live::close::Close;
use crate::live::frame::{self, ClientFrame, ErrorCode, Reply};

impl Socket {
    /// Receives a command, to be carried out after the earlier ones; ignores text from a page.
    pub(super) fn receive(&mut self, text: ByteString, ctx: &mut Context) {
        if matches!(self.client, Client::Page(_)) {
            return;
        }
        if self.commands.len() >= BACKLOG {
            return self.close(Close::Rate, ctx);
        }
        self.commands.push_back(text);
        self.run_commands(ctx);
    }

    /// Carries out the waiting commands, up to one that starts a subscription.
    pub(super) fn run_commands(&mut self, ctx: &mut Context) {
        while self.pending.is_none() {
            let Some(text) = self.commands.pop_front() else { return };
            match json::read::<ClientFrame>(&text) {
                Ok(command) if !command.is_empty() => self.run_command(command, ctx),
                Ok(_) | Err(_) if self.awaits_token => self.require_token(ctx),
                Ok(_) => self.refuse_frame("the frame has no command", ctx),
                Err(problem) => {
                    let reason = problem.detail.unwrap_or_default();
                    self.refuse_frame(&reason.replacen("the body", "the frame", 1), ctx);
                }
            }
        }
    }

    fn refuse_frame(&self, reason: &str, ctx: &mut Context) {
        self.send(frame::error(ErrorCode::MalformedJson, reason), ctx);
    }

    /// Carries out the members of one command in a fixed order: a newer token first, because the
    /// former one may have expired; the ping last, because its pong confirms the others.
    fn run_command(&mut self, command: ClientFrame, ctx: &mut Context) {
        let ClientFrame { subscribe, since, unsubscribe, token, ping } = command;
        let identifies = self.awaits_token || (token.is_some() && self.is_unused_by_guest());
        if identifies && !self.identify(token.as_deref(), ctx) {
            return;
        }
        if let Some(token) = token {
            self.renew(&token, ctx);
        }
        if subscribe.is_some() || unsubscribe.is_some() {
            let subscribe = subscribe.unwrap_or_default();
            let unsubscribe = unsubscribe.unwrap_or_default();
            self.change_topics(&subscribe, &unsubscribe, since, ctx);
        }
        // The end of the session that the token has named must be pushed too.
        if identifies && self.pending.is_none() {
            self.subscribe(BTreeSet::new(), None, ctx);
        }
        if let Some(ping) = ping {
            self.send(frame::reply(Reply::Pong(ping)), ctx);
        }
    }

    /// Whether a guest has subscribed to nothing yet, and so may still sign in.
    fn is_unused_by_guest(&self) -> bool {
        self.identity.signed_in.is_none() && self.topics.is_empty()
    }

    /// Extends the socket's lifetime by a newer access token of the same session.
    fn renew(&mut self, token: &str, ctx: &mut Context) {
        let renewed = self.state.access.check(token, self.state.shop.clock.now());
        match (renewed, &self.identity.signed_in) {
            (Some(renewed), Some(current)) if renewed.session == current.session => {
                self.send(frame::reply(Reply::Until(renewed.until)), ctx);
                self.identity.signed_in = Some(renewed);
            }
            _ => {
                self.record_refusal();
                let message = "the token is invalid or belongs to another session";
                self.send(frame::error(ErrorCode::InvalidToken, message), ctx);
            }
        }
    }

    /// Changes the subscribed topics, or none of them if one is forbidden, and subscribes again.
    fn change_topics(
        &mut self,
        subscribe: &BTreeSet<Topic>,
        unsubscribe: &BTreeSet<Topic>,
        since: Option<EventId>,
        ctx: &mut Context,
    ) {
        if !self.identity.allows(subscribe) {
            self.record_refusal();
            let message = "this client may not subscribe to one of the topics";
            return self.send(frame::error(ErrorCode::Forbidden, message), ctx);
        }
        // A topic that is subscribed to already is not new: the client has its state.
        self.topics.retain(|topic| !unsubscribe.contains(topic));
        let new: BTreeSet<_> = subscribe.difference(&self.topics).copied().collect();
        self.topics.extend(&new);
        self.send(frame::reply(Reply::Topics(self.topics.clone())), ctx);
        self.subscribe(new, since, ctx);
    }
}
