//! Acceptance checks: before the work, out of its reach, and proofs only when they were red.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
mod play;

use equitr_core::acceptance::{Lock, Standing, rows};
use equitr_core::documents::Documents;
use equitr_core::event::{CheckResult, Verdict};
use equitr_core::id::TaskId;
use equitr_core::input::Outcome;
use equitr_core::job::{JobId, Work, jobs, work};
use equitr_core::scope;
use equitr_core::spec::Origin;
use equitr_core::state::RunState;
use play::{Play, call, commit, graph, task};
use serde_json::{Value, json};

const FILE: &str = "tests/acceptance/a/r1.sh";
const ONE: TaskId = TaskId(1);

/// A run of one task that cites both requirements, up to where its checks are asked for.
fn asked() -> Play {
    let documents = Documents {
        requirements: "# Shop Requirements\n\n- Sell\n- Buy\n".into(),
        design: "# Shop Design\n\n## Shop\nA shop.\n".into(),
        todos: "1. Build it (R1, R2)\n".into(),
    };
    let mut play = Play::with(|spec| {
        spec.origin = Origin::Documents(documents);
        spec.acceptance = true;
    });
    play.publishes();
    play.supervisor_says(graph(&[task("a", &[1], &[])]));
    play
}

fn check(requirement: &str, path: &str) -> Value {
    json!({"requirement": requirement, "command": format!("sh {path}"),
        "files": [{"path": path, "content": "false\n"}]})
}

fn writes(play: &mut Play, checks: &[Value]) {
    let args = json!({ "checks": checks }).to_string();
    play.supervisor_says(call("write_checks", &args));
}

fn omits(play: &mut Play, requirement: &str) {
    let args = json!({"requirement": requirement, "reason": "nobody can tell"}).to_string();
    play.supervisor_says(call("no_check", &args));
}

/// The one job that is wanted.
fn wanted(state: &RunState) -> JobId {
    match jobs(state)[..] {
        [job] => job,
        ref other => panic!("{other:?}"),
    }
}

/// Answers the proof that is wanted: every check with this verdict.
fn proves(play: &mut Play, verdict: &Verdict) {
    let job = wanted(&play.state);
    let Some(Work::Prove { at, paths, checks, .. }) = work(&play.state, job) else {
        panic!("{job:?} is no proof")
    };
    let lock = |path| Lock { path, hash: commit("content") };
    let result =
        |command| CheckResult { command, verdict: verdict.clone(), output: "".into(), took_ms: 1 };
    play.done(
        job,
        Outcome::Proved {
            at,
            locks: paths.into_iter().map(lock).collect(),
            broken: vec![],
            checks: checks.into_iter().map(result).collect(),
        },
    );
}

fn standing(state: &RunState, place: usize) -> Standing {
    rows(state)[place].standing
}

#[test]
fn an_attempt_starts_when_its_checks_are_written_committed_and_tried() {
    let mut play = asked();
    let [JobId::Call { agent, .. }] = jobs(&play.state)[..] else { panic!("nobody is asked") };
    assert_eq!(&*play.state.agent_name(agent), "acceptance:a");
    writes(&mut play, &[check("R1", FILE)]);
    assert!(matches!(wanted(&play.state), JobId::Call { .. }), "R2 is not covered yet");
    omits(&mut play, "R2");

    let commits = wanted(&play.state);
    let Some(Work::Commit { files, .. }) = work(&play.state, commits) else {
        panic!("{commits:?}")
    };
    assert_eq!(files, [(FILE.into(), "false\n".into())]);
    play.done(commits, Outcome::Committed(commit("checks")));
    assert_eq!(play.state.tasks[0].attempts, 0);
    proves(&mut play, &Verdict::Failed { exit: 1 });
    assert_eq!(play.state.tasks[0].attempts, 1);

    play.claims(1, 1);
    let Some(Work::Verify { checks, locks, .. }) = work(&play.state, JobId::Verify(ONE, 1)) else {
        panic!("nothing is verified")
    };
    assert_eq!(checks, ["check".into(), format!("sh {FILE}").into()]);
    assert_eq!(locks, [Lock { path: FILE.into(), hash: commit("content") }]);
    let closed = scope::closed(&play.state, ONE);
    assert!(scope::barrier(&closed, "tests/acceptance/conftest.py").is_some());
    play.replays();
}

