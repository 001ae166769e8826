//! From the settings to the models of a run: what is known of each, and how it is reached.

use crate::error::{CliError, Exit, Problem};
use crate::secrets::redactor;
use crate::settings::{Env, Settings, shown_url};
use equitr_core::apply;
use equitr_core::event::Event;
use equitr_core::spec::{ModelSpec, Models};
use equitr_core::units::{MicroDollars, Price};
use equitr_engine::{EngineError, Home, Loaded, Parts, read_run};
use equitr_llm::replayed::ReplayedModel;
use equitr_llm::scripted::Script;
use equitr_llm::{
    Endpoint, Error, Model, ModelName, PlainHttp, Provider, SecretString, facts, similar_model,
};
use equitr_tools::Sandbox;
use std::fmt;
use std::sync::Arc;

/// Tokens of a reply that nobody bounds: whole files fit in, and a budget of some dollars holds
/// several at a time.
const REPLY_TOKENS: u64 = 16_384;

/// Least part of a model's context, as one over this, that is left for what it reads.
const READING_SHARE: u64 = 2;

/// Tokens of a first request, counted as carefully as they are reserved.
const FIRST_REQUEST_TOKENS: u64 = 4_000;

/// Tokens that a reply needs to be of use.
const USEFUL_REPLY_TOKENS: u64 = 1_024;

/// Runs that a message lists.
const RUNS_LISTED: usize = 5;

/// Who a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Plans.
    Planner,
    /// Makes the graph and decides.
    Supervisor,
    /// Does the tasks.
    Worker,
}

impl Role {
    /// All of them, in the order of a run.
    pub const ALL: [Self; 3] = [Self::Planner, Self::Supervisor, Self::Worker];
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Planner => "planner",
            Self::Supervisor => "supervisor",
            Self::Worker => "worker",
        })
    }
}

/// What is known of every role's model.
///
/// # Errors
/// All that is wrong with any of them, each once.
pub fn models(settings: &Settings, env: Env<'_>) -> Result<Models, CliError> {
    let mut problems: Vec<Problem> = Vec::new();
    let mut spec = |role| {
        model_spec(settings, role, env).map_err(|error| {
            for problem in error.problems {
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
            }
        })
    };
    let [planner, supervisor, worker] = Role::ALL.map(&mut spec);
    match (planner, supervisor, worker) {
        (Ok(planner), Ok(supervisor), Ok(worker)) => Ok(Models { planner, supervisor, worker }),
        _ => Err(CliError { problems, exit: Exit::Usage }),
    }
}

/// What is known of a role's model, as far as a run needs it.
///
/// `env` is only looked at to suggest a model where none is named.
///
/// # Errors
/// When no model is named, it is likely misspelt, its script can't be read, its price is not known
/// although there is a budget, or the budget can't pay for a single call.
pub fn model_spec(settings: &Settings, role: Role, env: Env<'_>) -> Result<ModelSpec, CliError> {
    let (name, origin) = settings.model_of(role).ok_or_else(|| no_model(settings, env))?;
    let known = facts(name);
    let price = match name {
        ModelName::Script(path) => Script::load(path).map_err(|e| told(&e.into()))?.price(),
        ModelName::Replay(_) => Price::FREE,
        ModelName::Served { .. } => match known.price.or(settings.price.whole()) {
            Some(price) => price,
            None if settings.budget.is_none() => Price::FREE,
            None => return Err(no_price(settings, name, &origin.to_string())),
        },
    };
    let least = price.upper_bound(FIRST_REQUEST_TOKENS, USEFUL_REPLY_TOKENS);
    if let Some(budget) = settings.budget.filter(|budget| *budget < least) {
        let message =
            format!("budget {budget} cannot pay for one call to `{name}` (about {least})");
        return Err(CliError::usage(message).hint("raise --budget, or choose a cheaper model"));
    }
    // A table's limit is the provider's own; what is guessed gives way to what the person says.
    let wanted = match (settings.max_tokens, known.source) {
        (Some(tokens), "table") => u64::from(tokens).min(known.output_tokens_max),
        (Some(tokens), _) => u64::from(tokens),
        (None, _) => known.output_tokens_max.min(REPLY_TOKENS),
    };
    let reply = wanted.min(known.context_tokens / READING_SHARE).max(1);
    Ok(ModelSpec {
        name: name.to_string().into(),
        provider: match name {
            ModelName::Served { provider, .. } => provider.name().into(),
            ModelName::Script(_) => "script".into(),
            ModelName::Replay(_) => "replay".into(),
        },
        price,
        context_tokens: u32::try_from(known.context_tokens).unwrap_or(u32::MAX),
        reply_tokens: u32::try_from(reply).unwrap_or(u32::MAX),
        temperature_milli: settings.temperature_milli,
    })
}

