//! The conversation with a person at a terminal, from the first question to the finished project.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;
#[path = "support/terminal.rs"]
mod terminal;

use equitr_core::state::{Status, Task};
use serde_json::{Value, json};
use std::fs;
use std::process::Command;
use support::{Gate, Machine, SHOWN, script, task, writes};
use terminal::{CTRL_C, CTRL_D, Terminal, read};

const REVIEW: &str = "Review documentation: [approve/revise/edit/quit] (approve):";

/// A planner that asks two questions, and a worker that does the one task with `turns`.
fn model(machine: &Machine, turns: Value) -> String {
    let document = |document: &str, content: &str| json!({"write_document": {"document": document, "content": content}});
    let ask = |question: &str, default: &str| json!({"ask_person": {"question": question, "default": default}});
    let requirements = "# Notebook Requirements\n\n- Notes are kept\n";
    let planner = json!([
        {"calls": [ask("What should it keep?", "Notes")]},
        {"calls": [ask("Which shell?", "sh")]},
        {"calls": [
            document("requirements", requirements),
            document("design", "# Notebook Design\n\nA file.\n"),
            document("todos", "# Notebook Tasks\n\n## Parts\n1. Write the file\n"),
            {"submit_plan": {}},
        ]},
        {"calls": [
            document("requirements", &format!("{requirements}- Dates are kept, too\n")),
            {"submit_plan": {}},
        ]},
    ]);
    let tasks = json!([task("one", "general", 1, &[], "test -s one.txt")]);
    let agents = json!({"planner": planner, "general_worker": turns});
    machine.script(&script(1, tasks, agents))
}

/// Turns of a worker that runs a command until `go` is there, and writes its file then.
fn waiting(machine: &Machine) -> Value {
    let go = machine.path(SHOWN).join("go");
    let command = format!("until test -e {}; do sleep 0.05; done", go.display());
    json!([
        {"calls": [{"run_command": {"command": command}}, {"write_file": {"path": "one.txt", "content": "1\n"}}]},
        {"calls": [{"finish": {"summary": ["one.txt is there"]}}]},
    ])
}

/// The program in a terminal that can do what most can.
fn capable(machine: &Machine, args: &[&str]) -> Command {
    let mut program = machine.program(args);
    program.env("TERM", "xterm-256color").env("LC_ALL", "C.UTF-8");
    // A terminal has no use for what a pipe would.
    program.stdin(std::process::Stdio::inherit());
    program
}

/// Answers the planner until the documents are up for review.
fn plan(terminal: &mut Terminal) {
    terminal.sees("What would you like to build?");
    terminal.sees("> ");
    terminal.enters("A notebook");
    terminal.sees("What should it keep?");
    terminal.sees("> ");
    terminal.enters("Notes");
    terminal.sees("Which shell?");
    terminal.sees("> ");
    terminal.enters("sh");
    terminal.sees("Planning conversation complete!");
    terminal.sees(REVIEW);
}

#[test]
fn a_conversation_leads_to_documents_and_they_to_the_project() {
    let machine = Machine::new();
    let model = model(&machine, writes("one.txt", "1\n"));
    let editor = machine.path("editor");
    fs::write(&editor, "printf -- '- Edited\\n' >> \"$2\"\n").unwrap();
    let mut program = capable(&machine, &["--repo", "project", "--model", &model]);
    program.env("EDITOR", format!("sh {}", editor.display()));
    let mut terminal = Terminal::with(program);

    terminal.sees("What would you like to build?");
    terminal.sees("> ");
    terminal.enters("/help");
    terminal.sees("/multi-agent  switch between one worker and a team");
    terminal.sees("> ");
    terminal.enters("/done");
    terminal.sees("say first what you would like to build");
    terminal.sees("> ");
    terminal.enters("/status");
    terminal.sees("spent");
    terminal.sees("> ");
    terminal.enters("/halp");
    terminal.sees("there is no command /halp");
    terminal.sees("> ");
    terminal.enters("/multi-agent");
    terminal.sees("Workers at a time: ");
    terminal.sees("> ");
    terminal.enters("A notebook");
    terminal.sees("What should it keep?");
    terminal.sees("> ");
    terminal.enters("/clear");
    terminal.sees("The conversation begins anew");
    terminal.sees("> ");
    terminal.enters("A better notebook");
    terminal.sees("What should it keep?");
    terminal.sees("> ");
    terminal.enters("Notes");
    terminal.sees("Which shell?");
    terminal.sees("> ");
    terminal.enters("/done");
    terminal.sees("Planning conversation complete!");
    terminal.sees("docs/requirements.md");
    terminal.sees("- Notes are kept");
    terminal.sees("docs/design.md");
    terminal.sees("docs/todos.md");
    terminal.sees("1. Write the file");

    terminal.sees(REVIEW);
    terminal.enters("perhaps");
    terminal.sees("Please answer approve, revise, edit or quit.");
    terminal.sees(REVIEW);
    terminal.enters("revise Dates as well, please");
    terminal.sees("+- Dates are kept, too");
    terminal.sees("docs/design.md: unchanged");
    terminal.sees(REVIEW);
    terminal.enters("edit");
    terminal.sees("+- Edited");
    terminal.sees(REVIEW);
    terminal.enters("");
    terminal.sees("one.txt is there");
    let (code, _) = terminal.ends();
    assert_eq!(code, 0, "{}", terminal.all());
    assert!(machine.committed("docs/requirements.md").contains("Dates are kept, too"));
    assert!(machine.committed("docs/design.md").contains("- Edited"));
    assert_eq!(machine.committed("one.txt"), "1");
}

