//! Tests of the whole server through its public interfaces: pages, REST, WebSockets and processes.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod certificate;
mod chromium;
mod client;
mod cluster;
mod contract;
mod copy;
mod cors;
mod filled;
mod gateway;
mod hanging_network;
mod harness;
mod lossy;
mod people;
mod picture;
mod ports;
mod position;
mod preload;
mod redis_server;
mod socket;
mod wire;

mod article;
mod audit;
mod authority;
mod backpressure;
mod bank;
mod bodies;
mod books;
mod browser;
mod cart;
mod clock;
mod crash;
mod demo;
mod event;
mod failpoint;
mod frames;
mod guests;
mod heads;
mod health;
mod host;
mod http;
mod keys;
mod list;
mod live;
mod log;
mod metrics;
mod node;
mod openapi;
mod order;
mod packages;
mod page;
mod panic;
mod password;
mod path;
mod private;
mod protocol;
mod refusal;
mod repeat;
mod resume;
mod secrets;
mod session;
mod settings;
mod store;
mod system;
mod text;
mod tidy;
mod token;
mod upgrade;
mod user;
