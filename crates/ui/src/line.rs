//! Records as a person follows them: the plain flow on stdout.
//!
//! The caller prints what it asks for itself: the `> ` of an answer and the question whether the
//! documents are right. Model calls, tool calls and checks under way are not here; the line that is
//! drawn over again ([`crate::progress`]) has them.

mod acceptance;
mod planning;
mod talk;
mod tasks;

use crate::contracts;
use crate::ending;
use crate::page::{Last, Page};
use crate::plan_change;
use crate::sandbox;
use crate::style::{Mark, Style, Tone};
use crate::text::{LINE_COLUMNS, one_line};
use equitr_core::documents::Documents;
use equitr_core::event::{Ending, Event, Matter, Record};
use equitr_core::id::{Asker, QuestionId, TaskId};
use equitr_core::state::{Phase, Question, RunState};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The flow of a run, record after record.
///
/// Keeps what later records need from earlier ones: open questions, the documents as they were
/// shown, and until when a provider's trouble was told.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    last: Last,
    questions: BTreeMap<QuestionId, Question>,
    /// Task, attempt and call of each question that the supervisor has not answered.
    asked: BTreeSet<(TaskId, u32, u32)>,
    shown: Option<Documents>,
    spawned: bool,
    trouble_until_ms: BTreeMap<Arc<str>, u64>,
}

impl Lines {
    /// The flow of a run from its first record on.
    pub fn new() -> Self {
        Self::default()
    }

    /// The flow of a run that is taken up at `state`: what was told before is not told again.
    pub fn from(state: &RunState) -> Self {
        let asked = state.consults.values().filter_map(|consult| match consult.matter {
            Matter::Question { task, attempt, call, .. }
            | Matter::Claim { task, attempt, call, .. }
            | Matter::ContractChange { task, attempt, call, .. } => Some((task, attempt, call)),
            Matter::Graph
            | Matter::Review { .. }
            | Matter::Escalation { .. }
            | Matter::Acceptance { .. }
            | Matter::PlanChange { .. } => None,
        });
        let shown = match &state.phase {
            Phase::Planning => state.plan.before.clone(),
            Phase::Review
            | Phase::Publishing
            | Phase::Graphing
            | Phase::Working
            | Phase::Ended(_) => Some(state.plan.documents.clone()),
        };
        Self {
            last: Last::Nothing,
            questions: state.questions.clone(),
            asked: asked.collect(),
            shown,
            spawned: state.tasks.iter().any(|task| task.attempts > 0),
            trouble_until_ms: state.gates.clone(),
        }
    }

    /// What waits for the person, told again when a run is taken up: the first question, documents
    /// up for approval, open questions.
    pub fn waiting(&mut self, state: &RunState, style: &Style) -> String {
        let mut page = Page::after(self.last, style);
        if state.paused.is_some() {
            page.line("The run is paused: nothing new begins");
            page.line(pause_hint());
        }
        self.remind(state, &mut page);
        self.last = page.last;
        page.text
    }

    /// What a person sees of a record, with the line ends; empty for most.
    ///
    /// `state` is the state after the record, and records come in their order.
    pub fn record(&mut self, state: &RunState, record: &Record, style: &Style) -> String {
        let mut page = Page::after(self.last, style);
        for event in &record.events {
            self.event(state, record, event, &mut page);
        }
        self.last = page.last;
        page.text
    }