#[test]
fn a_review_that_is_quit_is_put_again_by_resume() {
    let machine = Machine::new();
    let model = model(&machine, writes("one.txt", "1\n"));
    let mut terminal = Terminal::with(capable(&machine, &["--repo", "project", "--model", &model]));
    plan(&mut terminal);
    terminal.enters("quit");
    let (code, told) = terminal.ends();
    assert_eq!(code, 130);
    assert!(told.contains("go on with `equitrcoder resume "), "{told}");
    assert!(!told.contains(REVIEW), "asked again though it stops:\n{told}");
    assert!(!machine.project().join("docs").exists());

    let mut terminal = Terminal::with(capable(&machine, &["resume"]));
    terminal.sees("- Notes are kept");
    terminal.sees(REVIEW);
    terminal.enters("revise");
    terminal.sees("What should change? ");
    terminal.enters("Dates as well");
    terminal.sees("+- Dates are kept, too");
    terminal.sees(REVIEW);
    terminal.enters("approve");
    assert_eq!(terminal.ends().0, 0, "{}", terminal.all());
    assert_eq!(machine.committed("one.txt"), "1");
}

#[test]
fn a_question_that_is_left_is_put_again_by_resume() {
    for key in [CTRL_C, CTRL_D, "/quit\r"] {
        let machine = Machine::new();
        let model = model(&machine, writes("one.txt", "1\n"));
        let mut terminal =
            Terminal::with(capable(&machine, &["--repo", "project", "--model", &model]));
        terminal.sees("What would you like to build?");
        terminal.sees("> ");
        terminal.enters("A notebook");
        terminal.sees("What should it keep?");
        terminal.sees("> ");
        terminal.types(key);
        assert_eq!(terminal.ends().0, 130, "{}", terminal.all());
        let mut terminal = Terminal::with(capable(&machine, &["resume"]));
        terminal.sees("What should it keep?");
        terminal.sees("> ");
        terminal.types(CTRL_D);
        assert_eq!(terminal.ends().0, 130, "{}", terminal.all());
    }
}

#[test]
fn ctrl_c_ends_a_question_on_a_dumb_terminal_as_well() {
    let machine = Machine::new();
    let model = model(&machine, writes("one.txt", "1\n"));
    let mut program = capable(&machine, &["--repo", "project", "--model", &model]);
    program.env("TERM", "dumb");
    let mut terminal = Terminal::with(program);
    terminal.sees("> ");
    terminal.types(CTRL_C);
    let (code, told) = terminal.ends();
    assert_eq!(code, 130);
    assert!(told.contains("go on with `equitrcoder resume "), "{told}");
}

#[test]
fn what_goes_on_is_drawn_in_a_line_that_is_gone_at_the_end() {
    let machine = Machine::new();
    let model = model(&machine, waiting(&machine));
    let args = ["--repo", "project", "--prompt", "A notebook", "--yes", "--model", &model];
    let mut terminal = Terminal::with(capable(&machine, &args));
    terminal.sees("\r\x1b[2K");
    terminal.sees("worker at work");
    fs::write(machine.path(SHOWN).join("go"), "").unwrap();
    assert_eq!(terminal.ends().0, 0, "{}", terminal.all());
    let all = terminal.all();
    assert!(all.contains("\x1b[3"), "colours:\n{all}");
    let left = read(&all);
    assert!(!left.contains("worker at work"), "{left}");
}

