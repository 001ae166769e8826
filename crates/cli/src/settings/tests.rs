//! What is told of every wrong value, as a person reads it.

use super::*;
use insta::assert_snapshot;
use std::fs;
use tempfile::TempDir;

/// Settings from a file's bytes, variables and flags; problems with the home's folder as `HOME`.
fn load(
    file: Option<&[u8]>,
    variables: &[(&str, &str)],
    flags: &SettingsArgs,
) -> Result<Settings, String> {
    let folder = TempDir::new().unwrap();
    let home = Home::at(folder.path());
    if let Some(bytes) = file {
        fs::write(home.config(), bytes).unwrap();
    }
    load_from(&home, variables, flags)
}

fn load_from(
    home: &Home,
    variables: &[(&str, &str)],
    flags: &SettingsArgs,
) -> Result<Settings, String> {
    let env = |name: &str| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    Settings::load(home, &env, flags).map_err(|error| {
        assert_eq!(error.exit, Exit::Usage);
        error.to_string().replace(&home.root().display().to_string(), "HOME")
    })
}

fn file(text: &str) -> Settings {
    load(Some(text.as_bytes()), &[], &SettingsArgs::default()).unwrap()
}

fn refusal(text: &str) -> String {
    load(Some(text.as_bytes()), &[], &SettingsArgs::default()).unwrap_err()
}

/// The example of the specification, as it stands there.
const EXAMPLE: &str = r#"# ~/.equitr/config.yaml
orchestrator:
  use_multi_agent: true
  max_iterations: 30
  worker_timeout: 600
  max_workers: 5

llm:
  model: "gpt-4o"  # More powerful model for complex coordination
  budget: 100.0    # Higher budget for multi-agent projects
  temperature: 0.2 # Lower temperature for consistent architecture
"#;

#[test]
fn the_specifications_example_loads_as_it_stands() {
    let settings = file(EXAMPLE);
    assert!(settings.use_multi_agent);
    assert_eq!((settings.max_iterations, settings.worker_timeout_s), (30, 600));
    assert_eq!((settings.max_workers, settings.workers()), (5, 5));
    assert_eq!(settings.model.as_ref().unwrap().to_string(), "openai/gpt-4o");
    assert_eq!(settings.budget, Some(MicroDollars(100_000_000)));
    assert_eq!(settings.temperature_milli, Some(200));
    assert_eq!(settings.limits().attempt_ms, 600_000);
}

#[test]
fn without_a_file_and_with_an_empty_one_the_defaults_hold() {
    let nothing = load(None, &[], &SettingsArgs::default()).unwrap();
    assert_eq!(nothing.workers(), 1);
    assert_eq!(nothing.budget, Some(MicroDollars(10_000_000)));
    assert_eq!(nothing.model, None);
    assert_eq!(nothing.patience_ms(), 600_000);
    for empty in ["", "\n", "# only words\n", "---\n", "llm:\n", "\u{feff}", "orchestrator: {}"] {
        let settings = file(empty);
        assert_eq!(settings.limits(), nothing.limits(), "{empty:?}");
    }
}

#[test]
fn every_key_can_be_set_in_a_file() {
    let settings = file(
        "\u{feff}orchestrator: {task_tries: 10, check_timeout: 5, patience: 86400}\n\
         llm:\n\
         \x20 planner: anthropic/claude-sonnet-4-5\n\
         \x20 supervisor: openai/gpt-5\n\
         \x20 worker: ollama/qwen3-coder:30b\n\
         \x20 budget: none\n\
         \x20 max_tokens: 4096\n\
         \x20 api_base: http://127.0.0.1:8000/v1\n\
         \x20 allow_insecure: true\n\
         \x20 price: {input: 2.5, cached_input: 0.25, output: 10}\n\
         git: {commit_message_prefix: 'bot: '}\n\
         checks:\n\
         \x20 - cargo test\n\
         \x20 - 'true'\n",
    );
    assert_eq!(settings.limits().tries, 10);
    assert_eq!(settings.limits().check_ms, 5_000);
    assert_eq!(settings.worker.as_ref().unwrap().to_string(), "ollama/qwen3-coder:30b");
    assert_eq!((settings.budget, settings.max_tokens), (None, Some(4_096)));
    assert!(settings.allow_insecure);
    let price = settings.price.whole().unwrap();
    assert_eq!(
        (price.input, price.cached_input, price.cache_write, price.output),
        (2_500_000, 250_000, 2_500_000, 10_000_000)
    );
    assert_eq!(settings.commit_message_prefix, "bot: ");
    assert_eq!(settings.checks, ["cargo test".into(), "true".into()]);
}

