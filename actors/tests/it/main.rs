//! The actors of a shop over a store in memory, a clock that stands still and a bank that does as it is told.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod harness;

mod ask;
mod cart;
mod live;
mod order;
mod payment;
mod session;
mod user;
