//! The two banks, the contract for a bank over HTTP, and the server of the simulated bank.

pub mod behaviour;
pub mod contract;
pub mod http;
pub mod ledger;
pub mod server;
pub mod simulated;
