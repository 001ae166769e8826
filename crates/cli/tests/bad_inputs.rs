//! What is wrong with what a person gives is said with the value, the place and a way out; nothing
//! is asked of a model then.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::json;
use std::fs;
use std::io::Write;
use std::process::Stdio;
use support::{Machine, script, task, team_args, writes};

/// A model whose one task is done at once.
fn model(machine: &Machine) -> String {
    let tasks = json!([task("one", "general", 1, &[], "test -s one.txt")]);
    machine.script(&script(1, tasks, json!({"general_worker": writes("one.txt", "1\n")})))
}

/// What the program says of each of these command lines, and its exit codes.
fn told(machine: &Machine, lines: &[&[&str]]) -> String {
    let mut told = String::new();
    for args in lines {
        let ended = machine.run(args);
        assert_eq!(ended.stdout, "", "{args:?}");
        let args: Vec<String> = args.iter().map(|arg| shown(arg)).collect();
        told.push_str(&format!("$ equitrcoder {}\n", args.join(" ")));
        told.push_str(&format!("{}exit {}\n\n", ended.stderr, ended.code.unwrap()));
    }
    without_places(machine, &told).trim_end().to_owned()
}

/// `text` with the names of temporary folders left out.
fn without_places(machine: &Machine, text: &str) -> String {
    let folder = machine.path("project").parent().unwrap().display().to_string();
    text.replace(&folder, "[folder]")
}

