//! The door of a run: what comes in from outside has its secrets taken out here, before it decides
//! anything or is written down. So the journal, every view of it, and all later prompts are clean.
//!
//! It covers what a person says and hands in, what models reply (their tool calls included: a file
//! that a model writes holds the mark, as no model is to place keys), what tools, checks and git
//! print, and what errors tell. Names that the run acts by, such as paths of the person's repository,
//! models' names and commits, stay as they are.

use equitr_core::chat::{Message, Reply, Request};
use equitr_core::documents::Documents;
use equitr_core::event::{CheckResult, Delivery, Verdict};
use equitr_core::input::{CallFailure, Command, Outcome};
use equitr_core::redact::Redactor;
use equitr_core::spec::{Origin, Person, RunSpec};
use std::borrow::Cow;
use std::sync::Arc;

fn clean(redactor: &Redactor, text: &mut Arc<str>) {
    if let Cow::Owned(redacted) = redactor.redact(text) {
        *text = redacted.into();
    }
}

fn clean_all<'a>(redactor: &Redactor, texts: impl IntoIterator<Item = &'a mut Arc<str>>) {
    texts.into_iter().for_each(|text| clean(redactor, text));
}

/// What a run was asked to be, without secrets.
pub(crate) fn spec(redactor: &Redactor, spec: &mut RunSpec) {
    match &mut spec.origin {
        Origin::Conversation { prompt } => clean_all(redactor, prompt),
        Origin::Documents(texts) => documents(redactor, texts),
    }
    match &mut spec.person {
        Person::Absent { answers } => clean_all(redactor, answers),
        Person::Present { .. } => {}
    }
    for profile in spec.profiles.values_mut() {
        clean_all(redactor, [&mut profile.role, &mut profile.prompt]);
    }
    clean_all(redactor, &mut spec.checks);
    clean_all(redactor, [&mut spec.map, &mut spec.guide, &mut spec.commit_prefix]);
}

fn documents(redactor: &Redactor, documents: &mut Documents) {
    let Documents { requirements, design, todos } = documents;
    clean_all(redactor, [requirements, design, todos]);
}

/// What a person asks, without secrets.
pub(crate) fn command(redactor: &Redactor, command: &mut Command) {
    match command {
        Command::Say(text) | Command::Revise(text) | Command::Answer(_, Some(text)) => {
            clean(redactor, text);
        }
        Command::Edit(edited) => documents(redactor, edited),
        Command::Clear
        | Command::Close
        | Command::Approve
        | Command::Answer(_, None)
        | Command::SetBudget(_)
        | Command::SetWorkers(_)
        | Command::Reopen
        | Command::Cancel => {}
    }
}

/// How a job ended, without secrets.
pub(crate) fn outcome(redactor: &Redactor, outcome: &mut Outcome) {
    match outcome {
        Outcome::Called { result: Ok(said), .. } => reply(redactor, said),
        Outcome::Called { result: Err(CallFailure { message, .. }), .. } => {
            clean(redactor, message);
        }
        Outcome::ToolRan { content, .. } => clean(redactor, content),
        Outcome::Verified { checks, .. } | Outcome::Integrated { checks, .. } => {
            checks.iter_mut().for_each(|check| check_result(redactor, check));
        }
        Outcome::Conflicted { paths, text, .. } => {
            clean_all(redactor, paths);
            clean(redactor, text);
        }
        Outcome::Published { note, .. } => clean_all(redactor, note),
        Outcome::Delivered(Delivery::OnBranch { why, .. }) => clean(redactor, why),
        Outcome::Refused(message) | Outcome::Failed(message) => clean(redactor, message),
        Outcome::Delivered(Delivery::Moved { .. })
        | Outcome::Prepared(_)
        | Outcome::Landed
        | Outcome::Overtaken => {}
    }
}

fn check_result(redactor: &Redactor, check: &mut CheckResult) {
    clean_all(redactor, [&mut check.command, &mut check.output]);
    match &mut check.verdict {
        Verdict::CantRun { program } => clean(redactor, program),
        Verdict::Passed | Verdict::Failed { .. } | Verdict::TimedOut => {}
    }
}

fn reply(redactor: &Redactor, reply: &mut Reply) {
    clean(redactor, &mut reply.text);
    for call in &mut reply.calls {
        clean_all(redactor, [&mut call.id, &mut call.name]);
        if let Cow::Owned(redacted) = redactor.redact_json(&call.args) {
            call.args = redacted.into();
        }
    }
    // Signed parts can't be changed; without them a reply is sent back by its words and calls.
    if reply
        .provider_parts
        .as_ref()
        .is_some_and(|parts| matches!(redactor.redact_json(parts), Cow::Owned(_)))
    {
        reply.provider_parts = None;
    }
}

/// A request without secrets. What it is made of is clean already, unless the run was begun by a
/// program, or in an environment, that did not know them.
pub(crate) fn request(redactor: &Redactor, request: &mut Request) {
    clean(redactor, &mut request.system);
    for message in &mut request.messages {
        match message {
            Message::User { text } => clean(redactor, text),
            Message::Assistant(said) => reply(redactor, said),
            Message::Tool(result) => clean(redactor, &mut result.content),
        }
    }
}
