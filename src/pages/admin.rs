//! The owner's desk: the pages of administrators, one file per page.

pub mod article;
pub mod csv;
pub mod event;
pub mod order;
pub mod payment;
pub mod picture;
pub mod search;
pub mod system;
pub mod today;
pub mod user;
