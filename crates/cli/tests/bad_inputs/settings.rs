//! What is wrong with flags, the configuration, models and the home folder.

use super::support::{Machine, team_args};
use super::{model, told};
use std::fs;

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
