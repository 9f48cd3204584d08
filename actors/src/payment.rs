//! The payment gateway: the only way to the bank, through a circuit breaker.
//!
//! Owns: the breaker; the behaviour of the simulated bank; how many calls are running.
//! Serves: the order desk, administrators.
//! Publishes: `breaker.changed`, `bank.changed`.
//! Restart: the breaker is read from the store; a call runs in a task of its own and outlives the
//! actor.
//!
//! All nodes share the breaker. A node decides on what it has last read or written, and a change
//! is stored before anything follows from it; of two nodes that change it at once, one reads what
//! the other has stored and decides again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, ContextFutureSpawner,
    Handler, Message, MessageResult, ResponseFuture, WrapFuture,
};
use domain::bank::{Behaviour, BehaviourChange};
use domain::breaker::{Breaker, Permit, Rejected, Verdict};
use domain::moment::Moment;
use domain::payment::Outcome;
use domain::user::Author;

use crate::bank::Charge;
use crate::failpoint;
use crate::failure::Failure;
use crate::handling::{Detached, Exclusive, exclusive};
use crate::observe::Observe;
use crate::store::StoreError;
use commands::{KnownBreaker, PaymentDeps};

pub mod calls;
pub mod commands;
mod line;

/// The shortest wait that a refusal names.
const TICK: Duration = Duration::from_secs(1);

/// Requests permits for calls to the bank; each call needs one.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Admitted, Failure<Rejected>>")]
pub struct Admit {
    /// How many calls.
    pub calls: usize,
}

/// The permits that the breaker gives.
#[derive(Debug, Default)]
pub struct Admitted {
    /// At most one for each call.
    pub permits: Vec<CallPermit>,
    /// When to try the other calls again; `None` if there are none.
    pub retry_after: Option<Duration>,
}

/// What an administrator sets the breaker to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manual {
    /// Open until it is reset.
    Isolated,
    /// Closed, with all failures forgotten.
    Reset,
}

/// Sets the breaker manually; the reply is the breaker once it is durable.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Breaker, Failure<Rejected>>")]
pub struct SetBreaker {
    /// What to set it to.
    pub to: Manual,
    /// The administrator.
    pub by: Option<Author>,
}

/// Passes on an event of the breaker; `None` if the store was replaced by another state.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct BreakerStored(pub Option<Breaker>);

/// Changes the behaviour of the simulated bank on every node; the reply is the behaviour once it is
/// durable.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Behaviour, Failure<Rejected>>")]
pub struct ChangeBehaviour {
    /// The fields to change.
    pub change: BehaviourChange,
    /// The administrator.
    pub by: Option<Author>,
}

/// Calls the bank when there is room for a call. The reply is `None` if no call was made, because
/// it was not wanted any more or the breaker had changed its state by then.
#[derive(Message)]
#[rtype(result = "Option<Outcome>")]
pub struct Call {
    /// The permit for this call.
    pub permit: CallPermit,
    /// What to request.
    pub request: Request,
    /// Whether the call is still wanted when there is room for it.
    pub wanted: Wanted,
}

/// Whether a call that waits in line is still wanted. Clones share one state.
#[derive(Debug, Clone)]
pub struct Wanted {
    until: Moment,
    withdrawn: Arc<AtomicBool>,
}

impl Wanted {
    /// Creates the state of a call that is wanted until a moment.
    pub fn until(until: Moment) -> Self {
        Self { until, withdrawn: Arc::default() }
    }

    /// Withdraws the call; one that has started goes on.
    pub fn withdraw(&self) {
        self.withdrawn.store(true, Ordering::Relaxed);
    }

    fn at(&self, now: Moment) -> bool {
        now < self.until && !self.withdrawn.load(Ordering::Relaxed)
    }
}

/// A request to the bank.
#[derive(Debug, Clone)]
pub enum Request {
    /// Charge an order. If the bank refuses that for good, look the key up, and void it unless the
    /// bank has charged it before.
    Charge(Charge),
    /// Refund the charge of a key.
    Refund(String),
    /// Void a key: whatever became of the charge, nothing is charged in the end.
    Void(String),
    /// Look up the decision on a charge, and void its key unless the bank has charged it.
    Resolve(Charge),
}

/// The permit for one call to the bank. Dropping it reports the verdict to the breaker; a permit
/// that was never used counts neither as success nor as failure.
#[derive(Debug)]
pub struct CallPermit {
    permit: Permit,
    gateway: Addr<PaymentGateway>,
    verdict: Verdict,
}

impl Drop for CallPermit {
    fn drop(&mut self) {
        self.gateway.do_send(Record { permit: self.permit, verdict: self.verdict });
    }
}

impl CallPermit {
    /// Whether the breaker is in the state in which it gave the permit.
    async fn is_current(&self) -> bool {
        self.gateway.send(IsCurrent(self.permit)).await.unwrap_or(false)
    }
}

/// Asks whether a permit was given in the current state of the breaker.
#[derive(Message)]
#[rtype(result = "bool")]
struct IsCurrent(Permit);

/// Reports how a permitted call ended.
#[derive(Message)]
#[rtype(result = "()")]
struct Record {
    permit: Permit,
    verdict: Verdict,
}

/// The observable state of the gateway.
#[derive(Debug, Clone, PartialEq)]
pub struct PaymentsState {
    /// The breaker.
    pub breaker: Breaker,
    /// How many more calls may run at once.
    pub free_calls: usize,
    /// How many calls wait for room.
    pub waiting_calls: usize,
}

