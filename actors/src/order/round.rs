//! Rounds: the desk takes every command that waits, decides them in their order on rows that it
//! reads together, makes one commit, and answers all of them when it is durable.
//!
//! Throughput therefore does not depend on how long a sync or a read takes. Nothing is adopted
//! before it is durable. A conflict makes the whole round be read and decided again.

use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext, Context, ContextFutureSpawner, WrapFuture};
use domain::event::Event;
use domain::order::{Order, OrderError, OrderId};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::OrderDesk;
use super::commands::OrderDeps;
use super::decision::{CallKind, Command, Decision, Permits, Request, Settle, Undecided};
use crate::ask::{ATTEMPTS, DEADLINE};
use crate::cart::registry::CartStored;
use crate::clock::random_bytes;
use crate::failure::Failure;
use crate::handling::{Detached, Reply};
use crate::payment::{Admit, Admitted, CallPermit};
use crate::store::StoreError;
use crate::tables::rows::{RowError, Rows};

/// The most commands of a round.
const COMMANDS: usize = 256;

/// The most passes over the commands of a round: each reads what the one before has missed.
const PASSES: usize = 16;

/// After how many conflicts a round is split in two, so that a row which changes all the time
/// fails only the command that needs it.
const SPLIT_AFTER: usize = 4;

/// The longest pause before a round that met a conflict is decided again.
const LONGEST_PAUSE: Duration = Duration::from_millis(8);

/// How long the outcome of a bank call waits before it is stored again after a failure.
const RETRY: Duration = Duration::from_millis(500);

/// A command with the caller that waits for its reply. The outcome of a bank call has none: it is
/// stored in any case.
pub(super) struct Job {
    command: Command,
    reply: Option<oneshot::Sender<Reply<Order, OrderError>>>,
}

impl Job {
    /// Whether the caller has given up. A command that has not started then never does.
    fn is_abandoned(&self) -> bool {
        self.reply.as_ref().is_some_and(oneshot::Sender::is_closed)
    }
}

/// A durable order.
struct Stored {
    order: Order,
    /// Whether the command has changed it.
    is_changed: bool,
    /// The request to which it was stored as the answer.
    answered: Option<Request>,
    /// The permit if the bank is to be called for it.
    permit: Option<CallPermit>,
}

impl OrderDesk {
    /// Queues a command for the next round and returns its reply.
    pub(super) fn enqueue(
        &mut self,
        command: Command,
        ctx: &mut Context<Self>,
    ) -> Detached<Order, OrderError> {
        let (reply, replied) = oneshot::channel();
        self.queue.push_back(Job { command, reply: Some(reply) });
        self.start_round(ctx);
        Box::pin(async move {
            // At the deadline the receiver is dropped, and with it a command that still waits.
            let reply = timeout(DEADLINE, replied).await.ok().and_then(Result::ok);
            reply.unwrap_or_else(|| {
                Err(Failure::Unavailable("the order desk did not reply".to_owned()))
            })
        })
    }

    /// Queues a command without a caller.
    pub(super) fn enqueue_own(&mut self, command: Command, ctx: &mut Context<Self>) {
        self.queue.push_back(Job { command, reply: None });
        self.start_round(ctx);
    }

    /// Queues the check of an order, unless it is queued already or the bank is being called.
    pub(super) fn enqueue_check(&mut self, order: OrderId, ctx: &mut Context<Self>) {
        if !self.calling.contains_key(&order) && self.checking.insert(order) {
            self.enqueue_own(Command::Reconcile(order), ctx);
        }
    }

    /// Starts a round with what waits, unless one is running.
    fn start_round(&mut self, ctx: &mut Context<Self>) {
        if self.in_round {
            return;
        }
        self.queue.retain(|job| !job.is_abandoned());
        let waiting = self.queue.len().min(COMMANDS);
        let jobs: Vec<_> = self.queue.drain(..waiting).collect();
        if jobs.is_empty() {
            return;
        }
        self.in_round = true;
        let commands = jobs.iter().map(|job| job.command.clone()).collect();
        self.deps
            .clone()
            .round(commands)
            .into_actor(self)
            .map(|replies, desk, ctx| desk.end_round(jobs, replies, ctx))
            .spawn(ctx);
    }

