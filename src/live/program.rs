//! What programs receive when they subscribe: missed events from the log, or snapshots.
//!
//! A replay is read from the log in batches, so that a client that reads slowly holds one batch in
//! memory and not the whole replay. A replay that is too long, or that begins before the oldest
//! event of the log, becomes a reset followed by snapshots.

use std::collections::{BTreeSet, HashSet};

use actix_web::web::Data;
use actors::cart::GetCart;
use actors::cart::registry::ToCart;
use actors::store::EventId;
use actors::tables::codec::entry;
use domain::cart::Owner;
use domain::event::Entry;
use domain::topic::Topic;
use futures_util::StreamExt;
use metrics::counter;

use super::frame;
use super::frame::events::event_frame;
use super::frame::snapshots::{StateFrame, snapshot_frame};
use super::identity::Identity;
use crate::api::article::{admin_json, article_json};
use crate::error::Problem;
use crate::error::code::Code;
use crate::state::AppState;

/// The most events that are replayed.
const MAX_REPLAY: EventId = 10_000;

/// The most events that are read in one batch.
const BATCH: EventId = 256;

/// What to send of some topics, up to an event.
pub(super) struct Replay {
    pub(super) topics: BTreeSet<Topic>,
    /// The event after which the replay begins; `None` for snapshots.
    pub(super) since: Option<EventId>,
    /// The last event.
    pub(super) until: EventId,
    /// Whether to skip an event of a state if a newer one of the same state follows in the batch:
    /// for a client that was too slow.
    pub(super) newest_only: bool,
}

/// A subscribed program.
#[derive(Clone)]
pub(super) struct Program {
    pub(super) state: Data<AppState>,
    pub(super) owner: Owner,
}

impl Program {
    /// Returns the frames of the next batch of a replay, and the rest of the replay if there is
    /// one.
    pub(super) async fn next_batch(
        self,
        replay: Replay,
        identity: Identity,
    ) -> Result<(Vec<String>, Option<Replay>), Problem> {
        let mut frames = Vec::new();
        if let Some(since) = replay.since {
            let last = replay.until.min(since.saturating_add(BATCH));
            if let Some(events) = self.events(&replay, &identity, since, last).await {
                let events = if replay.newest_only { coalesce(events) } else { events };
                frames.extend(events.iter().map(|(topic, entry)| event_frame(*topic, entry)));
                let rest = (last < replay.until).then_some(Replay { since: Some(last), ..replay });
                return Ok((frames, rest));
            }
            frames.push(frame::reset(replay.until));
        }
        for topic in replay.topics {
            frames.extend(self.snapshot(topic, replay.until).await?);
        }
        Ok((frames, None))
    }

    /// Reads the events after `since` up to `last`, each under one topic; `None` if the replay is
    /// too long or the log does not hold them.
    async fn events(
        &self,
        Replay { topics, until, .. }: &Replay,
        identity: &Identity,
        since: EventId,
        last: EventId,
    ) -> Option<Vec<(Topic, Entry)>> {
        if since > *until || until - since > MAX_REPLAY {
            return None;
        }
        let mut events = Vec::new();
        let mut log = self.state.shop.tables.store.tail(since);
        for _ in since..last {
            let entry = entry(&log.next().await?.ok()?).ok()?;
            let topic = identity.topic_of(&entry.event, topics);
            events.extend(topic.map(|topic| (topic, entry)));
        }
        Some(events)
    }

    /// Returns the current state of a topic; `None` if the topic has no state.
    async fn snapshot(&self, topic: Topic, position: EventId) -> Result<Option<String>, Problem> {
        let shop = &self.state.shop;
        let state = match topic {
            Topic::Cart => {
                let get = ToCart(self.owner.clone(), GetCart);
                StateFrame::cart(&shop.carts.ask(get).await?)
            }
            Topic::Catalogue => {
                let articles = shop.snapshot.articles();
                let on_sale = articles.values().filter(|article| article.active);
                StateFrame::catalogue(on_sale.map(article_json).collect())
            }
            Topic::Stock => {
                let articles = shop.snapshot.articles();
                StateFrame::stock(articles.values().map(admin_json).collect())
            }
            Topic::Breaker => {
                let observed = shop.payments.observe().await;
                let gateway = observed.ok_or_else(|| Problem::new(Code::Unavailable))?;
                StateFrame::breaker(gateway.breaker)
            }
            Topic::Orders | Topic::Session | Topic::Users | Topic::Payments | Topic::System => {
                return Ok(None);
            }
        };
        Ok(Some(snapshot_frame(position, topic, state)))
    }
}

/// Removes the events of a state that a newer event of the same state follows.
///
/// This is safe for a client that disconnects in between: it has not received the newer event
/// either, and receives it in the replay when it reconnects.
fn coalesce(events: Vec<(Topic, Entry)>) -> Vec<(Topic, Entry)> {
    let total = events.len();
    let mut seen = HashSet::new();
    let is_newest = |(topic, entry): &(Topic, Entry)| {
        !topic.is_state() || seen.insert((*topic, entry.event.article()))
    };
    let mut kept: Vec<_> = events.into_iter().rev().filter(is_newest).collect();
    kept.reverse();
    counter!("microshop_live_coalesced_total").increment((total - kept.len()) as u64);
    kept
}
