//! What programs receive when they subscribe: missed events from the log, or snapshots.
//!
//! A replay is read from the log in batches, so that a client that reads slowly holds one batch in
//! memory and not the whole replay. A replay that is too long, or that begins before the oldest
//! event of the log, becomes a reset followed by snapshots.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use actix_web::web::Data;
use actors::store::EventId;
use domain::cart::Owner;
use domain::event::Entry;
use domain::topic::Topic;
use metrics::counter;

use super::frame;
use super::frame::event_frame;
use super::frame::snapshots::{StateFrame, snapshot_frame};
use super::identity::Identity;
use crate::auth::MyCart;
use crate::error::Problem;
use crate::error::code::Code;
use crate::objects::article::{admin_json, article_json};
use crate::state::AppState;

/// The most events that are replayed.
const MAX_REPLAY: EventId = 10_000;

/// The most events of the log in one batch. A batch costs the client as much as a frame that it
/// sends.
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

impl Replay {
    /// Returns how many batches the replay takes: none if there are only snapshots to send.
    pub(super) fn batches(&self) -> u64 {
        self.events().map_or(0, |events| events.div_ceil(BATCH))
    }

    /// Returns how many events of the log the replay covers; `None` if it begins with snapshots,
    /// because the client requests them or because there are too many events.
    fn events(&self) -> Option<u64> {
        let events = self.until.checked_sub(self.since?)?;
        (events <= MAX_REPLAY).then_some(events)
    }
}

/// A subscribed program.
#[derive(Clone)]
pub(super) struct Program {
    pub(super) state: Data<AppState>,
    /// The owner of the client's cart, if it has one.
    pub(super) owner: Option<Owner>,
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
            if let Some(frames) = self.event_frames(&replay, &identity, since, last).await? {
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

    /// Returns the frames of the events after `since` up to `last`, each under one topic; `None` if
    /// the replay is too long or the log no longer holds the events.
    async fn event_frames(
        &self,
        replay: &Replay,
        identity: &Identity,
        since: EventId,
        last: EventId,
    ) -> Result<Option<Vec<String>>, Problem> {
        if replay.events().is_none() {
            return Ok(None);
        }
        let encode = |entries: Vec<Arc<Entry>>| {
            let topic_of = |entry: &Arc<Entry>| identity.topic_of(&entry.event, &replay.topics);
            let entries = entries.into_iter();
            let allowed = entries.filter_map(|entry| topic_of(&entry).map(|topic| (topic, entry)));
            let allowed = allowed.collect();
            let events = if replay.newest_only { coalesce(allowed) } else { allowed };
            events.iter().map(|(topic, entry)| event_frame(*topic, entry)).collect()
        };
        let frames = self.state.shop.replays.batch(since, last, encode).await;
        frames.map_err(|error| Problem::because(Code::Unavailable, error))
    }

    /// Returns the current state of a topic; `None` if the topic has no state.
    async fn snapshot(&self, topic: Topic, position: EventId) -> Result<Option<String>, Problem> {
        let shop = &self.state.shop;
        let state = match topic {
            Topic::Cart => {
                let cart = MyCart::new(&self.state, self.owner.as_ref());
                StateFrame::cart(&cart.current().await?)
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
fn coalesce(events: Vec<(Topic, Arc<Entry>)>) -> Vec<(Topic, Arc<Entry>)> {
    let total = events.len();
    let mut seen = HashSet::new();
    let is_newest = |(topic, entry): &(Topic, Arc<Entry>)| {
        !topic.is_state() || seen.insert((*topic, entry.event.article()))
    };
    let mut kept: Vec<_> = events.into_iter().rev().filter(is_newest).collect();
    kept.reverse();
    counter!("microshop_live_coalesced_total").increment((total - kept.len()) as u64);
    kept
}