#[test]
fn flags_beat_variables_and_variables_beat_the_file() {
    let flags = SettingsArgs { budget: Some("3".to_owned()), ..SettingsArgs::default() };
    let variables = [
        ("EQUITR_BUDGET", "2"),
        ("EQUITR_MAX_WORKERS", " 7 "),
        ("EQUITR_MODEL", ""),
        ("EQUITR_MULTI_AGENT", "0"),
    ];
    let settings = load(Some(EXAMPLE.as_bytes()), &variables, &flags).unwrap();
    assert_eq!(settings.budget, Some(MicroDollars(3_000_000)));
    assert_eq!(settings.origin("llm.budget").to_string(), "--budget");
    assert_eq!(settings.max_workers, 7);
    assert_eq!(settings.origin("orchestrator.max_workers").to_string(), "EQUITR_MAX_WORKERS");
    let (model, origin) = settings.model_of(Role::Worker).unwrap();
    assert_eq!(model.to_string(), "openai/gpt-4o");
    assert!(origin.to_string().ends_with("config.yaml:9"), "{origin}");
    assert_eq!((settings.use_multi_agent, settings.workers()), (false, 1));
    assert_eq!(settings.origin("orchestrator.patience"), Origin::Default);
}

#[test]
fn every_flag_of_the_command_line_reaches_its_setting() {
    let word = |text: &str| Some(text.to_owned());
    let flags = SettingsArgs {
        multi_agent: true,
        model: word("gpt-5"),
        planner: word("script:a.yaml"),
        supervisor: word("replay:r1"),
        worker: word("ollama/x"),
        api_base: word("http://127.0.0.1:1"),
        budget: word("none"),
        max_workers: word("1024"),
        checks: vec!["make test".to_owned(), "make lint".to_owned()],
        sandbox: word("off"),
        network: word("registries,*.Example.org"),
        home: None,
    };
    let settings = load(None, &[], &flags).unwrap();
    assert_eq!(settings.workers(), 1_024);
    assert_eq!(settings.budget, None);
    assert_eq!(settings.checks.len(), 2);
    assert_eq!(settings.sandbox, Mode::Off);
    assert_eq!(settings.network, ["registries".into(), "*.example.org".into()]);
    let from_flags = settings.rows().filter(|(_, _, origin)| matches!(origin, Origin::Flag(_)));
    assert_eq!(from_flags.count(), 11);
    let flags = KEYS.iter().filter_map(|key| key.flag);
    assert_eq!(flags.count(), 11);
}

#[test]
fn an_alias_gives_the_value_that_it_stands_for() {
    let settings = file("orchestrator: {max_workers: &n 12, max_iterations: *n, task_tries: 2 }");
    assert_eq!((settings.max_workers, settings.max_iterations), (12, 12));
    assert_eq!(settings.task_tries, 2);
}

#[test]
fn all_problems_of_a_file_are_said_at_once() {
    assert_snapshot!(refusal(
        "orchestrator:\n  max_worker: 5\n  worker_timeout: true\n  max_workers: 0\n\
         llm:\n  model: gpt-4oo\n  budget: 5usd\n  budget: 7\n  temperature: 2.5\n\
         max_iterations: 3\nfrobnicate: 1\n"
    ));
}

