//! Matters of the supervisor, claims on files and conflicts in the making, in the journal.

use super::names;
use crate::style::Style;
use crate::text::{LINE_COLUMNS, listed, one_line};
use crate::time::duration;
use equitr_core::event::{Event, Matter};

/// Such an event in a line; empty for others.
pub(super) fn words(event: &Event, style: &Style) -> String {
    let words = |text: &str| one_line(text, LINE_COLUMNS, style);
    match event {
        Event::ClaimGranted { task, paths, owners } => format!(
            "{} may write {}{}",
            names::number(*task),
            words(&listed(paths.iter().map(ToString::to_string), 10)),
            match owners.is_empty() {
                true => ", which was nobody's".to_owned(),
                false => {
                    let owners = owners.iter().map(|id| names::number(*id));
                    format!(" besides {}", listed(owners, 10))
                }
            }
        ),
        Event::WorkCompared { nth, looked, took_ms } => format!(
            "unfinished work compared, time {nth}, with news of {}, in {}",
            listed(looked.iter().map(|looked| names::number(looked.task)), 10),
            duration(*took_ms)
        ),
        Event::ConflictForeseen { task, with, paths } => format!(
            "{} and {} will conflict in {}",
            names::number(*task),
            names::number(*with),
            words(&listed(paths.iter().map(ToString::to_string), 20))
        ),
        Event::ConflictPassed { task, with, paths } => format!(
            "{} and {} don't conflict any more in {}",
            names::number(*task),
            names::number(*with),
            words(&listed(paths.iter().map(ToString::to_string), 20))
        ),
        _ => String::new(),
    }
}

/// What the supervisor is asked.
pub(super) fn about(matter: &Matter) -> String {
    match matter {
        Matter::Graph => "the task graph".to_owned(),
        Matter::Acceptance { task } => {
            format!("acceptance checks of {}, before its work", names::number(*task))
        }
        Matter::ContractChange { task, nth, contract, version, .. } => {
            let path = one_line(contract, LINE_COLUMNS, &Style::PLAIN);
            let number = names::number(*task);
            format!("change {nth} that {number} proposes: {path} beyond version {version}")
        }
        Matter::PlanChange { nth } => format!("tasks for change {nth} of the plan"),
        Matter::Question { task, attempt, nth, .. } => {
            format!("question {nth} of {}, attempt {attempt}", names::number(*task))
        }
        Matter::Review { task, attempt } => {
            format!("a review of {}, attempt {attempt}", names::number(*task))
        }
        Matter::Claim { task, attempt, nth, .. } => {
            format!("claim {nth} of {}, attempt {attempt}", names::number(*task))
        }
        Matter::Escalation { task, nth } => {
            format!("{} has spent its tries, time {nth}", names::number(*task))
        }
    }
}
