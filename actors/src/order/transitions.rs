//! The transitions of an order that need no call to the bank, as a round decides them.

use domain::cart::{Cart, Item, Owner};
use domain::order::transitions::StockMove;
use domain::order::{Note, Order, OrderId};
use domain::payment::Outcome;
use domain::user::UserId;

use super::NoteOrder;
use super::buyer::changes_buyer;
use super::commands::OrderDeps;
use super::decision::{CallKind, Decision, Result, Settle};
use crate::failpoint::Durable;
use crate::tables::rows::Rows;

impl OrderDeps {
    /// Records the outcome of a bank call, and the order as the answer to the request that waits
    /// for it.
    pub(super) fn settle(&self, settle: &Settle, rows: &mut Rows) -> Result<Decision> {
        let Settle { order, attempt, kind, outcome, request } = settle;
        rows.want(&self.shared.tables.orders, order);
        let request = match request {
            Some(request) => self.unanswered(request, rows)?,
            None => None,
        };
        let decision = match kind {
            CallKind::Charge | CallKind::Resolve => {
                let decision = self.settle_payment(*order, *attempt, *outcome, rows)?;
                self.count_decline(*kind, &decision, rows)?;
                decision
            }
            CallKind::Refund => self.settle_refund(*order, *outcome, rows)?,
        };
        match request {
            Some(request) => Ok(self.answer(request, decision, rows)?),
            None => Ok(decision),
        }
    }

    /// Records the outcome of a payment attempt.
    pub(super) fn settle_payment(
        &self,
        id: OrderId,
        attempt: u32,
        outcome: Outcome,
        rows: &mut Rows,
    ) -> Result<Decision> {
        let before = self.order(id, rows)?;
        match before.settle(attempt, outcome) {
            Some((order, stock)) => {
                let order = order.ended(&self.shared.rules.orders, self.times.now(id));
                self.advance(Durable::Settle, &before, order, stock, rows)
            }
            None => Ok(Decision::unchanged(before)),
        }
    }

    /// Records that the bank has refunded an order. Any other outcome changes nothing: the refund
    /// is retried.
    fn settle_refund(&self, id: OrderId, outcome: Outcome, rows: &mut Rows) -> Result<Decision> {
        let before = self.order(id, rows)?;
        let refunded = match outcome {
            Outcome::Approved => before.refunded(),
            Outcome::Declined | Outcome::NotSent | Outcome::Unknown | Outcome::Refused => None,
        };
        match refunded {
            Some((order, stock)) => self.advance(Durable::Refunded, &before, order, stock, rows),
            None => Ok(Decision::unchanged(before)),
        }
    }

    /// Cancels an order, or records the request to cancel it. An order that is not the user's is
    /// unknown; without a user, an administrator cancels it.
    pub(super) fn cancel(
        &self,
        user: Option<UserId>,
        id: OrderId,
        rows: &mut Rows,
    ) -> Result<Decision> {
        let before = match user {
            Some(user) => self.order_of(user, id, rows)?,
            None => self.order(id, rows)?,
        };
        let (order, stock) = before.cancel()?;
        self.advance(Durable::Cancel, &before, order, stock, rows)
    }

    /// Replaces the note about an order; an empty text removes it.
    pub(super) fn note(&self, note: &NoteOrder, rows: &mut Rows) -> Result<Decision> {
        let NoteOrder { order: id, text, by } = note;
        let before = self.order(*id, rows)?;
        let note = Note::new(text, self.shared.clock.now(), by.clone())?;
        let text = |note: &Option<Note>| note.as_ref().map(|note| note.text.clone());
        if text(&note) == text(&before.note) {
            return Ok(Decision::unchanged(before));
        }
        let order = Order { note, ..before.clone() };
        let order = self.put_order(Some(&before), order, rows)?;
        Ok(Decision::unchanged(order))
    }

    /// Marks a paid order as shipped.
    pub(super) fn ship(&self, id: OrderId, rows: &mut Rows) -> Result<Decision> {
        let before = self.order(id, rows)?;
        let (order, stock) = before.ship()?;
        self.advance(Durable::Ship, &before, order, stock, rows)
    }

    /// Marks a shipped order as delivered.
    pub(super) fn deliver(&self, id: OrderId, rows: &mut Rows) -> Result<Decision> {
        let before = self.order(id, rows)?;
        let (order, stock) = before.deliver()?;
        self.advance(Durable::Deliver, &before, order, stock, rows)
    }

    /// Lets an unpaid order expire: releases its stock and returns its items to the cart.
    pub(super) fn expire(&self, before: &Order, rows: &mut Rows) -> Result<Decision> {
        let (order, stock_move) = before.expire(self.times.now(before.id))?;
        rows.want(&self.shared.tables.buyers, order.user);
        let stock = self.stock(order.items.iter().map(|item| item.article), rows)?;
        let articles = stock_move.apply(&order, stock.clone())?;
        let returned = self.returned_cart(&order, rows)?;
        self.put_stock(&stock, articles, rows)?;
        if let Some((owner, cart)) = returned {
            rows.require(&self.shared.tables.accounts, order.user);
            self.put_cart(&owner, cart, rows)?;
        }
        let order = self.put_order(Some(before), order, rows)?;
        Ok(Decision { step: Some(Durable::Expire), ..Decision::unchanged(order) })
    }

    /// Records the next state of an order, with its stock; an unchanged order is not written.
    pub(super) fn advance(
        &self,
        step: Durable,
        before: &Order,
        order: Order,
        stock_move: StockMove,
        rows: &mut Rows,
    ) -> Result<Decision> {
        if order == *before {
            return Ok(Decision::unchanged(order));
        }
        if changes_buyer(Some(before), &order) {
            rows.want(&self.shared.tables.buyers, order.user);
        }
        let ids = order.items.iter().map(|item| item.article);
        let stock = self.stock(ids.filter(|_| stock_move != StockMove::None), rows)?;
        let articles = stock_move.apply(&order, stock.clone())?;
        self.put_stock(&stock, articles, rows)?;
        let order = self.put_order(Some(before), order, rows)?;
        Ok(Decision { step: Some(step), ..Decision::unchanged(order) })
    }

    /// Returns the buyer's cart with the items of an order; `None` if the buyer has been deleted.
    fn returned_cart(&self, order: &Order, rows: &mut Rows) -> Result<Option<(Owner, Cart)>> {
        let tables = &self.shared.tables;
        let owner = Owner::User(order.user);
        rows.want(&tables.carts, &owner);
        if rows.get(&tables.accounts, order.user)?.is_none() {
            return Ok(None);
        }
        let now = self.shared.clock.now();
        let lifetimes = self.shared.rules.carts;
        let expiry = lifetimes.expiry(&owner, now);
        let stored = rows
            .get(&tables.carts, &owner)?
            .filter(|cart| cart.version > 0 && !lifetimes.is_expired(&owner, cart, now));
        let cart = match stored {
            Some(cart) => cart,
            None => Cart::new(rows.position()?, expiry),
        };
        Ok(Some((owner, cart.merge(&cart_of(order, Cart::empty(expiry)), expiry))))
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
