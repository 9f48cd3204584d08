//! How a socket begins to listen, and how it catches up when it was too slow.
//!
//! The hub answers in the same queue in which it tells: what stands before its answer was told before, what stands
//! behind it comes after. Between the two the socket reads the log or asks how things are, so that there is no gap.

use std::collections::BTreeSet;
use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext, ContextFutureSpawner, WrapFuture};
use actix_web_actors::ws::CloseCode;
use actors::live::Listen;
use actors::store::EventId;
use domain::event::{Channel, INTERRUPTIONS, Topic};
use tokio::time::timeout;

use super::{Client, Context, Socket};
use crate::error::{Code, Problem};
use crate::live::page::Page;
use crate::live::program::{Program, Replay};

/// How long a socket waits until the hub has passed on all that was stored before.
const HUB_PATIENCE: Duration = Duration::from_secs(2);

/// What is to be told before anything that happens from then on.
#[derive(Clone)]
pub(super) struct Beginning {
    /// Topics that are new to the client.
    new: BTreeSet<Topic>,
    /// The last event that it knows of them.
    since: Option<EventId>,
}

impl Socket {
    /// Listens to every topic subscribed to; of new ones it will be told first what there is to know.
    pub(super) fn listen(
        &mut self,
        new: BTreeSet<Topic>,
        since: Option<EventId>,
        ctx: &mut Context,
    ) {
        let hub = self.state.shop.hub.addr();
        self.hub = Some(hub.clone());
        self.beginning = Some(Beginning { new, since });
        let listen = Listen {
            listener: self.seat.number,
            recipient: ctx.address().recipient(),
            channels: self.channels(),
            backlog: self.backlog.clone(),
        };
        let shop = self.state.shop.clone();
        let listens = async move {
            let last = shop.tables.store.last_event().await.ok()?;
            // What was acknowledged before is no news. A hub that is slow tells it once more, and nobody waits for it.
            let _ =
                timeout(HUB_PATIENCE, shop.position.clone().wait_for(|reached| *reached >= last))
                    .await;
            hub.send(listen).await.ok()
        };
        listens
            .into_actor(self)
            .map(|listens, socket, ctx: &mut Context| {
                if listens.is_none() {
                    socket.close(CloseCode::Again, "unavailable", ctx);
                }
            })
            .wait(ctx);
    }

    /// Tells what the client has missed of the topics it had, and what there is to know of new ones, up to an event.
    pub(super) fn begin(&mut self, told: EventId, position: EventId, ctx: &mut Context) {
        let Some(Beginning { new, since }) = self.beginning.clone() else { return };
        let has_missed = told < position;
        match &self.client {
            Client::Page(page) => {
                let topics = if has_missed { self.topics.clone() } else { new };
                let page =
                    if has_missed { Page { since: told, ..page.clone() } } else { page.clone() };
                self.redraw(page.beginning(topics, position), ctx);
                self.beginning = None;
            }
            Client::Program(program) => {
                let program = program.clone();
                let mut replays = Vec::new();
                if has_missed {
                    let topics = self.topics.difference(&new).copied().collect();
                    replays.push(Replay {
                        topics,
                        since: Some(told),
                        until: position,
                        newest_only: true,
                    });
                }
                if !new.is_empty() {
                    replays.insert(
                        0,
                        Replay { topics: new, since, until: position, newest_only: false },
                    );
                }
                self.replay(program, replays, ctx);
            }
        }
    }

    /// Tells what happened piece by piece, each when the client has taken the one before; the last of the list first.
    fn replay(&mut self, program: Program, mut replays: Vec<Replay>, ctx: &mut Context) {
        let Some(replay) = replays.pop() else {
            self.beginning = None;
            return self.obey(ctx);
        };
        let piece = program.clone().piece(replay, self.listener.clone());
        piece
            .into_actor(self)
            .map(move |piece, socket, ctx: &mut Context| match piece {
                Ok((frames, rest)) => {
                    frames.into_iter().for_each(|frame| socket.send(frame, ctx));
                    replays.extend(rest);
                    socket.replay(program, replays, ctx);
                }
                Err(_) => socket.close(CloseCode::Again, "unavailable", ctx),
            })
            .wait(ctx);
    }

    /// Tells a page what was drawn, before it is told anything else.
    pub(super) fn redraw(
        &self,
        drawn: impl Future<Output = Result<(Page, String), Problem>> + 'static,
        ctx: &mut Context,
    ) {
        drawn
            .into_actor(self)
            .map(|drawn, socket, ctx: &mut Context| match drawn {
                Ok((page, drawn)) => {
                    socket.client = Client::Page(page);
                    socket.send(drawn, ctx);
                }
                Err(problem) if problem.code == Code::Unauthorized => {
                    socket.close(CloseCode::Policy, "unauthorized", ctx);
                }
                Err(_) => socket.close(CloseCode::Again, "unavailable", ctx),
            })
            .wait(ctx);
    }

    /// Where the hub tells what concerns the client.
    fn channels(&self) -> Vec<Channel> {
        // Whoever is signed in hears of the end of the session.
        let topics = self.topics.iter().chain([&Topic::Session]);
        let shows_orders =
            matches!(self.client, Client::Page(_)) && self.topics.contains(&Topic::Orders);
        let interruptions = shows_orders.then_some(INTERRUPTIONS);
        topics.filter_map(|topic| self.listener.channel(*topic)).chain(interruptions).collect()
    }
}
