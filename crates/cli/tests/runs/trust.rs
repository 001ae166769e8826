//! What commands run in and what a repository adds, from flags and files to the run's record.

use crate::support::{Gate, Machine, script, task, team_args, writes};
use equitr_core::policy::{Acceptance, Network, Sandbox};
use serde_json::json;

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
    run.until(|event| matches!(event, equitr_core::event::Event::AttemptStarted { .. }));
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

#[test]
fn a_run_that_began_in_a_sandbox_is_not_resumed_without() {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "gate");
    let turns = json!([{"calls": [gate.wait()]}]);
    let tasks = json!([task("one", "general", 1, &[], "true")]);
    let model = machine.script(&script(1, tasks, json!({"general_worker": turns})));
    let args = [&team_args(&model)[..], &["--json"]].concat();
    let mut run = machine.start(&args);
    run.until(|event| matches!(event, equitr_core::event::Event::AttemptStarted { .. }));
    run.kill();
    let records = machine.loaded().records.len();
    let refused = machine.run(&["resume", "--sandbox", "off"]).expect(2);
    assert!(refused.stderr.contains("and off would be less than that"), "{}", refused.stderr);
    assert_eq!(machine.loaded().records.len(), records);
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
