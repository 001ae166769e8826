//! What commands run in, and protected files, in every view.

use crate::play::{Play, call, commit, task};
use crate::screen::{COLORS, PLAIN, SYMBOLS, flow, folded, journal};
use crate::shop::{self, worker};
use equitr_core::event::Delivery;
use equitr_core::id::QuestionId;
use equitr_core::input::{Command, Outcome};
use equitr_core::job::{Handover, JobId};
use equitr_core::policy::{Sandbox, Touched};
use equitr_core::spec::Person;
use equitr_ui::progress::status_line;
use equitr_ui::report::report;
use equitr_ui::status::{status, status_json};
use equitr_ui::{Style, takeover_command};

/// A run without a sandbox whose only worker goes in circles first, up to the delivery that finds
/// protected files.
fn touching(person: Person) -> Play {
    let mut play = Play::graphed_with(&[task("a", &[1], &[])], |spec| {
        spec.policy.sandbox = Sandbox::Off;
        spec.person = person;
        spec.repository = "/home/me/shop".into();
    });
    (0..5).for_each(|_| play.model_says(worker(1, 1), call("look", "{}")));
    play.works(1, 2);
    let paths = vec![".github/workflows/ci.yml".into(), "build.rs".into()];
    let touched = Outcome::Protected(Touched { paths, total: 2 });
    play.done(JobId::Deliver(Handover::Guarded), touched);
    play
}

fn refused() -> Play {
    let mut play = touching(Person::Present { patience_ms: 600_000 });
    play.command(Command::Answer(QuestionId(1), Some("no".into())));
    aside(&mut play);
    play
}

fn aside(play: &mut Play) {
    let (branch, why) = ("equitr/run".into(), "asked to".into());
    let delivery = Delivery::OnBranch { branch, commit: commit("0123456789"), why };
    play.done(JobId::Deliver(Handover::Aside), Outcome::Delivered(delivery));
    assert!(play.state.ending().is_some());
}

fn after_the_graph(told: &str) -> &str {
    told.split_once("Starting").or_else(|| told.split_once("Spawning")).unwrap().1
}

#[test]
fn protected_files_are_told_asked_about_and_their_refusal_is_too() {
    insta::assert_snapshot!("protected_flow", after_the_graph(&flow(&refused(), &SYMBOLS)));
    let journal = journal(&refused(), &PLAIN);
    let (_, end) = journal.split_once("   16 ").unwrap();
    insta::assert_snapshot!("protected_journal", end);
    assert_eq!(
        takeover_command(&refused().state).unwrap(),
        "git -C /home/me/shop merge equitr/run"
    );
}

#[test]
fn the_report_says_which_protected_files_changed_and_that_there_was_no_sandbox() {
    insta::assert_snapshot!("protected_report", report(&refused().state, &PLAIN));
}

#[test]
fn the_status_says_what_is_asked_about_the_result() {
    let waiting = touching(Person::Present { patience_ms: 600_000 });
    insta::assert_snapshot!("protected_status", status(&waiting.state, &PLAIN));
    let json = status_json(&waiting.state);
    assert_eq!(json["sandbox"]["kind"], "off");
    assert_eq!(json["sandbox"]["network"], serde_json::Value::Null);
    assert_eq!(json["protected_changes"]["paths"][1], "build.rs");
    assert_eq!(json["questions"][0]["by"], "EQUITR Coder");
}

#[test]
fn without_a_person_the_end_names_the_files_and_the_way_to_take_them_over() {
    let mut play = touching(Person::Absent { answers: Vec::new() });
    aside(&mut play);
    let told = flow(&play, &PLAIN);
    let expected = "your branch did not move: nobody was there to say yes to its changes of \
                    protected files: .github/workflows/ci.yml, build.rs";
    assert!(told.contains(expected), "{told}");
    assert!(
        told.contains("hint: take the result over with `git -C /home/me/shop merge equitr/run`")
    );
}

#[test]
fn the_first_line_of_a_run_says_what_commands_run_in() {
    let first = |sandbox, style: &Style| {
        let play = shop::begin(|spec| spec.policy.sandbox = sandbox);
        flow(&play, style).lines().next().unwrap_or_default().to_owned()
    };
    let whole = "Commands run in bubblewrap, without network";
    assert_eq!(first(Sandbox::Bubblewrap, &SYMBOLS), whole);
    let weaker = "! Weaker sandbox: commands run in landlock, without network";
    assert_eq!(first(Sandbox::Landlock, &SYMBOLS), weaker);
    let none = "⚠️ NO SANDBOX: commands run as you, with your files and network";
    assert_eq!(first(Sandbox::Off, &SYMBOLS), none);
    assert_eq!(first(Sandbox::Off, &COLORS), format!("\x1b[31m{none}\x1b[0m"));
}

#[test]
fn a_run_without_a_sandbox_says_so_in_every_view_at_every_moment() {
    for (_, state) in folded(&refused()) {
        assert!(status(&state, &PLAIN).contains("NO SANDBOX"));
        assert!(report(&state, &PLAIN).contains("NO SANDBOX"));
        let live = status_line(&state, state.now_ms, "", &SYMBOLS);
        assert!(live.contains("NO SANDBOX"), "{live}");
        assert!(status_json(&state)["sandbox"]["words"].as_str().unwrap().contains("NO SANDBOX"));
    }
    assert!(journal(&refused(), &PLAIN).contains("NO SANDBOX"));
    for (_, state) in folded(&shop::whole_run()) {
        assert!(!status_line(&state, state.now_ms, "", &SYMBOLS).contains("SANDBOX"));
    }
}