/// The models of a run, connected; roles with the same model share one. What is secret in this
/// process's environment is kept out of the run.
///
/// # Errors
/// As [`connect`].
pub fn parts(
    models: &Models,
    settings: &Settings,
    env: Env<'_>,
    home: &Home,
    sandbox: Sandbox,
) -> Result<Parts, CliError> {
    let mut connected: Vec<(ModelName, Arc<dyn Model>)> = Vec::new();
    let mut one = |spec: &ModelSpec| {
        let name = ModelName::parse(&spec.name).map_err(|error| told(&error))?;
        if let Some((_, model)) = connected.iter().find(|(known, _)| *known == name) {
            return Ok(model.clone());
        }
        let model = connect(&name, settings, env, home)?;
        connected.push((name, model.clone()));
        Ok::<_, CliError>(model)
    };
    Ok(Parts {
        redactor: Arc::new(redactor()),
        sandbox,
        planner: one(&models.planner)?,
        supervisor: one(&models.supervisor)?,
        worker: one(&models.worker)?,
    })
}

/// The model called `name`; sends nothing.
///
/// # Errors
/// A missing or garbled key with [`Exit::Environment`]; a bad address, script or run with
/// [`Exit::Usage`].
pub fn connect(
    name: &ModelName,
    settings: &Settings,
    env: Env<'_>,
    home: &Home,
) -> Result<Arc<dyn Model>, CliError> {
    match name {
        ModelName::Replay(run) => Ok(Arc::new(replay(run, home)?)),
        ModelName::Script(_) => {
            equitr_llm::connect(&Endpoint::new(name.clone())).map_err(|error| told(&error))
        }
        ModelName::Served { provider, .. } => {
            let endpoint = Endpoint {
                base_url: address(settings, *provider)?.map(str::to_owned),
                key: key(*provider, env).map(|(_, key)| SecretString::from(key)),
                plain_http: if settings.allow_insecure {
                    PlainHttp::Anywhere
                } else {
                    PlainHttp::ToThisMachine
                },
                ..Endpoint::new(name.clone())
            };
            equitr_llm::connect(&endpoint).map_err(|error| at_our_edge(&error, settings))
        }
    }
}

/// A provider's key and the variable that holds it; none when none is set.
pub fn key(provider: Provider, env: Env<'_>) -> Option<(&'static str, String)> {
    provider.key_variables().iter().find_map(|variable| {
        env(variable).filter(|key| !key.is_empty()).map(|key| (*variable, key))
    })
}

/// Where the models of `provider` are reached, when not at its own address.
///
/// A key goes along with every request, so `api_base` is for one provider only: the one of all
/// roles, or else the one that has no address of its own.
///
/// # Errors
/// When it could be meant for several.
pub fn address(settings: &Settings, provider: Provider) -> Result<Option<&str>, CliError> {
    let Some(url) = settings.api_base.as_deref() else { return Ok(None) };
    let mut providers = vec![provider];
    for role in Role::ALL {
        if let Some((ModelName::Served { provider, .. }, _)) = settings.model_of(role)
            && !providers.contains(provider)
        {
            providers.push(*provider);
        }
    }
    let homeless = Provider::OpenAiCompatible;
    if providers.len() == 1 || provider == homeless {
        return Ok(Some(url));
    }
    if providers.contains(&homeless) {
        return Ok(None);
    }
    let names: Vec<String> = providers.iter().map(|p| format!("`{}`", p.name())).collect();
    let message =
        format!("api_base `{}` could be meant for {}", shown_url(url), names.join(" or "));
    Err(CliError::usage(message)
        .hint("name the model that is served there `openai-compatible/MODEL`"))
}

/// The replies of an earlier run, by the names that its agents had.
fn replay(run: &str, home: &Home) -> Result<ReplayedModel, CliError> {
    let runs = home.runs().map_err(|error| engine(&error))?;
    let Some(dir) = runs.iter().find(|dir| dir.id() == run) else {
        let newest: Vec<&str> = runs.iter().rev().take(RUNS_LISTED).map(|dir| dir.id()).collect();
        let known = if newest.is_empty() { "none yet".to_owned() } else { newest.join(", ") };
        return Err(CliError::usage(format!("no run `{run}` to replay; newest: {known}"))
            .hint("equitrcoder runs"));
    };
    let loaded = read_run(dir).map_err(|error| engine(&error))?;
    let refused = |error: apply::Refused| {
        CliError::new(Exit::Journal, format!("the journal of run `{run}` is damaged: {error}"))
    };
    let Loaded { records, .. } = &loaded;
    let mut replies = Vec::new();
    let mut state = None;
    for record in records {
        let Some(state) = &mut state else {
            state = Some(apply::open(record).map_err(refused)?);
            continue;
        };
        // The names are those that stood when the reply came: what is decided is forgotten.
        for event in &record.events {
            if let Event::CallReplied { agent, reply, .. } = event
                && let Some(dialogue) = state.dialogue(*agent)
            {
                replies.push((state.agent_name(*agent), dialogue.turn, reply.clone()));
            }
        }
        apply::apply(state, record).map_err(refused)?;
    }
    Ok(ReplayedModel::new(replies))
}

