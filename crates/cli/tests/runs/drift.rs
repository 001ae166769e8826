//! Workers that loop, do nothing, or claim without evidence; and questions that were asked before.

use crate::support::{Gate, Machine, script, task, team_args, writes};
use equitr_core::drift::Warning;
use equitr_core::event::{Event, Failure, Matter};
use equitr_core::id::TaskId;
use serde_json::{Value, json};

fn failures(machine: &Machine) -> Vec<Failure> {
    let failed = |(_, event)| match event {
        Event::AttemptFailed { reason, .. } => Some(reason),
        _ => None,
    };
    machine.events().into_iter().filter_map(failed).collect()
}

fn tool_results(machine: &Machine, words: &str) -> usize {
    let said = |event: &Event| matches!(event, Event::ToolFinished { content, .. } if content.contains(words));
    machine.events().iter().filter(|(_, event)| said(event)).count()
}

/// A task of which nothing comes, however often it is tried.
fn lost(agent: &Value) -> Value {
    let tasks = json!([task("one", "general", 1, &[], "true")]);
    let decided = json!([{"calls": [{"fail_task": {"reason": "nothing comes of it"}}]}]);
    let agents = json!({
        "general_worker": agent,
        "supervisor:escalation:general_worker#1": decided,
    });
    script(1, tasks, agents)
}

#[test]
fn a_worker_that_reads_one_thing_after_the_other_and_does_nothing_is_told_and_stopped() {
    let machine = Machine::new();
    let reads: Vec<Value> = (0..30)
        .map(|n| json!({"calls": [{"list_files": {"path": format!("folder-{n}")}}]}))
        .collect();
    let model = machine.script(&lost(&json!(reads)));
    machine.run(&team_args(&model)).expect(1);
    assert!(matches!(failures(&machine)[..], [Failure::Idle { turns: 16 }, ..]));
    let warned = machine.events().into_iter().any(|(_, event)| {
        matches!(event, Event::WorkerWarned { warning: Warning::Idle, attempt: 1, .. })
    });
    assert!(warned, "it was told before");
    assert!(!machine.state().has_merged());
}

#[test]
fn a_worker_that_goes_from_one_call_to_another_and_back_is_stopped_and_never_merged() {
    let machine = Machine::new();
    let [a, b] =
        ["true", "echo b"].map(|line| json!({"calls": [{"run_command": {"command": line}}]}));
    let turns: Vec<Value> = (0..15).flat_map(|_| [a.clone(), b.clone()]).collect();
    let model = machine.script(&lost(&json!(turns)));
    machine.run(&team_args(&model)).expect(1);
    assert!(failures(&machine).iter().all(|reason| matches!(reason, Failure::Circle { .. })));
    assert!(!machine.state().has_merged());
}

#[test]
fn a_claim_of_which_nothing_was_done_is_no_claim() {
    let machine = Machine::new();
    let claim = json!({"calls": [{"finish": {"summary": ["all done"]}}]});
    let model = machine.script(&lost(&json!(vec![claim; 12])));
    machine.run(&team_args(&model)).expect(1);
    assert!(tool_results(&machine, "nothing was written and no command was run") > 1);
    assert!(failures(&machine).iter().all(|reason| matches!(reason, Failure::Circle { .. })));
    assert!(!machine.state().has_merged());
}

#[test]
fn a_worker_is_told_when_most_of_its_replies_are_used() {
    let machine = Machine::new();
    machine.configure("orchestrator: {max_iterations: 5}\n");
    let run =
        |n: u32| json!({"calls": [{"run_command": {"command": format!("echo {n} > one.txt")}}]});
    let claim = json!({"calls": [{"finish": {"summary": ["one"]}}]});
    let turns = json!([run(1), run(2), run(3), run(4), claim]);
    let tasks = json!([task("one", "general", 1, &[], "test -s one.txt")]);
    let model = machine.script(&script(1, tasks, json!({"general_worker": turns})));
    machine.run(&team_args(&model)).expect(0);
    let told = machine.events().into_iter().find_map(|(_, event)| match event {
        Event::WorkerWarned { warning: Warning::Turns, text, .. } => Some(text),
        _ => None,
    });
    assert!(told.unwrap().starts_with("4 of this attempt's 5 replies are used."));
}

#[test]
fn a_question_that_was_answered_before_is_answered_from_the_ledger() {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "gate");
    let ask = |words: &str| json!({"calls": [{"ask_supervisor": {"question": words}}]});
    let mut first = vec![ask("Which port does it use?")];
    first.extend(writes("one.txt", "1\n").as_array().unwrap().clone());
    let mut second = vec![json!({"calls": [gate.wait()]}), ask("which PORT does it use")];
    second.extend(writes("two.txt", "2\n").as_array().unwrap().clone());
    let agents = json!({
        "frontend_worker": first,
        "backend_worker": second,
        "supervisor:question:frontend_worker#1": [{"calls": [{"answer": {"answer": "Port 8123."}}]}],
    });
    let tasks = json!([
        task("one", "frontend", 1, &[], "test -s one.txt"),
        task("two", "backend", 2, &[], "test -s two.txt"),
    ]);
    let model = machine.script(&script(2, tasks, agents));
    let mut run =
        machine.start(&[&team_args(&model)[..], &["--max-workers", "2", "--json"]].concat());
    run.until_merged(1);
    gate.open();
    run.wait().expect(0);
    assert_eq!(tool_results(&machine, "Port 8123."), 2);
    let questions = machine.events().into_iter().filter(|(_, event)| {
        matches!(event, Event::ConsultOpened { matter: Matter::Question { .. }, .. })
    });
    assert_eq!(questions.count(), 1, "the supervisor was asked once");
    assert_eq!(machine.state().answers.given()[0].task, TaskId(1));
}
