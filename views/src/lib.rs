//! Markup from domain values: no HTTP, no actors, no clock.
//!
//! Every fragment is an element with a stable id, the same whether a page contains it, a request is answered
//! with it or a socket brings it. Everything works without scripts: each form has a real action, and htmx only
//! saves the reload.

pub mod article;
pub mod cart;
pub mod failure;
mod form;
pub mod layout;
pub mod locale;
pub mod order;
#[cfg(test)]
mod sample;
pub mod session;
#[cfg(test)]
mod texts;
pub mod user;