#[test]
fn without_colour_and_on_a_dumb_terminal_nothing_is_coloured_or_erased() {
    let machine = Machine::new();
    let turns = || writes("one.txt", "1\n");
    let model = model(&machine, turns());
    let of = |repository: &'static str| {
        let mut program = capable(&machine, &["--repo", repository, "--model", &model]);
        program.env("NO_COLOR", "1");
        program
    };
    let mut uncoloured = Terminal::with(of("one"));
    plan(&mut uncoloured);
    uncoloured.enters("");
    assert_eq!(uncoloured.ends().0, 0);
    let all = uncoloured.all();
    assert!(!has_colour(&all), "{all:?}");

    for term in ["dumb", ""] {
        let mut program = of(if term.is_empty() { "two" } else { "three" });
        program.env_remove("NO_COLOR").env("TERM", term);
        if term.is_empty() {
            program.env_remove("TERM");
        }
        let mut dumb = Terminal::with(program);
        plan(&mut dumb);
        dumb.enters("");
        assert_eq!(dumb.ends().0, 0);
        let all = dumb.all();
        assert!(!all.contains('\x1b'), "TERM={term}: {all:?}");
    }
}

/// Whether there is a sequence that sets a colour or weight, such as `\x1b[32m`.
fn has_colour(text: &str) -> bool {
    text.split("\x1b[").skip(1).any(|rest| {
        rest.find(|c: char| !c.is_ascii_digit() && c != ';')
            .is_some_and(|at| rest[at..].starts_with('m'))
    })
}

#[test]
fn ctrl_c_stops_a_run_that_resume_goes_on_with() {
    let machine = Machine::new();
    let model = model(&machine, waiting(&machine));
    let args = ["--repo", "project", "--prompt", "A notebook", "--yes", "--model", &model];
    let mut terminal = Terminal::with(capable(&machine, &args));
    terminal.sees("worker at work");
    terminal.types(CTRL_C);
    let (code, told) = terminal.ends();
    assert_eq!(code, 130);
    assert!(told.contains("go on with `equitrcoder resume "), "{told}");
    fs::write(machine.path(SHOWN).join("go"), "").unwrap();
    machine.run(&["resume"]).expect(0);
    assert_eq!(machine.committed("one.txt"), "1");
}

#[test]
fn what_is_typed_while_a_run_works_steers_it() {
    let machine = Machine::new();
    let model = model(&machine, waiting(&machine));
    let args = ["--repo", "project", "--prompt", "A notebook", "--yes", "--model", &model];
    let mut terminal = Terminal::with(capable(&machine, &args));
    terminal.sees("worker at work");
    terminal.enters("pause");
    terminal.sees("Paused: what is under way ends, and nothing new begins");
    terminal.enters("pase");
    terminal.sees("`pase` is not understood; `help` lists what is");
    terminal.enters("");
    terminal.sees("steer> ");
    terminal.enters("help");
    terminal.sees("tell WHO TEXT");
    fs::write(machine.path(SHOWN).join("go"), "").unwrap();
    terminal.sees("paused");
    terminal.enters("tell general_worker Dates are kept, too");
    let worker = terminal.sees("Dates are kept, too");
    assert!(worker.contains("you → general_worker"), "{worker}");
    terminal.enters("resume");
    terminal.sees("Going on after the pause");
    assert_eq!(terminal.ends().0, 0, "{}", terminal.all());
    assert_eq!(machine.committed("one.txt"), "1");
}

