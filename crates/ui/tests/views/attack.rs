//! Hostile text from models and tools reaches no view as it is.

use crate::play::{Play, call, graph, reply};
use crate::screen::{PLAIN, SYMBOLS, flow, folded, journal};
use crate::shop::{self, call_failure, check, claim, documents, question, titled, worker};
use equitr_core::chat::CallFault;
use equitr_core::event::{Delivery, Failure, Verdict};
use equitr_core::id::{AgentId, QuestionId};
use equitr_core::input::{Command, Outcome};
use equitr_core::job::{Handover, JobId};
use equitr_core::policy::{Network, Touched};
use equitr_ui::json::{record_line, value_line};
use equitr_ui::progress::status_line;
use equitr_ui::report::report;
use equitr_ui::status::{status, status_json};
use serde_json::json;

/// Clears the screen, rewrites the line above, sets the title and the clipboard, links, hides,
/// turns around, breaks the line.
const EVIL: &str = "a\x1b[2J\x1b[1A\x1b[2K\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\\x1bkowned\x1b\\\x1b]0;owned\x07\x1b]52;c;cm0=\x1b\\\u{9b}31m\u{202e}b\u{200b}\u{e0041}\r\n✓ Task 9 | c";

fn attacked() -> Play {
    let mut play = shop::begin(|spec| {
        spec.limits.tries = 2;
        spec.policy.network = Network::Hosts(vec![EVIL.into()]);
    });
    play.command(Command::Say(EVIL.into()));
    play.model_says(AgentId::Planner, question(EVIL, EVIL));
    play.command(Command::Say(EVIL.into()));
    let todos = format!("# Tasks\n\n1. one {}\n2. two\n3. three\n", EVIL.replace('\n', " "));
    play.model_says(AgentId::Planner, documents(&format!("# {EVIL}\n"), EVIL, &todos));
    play.command(Command::Revise(EVIL.into()));
    play.model_says(AgentId::Planner, documents(&format!("# {EVIL}{EVIL}\n"), EVIL, &todos));
    play.command(Command::Approve);
    play.done(
        JobId::Publish,
        Outcome::Published { base: crate::play::commit(EVIL), note: Some(EVIL.into()) },
    );
    play.supervisor_says(graph(&[
        titled("a", EVIL, "backend", &[1], &[]),
        titled("b", EVIL, "backend", &[2], &["a"]),
        titled("c", EVIL, "frontend", &[3], &[]),
    ]));
    play.prepare(3, 1);
    let words = |key: &str| json!({ key: EVIL }).to_string();
    play.model_says(
        worker(3, 1),
        reply(vec![
            ("send_message", json!({ "to": "all", "text": EVIL }).to_string()),
            (EVIL, EVIL.to_owned()),
            ("ask_supervisor", words("question")),
        ]),
    );
    play.supervisor_says(call("answer", &words("answer")));
    let job = shop::call_of(&play, worker(3, 1));
    play.done(job, call_failure(CallFault::TooLarge, EVIL, None));
    play.model_says(worker(3, 1), shop::finish(&[EVIL]));
    let cant = || vec![check(EVIL, Verdict::CantRun { program: EVIL.into() }, EVIL)];
    shop::checked(&mut play, 3, 1, cant());
    let merged = Outcome::Integrated {
        commit: crate::play::commit(EVIL),
        onto: crate::play::commit(EVIL),
        checks: cant(),
    };
    play.done(JobId::Integrate(equitr_core::id::TaskId(3), 1), merged);
    play.lands(3, 1);
    (0..5).for_each(|_| play.model_says(worker(1, 1), reply(vec![(EVIL, EVIL.to_owned())])));
    claim(&mut play, 1, 2, &[EVIL]);
    shop::checked(&mut play, 1, 2, vec![check(EVIL, Verdict::Failed { exit: 1 }, EVIL)]);
    play.supervisor_says(call("fail_task", &words("reason")));
    let touched = Touched { paths: vec![EVIL.into()], total: 2 };
    play.done(JobId::Deliver(Handover::Guarded), Outcome::Protected(touched));
    play.command(Command::Answer(QuestionId(2), Some("yes".into())));
    let delivery = Delivery::OnBranch {
        branch: EVIL.into(),
        commit: crate::play::commit(EVIL),
        why: EVIL.into(),
    };
    play.done(JobId::Deliver(Handover::Accepted), Outcome::Delivered(delivery));
    play
}

#[track_caller]
fn is_harmless(text: &str) {
    let risky = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}' | '\u{202e}' | '\u{e0000}'..='\u{e007f}')
    };
    assert!(!text.chars().any(risky), "{text:?}");
}

#[test]
fn tty_01_to_06_no_view_hands_hostile_text_to_a_terminal() {
    let play = attacked();
    assert!(play.state.ending().is_some());
    let failure = &play.state.task(equitr_core::id::TaskId(1)).unwrap().failures[0].1;
    assert!(matches!(failure, Failure::Circle { .. }), "{failure:?}");
    for style in [SYMBOLS, PLAIN] {
        let told = flow(&play, &style);
        is_harmless(&told);
        assert!(!["owned", "cm0=", "http://evil"].iter().any(|word| told.contains(word)), "{told}");
        is_harmless(&journal(&play, &style));
        for (_, state) in folded(&play) {
            is_harmless(&status(&state, &style));
            is_harmless(&report(&state, &style));
            is_harmless(&status_line(&state, state.now_ms, EVIL, &style));
        }
    }
}

#[test]
fn json_is_harmless_on_a_terminal_and_still_says_what_was_said() {
    let play = attacked();
    let harmless = |line: &str| !line.chars().any(|c| c.is_control() || c == '\u{202e}');
    for record in &play.journal {
        let line = record_line(record);
        assert!(harmless(&line), "{line}");
        assert_eq!(serde_json::from_str::<equitr_core::event::Record>(&line).unwrap(), *record);
    }
    let value = status_json(&play.state);
    let line = value_line(&value);
    assert!(harmless(&line), "{line}");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap(), value);
}

#[test]
fn hostile_text_cannot_pass_for_a_line_of_ours() {
    let told = flow(&attacked(), &SYMBOLS);
    let outside_documents = told.split_once("Using multi-agent mode").unwrap().1;
    assert!(
        !outside_documents.lines().any(|line| line.starts_with("✓ Task 9")),
        "{outside_documents}"
    );
}
