//! What a run is put together from.

use equitr_core::id::AgentId;
use equitr_core::redact::Redactor;
use equitr_llm::Model;
use equitr_tools::Sandbox;
use std::sync::Arc;

/// The models of a run, by role, what it keeps to itself, and what its commands run in.
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
    /// What commands run in. The engine adds what a run needs: the hub to be read, and the proxy when
    /// the run's policy names hosts.
    pub sandbox: Sandbox,
}

impl Parts {
    /// One model for all roles; of secrets, their shapes are known. Commands run without a sandbox.
    pub fn of(model: Arc<dyn Model>) -> Self {
        Self {
            planner: model.clone(),
            supervisor: model.clone(),
            worker: model,
            redactor: Arc::default(),
            sandbox: Sandbox::off(),
        }
    }

    pub(crate) fn model(&self, agent: AgentId) -> Arc<dyn Model> {
        match agent {
            AgentId::Planner => self.planner.clone(),
            AgentId::Supervisor(_) => self.supervisor.clone(),
            AgentId::Worker(..) => self.worker.clone(),
        }
    }
}
