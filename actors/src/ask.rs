//! Saying something to an actor: `ask` waits for the reply, `tell` doesn't.
//!
//! A [`Child`] is an actor's name that outlives the actor: an actor that died of a panic is started
//! again before the next message is sent. What it kept, it reads from the store.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use actix::dev::{MessageResponse, ToEnvelope};
use actix::{Actor, Addr, AtomicResponse, Context, Handler, MailboxError, Message, WrapFuture};
use serde_json::Value;
use tokio::time::sleep;

use crate::store::StoreError;

/// How long a reply may take, any waiting in the mailbox included.
const DEADLINE: Duration = Duration::from_secs(10);

/// How often one looks whether an actor that has let go of a message is gone, and how many times.
const LOOK_EVERY: Duration = Duration::from_millis(1);
const LOOKS: usize = 100;

/// How often a command is decided again because somebody else changed what it decided on.
const ATTEMPTS: usize = 64;

/// Why an actor did not do as it was told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure<E> {
    /// A rule forbids it; nothing was changed.
    #[error(transparent)]
    Refused(E),
    /// What it was decided on has changed meanwhile; nothing was changed, and it may be decided again.
    #[error("the value has changed meanwhile")]
    Conflict,
    /// The actor or the store did not answer; what was asked for may or may not have happened.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

impl<E> Failure<E> {
    /// The failure with what a rule says in other words.
    pub fn map_refused<F>(self, other: impl FnOnce(E) -> F) -> Failure<F> {
        match self {
            Self::Refused(error) => Failure::Refused(other(error)),
            Self::Conflict => Failure::Conflict,
            Self::Unavailable(why) => Failure::Unavailable(why),
        }
    }
}

impl<E> From<StoreError> for Failure<E> {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict => Self::Conflict,
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// The reply to a command during which its actor does nothing else.
pub type Atomic<A, T, E> = AtomicResponse<A, Result<T, Failure<E>>>;

/// Lets an actor work on a command until it is answered before it hears the next message.
///
/// So within a process no command decides on what another is about to change; across processes the
/// versions of the store see to it.
pub fn one_at_a_time<A, T, E>(
    actor: &A,
    command: impl Future<Output = Result<T, Failure<E>>> + 'static,
) -> Atomic<A, T, E>
where
    A: Actor<Context = Context<A>>,
    T: 'static,
    E: 'static,
{
    AtomicResponse::new(Box::pin(command.into_actor(actor)))
}

/// Asks an actor what it keeps, in short, for the administrator's page and for tests.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Observed")]
pub struct Observe;

/// What an actor keeps, in short.
#[derive(Debug, Clone, PartialEq, Eq, MessageResponse)]
pub struct Observed(pub Value);

/// A long-lived actor that is started again when it is found dead.
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
    /// Starts an actor, now and whenever it has died.
    pub fn start(name: &'static str, start: impl Fn() -> Addr<A> + Send + Sync + 'static) -> Self {
        let current = Arc::new(RwLock::new(start()));
        Self { name, start: Arc::new(start), current }
    }

    /// The living actor's address.
    pub fn addr(&self) -> Addr<A> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        if current.connected() { current } else { self.restart() }
    }

    /// The actor's reply; a command that met a conflict is decided again.
    pub async fn ask<M, T, E>(&self, message: M) -> Result<T, Failure<E>>
    where
        A: Handler<M>,
        M: Message<Result = Result<T, Failure<E>>> + Clone + Send + 'static,
        A::Context: ToEnvelope<A, M>,
        T: Send + 'static,
        E: Send + 'static,
    {
        for _ in 0..ATTEMPTS {
            match self.request(message.clone()).await {
                Some(Err(Failure::Conflict)) => {}
                Some(reply) => return reply,
                None => break,
            }
        }
        Err(Failure::Unavailable(format!("{} did not answer", self.name)))
    }

    /// The actor's reply to a command that is part of another: a conflict goes back to whoever decided the whole.
    pub async fn ask_once<M, T, E>(&self, message: M) -> Result<T, Failure<E>>
    where
        A: Handler<M>,
        M: Message<Result = Result<T, Failure<E>>> + Send + 'static,
        A::Context: ToEnvelope<A, M>,
        T: Send + 'static,
        E: Send + 'static,
    {
        let reply = self.request(message).await;
        reply.unwrap_or_else(|| Err(Failure::Unavailable(format!("{} did not answer", self.name))))
    }

    /// What the actor keeps, unless it doesn't answer.
    pub async fn observe(&self) -> Option<Value>
    where
        A: Handler<Observe>,
        A::Context: ToEnvelope<A, Observe>,
    {
        self.request(Observe).await.map(|Observed(kept)| kept)
    }

    /// Sends a message whose reply nobody waits for; it is not lost to a full mailbox.
    pub fn notify<M>(&self, message: M)
    where
        A: Handler<M>,
        M: Message + Send + 'static,
        M::Result: Send,
        A::Context: ToEnvelope<A, M>,
    {
        self.addr().do_send(message);
    }

    async fn request<M>(&self, message: M) -> Option<M::Result>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
        M::Result: Send,
        A::Context: ToEnvelope<A, M>,
    {
        let addr = self.addr();
        let reply = addr.send(message).timeout(DEADLINE).await;
        if matches!(reply, Err(MailboxError::Closed)) {
            is_gone(&addr).await;
        }
        reply.ok()
    }

    fn restart(&self) -> Addr<A> {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if !current.connected() {
            tracing::error!(actor = self.name, "actor died, starting it again");
            metrics::counter!("microshop_actor_restarts_total", "actor" => self.name).increment(1);
            *current = (self.start)();
        }
        current.clone()
    }
}

/// Waits until an actor that panicked is gone: before that its mailbox still takes messages, which nobody will read.
async fn is_gone<A: Actor>(addr: &Addr<A>) {
    for _ in 0..LOOKS {
        if !addr.connected() {
            return;
        }
        sleep(LOOK_EVERY).await;
    }
}
