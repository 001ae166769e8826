//! What every model is to a run: something that answers one request.

use crate::CallError;
use equitr_core::chat::{Reply, Request};
use std::sync::Arc;

pub use futures_util::future::BoxFuture;

/// A model that answers requests: a provider's, a scripted or a replayed one.
pub trait Model: Send + Sync {
    /// The reply to `request`, or why there is none; never more than one HTTP request.
    ///
    /// `progress` hears of the reply as it arrives, in order, and must be quick; none of it counts
    /// until the reply is returned. Dropping the future cancels the HTTP request. Needs a tokio
    /// runtime with I/O and time.
    fn call<'a>(
        &'a self,
        request: Request,
        progress: &'a (dyn Fn(Delta) + Send + Sync),
    ) -> BoxFuture<'a, Result<Reply, CallError>>;
}

/// A piece of a reply under way: may be dropped, is never journaled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delta {
    /// More of what the model says.
    Text(String),
    /// More of what it thinks, where its provider shows that.
    Thinking(String),
    /// More of a tool call's arguments.
    ToolArgs {
        /// The tool's name.
        name: Arc<str>,
        /// The next piece of JSON text; empty when the call has just begun.
        json: String,
    },
}
