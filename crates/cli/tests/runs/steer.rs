//! A run that is on is steered from another process.

use crate::support::{Gate, KEY, Machine, Started, script, task, team_args, writes};
use equitr_core::decide::CANCELLED;
use equitr_core::event::{Ending, Event};
use equitr_core::id::{AgentId, TaskId};
use equitr_core::state::Status;
use equitr_llm::scripted::Script;
use equitr_testing::loopback::{Faults, Loopback};
use serde_json::{Value, json};
use std::cell::Cell;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

/// Turns of a worker that waits at a gate and writes its file then.
fn waits(gate: &Gate, file: &str) -> Value {
    json!([
        {"calls": [gate.wait()]},
        {"calls": [{"write_file": {"path": file, "content": "1\n"}}]},
        {"calls": [{"finish": {"summary": ["the file is there"]}}]},
    ])
}

/// A script of two tasks that need nothing of each other, each with a worker at a gate of its own.
fn two(one: &Gate, other: &Gate) -> Value {
    let tasks = json!([
        task("one", "backend", 1, &[], "test -s one.txt"),
        task("two", "qa", 2, &[], "test -s two.txt"),
    ]);
    let agents = json!({
        "backend_worker": waits(one, "one.txt"),
        "qa_worker": waits(other, "two.txt"),
    });
    script(2, tasks, agents)
}

/// Waits until so many workers have replied for the first time and have their worktrees, and so are at
/// their gates.
#[track_caller]
fn at_the_gates(run: &mut Started, workers: usize) {
    let (replied, prepared) = (Cell::new(0), Cell::new(0));
    let are_there = |event: &Event| {
        match event {
            Event::CallReplied { agent: AgentId::Worker(..), .. } => replied.set(replied.get() + 1),
            Event::WorktreePrepared { .. } => prepared.set(prepared.get() + 1),
            _ => {}
        }
        replied.get() >= workers && prepared.get() >= workers
    };
    assert!(run.until(are_there));
}

fn acted(event: &Event) -> bool {
    matches!(event, Event::ToolFinished { agent: AgentId::Worker(..), .. })
}

#[test]
fn a_paused_run_begins_nothing_not_even_when_it_was_killed_until_it_goes_on() {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "gate");
    let tasks = json!([task("one", "backend", 1, &[], "test -s one.txt")]);
    let agents = json!({"backend_worker": waits(&gate, "one.txt")});
    let model = machine.script(&script(1, tasks, agents));
    let mut run = machine.start(&[&team_args(&model)[..], &["--json"]].concat());
    at_the_gates(&mut run, 1);
    let taken = machine.run(&["steer", "pause"]).expect(0);
    assert!(taken.stdout.contains(": taken, record "), "{}", taken.stdout);
    let again = machine.run(&["steer", "pause"]).expect(0);
    assert!(again.stdout.contains("it is so already"), "{}", again.stdout);
    gate.open();
    assert!(run.until(acted), "what was under way ends");
    assert_eq!(machine.status()["paused"], true);
    let status = machine.run(&["status"]).expect(0).stdout;
    assert!(status.contains("go on with `equitrcoder steer resume`"), "{status}");
    run.kill();

    let mut run = machine.start(&["resume"]);
    while !run.line().expect("it says that it is paused").contains("The run is paused") {}
    machine.run(&["steer", "resume"]).expect(0);
    run.wait().expect(0);
    assert_eq!(machine.committed("one.txt"), "1");
    let events = machine.events();
    let at = |wanted: &Event| events.iter().position(|(_, event)| event == wanted).unwrap();
    let pause = &events[at(&Event::RunPaused)..at(&Event::RunUnpaused)];
    assert!(pause.iter().any(|(_, event)| *event == Event::RunResumed));
    let begins = |event: &Event| {
        matches!(
            event,
            Event::CallReserved { .. } | Event::AttemptStarted { .. } | Event::MergeStarted { .. }
        )
    };
    assert!(!pause.iter().any(|(_, event)| begins(event)), "{pause:?}");
}

