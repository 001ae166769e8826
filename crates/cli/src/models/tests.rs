//! Which models a run gets, and what is told when it gets none.

use super::*;
use crate::args::SettingsArgs;
use equitr_core::chat::{Reply, Request};
use equitr_core::event::{AnsweredBy, Record};
use equitr_core::id::{AgentId, QuestionId};
use equitr_core::policy::{Policy, Sandbox};
use equitr_core::spec::{Approval, Goal, Limits, Origin, Person, RunSpec};
use equitr_engine::Journal;
use insta::assert_snapshot;
use std::fs;
use tempfile::TempDir;

struct World {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl World {
    fn new(config: &str) -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("config.yaml"), config).unwrap();
        Self { folder, variables: Vec::new() }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    fn home(&self) -> Home {
        Home::at(self.folder.path())
    }

    fn env(&self) -> impl Fn(&str) -> Option<String> {
        |name| self.variables.iter().find(|(known, _)| *known == name).map(|(_, v)| v.clone())
    }

    fn settings(&self) -> Settings {
        Settings::load(&self.home(), &self.env(), &SettingsArgs::default()).unwrap()
    }

    fn models(&self) -> Result<Models, String> {
        models(&self.settings(), &self.env()).map_err(|error| {
            assert_eq!(error.exit, Exit::Usage);
            self.told(&error)
        })
    }

    fn connected(&self) -> Result<Parts, (Exit, String)> {
        let settings = self.settings();
        let models = models(&settings, &self.env()).unwrap();
        parts(&models, &settings, &self.env(), &self.home(), equitr_tools::Sandbox::off())
            .map_err(|error| (error.exit, self.told(&error)))
    }

    fn told(&self, error: &CliError) -> String {
        error.to_string().replace(&self.folder.path().display().to_string(), "HOME")
    }
}

#[test]
fn a_listed_model_has_its_limits_and_price_from_the_table() {
    let world = World::new("llm: {model: gpt-4o, temperature: 0.2, price: {input: 1, output: 1}}");
    let worker = world.models().unwrap().worker;
    assert_eq!((&*worker.name, &*worker.provider), ("openai/gpt-4o", "openai"));
    assert_eq!((worker.price.input, worker.price.output), (2_500_000, 10_000_000));
    assert_eq!((worker.context_tokens, worker.reply_tokens), (128_000, 16_384));
    assert_eq!(worker.temperature_milli, Some(200));
}

#[test]
fn a_reply_is_bounded_by_the_setting_the_model_and_half_the_context() {
    let reply = |config: &str| World::new(config).models().unwrap().worker.reply_tokens;
    assert_eq!(reply("llm: {model: openai/gpt-5}"), 16_384);
    assert_eq!(reply("llm: {model: openai/gpt-5, max_tokens: 100000}"), 100_000);
    assert_eq!(reply("llm: {model: openai/gpt-4o, max_tokens: 100000}"), 16_384);
    assert_eq!(reply("llm: {model: openai/gpt-4o, max_tokens: 256}"), 256);
    assert_eq!(reply("llm: {model: ollama/qwen3-coder}"), 8_192);
    assert_eq!(reply("llm: {model: ollama/qwen3-coder, max_tokens: 30000}"), 16_384);
}

#[test]
fn each_role_can_have_its_own_model() {
    let world = World::new("llm: {model: openai/gpt-5, worker: ollama/x}")
        .with("EQUITR_PLANNER", "claude-sonnet-4-5");
    let models = world.models().unwrap();
    let names = [models.planner, models.supervisor, models.worker].map(|m| m.name.to_string());
    assert_eq!(names, ["anthropic/claude-sonnet-4-5", "openai/gpt-5", "ollama/x"]);
}

