//! What a program may say to its socket.

use std::collections::BTreeSet;

use actix_web_actors::ws::CloseCode;
use actors::store::EventId;
use bytestring::ByteString;
use domain::event::Topic;

use super::{BACKLOG, Client, Context, Socket};
use crate::json::Object;
use crate::live::frame::{self, ClientFrame, Refused, Reply};

impl Socket {
    /// Obeys a frame from a program when those before are done; a page has nothing to say.
    pub(super) fn hear(&mut self, text: ByteString, ctx: &mut Context) {
        if matches!(self.client, Client::Page(_)) {
            return;
        }
        if self.unheard.len() >= BACKLOG {
            return self.close(CloseCode::Policy, "rate", ctx);
        }
        self.unheard.push_back(text);
        self.obey(ctx);
    }

    /// Obeys what was said, as long as nothing is to be told first.
    pub(super) fn obey(&mut self, ctx: &mut Context) {
        while self.beginning.is_none() {
            let Some(text) = self.unheard.pop_front() else { return };
            self.obey_one(&text, ctx);
        }
    }

    fn obey_one(&mut self, text: &str, ctx: &mut Context) {
        let ClientFrame { subscribe, since, unsubscribe, token, ping } =
            match serde_json::from_str(text) {
                Ok(Object(said)) => said,
                Err(error) => {
                    return self.send(frame::error(Refused::MalformedJson, error.to_string()), ctx);
                }
            };
        if let Some(token) = token {
            self.renew(&token, ctx);
        }
        if subscribe.is_some() || unsubscribe.is_some() {
            self.choose(
                &subscribe.unwrap_or_default(),
                &unsubscribe.unwrap_or_default(),
                since,
                ctx,
            );
        }
        if let Some(ping) = ping {
            self.send(frame::reply(Reply::Pong(ping)), ctx);
        }
    }

    /// Goes on with a newer token of the same session.
    fn renew(&mut self, token: &str, ctx: &mut Context) {
        let renewed = self.state.access.check(token, self.state.shop.clock.now());
        match (renewed, &self.signed_in) {
            (Some(me), Some(before)) if me.session == before.session => {
                self.send(frame::reply(Reply::Until(me.until)), ctx);
                self.signed_in = Some(me);
            }
            _ => self
                .send(frame::error(Refused::InvalidToken, "not a good token of this session"), ctx),
        }
    }

    fn choose(
        &mut self,
        subscribe: &BTreeSet<Topic>,
        unsubscribe: &BTreeSet<Topic>,
        since: Option<EventId>,
        ctx: &mut Context,
    ) {
        if subscribe.iter().any(|topic| self.listener.channel(*topic).is_none()) {
            return self.send(frame::error(Refused::Forbidden, "a topic is not for you"), ctx);
        }
        self.topics.retain(|topic| !unsubscribe.contains(topic));
        let new: BTreeSet<_> = subscribe.difference(&self.topics).copied().collect();
        self.topics.extend(&new);
        self.send(frame::reply(Reply::Topics(self.topics.clone())), ctx);
        self.listen(new, since, ctx);
    }
}
