//! MicroShop: an actor-based, reactive shop server.
//!
//! Rules are values (`domain`), actors keep and move values (`actors`), views draw values (`views`); this
//! crate connects them to the world. Begin with [`routes`] for what is served and with
//! `actors::shop::Shop::open` for who does it.

pub mod api;
pub mod app;
pub mod assets;
pub mod auth;
pub mod bank;
pub mod cli;
pub mod config;
pub mod credentials;
pub mod crypto;
pub mod error;
pub mod idempotency;
pub mod json;
pub mod live;
pub mod metrics;
pub mod pages;
pub mod present;
pub mod proxies;
pub mod routes;
mod shutdown;
pub mod sockets;
pub mod state;
pub mod store;
mod tasks;
pub mod telemetry;
