//! A change of an order together with all that changes with it: stock, cart, and what is told of them.

use std::collections::BTreeMap;

use domain::article::{Article, ArticleId, Articles};
use domain::cart::{Cart, Owner};
use domain::event::Event;
use domain::order::Order;

use super::OrderDeps;
use crate::cart::CartHasChanged;
use crate::failpoint::Durable;
use crate::store::{StoreError, Version};
use crate::tables::{Row, WriteBatch, article_key, version};

/// Articles as they were read, to be put back changed.
pub(super) struct Stock(BTreeMap<ArticleId, Row<Article>>);

impl Stock {
    /// The articles without their versions.
    pub(super) fn articles(&self) -> Articles {
        self.0.iter().map(|(id, row)| (*id, row.value.clone())).collect()
    }
}

/// What is going to be committed.
pub(super) struct OrderWrite<'a> {
    desk: &'a OrderDeps,
    change: WriteBatch,
    events: Vec<Event>,
}

impl OrderDeps {
    /// Begins a draft.
    pub(super) fn draft(&self) -> OrderWrite<'_> {
        OrderWrite { desk: self, change: self.tables.change(self.clock.now()), events: Vec::new() }
    }

    /// Reads those of the articles that still exist.
    pub(super) async fn stock(
        &self,
        ids: impl Iterator<Item = ArticleId>,
    ) -> Result<Stock, StoreError> {
        let rows = ids.map(|id| self.tables.articles.get(article_key(id)));
        let rows = futures_util::future::try_join_all(rows).await?;
        Ok(Stock(rows.into_iter().flatten().map(|row| (row.value.id, row)).collect()))
    }
}

impl OrderWrite<'_> {
    /// Anything else that shall be stored.
    pub(super) fn with(
        self,
        write: impl FnOnce(WriteBatch) -> Result<WriteBatch, StoreError>,
    ) -> Result<Self, StoreError> {
        Ok(Self { change: write(self.change)?, ..self })
    }

    /// The order, as it was read and as it is to be.
    pub(super) async fn order(
        mut self,
        read_at: Option<Version>,
        order: &Order,
    ) -> Result<Self, StoreError> {
        let tables = &self.desk.tables;
        let pending = tables.pending_orders.get(order.id).await?;
        self.change = self.change.put(&tables.orders, order.id, read_at, order)?;
        self.change = match (pending, order.awaits_money()) {
            (None, true) => self.change.put(&tables.pending_orders, order.id, None, &order.id)?,
            (Some(row), false) => self.change.remove(&tables.pending_orders, order.id, row.version),
            _ => self.change,
        };
        let told = if read_at.is_none() { Event::OrderPlaced } else { Event::OrderChanged };
        self.events.push(told(order.clone()));
        Ok(self)
    }

    /// The articles whose stock is to be another than it was read.
    pub(super) fn stock(mut self, read: &Stock, articles: Articles) -> Result<Self, StoreError> {
        for (id, article) in articles {
            let Some(row) = read.0.get(&id).filter(|row| row.value != article) else { continue };
            self.change = self.change.put(
                &self.desk.tables.articles,
                article_key(id),
                Some(row.version),
                &article,
            )?;
            self.events.push(Event::ArticleChanged(article));
        }
        Ok(self)
    }

    /// The cart of an owner.
    pub(super) fn cart(
        mut self,
        owner: &Owner,
        read: &Option<Row<Cart>>,
        cart: Cart,
    ) -> Result<Self, StoreError> {
        let carts = &self.desk.tables.carts;
        self.change = self.change.put_until(carts, owner, version(read), &cart, cart.expires_at)?;
        self.events.push(Event::CartChanged { owner: owner.clone(), cart });
        Ok(self)
    }

    /// Stores everything, and lets those know who keep a copy before anybody else hears of it.
    pub(super) async fn commit(self, step: Durable) -> Result<(), StoreError> {
        let Self { desk, change, events } = self;
        let change = events.iter().try_fold(change, |change, event| change.publish(&event))?;
        let last = desk.tables.commit_step(step, change).await?;
        let first = last + 1 - events.len() as u64;
        for (id, event) in (first..).zip(&events) {
            desk.snapshot.show(id, event);
            if let Event::CartChanged { owner, cart } = event {
                desk.carts.notify(CartHasChanged(owner.clone(), cart.version));
            }
        }
        Ok(())
    }
}