#[test]
fn a_file_that_is_no_yaml_is_quoted_where_it_stops_being_one() {
    assert_snapshot!(refusal("llm:\n  model: [gpt-5\n  budget: 3\n"), @r"
error: HOME/config.yaml:3:9: illegal placement of ':' indicator
  |
3 |   budget: 3
  |         ^
");
    assert_snapshot!(refusal("llm:\n\tmodel: gpt-5\n"), @r"
error: HOME/config.yaml:2:2: tabs disallowed within this context (block indentation)
  |
2 |  model: gpt-5
  |  ^
");
    assert_snapshot!(refusal("llm: {model: gpt-5}\n---\nllm: {budget: 3}\n"), @r"
error: HOME/config.yaml:3:1: a second YAML document begins here
  |
3 | llm: {budget: 3}
  | ^
");
    assert_snapshot!(refusal("- llm\n"), @r"
error: HOME/config.yaml:1:1: keys and values are expected, not a list
  |
1 | - llm
  | ^
hint: begin with a line such as `llm:`
");
    assert_snapshot!(refusal("llm\n"), @r"
error: HOME/config.yaml:1:1: keys and values are expected, not `llm`
  |
1 | llm
  | ^^^
hint: begin with a line such as `llm:`
");
    assert_snapshot!(refusal("llm: *nobody\n"), @r"
error: HOME/config.yaml:1:6: alias references unknown anchor
  |
1 | llm: *nobody
  |      ^
");
}

#[test]
fn a_wrong_type_is_said_with_what_was_given() {
    assert_snapshot!(refusal("llm: 5\n"), @r"
error: HOME/config.yaml:1:6: `llm` must hold keys, got `5`
  |
1 | llm: 5
  |      ^
hint: keys of `llm`: allow_insecure, api_base, budget, max_tokens, model, planner, price, supervisor, temperature, worker
");
    assert_snapshot!(refusal("llm: {model: 5}\n"), @r"
error: HOME/config.yaml:1:14: `model` must be a model's name such as openai/gpt-5, got `5`
  |
1 | llm: {model: 5}
  |              ^
hint: the model of every role that names no other
");
    assert_snapshot!(refusal("llm: {model: }\n"), @r"
error: HOME/config.yaml:1:12: `model` must be a model's name such as openai/gpt-5, got nothing
  |
1 | llm: {model: }
  |            ^
hint: the model of every role that names no other
");
    assert_snapshot!(refusal("llm: {price: {output: 3}}\n"), @r"
error: HOME/config.yaml:1:7: `price` lacks `input`
  |
1 | llm: {price: {output: 3}}
  |       ^^^^^
hint: a price is {input: 2.50, output: 10.00}, in dollars per million tokens
");
    assert_snapshot!(refusal("orchestrator: {use_multi_agent: yes}\n"), @r"
error: HOME/config.yaml:1:33: `use_multi_agent` must be true or false, got the text `yes`
  |
1 | orchestrator: {use_multi_agent: yes}
  |                                 ^^^
hint: whether a team works in parallel; otherwise one worker does the tasks in order
");
    assert_snapshot!(refusal("orchestrator: {max_workers: \"5\"}\n"), @r#"
error: HOME/config.yaml:1:29: `max_workers` must be 1 to 1024, got the text `5`
  |
1 | orchestrator: {max_workers: "5"}
  |                             ^^^
hint: workers at a time in a team
"#);
    assert_snapshot!(refusal("checks: cargo test\n"), @r"
error: HOME/config.yaml:1:9: `checks` must be a list of commands, at most 100 and none empty, got the text `cargo test`
  |
1 | checks: cargo test
  |         ^^^^^^^^^^
hint: commands that must pass for every task, beside the task's own
");
    assert_snapshot!(refusal("checks: [cargo test, '']\n"), @r"
error: HOME/config.yaml:1:9: `checks` must be a list of commands, at most 100 and none empty, got a list
  |
1 | checks: [cargo test, '']
  |         ^
hint: commands that must pass for every task, beside the task's own
");
    assert_snapshot!(refusal("git: {commit_message_prefix: \"a\\nb\"}\n"), @r#"
error: HOME/config.yaml:1:30: `commit_message_prefix` must be one line of at most 100 characters, got the text `a b`
  |
1 | git: {commit_message_prefix: "a\nb"}
  |                              ^^^^^^
hint: stands before the subject of every commit
"#);
}

#[test]
fn a_budget_is_exact_or_refused() {
    assert_eq!(file("llm: {budget: 0.000001}").budget, Some(MicroDollars(1)));
    assert_eq!(file("llm: {budget: 12.10}").budget, Some(MicroDollars(12_100_000)));
    assert_eq!(file("llm: {budget: $5}").budget, Some(MicroDollars(5_000_000)));
    for given in
        ["-5", "5usd", "NaN", ".nan", ".inf", "1e400", "1e3", "true", "~", "[5]", "2000000"]
    {
        let told = refusal(&format!("llm: {{budget: {given}}}"));
        assert!(told.contains("`budget` must be dollars like 12.50 or none, got"), "{told}");
    }
    let flag = |budget: &str| {
        let budget = Some(budget.to_owned());
        load(None, &[], &SettingsArgs { budget, ..SettingsArgs::default() })
    };
    assert_snapshot!(flag("5usd").unwrap_err(), @r"
error: --budget must be dollars like 12.50 or none, got `5usd`
hint: what a run may cost, in dollars; `none` for no bound
");
    for given in ["-5", "NaN", "1e400", "", "inf", "9999999999999999999999"] {
        let told = flag(given).unwrap_err();
        let line = format!("error: --budget must be dollars like 12.50 or none, got `{given}`");
        assert!(told.starts_with(&line), "{told}");
    }
}

#[test]
fn counts_out_of_their_range_are_refused_wherever_they_stand() {
    for given in ["0", "-3", "1025", "abc", "1.5", "many"] {
        let max_workers = Some(given.to_owned());
        let told =
            load(None, &[], &SettingsArgs { max_workers, ..SettingsArgs::default() }).unwrap_err();
        let line = format!("error: --max-workers must be 1 to 1024, got `{given}`");
        assert!(told.starts_with(&line), "{told}");
        let told = refusal(&format!("orchestrator: {{max_workers: {given}}}"));
        assert!(told.contains("`max_workers` must be 1 to 1024, got"), "{told}");
    }
    let junk = [("EQUITR_MAX_WORKERS", "many"), ("EQUITR_WORKER_TIMEOUT", "10m")];
    assert_snapshot!(load(None, &junk, &SettingsArgs::default()).unwrap_err(), @r"
error: EQUITR_WORKER_TIMEOUT must be seconds, 1 to 86400, got `10m`
hint: model and tool time of one attempt at a task, in seconds
error: EQUITR_MAX_WORKERS must be 1 to 1024, got `many`
hint: workers at a time in a team
");
}

#[test]
fn what_a_key_wants_is_what_it_takes() {
    for key in &KEYS {
        let bounds = key
            .wants
            .trim_start_matches("seconds, ")
            .trim_start_matches("mebibytes, ")
            .split_once(" to ");
        let Some((min, max)) = bounds
            .and_then(|(min, max)| Some((min.parse::<u64>().ok()?, max.parse::<u64>().ok()?)))
        else {
            continue;
        };
        let takes = |n: u64| {
            let mut settings = Settings::defaults(PathBuf::new());
            (key.take)(&mut settings, Given::Word(&n.to_string())).is_ok()
                && (key.show)(&settings) == n.to_string()
        };
        assert!(takes(min) && takes(max), "{}", key.path);
        assert!(!takes(min - 1) && !takes(max + 1), "{}", key.path);
    }
}

#[test]
fn what_is_no_file_of_settings_is_not_read() {
    assert_snapshot!(
        load(Some(b"llm:\n  model: \xff\n"), &[], &SettingsArgs::default()).unwrap_err(), @r"error: HOME/config.yaml is not UTF-8 text (byte 0xff at offset 14)");
    let large = vec![b'#'; 1_000_001];
    assert_snapshot!(load(Some(&large), &[], &SettingsArgs::default()).unwrap_err(), @r"error: HOME/config.yaml is 1.1 MB; limit 1 MB");
    let largest = vec![b'#'; 1_000_000];
    assert!(load(Some(&largest), &[], &SettingsArgs::default()).is_ok());

    let folder = TempDir::new().unwrap();
    let home = Home::at(folder.path());
    fs::create_dir(home.config()).unwrap();
    let told = load_from(&home, &[], &SettingsArgs::default()).unwrap_err();
    assert_eq!(told, "error: HOME/config.yaml is not a regular file");
    fs::remove_dir(home.config()).unwrap();
    nix::unistd::mkfifo(&home.config(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let told = load_from(&home, &[], &SettingsArgs::default()).unwrap_err();
    assert_eq!(told, "error: HOME/config.yaml is not a regular file");
    let told = load_from(&Home::at(home.config()), &[], &SettingsArgs::default()).unwrap_err();
    assert_eq!(told, "error: can't read HOME/config.yaml: not a directory");
}

#[test]
fn a_file_of_brackets_or_aliases_ends_in_a_problem() {
    assert!(refusal(&"[".repeat(500_000)).starts_with("error: HOME/config.yaml"));
    assert!(refusal(&"{a: ".repeat(100_000)).starts_with("error: HOME/config.yaml"));
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, before) in ["b", "c", "d", "e", "f", "g", "h", "i"]
        .iter()
        .zip(["a", "b", "c", "d", "e", "f", "g", "h"])
    {
        bomb.push_str(&format!("{name}: &{name} [{}]\n", vec![format!("*{before}"); 9].join(", ")));
    }
    assert!(refusal(&bomb).starts_with("error: HOME/config.yaml"));
}

#[test]
fn what_commands_may_do_can_be_set_in_a_file() {
    let settings = file(
        "sandbox: bubblewrap\n\
         network: [registries, '*.Example.ORG', github.com., github.com]\n\
         protected: [/infra/**, deploy]\n\
         unprotected: [build.rs, CODEOWNERS]\n\
         allow_secret_files: [tests/fixtures/*.pem]\n\
         orchestrator: {disk_mib: 16, memory_mib: 64, processes: 16}\n",
    );
    assert_eq!(settings.sandbox, Mode::Bubblewrap);
    assert_eq!(
        settings.network,
        ["registries".into(), "*.example.org".into(), "github.com".into()]
    );
    let protected = settings.protected_paths();
    let holds = |pattern: &str| protected.iter().any(|known| **known == *pattern);
    assert!(holds("/infra/**") && holds("deploy") && holds(".github/**"));
    assert!(!holds("build.rs") && !holds("CODEOWNERS"));
    assert_eq!(protected.len(), PROTECTED.len());
    assert_eq!(settings.allow_secret_files, ["tests/fixtures/*.pem".into()]);
    assert_eq!(settings.disk_bytes(), 16 << 20);
    assert_eq!((settings.memory_bytes(), settings.processes), (64 << 20, 16));
    assert_eq!(file("network: none").network, []);
    assert_eq!(file("network: registries").network, ["registries".into()]);
    assert_eq!(file("").protected_paths().len(), PROTECTED.len());
}

#[test]
fn the_sandbox_is_turned_off_by_a_flag_only() {
    for off in ["off", "'off'", "false"] {
        let told = refusal(&format!("sandbox: {off}"));
        assert!(told.contains("the sandbox can't be turned off in a file"), "{told}");
    }
    assert_snapshot!(refusal("sandbox: off\n"), @r#"
    error: HOME/config.yaml:1:10: the sandbox can't be turned off in a file
      |
    1 | sandbox: off
      |          ^^^
    hint: a person does it for one run: --sandbox off
    "#);
    let sandbox = Some("off".to_owned());
    let flags = SettingsArgs { sandbox, ..SettingsArgs::default() };
    assert_eq!(load(None, &[("EQUITR_SANDBOX", "off")], &flags).unwrap().sandbox, Mode::Off);
    let none = SettingsArgs::default();
    assert_eq!(load(None, &[("EQUITR_SANDBOX", "off")], &none).unwrap().sandbox, Mode::Auto);
}

#[test]
fn hosts_and_patterns_that_are_none_are_refused() {
    assert_snapshot!(refusal("sandbox: bwrap\n"), @r#"
    error: HOME/config.yaml:1:10: `sandbox` must be auto, bubblewrap or landlock (off by the flag only), got the text `bwrap`
      |
    1 | sandbox: bwrap
      |          ^^^^^
    hint: what commands are locked up in; `auto` is bubblewrap, or else the weaker landlock
    "#);
    assert_snapshot!(refusal("network: [registries, db.localhost]\n"), @r#"
    error: HOME/config.yaml:1:10: `db.localhost` is a private name, and commands reach public hosts only
      |
    1 | network: [registries, db.localhost]
      |          ^
    hint: name hosts such as example.org or *.example.org
    "#);
    assert_snapshot!(refusal("unprotected: [.github/*]\n"), @r#"
    error: HOME/config.yaml:1:14: `.github/*` is not protected anyway
      |
    1 | unprotected: [.github/*]
      |              ^
    hint: did you mean `.github/**`?
    "#);
    for host in [
        "localhost",
        "'10.0.0.1'",
        "'[::1]'",
        "a.com:443",
        "https://a.com",
        "a.local",
        "metadata.google.internal",
        "'*.com'",
        "'*'",
        "none",
        "printer.lan",
        "localhost.",
        "''",
    ] {
        let told = refusal(&format!("network: [a.com, {host}]"));
        assert!(told.contains("config.yaml:1:"), "{host}: {told}");
    }
    for list in ["5", "[]", "{a: b}", "[5]", "true"] {
        let told = refusal(&format!("network: {list}"));
        assert!(told.contains("`network` must be none, registries, or a list of hosts"), "{told}");
    }
    for pattern in ["''", "/", "../x", "a/../b", "5", "\"a\\nb\""] {
        let told = refusal(&format!("protected: [{pattern}]"));
        assert!(told.contains("`protected` must be a list of path patterns"), "{told}");
    }
    assert!(refusal("protected: infra").contains("must be a list of path patterns"));
    assert!(refusal("allow_secret_files: ['a[']").contains("`a[` is no glob"));
    assert!(refusal("allow_secret_file: [a]").contains("did you mean `allow_secret_files`?"));
    let network = Some("registries,127.0.0.1".to_owned());
    let told = load(None, &[], &SettingsArgs { network, ..SettingsArgs::default() }).unwrap_err();
    assert_snapshot!(told, @r#"
    error: --network: `127.0.0.1` is no name of a host: no address, port, path or single word
    hint: name hosts such as example.org or *.example.org
    "#);
}

#[test]
fn a_key_in_the_file_is_refused_and_not_repeated() {
    let told = refusal("llm:\n  api_key: sk-ant-0123456789ab12\n");
    assert!(!told.contains("0123456789"), "{told}");
    for text in
        ["llm: {api_key: sk-0123456789}", "TOKEN: \"sk-0123456789", "a: [b, SECRET: 0123456789"]
    {
        let told = refusal(text);
        assert!(!told.contains("0123456789"), "{told}");
    }
    let told = refusal("llm: {max_tokens: 0123456789}");
    assert!(told.contains("0123456789"), "{told}");
    let told = refusal("llm:\n  api_key: sk-ant-0123456789ab12\n");
    assert_snapshot!(told, @r"
error: HOME/config.yaml:2:3: unknown key `api_key`
  |
2 |   api_key: …
  |   ^^^^^^^
hint: keys are read from the environment, such as ANTHROPIC_API_KEY, and never from a file
");
}

#[test]
fn what_a_file_holds_cannot_command_the_terminal() {
    let told = refusal("\"a\\e]0;x\\a\": \"\\e[2J\"\nllm: {model: \"\\e[2J/x\"}\n");
    assert!(!told.contains('\u{1b}') && !told.contains('\u{7}'), "{told:?}");
    let told = refusal(&format!("llm: {{budget: {}x}}\n", "9".repeat(5_000)));
    assert!(told.len() < 1_000, "{told}");
}

#[test]
fn the_caret_stays_under_its_column_in_a_long_line() {
    let told = refusal(&format!("llm: {{model: gpt-5, {}budget: nothing}}\n", " ".repeat(300)));
    let lines: Vec<&str> = told.lines().collect();
    let caret = lines[3].find('^').unwrap();
    assert_eq!(lines[2].find("nothing"), Some(caret), "{told}");
    assert!(lines[2].len() < 200);
}

#[test]
fn a_model_that_no_provider_serves_is_refused_where_it_is_named() {
    let model = Some("opnai/gpt-5".to_owned());
    let told = load(None, &[], &SettingsArgs { model, ..SettingsArgs::default() }).unwrap_err();
    assert_snapshot!(told, @r"
error: --model: provider `opnai` is not known
hint: did you mean `openai`?
");
    let told = load(None, &[("EQUITR_PLANNER", "/")], &SettingsArgs::default()).unwrap_err();
    assert_snapshot!(told, @r"
error: EQUITR_PLANNER: no model is named
hint: name one as `provider/model`, such as `openai/gpt-5`
");
}

#[test]
fn a_variable_that_is_no_setting_is_warned_of() {
    let names = ["EQUITR_MAX_WORKER", "EQUITR_HOME", "EQUITR_RUN", "EQUITR_ZZZ", "PATH"];
    assert_eq!(
        unknown_variables(names.map(str::to_owned)),
        [
            "`EQUITR_MAX_WORKER` is set, and no setting is called that; did you mean \
             `EQUITR_MAX_WORKERS`?",
            "`EQUITR_ZZZ` is set, and no setting is called that",
        ]
    );
}

#[test]
fn home_is_where_the_flag_says_then_the_variable_then_beneath_home() {
    let env = |name: &str| match name {
        "HOME" => Some("/h".to_owned()),
        "EQUITR_HOME" => Some("/e".to_owned()),
        _ => None,
    };
    assert_eq!(home(Some(Path::new("/f")), &env).unwrap().root(), Path::new("/f"));
    assert_eq!(home(None, &env).unwrap().root(), Path::new("/e"));
    let only_home = |name: &str| env(name).filter(|_| name == "HOME");
    assert_eq!(home(None, &only_home).unwrap().root(), Path::new("/h/.equitr"));
    let error = home(None, &|_| None).unwrap_err();
    assert_eq!(error.exit, Exit::Environment);
    assert_snapshot!(error, @r"
error: HOME is not set
hint: set it, or name the folder of runs with --home DIR or EQUITR_HOME
");
}

#[test]
fn an_address_is_shown_without_its_secrets() {
    assert_eq!(shown_url("https://me:pw@h.example:1/v1?key=x#y"), "https://…@h.example:1/v1");
    assert_eq!(shown_url("http://127.0.0.1:8000/v1"), "http://127.0.0.1:8000/v1");
    assert_eq!(shown_url("nonsense"), "nonsense");
}

#[test]
fn the_reference_of_settings_is_made_of_the_table() {
    let settings = Settings::defaults(PathBuf::new());
    let mut text = "| key | default | must be | variable | flag | what it is for |\n\
                    |---|---|---|---|---|---|\n"
        .to_owned();
    for key in &KEYS {
        let code = |name: Option<&str>| name.map(|name| format!("`{name}`")).unwrap_or_default();
        text.push_str(&format!(
            "| `{}` | {} | {} | {} | {} | {} |\n",
            key.path,
            (key.show)(&settings),
            key.wants,
            code(key.variable),
            code(key.flag),
            key.about
        ));
    }
    assert_snapshot!(text);
}
