//! The actors of the shop: what each one owns, which messages it handles, and the ports to the
//! store and the bank.
//!
//! Start with [`shop::Shop::open`], the supervision tree, and [`cart`], the smallest actor.

pub mod activity;
pub mod article;
pub mod ask;
pub mod bank;
pub mod cart;
pub mod clock;
mod conflict;
pub mod failpoint;
pub mod failure;
pub mod handling;
pub mod live;
pub mod observe;
pub mod order;
pub mod password;
pub mod payment;
pub mod rounds;
pub mod rules;
pub mod seed;
pub mod session;
pub mod shared;
pub mod shop;
pub mod snapshot;
pub mod statistics;
pub mod store;
pub mod sweep_clock;
pub mod tables;
pub mod user;
