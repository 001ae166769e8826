//! What a run is put together from.

use equitr_core::id::AgentId;
use equitr_llm::Model;
use std::sync::Arc;

/// The models of a run, by role.
#[derive(Clone)]
pub struct Parts {
    /// Plans.
    pub planner: Arc<dyn Model>,
    /// Makes the graph and decides.
    pub supervisor: Arc<dyn Model>,
    /// Does the tasks.
    pub worker: Arc<dyn Model>,
}

impl Parts {
    /// One model for all roles.
    pub fn of(model: Arc<dyn Model>) -> Self {
        Self { planner: model.clone(), supervisor: model.clone(), worker: model }
    }

    pub(crate) fn model(&self, agent: AgentId) -> Arc<dyn Model> {
        match agent {
            AgentId::Planner => self.planner.clone(),
            AgentId::Supervisor(_) => self.supervisor.clone(),
            AgentId::Worker(..) => self.worker.clone(),
        }
    }
}
