//! The conversation and its documents in the plain flow.

use super::Lines;
use crate::names;
use crate::page::Page;
use crate::plan_change;
use crate::sandbox;
use crate::sanitize::sanitize;
use crate::style::{Mark, Style, Tone};
use crate::text::{LINE_COLUMNS, count, head, one_line};
use crate::time::duration;
use equitr_core::documents::{DocumentKind, Documents};
use equitr_core::event::{AnsweredBy, Event, Matter};
use equitr_core::id::{AgentId, Asker, QuestionId};
use equitr_core::spec::{Origin, Person, RunSpec};
use equitr_core::state::{Phase, Question, RunState};
use similar::{ChangeTag, TextDiff};

const FIRST_QUESTION: &str = "What would you like to build?";
/// Lines around a change.
const CONTEXT_LINES: usize = 3;
/// A question with more lines than this is an essay.
const QUESTION_LINES: usize = 40;

/// What commands run in, and the first question of a run that begins with a conversation.
pub(super) fn started(spec: &RunSpec, page: &mut Page) {
    page.line(&sandbox::line(&spec.policy, &page.style.clone()));
    match &spec.origin {
        Origin::Conversation { prompt: None } => page.block(&[FIRST_QUESTION]),
        Origin::Conversation { prompt: Some(text) } => {
            page.block(&[FIRST_QUESTION.to_owned(), answer(text)]);
        }
        Origin::Documents(_) => {}
    }
}

impl Lines {
    pub(super) fn planning(&mut self, state: &RunState, event: &Event, page: &mut Page) {
        let style = page.style;
        match event {
            Event::PlanCleared => {
                (self.shown, self.questions) = (None, Default::default());
                page.block(&["The conversation begins anew", FIRST_QUESTION]);
            }
            Event::QuestionAsked { id, by, call, text, default } => {
                let deadline_ms = state.questions.get(id).and_then(|q| q.deadline_ms);
                let question = Question {
                    by: Asker::Agent(*by),
                    call: Some(*call),
                    text: text.clone(),
                    default: default.clone(),
                    deadline_ms,
                };
                ask(state, &question, page);
                self.questions.insert(*id, question);
            }
            Event::DeliveryAsked { id, text, default } => {
                let deadline_ms = state.questions.get(id).and_then(|q| q.deadline_ms);
                let question = Question {
                    by: Asker::Delivery,
                    call: None,
                    text: text.clone(),
                    default: default.clone(),
                    deadline_ms,
                };
                ask(state, &question, page);
                self.questions.insert(*id, question);
            }
            Event::QuestionAnswered { id, text, by } => self.answered(state, *id, text, *by, page),
            Event::PlanProposed => {
                if self.shown.is_none() {
                    let words = "Planning conversation complete!";
                    let line = format!("{}{words}", style.mark(Mark::Complete));
                    page.block(&[style.paint(Tone::Good, &line)]);
                }
                self.documents(&state.plan.documents, page);
                since(state, page);
            }
            Event::DocumentsEdited { documents } => self.documents(documents, page),
            Event::PlanApproved => {
                if let Origin::Documents(documents) = &state.spec.origin {
                    let title = one_line(documents.title(), LINE_COLUMNS, &style);
                    let todos = count(state.plan.todos.len(), "todo");
                    page.line(&format!("Using the approved documents of {title}: {todos}"));
                    since(state, page);
                }
            }
            Event::DocumentsPublished { base, note } => {
                let at = one_line(base.short(), LINE_COLUMNS, &style);
                page.quiet(&format!("Documents committed as {at}"));
                if let Some(note) = note {
                    super::say(page, Mark::Note, Tone::Notice, "note", note);
                }
            }
            // The person's own words and their echo, and what the next events show.
            Event::PersonSaid { .. }
            | Event::PlanningClosed
            | Event::DocumentWritten { .. }
            | Event::RequirementsMarked { .. }
            | Event::RevisionAsked { .. } => {}
            _ => {}
        }
    }

    pub(super) fn remind(&mut self, state: &RunState, page: &mut Page) {
        if state.phase == Phase::Planning && state.plan.dialogue.is_none() {
            page.block(&[FIRST_QUESTION]);
        }
        if state.phase == Phase::Review {
            self.shown = None;
            self.documents(&state.plan.documents, page);
        }
        state.questions.values().for_each(|question| ask(state, question, page));
    }

    fn answered(
        &mut self,
        state: &RunState,
        id: QuestionId,
        text: &str,
        by: AnsweredBy,
        page: &mut Page,
    ) {
        let question = self.questions.remove(&id);
        let of_planner =
            question.is_none_or(|question| question.by == Asker::Agent(AgentId::Planner));
        let present = matches!(state.spec.person, Person::Present { .. });
        let style = page.style;
        let text = one_line(text, LINE_COLUMNS, &style);
        let line = match by {
            // They typed it themselves.
            AnsweredBy::Person if of_planner && present => return,
            AnsweredBy::Person => answer(&text),
            AnsweredBy::Default => format!("> (no answer; taken: {text})"),
        };
        // While planning, the question stands right above; later, anything may.
        if of_planner { page.under(&line) } else { page.line(&line) }
    }

