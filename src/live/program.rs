//! What programs say and are told: JSON, one object a frame.

use std::collections::BTreeSet;

use actix_web::web::Data;
use actors::cart::{GetCart, ToCart};
use actors::store::EventId;
use actors::tables::entry;
use domain::cart::Owner;
use domain::event::{Channel, Topic};
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::{Value, json};

use super::frame;
use crate::api::article::article_json;
use crate::error::{Code, Problem};
use crate::site::Site;

/// How many events are told again at most.
const REPLAY: EventId = 10_000;

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
    /// What there is to know of topics at a position of the log: what happened since an event, or how things are.
    pub(super) async fn beginning(
        self,
        topics: Vec<(Topic, Channel)>,
        since: Option<EventId>,
        position: EventId,
    ) -> Result<Vec<String>, Problem> {
        let mut frames = Vec::new();
        if let Some(since) = since {
            match self.events(&topics, since, position).await {
                Some(events) => return Ok(events),
                None => frames.push(frame::reset(position)),
            }
        }
        for (topic, _) in topics {
            frames.extend(self.snapshot(topic, position).await?);
        }
        Ok(frames)
    }

    /// What happened between two events; none if that is too much or the log no longer reaches back that far.
    async fn events(&self, topics: &[(Topic, Channel)], since: EventId, until: EventId) -> Option<Vec<String>> {
        let mut frames = Vec::new();
        if since > until || until - since > REPLAY {
            return None;
        }
        let mut log = self.site.shop.tables.store.tail(since);
        for _ in since..until {
            let entry = entry(&log.next().await?.ok()?).ok()?;
            let told = entry.event.channels();
            let told = topics.iter().filter(|(_, channel)| told.contains(channel));
            frames.extend(told.map(|(topic, _)| frame::event(*topic, &entry)));
        }
        Some(frames)
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
            Topic::Breaker => {
                let observed = shop.payments.observe().await.ok_or_else(|| Problem::new(Code::Unavailable))?;
                ("breaker.changed", observed.get("breaker").cloned().unwrap_or_default())
            }
            Topic::Orders | Topic::Session | Topic::Users | Topic::Payments => return Ok(None),
        };
        Ok(Some(frame::snapshot(position, topic, name, &data)))
    }
}
