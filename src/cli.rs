//! The subcommands of `microshop` that work on a closed shop, one file for each.

pub mod check;
pub mod demo;
mod password;
pub mod user;
