//! Acceptance checks: written before the work, out of the workers' reach, and told in the report.

use crate::support::{Machine, script, task, team_args, writes};
use equitr_core::acceptance::{Standing, rows};
use equitr_core::event::{Event, Failure, Verdict};
use equitr_core::state::RunState;
use serde_json::{Value, json};

const CHECK: &str = "tests/acceptance/one/r1.sh";
const TEXT: &str = "grep -q hello greeting.txt\n";

/// A script with these requirements and todos, and the other agents of `agents`.
fn cited(requirements: &str, todos: &str, tasks: Value, agents: Value) -> Value {
    let write = |document: &str, content: String| json!({"write_document": {"document": document, "content": content}});
    let mut script = script(1, tasks, agents);
    script["agents"]["planner"] = json!([{"calls": [
        write("requirements", format!("# Greeting Requirements\n\n{requirements}")),
        write("design", "# Greeting Design\n\nOne file, greeting.txt.\n".to_owned()),
        write("todos", format!("# Todos\n\n{todos}")),
        {"submit_plan": {}},
    ]}]);
    script
}

/// One task for the greeting, whose check is written by the agent for that.
fn greeting(mut agents: Value) -> Value {
    agents["acceptance:one"] = json!([{"calls": [writes_check("R10", CHECK, TEXT)]}]);
    cited(
        "- The greeting says hello\n- It is polite <!-- R9 -->\n",
        "1. Write the greeting (R10)\n",
        json!([task("one", "backend", 1, &[], "test -s greeting.txt")]),
        agents,
    )
}

fn writes_check(requirement: &str, path: &str, content: &str) -> Value {
    json!({"write_checks": {"checks": [{
        "requirement": requirement,
        "command": format!("sh {path}"),
        "files": [{"path": path, "content": content}],
    }]}})
}

fn shell(command: &str) -> Value {
    json!({"run_command": {"command": command}})
}

fn finish() -> Value {
    json!({"calls": [{"finish": {"summary": ["It says hello"]}}]})
}

fn standings(state: &RunState) -> Vec<(String, Standing)> {
    rows(state).iter().map(|row| (row.requirement.id.to_string(), row.standing)).collect()
}

fn place_of(machine: &Machine, wanted: impl Fn(&Event) -> bool) -> usize {
    machine.events().iter().position(|(_, event)| wanted(event)).unwrap()
}

#[test]
fn checks_are_written_and_red_before_the_work_and_the_report_has_the_matrix() {
    let machine = Machine::new();
    let mut script = greeting(json!({"backend_worker": writes("greeting.txt", "hello\n")}));
    script["agents"]["acceptance:one"] = json!([
        // Nothing that can be taken, and then what can.
        {"calls": [writes_check("R10", "src/r1.sh", TEXT)]},
        {"calls": [writes_check("R10", CHECK, TEXT)]},
    ]);
    let model = machine.script(&script);
    let ended = machine.run(&team_args(&model)).expect(0);
    assert!(ended.stdout.contains("1 of 2 requirements proven"), "{}", ended.stdout);

    assert_eq!(machine.committed(CHECK), TEXT.trim());
    let requirements = machine.committed("docs/requirements.md");
    assert!(requirements.contains("- The greeting says hello <!-- R10 -->\n"), "{requirements}");
    let proved = place_of(&machine, |e| matches!(e, Event::ChecksProved { task: Some(_), .. }));
    let started = place_of(&machine, |e| matches!(e, Event::AttemptStarted { .. }));
    assert!(proved < started, "{proved} {started}");

    let state = machine.state();
    assert_eq!(
        standings(&state),
        [("R10".to_owned(), Standing::Proven), ("R9".to_owned(), Standing::Unproven)]
    );
    let report = machine.run(&["report"]).expect(0).stdout;
    let merge = state.head.as_ref().unwrap().short();
    let row =
        report.lines().find(|line| line.contains(&format!("`sh {CHECK}`")) && line.contains("R10"));
    let cells: Vec<&str> = row.unwrap().split('|').map(str::trim).collect();
    assert_eq!(cells[1..7], ["R10", &format!("`sh {CHECK}`"), "exit 2", merge, "exit 0", "proven"]);
    assert!(report.contains("Nothing proves:\n\n- R9: It is polite (not proven"), "{report}");
    let status = machine.status();
    assert_eq!(status["requirements"][0]["checks"][0]["exit_before"], 2);
    assert_eq!(status["requirements"][0]["checks"][0]["exit"], 0);
    assert_eq!(status["requirements"][1]["standing"], "unproven");
}

