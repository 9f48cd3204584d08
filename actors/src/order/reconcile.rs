//! When the desk looks at its orders by itself: what waits for the bank, what expires, what others left behind.

use std::time::Duration;

use actix::{
    ActorContext, ActorFutureExt, AsyncContext, Context, ContextFutureSpawner, Handler, Message,
    WrapFuture,
};
use domain::order::{Order, OrderError, OrderId};
use jiff::Timestamp;

use super::OrderDesk;
use crate::ask::{Atomic, Failure};
use crate::store::StoreError;

/// How often the desk looks for orders whose time is over and for payments whose end nobody knows.
const TICK: Duration = Duration::from_secs(1);

/// How long the bank is left alone at most before it is asked again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How often the desk reads which orders wait, for those it was never told of.
const READ_EVERY: Duration = Duration::from_secs(60);

/// When to look at an order again.
pub(super) struct NextCheck {
    at: Timestamp,
    /// How often that was done since the bank was asked.
    tries: u32,
}

/// Asks the bank again for an order that waits for its word, or lets an unpaid order expire.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
struct Revisit(OrderId);

impl Handler<Revisit> for OrderDesk {
    type Result = Atomic<Self, Order, OrderError>;

    fn handle(&mut self, Revisit(order): Revisit, _: &mut Self::Context) -> Self::Result {
        self.submit(self.desk.clone().revisit(order))
    }
}

impl OrderDesk {
    /// Reads which orders wait, and looks at them from now on.
    pub(super) fn keep_watch(&self, ctx: &mut Context<Self>) {
        let pending = self.desk.clone().pending().into_actor(self);
        pending
            .map(|pending: Result<Vec<OrderId>, StoreError>, desk, ctx| match pending {
                Ok(orders) => {
                    let at_once = orders
                        .into_iter()
                        .map(|order| (order, NextCheck { at: Timestamp::MIN, tries: 0 }));
                    desk.pending.extend(at_once);
                    desk.tick(ctx);
                }
                Err(error) => {
                    tracing::error!(%error, "the orders that wait for their payment can't be read");
                    ctx.stop();
                }
            })
            .wait(ctx);
        ctx.run_interval(TICK, |desk, ctx| desk.tick(ctx));
        ctx.run_interval(READ_EVERY, |desk, ctx| desk.read_again(ctx));
        self.anonymize_deleted_users(ctx);
        ctx.run_interval(READ_EVERY, |desk, ctx| desk.anonymize_deleted_users(ctx));
    }

    /// Looks at an order again when it is time, if it waits for anything.
    pub(super) fn remember(&mut self, order: &Order) {
        let now = self.desk.clock.now();
        let look = if !order.awaits_money() {
            None
        } else if order.payment.is_open() || order.is_to_be_paid_back() {
            let tries = self.pending.get(&order.id).map_or(0, |look| look.tries);
            Some(NextCheck { at: now + pause(order.id, tries), tries })
        } else {
            Some(NextCheck { at: order.expires_at, tries: 0 })
        };
        match look {
            Some(look) => self.pending.insert(order.id, look),
            None => self.pending.remove(&order.id),
        };
    }

    /// Finds orders that another process left behind, or whose commit was made though its answer was lost.
    fn read_again(&self, ctx: &mut Context<Self>) {
        let at = self.desk.clock.now() + READ_EVERY;
        let pending = self.desk.clone().pending().into_actor(self);
        pending
            .map(move |pending: Result<Vec<OrderId>, StoreError>, desk, _| match pending {
                Ok(orders) => {
                    for order in orders {
                        desk.pending.entry(order).or_insert(NextCheck { at, tries: 0 });
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "the orders that wait for their payment can't be read")
                }
            })
            .spawn(ctx);
    }

    /// What can't be done now, for instance because somebody else does it, is done next time.
    fn anonymize_deleted_users(&self, ctx: &mut Context<Self>) {
        let forgotten = self.desk.clone().anonymize_deleted_users().into_actor(self);
        forgotten
            .map(|forgotten: Result<(), StoreError>, _, _| {
                if let Err(error) = forgotten {
                    tracing::warn!(%error, "users who are gone can't be read");
                }
            })
            .spawn(ctx);
    }

    fn tick(&mut self, ctx: &mut Context<Self>) {
        let now = self.desk.clock.now();
        for (order, look) in &mut self.pending {
            if look.at <= now && !self.calling.contains(order) {
                look.tries = look.tries.saturating_add(1);
                look.at = now + pause(*order, look.tries);
                ctx.notify(Revisit(*order));
            }
        }
    }
}

/// How long to leave the bank alone: twice as long each time, and not as long for every order.
fn pause(order: OrderId, tries: u32) -> Duration {
    let pause = TICK.saturating_mul(1 << tries.min(5)).min(LONGEST_PAUSE);
    let jitter = (order.0.as_u128() % 256) as u32;
    pause + pause * jitter / 1024
}
