//! What is told of runs: the journal, the report and the state of one that has ended and of one that
//! has not, and what is told of models, settings and the machine.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use support::{Ended, Machine, script, task, team_args, writes};

/// A model whose two tasks are done one after the other, for a price.
fn model(machine: &Machine) -> String {
    let tasks = json!([
        task("one", "general", 1, &[], "test -s one.txt"),
        task("two", "qa", 2, &["one"], "test -s two.txt"),
    ]);
    let agents = json!({
        "general_worker": writes("one.txt", "1\n"),
        "qa_worker": writes("two.txt", "2\n"),
    });
    let mut script = script(2, tasks, agents);
    script["price"] = json!({"input": 2.5, "output": 10});
    // What a provider counts; else it is guessed from sizes, and places have sizes, too.
    for turns in script["agents"].as_object_mut().unwrap().values_mut() {
        for turn in turns.as_array_mut().unwrap() {
            turn["usage"] = json!({"input": 1000, "output": 100});
        }
    }
    machine.script(&script)
}

/// A machine with a run that is done.
fn finished() -> Machine {
    let machine = Machine::new();
    let model = model(&machine);
    machine.run(&team_args(&model)).expect(0);
    machine
}

/// A machine with a run that was killed when its first task was merged.
fn unfinished() -> Machine {
    let machine = Machine::new();
    let model = model(&machine);
    let script = machine.path("script.yaml");
    let mut slow: Value = serde_json::from_str(&fs::read_to_string(&script).unwrap()).unwrap();
    slow["agents"]["qa_worker"][0]["delay_ms"] = json!(3_600_000);
    fs::write(script, slow.to_string()).unwrap();
    let mut run = machine.start(&[&team_args(&model)[..], &["--json"]].concat());
    // The last that is told before the second task's worker waits for its model.
    let reserved = r#"{"call_reserved":{"agent":{"worker":[2,1]}"#;
    while !run.line().unwrap().contains(reserved) {}
    run.kill();
    machine
}

/// What a command prints, without what is different each time.
fn printed(machine: &Machine, args: &[&str]) -> String {
    let Ended { stdout, stderr, .. } = machine.run(args).expect(0);
    assert_eq!(stderr, "");
    let folder = machine.project().parent().unwrap().display().to_string();
    let mut text = stdout.replace(&folder, "[folder]");
    for run in machine.runs() {
        text = text.replace(run.id(), "[run]");
    }
    text
}

