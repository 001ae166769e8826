//! What a run is put together from.

use equitr_core::id::AgentId;
use equitr_core::redact::Redactor;
use equitr_llm::Model;
use std::sync::Arc;

/// The models of a run, by role, and what it keeps to itself.
#[derive(Clone)]
pub struct Parts {
    /// Plans.
    pub planner: Arc<dyn Model>,
    /// Makes the graph and decides.
    pub supervisor: Arc<dyn Model>,
    /// Does the tasks.
    pub worker: Arc<dyn Model>,
    /// Takes secrets out of all that comes into the run and out of all requests.
    pub redactor: Arc<Redactor>,
}

impl Parts {
    /// One model for all roles; of secrets, their shapes are known.
    pub fn of(model: Arc<dyn Model>) -> Self {
        let redactor = Arc::default();
        Self { planner: model.clone(), supervisor: model.clone(), worker: model, redactor }
    }

    pub(crate) fn model(&self, agent: AgentId) -> Arc<dyn Model> {
        match agent {
            AgentId::Planner => self.planner.clone(),
            AgentId::Supervisor(_) => self.supervisor.clone(),
            AgentId::Worker(..) => self.worker.clone(),
        }
    }
}
