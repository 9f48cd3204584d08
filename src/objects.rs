//! The JSON objects that the REST API, the sockets of programs and the desk have in common.

pub mod article;
pub mod data;
pub mod event;
pub(crate) mod example;
pub mod order;
pub mod session;
pub mod user;
