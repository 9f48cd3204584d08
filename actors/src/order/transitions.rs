//! The transitions of an order that do not call the bank: read, decide, commit.

use domain::cart::{Cart, Item, Owner};
use domain::order::transitions::StockMove;
use domain::order::{Order, OrderError, OrderId};
use domain::payment::Outcome;
use domain::user::UserId;

use super::commands::OrderDeps;
use super::write::OrderWrite;
use crate::failpoint::Durable;
use crate::failure::Failure;
use crate::tables::table::Row;

type Result<T> = std::result::Result<T, Failure<OrderError>>;

impl OrderDeps {
    /// Stores the outcome of a payment attempt.
    pub(super) async fn settle(self, id: OrderId, attempt: u32, outcome: Outcome) -> Result<Order> {
        let row = self.row(id).await?;
        match row.value.settle(attempt, outcome) {
            Some((order, stock)) => self.advance(Durable::Settle, row, order, stock).await,
            None => Ok(row.value),
        }
    }

    /// Stores that the bank has refunded an order. Any other outcome changes nothing: the refund is
    /// retried.
    pub(super) async fn settle_refund(self, id: OrderId, outcome: Outcome) -> Result<Order> {
        let row = self.row(id).await?;
        let refunded = match outcome {
            Outcome::Approved => row.value.refunded(),
            Outcome::Declined | Outcome::NotSent | Outcome::Unknown => None,
        };
        match refunded {
            Some((order, stock)) => self.advance(Durable::Refunded, row, order, stock).await,
            None => Ok(row.value),
        }
    }

    /// Cancels a user's order, or stores the request to cancel it.
    pub(super) async fn cancel(self, user: UserId, id: OrderId) -> Result<Order> {
        let row = self.row_of(user, id).await?;
        let (order, stock) = row.value.cancel()?;
        self.advance(Durable::Cancel, row, order, stock).await
    }

    /// Marks a paid order as shipped.
    pub(super) async fn ship(self, id: OrderId) -> Result<Order> {
        let row = self.row(id).await?;
        let (order, stock) = row.value.ship()?;
        self.advance(Durable::Ship, row, order, stock).await
    }

    /// Marks a shipped order as delivered.
    pub(super) async fn deliver(self, id: OrderId) -> Result<Order> {
        let row = self.row(id).await?;
        let (order, stock) = row.value.deliver()?;
        self.advance(Durable::Deliver, row, order, stock).await
    }

    /// Lets an unpaid order expire: releases its stock and returns its items to the cart.
    pub(super) async fn expire(&self, row: Row<Order>) -> Result<Order> {
        let (order, stock_move) = row.value.expire(self.shared.clock.now())?;
        let stock = self.stock(order.items.iter().map(|item| item.article)).await?;
        let articles = stock_move.apply(&order, stock.articles()).map_err(OrderError::from)?;
        let mut write = self.write();
        write.put_stock(&stock, articles)?;
        self.return_items(&mut write, &order).await?;
        write.put_order(Some(row.version), &order).await?;
        write.commit(Durable::Expire).await?;
        Ok(order)
    }

    /// Stores the next state of an order, with its stock; an unchanged order is not written.
    pub(super) async fn advance(
        &self,
        step: Durable,
        row: Row<Order>,
        order: Order,
        stock_move: StockMove,
    ) -> Result<Order> {
        if order == row.value {
            return Ok(order);
        }
        let ids = order.items.iter().map(|item| item.article);
        let stock = self.stock(ids.filter(|_| stock_move != StockMove::None)).await?;
        let articles = stock_move.apply(&order, stock.articles()).map_err(OrderError::from)?;
        let mut write = self.write();
        write.put_stock(&stock, articles)?;
        write.put_order(Some(row.version), &order).await?;
        write.commit(step).await?;
        Ok(order)
    }

    /// Merges the items of an order into its buyer's cart, unless the buyer has been deleted.
    async fn return_items(&self, write: &mut OrderWrite<'_>, order: &Order) -> Result<()> {
        let tables = &self.shared.tables;
        let Some(account) = tables.accounts.get(order.user).await? else { return Ok(()) };
        let now = self.shared.clock.now();
        let owner = Owner::User(order.user);
        let row = tables.carts.get(&owner).await?;
        let cart = row.as_ref().map_or_else(|| Cart::empty(now), |row| row.value.clone());
        let merged =
            cart.merge(&cart_of(order, Cart::empty(now)), now + self.shared.rules.cart_ttl);
        write.batch.require(&tables.accounts, order.user, Some(account.version));
        write.put_cart(&owner, &row, merged)?;
        Ok(())
    }
}

/// Returns a cart with the items of an order.
fn cart_of(order: &Order, empty: Cart) -> Cart {
    let items = order.items.iter().map(|item| Item {
        article: item.article,
        name: item.name.clone(),
        unit_price: item.unit_price,
        quantity: item.quantity,
    });
    Cart { items: items.collect(), ..empty }
}