    /// Adopts what is durable, replies to every caller, and starts the next round.
    fn end_round(
        &mut self,
        jobs: Vec<Job>,
        replies: Vec<Reply<Stored, OrderError>>,
        ctx: &mut Context<Self>,
    ) {
        for (Job { command, reply }, stored) in jobs.into_iter().zip(replies) {
            if let Command::Reconcile(order) = &command {
                self.checking.remove(order);
            }
            let replied = match stored {
                Ok(stored) => Ok(self.adopt(&command, stored, ctx)),
                Err(failure) => {
                    self.on_failure(command, &failure, ctx);
                    Err(failure)
                }
            };
            if let Some(reply) = reply {
                // The caller may have given up.
                let _ = reply.send(replied);
            }
        }
        self.in_round = false;
        self.start_round(ctx);
    }

    fn adopt(&mut self, command: &Command, stored: Stored, ctx: &mut Context<Self>) -> Order {
        let Stored { order, is_changed, answered, permit } = stored;
        if let Command::Answer { .. } = command {
            // An answer may be older than the order.
            return order;
        }
        if let Command::Settle(settle) = command {
            self.end_call(settle);
        }
        self.schedule(&order);
        if let Some(permit) = permit {
            self.call_bank(&order, permit, ctx.address());
        } else if let Some(call) = self.calling.get(&order.id) {
            if order.is_called_off() {
                call.withdraw_charge();
            }
        } else {
            self.wake(&order, answered.as_ref());
            let is_first = match command {
                Command::Cancel { .. } => is_changed,
                Command::Settle(settle) => settle.kind == CallKind::Charge,
                _ => false,
            };
            // Later repetitions wait for their turn.
            if is_first && order.is_called_off() && order.is_unsettled() {
                self.enqueue_check(order.id, ctx);
            }
        }
        order
    }

    /// Removes the call whose outcome a command stores; a later call of the order goes on.
    fn end_call(&mut self, settle: &Settle) {
        self.remove_call(settle.order, settle.attempt, settle.kind);
    }

    /// Keeps the outcome of a bank call until it is stored: only the bank knows it besides, and
    /// calling it again would take a permit from another order.
    fn on_failure(
        &mut self,
        command: Command,
        failure: &Failure<OrderError>,
        ctx: &mut Context<Self>,
    ) {
        let Command::Settle(settle) = &command else { return };
        if let Failure::Refused(_) = failure {
            self.waiting.remove(&settle.order);
            self.end_call(settle);
            return;
        }
        let order = settle.order;
        tracing::warn!(%order, %failure, "could not store the outcome of a bank call yet");
        ctx.run_later(RETRY, move |desk, ctx| desk.enqueue_own(command, ctx));
    }
}

impl OrderDeps {
    /// Decides commands in their order and commits them together; replies in the same order.
    async fn round(self, mut commands: Vec<Command>) -> Vec<Reply<Stored, OrderError>> {
        let mut permits = Permits::default();
        for attempt in 1..=ATTEMPTS {
            match self.try_round(&commands, &mut permits).await {
                Ok(decisions) => return with_permits(decisions, permits),
                Err(StoreError::Conflict) if attempt >= SPLIT_AFTER && commands.len() > 1 => {
                    drop(permits);
                    let second = commands.split_off(commands.len() / 2);
                    let mut replies = Box::pin(self.clone().round(commands)).await;
                    replies.extend(Box::pin(self.round(second)).await);
                    return replies;
                }
                Err(StoreError::Conflict) => sleep(jittered(LONGEST_PAUSE)).await,
                Err(error) => return fail_all(&commands, &error.to_string()),
            }
        }
        fail_all(&commands, "too many conflicts")
    }