#[test]
fn a_requirement_is_proven_by_checks_that_were_red_and_are_green_on_the_result() {
    for (before, after, found) in [
        (Verdict::Failed { exit: 1 }, Verdict::Passed, Standing::Proven),
        (Verdict::TimedOut, Verdict::Passed, Standing::Proven),
        (Verdict::Passed, Verdict::Passed, Standing::Unproven),
        (Verdict::CantRun { program: "sh".into() }, Verdict::Passed, Standing::Unproven),
        (Verdict::Failed { exit: 1 }, Verdict::Failed { exit: 1 }, Standing::Disproven),
    ] {
        let mut play = asked();
        writes(&mut play, &[check("R1", FILE)]);
        omits(&mut play, "R2");
        play.done(wanted(&play.state), Outcome::Committed(commit("checks")));
        proves(&mut play, &before);
        play.works(1, 1);
        assert_ne!(standing(&play.state, 0), Standing::Proven, "nobody looked at the result yet");
        proves(&mut play, &after);
        assert_eq!(standing(&play.state, 0), found, "{before:?}, then {after:?}");
        assert_eq!(standing(&play.state, 1), Standing::Unproven);
        play.delivers();
        let done = found != Standing::Disproven;
        let ending = play.state.ending().unwrap();
        assert_eq!(*ending == equitr_core::event::Ending::Done, done, "{ending:?}");
        play.replays();
    }
}

#[test]
fn what_can_not_be_taken_is_told_and_after_eight_replies_the_run_goes_on_without() {
    let mut play = asked();
    let bad = [
        check("R1", "src/main.sh"),
        check("R1", "tests/acceptance/../x"),
        check("R1", "tests/acceptance/.git/x"),
        check("R7", FILE),
        json!({"requirement": "R1", "command": " "}),
        json!({"requirement": "one", "command": "true"}),
        json!({"requirement": "R1", "command": "true", "files": [
            {"path": "tests/acceptance/a", "content": ""},
            {"path": "tests/acceptance/a/b", "content": ""},
        ]}),
        json!({"requirement": "R1", "command": "true", "files": [
            {"path": FILE, "content": "x".repeat(300_000)},
        ]}),
    ];
    for wrong in bad {
        assert_eq!(play.state.tasks[0].attempts, 0);
        writes(&mut play, &[wrong]);
    }
    assert_eq!(play.state.tasks[0].attempts, 1, "{:?}", jobs(&play.state));
    let why = rows(&play.state)[0].why.unwrap();
    assert!(why.starts_with("no usable check came: too many replies"), "{why}");
    assert_eq!(play.state.acceptance.tasks[&ONE].checks, []);
    play.replays();
}

#[test]
fn without_the_setting_or_a_citation_nothing_is_asked() {
    for (acceptance, todo) in [(false, "1. Build it (R1)\n"), (true, "1. Build it (R5)\n")] {
        let mut play = Play::with(|spec| {
            spec.origin = Origin::Documents(Documents {
                requirements: "# Shop Requirements\n\n- Sell\n".into(),
                design: "# Shop Design\n".into(),
                todos: todo.into(),
            });
            spec.acceptance = acceptance;
        });
        play.publishes();
        play.supervisor_says(graph(&[task("a", &[1], &[])]));
        assert_eq!(play.state.tasks[0].attempts, 1);
        let closed = scope::closed(&play.state, ONE);
        assert!(!closed.iter().any(|closed| closed.glob.contains("acceptance")), "{closed:?}");
    }
}