#[test]
fn a_todo_is_typed_and_a_plan_that_went_on_while_it_was_read_is_told_as_it_was_changed() {
    let machine = Machine::new();
    let (one, other) = (Gate::new(&machine, "one"), Gate::new(&machine, "other"));
    let waits = |gate: &Gate, file: &str| {
        let mut turns = writes(file, "1\n");
        turns.as_array_mut().unwrap().insert(0, json!({"calls": [gate.wait()]}));
        turns
    };
    let tasks = json!([
        task("one", "backend", 1, &[], "test -s one.txt"),
        task("two", "qa", 2, &[], "test -s two.txt"),
    ]);
    let added = json!([task("three", "docs", 3, &[], "test -s three.txt")]);
    let agents = json!({
        "backend_worker#1": waits(&one, "one.txt"),
        "backend_worker#2": writes("one.txt", "1\n1\n"),
        "qa_worker": waits(&other, "two.txt"),
        "supervisor:plan#1": [{"calls": [{"propose_tasks": {"tasks": added}}]}],
        "docs_worker": writes("three.txt", "3\n"),
    });
    let model = machine.script(&script(2, tasks, agents));
    let args = ["--multi-agent", "--repo", "project", "--prompt", "Files", "--yes"];
    let mut run = Terminal::with(capable(&machine, &[&args[..], &["--model", &model]].concat()));
    run.sees("at work");
    run.enters("todo Mail the receipt");
    run.sees("3. Mail the receipt");
    let merged = |key: &str| {
        let is_it = |task: &Task| *task.key == *key && matches!(task.status, Status::Merged(_));
        machine.state().tasks.iter().any(is_it)
    };
    let wait_for = |key: &str| {
        while !merged(key) {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    };
    wait_for("three");

    let todos = machine.project().join("docs/todos.md");
    let text = fs::read_to_string(&todos).unwrap();
    fs::write(&todos, text.replace("1. Do part 1\n", "1. Do part 1 twice\n")).unwrap();
    let mut replan = Terminal::with(capable(&machine, &["replan"]));
    replan.sees("its worker is told");
    replan.sees("Change the plan? [y/N]: ");
    one.open();
    wait_for("one");
    replan.enters("y");
    replan.sees(": taken, record ");
    replan.sees("what was done is not all as it was shown");
    replan.sees("was merged and is opened again");
    assert_eq!(replan.ends().0, 0, "{}", replan.all());
    other.open();
    assert_eq!(run.ends().0, 0, "{}", run.all());
    assert_eq!(machine.merged_tasks("HEAD"), ["one", "one", "three", "two"]);
    assert_eq!(machine.committed("one.txt"), "1\n1");
}

#[test]
fn a_question_of_the_supervisor_is_answered_while_the_run_goes_on() {
    let machine = Machine::new();
    let tasks = json!([
        task("one", "general", 1, &[], "test -s one.txt"),
        task("two", "qa", 2, &[], "test -s two.txt"),
    ]);
    let asks = json!([
        {"calls": [{"ask_supervisor": {"question": "Which number?"}}]},
        {"calls": [{"write_file": {"path": "one.txt", "content": "7\n"}}]},
        {"calls": [{"finish": {"summary": ["the number is there"]}}]},
    ]);
    let supervisor = json!([
        {"calls": [{"ask_person": {"question": "Is it seven?", "default": "no"}}]},
        {"calls": [{"answer": {"answer": "What they said."}}]},
    ]);
    let agents = json!({
        "general_worker": asks,
        "qa_worker": writes("two.txt", "2\n"),
        "supervisor:question:general_worker": supervisor,
    });
    let model = machine.script(&script(2, tasks, agents));
    let args = ["--multi-agent", "--repo", "project", "--prompt", "Two files", "--model", &model];
    let mut terminal = Terminal::with(capable(&machine, &args));
    terminal.sees(REVIEW);
    terminal.enters("");
    terminal.sees("Is it seven?");
    terminal.sees("Your answer (empty for the default): ");
    terminal.enters("It is");
    assert_eq!(terminal.ends().0, 0, "{}", terminal.all());
    let assumed = machine.state().assumptions;
    assert!(assumed.is_empty(), "the default was taken: {assumed:?}");
    assert_eq!(machine.merged_tasks("HEAD"), ["one", "two"]);
}

#[test]
fn a_plan_that_was_approved_earlier_is_run_from_its_documents() {
    let machine = Machine::new();
    let model = model(&machine, writes("one.txt", "1\n"));
    let mut terminal =
        Terminal::with(capable(&machine, &["plan", "--repo", "project", "--model", &model]));
    plan(&mut terminal);
    terminal.enters("approve");
    assert_eq!(terminal.ends().0, 0, "{}", terminal.all());
    assert!(machine.committed("docs/todos.md").contains("1. Write the file"));
    assert!(!machine.project().join("one.txt").exists());

    let ended = machine.run(&["run", "--repo", "project", "--model", &model]).expect(0);
    assert!(ended.stdout.contains("Using the approved documents"), "{}", ended.stdout);
    assert_eq!(machine.committed("one.txt"), "1");
    assert!(machine.committed("docs/todos.md").contains("[x]"));
}

#[test]
fn what_is_ticked_already_is_not_done_again() {
    let machine = Machine::new();
    let tasks = json!([task("two", "general", 2, &[], "test -s two.txt")]);
    let model =
        machine.script(&script(2, tasks, json!({"general_worker": writes("two.txt", "2\n")})));
    machine.repository(&[
        ("docs/requirements.md", "# Two Files\n\nTwo files.\n"),
        ("docs/design.md", "# Two Files Design\n\nFiles.\n"),
        ("docs/todos.md", "# Tasks\n\n- [x] 1. Write one.txt\n- [ ] 2. Write two.txt\n"),
        ("one.txt", "1\n"),
    ]);
    machine.run(&["run", "--repo", "project", "--model", &model]).expect(0);
    assert_eq!(machine.merged_tasks("HEAD"), ["two"]);
    assert_eq!(
        machine.committed("docs/todos.md"),
        "# Tasks\n\n- [x] 1. Write one.txt\n- [x] 2. Write two.txt"
    );
}
