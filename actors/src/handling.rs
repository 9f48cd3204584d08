//! The two ways in which a handler runs a command: exclusively, or concurrently with other
//! messages.
//!
//! Both take the work (read, decide, commit, as a future on the actor's dependencies) and what to
//! do with its result once it is durable: adopt it in the actor's memory, and reply.

use actix::{
    Actor, ActorFutureExt, AtomicResponse, Context, ResponseActFuture, ResponseFuture, WrapFuture,
};

use crate::failure::Failure;

/// The result of a command.
pub type Reply<T, E> = Result<T, Failure<E>>;

/// The reply to a command that needs only the dependencies of the actor.
pub type Detached<T, E> = ResponseFuture<Reply<T, E>>;

/// The reply to a command during which the actor handles no other message.
pub type Exclusive<A, T, E> = AtomicResponse<A, Reply<T, E>>;

/// The reply to a command during which the actor handles other messages.
pub type Concurrent<A, T, E> = ResponseActFuture<A, Reply<T, E>>;

/// Runs `work` while the actor handles no other message, then `adopt`s its result and replies.
///
/// Within a process no command then decides on what another one is about to change. Between
/// processes, the versions in the store detect it.
pub fn exclusive<A, W, T, E>(
    actor: &A,
    work: impl Future<Output = W> + 'static,
    adopt: impl FnOnce(W, &mut A, &mut Context<A>) -> Reply<T, E> + 'static,
) -> Exclusive<A, T, E>
where
    A: Actor<Context = Context<A>>,
    W: 'static,
    T: 'static,
    E: 'static,
{
    AtomicResponse::new(Box::pin(work.into_actor(actor).map(adopt)))
}

/// Runs `work` while the actor handles other messages, then `adopt`s its result and replies.
pub fn concurrent<A, W, T, E>(
    actor: &A,
    work: impl Future<Output = W> + 'static,
    adopt: impl FnOnce(W, &mut A, &mut Context<A>) -> Reply<T, E> + 'static,
) -> Concurrent<A, T, E>
where
    A: Actor<Context = Context<A>>,
    W: 'static,
    T: 'static,
    E: 'static,
{
    Box::pin(work.into_actor(actor).map(adopt))
}
