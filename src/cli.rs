//! Subcommands of `microshop` that work on a closed shop: one file each.

pub mod check;
pub mod user;
