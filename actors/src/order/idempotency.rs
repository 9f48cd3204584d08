//! Requests that are answered once: the same key gets the same answer for three days
//! (draft-ietf-httpapi-idempotency-key-header).

use std::sync::Arc;

use actix::{
    ActorFutureExt, Addr, AsyncContext, AtomicResponse, Handler, Message, ResponseFuture,
    WrapFuture,
};
use domain::order::{Order, OrderError};
use domain::user::UserId;

use super::{IdempotencyKey, OrderDesk};
use crate::ask::{Atomic, Failure};
use crate::store::StoreError;
use crate::tables::{Row, UsedKey};

/// Takes a request in hand, unless it was answered before or is in other hands.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Claimed, Failure<OrderError>>")]
pub struct Claim {
    /// Who makes it.
    pub user: UserId,
    /// Which request it is.
    pub idempotency_key: IdempotencyKey,
}

/// What becomes of a request.
pub enum Claimed {
    /// It was answered with this order before.
    Before(Order),
    /// It is to be answered now.
    Now(Arc<InHand>),
}

/// A request in hand; whoever lets go of it without an answer leaves it to the next.
pub struct InHand {
    key: String,
    fingerprint: String,
    desk: Addr<OrderDesk>,
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.desk.do_send(LetGo(self.key.clone()));
    }
}

/// Answers a request with an order as it is; the reply is what it is answered with from now on.
#[derive(Clone, Message)]
#[rtype(result = "Result<Order, Failure<OrderError>>")]
pub struct Answer {
    /// The request.
    pub in_hand: Arc<InHand>,
    /// The order.
    pub order: Order,
}

/// Says that nobody has a request in hand any more.
#[derive(Message)]
#[rtype(result = "()")]
struct LetGo(String);

impl Handler<Claim> for OrderDesk {
    type Result = Atomic<Self, Claimed, OrderError>;

    fn handle(
        &mut self,
        Claim { user, idempotency_key }: Claim,
        _: &mut Self::Context,
    ) -> Self::Result {
        let key = used_key(user, &idempotency_key);
        let (used, of) = (self.desk.tables.used_keys.clone(), key.clone());
        let read = async move { used.get(&of).await }.into_actor(self);
        AtomicResponse::new(Box::pin(read.map(
            move |read: Result<Option<Row<UsedKey>>, StoreError>, desk, ctx| {
                match read?.map(|row| row.value) {
                    Some(used) if used.fingerprint != idempotency_key.fingerprint => {
                        Err(OrderError::KeyReused.into())
                    }
                    Some(UsedKey { answer: Some(order), .. }) => Ok(Claimed::Before(order)),
                    _ if !desk.in_hand.insert(key.clone()) => Err(OrderError::KeyInUse.into()),
                    _ => {
                        let fingerprint = idempotency_key.fingerprint;
                        Ok(Claimed::Now(Arc::new(InHand { key, fingerprint, desk: ctx.address() })))
                    }
                }
            },
        )))
    }
}

impl Handler<Answer> for OrderDesk {
    type Result = ResponseFuture<Result<Order, Failure<OrderError>>>;

    fn handle(&mut self, Answer { in_hand, order }: Answer, _: &mut Self::Context) -> Self::Result {
        let desk = self.desk.clone();
        Box::pin(async move { desk.answer(&in_hand.key, &in_hand.fingerprint, order).await })
    }
}

impl Handler<LetGo> for OrderDesk {
    type Result = ();

    fn handle(&mut self, LetGo(key): LetGo, _: &mut Self::Context) {
        self.in_hand.remove(&key);
    }
}

/// The key under which a user's request is remembered.
pub(super) fn used_key(user: UserId, idempotency_key: &IdempotencyKey) -> String {
    format!("{user}/{}", idempotency_key.key)
}
