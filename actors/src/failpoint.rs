//! Points where a test has the process die, around every durable step of an order, or an actor panic; elsewhere nothing
//! is compiled of them.

/// Declares the steps together with the list of all of them, so that none can be left out.
macro_rules! steps {
    ($($(#[$what:meta])* $step:ident,)+) => {
        /// What is made durable at once.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Durable {
            $($(#[$what])* $step,)+
        }

        impl Durable {
            /// Every step; a test has the process die right before and right after each.
            pub const ALL: &[Self] = &[$(Self::$step,)+];
        }
    };
}

steps! {
    /// A cart becomes an order.
    Place,
    /// A request has its answer for ever after.
    Answer,
    /// The next attempt to have an order paid.
    PayAgain,
    /// How an attempt ended.
    Settle,
    /// An order is cancelled, or is to be.
    Cancel,
    /// An order expires, and its goods go back to the cart.
    Expire,
    /// An order is to be paid back.
    Refund,
    /// An order is paid back.
    PaidBack,
    /// An order is on its way.
    Ship,
    /// An order has arrived.
    Deliver,
    /// An order says no more whose it was.
    Forget,
    /// The breaker has another state.
    Breaker,
    /// The simulated bank decides on a charge.
    Charge,
    /// The simulated bank voids a charge.
    Void,
}

impl Durable {
    /// Reaches the point `before` the step, or that `after` it: `Place::before` for instance.
    pub(crate) fn reach(self, moment: &'static str) {
        if fail::has_failpoints() {
            reach(&format!("{self:?}::{moment}"));
        }
    }
}

/// Reaches a point: where `FAILPOINTS` says `return` for it the process is killed, where it says `panic` the caller panics.
pub(crate) fn reach(point: &str) {
    fail::fail_point!(point, |_| {
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    });
    // Without points nobody asks which one this is.
    let _ = point;
}
