//! What only administrators may read and change, one file per feature, with the stems of the desk.

pub mod csv;
pub mod order;
pub mod search;
pub mod system;
pub mod today;
