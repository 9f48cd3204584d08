//! Requests that are answered once: for at least three days, the same key gets the same answer
//! (draft-ietf-httpapi-idempotency-key-header).

use std::time::Duration;

use actix::{Addr, AsyncContext, Handler, Message};
use domain::moment::KEPT_AFTER_EXPIRY;
use domain::order::{Order, OrderError, OrderId};
use domain::time::later;
use domain::user::UserId;
use tokio::time::timeout;

use super::bank_calls::AwaitPayment;
use super::commands::OrderDeps;
use super::decision::{self, Command, Decision, KeyedRequest};
use super::{IdempotencyKey, OrderDesk, Submit};
use crate::ask::{DEADLINE, forward};
use crate::failure::Failure;
use crate::handling::{Concurrent, Reply, concurrent};
use crate::store::StoreError;
use crate::tables::UsedKey;
use crate::tables::rows::{RowError, Rows};
use crate::tables::table::Row;

/// How long an idempotency key is stored: three days, and as much longer as a clock that is ahead
/// could take from them.
const KEYS_KEPT: Duration = KEPT_AFTER_EXPIRY.saturating_add(Duration::from_secs(72 * 3_600));

/// Begins a request, unless it was answered before or is in progress.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Begun, Failure<OrderError>>")]
struct Begin {
    user: UserId,
    idempotency_key: IdempotencyKey,
}

/// What [`Begin`] found.
enum Begun {
    /// The request was answered with this order before.
    Answered(Box<Order>),
    /// The request is new.
    New(InProgress),
}

/// A request in progress. Dropping it allows the same request to begin again.
struct InProgress {
    request: KeyedRequest,
    desk: Addr<OrderDesk>,
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.desk.do_send(Release(self.request.used_key.clone()));
    }
}

/// Removes a key from the requests in progress.
#[derive(Message)]
#[rtype(result = "()")]
struct Release(String);

/// Submits an order change, waits for the bank, and stores the answer under the request's key; a
/// repeated request gets the stored answer. While the bank has not decided, the answer is the
/// current state of the order, and is not stored.
///
/// Without `patience` the answer is the order as it was submitted, and is not stored.
/// Every step is a message of its own, so that the desk serves others while this request waits.
/// When the caller's deadline has passed, the request is dropped, and steps that have not started
/// never do.
pub(super) async fn answer_once(
    desk: Addr<OrderDesk>,
    user: UserId,
    idempotency_key: IdempotencyKey,
    patience: Option<Duration>,
    submit: Submit,
) -> Reply<Order, OrderError> {
    let deadline = DEADLINE.saturating_add(patience.unwrap_or_default());
    let answer = async {
        let Some(patience) = patience else {
            return forward(&desk, submit).await;
        };
        let in_progress = match forward(&desk, Begin { user, idempotency_key }).await? {
            Begun::Answered(order) => return Ok(*order),
            Begun::New(in_progress) => in_progress,
        };
        let request = in_progress.request.clone();
        let order = forward(&desk, submit).await?.id;
        let wait = AwaitPayment { order, patience, request: Some(request.clone()) };
        match forward(&desk, wait).await? {
            Some(answer) => Ok(answer),
            None => forward(&desk, Submit(Command::Answer { request, order })).await,
        }
    };
    let late = |_| Err(Failure::Unavailable("the order desk did not reply in time".to_owned()));
    timeout(deadline, answer).await.unwrap_or_else(late)
}

impl Handler<Begin> for OrderDesk {
    type Result = Concurrent<Self, Begun, OrderError>;

    fn handle(&mut self, begin: Begin, _: &mut Self::Context) -> Self::Result {
        let Begin { user, idempotency_key: IdempotencyKey { key, fingerprint } } = begin;
        let used_key = used_key(user, &key);
        let read = self.deps.clone().used_key(used_key.clone());
        concurrent(self, read, |read, desk, ctx| match read?.map(|row| row.value) {
            Some(used) if used.fingerprint != fingerprint => Err(OrderError::KeyReused.into()),
            Some(UsedKey { answer: Some(order), .. }) if !order.waits_for_bank() => {
                Ok(Begun::Answered(Box::new(order)))
            }
            _ if !desk.in_progress.insert(used_key.clone()) => Err(OrderError::KeyInUse.into()),
            _ => {
                let request = KeyedRequest { used_key, fingerprint };
                Ok(Begun::New(InProgress { request, desk: ctx.address() }))
            }
        })
    }
}