#[test]
fn a_task_is_cancelled_a_worker_is_told_something_and_nonsense_is_refused() {
    let machine = Machine::new().with("OPENAI_API_KEY", KEY);
    let (one, other) = (Gate::new(&machine, "one"), Gate::new(&machine, "other"));
    let mut script = two(&one, &other);
    script["agents"]["qa_worker"][0]["calls"]
        .as_array_mut()
        .unwrap()
        .insert(0, json!({"write_file": {"path": "half.txt", "content": "half\n"}}));
    let script = Script::parse(&script.to_string(), "script.yaml".as_ref()).unwrap();
    let server = Loopback::start(script, Faults::none()).unwrap();
    let url = server.url();
    let args = team_args("openai/gpt-4o");
    let mut run = machine.start(&[&args[..], &["--json", "--api-base", &url]].concat());
    let written = |e: &Event| acted(e) && format!("{e:?}").contains("half.txt");
    assert!(run.until(written));

    for (wrong, told) in [
        (vec!["cancel", "9"], "there is no worker or task `9`; at work or to come: backend_worker"),
        (vec!["tell", "nobody", "hello"], "there is no worker or task `nobody`"),
        (vec!["tell", "backend_worker", " "], "refuses: the message is empty"),
        (vec!["workers", "0"], "refuses: workers must be 1 to 1024, got 0"),
        (vec!["workers", "many"], "workers are a number from 1, not `many`"),
        (vec!["budget", "5usd"], "a budget is dollars like 12.50 or none, not `5usd`"),
        (vec!["answer", "yes"], "nothing is asked just now"),
    ] {
        let refused = machine.run(&[&["steer"][..], &wrong].concat()).expect(2);
        assert!(refused.stderr.contains(told), "{wrong:?}: {}", refused.stderr);
    }
    let id = machine.runs()[0].id().to_owned();
    machine.run(&["steer", &id, "cancel", "two"]).expect(0);
    let settled = machine.run(&["steer", "tell", "qa_worker", "hello"]).expect(2);
    assert!(settled.stderr.contains("does not listen: task 2 is dropped"), "{}", settled.stderr);
    machine
        .run(&["steer", &id[..12], "tell", "backend_worker", "The", "port", "is", "8080"])
        .expect(0);
    machine.run(&["steer", "workers", "2"]).expect(0);
    one.open();
    run.wait().expect(5);

    assert_eq!(machine.merged_tasks("HEAD"), ["one"]);
    let state = machine.state();
    assert_eq!(state.task(TaskId(2)).unwrap().status, Status::Dropped(CANCELLED.into()));
    assert_eq!(state.spec.limits.workers, 2);
    let requests = server.requests();
    let mut told = requests.iter().filter(|seen| seen.agent == "backend_worker#1");
    assert!(
        told.any(|seen| seen.body.to_string().contains("The port is 8080")),
        "at its next turn"
    );
    let hub = machine.runs()[0].hub().display().to_string();
    let kept = machine.git(&["--git-dir", &hub, "show", "refs/equitr/wip/two/1:half.txt"]);
    assert_eq!(kept, "half", "what its worker had written is kept");

    let over = machine.run(&["steer", &id, "pause"]).expect(2);
    assert!(over.stderr.contains("is over"), "{}", over.stderr);
    let none = machine.run(&["steer", "pause"]).expect(3);
    assert!(none.stderr.contains("no run is on just now"), "{}", none.stderr);
}

#[test]
fn a_todo_that_is_added_while_the_run_is_on_becomes_a_task_and_is_merged() {
    let machine = Machine::new();
    let (one, other) = (Gate::new(&machine, "one"), Gate::new(&machine, "other"));
    let mut script = two(&one, &other);
    let added = json!([task("three", "docs", 3, &["one"], "test -s three.txt")]);
    script["agents"]["supervisor:plan#1"] =
        json!([{"calls": [{"propose_tasks": {"tasks": added}}]}]);
    script["agents"]["docs_worker"] = writes("three.txt", "3\n");
    let model = machine.script(&script);
    let mut run = machine.start(&[&team_args(&model)[..], &["--json"]].concat());
    at_the_gates(&mut run, 2);
    let empty = machine.run(&["steer", "todo", " "]).expect(2);
    assert!(empty.stderr.contains("refuses: the todo is empty"), "{}", empty.stderr);
    let taken = machine.run(&["steer", "todo", "Mail", "the", "receipt"]).expect(0);
    assert!(taken.stdout.contains(": taken, record "), "{}", taken.stdout);
    assert!(run.until(|event| matches!(event, Event::TasksAdded { .. })));
    one.open();
    other.open();
    run.wait().expect(0);

    assert_eq!(machine.merged_tasks("HEAD"), ["one", "three", "two"]);
    let attempts: Vec<u32> = machine.state().tasks.iter().map(|task| task.attempts).collect();
    assert_eq!(attempts, [1, 1, 1], "nobody began anew");
    let todos = machine.committed("docs/todos.md");
    assert!(todos.ends_with("3. [x] Mail the receipt"), "{todos}");
}

#[test]
fn a_larger_budget_lets_a_worker_go_on_that_waits_for_money() {
    let machine = Machine::new();
    let (one, other) = (Gate::new(&machine, "one"), Gate::new(&machine, "other"));
    let mut script = two(&one, &other);
    script["price"] = json!({"input": 2.5, "output": 10});
    let model = machine.script(&script);
    let mut run = machine.start(&[&team_args(&model)[..], &["--json"]].concat());
    at_the_gates(&mut run, 2);
    machine.run(&["steer", "budget", "0.000001"]).expect(0);
    one.open();
    assert!(run.until(acted));
    assert_eq!(machine.status()["waits"], json!(["waits for money"]));
    machine.run(&["steer", "budget", "none"]).expect(0);
    assert!(run.until(|event| matches!(event, Event::CallReserved { .. })), "it goes on at once");
    other.open();
    run.wait().expect(0);
    assert_eq!(machine.merged_tasks("HEAD"), ["one", "two"]);
}