fn shown(arg: &str) -> String {
    if arg.is_empty() || arg.contains(char::is_whitespace) {
        format!("{arg:?}")
    } else {
        arg.to_owned()
    }
}

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
fn flags_that_are_wrong_are_said_with_what_fits() {
    let machine = Machine::new();
    let lines: Vec<Vec<&str>> = vec![
        vec!["--worker-count", "3"],
        vec!["--max-worker", "3"],
        vec!["runz"],
        vec!["plan", "--color", "sometimes"],
        vec!["config", "--max-workers", "0"],
        vec!["config", "--max-workers", "-3"],
        vec!["config", "--max-workers", "100000"],
        vec!["config", "--max-workers", "abc"],
        vec!["config", "--budget", "-5"],
        vec!["config", "--budget", "5usd"],
        vec!["config", "--budget", "NaN"],
        vec!["config", "--budget", "1e400"],
        vec!["config", "--check", ""],
        vec!["--prompt", "x", "--prompt-file", "x"],
    ];
    let lines: Vec<&[&str]> = lines.iter().map(|line| &line[..]).collect();
    insta::assert_snapshot!(told(&machine, &lines), @r#"
    $ equitrcoder --worker-count 3
    error: unexpected argument '--worker-count' found

      tip: a similar argument exists: '--worker'

    Usage: equitrcoder --worker <MODEL>

    For more information, try '--help'.
    exit 2

    $ equitrcoder --max-worker 3
    error: unexpected argument '--max-worker' found

      tip: a similar argument exists: '--max-workers'

    Usage: equitrcoder --max-workers <N>

    For more information, try '--help'.
    exit 2

    $ equitrcoder runz
    error: unrecognized subcommand 'runz'

      tip: some similar subcommands exist: 'runs', 'run'

    Usage: equitrcoder [OPTIONS]
           equitrcoder <COMMAND>

    For more information, try '--help'.
    exit 2

    $ equitrcoder plan --color sometimes
    error: invalid value 'sometimes' for '--color <WHEN>'
      [possible values: auto, always, never]

    For more information, try '--help'.
    exit 2

    $ equitrcoder config --max-workers 0
    error: --max-workers must be 1 to 1024, got `0`
    hint: workers at a time in a team
    exit 2

    $ equitrcoder config --max-workers -3
    error: --max-workers must be 1 to 1024, got `-3`
    hint: workers at a time in a team
    exit 2

    $ equitrcoder config --max-workers 100000
    error: --max-workers must be 1 to 1024, got `100000`
    hint: workers at a time in a team
    exit 2

    $ equitrcoder config --max-workers abc
    error: --max-workers must be 1 to 1024, got `abc`
    hint: workers at a time in a team
    exit 2

    $ equitrcoder config --budget -5
    error: --budget must be dollars like 12.50 or none, got `-5`
    hint: what a run may cost, in dollars; `none` for no bound
    exit 2

    $ equitrcoder config --budget 5usd
    error: --budget must be dollars like 12.50 or none, got `5usd`
    hint: what a run may cost, in dollars; `none` for no bound
    exit 2

    $ equitrcoder config --budget NaN
    error: --budget must be dollars like 12.50 or none, got `NaN`
    hint: what a run may cost, in dollars; `none` for no bound
    exit 2

    $ equitrcoder config --budget 1e400
    error: --budget must be dollars like 12.50 or none, got `1e400`
    hint: what a run may cost, in dollars; `none` for no bound
    exit 2

    $ equitrcoder config --check ""
    error: --check must be a list of commands, at most 100 and none empty, got ``
    hint: commands that must pass for every task, beside the task's own
    exit 2

    $ equitrcoder --prompt x --prompt-file x
    error: the argument '--prompt <TEXT>' cannot be used with '--prompt-file <FILE>'

    Usage: equitrcoder --prompt <TEXT> --home <DIR>

    For more information, try '--help'.
    exit 2
    "#);
}

#[test]
fn all_that_is_wrong_with_the_configuration_is_shown_in_its_place() {
    let machine = Machine::new().with("EQUITR_MAX_WORKERS", "many");
    machine.configure(
        "orchestrator:\n  max_worker: 4\n  use_multi_agent: perhaps\nllm:\n  budget: 5\n  budget: 6\n",
    );
    let unparsable = Machine::new();
    unparsable.configure("llm:\n\tmodel: x\n");
    let binary = Machine::new();
    binary.configure("");
    fs::write(binary.path("equitr/config.yaml"), b"llm:\n  model: \xff\n").unwrap();
    let folder = Machine::new();
    fs::create_dir_all(folder.path("equitr/config.yaml")).unwrap();
    let large = Machine::new();
    large.configure(&"# a line that says nothing\n".repeat(60_000));
    let line: &[&[&str]] = &[&["config"]];
    let all = [&machine, &unparsable, &binary, &folder, &large].map(|m| told(m, line));
    insta::assert_snapshot!(all.join("\n\n"), @r#"
    $ equitrcoder config
    error: [folder]/equitr/config.yaml:2:3: unknown key `max_worker`
      |
    2 |   max_worker: 4
      |   ^^^^^^^^^^
    hint: did you mean `max_workers`?
    error: [folder]/equitr/config.yaml:3:20: `use_multi_agent` must be true or false, got the text `perhaps`
      |
    3 |   use_multi_agent: perhaps
      |                    ^^^^^^^
    hint: whether a team works in parallel; otherwise one worker does the tasks in order
    error: [folder]/equitr/config.yaml:6:3: `budget` is already set at line 5
      |
    6 |   budget: 6
      |   ^^^^^^
    error: EQUITR_MAX_WORKERS must be 1 to 1024, got `many`
    hint: workers at a time in a team
    exit 2

    $ equitrcoder config
    error: [folder]/equitr/config.yaml:2:2: tabs disallowed within this context (block indentation)
      |
    2 |  model: x
      |  ^
    exit 2

    $ equitrcoder config
    error: [folder]/equitr/config.yaml is not UTF-8 text (byte 0xff at offset 14)
    exit 2

    $ equitrcoder config
    error: [folder]/equitr/config.yaml is not a regular file
    exit 2

    $ equitrcoder config
    error: [folder]/equitr/config.yaml is 1.7 MB; limit 1 MB
    exit 2
    "#);
}

#[test]
fn a_model_that_cannot_be_used_is_said_with_what_is_missing() {
    let machine = Machine::new();
    let args = ["--prompt", "x", "--yes", "--repo", "project", "--model"];
    let of = |model: &'static str| [&args[..], &[model]].concat();
    let lines = [
        vec!["--prompt", "x", "--yes", "--repo", "project"],
        of("anthropic/claude-sonnet-4-5"),
        of("gpt-4oo"),
        of("opnai/gpt-4o"),
        of("script:nowhere.yaml"),
        of("replay:nothing"),
        of(""),
        of("openai/my-model"),
    ];
    let lines: Vec<&[&str]> = lines.iter().map(|line| &line[..]).collect();
    let keyed = Machine::new().with("OPENAI_API_KEY", "sk-0123456789\nabcdef");
    let unpriced = Machine::new().with("OPENAI_API_KEY", "sk-0123456789abcdef");
    let line = of("openai/my-model");
    let told =
        [told(&machine, &lines), told(&keyed, &[&of("openai/gpt-4o")]), told(&unpriced, &[&line])];
    insta::assert_snapshot!(told.join("\n\n"), @r#"
    $ equitrcoder --prompt x --yes --repo project
    error: no model is named
    hint: --model anthropic/claude-sonnet-4-5, or `llm: {model: anthropic/claude-sonnet-4-5}` in [folder]/equitr/config.yaml; equitrcoder models lists them
    exit 2

    $ equitrcoder --prompt x --yes --repo project --model anthropic/claude-sonnet-4-5
    error: no API key for provider `anthropic`
    hint: export ANTHROPIC_API_KEY=…
    exit 3

    $ equitrcoder --prompt x --yes --repo project --model gpt-4oo
    error: model `gpt-4oo` is not known to provider `openai` (--model)
    hint: did you mean `openai/gpt-4o`? if it is a new one: set `llm: {price: {input: 2.50, output: 10.00}}` in [folder]/equitr/config.yaml, or --budget none
    exit 2

    $ equitrcoder --prompt x --yes --repo project --model opnai/gpt-4o
    error: --model: provider `opnai` is not known
    hint: did you mean `openai`?
    exit 2

    $ equitrcoder --prompt x --yes --repo project --model script:nowhere.yaml
    error: script `nowhere.yaml` can't be read: No such file or directory
    exit 2

    $ equitrcoder --prompt x --yes --repo project --model replay:nothing
    error: no run `nothing` to replay; newest: none yet
    hint: equitrcoder runs
    exit 2

    $ equitrcoder --prompt x --yes --repo project --model ""
    error: --model: no model is named
    hint: name one as `provider/model`, such as `openai/gpt-5`
    exit 2

    $ equitrcoder --prompt x --yes --repo project --model openai/my-model
    error: no price known for `openai/my-model`; a dollar budget can't be kept
    hint: set `llm: {price: {input: 2.50, output: 10.00}}` in [folder]/equitr/config.yaml, or --budget none
    exit 2

    $ equitrcoder --prompt x --yes --repo project --model openai/gpt-4o
    error: OPENAI_API_KEY contains a newline; check how it was pasted (…cdef)
    exit 3

    $ equitrcoder --prompt x --yes --repo project --model openai/my-model
    error: no price known for `openai/my-model`; a dollar budget can't be kept
    hint: set `llm: {price: {input: 2.50, output: 10.00}}` in [folder]/equitr/config.yaml, or --budget none
    exit 2
    "#);
}

#[test]
fn a_budget_that_pays_for_no_call_is_told_before_anything_starts() {
    let machine = Machine::new();
    let path = machine.path("priced.yaml");
    fs::write(&path, "price: {input: 2.5, output: 10}\nagents: {planner: [{text: Hm}]}\n").unwrap();
    let model = format!("script:{}", path.display());
    let line = [&team_args(&model)[..], &["--budget", "0.01"]].concat();
    let told = told(&machine, &[&line]);
    insta::assert_snapshot!(told, @r#"
    $ equitrcoder --multi-agent --yes --repo project --prompt "A small project" --model script:[folder]/priced.yaml --budget 0.01
    error: budget $0.0100 cannot pay for one call to `script:[folder]/priced.yaml` (about $0.0202)
    hint: raise --budget, or choose a cheaper model
    exit 2
    "#);
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
fn a_home_that_cannot_be_used_is_told() {
    let machine = Machine::new();
    let model = model(&machine);
    let file = machine.path("file");
    fs::write(&file, "").unwrap();
    let file = file.display().to_string();
    let begin = team_args(&model);
    let lines = [
        [&begin[..], &["--home", &file]].concat(),
        [&begin[..], &["--home", "/proc/equitr"]].concat(),
    ];
    let lines: Vec<&[&str]> = lines.iter().map(|line| &line[..]).collect();
    let wrong = told(&machine, &lines);
    let mut homeless = machine.program(&["runs"]);
    let output = homeless.env_remove("HOME").env_remove("EQUITR_HOME").output().unwrap();
    let homeless = String::from_utf8(output.stderr).unwrap();
    insta::assert_snapshot!(format!("{wrong}\n\n{homeless}exit {}", output.status.code().unwrap()), @r#"
    $ equitrcoder --multi-agent --yes --repo project --prompt "A small project" --model script:[folder]/script.yaml --home [folder]/file
    error: can't read [folder]/file/config.yaml: not a directory
    exit 2

    $ equitrcoder --multi-agent --yes --repo project --prompt "A small project" --model script:[folder]/script.yaml --home /proc/equitr
    error: can't make the folder /proc/equitr/locks: No such file or directory
    hint: choose another folder with --home DIR or EQUITR_HOME
    exit 3

    error: HOME is not set
    hint: set it, or name the folder of runs with --home DIR or EQUITR_HOME
    exit 3
    "#);
}

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
        let at = bytes.windows(from.len()).position(|part| part == from).unwrap();
        bytes[at..at + to.len()].copy_from_slice(to);
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
    error: the journal [folder]/equitr/runs/[run]/run.db is damaged at record 2: its checksum differs
    hint: the work merged so far is in hub.git beside it, on branch `integration`
    exit 7

    $ equitrcoder resume [run]
    error: the journal [folder]/equitr/runs/[run]/run.db is damaged at record 2: its checksum differs
    hint: the work merged so far is in hub.git beside it, on branch `integration`
    exit 7

    $ equitrcoder status
    error: the run was written in format 9; this program reads up to 1
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
fn a_prompt_that_says_nothing_or_too_much_is_refused() {
    let machine = Machine::new();
    let model = model(&machine);
    let file = |name: &str, bytes: &[u8]| fs::write(machine.path(name), bytes).unwrap();
    file("blank", b" \n\t\n");
    file("nul", b"a\0b");
    file("large", &b"a lot of words\n".repeat(100_000));
    file("latin", b"caf\xe9");
    let of = |name: &'static str| ["--yes", "--model", &model, "--prompt-file", name];
    let lines = ["blank", "nul", "large", "latin", "nowhere", "person"].map(of);
    let mut lines: Vec<&[&str]> = lines.iter().map(|line| &line[..]).collect();
    let empty = ["--yes", "--model", &model, "--prompt", ""];
    let unread = ["--model", &model];
    let unasked = ["--model", &model, "--prompt", "x"];
    let answers = ["--model", &model, "--prompt", "x", "--yes", "--answers", "nowhere"];
    lines.extend([&empty[..], &unread[..], &unasked[..], &answers[..]]);
    let files = told(&machine, &lines);

    let mut child = machine
        .program(&["--yes", "--model", &model, "--prompt", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"caf\xe9 au lait").unwrap();
    let output = child.wait_with_output().unwrap();
    let piped = String::from_utf8(output.stderr).unwrap();
    let code = output.status.code().unwrap();
    insta::assert_snapshot!(format!("{files}\n\n{piped}exit {code}"), @r#"
    $ equitrcoder --yes --model script:[folder]/script.yaml --prompt-file blank
    error: the prompt is empty
    exit 2

    $ equitrcoder --yes --model script:[folder]/script.yaml --prompt-file nul
    error: the prompt holds a NUL byte
    exit 2

    $ equitrcoder --yes --model script:[folder]/script.yaml --prompt-file large
    error: large is larger than 1 MB
    exit 2

    $ equitrcoder --yes --model script:[folder]/script.yaml --prompt-file latin
    error: latin is not UTF-8 text (at byte 3)
    exit 2

    $ equitrcoder --yes --model script:[folder]/script.yaml --prompt-file nowhere
    error: can't read nowhere: No such file or directory
    exit 2

    $ equitrcoder --yes --model script:[folder]/script.yaml --prompt-file person
    error: person is not a regular file
    exit 2

    $ equitrcoder --yes --model script:[folder]/script.yaml --prompt ""
    error: the prompt is empty
    exit 2

    $ equitrcoder --model script:[folder]/script.yaml
    error: planning needs a terminal
    hint: say what to build with --prompt TEXT or --prompt-file FILE, and --yes
    exit 2

    $ equitrcoder --model script:[folder]/script.yaml --prompt x
    error: the documents need a terminal to be approved at
    hint: approve them in advance with --yes
    exit 2

    $ equitrcoder --model script:[folder]/script.yaml --prompt x --yes --answers nowhere
    error: can't read nowhere: No such file or directory
    exit 2

    error: standard input is not UTF-8 text (at byte 3)
    exit 2
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
