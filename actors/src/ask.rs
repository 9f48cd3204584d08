//! Sending messages to actors: `ask` waits for the reply, `notify` does not.
//!
//! A [`Child`] is a handle to a long-lived actor. An actor that has panicked is restarted before
//! the next message is sent, and reads its state from the store.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Context, Handler, MailboxError, Message};
use tokio::time::sleep;

use crate::failure::Failure;
use crate::observe::Observe;

/// How long a reply may take, including the time in the mailbox.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// How often a command that ends in a conflict is decided again.
pub(crate) const ATTEMPTS: usize = 64;

/// How often, and at most how many times, to check whether a panicked actor is gone.
const CHECK_EVERY: Duration = Duration::from_millis(1);
const CHECKS: usize = 100;

/// A long-lived actor that is restarted after a panic.
pub struct Child<A: Actor> {
    name: &'static str,
    start: Arc<dyn Fn() -> Addr<A> + Send + Sync>,
    current: Arc<RwLock<Addr<A>>>,
}

impl<A: Actor> Clone for Child<A> {
    fn clone(&self) -> Self {
        Self { name: self.name, start: self.start.clone(), current: self.current.clone() }
    }
}

impl<A: Actor<Context = Context<A>>> Child<A> {
    /// Starts an actor with `start`, which also restarts it.
    pub fn start(name: &'static str, start: impl Fn() -> Addr<A> + Send + Sync + 'static) -> Self {
        let current = Arc::new(RwLock::new(start()));
        Self { name, start: Arc::new(start), current }
    }

    /// Returns the address of the actor, restarting it first if it has stopped.
    pub fn addr(&self) -> Addr<A> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        if current.connected() { current } else { self.restart() }
    }

    /// Sends a command and waits for the reply; a command that ends in a conflict is sent again.
    pub async fn ask<M, T, E>(&self, message: M) -> Result<T, Failure<E>>
    where
        A: Handler<M>,
        M: Message<Result = Result<T, Failure<E>>> + Clone + Send + 'static,
        A::Context: ToEnvelope<A, M>,
        T: Send + 'static,
        E: Send + 'static,
    {
        self.ask_patiently(message, Duration::ZERO).await
    }

    /// Like [`ask`](Self::ask), for a command that may itself wait for up to `patience`.
    pub async fn ask_patiently<M, T, E>(
        &self,
        message: M,
        patience: Duration,
    ) -> Result<T, Failure<E>>
    where
        A: Handler<M>,
        M: Message<Result = Result<T, Failure<E>>> + Clone + Send + 'static,
        A::Context: ToEnvelope<A, M>,
        T: Send + 'static,
        E: Send + 'static,
    {
        let deadline = DEADLINE.saturating_add(patience);
        for _ in 0..ATTEMPTS {
            match send(&self.addr(), message.clone(), deadline).await {
                Some(Err(Failure::Conflict)) => {}
                Some(reply) => return reply,
                None => break,
            }
        }
        Err(self.no_reply())
    }

    /// Sends a command that is part of another one, and returns a conflict to the caller, which
    /// decides the whole command again.
    pub async fn ask_once<M, T, E>(&self, message: M) -> Result<T, Failure<E>>
    where
        A: Handler<M>,
        M: Message<Result = Result<T, Failure<E>>> + Send + 'static,
        A::Context: ToEnvelope<A, M>,
        T: Send + 'static,
        E: Send + 'static,
    {
        let reply = send(&self.addr(), message, DEADLINE).await;
        reply.unwrap_or_else(|| Err(self.no_reply()))
    }

    /// Returns the state of the actor; `None` if it does not reply.
    pub async fn observe<S>(&self) -> Option<S>
    where
        A: Handler<Observe<S>>,
        A::Context: ToEnvelope<A, Observe<S>>,
        S: Send + 'static,
    {
        send(&self.addr(), Observe::default(), DEADLINE).await
    }

    /// Sends a message without waiting for a reply; a full mailbox does not reject it.
    pub fn notify<M>(&self, message: M)
    where
        A: Handler<M>,
        M: Message + Send + 'static,
        M::Result: Send,
        A::Context: ToEnvelope<A, M>,
    {
        self.addr().do_send(message);
    }

    fn no_reply<E>(&self) -> Failure<E> {
        Failure::Unavailable(format!("{} did not reply", self.name))
    }

    fn restart(&self) -> Addr<A> {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if !current.connected() {
            tracing::error!(actor = self.name, "actor panicked, restarting it");
            metrics::counter!("microshop_actor_restarts_total", "actor" => self.name).increment(1);
            *current = (self.start)();
        }
        current.clone()
    }
}

/// Sends a message that is a step of a longer command. The deadline is that of the whole command.
pub(crate) async fn forward<A, M, T, E>(addr: &Addr<A>, message: M) -> Result<T, Failure<E>>
where
    A: Actor<Context = Context<A>> + Handler<M>,
    M: Message<Result = Result<T, Failure<E>>> + Send + 'static,
    A::Context: ToEnvelope<A, M>,
    T: Send + 'static,
    E: Send + 'static,
{
    match addr.clone().send(message).await {
        Ok(reply) => reply,
        Err(died) => {
            wait_until_stopped(addr).await;
            Err(Failure::Unavailable(died.to_string()))
        }
    }
}

async fn send<A, M>(addr: &Addr<A>, message: M, deadline: Duration) -> Option<M::Result>
where
    A: Actor<Context = Context<A>> + Handler<M>,
    M: Message + Send + 'static,
    M::Result: Send,
    A::Context: ToEnvelope<A, M>,
{
    let reply = addr.send(message).timeout(deadline).await;
    if matches!(reply, Err(MailboxError::Closed)) {
        wait_until_stopped(addr).await;
    }
    reply.ok()
}

/// Waits until a panicked actor is gone: until then its mailbox accepts messages that are never
/// handled.
async fn wait_until_stopped<A: Actor>(addr: &Addr<A>) {
    for _ in 0..CHECKS {
        if !addr.connected() {
            return;
        }
        sleep(CHECK_EVERY).await;
    }
}
