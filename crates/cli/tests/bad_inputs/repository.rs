//! What is wrong with git, a repository or its documents.

use super::support::{Machine, script, team_args};
use super::{model, told, without_places};
use serde_json::json;
use std::fs;

#[test]
fn a_folder_that_is_no_repository_is_told_from_one_that_can_be_worked_on() {
    let machine = Machine::new();
    let model = model(&machine);
    fs::create_dir_all(machine.path("files")).unwrap();
    fs::write(machine.path("files/a.txt"), "a\n").unwrap();
    machine.repository(&[("a.txt", "a\n")]);
    machine.git(&["clone", "-q", "--bare", ".", "../bare.git"]);
    machine.git(&["clone", "-q", ".", "../rebasing"]);
    fs::create_dir(machine.path("rebasing/.git/rebase-merge")).unwrap();
    fs::write(machine.path("file"), "").unwrap();
    let at = |folder| ["--prompt", "x", "--yes", "--model", &model, "--repo", folder];
    let lines = [at("files"), at("bare.git"), at("rebasing"), at("file"), at("")];
    let lines: Vec<&[&str]> = lines.iter().map(|line| &line[..]).collect();
    insta::assert_snapshot!(told(&machine, &lines), @r#"
    $ equitrcoder --prompt x --yes --model script:[folder]/script.yaml --repo files
    error: no git repository here ([folder]/files)
    hint: run `git init` there first, or name a new folder with --repo DIR
    exit 3

    $ equitrcoder --prompt x --yes --model script:[folder]/script.yaml --repo bare.git
    error: `[folder]/bare.git` is a bare repository; a checkout is needed
    hint: name a checkout with --repo DIR
    exit 3

    $ equitrcoder --prompt x --yes --model script:[folder]/script.yaml --repo rebasing
    error: a rebase is in progress in `[folder]/rebasing`
    hint: finish the rebase first, or abort it
    exit 3

    $ equitrcoder --prompt x --yes --model script:[folder]/script.yaml --repo file
    error: `[folder]/file` is not a folder
    hint: name a repository or a new folder with --repo DIR
    exit 3

    $ equitrcoder --prompt x --yes --model script:[folder]/script.yaml --repo ""
    error: a value is required for '--repo <DIR>' but none was supplied

    For more information, try '--help'.
    exit 2
    "#);
    assert_eq!(machine.runs().len(), 0);
}

#[test]
fn a_repository_without_commits_gets_its_first_one() {
    let machine = Machine::new();
    let model = model(&machine);
    fs::create_dir(machine.project()).unwrap();
    machine.git(&["init", "-q", "--initial-branch=trunk"]);
    machine.run(&team_args(&model)).expect(0);
    assert_eq!(machine.committed("one.txt"), "1");
    assert_eq!(machine.git(&["symbolic-ref", "--short", "HEAD"]), "trunk");
}

#[test]
fn git_is_needed_and_not_an_old_one() {
    let machine = Machine::new();
    let model = model(&machine);
    fs::create_dir(machine.path("bin")).unwrap();
    let path = machine.path("bin").display().to_string();
    let machine = machine.with("PATH", &path);
    let args: &[&str] = &["--prompt", "x", "--yes", "--model", &model, "--repo", "project"];
    let missing = told(&machine, &[args]);
    let git = machine.path("bin/git");
    fs::write(&git, "#!/bin/sh\necho git version 2.30.1\n").unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&git, executable).unwrap();
    let old = told(&machine, &[args]);
    insta::assert_snapshot!(format!("{missing}\n\n{old}"), @r#"
    $ equitrcoder --prompt x --yes --model script:[folder]/script.yaml --repo project
    error: the `git` command was not found: No such file or directory
    hint: install git, such as with `apt-get install git`
    exit 3

    $ equitrcoder --prompt x --yes --model script:[folder]/script.yaml --repo project
    error: git 2.30.1 is too old; 2.38.0 or newer is needed
    hint: install git 2.38.0 or newer
    exit 3
    "#);
}

#[test]
fn a_repository_that_somebody_works_on_is_left_to_them() {
    let machine = Machine::new();
    let model = model(&machine);
    let waits = machine.path("waits.yaml");
    let slow = "agents: {planner: [{text: Hm, delay_ms: 3600000}]}\n";
    fs::write(&waits, slow).unwrap();
    let waits = format!("script:{}", waits.display());
    let mut first: Vec<&str> = team_args(&waits).to_vec();
    first.push("--json");
    let mut first = machine.start(&first);
    while !first.line().unwrap().contains("call_reserved") {}
    let second = told(&machine, &[&team_args(&model)]);
    let second = second.replace(machine.runs()[0].id(), "[run]");
    insta::with_settings!({filters => vec![(r"pid \d+", "pid [pid]")]}, {
        insta::assert_snapshot!(second, @r#"
        $ equitrcoder --multi-agent --yes --repo project --prompt "A small project" --model script:[folder]/script.yaml
        error: another equitrcoder (pid [pid], run [run]) is working on this repository
        hint: wait for it, stop it, or look at it with `equitrcoder status`
        exit 6
        "#);
    });
    first.kill();
    machine.run(&team_args(&model)).expect(0);
}

#[test]
fn documents_that_cannot_be_built_from_are_said_with_their_lines() {
    let machine = Machine::new();
    let model = model(&machine);
    let run = ["run", "--repo", "project", "--model", &model];
    machine.repository(&[("docs/design.md", "# D\n\nd\n"), ("docs/requirements.md", "# R\n\nr\n")]);
    let missing = told(&machine, &[&run]);
    fs::write(machine.project().join("docs/todos.md"), "# Todos\n\n1. One\n").unwrap();
    let uncommitted = told(&machine, &[&run]);
    let committed = |todos: &str| {
        fs::write(machine.project().join("docs/todos.md"), todos).unwrap();
        machine.git(&["add", "--all"]);
        machine.git(&["commit", "-q", "--message=Todos"]);
        told(&machine, &[&run])
    };
    let all = [
        missing,
        uncommitted,
        committed("# Todos\n\nNothing to do.\n"),
        committed("# Todos\n\n## A\n1. One\n1. Another\n2.\n- [y] 3. Three\n"),
    ];
    insta::assert_snapshot!(all.join("\n\n"), @r#"
    $ equitrcoder run --repo project --model script:[folder]/script.yaml
    error: [folder]/project/docs/todos.md does not exist
    hint: `equitrcoder plan` writes the documents with you and commits them
    exit 2

    $ equitrcoder run --repo project --model script:[folder]/script.yaml
    error: [folder]/project/docs/todos.md is not committed
    hint: `equitrcoder plan` writes the documents with you and commits them
    exit 2

    $ equitrcoder run --repo project --model script:[folder]/script.yaml
    error: docs/todos.md has no todos; write each as a numbered line such as `1. Add login`
    exit 2

    $ equitrcoder run --repo project --model script:[folder]/script.yaml
    error: todo 1 stands twice (docs/todos.md:4 and :5)
    error: todo 2 says nothing (docs/todos.md:6)
    exit 2
    "#);
    assert_eq!(machine.runs().len(), 0);
}

#[test]
fn a_repository_that_is_gone_is_told_when_its_run_is_taken_up() {
    let machine = Machine::new();
    let waits = machine.path("waits.yaml");
    fs::write(&waits, "agents: {planner: [{text: Hm, delay_ms: 3600000}]}\n").unwrap();
    let waits = format!("script:{}", waits.display());
    machine.repository(&[("a.txt", "a\n")]);
    let mut first = machine.start(&[&team_args(&waits)[..], &["--json"]].concat());
    while !first.line().unwrap().contains("call_reserved") {}
    first.kill();
    fs::write(machine.path("waits.yaml"), script(1, json!([]), json!({})).to_string()).unwrap();
    fs::remove_dir_all(machine.project()).unwrap();
    fs::write(machine.project(), "now a file").unwrap();
    let ended = machine.run(&["resume"]).expect(3);
    let told = without_places(&machine, &ended.stdout);
    let why = "The machine failed the run: `[folder]/project` is not in a git repository";
    assert!(told.contains(why), "{told}");
    assert!(told.contains("hint: go on with `equitrcoder resume`"), "{told}");
}

#[test]
fn a_repository_whose_files_are_elsewhere_is_told_with_both_places_and_the_way_out() {
    let machine = Machine::new();
    let model = model(&machine);
    machine.repository(&[("a.txt", "a\n")]);
    fs::create_dir(machine.path("elsewhere")).unwrap();
    machine.git(&["config", "core.worktree", machine.path("elsewhere").to_str().unwrap()]);
    let all = told(&machine, &[&team_args(&model)]);
    insta::assert_snapshot!(all, @r#"
    $ equitrcoder --multi-agent --yes --repo project --prompt "A small project" --model script:[folder]/script.yaml
    error: the repository at `[folder]/project` has its files elsewhere (`core.worktree`): in `[folder]/elsewhere`
    hint: name the folder of the files with --repo DIR if it has a .git of its own, or let the repository have its files again: git -C [folder]/project config --unset core.worktree
    exit 3
    "#);
    assert_eq!(machine.runs().len(), 0);
    machine.git(&["config", "--unset", "core.worktree"]);
    machine.run(&team_args(&model)).expect(0);
}
