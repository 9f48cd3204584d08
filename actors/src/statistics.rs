//! The statistics: follows the log and counts orders and payments.
//!
//! Owns: the counts, and each order as it was counted last.
//! Serves: administrators, through the copy in `copy.rs`, which is read without a message.
//! Publishes: nothing. Pages that show counts notice by themselves that they have changed.
//! Restart: the log is read on from the position that is stored with the counts.

use std::time::Duration;

use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, ContextFutureSpawner, Handler, MessageResult,
    WrapFuture,
};
use domain::statistics::Recount;

use crate::observe::Observe;
use crate::store::EventId;
use commands::StatisticsDeps;

pub mod commands;
pub mod copy;
mod recount;
mod round;

/// How long the actor waits after an error of the store before it reads on.
const RETRY: Duration = Duration::from_millis(500);

/// The observable state of the statistics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatisticsState {
    /// The last event of the log that is counted.
    pub position: EventId,
    /// Whether the stored orders are being counted.
    pub is_recounting: bool,
}

/// The actor that counts.
pub struct Statistics {
    deps: StatisticsDeps,
}

impl Statistics {
    /// Creates an actor that counts from the stored position on.
    pub fn new(deps: StatisticsDeps) -> Self {
        Self { deps }
    }

    /// Follows the log for as long as the store can be read and written.
    fn follow_log(&self, ctx: &mut Context<Self>) {
        self.deps
            .clone()
            .follow()
            .into_actor(self)
            .map(|error, _, ctx: &mut Context<Self>| {
                tracing::error!(%error, "could not count the log");
                ctx.run_later(RETRY, |statistics, ctx| statistics.follow_log(ctx));
            })
            .spawn(ctx);
    }
}

impl Actor for Statistics {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.follow_log(ctx);
    }
}

impl Handler<Observe<StatisticsState>> for Statistics {
    type Result = MessageResult<Observe<StatisticsState>>;

    fn handle(&mut self, _: Observe<StatisticsState>, _: &mut Self::Context) -> Self::Result {
        let totals = &self.deps.latest.get().totals;
        let is_recounting = totals.recount != Recount::Done;
        MessageResult(StatisticsState { position: totals.position, is_recounting })
    }
}