impl Handler<Release> for OrderDesk {
    type Result = ();

    fn handle(&mut self, Release(used_key): Release, _: &mut Self::Context) {
        self.in_progress.remove(&used_key);
    }
}

impl OrderDeps {
    /// Returns the order that a request with this key has changed, if there was one.
    pub(super) fn changed_before(
        &self,
        user: UserId,
        idempotency_key: &IdempotencyKey,
        rows: &mut Rows,
    ) -> decision::Result<Option<Order>> {
        let used_key = used_key(user, &idempotency_key.key);
        match rows.get(&self.shared.tables.used_keys, used_key)? {
            Some(used) if used.fingerprint != idempotency_key.fingerprint => {
                Err(OrderError::KeyReused.into())
            }
            Some(used) => Ok(Some(self.order(used.order, rows)?)),
            None => Ok(None),
        }
    }

    /// Records the use of a key.
    pub(super) fn use_key(
        &self,
        user: UserId,
        idempotency_key: &IdempotencyKey,
        order: OrderId,
        rows: &mut Rows,
    ) -> Result<(), RowError> {
        let fingerprint = idempotency_key.fingerprint.clone();
        let used = UsedKey { fingerprint, order, answer: None };
        let used_key = used_key(user, &idempotency_key.key);
        let until = later(self.shared.clock.now(), KEYS_KEPT);
        rows.put(&self.shared.tables.used_keys, used_key, &used, Some(until))
    }

    async fn used_key(self, used_key: String) -> Result<Option<Row<UsedKey>>, StoreError> {
        self.shared.tables.used_keys.get(used_key).await
    }

    /// Returns the answer to a request: the stored one, else the current state of an order, which
    /// is then stored unless the order waits for the bank.
    pub(super) fn answer_request(
        &self,
        request: &KeyedRequest,
        order: OrderId,
        rows: &mut Rows,
    ) -> decision::Result<Decision> {
        let used = rows.get(&self.shared.tables.used_keys, &request.used_key)?;
        match used {
            Some(used) if used.fingerprint != request.fingerprint => {
                Err(OrderError::KeyReused.into())
            }
            // An earlier version has stored answers before the bank decided.
            Some(UsedKey { answer: Some(answer), .. }) if !answer.waits_for_bank() => {
                Ok(Decision::unchanged(answer))
            }
            _ => {
                let current = Decision::unchanged(self.order(order, rows)?);
                Ok(self.answer(request, current, rows)?)
            }
        }
    }

    /// Returns the request if its answer is still to be stored.
    ///
    /// A damaged row is no error: the outcome of a bank call does not depend on it.
    pub(super) fn unanswered<'a>(
        &self,
        request: &'a KeyedRequest,
        rows: &mut Rows,
    ) -> Result<Option<&'a KeyedRequest>, RowError> {
        match rows.get(&self.shared.tables.used_keys, &request.used_key) {
            Ok(Some(used)) if used.answer.as_ref().is_some_and(|a| !a.waits_for_bank()) => Ok(None),
            Ok(Some(used)) if used.fingerprint != request.fingerprint => Ok(None),
            Ok(_) => Ok(Some(request)),
            Err(RowError::Unread) => Err(RowError::Unread),
            Err(RowError::Store(_)) => Ok(None),
        }
    }

    /// Stores the order of a decision as the answer to a request. While the order waits for the
    /// bank, there is no answer to store.
    pub(super) fn answer(
        &self,
        request: &KeyedRequest,
        decision: Decision,
        rows: &mut Rows,
    ) -> Result<Decision, RowError> {
        let KeyedRequest { used_key, fingerprint } = request.clone();
        let order = decision.order.clone();
        if order.waits_for_bank() {
            return Ok(decision);
        }
        let used = UsedKey { fingerprint, order: order.id, answer: Some(order) };
        let until = later(self.shared.clock.now(), KEYS_KEPT);
        rows.put(&self.shared.tables.used_keys, used_key, &used, Some(until))?;
        Ok(Decision { answered: Some(request.clone()), ..decision })
    }
}

/// Returns the key of the row that stores a user's request.
fn used_key(user: UserId, key: &str) -> String {
    format!("{user}/{key}")
}
