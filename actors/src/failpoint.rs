//! Failpoints: where a test kills the process around every durable step, or makes an actor panic.
//!
//! Without the `failpoints` feature of the `fail` crate, which only tests enable, they compile to
//! nothing.

/// Declares the durable steps together with the list of them, so that none can be left out.
macro_rules! steps {
    ($($(#[$doc:meta])* $step:ident,)+) => {
        /// A durable step: one commit that matters to an order, or to the access to an account.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Durable {
            $($(#[$doc])* $step,)+
        }

        impl Durable {
            /// Every step; a test kills the process right before and right after each.
            pub const ALL: &[Self] = &[$(Self::$step,)+];
        }
    };
}

steps! {
    /// A cart becomes an order.
    Place,
    /// The answer to a request is stored under its idempotency key.
    Answer,
    /// The next payment attempt starts.
    PayAgain,
    /// The outcome of a payment attempt is stored.
    Settle,
    /// An order is cancelled, or the request to cancel it is stored.
    Cancel,
    /// An order expires, and its items return to the cart.
    Expire,
    /// The request to refund an order is stored.
    Refund,
    /// An order is refunded.
    Refunded,
    /// An order is shipped.
    Ship,
    /// An order is delivered.
    Deliver,
    /// An order of a deleted user becomes anonymous.
    Anonymize,
    /// The breaker changes its state.
    Breaker,
    /// The simulated bank decides on a charge.
    Charge,
    /// The simulated bank voids a charge.
    Void,
    /// A user's password changes, and one new session replaces all sessions of the user.
    Password,
}

impl Durable {
    /// Reaches the failpoint `before` or `after` the step, for instance `Place::before`.
    pub(crate) fn reach(self, moment: &'static str) {
        if fail::has_failpoints() {
            reach(&format!("{self:?}::{moment}"));
        }
    }
}

/// Reaches a failpoint. If `FAILPOINTS` sets it to `return`, the process is killed; if to `panic`,
/// the caller panics.
pub fn reach(point: &str) {
    fail::fail_point!(point, |_| {
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    });
    // Without failpoints the name is not used.
    let _ = point;
}