/// The version, times, durations and commits, and what follows from the length of prompts.
const CHANGING: [(&str, &str); 9] = [
    // What a machine has, and its person chose.
    (r"(! )?((NO SANDBOX|[Ww]eaker sandbox): )?[Cc]ommands run (in|as) [^;\n]*", "[sandbox]"),
    (r"version \d+\.\d+\.\d+", "version [version]"),
    (r"\$\d+\.\d+ set aside", "[sum] set aside"),
    (r"(Set aside.*|lines left out.*|\[\.\.\. \d+ lines.*)", "[depends on prompts]"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?", "[time]"),
    (r"\b\d\d:\d\d:\d\d(\.\d+)?Z?\b", "[time]"),
    (r"\b[0-9a-f]{40}\b", "[commit]"),
    (r"\b[0-9a-f]{9}\b", "[commit]"),
    (r"\b(\d+m )?\d+(\.\d+)?(ms|s)\b", "[duration]"),
];

#[test]
fn a_finished_run_is_told_as_it_was() {
    let machine = finished();
    insta::with_settings!({filters => CHANGING}, {
        insta::assert_snapshot!(printed(&machine, &["status"]), @r##"
        Parts in [folder]/project: ended
        [sandbox]
        Summary: 2 tasks completed successfully
          ok 1 Part one  general_worker  merged as [commit], $0.0070
          ok 2 Part two  qa_worker       merged as [commit], $0.0070
        Multi-agent execution completed!
        Result: branch `main` moved to [commit]
        Cost: $0.0210 of $10.00 spent, 6 model calls, 6,000 tokens in and 600 out, [duration]
        "##);
        insta::assert_snapshot!(printed(&machine, &["runs"]), @r##"
        run                   state  tasks  spent    project
        [run]  done   2/2    $0.0210  [folder]/project
        "##);
        insta::assert_snapshot!(printed(&machine, &["report"]), @r##"
        # Parts

        Multi-agent execution completed!

        - Summary: 2 tasks completed successfully
        - Repository: [folder]/project
        - Started: [time], took [duration]
        - Sandbox: [sandbox]

        ## Tasks

        | No. | Task     | Worker         | Attempts | Cost    | Needs | Outcome             |
        | --- | -------- | -------------- | -------- | ------- | ----- | ------------------- |
        | 1   | Part one | general_worker | 1        | $0.0070 |       | merged as [commit] |
        | 2   | Part two | qa_worker      | 1        | $0.0070 | 1     | merged as [commit] |

        ## Checks, run on the merged tree

        - Task 1: `test -s one.txt` passed ([duration])
        - Task 2: `test -s two.txt` passed ([duration])

        ## Cost

        - $0.0210 of $10.00 spent
        - Workers: $0.0140
        - Planner and supervisor: $0.0070
        - 6 model calls
        - 6,000 tokens in and 600 out

        ## Result

        - Result: branch `main` moved to [commit]
        "##);
        let shown = printed(&machine, &["show"]);
        let (planning, work) = shown.split_once("graph accepted").unwrap();
        insta::assert_snapshot!(planning, @r##"
        0 [time]  run started in [folder]/project, from a conversation to the finished project
            version [version]
            workers 5, tries 3, turns 30, attempt [duration], check [duration], budget $10.00
            models: planner script:[folder]/script.yaml, supervisor script:[folder]/script.yaml, worker script:[folder]/script.yaml
            [sandbox]; protected paths need your word
        0 [time]  person said:
            A small project
        0 [time]  planner calls its model: [sum] set aside, 8,192 tokens at the most
        1 [time]  planner replied after [duration]: 1,000 tokens in, 100 out, $0.0035
            -> write_document {"document":"requirements","content":"# Parts Requirements\n\nSome parts.\n"}
            -> write_document {"document":"design","content":"# Parts Design\n\nA file a part.\n"}
            -> write_document {"document":"todos","content":"# Todos\n\n## Parts\n1. Do part 1\n2. Do part 2\n"}
            -> submit_plan {}
        1 [time]  planner wrote docs/requirements.md:
            # Parts Requirements

            Some parts.
        1 [time]  planner tool write_document: ok, [duration]
            docs/requirements.md is written
        1 [time]  planner wrote docs/design.md:
            # Parts Design

            A file a part.
        1 [time]  planner tool write_document: ok, [duration]
            docs/design.md is written
        1 [time]  planner wrote docs/todos.md:
            # Todos

            ## Parts
            1. Do part 1
            2. Do part 2
        1 [time]  planner tool write_document: ok, [duration]
            docs/todos.md is written
        1 [time]  plan proposed
        1 [time]  plan approved
        2 [time]  documents committed as [commit]
        2 [time]  supervisor matter 1 opened: the task graph
            agent: supervisor:graph

            Make the task graph with `propose_graph`: every open todo in exactly one task.
            [depends on prompts]
        2 [time]  supervisor 1 calls its model: [sum] set aside, 8,192 tokens at the most
        3 [time]  supervisor 1 replied after [duration]: 1,000 tokens in, 100 out, $0.0035
            -> propose_graph {"tasks":[{"id":"one","title":"Part one","profile":"general","goal":"Make one.","todos":[1],"needs":[],"checks":["test -s one.txt"]},{"id":"two","title":"Par...
        3 [time]  supervisor matter 1 closed
        3 [time]
        "##);
        for fact in [
            "Task 1 (general_worker#1) started, fresh",
            "general_worker#1 tool write_file: ok",
            "`test -s two.txt` passed",
            "Task 2 (qa_worker#1) merged as",
            "run ended: done",
        ] {
            assert!(work.contains(fact), "{fact}: {work}");
        }
    });
    let run = machine.runs()[0].id().to_owned();
    assert_eq!(printed(&machine, &["report", &run]), printed(&machine, &["report"]));
}

#[test]
fn an_unfinished_run_is_told_with_the_way_to_go_on() {
    let machine = unfinished();
    insta::with_settings!({filters => CHANGING}, {
        insta::assert_snapshot!(printed(&machine, &["status"]), @r##"
        Parts in [folder]/project: working
        [sandbox]
        Summary: 1 of 2 tasks completed successfully, 1 under way
          ok 1 Part one  general_worker  merged as [commit], $0.0070
          >  2 Part two  qa_worker       at work, attempt 1
        Cost: $0.0140 of $10.00 spent, 4 model calls, 4,000 tokens in and 400 out, [duration]
        [depends on prompts]
        No process works on it just now: go on with `equitrcoder resume [run]`
        "##);
        insta::assert_snapshot!(printed(&machine, &["runs"]), @r##"
        run                   state    tasks  spent    project
        [run]  working  1/2    $0.0140  [folder]/project
        "##);
        insta::assert_snapshot!(printed(&machine, &["report"]), @r##"
        # Parts

        Not over yet: working

        - Summary: 1 of 2 tasks completed successfully, 1 under way
        - Repository: [folder]/project
        - Started: [time], took [duration]
        - Sandbox: [sandbox]

        ## Tasks

        | No. | Task     | Worker         | Attempts | Cost    | Needs | Outcome             |
        | --- | -------- | -------------- | -------- | ------- | ----- | ------------------- |
        | 1   | Part one | general_worker | 1        | $0.0070 |       | merged as [commit] |
        | 2   | Part two | qa_worker      | 1        | $0.00   | 1     | at work, attempt 1  |

        ## Checks, run on the merged tree

        - Task 1: `test -s one.txt` passed ([duration])

        ## Open todos

        - Todo 2: Do part 2

        ## Cost

        - $0.0140 of $10.00 spent
        - Workers: $0.0070
        - Planner and supervisor: $0.0070
        - 4 model calls
        - 4,000 tokens in and 400 out
        "##);
    });
    let shown = printed(&machine, &["show"]);
    assert!(shown.contains("qa_worker"), "{shown}");
}

#[test]
fn programs_read_the_state_of_a_run() {
    let machine = finished();
    let status = machine.status();
    assert_eq!(status["phase"], "ended");
    assert_eq!(status["counts"]["proven"], 2);
    assert_eq!(status["tasks"].as_array().unwrap().len(), 2);
    assert_eq!(status["budget"]["spent"], status["calls"]["replied"].as_u64().unwrap() * 3_500);
    let machine = unfinished();
    let status = machine.status();
    assert_eq!(status["ending"], Value::Null);
    assert_eq!(status["counts"]["proven"], 1);
    assert!(status["budget"]["held"].as_u64().unwrap() > 0);
}

#[test]
fn events_are_lines_of_json_from_the_first_to_the_end_of_the_run() {
    let machine = Machine::new();
    let model = model(&machine);
    let ended = machine.run(&[&team_args(&model)[..], &["--json"]].concat()).expect(0);
    assert_eq!(ended.stderr, "");
    let records: Vec<Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (seq, record) in records.iter().enumerate() {
        assert_eq!(record["seq"], seq);
    }
    assert!(records[0]["events"][0].get("run_started").is_some());
    let last = records.last().unwrap()["events"].as_array().unwrap().last().unwrap();
    assert_eq!(*last, json!({"run_ended": {"ending": "done"}}));
}

#[test]
fn a_reader_that_has_seen_enough_neither_breaks_nor_stops_a_run() {
    let machine = Machine::new();
    let model = model(&machine);
    for json in [&[][..], &["--json"]] {
        if machine.project().exists() {
            fs::remove_dir_all(machine.project()).unwrap();
        }
        let mut child = machine
            .program(&[&team_args(&model)[..], json].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert!(!first.is_empty());
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(machine.merged_tasks("HEAD"), ["one", "two"]);
    }
    for args in [&["show"][..], &["report"], &["models"], &["config"], &["completions", "bash"]] {
        let mut child =
            machine.program(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{args:?}");
        assert_eq!(output.status.code(), Some(0), "{args:?}");
    }
}

#[test]
fn settings_are_told_with_their_places_and_models_with_their_prices() {
    let machine = Machine::new().with("EQUITR_MAX_WORKERS", "5");
    machine.configure("llm:\n  budget: 12.50\n");
    let config = printed(&machine, &["config", "--model", "openai/gpt-4o"]);
    let line = |name: &str| {
        let line = config.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    insta::assert_snapshot!(line("llm.budget"), @"llm.budget $12.50 [folder]/equitr/config.yaml:2");
    insta::assert_snapshot!(line("llm.model"), @"llm.model openai/gpt-4o --model");
    insta::assert_snapshot!(line("orchestrator.max_workers"), @"orchestrator.max_workers 5 EQUITR_MAX_WORKERS");
    insta::assert_snapshot!(line("orchestrator.task_tries"), @"orchestrator.task_tries 3 default");
    let models = printed(&machine, &["models", "gpt-4o"]);
    assert!(models.starts_with("model "), "{models}");
    assert!(models.contains("\nopenai/gpt-4o "), "{models}");
    assert!(!models.contains("claude"), "{models}");
}

#[test]
fn the_doctor_tells_what_is_missing_and_is_content_when_nothing_is() {
    let machine = Machine::new();
    let ended = machine.run(&["doctor"]).expect(3);
    assert!(ended.stdout.contains("missing  planner     no model is named"), "{}", ended.stdout);
    machine.repository(&[("a.txt", "a\n")]);
    let model = model(&machine);
    let told = machine.run(&["doctor", "--model", &model, "--repo", "project"]).expect(0).stdout;
    assert!(!told.contains("missing"), "{told}");
    assert!(told.contains("/project, main, clean"), "{told}");
}

#[test]
fn tl_08_the_doctor_tries_the_attacks_on_the_sandbox_or_says_what_is_missing() {
    let machine = Machine::new();
    let model = model(&machine);
    let doctor = |args: &[&str]| machine.run(&[&["doctor", "--model", &model], args].concat());
    let sandbox = |ended: &Ended| -> Vec<String> {
        let lines = ended.stdout.lines().skip_while(|line| !line.contains(" sandbox "));
        lines.map(str::to_owned).collect()
    };
    let found = sandbox(&doctor(&[]).expect(0));
    assert!(found[0].starts_with("ok       sandbox     "), "{found:?}");
    assert!(found[0].contains("attacks tried and stopped"), "{found:?}");
    let landlock = sandbox(&doctor(&["--sandbox", "landlock"]).expect(0));
    assert!(landlock[0].starts_with("ok       sandbox     landlock ABI "), "{landlock:?}");
    assert!(landlock.iter().any(|line| line.contains("masked files can be read")), "{landlock:?}");
    let off = sandbox(&doctor(&["--sandbox", "off"]).expect(0));
    assert_eq!(off, ["note     sandbox     off: commands can do whatever you can"]);
    let path = machine.path_without_bubblewrap();
    let mut program = machine.program(&["doctor", "--model", &model, "--sandbox", "bubblewrap"]);
    let output = program.env("PATH", path).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let told = String::from_utf8(output.stdout).unwrap();
    let missing = "missing  sandbox     the `bwrap` command of bubblewrap was not found\n\
                   \x20                    hint: install it, such as with `apt-get install bubblewrap`";
    assert!(told.contains(missing), "{told}");
}

#[test]
fn shells_are_told_every_command() {
    let machine = Machine::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = printed(&machine, &["completions", shell]);
        for command in ["plan", "resume", "doctor", "--multi-agent", "multi-agent"] {
            assert!(script.contains(command.trim_start_matches('-')), "{shell}: {command}");
        }
    }
}

#[test]
fn where_there_is_no_run_yet_the_list_says_so() {
    let machine = Machine::new();
    insta::assert_snapshot!(printed(&machine, &["runs"]), @"no runs yet; `equitrcoder demo` shows one");
}
