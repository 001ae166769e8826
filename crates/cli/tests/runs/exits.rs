//! Exit codes, each by a run that ends so.

use crate::support::{Ended, Gate, KEY, Machine, script, task, team_args, writes};
use equitr_core::event::Event;
use equitr_llm::scripted::Script;
use equitr_testing::loopback::{Fault, Faults, Loopback};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::fs;

fn one_task(check: &str) -> Value {
    let agents = json!({
        "backend_worker": writes("part.txt", "part\n"),
        "supervisor:escalation:backend_worker": [
            {"calls": [{"fail_task": {"reason": "It can't be made"}}]},
        ],
    });
    script(1, json!([task("part", "backend", 1, &[], check)]), agents)
}

fn server(faults: Faults) -> Loopback {
    let script = one_task("test -s part.txt").to_string();
    let script = Script::parse(&script, "script.yaml".as_ref()).unwrap();
    Loopback::start(script, faults).unwrap()
}

/// A machine with a run that waits for its model's first reply, at the server.
fn waiting_run() -> (Machine, Loopback, crate::support::Started) {
    let server = server(Faults::none().nth(1, Fault::Hang));
    let machine = Machine::new().with("OPENAI_API_KEY", KEY);
    let url = server.url();
    let run = machine.start(&served_args(&url));
    assert!(server.wait_for_requests(1));
    (machine, server, run)
}

fn served_args(url: &str) -> Vec<&str> {
    [&team_args("openai/gpt-4o")[..], &["--api-base", url]].concat()
}

fn says(ended: &Ended, words: &str) {
    assert!(ended.stderr.contains(words), "`{words}` is missing in: {}", ended.stderr);
}

#[test]
fn a_run_that_made_all_ends_with_0() {
    let machine = Machine::new();
    let model = machine.script(&one_task("test -s part.txt"));
    machine.run(&team_args(&model)).expect(0);
}

#[test]
fn a_run_that_made_nothing_ends_with_1() {
    let machine = Machine::new();
    let model = machine.script(&one_task("false"));
    let ended = machine.run(&team_args(&model)).expect(1);
    assert!(ended.stdout.contains("It can't be made"), "{}", ended.stdout);
    assert_eq!(machine.merged_tasks("HEAD"), [""; 0]);
}

#[test]
fn wrong_arguments_end_with_2_and_begin_no_run() {
    let machine = Machine::new();
    let model = machine.script(&one_task("true"));
    let cases: [(&[&str], &str); 7] = [
        (&["--repo", "project"], "planning needs a terminal"),
        (&["--no-such-flag"], "--no-such-flag"),
        (&["--repo", "project", "--prompt", "x", "--yes"], "no model is named"),
        (&["--prompt", "x", "--model", &model], "approve them in advance with --yes"),
        (&["--prompt", " ", "--yes", "--model", &model], "the prompt is empty"),
        (&["resume"], "there is no run to resume"),
        (&["show", "nowhere"], "there is no run `nowhere`"),
    ];
    for (args, words) in cases {
        says(&machine.run(args).expect(2), words);
    }
    assert!(machine.runs().is_empty());
    assert!(!machine.project().exists());
}

#[test]
fn what_is_missing_here_ends_with_3_and_says_how_to_get_it() {
    let machine = Machine::new();
    let ended = machine.run(&team_args("openai/gpt-4o")).expect(3);
    says(&ended, "OPENAI_API_KEY");

    let model = machine.script(&one_task("true"));
    fs::create_dir(machine.project()).unwrap();
    fs::write(machine.project().join("old.txt"), "old\n").unwrap();
    let ended = machine.run(&team_args(&model)).expect(3);
    says(&ended, "no git repository here");
    says(&ended, "git init");

    let without_git = Machine::new().with("PATH", "/nowhere");
    let model = without_git.script(&one_task("true"));
    says(&without_git.run(&team_args(&model)).expect(3), "install git");
    assert!(machine.runs().is_empty() && without_git.runs().is_empty());
}

