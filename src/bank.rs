//! Banks: who stands behind the port.

pub mod simulated;
