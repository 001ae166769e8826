//! Whose a job is, and what people are told while it is under way.

use crate::progress::Who;
use equitr_core::id::{AgentId, TaskId};
use equitr_core::job::{JobId, Work};
use equitr_core::state::RunState;

/// Whose activity a job is; looking ahead is nobody's.
pub(super) fn who(job: JobId) -> Option<Who> {
    Some(match job {
        JobId::Call { agent: AgentId::Planner, .. }
        | JobId::Tool { agent: AgentId::Planner, .. }
        | JobId::Publish
        | JobId::Deliver(_)
        | JobId::Commit(_)
        | JobId::Recheck(_)
        | JobId::Prove { task: None, .. } => Who::Planner,
        JobId::Call { agent: AgentId::Supervisor(_), .. }
        | JobId::Tool { agent: AgentId::Supervisor(_), .. } => Who::Supervisor,
        JobId::Call { agent: AgentId::Worker(task, _), .. }
        | JobId::Tool { agent: AgentId::Worker(task, _), .. }
        | JobId::Prepare(task, _)
        | JobId::Verify(task, _)
        | JobId::Integrate(task, _)
        | JobId::Land(task, _)
        | JobId::Prove { task: Some(task), .. } => Who::Task(task),
        JobId::Foresee(_) => return None,
    })
}

pub(super) fn describe(state: &RunState, job: JobId, work: &Work) -> String {
    let worker = |task: TaskId| state.task(task).map_or("", |t| &*t.worker).to_owned();
    match (job, work) {
        (JobId::Call { agent: AgentId::Planner, .. }, _) => "planner thinks".to_owned(),
        (JobId::Call { agent: AgentId::Supervisor(_), .. }, _) => "supervisor thinks".to_owned(),
        (JobId::Call { agent: AgentId::Worker(task, _), .. }, _) => {
            format!("{} thinks", worker(task))
        }
        (JobId::Prepare(task, _), _) => format!("{} gets a worktree", worker(task)),
        (JobId::Tool { agent, .. }, Work::Tool { call, .. }) => {
            format!("{}: {} {}", state.agent_name(agent), call.name, argument(&call.args))
        }
        (JobId::Tool { agent, .. }, _) => format!("{} runs a tool", state.agent_name(agent)),
        (JobId::Verify(task, _), _) => format!("checking task {task}"),
        (JobId::Integrate(task, _), _) => format!("merging task {task} and checking the result"),
        (JobId::Land(task, _), _) => format!("landing task {task}"),
        (JobId::Foresee(_), _) => "comparing unfinished work".to_owned(),
        (JobId::Publish, _) => "committing the documents".to_owned(),
        (JobId::Deliver(_), _) => "handing over the result".to_owned(),
        (JobId::Recheck(_), _) => "checking merged work on a new contract".to_owned(),
        (JobId::Commit(_), _) => "committing files of the run's own".to_owned(),
        (JobId::Prove { task: Some(task), .. }, _) => {
            format!("running the acceptance checks of task {task} before its work")
        }
        (JobId::Prove { task: None, .. }, _) => {
            "running the acceptance checks on the result".to_owned()
        }
    }
}

/// The argument that tells most: the path or the command.
fn argument(args: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(args).unwrap_or_default();
    let told = ["path", "command", "pattern"].iter().find_map(|name| value.get(name)?.as_str());
    told.unwrap_or_default().lines().next().unwrap_or_default().to_owned()
}
