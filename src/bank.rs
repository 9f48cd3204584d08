//! Banks: who stands behind the port.

pub mod behaviour;
pub mod contract;
pub mod http;
pub mod ledger;
pub mod server;
pub mod simulated;
