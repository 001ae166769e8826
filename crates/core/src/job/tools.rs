//! The tools that each agent is told of.

use crate::acceptance;
use crate::chat::ToolSpec;
use crate::control;
use crate::event::Matter;
use crate::id::{AgentId, TaskId};
use crate::review;
use crate::state::RunState;
use std::sync::{Arc, LazyLock};

/// Whether a tool acts on a worktree, and so is a job.
pub(crate) fn is_worktree_tool(state: &RunState, name: &str) -> bool {
    state.spec.tools.iter().any(|tool| &*tool.name == name)
}

static PLANNER: LazyLock<Arc<[ToolSpec]>> = LazyLock::new(|| control::planner_tools(true).into());
static PLANNER_CLOSED: LazyLock<Arc<[ToolSpec]>> =
    LazyLock::new(|| control::planner_tools(false).into());
static GRAPH: LazyLock<Arc<[ToolSpec]>> = LazyLock::new(|| control::graph_tools().into());
static PLAN_CHANGE: LazyLock<Arc<[ToolSpec]>> =
    LazyLock::new(|| control::plan_change_tools().into());
static QUESTION: LazyLock<Arc<[ToolSpec]>> = LazyLock::new(|| control::question_tools().into());
static REVIEW: LazyLock<Vec<ToolSpec>> = LazyLock::new(control::review_tools);
static CLAIM: LazyLock<Arc<[ToolSpec]>> = LazyLock::new(|| control::claim_tools().into());
static ESCALATION: LazyLock<Arc<[ToolSpec]>> = LazyLock::new(|| control::escalation_tools().into());
static ACCEPTANCE: LazyLock<Arc<[ToolSpec]>> = LazyLock::new(|| acceptance::tools().into());
static CONTRACT: LazyLock<Arc<[ToolSpec]>> = LazyLock::new(|| control::contract_tools().into());
static PROPOSE: LazyLock<ToolSpec> = LazyLock::new(control::contract_tool);
static WORKER: LazyLock<Vec<ToolSpec>> = LazyLock::new(control::worker_tools);

/// The tools an agent may call.
pub(crate) fn tools(state: &RunState, agent: AgentId) -> Arc<[ToolSpec]> {
    match agent {
        AgentId::Planner if state.plan.closed => PLANNER_CLOSED.clone(),
        AgentId::Planner => PLANNER.clone(),
        AgentId::Supervisor(id) => match state.consults.get(&id).map(|c| &c.matter) {
            Some(Matter::Question { .. }) => QUESTION.clone(),
            Some(Matter::Escalation { .. }) => ESCALATION.clone(),
            Some(Matter::Review { .. }) => {
                review::reading_tools(state).chain(REVIEW.iter()).cloned().collect()
            }
            Some(Matter::Claim { .. }) => CLAIM.clone(),
            Some(Matter::Acceptance { .. }) => ACCEPTANCE.clone(),
            Some(Matter::PlanChange { .. }) => PLAN_CHANGE.clone(),
            Some(Matter::ContractChange { .. }) => CONTRACT.clone(),
            Some(Matter::Graph) | None => GRAPH.clone(),
        },
        AgentId::Worker(task, _) => {
            let profile = state.task(task).and_then(|t| state.spec.profiles.get(&t.profile));
            let allowed = profile.map(|p| p.tools.as_slice()).unwrap_or_default();
            let may = |tool: &&ToolSpec| allowed.is_empty() || allowed.contains(&tool.name);
            let propose = (!state.contracts.list.is_empty()).then_some(&*PROPOSE);
            let control = WORKER.iter().chain(propose);
            state.spec.tools.iter().filter(may).chain(control).cloned().collect()
        }
    }
}

/// Bytes of the tools an agent is told of, as a provider counts them into the input.
pub(crate) fn tool_bytes(state: &RunState, agent: AgentId) -> usize {
    // Worktree tools are the bulk and the same for all; measuring them by JSON each time would
    // cost more than the rest of a turn.
    static CONTROL: LazyLock<usize> = LazyLock::new(|| {
        let all = [
            control::planner_tools(true),
            control::escalation_tools(),
            control::worker_tools(),
            control::review_tools(),
            acceptance::tools(),
        ];
        all.iter().map(|set| spec_bytes(set)).max().unwrap_or(0)
    });
    static PROPOSE_BYTES: LazyLock<usize> =
        LazyLock::new(|| spec_bytes(std::slice::from_ref(&*PROPOSE)));
    match agent {
        AgentId::Planner => *CONTROL,
        AgentId::Supervisor(_) if task_of(state, agent).is_none() => *CONTROL,
        AgentId::Supervisor(_) => *CONTROL + state.tool_bytes,
        AgentId::Worker(..) if state.contracts.list.is_empty() => *CONTROL + state.tool_bytes,
        AgentId::Worker(..) => *CONTROL + state.tool_bytes + *PROPOSE_BYTES,
    }
}

/// Bytes of tools as JSON.
pub(crate) fn spec_bytes(tools: &[ToolSpec]) -> usize {
    tools.iter().map(|t| t.name.len() + t.description.len() + t.schema.to_string().len() + 40).sum()
}

/// The task in whose worktree an agent calls tools.
pub(super) fn task_of(state: &RunState, agent: AgentId) -> Option<TaskId> {
    match agent {
        AgentId::Planner => None,
        AgentId::Worker(task, _) => Some(task),
        AgentId::Supervisor(id) => match state.consults.get(&id)?.matter {
            Matter::Review { task, .. } => Some(task),
            Matter::Graph
            | Matter::Question { .. }
            | Matter::Escalation { .. }
            | Matter::Claim { .. }
            | Matter::ContractChange { .. }
            | Matter::Acceptance { .. }
            | Matter::PlanChange { .. } => None,
        },
    }
}
