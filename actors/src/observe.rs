//! Observing actors: every long-lived actor reports its state, for administrators and for tests.

use std::marker::PhantomData;

use actix::Message;

/// Requests the state of an actor, as its type `S` describes it.
pub struct Observe<S>(PhantomData<fn() -> S>);

impl<S> Default for Observe<S> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<S: 'static> Message for Observe<S> {
    type Result = S;
}
