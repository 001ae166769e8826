//! A model that gives the replies of an earlier run again.

use crate::call_error::CallError;
use crate::{BoxFuture, Delta, Model};
use equitr_core::chat::{CallFault, Reply, Request};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The replies of a run, by agent and turn.
#[derive(Debug, Clone, Default)]
pub struct ReplayedModel {
    replies: BTreeMap<(Arc<str>, u32), Reply>,
}

impl ReplayedModel {
    /// Answers as `replies` say; of several for one agent and turn, the last counts.
    pub fn new(replies: impl IntoIterator<Item = (Arc<str>, u32, Reply)>) -> Self {
        let replies =
            replies.into_iter().map(|(agent, turn, reply)| ((agent, turn), reply)).collect();
        Self { replies }
    }
}

impl Model for ReplayedModel {
    fn call<'a>(
        &'a self,
        request: Request,
        progress: &'a (dyn Fn(Delta) + Send + Sync),
    ) -> BoxFuture<'a, Result<Reply, CallError>> {
        let key = (request.agent.clone(), request.turn);
        let outcome = self.replies.get(&key).cloned().ok_or_else(|| {
            CallError::free(
                CallFault::BadRequest,
                &format!("the replayed run has no turn {} of `{}`", request.turn, request.agent),
            )
        });
        if let Ok(reply) = &outcome
            && !reply.text.is_empty()
        {
            progress(Delta::Text(reply.text.to_string()));
        }
        Box::pin(std::future::ready(outcome))
    }
}
