//! The rows of orders, stock and carts within a round.

use domain::article::{ArticleId, Articles};
use domain::cart::{Cart, Owner};
use domain::event::Event;
use domain::order::{Order, OrderError, OrderId};
use domain::payment::PaymentStatus;
use domain::user::UserId;
use jiff::Timestamp;

use super::buyer::changes_buyer;
use super::commands::OrderDeps;
use super::decision::{CallKind, Decision, Result};
use crate::tables::rows::{RowError, Rows};
use crate::tables::{Buyer, article_key};

impl OrderDeps {
    /// Returns an order.
    pub(super) fn order(&self, id: OrderId, rows: &mut Rows) -> Result<Order> {
        let tables = &self.shared.tables;
        rows.want(&tables.pending_orders, id);
        let order = rows.get(&tables.orders, id)?.ok_or(OrderError::Unknown)?;
        self.want_index(&order, rows);
        Ok(order)
    }

    /// Returns an order of a user; another user's order is unknown.
    pub(super) fn order_of(&self, user: UserId, id: OrderId, rows: &mut Rows) -> Result<Order> {
        let order = self.order(id, rows)?;
        if order.user == user { Ok(order) } else { Err(OrderError::Unknown.into()) }
    }

    /// Returns articles; those that no longer exist are left out.
    pub(super) fn stock(
        &self,
        ids: impl Iterator<Item = ArticleId> + Clone,
        rows: &mut Rows,
    ) -> Result<Articles> {
        let table = &self.shared.tables.articles;
        ids.clone().for_each(|id| rows.want(table, article_key(id)));
        let mut articles = Articles::new();
        for id in ids {
            if let Some(article) = rows.get(table, article_key(id))? {
                articles.insert(id, article);
            }
        }
        Ok(articles)
    }

    /// Returns how many unpaid orders a user has.
    ///
    /// A node of an earlier version may have left paid orders in the list, so the orders
    /// themselves are read if the list is long, and those that are paid are removed from it.
    pub(super) fn unpaid(&self, user: UserId, rows: &mut Rows) -> Result<usize> {
        let tables = &self.shared.tables;
        let buyer = self.buyer(user, rows)?;
        let listed = buyer.unpaid.len();
        if listed < self.shared.rules.orders.unpaid {
            return Ok(listed);
        }
        buyer.unpaid.iter().for_each(|id| rows.want(&tables.orders, id));
        let mut unpaid = Vec::new();
        for id in buyer.unpaid {
            let order = rows.get(&tables.orders, id)?;
            unpaid.extend(order.filter(Order::is_unpaid).map(|order| order.id));
        }
        let count = unpaid.len();
        if count < listed {
            rows.put(&tables.buyers, user, &Buyer { unpaid, ..buyer }, None)?;
        }
        Ok(count)
    }

    /// Returns what is stored of a user who has placed orders. A damaged row counts as none: no
    /// outcome of a bank call depends on it.
    fn buyer(&self, user: UserId, rows: &mut Rows) -> std::result::Result<Buyer, RowError> {
        match rows.get(&self.shared.tables.buyers, user) {
            Ok(buyer) => Ok(buyer.unwrap_or_default()),
            Err(RowError::Unread) => Err(RowError::Unread),
            Err(RowError::Store(_)) => Ok(Buyer::default()),
        }
    }

    /// Changes what is stored of the user of an order that is placed or changes.
    fn put_buyer(
        &self,
        before: Option<&Order>,
        order: &Order,
        rows: &mut Rows,
    ) -> std::result::Result<(), RowError> {
        let buyer = self.buyer(order.user, rows)?.after(before, order);
        rows.put(&self.shared.tables.buyers, order.user, &buyer, None)
    }

    /// Returns an error if too many payments of a user were declined.
    pub(super) fn check_declines(
        &self,
        user: UserId,
        now: Timestamp,
        rows: &mut Rows,
    ) -> Result<()> {
        let declines = self.buyer(user, rows)?.declines;
        Ok(declines.check(&self.shared.rules.orders, now)?)
    }

    /// Counts a charge of the order's user that the bank has declined.
    ///
    /// The charge of an order that was cancelled in the meantime counts too; a void does not. A
    /// success does not end the count, because one good card would free the trial of many others.
    pub(super) fn count_decline(
        &self,
        kind: CallKind,
        Decision { order, step, .. }: &Decision,
        rows: &mut Rows,
    ) -> std::result::Result<(), RowError> {
        let is_declined = order.payment.status == PaymentStatus::Declined;
        if step.is_none() || !is_declined || kind != CallKind::Charge {
            return Ok(());
        }
        let before = self.buyer(order.user, rows)?;
        let declines = before.declines.after(self.shared.clock.now());
        let buyer = Buyer { declines, ..before };
        rows.put(&self.shared.tables.buyers, order.user, &buyer, None)
    }

    /// Puts an order with the steps that lead to it, and returns it. Keeps the index and the lists
    /// of unpaid and of pending orders in step.
    pub(super) fn put_order(
        &self,
        before: Option<&Order>,
        order: Order,
        rows: &mut Rows,
    ) -> std::result::Result<Order, RowError> {
        let tables = &self.shared.tables;
        let order = order.recorded(before, self.shared.clock.now(), rows.author());
        let node = order.is_unsettled().then(|| self.peers.node());
        let order = Order { node, ..order };
        self.put_index(before, &order, rows)?;
        let was_pending = before.is_some_and(Order::is_unsettled);
        if changes_buyer(before, &order) {
            self.put_buyer(before, &order, rows)?;
        }
        rows.put(&tables.orders, order.id, &order, None)?;
        match (was_pending, order.is_unsettled()) {
            (false, true) => rows.put(&tables.pending_orders, order.id, &order.id, None)?,
            (true, false) => rows.remove(&tables.pending_orders, order.id),
            (false, false) | (true, true) => {}
        }
        rows.publish(match before {
            None => Event::OrderPlaced(order.clone()),
            Some(_) => Event::OrderChanged(order.clone()),
        });
        Ok(order)
    }

    /// Stores that this node looks after an order, unless it did before. That is not published.
    pub(super) fn take_over(
        &self,
        order: &Order,
        rows: &mut Rows,
    ) -> std::result::Result<(), RowError> {
        let node = Some(self.peers.node());
        if order.node == node {
            return Ok(());
        }
        let order = Order { node, ..order.clone() };
        rows.put(&self.shared.tables.orders, order.id, &order, None)
    }

    /// Puts the articles that differ from those that were read.
    pub(super) fn put_stock(
        &self,
        read: &Articles,
        articles: Articles,
        rows: &mut Rows,
    ) -> std::result::Result<(), RowError> {
        for (id, article) in articles {
            if read.get(&id) != Some(&article) {
                rows.put(&self.shared.tables.articles, article_key(id), &article, None)?;
                rows.publish(Event::ArticleChanged(article));
            }
        }
        Ok(())
    }

    /// Puts the cart of an owner.
    pub(super) fn put_cart(
        &self,
        owner: &Owner,
        cart: Cart,
        rows: &mut Rows,
    ) -> std::result::Result<(), RowError> {
        rows.put(&self.shared.tables.carts, owner, &cart, Some(cart.kept_until()))?;
        rows.publish(Event::CartChanged { owner: owner.clone(), cart });
        Ok(())
    }
}
