//! Reviews: what a fresh pair of eyes finds in verified work comes back to a worker.

use crate::support::{Machine, script, task, team_args};
use equitr_core::event::{Event, Failure};
use equitr_core::id::TaskId;
use equitr_core::review::Reviewed;
use serde_json::{Value, json};

const PROFILE: &str = "role: careful work\nprompt: Be careful.\nreview: true\n";

fn machine() -> Machine {
    let machine = Machine::new();
    machine.repository(&[(".equitr/profiles/careful.yaml", PROFILE)]);
    machine
}

fn turns(content: &str) -> Value {
    json!([
        {"calls": [{"write_file": {"path": "one.txt", "content": content}}]},
        {"calls": [{"finish": {"summary": ["one.txt is there"]}}]},
    ])
}

fn found(problem: &str) -> Value {
    json!([
        {"calls": [{"read_file": {"path": "one.txt"}}]},
        {"calls": [{"submit_review": {"findings": [{"place": "one.txt:1", "problem": problem}]}}]},
    ])
}

fn verdicts(machine: &Machine) -> Vec<(u32, Reviewed)> {
    let events = machine.events().into_iter();
    let verdict = |(_, event)| match event {
        Event::WorkReviewed { attempt, verdict, .. } => Some((attempt, verdict)),
        _ => None,
    };
    events.filter_map(verdict).collect()
}

#[test]
fn what_a_review_finds_opens_a_new_attempt_and_the_next_review_sees_it_mended() {
    let machine = machine();
    let agents = json!({
        "careful_worker#1": turns("secret\n"),
        "careful_worker#2": turns("public\n"),
        "reviewer:careful_worker#1": found("the word must be public"),
        "reviewer:careful_worker#2": [{"calls": [{"submit_review": {"findings": []}}]}],
    });
    let tasks = json!([task("one", "careful", 1, &[], "test -s one.txt")]);
    let model = machine.script(&script(1, tasks, agents));
    let ended = machine.run(&team_args(&model)).expect(0);

    let line = "one.txt:1: the word must be public";
    let findings = Reviewed::Findings(vec![line.into()]);
    assert_eq!(verdicts(&machine), [(1, findings), (2, Reviewed::Clean)]);
    let state = machine.state();
    let task = state.task(TaskId(1)).unwrap();
    assert_eq!(task.failures, [(1, Failure::Review { findings: vec![line.into()] })]);
    assert!(ended.stdout.contains(line), "{}", ended.stdout);
    let asked = machine.events().into_iter().find_map(|(_, event)| match event {
        Event::ConsultOpened { opening, .. } if opening.contains("reviewer:") => Some(opening),
        _ => None,
    });
    assert!(asked.unwrap().contains("+secret"), "the reviewer is shown the change");
    let told = machine.events().into_iter().find_map(|(_, event)| match event {
        Event::AttemptStarted { attempt: 2, opening, .. } => Some(opening),
        _ => None,
    });
    assert!(told.unwrap().contains(line), "the next worker is told");
    let report = machine.run(&["report"]).expect(0).stdout;
    assert!(
        report.contains("- Task 1: nothing has to change, after it was sent back 1 time"),
        "{report}"
    );
}

#[test]
fn the_supervisor_can_ask_for_a_review_of_one_task() {
    let machine = Machine::new();
    let agents = json!({
        "general_worker": turns("one\n"),
        "reviewer:general_worker#1": [{"calls": [{"submit_review": {"findings": []}}]}],
    });
    let mut one = task("one", "general", 1, &[], "test -s one.txt");
    one["review"] = json!(true);
    let model = machine.script(&script(1, json!([one]), agents));
    machine.run(&team_args(&model)).expect(0);
    assert_eq!(verdicts(&machine), [(1, Reviewed::Clean)]);
}

#[test]
fn after_two_rounds_work_is_merged_unreviewed_and_the_report_says_so() {
    let machine = machine();
    let agents = json!({
        "careful_worker": turns("one\n"),
        "careful_worker#2": turns("two\n"),
        "careful_worker#3": turns("three\n"),
        "reviewer:careful_worker#1": found("not one"),
        "reviewer:careful_worker#2": found("not two"),
    });
    let tasks = json!([task("one", "careful", 1, &[], "test -s one.txt")]);
    let model = machine.script(&script(1, tasks, agents));
    machine.run(&team_args(&model)).expect(0);
    assert_eq!(verdicts(&machine).len(), 2);
    let report = machine.run(&["report"]).expect(0).stdout;
    let said = "- Task 1: had to change; nobody looked at it again\n  - one.txt:1: not two\n";
    assert!(report.contains(said), "{report}");
}

#[test]
fn a_review_can_not_take_the_place_of_a_red_check() {
    let machine = machine();
    let agents = json!({
        "careful_worker": turns("one\n"),
        "supervisor:escalation:careful_worker#1": [{"calls": [{"fail_task": {"reason": "red"}}]}],
    });
    let tasks = json!([task("one", "careful", 1, &[], "grep -q two one.txt")]);
    let model = machine.script(&script(1, tasks, agents));
    machine.run(&team_args(&model)).expect(1);
    assert_eq!(verdicts(&machine), [], "nobody is asked to review red work");
}

#[test]
fn a_reviewer_that_would_write_or_run_is_refused_and_one_that_fails_keeps_nothing_back() {
    let machine = machine();
    let agents = json!({
        "careful_worker": turns("one\n"),
        "reviewer:careful_worker#1": [
            {"calls": [{"write_file": {"path": "one.txt", "content": "mine\n"}}]},
            {"calls": [{"run_command": {"command": "echo mine > one.txt"}}]},
            {"text": "Looks good."}, {"text": "Looks good."}, {"text": "Looks good."},
        ],
    });
    let tasks = json!([task("one", "careful", 1, &[], "test -s one.txt")]);
    let model = machine.script(&script(1, tasks, agents));
    machine.run(&team_args(&model)).expect(0);
    let [(1, Reviewed::Missing(why))] = &verdicts(&machine)[..] else { panic!("no verdict") };
    assert!(why.contains("the reviewer failed"), "{why}");
    assert_eq!(machine.git(&["show", "HEAD:one.txt"]), "one");
}