#[test]
fn a_run_is_cancelled_and_one_that_is_not_on_says_how_to_go_on() {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "gate");
    let tasks = json!([task("one", "backend", 1, &[], "test -s one.txt")]);
    let model =
        machine.script(&script(1, tasks, json!({"backend_worker": waits(&gate, "one.txt")})));
    let args = [&team_args(&model)[..], &["--json"]].concat();
    let mut run = machine.start(&args);
    at_the_gates(&mut run, 1);
    run.kill();
    let id = machine.runs()[0].id().to_owned();
    let killed = machine.run(&["steer", &id, "pause"]).expect(3);
    assert!(killed.stderr.contains(&format!("no process works on run {id} just now")));
    assert!(killed.stderr.contains(&format!("`equitrcoder resume {id}`")), "{}", killed.stderr);

    // The socket of the killed process is in the way of nobody.
    let mut run = machine.start(&["resume", "--json"]);
    assert!(run.until(|event| *event == Event::RunResumed));
    machine.run(&["steer", "cancel"]).expect(0);
    run.wait().expect(130);
    assert_eq!(machine.state().ending(), Some(&Ending::Cancelled));
    assert!(!machine.runs()[0].root().join("control").exists());
}

#[test]
fn who_hangs_floods_or_lacks_the_token_does_a_run_no_harm() {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "gate");
    let tasks = json!([task("one", "backend", 1, &[], "test -s one.txt")]);
    let model =
        machine.script(&script(1, tasks, json!({"backend_worker": waits(&gate, "one.txt")})));
    let mut run = machine.start(&[&team_args(&model)[..], &["--json"]].concat());
    at_the_gates(&mut run, 1);
    let folder = machine.runs()[0].root().join("control");
    let rights = |name: &str| folder.join(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((rights(""), rights("socket"), rights("token")), (0o700, 0o600, 0o600));

    let connect = || UnixStream::connect(folder.join("socket")).unwrap();
    let says = |mut stream: &UnixStream, text: &[u8]| {
        // A run that has heard enough hangs up.
        _ = stream.write_all(text);
        let mut said = String::new();
        _ = BufReader::new(stream).read_line(&mut said);
        said
    };
    let hanging: Vec<UnixStream> = (0..4).map(|_| connect()).collect();
    let stranger = connect();
    let told = says(&stranger, b"{\"token\":\"guessed\",\"steer\":\"pause\"}\n");
    assert!(told.contains("the token is not this run's"), "{told}");
    assert!(says(&stranger, b"pause\n").contains("can't be understood"), "and it is heard again");
    let flood = says(&connect(), &vec![b'x'; 100_000]);
    assert!(flood.is_empty() || flood.contains("can't be understood"), "{flood}");
    let long = format!("{{\"token\":\"{}\",\"steer\":\"pause", "0".repeat(64));
    let flood = says(&connect(), format!("{long}{}", " ".repeat(100_000)).as_bytes());
    assert!(flood.is_empty() || flood.contains("can't be understood"), "{flood}");
    machine.run(&["steer", "workers", "2"]).expect(0);
    gate.open();
    run.wait().expect(0);
    assert!(!machine.events().iter().any(|(_, event)| *event == Event::RunPaused));
    drop(hanging);
}

#[test]
fn a_command_in_the_sandbox_can_not_steer_its_run() {
    let attack = "\
import json, socket
folder = '../../control/'
try:
    token = open(folder + 'token').read()
except OSError as error:
    token = 'none'
    print('token:', type(error).__name__)
try:
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(10)
    s.connect(folder + 'socket')
    s.sendall(json.dumps({'token': token, 'steer': 'pause'}).encode() + b'\\n')
    print('said:', s.recv(1000).decode())
except OSError as error:
    print('socket:', type(error).__name__)
";
    for sandbox in ["bubblewrap", "landlock"] {
        let machine = Machine::new();
        let turns = json!([
            {"calls": [
                {"write_file": {"path": "attack.py", "content": attack}},
                {"run_command": {"command": "python3 attack.py | tee told.txt"}},
            ]},
            {"calls": [{"finish": {"summary": ["tried"]}}]},
        ]);
        let tasks = json!([task("one", "backend", 1, &[], "test -s told.txt")]);
        let model = machine.script(&script(1, tasks, json!({"backend_worker": turns})));
        machine.run(&[&team_args(&model)[..], &["--sandbox", sandbox]].concat()).expect(0);
        let told = machine.committed("told.txt");
        assert!(told.contains("token: "), "{sandbox}: {told}");
        let kept_out = told.contains("socket: ") || told.contains("the token is not this run's");
        assert!(kept_out, "{sandbox}: {told}");
        assert!(!machine.events().iter().any(|(_, event)| *event == Event::RunPaused), "{sandbox}");
    }
}
