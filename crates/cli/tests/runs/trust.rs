//! What commands run in and what a repository adds, from flags and files to the run's record.

use crate::support::{Gate, Machine, script, task, team_args, writes};
use equitr_core::event::{Ending, Event};
use equitr_core::policy::{Acceptance, Network, Sandbox};
use serde_json::{Value, json};

/// A model whose one task is done at once.
fn model(machine: &Machine) -> String {
    let tasks = json!([task("one", "general", 1, &[], "test -s one.txt")]);
    machine.script(&script(1, tasks, json!({"general_worker": writes("one.txt", "1\n")})))
}

#[test]
fn without_a_flag_commands_run_in_a_sandbox_without_network() {
    let machine = Machine::new();
    let ended = machine.run(&team_args(&model(&machine))).expect(0);
    let policy = machine.state().spec.policy.clone();
    assert!(matches!(policy.sandbox, Sandbox::Bubblewrap | Sandbox::Landlock), "{policy:?}");
    assert_eq!((policy.network, policy.protected_accepted), (Network::None, Acceptance::Asked));
    assert!(!ended.stderr.contains("no sandbox"), "{}", ended.stderr);
}

#[test]
fn a_run_without_a_sandbox_says_so_each_time_and_stays_what_it_is() {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "gate");
    let turns = json!([
        {"calls": [gate.wait()]},
        {"calls": [{"finish": {"summary": ["there"]}}]},
    ]);
    let tasks = json!([task("one", "general", 1, &[], "true")]);
    let model = machine.script(&script(1, tasks, json!({"general_worker": turns})));
    let args = [&team_args(&model)[..], &["--sandbox", "off", "--json"]].concat();
    let mut run = machine.start(&args);
    run.until(|event| matches!(event, Event::AttemptStarted { .. }));
    run.kill();
    assert_eq!(machine.state().spec.policy.sandbox, Sandbox::Off);
    let warned = std::fs::read_to_string(machine.path("stderr")).unwrap();
    assert!(warned.contains("warning: no sandbox (--sandbox off)"), "{warned}");

    let path = machine.path_without_bubblewrap();
    let mut stricter = machine.program(&["resume", "--sandbox", "bubblewrap"]);
    let output = stricter.env("PATH", path).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let records = machine.loaded().records.len();

    gate.open();
    let resumed = machine.run(&["resume"]);
    assert!(resumed.stderr.contains("warning: no sandbox"), "{}", resumed.stderr);
    assert_eq!(machine.state().spec.policy.sandbox, Sandbox::Off);
    assert!(machine.loaded().records.len() > records, "the refused one wrote nothing");
}

/// A run that was killed while its one task waits at the gate.
fn killed(machine: &Machine, gate: &Gate, flags: &[&str], writes: Value) {
    let mut turns = writes.as_array().unwrap().clone();
    turns.insert(0, json!({"calls": [gate.wait()]}));
    let tasks = json!([task("one", "general", 1, &[], "true")]);
    let model = machine.script(&script(1, tasks, json!({"general_worker": turns})));
    let mut run = machine.start(&[&team_args(&model)[..], &["--json"], flags].concat());
    run.until(|event| matches!(event, Event::AttemptStarted { .. }));
    run.kill();
}

#[test]
fn another_sandbox_for_a_resumed_run_is_in_its_journal_and_in_every_view() {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "gate");
    killed(&machine, &gate, &[], writes("one.txt", "1\n"));
    assert_ne!(machine.state().spec.policy.sandbox, Sandbox::Off);
    gate.open();
    let resumed = machine.run(&["resume", "--sandbox", "off"]).expect(0);
    assert!(resumed.stderr.contains("warning: no sandbox (--sandbox off)"), "{}", resumed.stderr);
    assert!(resumed.stdout.contains("From now on:\n! NO SANDBOX"), "{}", resumed.stdout);
    assert_eq!(machine.state().spec.policy.sandbox, Sandbox::Off);
    let set = |event: &Event| matches!(event, Event::SandboxSet { sandbox: Sandbox::Off });
    assert_eq!(machine.events().iter().filter(|(_, event)| set(event)).count(), 1);
    for view in ["status", "report"] {
        let told = machine.run(&[view]).expect(0).stdout;
        assert!(told.contains("NO SANDBOX"), "{view}: {told}");
    }
    assert_eq!(machine.status()["sandbox"]["kind"], "off");
    let shown = machine.run(&["show"]).expect(0).stdout;
    assert!(shown.contains("from now on, NO SANDBOX"), "{shown}");
}

#[test]
fn a_run_without_a_sandbox_that_is_resumed_in_one_stays_in_it() {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "gate");
    killed(&machine, &gate, &["--sandbox", "off"], writes("one.txt", "1\n"));
    let mut run = machine.start(&["resume", "--sandbox", "landlock", "--json"]);
    run.until(|event| matches!(event, Event::SandboxSet { .. }));
    run.kill();
    assert_eq!(machine.state().spec.policy.sandbox, Sandbox::Landlock);
    gate.open();
    let resumed = machine.run(&["resume"]).expect(0);
    assert!(!resumed.stderr.contains("no sandbox"), "{}", resumed.stderr);
    assert_eq!(machine.state().spec.policy.sandbox, Sandbox::Landlock);
}

