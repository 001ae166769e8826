//! What is wrong with a run that is named, or with its journal.

use super::support::{Machine, team_args};
use super::{model, told};
use std::fs;

#[test]
fn a_run_that_is_not_there_is_told() {
    let machine = Machine::new();
    let model = model(&machine);
    let none = told(&machine, &[&["resume"], &["status"], &["show", "r9"], &["report", "../x"]]);
    machine.run(&team_args(&model)).expect(0);
    let over = told(&machine, &[&["resume"], &["resume", "r9"]]);
    let run = machine.runs()[0].id().to_owned();
    let named = told(&machine, &[&["resume", &run]]);
    let all = [none, over, named].join("\n\n").replace(&run, "[run]");
    insta::assert_snapshot!(all, @r#"
    $ equitrcoder resume
    error: there is no run to resume
    hint: `equitrcoder runs` lists the runs
    exit 2

    $ equitrcoder status
    error: there is no run to show
    hint: `equitrcoder runs` lists the runs
    exit 2

    $ equitrcoder show r9
    error: there is no run `r9`
    hint: `equitrcoder runs` lists the runs
    exit 2

    $ equitrcoder report ../x
    error: there is no run `../x`
    hint: `equitrcoder runs` lists the runs
    exit 2

    $ equitrcoder resume
    error: there is no run to resume
    hint: `equitrcoder runs` lists the runs
    exit 2

    $ equitrcoder resume r9
    error: there is no run `r9`
    hint: `equitrcoder runs` lists the runs
    exit 2

    $ equitrcoder resume [run]
    error: run [run] is over
    hint: `equitrcoder report [run]` tells what it did
    exit 2
    "#);
}

#[test]
fn a_journal_that_is_not_what_was_written_is_refused() {
    let machine = Machine::new();
    let model = model(&machine);
    machine.run(&team_args(&model)).expect(0);
    let run = machine.runs()[0].clone();
    let journal = fs::read(run.journal()).unwrap();
    let changed = |from: &[u8], to: &[u8]| {
        let mut bytes = journal.clone();
        // SQLite leaves copies behind in pages that it has split: all of them.
        let places: Vec<usize> =
            (0..bytes.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
        assert!(!places.is_empty());
        places.iter().for_each(|at| bytes[*at..at + to.len()].copy_from_slice(to));
        fs::write(run.journal(), bytes).unwrap();
        told(&machine, &[&["show"], &["resume", run.id()]])
    };
    let altered = changed(b"Some parts.", b"None");
    // SQLite keeps the version of our format at byte 60.
    let mut bytes = journal.clone();
    bytes[60..64].copy_from_slice(&9_u32.to_be_bytes());
    fs::write(run.journal(), bytes).unwrap();
    let newer = told(&machine, &[&["status"]]);
    fs::write(run.journal(), "not a database, whatever its name says; it is long enough").unwrap();
    let other = told(&machine, &[&["status"]]);
    fs::write(run.journal(), &journal[..journal.len() / 2]).unwrap();
    let half = told(&machine, &[&["status"]]);
    let all = [altered, newer, other, half].join("\n\n").replace(run.id(), "[run]");
    insta::assert_snapshot!(all, @r#"
    $ equitrcoder show
    error: the journal [folder]/equitr/runs/[run]/run.db is damaged at record 1: its checksum differs
    hint: the work merged so far is in hub.git beside it, on branch `integration`
    exit 7

    $ equitrcoder resume [run]
    error: the journal [folder]/equitr/runs/[run]/run.db is damaged at record 1: its checksum differs
    hint: the work merged so far is in hub.git beside it, on branch `integration`
    exit 7

    $ equitrcoder status
    error: the run was written in format 9; this program reads up to 3
    hint: use the version of equitrcoder that wrote it, or a newer one
    exit 7

    $ equitrcoder status
    error: the journal [folder]/equitr/runs/[run]/run.db is damaged at record 0: the file is no database
    hint: the work merged so far is in hub.git beside it, on branch `integration`
    exit 7

    $ equitrcoder status
    error: the journal [folder]/equitr/runs/[run]/run.db is damaged at record 0: the database is not whole
    hint: the work merged so far is in hub.git beside it, on branch `integration`
    exit 7
    "#);
}

#[test]
fn errors_are_json_lines_where_json_is_asked_for() {
    let machine = Machine::new();
    let lines: [&[&str]; 3] =
        [&["status", "--json"], &["resume", "x", "--json"], &["--json", "--budget", "lots"]];
    insta::assert_snapshot!(told(&machine, &lines), @r#"
    $ equitrcoder status --json
    {"error":"there is no run to show","hint":"`equitrcoder runs` lists the runs"}
    exit 2

    $ equitrcoder resume x --json
    {"error":"there is no run `x`","hint":"`equitrcoder runs` lists the runs"}
    exit 2

    $ equitrcoder --json --budget lots
    {"error":"--budget must be dollars like 12.50 or none, got `lots`","hint":"what a run may cost, in dollars; `none` for no bound"}
    exit 2
    "#);
}