#[test]
fn a_worker_that_changes_its_acceptance_check_by_a_command_is_never_merged_with_it() {
    let machine = Machine::new();
    let put_back = shell(&format!("printf '%s\\n' 'grep -q hello greeting.txt' > {CHECK}"));
    let write = json!({"write_file": {"path": CHECK, "content": "true\n"}});
    let script = greeting(json!({
        "backend_worker#1": [
            {"calls": [write, shell(&format!("echo bye > greeting.txt; echo true > {CHECK}"))]},
            finish(),
        ],
        "backend_worker#2": [{"calls": [shell(&format!("rm {CHECK}"))]}, finish()],
        "backend_worker#3": [
            {"calls": [put_back, shell("echo hello > greeting.txt")]},
            finish(),
        ],
    }));
    let model = machine.script(&script);
    machine.run(&team_args(&model)).expect(0);

    let refused = machine.events().into_iter().find_map(|(_, event)| match event {
        Event::ToolFinished { content, .. } if content.contains("out of the workers' reach") => {
            Some(content)
        }
        _ => None,
    });
    assert!(refused.is_some_and(|told| told.contains(CHECK)), "the tool is refused");
    let state = machine.state();
    match &state.tasks[0].failures[..] {
        [(1, Failure::Refused { message: first }), (2, Failure::Refused { message: second })] => {
            assert!(first.contains(CHECK) && second.contains(CHECK), "{first}\n{second}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(machine.committed(CHECK), TEXT.trim());
    assert_eq!(machine.committed("greeting.txt"), "hello");
    assert_eq!(standings(&state)[0].1, Standing::Proven);
    let history = machine.git(&["log", "--format=%s", "--", CHECK]);
    assert_eq!(history.lines().count(), 1, "only the run wrote it: {history}");
}

#[test]
fn a_worker_that_claims_success_over_a_red_acceptance_check_is_not_merged() {
    let machine = Machine::new();
    machine.configure("orchestrator:\n  task_tries: 2\n");
    let script = greeting(json!({
        "backend_worker": writes("greeting.txt", "bye\n"),
        "supervisor:escalation:backend_worker": [
            {"calls": [{"fail_task": {"reason": "It does not say hello"}}]},
        ],
    }));
    let model = machine.script(&script);
    let ended = machine.run(&team_args(&model));
    assert_ne!(ended.code, Some(0), "{}", ended.stdout);

    let state = machine.state();
    let failed = |(_, why): &(u32, Failure)| match why {
        Failure::Checks { checks } => {
            let red: Vec<&str> = checks
                .iter()
                .filter(|check| matches!(check.verdict, Verdict::Failed { .. }))
                .map(|check| &*check.command)
                .collect();
            red == [format!("sh {CHECK}")]
        }
        _ => false,
    };
    assert!(state.tasks[0].failures.iter().all(failed), "{:?}", state.tasks[0].failures);
    assert_eq!(state.tasks[0].failures.len(), 2);
    assert_eq!(standings(&state)[0].1, Standing::Open);
    assert!(machine.merged_tasks("HEAD").is_empty());
}

#[test]
fn a_check_that_passes_before_the_work_is_told_to_prove_nothing() {
    let machine = Machine::new();
    let mut script = greeting(json!({"backend_worker": writes("greeting.txt", "hello\n")}));
    script["agents"]["acceptance:one"] = json!([{"calls": [writes_check("R10", CHECK, "true\n")]}]);
    let model = machine.script(&script);
    let ended = machine.run(&team_args(&model)).expect(0);
    let told = "acceptance checks that pass before the work prove nothing";
    assert!(ended.stdout.contains(told), "{}", ended.stdout);
    assert!(ended.stdout.contains("0 of 2 requirements proven"), "{}", ended.stdout);
    assert_eq!(standings(&machine.state())[0].1, Standing::Unproven);
    let report = machine.run(&["report"]).expect(0).stdout;
    assert!(report.contains("exit 0: proves nothing"), "{report}");
    assert!(report.contains("- R10: The greeting says hello (not proven"), "{report}");
}

#[test]
fn a_run_goes_on_when_no_usable_check_comes_and_the_report_says_so() {
    let machine = Machine::new();
    let mut script = greeting(json!({"backend_worker": writes("greeting.txt", "hello\n")}));
    let wrong = json!({"calls": [writes_check("R77", CHECK, TEXT)]});
    script["agents"]["acceptance:one"] = json!(vec![wrong; 8]);
    let model = machine.script(&script);
    let ended = machine.run(&team_args(&model)).expect(0);
    assert!(ended.stdout.contains("Task 1 goes on without acceptance checks"), "{}", ended.stdout);
    assert_eq!(machine.committed("greeting.txt"), "hello");
    let report = machine.run(&["report"]).expect(0).stdout;
    assert!(
        report.contains("- R10: The greeting says hello (not proven: no usable check came"),
        "{report}"
    );
}

#[test]
fn a_worker_that_changes_a_file_of_its_own_check_is_told_of() {
    let machine = Machine::new();
    let script = script(
        2,
        json!([
            task("tests", "backend", 1, &[], "test -s tests/run.sh"),
            task("work", "backend", 2, &["tests"], "sh tests/run.sh"),
        ]),
        json!({
            "backend_worker_1": writes("tests/run.sh", "test -s work.txt\n"),
            "backend_worker_2": writes("tests/run.sh", "true\n"),
        }),
    );
    let model = machine.script(&script);
    let ended = machine.run(&team_args(&model)).expect(0);
    let told = "Task 2, attempt 1 changed files that its own checks run: tests/run.sh";
    assert!(ended.stdout.contains(told), "{}", ended.stdout);
    let report = machine.run(&["report"]).expect(0).stdout;
    assert!(report.contains("- Task 2: tests/run.sh"), "{report}");
}

#[test]
fn without_the_setting_no_checks_are_written() {
    let machine = Machine::new();
    machine.configure("orchestrator:\n  acceptance: false\n");
    let model =
        machine.script(&greeting(json!({"backend_worker": writes("greeting.txt", "bye\n")})));
    machine.run(&team_args(&model)).expect(0);
    assert_eq!(machine.committed("greeting.txt"), "bye");
    assert!(machine.state().acceptance.tasks.is_empty());
}
