//! Values and rules of the shop: no async, no I/O, no clock, no randomness.
//!
//! Every decision is a pure function: it takes values and the current time, and returns new values
//! or an error. The variant of the error is the reason for a refusal. A refusal changes nothing.

pub mod article;
pub mod bank;
pub mod breaker;
pub mod cart;
pub mod event;
pub mod list;
pub mod moment;
pub mod money;
pub mod network;
pub mod order;
pub mod payment;
pub mod quantity;
pub mod search;
pub mod session;
pub mod shown;
pub mod statistics;
pub mod system;
pub mod text;
pub mod throttle;
pub mod time;
pub mod topic;
pub mod user;