/// The actor that calls the bank.
pub struct PaymentGateway {
    deps: PaymentDeps,
    known: KnownBreaker,
}

impl PaymentGateway {
    /// Creates a gateway to a bank.
    pub fn new(deps: PaymentDeps) -> Self {
        let known = KnownBreaker::new(&deps.shared.clock);
        Self { deps, known }
    }
}

impl Actor for PaymentGateway {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let deps = self.deps.clone();
        async move { deps.read_breaker().await }
            .into_actor(self)
            .map(|read: Result<KnownBreaker, StoreError>, gateway, ctx| match read {
                Ok(known) => gateway.known = known,
                Err(error) => {
                    tracing::error!(%error, "could not read the breaker");
                    ctx.stop();
                }
            })
            .wait(ctx);
    }
}

impl Handler<Admit> for PaymentGateway {
    type Result = Exclusive<Self, Admitted, Rejected>;

    fn handle(&mut self, Admit { calls }: Admit, ctx: &mut Self::Context) -> Self::Result {
        failpoint::reach("payments");
        // A line longer than an order may stay unpaid takes no more orders.
        let wait = self.deps.line.wait();
        let excess = wait.checked_sub(self.deps.shared.rules.orders.expiry);
        let calls = if excess.is_some() { 0 } else { calls };
        let admit = self.deps.clone().admit(self.known, calls);
        let address = ctx.address();
        exclusive(self, admit, move |admitted, gateway, _| {
            let (known, permits, retry_after) = admitted?;
            gateway.known = known;
            let permit =
                |permit| CallPermit { permit, gateway: address.clone(), verdict: Verdict::Unused };
            Ok(Admitted {
                permits: permits.into_iter().map(permit).collect(),
                retry_after: excess.map(|excess| excess + TICK).or(retry_after),
            })
        })
    }
}

impl Handler<SetBreaker> for PaymentGateway {
    type Result = Exclusive<Self, Breaker, Rejected>;

    fn handle(&mut self, SetBreaker { to, by }: SetBreaker, _: &mut Self::Context) -> Self::Result {
        exclusive(self, self.deps.clone().set_breaker(to, by), |set, gateway, _| {
            gateway.known = set?;
            Ok(gateway.known.breaker)
        })
    }
}

impl Handler<BreakerStored> for PaymentGateway {
    type Result = ();

    fn handle(&mut self, BreakerStored(stored): BreakerStored, ctx: &mut Self::Context) {
        let is_old = |stored: Breaker| {
            stored == self.known.breaker || stored.generation < self.known.breaker.generation
        };
        if stored.is_some_and(is_old) {
            return;
        }
        let (deps, known) = (self.deps.clone(), self.known);
        let read = async move {
            match stored {
                Some(_) => deps.follow_breaker(known).await,
                None => deps.read_breaker().await,
            }
        };
        self.adopt(read, ctx);
    }
}

impl Handler<ChangeBehaviour> for PaymentGateway {
    type Result = Detached<Behaviour, Rejected>;

    fn handle(
        &mut self,
        ChangeBehaviour { change, by }: ChangeBehaviour,
        _: &mut Context<Self>,
    ) -> Self::Result {
        let deps = self.deps.clone();
        Box::pin(async move { Ok(deps.change_behaviour(change, by).await?) })
    }
}

impl Handler<Call> for PaymentGateway {
    type Result = ResponseFuture<Option<Outcome>>;

    fn handle(&mut self, call: Call, _: &mut Self::Context) -> Self::Result {
        // In a task of its own: a panic in the bank's adapter ends the task, not the actor.
        let call = tokio::spawn(self.deps.clone().call(call));
        Box::pin(async move {
            let outcome = call.await.unwrap_or(Some(Outcome::Unknown))?;
            metrics::counter!("microshop_bank_calls_total", "outcome" => outcome.name())
                .increment(1);
            Some(outcome)
        })
    }
}

impl Handler<IsCurrent> for PaymentGateway {
    type Result = bool;

    fn handle(&mut self, IsCurrent(permit): IsCurrent, _: &mut Self::Context) -> Self::Result {
        self.known.breaker.is_current(permit)
    }
}

impl Handler<Record> for PaymentGateway {
    type Result = ();

    fn handle(&mut self, Record { permit, verdict }: Record, ctx: &mut Self::Context) {
        self.adopt(self.deps.clone().record(self.known, permit, verdict), ctx);
    }
}

impl Handler<Observe<PaymentsState>> for PaymentGateway {
    type Result = MessageResult<Observe<PaymentsState>>;

    fn handle(&mut self, _: Observe<PaymentsState>, _: &mut Self::Context) -> Self::Result {
        let line = &self.deps.line;
        let (free_calls, waiting_calls) = (line.free(), line.waiting());
        MessageResult(PaymentsState { breaker: self.known.breaker, free_calls, waiting_calls })
    }
}

impl PaymentGateway {
    /// Adopts a breaker once it is read or stored. No other message is handled before.
    fn adopt(
        &mut self,
        work: impl Future<Output = Result<KnownBreaker, StoreError>> + 'static,
        ctx: &mut Context<Self>,
    ) {
        work.into_actor(self)
            .map(|known, gateway, _| match known {
                Ok(known) => gateway.known = known,
                Err(error) => tracing::error!(%error, "could not read or write the breaker"),
            })
            .wait(ctx);
    }
}