#[test]
fn a_machine_that_fails_the_run_ends_it_with_3_and_resume_goes_on_once_it_is_mended() {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "gate");
    let mut script = one_task("test -s part.txt");
    let turns = script["agents"]["backend_worker"].as_array_mut().unwrap();
    turns.insert(0, json!({"calls": [gate.wait()]}));
    let model = machine.script(&script);
    let mut run = machine.start(&[&team_args(&model)[..], &["--json"]].concat());
    assert!(run.until(|event| matches!(event, Event::WorktreePrepared { .. })));
    let hub = machine.runs()[0].hub();
    fs::rename(&hub, machine.path("elsewhere")).unwrap();
    gate.open();
    run.wait().expect(3);
    assert_eq!(machine.status()["ending"]["kind"], "broken");

    fs::rename(machine.path("elsewhere"), &hub).unwrap();
    machine.run(&["resume"]).expect(0);
    assert_eq!(machine.merged_tasks("HEAD"), ["part"]);
    assert_eq!(machine.state().tasks[0].attempts, 1, "no try is lost");
}

#[test]
fn a_provider_that_wants_money_or_another_key_ends_with_4_and_resume_goes_on() {
    for (fault, words) in [
        (Fault::OutOfQuota, "the provider wants to be paid first"),
        (Fault::KeyRefused, "the provider refused the key"),
    ] {
        let server = server(Faults::none().turn("backend_worker#1", 1, fault));
        let machine = Machine::new().with("OPENAI_API_KEY", KEY);
        let url = server.url();
        let ended = machine.run(&served_args(&url)).expect(4);
        assert!(ended.stdout.contains(words), "{}", ended.stdout);
        assert!(ended.stdout.contains("equitrcoder resume"), "{}", ended.stdout);
        assert!(!format!("{ended:?}").contains(KEY));
        machine.run(&["resume", "--api-base", &url]).expect(0);
        assert_eq!(machine.merged_tasks("HEAD"), ["part"]);
        assert_eq!(machine.files_with(KEY), Vec::<std::path::PathBuf>::new());
    }
}

#[test]
fn a_check_that_cant_run_is_not_taken_for_green_and_ends_with_5() {
    let machine = Machine::new();
    let model = machine.script(&one_task("no-such-program --check"));
    let ended = machine.run(&team_args(&model)).expect(5);
    assert!(ended.stdout.contains("no-such-program"), "{}", ended.stdout);
    let task = machine.status()["tasks"][0].clone();
    assert_eq!((&task["status"], &task["proven"]), (&json!("merged"), &json!(false)));
}

#[test]
fn a_repository_that_another_process_works_on_ends_with_6() {
    let (machine, server, run) = waiting_run();
    let url = server.url();
    says(&machine.run(&served_args(&url)).expect(6), "is working on this repository");
    says(&machine.run(&["resume", "--api-base", &url]).expect(6), "is working on this repository");
    assert_eq!(machine.runs().len(), 1);
    run.kill();
    machine.run(&["resume", "--api-base", &url]).expect(0);
}

#[test]
fn a_journal_that_is_damaged_or_newer_ends_with_7() {
    let machine = Machine::new();
    let model = machine.script(&one_task("true"));
    machine.run(&team_args(&model)).expect(0);
    let path = machine.runs()[0].journal();
    let whole = fs::read(&path).unwrap();

    // A letter of what a record says, changed on the disk.
    let place = whole.windows(10).position(|bytes| bytes == b"Make part.").unwrap();
    let mut damaged = whole.clone();
    damaged[place] = b'F';
    fs::write(&path, &damaged).unwrap();
    for command in ["status", "show", "report", "resume"] {
        says(&machine.run(&[command]).expect(7), "is damaged at record");
    }

    fs::write(&path, "no database at all").unwrap();
    let path_words = format!("the journal {}", path.display());
    says(&machine.run(&["status"]).expect(7), &path_words);

    // SQLite keeps `user_version`, which is the format here, at byte 60.
    let mut newer = whole.clone();
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(&path, &newer).unwrap();
    says(&machine.run(&["status"]).expect(7), "written in format 99");

    fs::write(&path, &whole).unwrap();
    machine.run(&["status"]).expect(0);
}

#[test]
fn a_stopped_run_ends_with_130_and_resume_goes_on() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let (machine, server, run) = waiting_run();
        run.signal(signal);
        let ended = run.wait().expect(130);
        let id = machine.runs()[0].id().to_owned();
        says(&ended, &format!("go on with `equitrcoder resume {id}`"));
        machine.run(&["resume", &id, "--api-base", &server.url()]).expect(0);
        assert_eq!(machine.merged_tasks("HEAD"), ["part"]);
    }
}