fn no_model(settings: &Settings, env: Env<'_>) -> CliError {
    const SUGGESTIONS: [(Provider, &str); 4] = [
        (Provider::Anthropic, "anthropic/claude-sonnet-4-5"),
        (Provider::OpenAi, "openai/gpt-5"),
        (Provider::Gemini, "gemini/gemini-2.5-pro"),
        (Provider::OpenRouter, "openrouter/openai/gpt-5"),
    ];
    let with_key = SUGGESTIONS.iter().find(|(provider, _)| key(*provider, env).is_some());
    let (_, example) = with_key.unwrap_or(&SUGGESTIONS[0]);
    CliError::usage("no model is named").hint(format!(
        "--model {example}, or `llm: {{model: {example}}}` in {}; equitrcoder models lists them",
        settings.config.display()
    ))
}

fn no_price(settings: &Settings, name: &ModelName, origin: &str) -> CliError {
    let price = format!(
        "set `llm: {{price: {{input: 2.50, output: 10.00}}}}` in {}, or --budget none",
        settings.config.display()
    );
    match (similar_model(name), name) {
        (Some(similar), ModelName::Served { provider, model }) => CliError::usage(format!(
            "model `{model}` is not known to provider `{}` ({origin})",
            provider.name()
        ))
        .hint(format!("did you mean `{similar}`? if it is a new one: {price}")),
        _ => CliError::usage(format!("no price known for `{name}`; a dollar budget can't be kept"))
            .hint(price),
    }
}

/// Whether a dollar budget can be kept with the models that a run began with: one that began with
/// `--budget none` may have models whose price nobody knows.
///
/// # Errors
/// Names the first such model.
pub fn keeps_a_budget(models: &Models) -> Result<(), CliError> {
    for model in [&models.planner, &models.supervisor, &models.worker] {
        let name = ModelName::parse(&model.name).map_err(|error| told(&error))?;
        if model.price == Price::FREE && facts(&name).price.is_none() {
            return Err(CliError::usage(format!(
                "no price known for `{name}`; a dollar budget can't be kept"
            ))
            .hint("go on without a bound by --budget none"));
        }
    }
    Ok(())
}

/// What the provider's side says, in the words of our settings.
fn at_our_edge(error: &Error, settings: &Settings) -> CliError {
    let config = settings.config.display();
    let url = settings.api_base.as_deref().map(shown_url).unwrap_or_default();
    match error {
        Error::PlainHttp { .. } => CliError::usage(format!("api_base `{url}` is not https"))
            .hint(format!("`llm: {{allow_insecure: true}}` in {config} for a trusted network")),
        Error::BadBaseUrl { problem, .. } => CliError::usage(format!("api_base `{url}` {problem}"))
            .hint("write it like `https://llm.example/v1`"),
        Error::NoBaseUrl { provider } => {
            CliError::usage(format!("provider `{provider}` needs an address"))
                .hint("--api-base http://127.0.0.1:8000/v1")
        }
        Error::NoModel
        | Error::UnknownProvider { .. }
        | Error::UnknownModel { .. }
        | Error::ReplayHasNoEndpoint { .. }
        | Error::NoKey { .. }
        | Error::BadKey { .. }
        | Error::Client(_)
        | Error::Script(_) => told(error),
    }
}

/// An error of the models' side, with its exit code.
pub fn told(error: &Error) -> CliError {
    let exit = match error {
        Error::NoKey { .. } | Error::BadKey { .. } | Error::Client(_) => Exit::Environment,
        Error::NoModel
        | Error::UnknownProvider { .. }
        | Error::UnknownModel { .. }
        | Error::ReplayHasNoEndpoint { .. }
        | Error::NoBaseUrl { .. }
        | Error::BadBaseUrl { .. }
        | Error::PlainHttp { .. }
        | Error::Script(_) => Exit::Usage,
    };
    if let Error::Script(script) = error {
        let problem =
            |message: &String| Problem { message: message.clone(), detail: None, hint: None };
        return CliError { problems: script.problems.iter().map(problem).collect(), exit };
    }
    let told = CliError::new(exit, with_sources(error));
    match error.hint() {
        Some(hint) => told.hint(hint),
        None => told,
    }
}

fn engine(error: &EngineError) -> CliError {
    let exit = match error {
        EngineError::Damaged { .. } | EngineError::Newer { .. } | EngineError::Journal { .. } => {
            Exit::Journal
        }
        EngineError::NoSuchRun { .. } => Exit::Usage,
        EngineError::Locked { .. } => Exit::Locked,
        EngineError::Io { .. } | EngineError::Threads { .. } | EngineError::Proxy { .. } => {
            Exit::Environment
        }
        EngineError::NotOn { .. } => Exit::Environment,
        EngineError::Internal(_) => Exit::Failed,
    };
    CliError::new(exit, with_sources(error))
}

/// An error's message and those of what it came from.
fn with_sources(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |message, source| format!("{message}: {source}"))
}

/// What a model charges, as a person reads it; in dollars per million tokens.
pub fn price_line(price: &Price) -> String {
    if *price == Price::FREE {
        return "free".to_owned();
    }
    format!("{} in, {} out per 1M tokens", MicroDollars(price.input), MicroDollars(price.output))
}

#[cfg(test)]
mod tests;
