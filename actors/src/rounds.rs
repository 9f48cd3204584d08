//! Rounds: an actor takes every command that waits, decides them in their order on rows that it
//! reads together, makes one commit, and answers all of them when it is durable.
//!
//! Throughput therefore does not depend on how long a sync or a read takes. Nothing is adopted
//! before it is durable.

use std::collections::VecDeque;

use actix::{Actor, ActorFutureExt, Context, ContextFutureSpawner, WrapFuture};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::ask::DEADLINE;
use crate::failure::Failure;
use crate::handling::{Detached, Reply};
use decide::{Decide, Decided, decide};

pub mod decide;

/// The most commands of a round.
const COMMANDS: usize = 256;

/// The reply of an actor: a value of type `T`, or an error of the dependencies `D`.
type ReplyOf<T, D> = Reply<T, <D as Decide>::Error>;

/// An actor that runs its commands in rounds.
pub trait Rounds: Actor<Context = Context<Self>> {
    /// The dependencies, which decide the commands.
    type Deps: Decide;
    /// What a caller receives.
    type Output: 'static;

    /// Returns the dependencies.
    fn deps(&self) -> &Self::Deps;

    /// Returns the commands that wait.
    fn queue(&mut self) -> &mut Queue<Self::Deps, Self::Output>;

    /// Adopts a durable decision, or handles a failure, and returns the reply to the caller.
    fn adopt(
        &mut self,
        command: <Self::Deps as Decide>::Command,
        decided: Decided<Self::Deps>,
        ctx: &mut Context<Self>,
    ) -> ReplyOf<Self::Output, Self::Deps>;

    /// Queues a command for the next round and returns its reply.
    fn enqueue(
        &mut self,
        command: <Self::Deps as Decide>::Command,
        ctx: &mut Context<Self>,
    ) -> Detached<Self::Output, <Self::Deps as Decide>::Error> {
        let (reply, replied) = oneshot::channel();
        self.queue().jobs.push_back(Job { command, reply: Some(reply) });
        start_round(self, ctx);
        Box::pin(async move {
            // At the deadline the receiver is dropped, and with it a command that still waits.
            let reply = timeout(DEADLINE, replied).await.ok().and_then(Result::ok);
            reply.unwrap_or_else(|| {
                Err(Failure::Unavailable("the actor did not reply in time".to_owned()))
            })
        })
    }

    /// Queues a command without a caller.
    fn enqueue_own(&mut self, command: <Self::Deps as Decide>::Command, ctx: &mut Context<Self>) {
        self.queue().jobs.push_back(Job { command, reply: None });
        start_round(self, ctx);
    }
}

/// The commands that wait for the next round of an actor.
pub struct Queue<D: Decide, T> {
    jobs: VecDeque<Job<D, T>>,
    in_round: bool,
}

impl<D: Decide, T> Queue<D, T> {
    /// Returns how many commands wait for the next round.
    pub(crate) fn waiting(&self) -> usize {
        self.jobs.len()
    }
}

impl<D: Decide, T> Default for Queue<D, T> {
    fn default() -> Self {
        Self { jobs: VecDeque::new(), in_round: false }
    }
}

/// A command with the caller that waits for its reply, if there is one.
struct Job<D: Decide, T> {
    command: D::Command,
    reply: Option<oneshot::Sender<ReplyOf<T, D>>>,
}

impl<D: Decide, T> Job<D, T> {
    /// Whether the caller has given up. A command that has not started then never does.
    fn is_abandoned(&self) -> bool {
        self.reply.as_ref().is_some_and(oneshot::Sender::is_closed)
    }
}

/// Starts a round with what waits, unless one is running.
fn start_round<A: Rounds>(actor: &mut A, ctx: &mut Context<A>) {
    let queue = actor.queue();
    if queue.in_round {
        return;
    }
    queue.jobs.retain(|job| !job.is_abandoned());
    let waiting = queue.jobs.len().min(COMMANDS);
    let jobs: Vec<_> = queue.jobs.drain(..waiting).collect();
    if jobs.is_empty() {
        return;
    }
    queue.in_round = true;
    let commands = jobs.iter().map(|job| job.command.clone()).collect();
    decide(actor.deps().clone(), commands)
        .into_actor(actor)
        .map(|decisions, actor, ctx| end_round(actor, jobs, decisions, ctx))
        .spawn(ctx);
}

/// Adopts what is durable, replies to every caller, and starts the next round.
fn end_round<A: Rounds>(
    actor: &mut A,
    jobs: Vec<Job<A::Deps, A::Output>>,
    decisions: Vec<Decided<A::Deps>>,
    ctx: &mut Context<A>,
) {
    for (Job { command, reply }, decided) in jobs.into_iter().zip(decisions) {
        let replied = actor.adopt(command, decided, ctx);
        if let Some(reply) = reply {
            // The caller may have given up.
            let _ = reply.send(replied);
        }
    }
    actor.queue().in_round = false;
    start_round(actor, ctx);
}
