//! What the server was asked, and what it would have charged.

use super::{Fault, Format};
use equitr_core::units::MicroDollars;
use serde_json::Value;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The format it was in.
    pub format: Format,
    /// The agent, as the request's text names it.
    pub agent: String,
    /// How many replies its conversation holds.
    pub turn: u32,
    /// Path and query of its address.
    pub path: String,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Value,
    /// The fault that it was given.
    pub fault: Option<Fault>,
}

impl Seen {
    /// The value of the header `name` (in lower case); none where the request lacks it.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// All that happened.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) requests: Vec<Seen>,
    pub(super) served: MicroDollars,
    pub(super) disconnects: usize,
}
