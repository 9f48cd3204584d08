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
pub mod check;
pub mod config;
pub mod error;
pub mod live;
pub mod metrics;
pub mod once;
pub mod pages;
pub mod people;
pub mod routes;
pub mod rules;
pub mod site;
mod stop;
pub mod store;
pub mod telemetry;
