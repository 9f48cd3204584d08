//! Orders that the desk checks on a timer: open payments and refunds, expiry, and what another
//! process has left unfinished.

use std::time::Duration;

use actix::{
    ActorContext, ActorFutureExt, AsyncContext, Context, ContextFutureSpawner, WrapFuture,
};
use domain::moment::Moment;
use domain::order::{Order, OrderId};

use super::OrderDesk;
use super::commands::OrderDeps;
use super::peers::BEAT;
use crate::store::StoreError;

/// How often the desk looks for orders that are due.
const TICK: Duration = Duration::from_secs(1);

/// The longest pause before the bank is called again for an order.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How often the desk reads all pending orders, to find those of other processes.
const READ_EVERY: Duration = Duration::from_secs(60);

/// When to check an order again.
pub(super) struct NextCheck {
    pub(super) at: Moment,
    /// How often the order was checked since the bank was first called.
    tries: u32,
    /// Whether the outcome of the payment was unknown when the desk saw the order last.
    pub(super) is_unknown: bool,
    /// Whether another node may look after the order.
    is_of_peer: bool,
}

impl OrderDeps {
    /// Returns every order that waits for a payment or a refund.
    pub(super) async fn pending(self) -> Result<Vec<OrderId>, StoreError> {
        let rows = self.shared.tables.pending_orders.all().await?;
        Ok(rows.into_iter().map(|(_, row)| row.value).collect())
    }
}

impl OrderDesk {
    /// Reads the pending orders before the first message, and starts the timers.
    pub(super) fn start_reconciling(&self, ctx: &mut Context<Self>) {
        let deps = self.deps.clone();
        let pending = async move {
            // What is read must be known before; what is written may fail.
            if let Err(error) = deps.peers.beat(&deps.shared).await {
                tracing::warn!(%error, "could not look for other nodes");
            }
            deps.pending().await
        };
        pending
            .into_actor(self)
            .map(|pending: Result<Vec<OrderId>, StoreError>, desk, ctx| match pending {
                Ok(orders) => {
                    desk.add_pending(orders, Moment::START);
                    desk.check_due(ctx);
                }
                Err(error) => {
                    tracing::error!(%error, "could not read the pending orders");
                    ctx.stop();
                }
            })
            .wait(ctx);
        ctx.run_interval(TICK, |desk, ctx| desk.check_due(ctx));
        ctx.run_later(BEAT, |desk, ctx| desk.beat(ctx));
        ctx.run_interval(READ_EVERY, |desk, ctx| {
            let at = desk.deps.shared.clock.moment() + READ_EVERY;
            desk.read_pending(at, ctx);
        });
        self.anonymize_deleted_users(ctx);
        ctx.run_interval(READ_EVERY, |desk, ctx| desk.anonymize_deleted_users(ctx));
    }

    /// Schedules the next check of an order, or none if it waits for nothing.
    pub(super) fn schedule(&mut self, order: &Order) {
        if !order.is_unsettled() {
            self.pending.remove(&order.id);
            self.deps.times.forget(order.id);
            return;
        }
        self.deps.times.see(order.id);
        let moment = self.deps.shared.clock.moment();
        let is_unknown = order.is_unknown();
        let next = if self.deps.peers.look_after(order) {
            let at = moment + READ_EVERY;
            NextCheck { at, tries: 0, is_unknown: false, is_of_peer: true }
        } else if order.waits_for_bank() {
            let tries = self.pending.get(&order.id).map_or(0, |check| check.tries);
            let at = moment + pause(order.id, tries);
            NextCheck { at, tries, is_unknown, is_of_peer: false }
        } else {
            NextCheck { at: self.expiry(order), tries: 0, is_unknown, is_of_peer: false }
        };
        self.pending.insert(order.id, next);
    }

    /// Returns the moment when the time to pay an order is over.
    pub(super) fn expiry(&self, order: &Order) -> Moment {
        let now = self.deps.times.now(order.id);
        let is_overdue = order.is_overdue(now);
        let left = if is_overdue {
            Duration::ZERO
        } else {
            now.duration_until(order.expires_at).unsigned_abs()
        };
        self.deps.shared.clock.moment() + left
    }

    /// Schedules the next check of an order at the next tick.
    pub(super) fn check_soon(&mut self, order: OrderId) {
        let at = self.deps.shared.clock.moment();
        let is_unknown = self.pending.get(&order).is_some_and(|check| check.is_unknown);
        self.pending.insert(order, NextCheck { at, tries: 0, is_unknown, is_of_peer: false });
    }

    /// Shows again and again that this node is running. Once another one has stopped, its orders
    /// are checked at the next tick.
    fn beat(&self, ctx: &mut Context<Self>) {
        let deps = self.deps.clone();
        async move { deps.peers.beat(&deps.shared).await }
            .into_actor(self)
            .map(|beat: Result<bool, StoreError>, desk, ctx| {
                if beat == Ok(true) {
                    tracing::info!("another node has stopped; looking for its orders");
                    desk.read_pending(desk.deps.shared.clock.moment(), ctx);
                }
                ctx.run_later(BEAT, |desk, ctx| desk.beat(ctx));
            })
            .spawn(ctx);
    }

    /// Finds orders that another process left unfinished, or whose commit took effect though its
    /// reply was lost, and checks them at a moment.
    fn read_pending(&self, at: Moment, ctx: &mut Context<Self>) {
        let pending = self.deps.clone().pending().into_actor(self);
        pending
            .map(move |pending: Result<Vec<OrderId>, StoreError>, desk, _| match pending {
                Ok(orders) => desk.add_pending(orders, at),
                Err(error) => tracing::error!(%error, "could not read the pending orders"),
            })
            .spawn(ctx);
    }

    fn add_pending(&mut self, orders: Vec<OrderId>, at: Moment) {
        for order in orders {
            let check = NextCheck { at, tries: 0, is_unknown: false, is_of_peer: true };
            let check = self.pending.entry(order).or_insert(check);
            if check.is_of_peer {
                check.at = check.at.min(at);
            }
        }
    }

    fn anonymize_deleted_users(&self, ctx: &mut Context<Self>) {
        let anonymized = self.deps.clone().anonymize_deleted_users().into_actor(self);
        anonymized
            .map(|anonymized: Result<(), StoreError>, _, _| {
                if let Err(error) = anonymized {
                    tracing::warn!(%error, "could not read the deleted users");
                }
            })
            .spawn(ctx);
    }

    /// Checks every order that is due and for which the bank is not being called.
    fn check_due(&mut self, ctx: &mut Context<Self>) {
        let moment = self.deps.shared.clock.moment();
        let mut due = Vec::new();
        for (order, check) in &mut self.pending {
            if check.at <= moment && !self.calling.contains_key(order) {
                check.tries = check.tries.saturating_add(1);
                check.at = moment + pause(*order, check.tries);
                due.push(*order);
            }
        }
        // In the order of their ids, which is by age: the bank serves first come, first served.
        due.into_iter().for_each(|order| self.enqueue_check(order, ctx));
    }
}

/// Returns the pause before the next call to the bank: it doubles with every try, and varies
/// between orders so that they do not all call at once.
fn pause(order: OrderId, tries: u32) -> Duration {
    let pause = TICK.saturating_mul(1 << tries.min(5)).min(LONGEST_PAUSE);
    let jitter = (order.0.as_u128() % 256) as u32;
    pause + pause * jitter / 1024
}
