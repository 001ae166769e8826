//! The process is killed wherever it stands, and the run goes on as if it had not been: the same
//! tree, each task merged once, no try lost or gained, no call paid beyond the budget.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use equitr_core::event::{Ending, Event, Record};
use equitr_core::units::MicroDollars;
use nix::sys::signal::Signal;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;
use std::sync::mpsc::channel;
use std::time::Duration;
use support::{Machine, SHOWN, Started, example, example_args, script, task, team_args};

/// Where the example's run is killed, spread evenly over its facts; each second one at a moment
/// between two of them.
const POINTS: usize = 50;

/// Enough for the run and for what calls under way cost that a tenfold kill cuts off.
const BUDGET: MicroDollars = MicroDollars(5_000_000);

/// Nothing takes as long; what hangs is told from what is slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// What an undisturbed run of the example comes to.
struct Undisturbed {
    facts: BTreeMap<String, usize>,
    tree: String,
    merges: Vec<String>,
    replies: u64,
}

static UNDISTURBED: LazyLock<Undisturbed> = LazyLock::new(|| {
    let machine = Machine::new();
    begin(&machine).wait().expect(0);
    let state = machine.state();
    Undisturbed {
        facts: facts(&machine),
        tree: machine.tree(),
        merges: merges(&machine),
        replies: state.calls.0,
    }
});

