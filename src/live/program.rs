//! What programs say and are told: JSON, one object a frame.

use std::collections::{BTreeSet, HashSet};

use actix_web::web::Data;
use actors::cart::{GetCart, ToCart};
use actors::store::EventId;
use actors::tables::entry;
use domain::cart::Owner;
use domain::event::{Entry, Listener, Topic};
use futures_util::StreamExt;
use metrics::counter;
use serde::Deserialize;
use serde_json::{Value, json};

use super::frame;
use crate::api::article::{admin_json, article_json};
use crate::error::{Code, Problem};
use crate::site::Site;

/// How many events are told again at most.
const REPLAY: EventId = 10_000;

/// How many of them at a time.
const PIECE: EventId = 256;

/// What is to be told of topics up to an event.
pub(super) struct Replay {
    pub(super) topics: BTreeSet<Topic>,
    /// The event behind which what happened is told; without one it is told how things are.
    pub(super) since: Option<EventId>,
    pub(super) until: EventId,
    /// Whether an event of a state may be left out when a newer one of the same follows: for a client that was too slow.
    pub(super) newest_only: bool,
}

/// A frame from a program.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Said {
    /// Topics to listen to.
    pub(super) subscribe: Option<BTreeSet<Topic>>,
    /// The last event known of them; without it their present state is told first.
    pub(super) since: Option<EventId>,
    /// Topics to listen to no more.
    pub(super) unsubscribe: Option<BTreeSet<Topic>>,
    /// A newer access token.
    pub(super) token: Option<String>,
    /// Anything, to be told it back.
    pub(super) ping: Option<Value>,
}

/// A program that listens.
#[derive(Clone)]
pub(super) struct Program {
    pub(super) site: Data<Site>,
    pub(super) owner: Owner,
}

impl Program {
    /// The next piece of a replay, and what is left of it.
    pub(super) async fn piece(
        self,
        replay: Replay,
        listener: Listener,
    ) -> Result<(Vec<String>, Option<Replay>), Problem> {
        let mut frames = Vec::new();
        if let Some(since) = replay.since {
            if let Some((events, reached)) = self.events(&replay, &listener, since).await {
                let events = events.iter().map(|(topic, entry)| frame::event(*topic, entry)).collect();
                let rest = (reached < replay.until).then_some(Replay { since: Some(reached), ..replay });
                return Ok((events, rest));
            }
            frames.push(frame::reset(replay.until));
        }
        for topic in replay.topics {
            frames.extend(self.snapshot(topic, replay.until).await?);
        }
        Ok((frames, None))
    }

    /// What happened between two events, and how far that goes; none if it is too much or the log no longer reaches back
    /// that far. An event that concerns several topics is told once.
    async fn events(
        &self,
        Replay { topics, until, newest_only, .. }: &Replay,
        listener: &Listener,
        since: EventId,
    ) -> Option<(Vec<(Topic, Entry)>, EventId)> {
        if since > *until || until - since > REPLAY {
            return None;
        }
        let (mut events, reached) = (Vec::new(), (*until).min(since + PIECE));
        let mut log = self.site.shop.tables.store.tail(since);
        for _ in since..reached {
            let entry = entry(&log.next().await?.ok()?).ok()?;
            let mut told = entry.event.channels().into_iter();
            let told =
                told.find(|told| topics.contains(&told.topic) && listener.channel(told.topic).as_ref() == Some(told));
            events.extend(told.map(|told| (told.topic, entry)));
        }
        Some((if *newest_only { newest(events) } else { events }, reached))
    }

    /// How things are; none for topics that are about what happens.
    async fn snapshot(&self, topic: Topic, position: EventId) -> Result<Option<String>, Problem> {
        let shop = &self.site.shop;
        let (name, data) = match topic {
            Topic::Cart => {
                let cart = shop.carts.ask(ToCart(self.owner.clone(), GetCart)).await?;
                ("cart.changed", frame::cart(&cart))
            }
            Topic::Catalogue => {
                let articles = shop.shelf.articles();
                let on_sale = articles.values().filter(|article| article.active);
                ("catalogue", json!({ "articles": on_sale.map(article_json).collect::<Vec<_>>() }))
            }
            Topic::Stock => {
                let articles = shop.shelf.articles();
                ("stock", json!({ "articles": articles.values().map(admin_json).collect::<Vec<_>>() }))
            }
            Topic::Breaker => {
                let observed = shop.payments.observe().await.ok_or_else(|| Problem::new(Code::Unavailable))?;
                ("breaker.changed", observed.get("breaker").cloned().unwrap_or_default())
            }
            Topic::Orders | Topic::Session | Topic::Users | Topic::Payments | Topic::System => return Ok(None),
        };
        Ok(Some(frame::snapshot(position, topic, name, &data)))
    }
}

/// The events without those of a state that a newer one of the same state follows.
///
/// Whoever goes away in between has not heard of the newer one either, and hears of it when asking for what came since.
fn newest(events: Vec<(Topic, Entry)>) -> Vec<(Topic, Entry)> {
    let (all, mut seen) = (events.len(), HashSet::new());
    let is_newest = |(topic, entry): &(Topic, Entry)| !topic.is_state() || seen.insert((*topic, entry.event.article()));
    let mut kept: Vec<_> = events.into_iter().rev().filter(is_newest).collect();
    kept.reverse();
    counter!("microshop_live_coalesced_total").increment((all - kept.len()) as u64);
    kept
}
