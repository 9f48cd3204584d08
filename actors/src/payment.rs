//! The payment gateway: the only one who talks to the bank, through a breaker.
//!
//! Owns: the breaker; how many calls are under way.
//! Serves: the order desk, administrators.
//! Tells: `breaker.changed`.
//! Restart: the breaker is read from the store; a call runs in a task of its own and outlives the actor.

use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, AtomicResponse, Context,
    ContextFutureSpawner, Handler, Message, ResponseFuture, WrapFuture,
};
use domain::breaker::{Breaker, Limits, Permit, Rejected, Verdict};
use domain::event::Event;
use domain::payment::Outcome;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::ask::{Atomic, Failure, Observe, Observed};
use crate::bank::{Answer, Bank, BankError, Charge};
use crate::clock::Clock;
use crate::failpoint::{self, Durable};
use crate::store::{StoreError, Version};
use crate::tables::{Row, Tables, version};

/// Asks for the right to make one call to the bank.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<CallPermit, Failure<Rejected>>")]
pub struct Admit;

/// Sets the breaker by hand; the reply is the breaker as it is then, durably.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Result<Breaker, Failure<Rejected>>")]
pub enum SetBreaker {
    /// No call is made any more.
    Isolate,
    /// Calls are made as if none had failed.
    Reset,
}

/// Has the bank charge, or pay back what it charged.
#[derive(Message)]
#[rtype(result = "Outcome")]
pub struct Call {
    /// The right to do so.
    pub permit: CallPermit,
    /// What the bank is asked.
    pub request: Request,
}

/// What the bank is asked.
#[derive(Debug, Clone)]
pub enum Request {
    /// To charge.
    Charge(Charge),
    /// To pay back what was charged for a key.
    Void(String),
}

/// The right to make one call to the bank; given back by itself if the call is never made.
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

/// Says how a permitted call ended.
#[derive(Message)]
#[rtype(result = "()")]
struct Record {
    permit: Permit,
    verdict: Verdict,
}

/// What the gateway needs to work.
#[derive(Clone)]
pub struct PaymentDeps {
    /// Where the breaker is kept.
    pub tables: Tables,
    /// The bank.
    pub bank: Arc<dyn Bank>,
    /// Tells the time.
    pub clock: Clock,
    /// When the breaker opens.
    pub limits: Limits,
    /// How long a call may take.
    pub timeout: Duration,
    /// How many calls may be under way.
    pub calls: Arc<Semaphore>,
}

/// The actor that talks to the bank.
pub struct PaymentGateway {
    parts: PaymentDeps,
    breaker: Breaker,
    /// The version of the breaker's row.
    version: Option<Version>,
}

impl PaymentGateway {
    /// A gateway to a bank.
    pub fn new(parts: PaymentDeps) -> Self {
        Self { parts, breaker: Breaker::default(), version: None }
    }
}

