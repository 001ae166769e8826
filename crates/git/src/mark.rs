//! By what a git process of ours is known should it outlive us.

use std::sync::Arc;

/// A variable that the hub's git processes bear in their environment.
///
/// Killed, we can't end them: they go on by themselves, and are waited for by the locks they hold.
/// Who takes over finds them by it and ends them first. That hurts nothing: git writes beside and
/// renames, and what a killed git leaves is recovered from like any other half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub(crate) name: Arc<str>,
    pub(crate) value: Arc<str>,
}

impl Mark {
    /// A mark of this name and value; neither may hold a zero byte, nor the name a `=`.
    pub fn new(name: &str, value: &str) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}