    /// All documents the first time, then what changed since they were shown.
    fn documents(&mut self, documents: &Documents, page: &mut Page) {
        let style = page.style;
        for kind in DocumentKind::ALL {
            let text = documents.get(kind);
            match self.shown.as_ref().map(|shown| shown.get(kind)) {
                None => {
                    let mut lines = vec![frame(kind, &style)];
                    lines.extend(sanitize(text).trim_end().lines().map(str::to_owned));
                    page.block(&lines);
                }
                Some(before) if before == text => {
                    page.line(&style.paint(Tone::Quiet, &format!("{}: unchanged", kind.path())));
                }
                Some(before) => page.block(&changes(kind, before, text, &style)),
            }
        }
        self.shown = Some(documents.clone());
    }
}

/// What a run on a project that was built before changes.
fn since(state: &RunState, page: &mut Page) {
    let Some(earlier) = &state.spec.earlier else { return };
    let text = plan_change::since(&earlier.built, &state.plan.documents, &page.style.clone());
    if !text.is_empty() {
        page.block(&text.lines().collect::<Vec<_>>());
    }
}

fn ask(state: &RunState, question: &Question, page: &mut Page) {
    let style = page.style;
    let mut text = head(&question.text, QUESTION_LINES, "", &style);
    if text.is_empty() {
        text.push(String::new());
    }
    if question.by == Asker::Agent(AgentId::Planner) {
        let who = style.paint(Tone::Strong, "EQUITR Coder:");
        text[0] = format!("{}{who} {}", style.mark(Mark::Agent), text[0]);
        return page.block(&text);
    }
    // A line of theirs does not begin where lines of ours do.
    text[1..].iter_mut().for_each(|line| *line = format!("  {line}").trim_end().to_owned());
    let who = style.paint(Tone::Strong, &names::asker(state, question.by, &style));
    let about = match question.by {
        Asker::Agent(AgentId::Supervisor(id)) => match state.consults.get(&id).map(|c| &c.matter) {
            Some(
                Matter::Question { task, .. }
                | Matter::Review { task, .. }
                | Matter::Escalation { task, .. }
                | Matter::Claim { task, .. }
                | Matter::ContractChange { task, .. },
            ) => {
                format!(" about {}", names::number(*task))
            }
            Some(Matter::Graph | Matter::Acceptance { .. } | Matter::PlanChange { .. }) | None => {
                String::new()
            }
        },
        Asker::Agent(AgentId::Worker(task, _)) => format!(" about {}", names::number(task)),
        Asker::Agent(AgentId::Planner) | Asker::Delivery => String::new(),
    };
    text[0] = format!("{}{who} asks you{about}: {}", style.mark(Mark::Question), text[0]);
    let default = one_line(&question.default, LINE_COLUMNS, &style);
    text.push(match question.deadline_ms {
        Some(at) => {
            let left = duration(at.saturating_sub(state.now_ms));
            format!("  without an answer in {left}: {default}")
        }
        None => format!("  without an answer: {default}"),
    });
    page.block(&text);
}

fn answer(text: &str) -> String {
    format!("> {}", one_line(text, LINE_COLUMNS, &Style::PLAIN))
}

fn frame(kind: DocumentKind, style: &Style) -> String {
    let name = match kind {
        DocumentKind::Requirements => "Requirements Document",
        DocumentKind::Design => "Design Document",
        DocumentKind::Todos => "Todo List",
    };
    let rule = style.mark(Mark::Rule);
    style.paint(Tone::Strong, &format!("{rule} {name} ({}) {rule}", kind.path()))
}

/// A unified diff of a document as it was shown and as it is now.
fn changes(kind: DocumentKind, before: &str, after: &str, style: &Style) -> Vec<String> {
    let (before, after) = (sanitize(before), sanitize(after));
    let diff = TextDiff::from_lines(before.as_str(), after.as_str());
    let path = kind.path();
    let mut lines = vec![
        style.paint(Tone::Strong, &format!("--- {path}")),
        style.paint(Tone::Strong, &format!("+++ {path}")),
    ];
    for hunk in diff.unified_diff().context_radius(CONTEXT_LINES).iter_hunks() {
        lines.push(style.paint(Tone::Quiet, &hunk.header().to_string()));
        for change in hunk.iter_changes() {
            let text = change.to_string();
            let text = text.trim_end_matches('\n');
            lines.push(match change.tag() {
                ChangeTag::Delete => style.paint(Tone::Bad, &format!("-{text}")),
                ChangeTag::Insert => style.paint(Tone::Good, &format!("+{text}")),
                ChangeTag::Equal => format!(" {text}"),
            });
        }
    }
    lines
}
