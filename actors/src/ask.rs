//! Sending messages to actors: `ask` waits for the reply, `notify` does not.
//!
//! A [`Child`] is a handle to a long-lived actor. An actor that has panicked is restarted before
//! the next message is sent, and reads its state from the store.

use std::panic::resume_unwind;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use actix::dev::ToEnvelope;
use actix::fut::wrap_future;
use actix::{Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, MailboxError, Message};
use domain::system::ActorReport;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::activity::Activity;
use crate::clock::Clock;
use crate::conflict::{ATTEMPTS, pause};
use crate::failure::Failure;
use crate::observe::Observe;

/// How long a reply may take, including the time in the mailbox.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// How long an administrator waits for the state of an actor.
const GLANCE: Duration = Duration::from_secs(1);

/// How often, and at most how many times, to check whether a panicked actor is gone.
const CHECK_EVERY: Duration = Duration::from_millis(1);
const CHECKS: usize = 100;

/// Starts an actor, which may arm its kill switch.
type Start<A> = dyn Fn(&KillSwitch) -> Addr<A> + Send + Sync;

/// A long-lived actor that is restarted after a panic.
pub struct Child<A: Actor> {
    name: &'static str,
    clock: Clock,
    start: Arc<Start<A>>,
    current: Arc<RwLock<Addr<A>>>,
    activity: Arc<Activity>,
    switch: KillSwitch,
}

/// Makes the actor in whose context it is armed panic, to show that it is restarted.
#[derive(Clone, Default)]
pub struct KillSwitch(Arc<Notify>);

impl KillSwitch {
    /// Arms the switch in the context of an actor.
    pub(crate) fn arm<A: Actor<Context = Context<A>>>(&self, ctx: &mut Context<A>) {
        let switch = self.0.clone();
        let killed = wrap_future::<_, A>(async move { switch.notified().await });
        // As a panic, without the message that one prints.
        ctx.spawn(killed.map(|(), _, _| resume_unwind(Box::new("killed"))));
    }
}

impl<A: Actor> Clone for Child<A> {
    fn clone(&self) -> Self {
        Self {
            name: self.name,
            clock: self.clock.clone(),
            start: self.start.clone(),
            current: self.current.clone(),
            activity: self.activity.clone(),
            switch: self.switch.clone(),
        }
    }
}

impl<A: Actor<Context = Context<A>>> Child<A> {
    /// Starts an actor with `start`, which also restarts it and may arm its kill switch.
    pub fn start(
        name: &'static str,
        clock: Clock,
        start: impl Fn(&KillSwitch) -> Addr<A> + Send + Sync + 'static,
    ) -> Self {
        let switch = KillSwitch::default();
        let current = Arc::new(RwLock::new(start(&switch)));
        Self { name, clock, start: Arc::new(start), current, activity: Arc::default(), switch }
    }

    /// Restarts the actor if it has stopped, and ends a second of its counts.
    pub(crate) fn tick(&self) {
        self.addr();
        self.activity.handled.tick();
    }

    /// Makes the actor panic after the command in progress, if its kill switch is armed.
    pub(crate) fn kill(&self) {
        self.switch.0.notify_one();
    }

    /// Returns what the actor has done and the numbers of its state.
    pub(crate) async fn report<S>(
        &self,
        numbers: impl FnOnce(S) -> Vec<(&'static str, usize)>,
    ) -> ActorReport
    where
        A: Handler<Observe<S>>,
        A::Context: ToEnvelope<A, Observe<S>>,
        S: Send + 'static,
    {
        let state = send(&self.addr(), Observe::default(), GLANCE).await.map(numbers);
        let state = state.map(|numbers| {
            numbers.into_iter().map(|(name, number)| (name, number as u64)).collect()
        });
        ActorReport { state, ..self.activity.report(self.name) }
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
        for attempt in 1..=ATTEMPTS {
            match self.send(message.clone(), deadline).await {
                Some(Err(Failure::Conflict)) => sleep(pause(attempt)).await,
                Some(reply) => return self.noted(reply),
                None => break,
            }
        }
        self.noted(Err(self.no_reply()))
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
        let reply = self.send(message, DEADLINE).await;
        self.noted(reply.unwrap_or_else(|| Err(self.no_reply())))
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

    /// Sends a command, and counts it while it waits and when it is replied to.
    async fn send<M>(&self, message: M, deadline: Duration) -> Option<M::Result>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
        M::Result: Send,
        A::Context: ToEnvelope<A, M>,
    {
        let waiting = self.activity.wait();
        let reply = send(&self.addr(), message, deadline).await;
        drop(waiting);
        self.activity.handled.add(u64::from(reply.is_some()));
        reply
    }

    /// Notes a failure for which the caller gives no reason.
    fn noted<T, E>(&self, reply: Result<T, Failure<E>>) -> Result<T, Failure<E>> {
        if let Err(Failure::Unavailable(text)) = &reply {
            self.activity.fail(self.clock.now(), text);
        }
        reply
    }

    fn no_reply<E>(&self) -> Failure<E> {
        Failure::Unavailable(format!("{} did not reply", self.name))
    }

    fn restart(&self) -> Addr<A> {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if !current.connected() {
            tracing::error!(actor = self.name, "actor panicked, restarting it");
            metrics::counter!("microshop_actor_restarts_total", "actor" => self.name).increment(1);
            self.activity.restart(self.clock.now());
            self.activity.fail(self.clock.now(), "it panicked");
            *current = (self.start)(&self.switch);
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
