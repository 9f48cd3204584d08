//! MicroShop: an actor-based, reactive shop server.
//!
//! `domain` holds values and rules, `actors` keep and change values, `views` render them, and this
//! crate connects them to the world. Start with [`routes`], the whole URL table, and with
//! `actors::shop::Shop::open`, the supervision tree.

pub mod answer;
pub mod api;
pub mod app;
pub mod assets;
pub mod auth;
pub mod bank;
pub mod bodies;
pub mod cli;
pub mod config;
pub mod cors;
pub mod credentials;
pub mod crypto;
pub mod csv;
pub mod error;
pub mod etag;
pub mod export;
pub mod flash;
pub mod form;
pub mod heads;
pub mod hosts;
pub mod html;
pub mod idempotency;
pub mod import;
pub mod json;
pub mod kept;
pub mod live;
pub mod log;
pub mod metrics;
pub mod objects;
pub mod openapi;
pub mod operation;
pub mod pages;
pub mod path;
pub mod per_minute;
pub mod person;
pub mod picture;
pub mod place;
pub mod plain_path;
pub mod present;
pub mod private;
pub mod proxies;
pub mod query;
pub mod read;
pub mod repeat;
pub mod routes;
pub mod search;
pub mod seed;
mod shutdown;
pub mod sockets;
pub mod state;
pub mod store;
pub mod system;
mod tasks;
pub mod telemetry;
pub mod today;
pub mod upgrade;
pub mod upload;
