//! Contracts between tasks: first of all, out of the workers' reach, and changed by the supervisor.

use crate::support::{Gate, Machine, script, task, team_args, writes};
use equitr_core::event::{Event, Failure, MessageKind};
use equitr_core::id::TaskId;
use equitr_core::state::Status;
use serde_json::{Value, json};

const PATH: &str = "docs/contracts/user.schema.json";

/// A JSON Schema of a user whose id is of this type.
fn schema(id: &str) -> String {
    let schema = json!({"$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object", "properties": {"id": {"type": id}}});
    format!("{}\n", serde_json::to_string_pretty(&schema).unwrap())
}

/// Whether what a task wrote names the type that the contract has.
const AGREES: &str = "type=$(grep -o '\"string\"\\|\"integer\"' docs/contracts/user.schema.json); \
    grep -q \"$type\" {task}.txt";

fn script_with(agents: Value, contracts: Value) -> Value {
    let tasks = json!([
        task("api", "backend", 1, &[], "test -s api.txt"),
        task("ui", "frontend", 2, &[], "test -s ui.txt"),
        task("web", "docs", 3, &[], "test -s web.txt"),
    ]);
    let mut script = script(3, tasks.clone(), agents);
    script["agents"]["supervisor:graph"] =
        json!([{"calls": [{"propose_graph": {"tasks": tasks, "contracts": contracts}}]}]);
    script
}

#[test]
fn a_contract_is_first_and_its_change_reaches_those_at_work_and_those_who_are_done() {
    let machine = Machine::new();
    let (ui_merged, changed) = (Gate::new(&machine, "merged"), Gate::new(&machine, "changed"));
    let contracts = json!([{"path": PATH, "content": schema("string"), "owner": "api",
        "consumers": ["ui", "web"], "check": AGREES}]);
    let write = |path: &str, text: &str| json!({"write_file": {"path": path, "content": text}});
    let finish = json!({"calls": [{"finish": {"summary": ["done"]}}]});
    let propose = json!({"propose_contract_change": {"contract": PATH,
        "content": schema("integer"), "reason": "The database counts users."}});
    let agents = json!({
        // Waits until the first consumer is merged, and has the contract changed then.
        "backend_worker#1": [
            {"calls": [ui_merged.wait()]},
            {"calls": [write(PATH, "mine\n"), propose]},
            {"calls": [write("api.txt", "\"integer\"\n")]},
            finish,
        ],
        "supervisor:contract:backend_worker#1": [
            {"calls": [{"accept_contract_change": {"note": "Count from 1."}}]},
        ],
        "frontend_worker#1": writes("ui.txt", "\"string\"\n"),
        "frontend_worker#2": writes("ui.txt", "\"integer\"\n"),
        // Is at work while it changes, and reads the file after it was told.
        "docs_worker#1": [
            {"calls": [changed.wait()]},
            {"calls": [{"read_file": {"path": PATH}}, write("web.txt", "\"integer\"\n")]},
            finish,
        ],
    });
    let model = machine.script(&script_with(agents, contracts));
    let mut run = machine.start(&[&team_args(&model)[..], &["--json"]].concat());
    run.until_merged(2);
    ui_merged.open();
    assert!(run.until(|event| matches!(event, Event::ContractChanged { .. })));
    changed.open();
    run.wait().expect(0);

    // First the contract, then everything else.
    let subjects = machine.git(&["log", "--first-parent", "--reverse", "--format=%s"]);
    let subjects: Vec<&str> = subjects.lines().collect();
    assert!(subjects[0].starts_with("Plan "), "{subjects:?}");
    assert_eq!(subjects[1], format!("Write the contract {PATH}"));
    assert_eq!(subjects[2], "Part ui");
    assert!(subjects.contains(&&*format!("Change the contract {PATH} to version 2")));
    let events: Vec<Event> = machine.events().into_iter().map(|(_, event)| event).collect();
    let place = |wanted: &dyn Fn(&Event) -> bool| events.iter().position(wanted).unwrap();
    let first = place(&|e| matches!(e, Event::FilesCommitted { nth: 1, .. }));
    assert!(first < place(&|e| matches!(e, Event::AttemptStarted { .. })));

    // The finished consumer is red on the new version, opened again and merged once more.
    let rechecked =
        place(&|e| matches!(e, Event::ContractRechecked { task: TaskId(2), version: 2, .. }));
    assert!(matches!(&events[rechecked + 1], Event::TaskReopened { task: TaskId(2), .. }));
    assert_eq!(machine.merged_tasks("HEAD"), ["api", "ui", "ui", "web"]);
    assert_eq!(machine.committed("ui.txt"), "\"integer\"");
    assert_eq!(machine.committed(PATH), schema("integer").trim());

    // The one at work was told once, and had the new file.
    let state = machine.state();
    let letters = &state.tasks[2].mail;
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(letters[0].kind, MessageKind::Contract);
    assert!(letters[0].text.contains("The supervisor: Count from 1."), "{}", letters[0].text);
    assert_eq!((state.tasks[2].attempts, state.tasks[0].attempts), (1, 1), "{state:?}");
    let read = |e: &Event| matches!(e, Event::ToolFinished { content, .. } if content.contains("integer") && content.contains("$schema"));
    assert!(events.iter().any(read), "the worktree has the new version");
    // A tool that would write it is refused by name.
    let told = |e: &Event| matches!(e, Event::ToolFinished { content, .. } if content.contains("is not yours to write") && content.contains("propose_contract_change"));
    assert!(events.iter().any(told));
    // Every merge looked at the document itself.
    for task in &state.tasks {
        let Status::Merged(work) = &task.status else { panic!("{task:?}") };
        let seen = |c: &equitr_core::event::CheckResult| c.command.starts_with("contract ");
        assert!(work.checks.iter().any(seen), "{:?}", work.checks);
    }

    let report = machine.run(&["report"]).expect(0).stdout;
    for words in [
        "## Contracts",
        "user.schema.json version 2 (JSON Schema): backend_worker offers it",
        "version 2, proposed by backend_worker: The database counts users.",
    ] {
        assert!(report.contains(words), "`{words}` is missing in:\n{report}");
    }
    let status = machine.status();
    assert_eq!(status["contracts"][0]["version"], 2);
    assert_eq!(status["contracts"][0]["consumers"], json!([2, 3]));
}

