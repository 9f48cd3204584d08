//! A copy of the catalogue that can be read without a message.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use domain::article::{Article, ArticleId, Articles};
use domain::event::Event;

use crate::store::{EventId, StoreError};
use crate::tables::Tables;

/// A copy of the catalogue that can be read without a message.
///
/// Several places apply the same durable events: the actor that commits a change, so that its
/// caller reads its own write, and the hub, which follows the log. An event is applied once, in
/// the order of the log.
#[derive(Clone, Default)]
pub struct CatalogueSnapshot {
    current: Arc<RwLock<Current>>,
}

/// The articles, and those of them that are on sale.
#[derive(Clone, Default)]
pub struct Listing {
    /// The articles.
    pub articles: Arc<Articles>,
    /// The ids of the articles on sale, which all pages of the catalogue share.
    pub on_sale: Arc<BTreeSet<ArticleId>>,
    /// A number that differs between any two states of the catalogue.
    pub edition: u64,
}

#[derive(Default)]
struct Current {
    listing: Listing,
    /// The last event applied to each article, removed ones included.
    applied: BTreeMap<ArticleId, EventId>,
    /// The last event applied to any article.
    last_applied: EventId,
}

impl Listing {
    /// Puts or removes an article.
    fn apply(&mut self, id: ArticleId, article: Option<&Article>) {
        self.edition += 1;
        let is_on_sale = article.is_some_and(|article| article.active);
        if is_on_sale != self.on_sale.contains(&id) {
            let on_sale = Arc::make_mut(&mut self.on_sale);
            let _ = if is_on_sale { on_sale.insert(id) } else { on_sale.remove(&id) };
        }
        let articles = Arc::make_mut(&mut self.articles);
        match article {
            Some(article) => articles.insert(id, article.clone()),
            None => articles.remove(&id),
        };
    }
}

impl CatalogueSnapshot {
    /// Returns the articles.
    pub fn articles(&self) -> Arc<Articles> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).listing.articles.clone()
    }

    /// Returns the articles, and those of them that are on sale.
    pub fn listing(&self) -> Listing {
        self.current.read().unwrap_or_else(PoisonError::into_inner).listing.clone()
    }

    /// Returns the articles as of an event; `None` if a later event has been applied.
    pub fn listing_at(&self, position: EventId) -> Option<Listing> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        (current.last_applied <= position).then(|| current.listing.clone())
    }

    /// Applies an event, unless a later event of the same article has been applied.
    pub fn apply(&self, id: EventId, event: &Event) {
        let (article, changed) = match event {
            Event::ArticleAdded(article) | Event::ArticleChanged(article) => {
                (article.id, Some(article))
            }
            Event::ArticleRemoved { id } => (*id, None),
            _ => return,
        };
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.applied.get(&article).is_some_and(|applied| *applied >= id) {
            return;
        }
        current.applied.insert(article, id);
        current.last_applied = current.last_applied.max(id);
        current.listing.apply(article, changed);
    }

    /// Replaces the copy by the articles of the store, which hold every event up to `position`.
    pub async fn load(&self, tables: &Tables, position: EventId) -> Result<(), StoreError> {
        let mut stored = Current { last_applied: position, ..Current::default() };
        for (_, row) in tables.articles.all().await? {
            stored.applied.insert(row.value.id, position);
            stored.listing.apply(row.value.id, Some(&row.value));
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        stored.listing.edition += current.listing.edition + 1;
        *current = stored;
        Ok(())
    }
}