    async fn try_round(
        &self,
        commands: &[Command],
        permits: &mut Permits,
    ) -> Result<Vec<Reply<Decision, OrderError>>, StoreError> {
        let mut rows = Rows::default();
        let decisions = self.decide_all(commands, &mut rows, permits).await?;
        let Some(batch) = rows.batch(self.shared.batch())? else { return Ok(decisions) };
        let steps: Vec<_> = decisions.iter().flatten().flat_map(Decision::steps).collect();
        let last_event = self.shared.tables.commit_steps(&steps, batch).await?;
        self.update_copies(last_event, rows.events());
        Ok(decisions)
    }

    /// Decides every command, reading rows and taking permits until none is missing.
    async fn decide_all(
        &self,
        commands: &[Command],
        rows: &mut Rows,
        permits: &mut Permits,
    ) -> Result<Vec<Reply<Decision, OrderError>>, StoreError> {
        for _ in 0..PASSES {
            rows.restart();
            permits.used = 0;
            let mut decisions = Vec::with_capacity(commands.len());
            for command in commands {
                match self.decide(command, rows, permits) {
                    Ok(decision) => decisions.push(Ok(decision)),
                    Err(Undecided::Refused(error)) => decisions.push(Err(Failure::Refused(error))),
                    Err(Undecided::Row(RowError::Unread)) => {}
                    Err(Undecided::Row(RowError::Store(error))) => {
                        // A damaged row fails the command that needs it, not the round.
                        decisions.push(Err(Failure::Unavailable(error.to_string())));
                    }
                }
            }
            if rows.read(&self.shared.tables).await? || self.take_permits(permits).await? {
                continue;
            }
            return Ok(decisions);
        }
        Err(StoreError::Unavailable("a round needs too many reads".to_owned()))
    }

    /// Takes the permits that are missing. Returns whether the round must be decided again, because
    /// the breaker has refused some.
    async fn take_permits(&self, permits: &mut Permits) -> Result<bool, StoreError> {
        let missing = permits.used.saturating_sub(permits.held.len());
        if missing == 0 || permits.refused.is_some() {
            return Ok(false);
        }
        let admitted = self.payments.ask(Admit { calls: missing }).await;
        let Admitted { permits: held, retry_after } =
            admitted.map_err(|failure| StoreError::Unavailable(failure.to_string()))?;
        permits.held.extend(held);
        permits.refused = retry_after;
        Ok(permits.refused.is_some())
    }

    /// Brings the copies of this node up to date, so that callers read their own writes.
    fn update_copies(&self, last_event: u64, events: &[Event]) {
        let first_event = last_event + 1 - events.len() as u64;
        for (id, event) in (first_event..).zip(events) {
            self.shared.snapshot.apply(id, event);
            if let Event::CartChanged { owner, cart } = event {
                self.carts.notify(CartStored(owner.clone(), cart.version));
            }
        }
    }
}

/// Gives each decision that calls the bank one of the permits.
fn with_permits(
    decisions: Vec<Reply<Decision, OrderError>>,
    mut permits: Permits,
) -> Vec<Reply<Stored, OrderError>> {
    let mut replies = Vec::with_capacity(decisions.len());
    for decided in decisions {
        replies.push(decided.map(|Decision { order, step, answered, calls_bank }| Stored {
            order,
            is_changed: step.is_some(),
            answered,
            permit: if calls_bank { permits.held.pop() } else { None },
        }));
    }
    replies
}

fn fail_all(commands: &[Command], reason: &str) -> Vec<Reply<Stored, OrderError>> {
    commands.iter().map(|_| Err(Failure::Unavailable(reason.to_owned()))).collect()
}

/// Returns a random part of a duration, so that nodes in conflict do not stay in step.
fn jittered(longest: Duration) -> Duration {
    let [part] = random_bytes::<1>();
    longest * u32::from(part) / 256
}
