//! What agents and tasks are called.

use crate::style::Style;
use crate::text::one_line;
use equitr_core::event::Sender;
use equitr_core::id::{AgentId, Asker, TaskId};
use equitr_core::state::{RunState, Task};

/// A title that is longer is a description.
const TITLE_COLUMNS: usize = 100;
/// Profiles name workers, and people name profiles.
const NAME_COLUMNS: usize = 60;

/// A worker's name.
pub(crate) fn worker(state: &RunState, task: TaskId, style: &Style) -> String {
    let name = state.task(task).map_or("worker", |t| &t.worker);
    one_line(name, NAME_COLUMNS, style)
}

/// Who tells workers something.
pub(crate) fn sender(state: &RunState, from: Sender, style: &Style) -> String {
    match from {
        Sender::Supervisor => "supervisor".to_owned(),
        Sender::Person => "you".to_owned(),
        Sender::Run => "EQUITR Coder".to_owned(),
        Sender::Worker(task) => worker(state, task, style),
    }
}

/// An agent's name, without the attempt: `planner`, `supervisor`, `backend_worker_1`.
pub(crate) fn agent(state: &RunState, agent: AgentId, style: &Style) -> String {
    match agent {
        AgentId::Planner => "planner".to_owned(),
        AgentId::Supervisor(_) => "supervisor".to_owned(),
        AgentId::Worker(task, _) => worker(state, task, style),
    }
}

/// Who puts a question to the person.
pub(crate) fn asker(state: &RunState, by: Asker, style: &Style) -> String {
    match by {
        Asker::Agent(id) => agent(state, id, style),
        Asker::Delivery => "EQUITR Coder".to_owned(),
    }
}

/// A task's title.
pub(crate) fn title(task: &Task, style: &Style) -> String {
    one_line(&task.title, TITLE_COLUMNS, style)
}

/// A task's title without the word for doing it: what is complete once it is done.
pub(crate) fn done_title(task: &Task, style: &Style) -> String {
    let title = title(task, style);
    let bare = ["Implementation", "Development"]
        .iter()
        .find_map(|word| title.strip_suffix(word))
        .map(str::trim_end)
        .filter(|rest| !rest.is_empty());
    bare.map_or_else(|| title.clone(), str::to_owned)
}

/// `Task 3`
pub(crate) fn number(task: TaskId) -> String {
    format!("Task {task}")
}
