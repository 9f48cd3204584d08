//! Values and rules of the shop: no async, no I/O, no clock, no randomness.
//!
//! Whatever can be decided is decided here, by functions that take values and the current time and
//! return values. A refusal is an error variant that says what happened; nothing is changed by it.

pub mod article;
pub mod breaker;
pub mod cart;
pub mod event;
pub mod money;
pub mod order;
pub mod payment;
pub mod session;
pub mod throttle;
pub mod user;
