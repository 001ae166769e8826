//! What a person asks of a run.

use super::{Decision, acceptance_objection};
use crate::apply::Fault;
use crate::dialogue::Step;
use crate::documents::{DOCUMENT_BYTES_MAX, DocumentKind, Documents};
use crate::event::{AnsweredBy, Ending, Event};
use crate::id::{AgentId, Asker, QuestionId};
use crate::input::Command;
use crate::job::Handover;
use crate::prompt;
use crate::state::Phase;
use crate::{requirements, todos};
use std::sync::Arc;

/// More workers than this one process does not drive.
pub const WORKERS_MAX: u32 = 1_024;

impl Decision<'_> {
    pub(super) fn command(&mut self, command: Command) -> Result<(), Fault> {
        match command {
            Command::Say(text) => self.said(text),
            Command::Clear => match self.state.phase {
                Phase::Planning | Phase::Review => self.emit(Event::PlanCleared),
                _ => self.refuse("the plan is approved; it can't be cleared any more"),
            },
            Command::Close => {
                let begun = self.state.plan.dialogue.is_some();
                match self.state.phase {
                    Phase::Planning if begun && !self.state.plan.closed => {
                        self.emit(Event::PlanningClosed)
                    }
                    Phase::Planning if !begun => {
                        self.refuse("say first what you would like to build")
                    }
                    _ => Ok(()),
                }
            }
            Command::Approve => match self.state.phase {
                Phase::Review => self.approve(),
                _ => self.refuse("there is nothing to approve now"),
            },
            Command::Revise(text) => match self.state.phase {
                Phase::Review => self.emit(Event::RevisionAsked { text }),
                _ => self.refuse("there is nothing to revise now"),
            },
            Command::Edit(documents) => match self.state.phase {
                Phase::Review => match document_problems(&documents) {
                    problems if problems.is_empty() => {
                        self.emit(Event::DocumentsEdited { documents })
                    }
                    problems => self.refuse(problems.join("\n")),
                },
                _ => self.refuse("there is nothing to edit now"),
            },
            Command::Answer(id, text) => self.answered(id, text),
            Command::SetBudget(budget) => {
                if budget == self.state.ledger.limit {
                    return Ok(());
                }
                self.emit(Event::BudgetSet { budget })
            }
            Command::SetWorkers(workers) => {
                if workers == self.state.spec.limits.workers {
                    return Ok(());
                }
                if !(1..=WORKERS_MAX).contains(&workers) {
                    return self
                        .refuse(format!("workers must be 1 to {WORKERS_MAX}, got {workers}"));
                }
                self.emit(Event::WorkersSet { workers })
            }
            Command::SetSandbox(sandbox) => {
                if sandbox == self.state.spec.policy.sandbox {
                    return Ok(());
                }
                match self.state.ending() {
                    Some(ending) if !ending.can_resume() => self.refuse("the run is over"),
                    Some(_) | None => self.emit(Event::SandboxSet { sandbox }),
                }
            }
            Command::AcceptProtected => match acceptance_objection(self.state) {
                Some(why) => self.refuse(why),
                None if self.state.handover == Handover::Accepted => Ok(()),
                None => self.emit(Event::ProtectedAccepted),
            },
            Command::Reopen => match self.state.ending() {
                Some(ending) if ending.can_resume() => self.emit(Event::RunReopened),
                Some(_) => self.refuse("the run is over"),
                None => Ok(()),
            },
            Command::Cancel => match self.state.ending() {
                None => self.emit(Event::RunEnded { ending: Ending::Cancelled }),
                Some(_) => Ok(()),
            },
            Command::Pause => self.pause(),
            Command::Unpause => self.unpause(),
            Command::CancelTask(task) => self.cancel_task(task),
            Command::Tell { to, text } => self.tell(to, &text),
            Command::EditPlan(documents) => self.plan_edited(documents),
            Command::AddTodo(text) => self.todo_added(&text),
            Command::Flip(number, text) => self.assumption_flipped(number, &text),
        }
    }

    /// The documents are right; requirements without an id get one, which stays theirs.
    pub(super) fn approve(&mut self) -> Result<(), Fault> {
        self.emit(Event::PlanApproved)?;
        let documents = &self.state.plan.documents;
        let marked = requirements::mark(&documents.requirements, None);
        if *marked == *documents.requirements {
            return Ok(());
        }
        self.emit(Event::RequirementsMarked { text: marked.into() })
    }

    pub(super) fn refuse(&mut self, why: impl Into<String>) -> Result<(), Fault> {
        self.object(why);
        Ok(())
    }

    fn said(&mut self, text: Arc<str>) -> Result<(), Fault> {
        if text.trim().is_empty() {
            return self.refuse("that was empty");
        }
        if self.state.phase != Phase::Planning {
            return self.refuse("the planning conversation is over");
        }
        let asked =
            self.state.questions.iter().find(|(_, q)| q.by == Asker::Agent(AgentId::Planner));
        if let Some((&id, _)) = asked {
            return self.answered(id, Some(text));
        }
        let listens = self
            .state
            .plan
            .dialogue
            .as_ref()
            .is_none_or(|dialogue| dialogue.step == Step::Listening);
        if listens {
            self.emit(Event::PersonSaid { text })
        } else {
            self.refuse("the planner is still thinking")
        }
    }

    fn answered(&mut self, id: QuestionId, text: Option<Arc<str>>) -> Result<(), Fault> {
        let Some(question) = self.state.questions.get(&id) else {
            return self.refuse("that question is answered already");
        };
        let text = match (question.by, text) {
            (Asker::Delivery, Some(text)) if !text.trim().is_empty() => match yes_or_no(&text) {
                Some(word) => Some(word.into()),
                None => return self.refuse("please answer yes or no"),
            },
            (Asker::Delivery | Asker::Agent(_), text) => text,
        };
        let (text, by) = match text {
            Some(text) if !text.trim().is_empty() => (text, AnsweredBy::Person),
            Some(_) | None => (question.default.clone(), AnsweredBy::Default),
        };
        self.emit(Event::QuestionAnswered { id, text, by })
    }
}

fn yes_or_no(text: &str) -> Option<&'static str> {
    match text.trim().to_lowercase().as_str() {
        "y" | "yes" => Some(prompt::YES),
        "n" | "no" => Some(prompt::NO),
        _ => None,
    }
}

/// What is wrong with a set of documents, a line each; nothing when they can be approved.
pub fn document_problems(documents: &Documents) -> Vec<String> {
    let mut problems = Vec::new();
    for kind in DocumentKind::ALL {
        let text = documents.get(kind);
        if text.trim().is_empty() {
            problems.push(format!("{} is empty", kind.path()));
        } else if text.len() > DOCUMENT_BYTES_MAX {
            let kib = text.len() / 1024;
            let limit = DOCUMENT_BYTES_MAX / 1024;
            problems.push(format!("{} is {kib} KiB; the limit is {limit} KiB", kind.path()));
        }
    }
    if problems.is_empty()
        && let Err(found) = todos::parse(&documents.todos)
    {
        problems.extend(found.iter().map(ToString::to_string));
    }
    let twice = requirements::problems(&documents.requirements);
    problems.extend(twice.iter().map(ToString::to_string));
    problems
}
