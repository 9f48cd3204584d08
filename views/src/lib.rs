//! HTML rendered from domain values, without HTTP, actors or a clock.
//!
//! Every fragment is an element with a stable id. Its markup is the same in a page, in the response
//! to an htmx request and in a push over a WebSocket. Everything works without scripts: each form
//! has a real action, and htmx only avoids reloading the page.

pub mod admin;
pub mod article;
pub mod cart;
pub mod docs;
pub mod draft;
pub mod failure;
mod form;
mod format;
pub mod layout;
pub mod link;
pub mod locale;
pub mod order;
pub mod pager;
#[cfg(test)]
mod sample;
pub mod session;
pub mod site;
#[cfg(test)]
mod texts;
pub mod user;
pub mod viewer;
