//! How a socket subscribes to the hub without a gap, and how it catches up when it was too slow.
//!
//! The hub confirms a subscription in the same queue in which it pushes events. Events before the
//! confirmation belong to the former subscription, events after it to the new one. On the
//! confirmation, the socket reads the log or the current state up to the confirmed position, and
//! handles the pushes that wait in its mailbox only after that: nothing is missed or sent twice.

use std::collections::BTreeSet;

use actix::{ActorFutureExt, AsyncContext, ContextFutureSpawner, WrapFuture};
use actix_web::rt;
use actors::live::Subscribe;
use actors::store::EventId;
use domain::shown::Shown;
use domain::topic::{Channel, INTERRUPTIONS, Topic};
use tokio::task::yield_now;

use super::{Client, Context, Socket};
use crate::error::Problem;
use crate::error::code::Code;
use crate::live::close::Close;
use crate::live::identity::Identity;
use crate::live::page::Page;
use crate::live::program::{Program, Replay};

/// What to send when the hub confirms a subscription.
#[derive(Clone)]
pub(super) struct PendingSubscription {
    /// The topics that are new to the client.
    new: BTreeSet<Topic>,
    /// The last event that the client has received of them; `None` for snapshots.
    since: Option<EventId>,
}

impl Socket {
    /// Subscribes to the current topics; of the `new` ones, the client first receives the events
    /// after `since` or a snapshot.
    pub(super) fn subscribe(
        &mut self,
        new: BTreeSet<Topic>,
        since: Option<EventId>,
        ctx: &mut Context,
    ) {
        let hub = self.state.shop.hub.addr();
        self.hub = Some(hub.clone());
        let has_new_topics = !new.is_empty();
        self.pending = Some(PendingSubscription { new, since });
        let subscribe = Subscribe {
            subscriber: self.slot.number,
            recipient: ctx.address().recipient(),
            channels: self.channels(),
            backlog: self.backlog.clone(),
        };
        let shop = self.state.shop.clone();
        let subscribed = async move {
            if has_new_topics {
                // Events acknowledged before a subscription are not news to the client. If the hub
                // is too slow, some are pushed although a snapshot shows them already, which is
                // harmless.
                shop.caught_up().await.ok()?;
            }
            hub.send(subscribe).await.ok()
        };
        subscribed
            .into_actor(self)
            .map(|subscribed, socket, ctx: &mut Context| {
                if subscribed.is_none() {
                    socket.close(Close::Unavailable, ctx);
                }
            })
            .wait(ctx);
    }

    /// Sends the events after `pushed` that the client has missed of its former topics, and what
    /// there is to send of the new ones, both up to `position`. A place after `position` is in no
    /// log, and the client begins with the current state.
    pub(super) fn catch_up(&mut self, pushed: EventId, position: EventId, ctx: &mut Context) {
        let Some(subscription) = self.pending.clone() else { return };
        let missed_after = (pushed != position).then_some(pushed);
        match &self.client {
            Client::Page(page) => {
                let page = Page { since: missed_after.unwrap_or(page.since), ..Page::clone(page) };
                self.send_rendered(page.catch_up(position), ctx);
                self.pending = None;
            }
            Client::Program(program) => {
                let program = program.clone();
                let replays = subscription.replays(&self.topics, missed_after, position);
                if self.exceeds_rate_with(&replays) {
                    return self.close(Close::Rate, ctx);
                }
                self.replay(program, replays, ctx);
            }
        }
    }

    /// Counts the replays that the client requests as frames, and returns whether the client has
    /// sent too many. What the hub could not push is not counted.
    fn exceeds_rate_with(&mut self, replays: &[Replay]) -> bool {
        let requested = replays.iter().filter(|replay| !replay.newest_only);
        let batches = requested.map(Replay::batches).sum();
        self.reader.exceeds_rate_with_replay(batches, self.state.shop.clock.moment())
    }

