//! x
pub mod nothing {}
