//! What programs are told: what has happened since, or how things are.

use std::collections::{BTreeSet, HashSet};

use actix_web::web::Data;
use actors::cart::{GetCart, ToCart};
use actors::store::EventId;
use actors::tables::entry;
use domain::breaker::Breaker;
use domain::cart::Owner;
use domain::event::{Entry, Listener, Topic};
use futures_util::StreamExt;
use metrics::counter;
use serde::Deserialize;

use super::frame::{self, Answer, Articles, CartNews, StateFrame};
use crate::api::article::{admin_json, article_json};
use crate::error::{Code, Problem};
use crate::state::AppState;

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

/// A program that listens.
#[derive(Clone)]
pub(super) struct Program {
    pub(super) state: Data<AppState>,
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
                let events =
                    events.iter().map(|(topic, entry)| frame::event(*topic, entry)).collect();
                let rest =
                    (reached < replay.until).then_some(Replay { since: Some(reached), ..replay });
                return Ok((events, rest));
            }
            frames.push(frame::answer(&Answer::Reset { id: replay.until }));
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
        let mut log = self.state.shop.tables.store.tail(since);
        for _ in since..reached {
            let entry = entry(&log.next().await?.ok()?).ok()?;
            let mut told = entry.event.channels().into_iter();
            let told = told.find(|told| {
                topics.contains(&told.topic) && listener.channel(told.topic).as_ref() == Some(told)
            });
            events.extend(told.map(|told| (told.topic, entry)));
        }
        Some((if *newest_only { newest(events) } else { events }, reached))
    }

    /// How things are; none for topics that are about what happens.
    async fn snapshot(&self, topic: Topic, position: EventId) -> Result<Option<String>, Problem> {
        let shop = &self.state.shop;
        let state = match topic {
            Topic::Cart => {
                let cart = shop.carts.ask(ToCart(self.owner.clone(), GetCart)).await?;
                StateFrame::Cart(CartNews::from(&cart).into())
            }
            Topic::Catalogue => {
                let articles = shop.snapshot.articles();
                let on_sale = articles.values().filter(|article| article.active);
                StateFrame::Catalogue(
                    Articles::from(on_sale.map(article_json).collect::<Vec<_>>()).into(),
                )
            }
            Topic::Stock => {
                let articles = shop.snapshot.articles();
                StateFrame::Stock(
                    Articles::from(articles.values().map(admin_json).collect::<Vec<_>>()).into(),
                )
            }
            Topic::Breaker => {
                let observed = shop.payments.observe().await;
                let breaker = observed
                    .and_then(|observed| Breaker::deserialize(observed.get("breaker")?).ok());
                StateFrame::Breaker(breaker.ok_or_else(|| Problem::new(Code::Unavailable))?.into())
            }
            Topic::Orders | Topic::Session | Topic::Users | Topic::Payments | Topic::System => {
                return Ok(None);
            }
        };
        Ok(Some(frame::snapshot(position, topic, state)))
    }
}

/// The events without those of a state that a newer one of the same state follows.
///
/// Whoever goes away in between has not heard of the newer one either, and hears of it when asking for what came since.
fn newest(events: Vec<(Topic, Entry)>) -> Vec<(Topic, Entry)> {
    let (all, mut seen) = (events.len(), HashSet::new());
    let is_newest = |(topic, entry): &(Topic, Entry)| {
        !topic.is_state() || seen.insert((*topic, entry.event.article()))
    };
    let mut kept: Vec<_> = events.into_iter().rev().filter(is_newest).collect();
    kept.reverse();
    counter!("microshop_live_coalesced_total").increment((all - kept.len()) as u64);
    kept
}