    fn event(&mut self, state: &RunState, record: &Record, event: &Event, page: &mut Page) {
        match event {
            Event::RunStarted { spec } => planning::started(spec, page),
            Event::RunResumed => {
                page.line("Taken up again; calls under way are made again");
                page.line(&sandbox::line(&state.spec.policy, &page.style.clone()));
            }
            Event::RunReopened => {
                page.line("Going on");
                page.line(&sandbox::line(&state.spec.policy, &page.style.clone()));
            }
            Event::RunEnded { ending } => {
                page.block(&ending::lines(state, ending, &page.style.clone()))
            }
            Event::RunHalted { ending } => halted(state, ending, page),
            Event::BudgetSet { budget: Some(budget) } => {
                page.line(&format!("Budget: {budget}"));
            }
            Event::BudgetSet { budget: None } => page.line("Budget: no limit"),
            Event::WorkersSet { workers } => page.line(&format!("Workers at a time: {workers}")),
            Event::SandboxSet { .. } => {
                page.line("From now on:");
                page.line(&sandbox::line(&state.spec.policy, &page.style.clone()));
            }
            Event::ProtectedAccepted => {
                self.questions.retain(|_, question| question.by != Asker::Delivery);
                page.line("Changes of protected files are accepted");
            }
            Event::RunPaused => {
                page.line("Paused: what is under way ends, and nothing new begins");
                page.line(pause_hint());
            }
            Event::RunUnpaused => page.line("Going on after the pause"),
            Event::PersonSaid { .. }
            | Event::PlanCleared
            | Event::PlanningClosed
            | Event::QuestionAsked { .. }
            | Event::QuestionAnswered { .. }
            | Event::DocumentWritten { .. }
            | Event::PlanProposed
            | Event::RevisionAsked { .. }
            | Event::DocumentsEdited { .. }
            | Event::PlanApproved
            | Event::RequirementsMarked { .. }
            | Event::DocumentsPublished { .. }
            | Event::DeliveryAsked { .. } => self.planning(state, event, page),
            Event::ConsultOpened { .. }
            | Event::ConsultClosed { .. }
            | Event::CallReserved { .. }
            | Event::CallReplied { .. }
            | Event::CallFailed { .. }
            | Event::ToolFinished { .. }
            | Event::AgentNudged { .. }
            | Event::CircleNoticed { .. }
            | Event::WorkerWarned { .. }
            | Event::SupervisorAnswered { .. }
            | Event::MessageSent { .. } => self.talk(state, record, event, page),
            Event::GraphAccepted { .. }
            | Event::AttemptStarted { .. }
            | Event::WorktreePrepared { .. }
            | Event::WorkClaimed { .. }
            | Event::WorkVerified { .. }
            | Event::WorkReviewed { .. }
            | Event::MergeStarted { .. }
            | Event::MergeVerified { .. }
            | Event::MergeOvertaken { .. }
            | Event::TaskMerged { .. }
            | Event::AttemptFailed { .. }
            | Event::AdviceGiven { .. }
            | Event::TaskSplit { .. }
            | Event::TaskDropped { .. }
            | Event::TaskFailed { .. }
            | Event::TaskReopened { .. }
            | Event::ClaimGranted { .. }
            | Event::TasksAdded { .. }
            | Event::WorkCompared { .. }
            | Event::ConflictForeseen { .. }
            | Event::ConflictPassed { .. } => self.task(state, event, page),
            Event::ProtectedTouched { touched } => {
                let fact = "the result changes protected files";
                say(page, Mark::Note, Tone::Notice, fact, &touched.words());
            }
            Event::PlanChanged { change, .. } => {
                let style = page.style;
                let line = format!("{}The plan changed", style.mark(Mark::Note));
                let mut lines = vec![style.paint(Tone::Notice, &line)];
                lines.extend(plan_change::lines(change, &style));
                page.block(&lines);
            }
            // The end of the run says where the result is.
            Event::ProjectDelivered { .. } => {}
            Event::ChecksWritten { .. }
            | Event::CheckOmitted { .. }
            | Event::AcceptanceWritten { .. }
            | Event::ChecksProved { .. }
            | Event::ChecksEdited { .. } => self.acceptance(state, event, page),
            Event::ContractChanged { .. } | Event::ContractRechecked { .. } => {
                contracts::line(event, page);
            }
            Event::FilesCommitted { subject, commit, .. } => {
                let subject = one_line(subject, LINE_COLUMNS, &page.style);
                let at = one_line(commit.short(), LINE_COLUMNS, &page.style);
                page.quiet(&format!("{subject}: committed as {at}"));
            }
        }
    }
}

/// How a paused run goes on.
pub(crate) fn pause_hint() -> &'static str {
    "hint: go on with `resume` here, or with `equitrcoder steer resume` in another terminal"
}

/// What is under way ends first; when nothing is, the end of the run is in the same record.
fn halted(state: &RunState, ending: &Ending, page: &mut Page) {
    if state.ending().is_some() {
        return;
    }
    let why = ending::heading(state, ending, &page.style);
    page.line(&why);
    page.line("No new model call starts; what is under way ends first");
}

/// A fact with foreign words in it, as one line in a tone.
pub(crate) fn say(page: &mut Page, mark: Mark, tone: Tone, fact: &str, words: &str) {
    let style = page.style;
    let words = one_line(words, LINE_COLUMNS, &style);
    let fact = style.paint(tone, &format!("{}{fact}", style.mark(mark)));
    page.line(&format!("{fact}: {words}"));
}
