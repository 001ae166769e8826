//! What a person does to a run that is on, from words to what the run is asked.

use crate::args::Action;
use crate::models;
use crate::settings;
use clap::Parser;
use equitr_core::id::{QuestionId, TaskId};
use equitr_core::state::{RunState, Task};
use equitr_engine::Steer;
use std::sync::Arc;

/// What can be typed while a run works.
pub const HELP: &str = "\
pause              let what is under way end and begin nothing new
resume             go on after a pause
cancel [TASK]      leave a task undone; without a task, stop the run for good
tell WHO TEXT      tell a worker something, or all; it reads that at its next turn
budget DOLLARS     what the run may cost in all, or none
workers N          how many workers there may be at a time
answer [N] TEXT    answer a question
todo TEXT          add a todo to the plan
status             where the run is
help               this list
";

/// Words that were typed at the run's own terminal.
#[derive(Debug, Parser)]
#[command(no_binary_name = true, disable_help_flag = true, disable_help_subcommand = true)]
struct Typed {
    #[command(subcommand)]
    action: Action,
}

/// What a typed line asks for, with or without a `/` in front.
pub fn typed(line: &str) -> Result<Action, String> {
    let line = line.trim();
    let words = line.strip_prefix('/').unwrap_or(line).split_whitespace();
    Typed::try_parse_from(words).map(|typed| typed.action).map_err(|_| {
        let shown: String = line.chars().take(60).collect();
        format!("`{}` is not understood; `help` lists what is", equitr_ui::sanitize(&shown))
    })
}

/// What an action asks of a run that is at `state`.
///
/// # Errors
/// When it names what is not there, or a number that can't be.
pub fn request(action: &Action, state: &RunState) -> Result<Steer, String> {
    match action {
        Action::Pause => Ok(Steer::Pause),
        Action::Resume => Ok(Steer::Resume),
        Action::Cancel { task: None } => Ok(Steer::Cancel),
        Action::Cancel { task: Some(name) } => {
            Ok(Steer::CancelTask { task: task(name, state)?.id })
        }
        Action::Tell { worker, text } => {
            let to = if worker == "all" { None } else { Some(task(worker, state)?.id) };
            Ok(Steer::Tell { to, text: text.join(" ").into() })
        }
        Action::Budget { dollars } => {
            let budget = settings::budget(dollars).ok_or_else(|| {
                format!("a budget is dollars like 12.50 or none, not `{dollars}`")
            })?;
            if budget.is_some() {
                models::keeps_a_budget(&state.spec.models)
                    .map_err(|error| error.problems.first().map_or(String::new(), told))?;
            }
            Ok(Steer::Budget { budget })
        }
        Action::Workers { number } => match number.parse() {
            Ok(workers) => Ok(Steer::Workers { workers }),
            Err(_) => Err(format!("workers are a number from 1, not `{number}`")),
        },
        Action::Answer { text } => {
            let (question, words) = question(text, state)?;
            Ok(Steer::Answer { question, text: words.join(" ").into() })
        }
        Action::Todo { text } => Ok(Steer::Todo { text: text.join(" ").into() }),
    }
}

fn told(problem: &crate::error::Problem) -> String {
    problem.message.clone()
}

/// The task that a number, an id or a worker's name means; of a worker's, one that is open.
fn task<'a>(name: &str, state: &'a RunState) -> Result<&'a Task, String> {
    let numbered = name.parse().ok().and_then(|number| state.task(TaskId(number)));
    let named = |task: &&Task| *task.key == *name || *task.worker == *name;
    let open = state.tasks.iter().filter(named).find(|task| !task.is_settled());
    let found = numbered.or(open).or_else(|| state.tasks.iter().find(named));
    found.ok_or_else(|| {
        let open = state.tasks.iter().filter(|task| !task.is_settled());
        let names: Vec<Arc<str>> = open.map(|task| task.worker.clone()).take(20).collect();
        let known = match names.as_slice() {
            [] => "there are no open tasks".to_owned(),
            names => format!("at work or to come: {}", names.join(", ")),
        };
        equitr_ui::sanitize(&format!("there is no worker or task `{name}`; {known}"))
    })
}

/// The question that is answered, and the words of the answer.
fn question<'a>(
    words: &'a [String],
    state: &RunState,
) -> Result<(QuestionId, &'a [String]), String> {
    if let [number, rest @ ..] = words
        && let Ok(number) = number.parse()
        && state.questions.contains_key(&QuestionId(number))
        && !rest.is_empty()
    {
        return Ok((QuestionId(number), rest));
    }
    let open: Vec<QuestionId> = state.questions.keys().copied().collect();
    match open.as_slice() {
        [] => Err("nothing is asked just now".to_owned()),
        [one] => Ok((*one, words)),
        several => {
            let numbers: Vec<String> = several.iter().map(ToString::to_string).collect();
            Err(format!("which question? answer N TEXT, where N is one of {}", numbers.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_the_command_line_is_and_nonsense_is_told() {
        assert_eq!(typed("pause\n"), Ok(Action::Pause));
        assert_eq!(typed("/cancel 3"), Ok(Action::Cancel { task: Some("3".to_owned()) }));
        let text = ["don't", "use", "--force"].map(str::to_owned).into();
        let tell = Action::Tell { worker: "all".to_owned(), text };
        assert_eq!(typed("tell all don't use --force"), Ok(tell));
        let text = ["Mail", "the", "receipt"].map(str::to_owned).into();
        assert_eq!(typed("todo Mail the receipt"), Ok(Action::Todo { text }));
        for nonsense in ["pase", "tell all", "todo", "budget", "pause now", "--help"] {
            let told = typed(nonsense).unwrap_err();
            assert!(told.contains("is not understood"), "{nonsense}: {told}");
        }
    }
}
