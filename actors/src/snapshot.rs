//! A copy of the catalogue that can be read without a message.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::article::{ArticleId, Articles};
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

#[derive(Default)]
struct Current {
    articles: Arc<Articles>,
    /// The last event applied to each article, removed ones included.
    applied: BTreeMap<ArticleId, EventId>,
}

impl CatalogueSnapshot {
    /// Returns the articles.
    pub fn articles(&self) -> Arc<Articles> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).articles.clone()
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
        let articles = Arc::make_mut(&mut current.articles);
        match changed {
            Some(changed) => articles.insert(article, changed.clone()),
            None => articles.remove(&article),
        };
    }

    /// Reads every article from the store.
    pub async fn load(&self, tables: &Tables) -> Result<(), StoreError> {
        let last_event = tables.store.last_event().await?;
        for (_, row) in tables.articles.all().await? {
            self.apply(last_event, &Event::ArticleChanged(row.value));
        }
        Ok(())
    }
}
