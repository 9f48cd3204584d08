//! Tests of the actors, on a store in memory, a manual clock and a scripted bank.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod harness;

mod article;
mod ask;
mod cart;
mod clock;
mod live;
mod observe;
mod order;
mod payment;
mod session;
mod statistics;
mod user;