#[test]
fn a_contract_that_a_command_writes_is_refused_and_so_is_a_graph_with_an_unsound_one() {
    let machine = Machine::new();
    let contract = |content: &str| {
        json!([{"path": "docs/contracts/api.json", "content": content, "owner": "api",
            "consumers": ["ui"]}])
    };
    let sound = json!({"openapi": "3.1.0", "info": {"title": "A", "version": "1"},
        "paths": {"/a": {"get": {"responses": {"200": {"description": "It."}}}}}});
    let mut lost = sound.clone();
    lost["paths"]["/a"]["get"]["responses"]["404"] = json!({"$ref": "#/components/responses/No"});
    let shell = |command: &str| json!({"run_command": {"command": command}});
    let finish = json!({"calls": [{"finish": {"summary": ["done"]}}]});
    let put_back = format!("echo '{sound}' > docs/contracts/api.json");
    let agents = json!({
        "backend_worker#1": [
            {"calls": [shell("echo mine > docs/contracts/api.json; echo a > api.txt")]},
            finish,
        ],
        "backend_worker#2": [{"calls": [shell(&put_back)]}, finish],
        "frontend_worker": writes("ui.txt", "b\n"),
        "docs_worker": writes("web.txt", "c\n"),
    });
    let mut script = script_with(agents, contract(&lost.to_string()));
    let mut second = script["agents"]["supervisor:graph"][0].clone();
    second["calls"][0]["propose_graph"]["contracts"] = contract(&sound.to_string());
    script["agents"]["supervisor:graph"].as_array_mut().unwrap().push(second);
    let model = machine.script(&script);
    machine.run(&team_args(&model)).expect(0);

    let lost = |(_, e): &(u64, Event)| matches!(e, Event::ToolFinished { content, .. } if content.contains("`#/components/responses/No` leads nowhere"));
    assert!(machine.events().iter().any(lost), "the graph goes back with what is wrong");
    let api = &machine.state().tasks[0];
    match &api.failures[..] {
        [(1, Failure::Refused { message })] => {
            assert!(message.contains("`docs/contracts/api.json` is not yours"), "{message}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(machine.committed("docs/contracts/api.json"), sound.to_string());
}
