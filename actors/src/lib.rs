//! Who keeps which value and what may be said to them; the ports to store and bank.

pub mod article;
pub mod ask;
pub mod bank;
pub mod cart;
pub mod clock;
pub mod failpoint;
pub mod live;
pub mod order;
pub mod password;
pub mod payment;
pub mod rules;
pub mod seed;
pub mod session;
pub mod shop;
pub mod store;
pub mod tables;
pub mod user;