/// Begins the example with a model that takes its time and has its price.
fn begin(machine: &Machine) -> Started {
    let folder = machine.path("example");
    copy(&example(), &folder);
    let script = fs::read_to_string(folder.join("script.yaml")).unwrap();
    let priced = "latency_ms: 3\nprice: {input: 2.5, cached_input: 1.25, output: 10}\n";
    let priced = script.replace("latency_ms: 0\n", priced);
    assert_ne!(priced, script);
    fs::write(folder.join("script.yaml"), priced).unwrap();
    let mut args = example_args(&format!("script:{}", folder.join("script.yaml").display()));
    args.extend(["--json".to_owned(), format!("--budget={BUDGET}").replace('$', "")]);
    machine.start(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Reads what the run prints up to a line with `text`.
#[track_caller]
fn line_with(run: &mut Started, text: &str) {
    loop {
        match run.line() {
            Some(line) if line.contains(text) => return,
            Some(_) => {}
            None => panic!("it ended before it told `{text}`"),
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// Task and attempt of each merge on the project's branch, sorted.
fn merges(machine: &Machine) -> Vec<String> {
    let of = |key| format!("%(trailers:key=Equitr-{key},valueonly,separator=%x20)");
    let told =
        machine.git(&["log", "--merges", &format!("--format={}#{}", of("Task"), of("Attempt"))]);
    let mut merges: Vec<String> = told.lines().map(str::to_owned).collect();
    merges.sort();
    merges
}

/// How often each fact stands in the newest run's journal, but those that a kill adds.
fn facts(machine: &Machine) -> BTreeMap<String, usize> {
    let mut facts = BTreeMap::new();
    for (_, event) in machine.events() {
        if is_lasting(&event) {
            *facts.entry(name(&event)).or_default() += 1;
        }
    }
    facts
}

fn count(machine: &Machine) -> usize {
    facts(machine).values().sum()
}

fn name(event: &Event) -> String {
    let debug = format!("{event:?}");
    debug.split([' ', '(']).next().unwrap_or_default().to_owned()
}

/// Whether an event stands as often in a journal, however often its process was killed. Work is
/// compared with what others are at just then, which takes time of its own.
fn is_lasting(event: &Event) -> bool {
    !matches!(
        event,
        Event::RunResumed
            | Event::CallReserved { .. }
            | Event::WorktreePrepared { .. }
            | Event::WorkCompared { .. }
    )
}

/// Reads what a run prints until it has told that many facts more, then waits for a number of turns
/// of the scheduler. A run that ends before is done with.
fn until(run: &mut Started, facts: usize, turns: u64) {
    let mut told = 0;
    while told < facts {
        let Some(line) = run.line() else { return };
        let record: Record = serde_json::from_str(&line).unwrap();
        told += record.events.iter().filter(|event| is_lasting(event)).count();
    }
    (0..turns).for_each(|_| std::thread::yield_now());
}

/// A number that looks random, and is the same for the same `n`.
fn scattered(n: u64) -> u64 {
    let mut x = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^ (x >> 27)
}

/// Goes on to the end, when the kill did not come too late for that.
fn resumed(machine: &Machine) {
    match machine.state().ending() {
        Some(ending) => assert_eq!(*ending, Ending::Done),
        None => _ = machine.run(&["resume", "--json"]).expect(0),
    }
}

#[track_caller]
fn assert_as_undisturbed(machine: &Machine, place: &str) {
    let state = machine.state();
    assert_eq!(machine.tree(), UNDISTURBED.tree, "{place}");
    assert_eq!(merges(machine), UNDISTURBED.merges, "{place}");
    assert_eq!(facts(machine), UNDISTURBED.facts, "{place}: facts");
    assert_eq!(state.calls.0, UNDISTURBED.replies, "{place}: replies that count");
    let spent = state.ledger.spent;
    let paid = |event: &Event| match event {
        Event::CallReplied { cost, .. } => cost.0,
        _ => 0,
    };
    let replies: u64 = machine.events().iter().map(|(_, event)| paid(event)).sum();
    assert!(MicroDollars(replies) <= spent && spent <= BUDGET, "{place}: {replies}, {spent}");
    assert_eq!(state.ledger.held, MicroDollars(0), "{place}: money set aside at the end");
}

/// Kills the run at these points. From each it is resumed to the end, put back to where it was, and
/// goes on to the next point, so that it was killed as often as there were points before.
fn killed_at_points(points: std::ops::Range<usize>) {
    let machine = Machine::new();
    let all: usize = UNDISTURBED.facts.values().sum();
    let mut run = begin(&machine);
    for point in points.clone() {
        let turns = if point % 2 == 0 { 0 } else { scattered(point as u64) % 20_000 };
        let told = if point == points.start { 0 } else { count(&machine) };
        until(&mut run, (point * all / POINTS + 1).saturating_sub(told), turns);
        run.kill();
        let here = count(&machine);
        wait_for_orphans(&machine);
        let copy = tempfile::tempdir().unwrap();
        shell(&format!("cp -a {}/. {}", folder(&machine), copy.path().display()));
        resumed(&machine);
        assert_as_undisturbed(&machine, &format!("killed after {here} facts, point {point}"));
        if point + 1 == points.end {
            return;
        }
        shell(&format!("rm -rf {0}/*; cp -a {1}/. {0}", folder(&machine), copy.path().display()));
        run = machine.start(&["resume", "--json"]);
    }
}

/// Waits until no process is left of a killed run, such as a git command that goes on by itself: a
/// copy of what is being written is nobody's crash.
fn wait_for_orphans(machine: &Machine) {
    let folder = folder(machine);
    let of_machine = |process: &Path| {
        fs::read(process.join("environ"))
            .is_ok_and(|text| String::from_utf8_lossy(&text).contains(&folder))
    };
    let any_left =
        || fs::read_dir("/proc").is_ok_and(|all| all.flatten().any(|p| of_machine(&p.path())));
    while any_left() {
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// The machine's whole folder.
fn folder(machine: &Machine) -> String {
    machine.project().parent().unwrap().display().to_string()
}

fn shell(command: &str) {
    assert!(Command::new("sh").args(["-c", command]).status().unwrap().success(), "{command}");
}

#[test]
fn killed_in_its_first_fifth_the_run_ends_as_if_it_had_not_been() {
    killed_at_points(0..10);
}

#[test]
fn killed_in_its_second_fifth_the_run_ends_as_if_it_had_not_been() {
    killed_at_points(10..20);
}

#[test]
fn killed_in_its_third_fifth_the_run_ends_as_if_it_had_not_been() {
    killed_at_points(20..30);
}

#[test]
fn killed_in_its_fourth_fifth_the_run_ends_as_if_it_had_not_been() {
    killed_at_points(30..40);
}

#[test]
fn killed_in_its_last_fifth_the_run_ends_as_if_it_had_not_been() {
    killed_at_points(40..50);
}

#[test]
fn killed_whenever_it_is_taken_up_the_run_ends_as_if_it_had_not_been() {
    let machine = Machine::new();
    let mut run = begin(&machine);
    line_with(&mut run, "task_merged");
    run.kill();
    for n in 0..6 {
        // On a busy machine it may be done before it is killed.
        if machine.state().ending().is_some() {
            break;
        }
        let mut run = machine.start(&["resume", "--json"]);
        // It comes no further than to say that it goes on.
        line_with(&mut run, "run_resumed");
        (0..scattered(n) % 5_000).for_each(|_| std::thread::yield_now());
        run.kill();
    }
    resumed(&machine);
    assert_as_undisturbed(&machine, "killed 7 times");
}

/// The first merge's git hangs, is orphaned by the kill, and would hang for ever.
#[test]
fn a_git_that_outlives_a_killed_run_is_ended_when_the_run_is_taken_up() {
    let machine = Machine::new();
    let (programs, held) = (machine.path("programs"), machine.path("held"));
    let path = std::env::var("PATH").unwrap();
    let git = std::env::split_paths(&path).map(|entry| entry.join("git")).find(|git| git.is_file());
    let (git, at) = (git.unwrap(), held.display());
    let script = format!(
        "#!/bin/sh\ncase \" $* \" in *\" merge-tree \"*)\n\
         if mkdir {at}; then echo $$ > {at}/new; mv {at}/new {at}/pid; exec sleep 600; fi;;\nesac\n\
         exec {} \"$@\"\n",
        git.display()
    );
    fs::create_dir(&programs).unwrap();
    fs::write(programs.join("git"), script).unwrap();
    shell(&format!("chmod +x {}/git", programs.display()));
    let machine = machine.with("PATH", &format!("{}:{path}", programs.display()));
    let run = begin(&machine);
    while !held.join("pid").exists() {
        std::thread::park_timeout(Duration::from_millis(2));
    }
    run.kill();
    let pid = fs::read_to_string(held.join("pid")).unwrap();
    let process = Path::new("/proc").join(pid.trim());
    let runs = || fs::read(process.join("cmdline")).is_ok_and(|line| line.starts_with(b"sleep"));
    assert!(runs(), "the orphan goes on by itself");
    resumed(&machine);
    assert!(!runs());
    assert_as_undisturbed(&machine, "killed in a merge whose git went on");
}

#[test]
fn worktrees_that_are_gone_are_made_anew() {
    let machine = Machine::new();
    let mut run = begin(&machine);
    line_with(&mut run, "work_verified");
    run.kill();
    fs::remove_dir_all(machine.runs()[0].root().join("worktrees")).unwrap();
    resumed(&machine);
    assert_eq!(machine.tree(), UNDISTURBED.tree);
}

#[test]
fn a_stop_that_is_asked_for_leaves_a_run_that_goes_on() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let machine = Machine::new();
        let mut run = begin(&machine);
        line_with(&mut run, "graph_accepted");
        run.signal(signal);
        let ended = run.wait().expect(130);
        let id = machine.runs()[0].id().to_owned();
        assert!(ended.stderr.contains(&format!("equitrcoder resume {id}")), "{}", ended.stderr);
        resumed(&machine);
        assert_as_undisturbed(&machine, &format!("{signal}"));
    }
}

#[test]
fn a_command_does_not_outlive_the_process_that_ran_it() {
    let machine = Machine::new();
    let pipe = machine.path(SHOWN).join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // The first time it holds the pipe open and never ends by itself.
    let command = format!(
        "test -e ~/mark && exit; touch ~/mark; exec 3>{pipe}; echo up >&3; sleep 86400",
        pipe = pipe.display(),
    );
    let worker = json!([
        {"calls": [
            {"write_file": {"path": "one.txt", "content": "1\n"}},
            {"run_command": {"command": command}},
        ]},
        {"calls": [{"finish": {"summary": ["done"]}}]},
    ]);
    let tasks = json!([task("one", "general", 1, &[], "test -s one.txt")]);
    let model = machine.script(&script(1, tasks, json!({"general_worker": worker})));
    let run = machine.start(&team_args(&model));
    // The pipe opens when the command opens it, and ends when nothing holds it open any more.
    let mut pipe = BufReader::new(fs::File::open(&pipe).unwrap());
    let mut told = String::new();
    pipe.read_line(&mut told).unwrap();
    assert_eq!(told, "up\n");
    run.kill();
    machine.run(&["resume"]).expect(0);
    let (sender, end) = channel();
    std::thread::spawn(move || sender.send(pipe.read_line(&mut String::new()).unwrap()));
    assert_eq!(end.recv_timeout(PATIENCE).expect("the command lives on"), 0);
    assert_eq!(machine.committed("one.txt"), "1");
}