#[test]
fn no_model_is_an_error_with_one_that_the_person_has_a_key_for() {
    assert_snapshot!(World::new("").models().unwrap_err(), @r"
error: no model is named
hint: --model anthropic/claude-sonnet-4-5, or `llm: {model: anthropic/claude-sonnet-4-5}` in HOME/config.yaml; equitrcoder models lists them
");
    let with_key = World::new("").with("GEMINI_API_KEY", "x").models().unwrap_err();
    assert!(with_key.contains("--model gemini/gemini-2.5-pro"), "{with_key}");
}

#[test]
fn a_model_without_a_price_needs_one_or_no_budget() {
    let unlisted = "model: openai/frontier-9";
    assert_snapshot!(World::new(&format!("llm: {{{unlisted}}}")).models().unwrap_err(), @r"
error: no price known for `openai/frontier-9`; a dollar budget can't be kept
hint: set `llm: {price: {input: 2.50, output: 10.00}}` in HOME/config.yaml, or --budget none
");
    let priced = World::new(&format!("llm: {{{unlisted}, price: {{input: 3, output: 15}}}}"));
    assert_eq!(priced.models().unwrap().worker.price.cached_input, 3_000_000);
    let unbounded = World::new(&format!("llm: {{{unlisted}, budget: none}}"));
    assert_eq!(unbounded.models().unwrap().worker.price, Price::FREE);
}

#[test]
fn a_misspelt_model_is_told_what_it_may_be_once_for_all_roles() {
    let world = World::new("").with("EQUITR_MODEL", "openai/gpt-4oo");
    assert_snapshot!(world.models().unwrap_err(), @r"
error: model `gpt-4oo` is not known to provider `openai` (EQUITR_MODEL)
hint: did you mean `openai/gpt-4o`? if it is a new one: set `llm: {price: {input: 2.50, output: 10.00}}` in HOME/config.yaml, or --budget none
");
}

#[test]
fn a_budget_that_pays_for_no_call_is_refused() {
    let world = World::new("llm: {model: openai/gpt-4o, budget: 0.01}");
    assert_snapshot!(world.models().unwrap_err(), @r"
error: budget $0.0100 cannot pay for one call to `openai/gpt-4o` (about $0.0202)
hint: raise --budget, or choose a cheaper model
");
    World::new("llm: {model: ollama/x, budget: 0}").models().unwrap();
}

#[test]
fn a_missing_or_garbled_key_is_an_error_of_this_machine() {
    let world = || World::new("llm: {model: anthropic/claude-sonnet-4-5}");
    let (exit, told) = world().connected().err().unwrap();
    assert_eq!(exit, Exit::Environment);
    assert_snapshot!(told, @r"
error: no API key for provider `anthropic`
hint: export ANTHROPIC_API_KEY=…
");
    let garbled = world().with("ANTHROPIC_API_KEY", "sk-ant-0123456789ab12\n");
    let (exit, told) = garbled.connected().err().unwrap();
    assert_eq!(exit, Exit::Environment);
    assert_snapshot!(told, @r"error: ANTHROPIC_API_KEY contains a newline; check how it was pasted (…ab12)");
    assert!(world().with("ANTHROPIC_API_KEY", "sk-ant-0123456789ab12").connected().is_ok());
    let second = World::new("llm: {model: gemini/gemini-2.5-pro}").with("GOOGLE_API_KEY", "abc");
    assert!(second.connected().is_ok());
}

#[test]
fn an_address_that_cant_be_used_is_refused() {
    let told = |rest: &str| {
        let config = format!("llm: {{model: openai-compatible/x, budget: none, {rest}}}");
        let (exit, told) = World::new(&config).connected().err().unwrap();
        assert_eq!(exit, Exit::Usage);
        told
    };
    assert_snapshot!(told("api_base: 'http://llm.example'"), @r"
error: api_base `http://llm.example` is not https
hint: `llm: {allow_insecure: true}` in HOME/config.yaml for a trusted network
");
    assert_snapshot!(told("api_base: llm.example"), @r"
error: api_base `llm.example` is not a URL
hint: write it like `https://llm.example/v1`
");
    assert_snapshot!(told("api_base: 'https://me:hunter2@llm.example'"), @r"
error: api_base `https://…@llm.example` has a user or a password in it
hint: write it like `https://llm.example/v1`
");
    assert_snapshot!(told("max_tokens: 1000"), @r"
error: provider `openai-compatible` needs an address
hint: --api-base http://127.0.0.1:8000/v1
");
    let trusted = World::new(
        "llm: {model: openai-compatible/x, budget: none, api_base: 'http://llm.example', \
         allow_insecure: true}",
    );
    assert!(trusted.connected().is_ok());
}

#[test]
fn an_address_serves_one_provider_only() {
    let two = World::new(
        "llm: {model: anthropic/claude-sonnet-4-5, worker: ollama/x, api_base: 'http://[::1]:1'}",
    )
    .with("ANTHROPIC_API_KEY", "sk-ant-0123456789ab12");
    let (exit, told) = two.connected().err().unwrap();
    assert_eq!(exit, Exit::Usage);
    assert_snapshot!(told, @r"
error: api_base `http://[::1]:1` could be meant for `anthropic` or `ollama`
hint: name the model that is served there `openai-compatible/MODEL`
");
    let own = World::new(
        "llm: {model: anthropic/claude-sonnet-4-5, worker: openai-compatible/x, \
         price: {input: 0, output: 0}, api_base: 'http://[::1]:1'}",
    );
    let settings = own.settings();
    assert_eq!(address(&settings, Provider::Anthropic).unwrap(), None);
    assert_eq!(address(&settings, Provider::OpenAiCompatible).unwrap(), Some("http://[::1]:1"));
}

#[test]
fn a_scripts_price_is_in_the_script_and_its_problems_are_told_one_by_one() {
    let world = World::new("");
    let path = world.folder.path().join("a.yaml");
    let world = world.with("EQUITR_MODEL", &format!("script:{}", path.display()));
    assert_snapshot!(world.models().unwrap_err(), @r"error: script `HOME/a.yaml` can't be read: No such file or directory");
    fs::write(&path, "agents: {planner: [{calls: [{}, {}]}]}").unwrap();
    let error = models(&world.settings(), &world.env()).unwrap_err();
    assert_eq!(error.problems.len(), 2, "{error}");
    fs::write(&path, "price: {input: 2.5, output: 10}\nagents: {planner: [{text: hello}]}")
        .unwrap();
    let models = world.models().unwrap();
    assert_eq!((models.planner.price.output, &*models.planner.provider), (10_000_000, "script"));
    let parts = world.connected().unwrap();
    assert!(Arc::ptr_eq(&parts.planner, &parts.worker), "roles share the script's memory");
}

#[test]
fn a_run_answers_again_by_the_names_its_agents_had() {
    let world = World::new("").with("EQUITR_MODEL", "replay:r1");
    let (exit, told) = world.connected().err().unwrap();
    assert_eq!(exit, Exit::Usage);
    assert_snapshot!(told, @r"
error: no run `r1` to replay; newest: none yet
hint: equitrcoder runs
");
    write_run(&world, "r0");
    let (_, told) = world.connected().err().unwrap();
    assert!(told.contains("newest: r0"), "{told}");
    write_run(&world, "r1");

    let planner = world.connected().unwrap().planner;
    let ask = |turn| {
        let request = Request {
            model: "replay:r1".into(),
            agent: "planner".into(),
            turn,
            system: "".into(),
            messages: Vec::new(),
            tools: Arc::new([]),
            max_tokens: 1,
            temperature_milli: None,
        };
        futures_now(planner.call(request, &|_| {}))
    };
    assert_eq!(&*ask(0).unwrap().text, "which port?");
    assert_eq!(&*ask(1).unwrap().text, "and which host?");
    assert!(ask(2).unwrap_err().message.contains("no turn 2 of `planner`"));
}

/// The result of a future that waits for nothing.
fn futures_now<T>(mut future: equitr_llm::BoxFuture<'_, T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("a replay waits for nothing"),
    }
}

/// A run in which the planner asked two questions.
fn write_run(world: &World, id: &str) {
    let dir = world.home().run(id);
    fs::create_dir_all(dir.root()).unwrap();
    let planner = World::new("llm: {model: ollama/x}").models().unwrap();
    let spec = RunSpec {
        version: "0".into(),
        repository: "/r".into(),
        origin: Origin::Conversation { prompt: None },
        goal: Goal::Plan,
        person: Person::Present { patience_ms: 1 },
        approval: Approval::Asked,
        limits: Limits { workers: 1, turns: 1, attempt_ms: 1, tries: 1, budget: None, check_ms: 1 },
        models: planner,
        profiles: std::collections::BTreeMap::new(),
        checks: Vec::new(),
        tools: Arc::new([]),
        map: "".into(),
        guide: "".into(),
        commit_prefix: "".into(),
        acceptance: false,
        earlier: None,
        policy: Policy::new(Sandbox::Off),
    };
    let agent = AgentId::Planner;
    let said = |text: &str| vec![Event::PersonSaid { text: text.into() }];
    let reserved =
        || vec![Event::CallReserved { agent, amount: MicroDollars::ZERO, max_tokens: 8_192 }];
    let replied = |text: &str| {
        let reply = Reply { text: text.into(), ..Reply::default() };
        vec![Event::CallReplied { agent, reply, cost: MicroDollars::ZERO, took_ms: 1 }]
    };
    let id = QuestionId(1);
    let asked = vec![Event::QuestionAsked {
        id,
        by: agent,
        call: 0,
        text: "which port?".into(),
        default: "80".into(),
    }];
    let events = [
        vec![Event::RunStarted { spec: Arc::new(spec) }],
        said("a shop"),
        reserved(),
        [replied("which port?"), asked].concat(),
        vec![Event::QuestionAnswered { id, text: "80".into(), by: AnsweredBy::Person }],
        reserved(),
        replied("and which host?"),
    ];
    let records: Vec<Record> =
        (0..).zip(events).map(|(seq, events)| Record { seq, at_ms: seq, events }).collect();
    Journal::create(&dir).unwrap().append(&records).unwrap();
}

#[test]
fn a_run_of_unpriced_models_takes_no_dollar_budget_later() {
    let model = |name: &str| ModelSpec {
        name: name.into(),
        provider: "openai".into(),
        price: Price::FREE,
        context_tokens: 1,
        reply_tokens: 1,
        temperature_milli: None,
    };
    let models = |name: &str| Models {
        planner: model("ollama/qwen3-coder"),
        supervisor: model("ollama/qwen3-coder"),
        worker: model(name),
    };
    assert!(keeps_a_budget(&models("ollama/qwen3-coder")).is_ok());
    let refused = keeps_a_budget(&models("openai/gpt-99")).unwrap_err().to_string();
    assert!(refused.contains("no price known for `openai/gpt-99`"), "{refused}");
}