#[test]
fn a_repository_that_wants_a_sandbox_has_it_when_a_run_is_resumed_too() {
    let machine = Machine::new();
    machine.repository(&[(".equitr/config.yaml", "sandbox: bubblewrap\n")]);
    let gate = Gate::new(&machine, "gate");
    killed(&machine, &gate, &[], writes("one.txt", "1\n"));
    gate.open();
    let resumed = machine.run(&["resume", "--sandbox", "off"]).expect(0);
    let told = "note: sandbox is bubblewrap instead of off (--sandbox), as ";
    assert!(resumed.stderr.contains(told), "{}", resumed.stderr);
    assert_eq!(machine.state().spec.policy.sandbox, Sandbox::Bubblewrap);
}

const WORKFLOW: &str = ".github/workflows/ci.yml";

#[test]
fn a_result_that_lies_aside_comes_to_the_branch_once_its_protected_files_are_accepted() {
    let machine = Machine::new();
    let tasks = json!([task("one", "general", 1, &[], "true")]);
    let work = json!({"general_worker": writes(WORKFLOW, "on: push\n")});
    let model = machine.script(&script(1, tasks, work));
    let ended = machine.run(&team_args(&model)).expect(0);
    assert!(ended.stdout.contains("nobody was there to say yes"), "{}", ended.stdout);
    let hint = "hint: accept its protected files with `equitrcoder resume --accept-protected`";
    assert!(ended.stdout.contains(hint), "{}", ended.stdout);
    assert!(!machine.project().join(WORKFLOW).exists());
    machine.run(&["resume"]).expect(2);

    let accepted = machine.run(&["resume", "--accept-protected"]).expect(0);
    let told = "Changes of protected files are accepted\n";
    assert!(accepted.stdout.contains(told), "{}", accepted.stdout);
    assert!(accepted.stdout.contains("Result: branch `main` moved to "), "{}", accepted.stdout);
    assert_eq!(machine.committed(WORKFLOW), "on: push");
    assert!(machine.project().join(WORKFLOW).is_file());
    assert_eq!(machine.state().ending(), Some(&Ending::Done));
    assert_eq!(machine.state().spec.policy.protected_accepted, Acceptance::Given);

    let records = machine.loaded().records.len();
    let id = machine.runs()[0].id().to_owned();
    let again = machine.run(&["resume", &id, "--accept-protected"]).expect(2);
    assert_eq!(
        again.stderr,
        format!(
            "error: protected files of run {id} can't be accepted: the result is on branch `main` \
             already\nhint: `equitrcoder report {id}` tells what it did\n"
        )
    );
    let none = machine.run(&["resume", "--accept-protected"]).expect(2);
    assert!(none.stderr.contains("there is no run to accept"), "{}", none.stderr);
    assert_eq!(machine.loaded().records.len(), records, "the refused ones wrote nothing");
}

#[test]
fn protected_files_that_are_accepted_on_the_way_are_delivered_unasked() {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "gate");
    killed(&machine, &gate, &[], writes(WORKFLOW, "on: push\n"));
    gate.open();
    machine.run(&["resume", "--accept-protected"]).expect(0);
    assert_eq!(machine.committed(WORKFLOW), "on: push");
}

#[test]
fn a_result_that_lies_aside_for_another_reason_is_not_helped_by_accepting() {
    let machine = Machine::new();
    machine.repository(&[("one.txt", "0\n")]);
    std::fs::write(machine.project().join("one.txt"), "mine\n").unwrap();
    machine.run(&team_args(&model(&machine))).expect(0);
    let id = machine.runs()[0].id().to_owned();
    let refused = machine.run(&["resume", &id, "--accept-protected"]).expect(2);
    let why = "for another reason: uncommitted changes are in the way: `one.txt`";
    assert!(refused.stderr.contains(why), "{}", refused.stderr);
    assert!(refused.stderr.contains("hint: take the result over with `git -C "));
    assert_eq!(std::fs::read_to_string(machine.project().join("one.txt")).unwrap(), "mine\n");
}

#[test]
fn cfg_11_a_repositorys_checks_hold_for_every_task_and_its_limits_are_told() {
    let machine = Machine::new();
    let model = model(&machine);
    let settings = "checks: ['test ! -e two.txt']\norchestrator: {max_workers: 2}\n\
                    llm: {budget: 3}\nprotected: [infra]\n";
    machine.repository(&[(".equitr/config.yaml", settings)]);
    let args = [&team_args(&model)[..], &["--budget", "7", "--accept-protected"]].concat();
    let ended = machine.run(&args).expect(0);
    let state = machine.state();
    assert_eq!(state.spec.checks, ["test ! -e two.txt".into()]);
    assert_eq!(state.spec.limits.workers, 2);
    assert_eq!(state.spec.policy.protected_accepted, Acceptance::Given);
    assert!(state.spec.policy.protected.contains(&"infra".into()));
    let told = "note: llm.budget is $3.00 instead of $7.00 (--budget), as ";
    assert!(ended.stderr.contains(told), "{}", ended.stderr);
    let report = machine.run(&["report"]).expect(0).stdout;
    assert!(report.contains("`test ! -e two.txt` passed"), "{report}");
}
