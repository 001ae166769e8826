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
    if let Some(earlier) = &mut spec.earlier {
        documents(redactor, &mut earlier.present);
        documents(redactor, &mut earlier.built);
    }
}

fn documents(redactor: &Redactor, documents: &mut Documents) {
    let Documents { requirements, design, todos } = documents;
    clean_all(redactor, [requirements, design, todos]);
}

/// What a person asks, without secrets.
pub(crate) fn command(redactor: &Redactor, command: &mut Command) {
    match command {
        Command::Say(text)
        | Command::Revise(text)
        | Command::Answer(_, Some(text))
        | Command::Tell { text, .. } => {
            clean(redactor, text);
        }
        Command::AddTodo(text) | Command::Flip(_, text) => clean(redactor, text),
        Command::Edit(edited) | Command::EditPlan(edited) => documents(redactor, edited),
        Command::Clear
        | Command::Close
        | Command::Approve
        | Command::Answer(_, None)
        | Command::SetBudget(_)
        | Command::SetWorkers(_)
        | Command::SetSandbox(_)
        | Command::AcceptProtected
        | Command::Reopen
        | Command::Cancel
        | Command::Pause
        | Command::Unpause
        | Command::CancelTask(_) => {}
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
        Outcome::Verified { checks, paths, diff, .. } => {
            clean_all(redactor, paths);
            clean(redactor, diff);
            checks.iter_mut().for_each(|check| check_result(redactor, check));
        }
        Outcome::Integrated { checks, .. } | Outcome::Proved { checks, .. } => {
            checks.iter_mut().for_each(|check| check_result(redactor, check));
        }
        Outcome::Foreseen(seen) => {
            seen.collisions.iter_mut().for_each(|c| clean_all(redactor, &mut c.paths));
        }
        Outcome::Rechecked(checks) => {
            checks.iter_mut().for_each(|check| check_result(redactor, check));
        }
        Outcome::Conflicted { paths, text, .. } => {
            clean_all(redactor, paths);
            clean(redactor, text);
        }
        Outcome::Published { note, .. } => clean_all(redactor, note),
        Outcome::Delivered(Delivery::OnBranch { why, .. }) => clean(redactor, why),
        Outcome::Protected(touched) => clean_all(redactor, &mut touched.paths),
        Outcome::Refused(message) | Outcome::Failed(message) => clean(redactor, message),
        Outcome::Delivered(Delivery::Moved { .. })
        | Outcome::Prepared(_)
        | Outcome::Committed(_)
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

#[cfg(test)]
mod tests {
    use super::*;
    use equitr_core::chat::{ToolCall, ToolOutcome, ToolResult};
    use equitr_core::event::CheckResult;
    use equitr_core::id::Commit;

    const SECRET: &str = "canary/0123456789";

    fn redactor() -> Redactor {
        Redactor::new([("MY_KEY", SECRET)])
    }

    fn said() -> Reply {
        let call = ToolCall {
            id: "1".into(),
            name: "write_file".into(),
            args: format!(r#"{{"path":"a","content":"k\n{}"}}"#, SECRET.replace('/', "\\/")).into(),
        };
        Reply {
            text: SECRET.into(),
            calls: vec![call],
            provider_parts: Some(format!("{{\"signed\":\"{SECRET}\"}}").into()),
            ..Reply::default()
        }
    }

    fn clean_reply() -> Reply {
        let mut clean = said();
        clean.text = "[redacted:my-key]".into();
        clean.calls[0].args = r#"{"path":"a","content":"k\n[redacted:my-key]"}"#.into();
        clean.provider_parts = None;
        clean
    }

    #[test]
    fn sec_04_a_request_of_an_older_journal_is_clean_before_it_is_sent() {
        let result = ToolResult {
            call_id: "1".into(),
            name: "read_file".into(),
            content: format!("x {SECRET}").into(),
            outcome: ToolOutcome::Ok,
        };
        let mut asked = Request {
            model: "p/m".into(),
            agent: "worker#1".into(),
            turn: 1,
            system: SECRET.into(),
            messages: vec![
                Message::User { text: SECRET.into() },
                Message::Assistant(said()),
                Message::Tool(result),
            ],
            tools: Arc::new([]),
            max_tokens: 1,
            temperature_milli: None,
        };
        request(&redactor(), &mut asked);
        assert!(!serde_json::to_string(&asked).unwrap().contains("canary"), "{asked:?}");
        assert_eq!(asked.messages[1], Message::Assistant(clean_reply()));
        let Message::Tool(result) = &asked.messages[2] else { panic!("{asked:?}") };
        assert_eq!(&*result.content, "x [redacted:my-key]");
    }

    #[test]
    fn sec_02_every_outcome_is_clean_before_it_decides_anything() {
        let check = CheckResult {
            command: SECRET.into(),
            verdict: Verdict::CantRun { program: SECRET.into() },
            output: SECRET.into(),
            took_ms: 1,
        };
        let commit = || Commit("c0ffee".into());
        let failure = CallFailure {
            fault: equitr_core::chat::CallFault::Transient,
            message: SECRET.into(),
            retry_after_ms: None,
            used: equitr_core::input::Used::Nothing,
        };
        let left = Delivery::OnBranch { branch: "b".into(), commit: commit(), why: SECRET.into() };
        let content = SECRET.into();
        for mut ended in [
            Outcome::Called { result: Ok(said()), took_ms: 1 },
            Outcome::Called { result: Err(failure), took_ms: 1 },
            Outcome::ToolRan { content, outcome: ToolOutcome::Ok, took_ms: 1 },
            Outcome::Verified {
                commit: commit(),
                paths: vec![SECRET.into()],
                edited: Vec::new(),
                checks: vec![check.clone()],
                diff: SECRET.into(),
            },
            Outcome::Foreseen(equitr_core::foresight::Foreseen {
                collisions: vec![equitr_core::foresight::Collision {
                    one: "a".into(),
                    other: "b".into(),
                    paths: vec![SECRET.into()],
                }],
                ..Default::default()
            }),
            Outcome::Integrated { commit: commit(), onto: commit(), checks: vec![check] },
            Outcome::Conflicted {
                paths: vec![SECRET.into()],
                text: SECRET.into(),
                onto: commit(),
                tree: commit(),
                with: Vec::new(),
            },
            Outcome::Published { base: commit(), note: Some(SECRET.into()) },
            Outcome::Delivered(left),
            Outcome::Refused(SECRET.into()),
            Outcome::Failed(SECRET.into()),
        ] {
            outcome(&redactor(), &mut ended);
            let told = format!("{ended:?}");
            assert!(!told.contains("canary") && told.contains("[redacted:my-key]"), "{told}");
        }
    }

    #[test]
    fn sec_02_what_a_person_says_is_clean_before_it_is_written_down() {
        let documents = Documents {
            requirements: SECRET.into(),
            design: SECRET.into(),
            todos: format!("1. {SECRET}").into(),
        };
        let id = equitr_core::id::QuestionId(1);
        for mut asked in [
            Command::Say(SECRET.into()),
            Command::Revise(SECRET.into()),
            Command::Answer(id, Some(SECRET.into())),
            Command::Edit(documents),
        ] {
            command(&redactor(), &mut asked);
            let told = format!("{asked:?}");
            assert!(!told.contains("canary") && told.contains("[redacted:my-key]"), "{told}");
        }
    }
}