    /// Sends replays batch by batch, the last of the list first. Each batch is read when the client
    /// has taken the one before.
    fn replay(&mut self, program: Program, mut replays: Vec<Replay>, ctx: &mut Context) {
        let Some(replay) = replays.pop() else {
            self.pending = None;
            return self.run_commands(ctx);
        };
        let batch = next_batch(program.clone(), replay, self.identity.clone());
        batch
            .into_actor(self)
            .map(move |batch, socket, ctx: &mut Context| match batch {
                Ok((frames, rest)) => {
                    frames.into_iter().for_each(|frame| socket.send(frame, ctx));
                    replays.extend(rest);
                    socket.replay(program, replays, ctx);
                }
                Err(_) => socket.close(Close::Unavailable, ctx),
            })
            .wait(ctx);
    }

    /// Sends rendered fragments to a page, before any later event; closes the socket if they cannot
    /// be rendered.
    pub(super) fn send_rendered(
        &self,
        rendered: impl Future<Output = Result<(Page, String), Problem>> + 'static,
        ctx: &mut Context,
    ) {
        self.send_rendered_or(rendered, ctx, |socket, ctx| socket.close(Close::Unavailable, ctx));
    }

    /// Like [`send_rendered`](Self::send_rendered), but if the fragments cannot be rendered and the
    /// page may still see them, calls `on_failure`.
    pub(super) fn send_rendered_or(
        &self,
        rendered: impl Future<Output = Result<(Page, String), Problem>> + 'static,
        ctx: &mut Context,
        on_failure: impl FnOnce(&mut Self, &mut Context) + 'static,
    ) {
        rendered
            .into_actor(self)
            .map(|rendered, socket, ctx: &mut Context| match rendered {
                Ok((page, fragments)) => {
                    socket.client = Client::Page(Box::new(page));
                    socket.send(fragments, ctx);
                }
                Err(problem) if problem.code == Code::Unauthorized => {
                    socket.close(Close::Unauthorized, ctx);
                }
                Err(_) => on_failure(socket, ctx),
            })
            .wait(ctx);
    }

    /// Returns the channels of the topics, and those of events that every socket needs.
    fn channels(&self) -> Vec<Channel> {
        // The end of the session closes the socket.
        let topics = self.topics.iter().chain([&Topic::Session]);
        let shows_order =
            matches!(&self.client, Client::Page(page) if matches!(page.shown, Shown::Order(_)));
        let interruptions = shows_order.then_some(INTERRUPTIONS);
        let subscriber = &self.identity.subscriber;
        topics.filter_map(|topic| subscriber.channel(*topic)).chain(interruptions).collect()
    }
}

/// Makes the next batch of a replay once the client has taken the one before.
///
/// A task of its own makes the batch: the actor does not run while its output is blocked, and would
/// then hold the permit of the batch for as long as its client likes.
async fn next_batch(
    program: Program,
    replay: Replay,
    identity: Identity,
) -> Result<(Vec<String>, Option<Replay>), Problem> {
    yield_now().await;
    let batch = rt::spawn(program.next_batch(replay, identity));
    batch.await.unwrap_or_else(|error| Err(Problem::because(Code::Unavailable, error)))
}

impl PendingSubscription {
    /// Returns the replays up to `until`, the first one last: the events that were missed of the
    /// former topics, then the new topics.
    fn replays(
        self,
        topics: &BTreeSet<Topic>,
        missed_after: Option<EventId>,
        until: EventId,
    ) -> Vec<Replay> {
        let former = topics.difference(&self.new).copied().collect();
        let missed = missed_after.map(|missed_after| Replay {
            topics: former,
            since: Some(missed_after),
            until,
            newest_only: true,
        });
        let new = Replay { topics: self.new, since: self.since, until, newest_only: false };
        let new = Some(new).filter(|replay| !replay.topics.is_empty());
        new.into_iter().chain(missed).collect()
    }
}
