//! A write to an order, together with everything that changes with it: stock, cart and events.

use std::collections::BTreeMap;

use domain::article::{Article, ArticleId, Articles};
use domain::cart::{Cart, Owner};
use domain::event::Event;
use domain::order::Order;

use super::commands::OrderDeps;
use crate::cart::registry::CartStored;
use crate::failpoint::Durable;
use crate::store::{StoreError, Version};
use crate::tables::article_key;
use crate::tables::batch::WriteBatch;
use crate::tables::table::{Row, version};

/// Articles as they were read, by number.
pub(super) struct Stock(BTreeMap<ArticleId, Row<Article>>);

impl Stock {
    /// Returns the articles without their versions.
    pub(super) fn articles(&self) -> Articles {
        self.0.iter().map(|(id, row)| (*id, row.value.clone())).collect()
    }
}

/// A write to an order that is not yet committed.
pub(super) struct OrderWrite<'a> {
    deps: &'a OrderDeps,
    /// The writes; the events are added at the commit.
    pub(super) batch: WriteBatch,
    events: Vec<Event>,
}

impl OrderDeps {
    /// Starts an empty write.
    pub(super) fn write(&self) -> OrderWrite<'_> {
        OrderWrite { deps: self, batch: self.shared.batch(), events: Vec::new() }
    }

    /// Reads articles; those that no longer exist are left out.
    pub(super) async fn stock(
        &self,
        ids: impl Iterator<Item = ArticleId>,
    ) -> Result<Stock, StoreError> {
        let rows = ids.map(|id| self.shared.tables.articles.get(article_key(id)));
        let rows = futures_util::future::try_join_all(rows).await?;
        Ok(Stock(rows.into_iter().flatten().map(|row| (row.value.id, row)).collect()))
    }
}

impl OrderWrite<'_> {
    /// Puts an order, and keeps the list of pending orders in step.
    pub(super) async fn put_order(
        &mut self,
        read_at: Option<Version>,
        order: &Order,
    ) -> Result<(), StoreError> {
        let tables = &self.deps.shared.tables;
        self.batch.put(&tables.orders, order.id, read_at, order)?;
        match (tables.pending_orders.get(order.id).await?, order.is_unsettled()) {
            (None, true) => self.batch.put(&tables.pending_orders, order.id, None, &order.id)?,
            (Some(row), false) => self.batch.remove(&tables.pending_orders, order.id, row.version),
            (None, false) | (Some(_), true) => {}
        }
        let event = if read_at.is_none() { Event::OrderPlaced } else { Event::OrderChanged };
        self.events.push(event(order.clone()));
        Ok(())
    }

    /// Puts the articles that differ from those that were read.
    pub(super) fn put_stock(&mut self, read: &Stock, articles: Articles) -> Result<(), StoreError> {
        let table = &self.deps.shared.tables.articles;
        for (id, article) in articles {
            let Some(row) = read.0.get(&id).filter(|row| row.value != article) else { continue };
            self.batch.put(table, article_key(id), Some(row.version), &article)?;
            self.events.push(Event::ArticleChanged(article));
        }
        Ok(())
    }

    /// Puts the cart of an owner.
    pub(super) fn put_cart(
        &mut self,
        owner: &Owner,
        read: &Option<Row<Cart>>,
        cart: Cart,
    ) -> Result<(), StoreError> {
        let carts = &self.deps.shared.tables.carts;
        self.batch.put_until(carts, owner, version(read), &cart, cart.expires_at)?;
        self.events.push(Event::CartChanged { owner: owner.clone(), cart });
        Ok(())
    }

    /// Commits everything, then brings the copies of this node up to date, so that the caller reads
    /// its own write.
    pub(super) async fn commit(self, step: Durable) -> Result<(), StoreError> {
        let Self { deps, mut batch, events } = self;
        events.iter().try_for_each(|event| batch.publish(event))?;
        let last_event = deps.shared.tables.commit_step(step, batch).await?;
        let first_event = last_event + 1 - events.len() as u64;
        for (id, event) in (first_event..).zip(&events) {
            deps.shared.snapshot.apply(id, event);
            if let Event::CartChanged { owner, cart } = event {
                deps.carts.notify(CartStored(owner.clone(), cart.version));
            }
        }
        Ok(())
    }
}