impl Actor for PaymentGateway {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let tables = self.parts.tables.clone();
        let load = async move { tables.breaker.get("bank").await }.into_actor(self);
        load.map(|row: Result<Option<Row<Breaker>>, StoreError>, gateway, ctx| match row {
            Ok(row) => {
                gateway.version = version(&row);
                let breaker = row.map(|row| row.value).unwrap_or_default();
                gateway.breaker = breaker.recovered(gateway.parts.clock.now());
            }
            Err(error) => {
                tracing::error!(%error, "the breaker can't be read");
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
        let now = self.parts.clock.now();
        let permit = self.with_breaker(ctx, |breaker| breaker.admit(now));
        let permit = permit.map_err(Failure::Refused)?;
        Ok(CallPermit { permit, gateway: ctx.address(), verdict: Verdict::Unused })
    }
}

impl Handler<SetBreaker> for PaymentGateway {
    type Result = Atomic<Self, Breaker, Rejected>;

    fn handle(&mut self, set: SetBreaker, _: &mut Self::Context) -> Self::Result {
        let before = self.breaker;
        match set {
            SetBreaker::Isolate => self.breaker.isolate(),
            SetBreaker::Reset => self.breaker.reset(),
        }
        let write = (self.breaker != before).then(|| self.write_down());
        let write = async move {
            match write {
                Some(write) => write.await.map(Some),
                None => Ok(None),
            }
        };
        AtomicResponse::new(Box::pin(write.into_actor(self).map(
            |written: Result<_, StoreError>, gateway, ctx| {
                if let Some(written) = written.clone().transpose() {
                    gateway.written(written, ctx);
                }
                written?;
                Ok(gateway.breaker)
            },
        )))
    }
}

impl Handler<Call> for PaymentGateway {
    type Result = ResponseFuture<Outcome>;

    fn handle(&mut self, Call { permit, request }: Call, _: &mut Self::Context) -> Self::Result {
        // A task of its own: a panic in the bank's code ends the task, not the actor.
        let call = tokio::spawn(self.parts.clone().call(permit, request));
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
        let (now, limits) = (self.parts.clock.now(), self.parts.limits);
        self.with_breaker(ctx, |breaker| breaker.record(permit, verdict, now, &limits));
    }
}

impl Handler<Observe> for PaymentGateway {
    type Result = Observed;

    fn handle(&mut self, _: Observe, _: &mut Self::Context) -> Observed {
        Observed(
            json!({ "breaker": self.breaker, "free_calls": self.parts.calls.available_permits() }),
        )
    }
}

impl PaymentGateway {
    /// Lets something happen to the breaker, and writes down a change of state before anything else happens.
    fn with_breaker<T>(
        &mut self,
        ctx: &mut Context<Self>,
        happen: impl FnOnce(&mut Breaker) -> T,
    ) -> T {
        let before = self.breaker;
        let result = happen(&mut self.breaker);
        if self.breaker.generation != before.generation {
            self.write_down()
                .into_actor(self)
                .map(|written, gateway, ctx| gateway.written(written, ctx))
                .wait(ctx);
        }
        result
    }

    fn write_down(&self) -> impl Future<Output = Result<Version, StoreError>> + 'static {
        let (tables, breaker, version) = (self.parts.tables.clone(), self.breaker, self.version);
        let now = self.parts.clock.now();
        async move {
            let change = tables.change(now).put(&tables.breaker, "bank", version, &breaker)?;
            tables
                .commit_step(Durable::Breaker, change.publish(&Event::BreakerChanged(breaker))?)
                .await?;
            Ok(version.unwrap_or_default() + 1)
        }
    }

    fn written(&mut self, written: Result<Version, StoreError>, ctx: &mut Context<Self>) {
        match written {
            Ok(version) => {
                self.version = Some(version);
                let state = self.breaker.state.name();
                metrics::counter!("microshop_breaker_transitions_total", "to" => state)
                    .increment(1);
            }
            Err(error) => {
                tracing::error!(%error, "the breaker can't be written down");
                ctx.stop();
            }
        }
    }
}

impl PaymentDeps {
    async fn call(self, mut permit: CallPermit, request: Request) -> Outcome {
        let Ok(Ok(_place)) = timeout(self.timeout, self.calls.acquire()).await else {
            return Outcome::NotSent;
        };
        // What a panic leaves behind: the call was made and nobody knows how it ended.
        permit.verdict = Verdict::Failure;
        let answer = timeout(self.timeout, self.ask_bank(&request)).await;
        let answer = answer.unwrap_or_else(|_| Err(BankError::Unknown("no answer in time".into())));
        match answer {
            Ok(answer) => {
                permit.verdict = Verdict::Healthy;
                if answer == Answer::Approved { Outcome::Approved } else { Outcome::Declined }
            }
            Err(error) => {
                tracing::warn!(%error, ?request, "call to the bank failed");
                if matches!(error, BankError::NotSent(_)) {
                    Outcome::NotSent
                } else {
                    Outcome::Unknown
                }
            }
        }
    }

    async fn ask_bank(&self, request: &Request) -> Result<Answer, BankError> {
        match request {
            Request::Charge(charge) => self.bank.charge(charge).await,
            Request::Void(key) => self.bank.void(key).await.map(|()| Answer::Approved),
        }
    }
}
