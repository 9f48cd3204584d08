//! The payment gateway: the only way to the bank, through a circuit breaker.
//!
//! Owns: the breaker; how many calls are running.
//! Serves: the order desk, administrators.
//! Publishes: `breaker.changed`.
//! Restart: the breaker is read from the store; a call runs in a task of its own and outlives the
//! actor.

use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, ContextFutureSpawner,
    Handler, Message, MessageResult, ResponseFuture, WrapFuture,
};
use domain::breaker::{Breaker, Permit, Rejected, Verdict};
use domain::payment::Outcome;

use crate::bank::Charge;
use crate::failpoint;
use crate::failure::Failure;
use crate::handling::{Exclusive, exclusive};
use crate::observe::Observe;
use crate::store::{StoreError, Version};
use commands::{PaymentDeps, StoredBreaker};

pub mod commands;

/// Requests a permit for one call to the bank.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<CallPermit, Failure<Rejected>>")]
pub struct Admit;

/// Sets the breaker manually; the reply is the breaker once it is durable.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Result<Breaker, Failure<Rejected>>")]
pub enum SetBreaker {
    /// Opens the breaker until it is reset.
    Isolate,
    /// Closes the breaker and forgets all failures.
    Reset,
}

/// Calls the bank.
#[derive(Message)]
#[rtype(result = "Outcome")]
pub struct Call {
    /// The permit for this call.
    pub permit: CallPermit,
    /// What to request.
    pub request: Request,
}

/// A request to the bank.
#[derive(Debug, Clone)]
pub enum Request {
    /// Charge an order.
    Charge(Charge),
    /// Void the charge of a key, or refund it.
    Void(String),
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
}

/// The actor that calls the bank.
pub struct PaymentGateway {
    deps: PaymentDeps,
    breaker: Breaker,
    /// The version of the breaker's row; `None` before the first change.
    version: Option<Version>,
}

impl PaymentGateway {
    /// Creates a gateway to a bank.
    pub fn new(deps: PaymentDeps) -> Self {
        Self { deps, breaker: Breaker::default(), version: None }
    }
}

impl Actor for PaymentGateway {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let read = self.deps.clone().read_breaker().into_actor(self);
        read.map(|read: Result<StoredBreaker, StoreError>, gateway, ctx| match read {
            Ok(StoredBreaker { breaker, version }) => {
                gateway.breaker = breaker;
                gateway.version = version;
            }
            Err(error) => {
                tracing::error!(%error, "could not read the breaker");
                ctx.stop();
            }
        })
        .wait(ctx);
    }
}

impl Handler<Admit> for PaymentGateway {
    type Result = Result<CallPermit, Failure<Rejected>>;

    fn handle(&mut self, _: Admit, ctx: &mut Self::Context) -> Self::Result {
        failpoint::reach("payments");
        let now = self.deps.shared.clock.now();
        let permit = self.update_breaker(ctx, |breaker| breaker.admit(now));
        let permit = permit.map_err(Failure::Refused)?;
        Ok(CallPermit { permit, gateway: ctx.address(), verdict: Verdict::Unused })
    }
}

impl Handler<SetBreaker> for PaymentGateway {
    type Result = Exclusive<Self, Breaker, Rejected>;

    fn handle(&mut self, set: SetBreaker, _: &mut Self::Context) -> Self::Result {
        let before = self.breaker;
        match set {
            SetBreaker::Isolate => self.breaker.isolate(),
            SetBreaker::Reset => self.breaker.reset(),
        }
        let write = (self.breaker != before).then(|| self.write_breaker());
        let work = async move {
            match write {
                Some(write) => Some(write.await),
                None => None,
            }
        };
        exclusive(self, work, |written, gateway, ctx| {
            if let Some(written) = written {
                gateway.adopt_version(written.clone(), ctx);
                written?;
            }
            Ok(gateway.breaker)
        })
    }
}

impl Handler<Call> for PaymentGateway {
    type Result = ResponseFuture<Outcome>;

    fn handle(&mut self, Call { permit, request }: Call, _: &mut Self::Context) -> Self::Result {
        // In a task of its own: a panic in the bank's adapter ends the task, not the actor.
        let call = tokio::spawn(self.deps.clone().call(permit, request));
        Box::pin(async move {
            let outcome = call.await.unwrap_or(Outcome::Unknown);
            metrics::counter!("microshop_bank_calls_total", "outcome" => outcome.name())
                .increment(1);
            outcome
        })
    }
}

impl Handler<Record> for PaymentGateway {
    type Result = ();

    fn handle(&mut self, Record { permit, verdict }: Record, ctx: &mut Self::Context) {
        let now = self.deps.shared.clock.now();
        let limits = self.deps.shared.rules.breaker;
        self.update_breaker(ctx, |breaker| breaker.record(permit, verdict, now, &limits));
    }
}

impl Handler<Observe<PaymentsState>> for PaymentGateway {
    type Result = MessageResult<Observe<PaymentsState>>;

    fn handle(&mut self, _: Observe<PaymentsState>, _: &mut Self::Context) -> Self::Result {
        let free_calls = self.deps.calls.available_permits();
        MessageResult(PaymentsState { breaker: self.breaker, free_calls })
    }
}

impl PaymentGateway {
    /// Updates the breaker; a change of state is durable before the next message is handled.
    fn update_breaker<T>(
        &mut self,
        ctx: &mut Context<Self>,
        update: impl FnOnce(&mut Breaker) -> T,
    ) -> T {
        let before = self.breaker.generation;
        let result = update(&mut self.breaker);
        if self.breaker.generation != before {
            self.write_breaker()
                .into_actor(self)
                .map(|written, gateway, ctx| gateway.adopt_version(written, ctx))
                .wait(ctx);
        }
        result
    }

    fn write_breaker(&self) -> impl Future<Output = Result<Version, StoreError>> + 'static {
        self.deps.clone().write_breaker(self.breaker, self.version)
    }

    /// Adopts the version that was written. A gateway that cannot write its breaker stops:
    /// restarted, it reads the breaker again.
    fn adopt_version(&mut self, written: Result<Version, StoreError>, ctx: &mut Context<Self>) {
        match written {
            Ok(version) => {
                self.version = Some(version);
                let state = self.breaker.state.name();
                metrics::counter!("microshop_breaker_transitions_total", "to" => state)
                    .increment(1);
            }
            Err(error) => {
                tracing::error!(%error, "could not write the breaker");
                ctx.stop();
            }
        }
    }
}
