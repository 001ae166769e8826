//! A provider's model: our words put into its wire format, and its reply read back.
//!
//! Everything of rig, the library that knows the formats, is in here and in `wire/`. Its traps that
//! this module is built around: it repairs tool arguments that were cut off, it knows no idle time,
//! and it takes the price of a call from its own list.

mod conversation;
mod reply;

use crate::call_error::CallError;
use crate::fault::{Asked, Begun, classify};
use crate::transport::Transport;
use crate::{
    BoxFuture, Delta, Endpoint, Error, Model, ModelName, Provider, Timeouts, endpoint, key,
};
use equitr_core::chat::{Reply, Request};
use futures_util::StreamExt;
use reqwest::Url;
use rig_core::completion::CompletionRequest;
use rig_core::driver::Model as Wired;
use rig_core::operation::Completion;
use rig_core::providers::anthropic::AnthropicConfig;
use rig_core::providers::anthropic::wire::Messages;
use rig_core::providers::gemini::GeminiConfig;
use rig_core::providers::gemini::completion::GenerateContent;
use rig_core::providers::openai::OpenAIConfig;
use rig_core::providers::openai::responses_api::wire::Responses;
use rig_core::providers::openai::wire as dialects;
use rig_core::providers::openai::wire::{Auth, Chat, Dialect, Quirks};
use rig_core::streaming::{Item, StreamEvent};
use rig_core::wire::{Encoded, Wire, WireFrame};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A model of a provider.
pub(crate) struct Served {
    provider: Provider,
    model: String,
    format: Format,
    transport: Transport,
    key: Option<SecretString>,
    timeouts: Timeouts,
}

/// The four formats in which providers are spoken to.
enum Format {
    Chat(Wired<Chat, Transport>),
    Responses(Wired<Responses, Transport>),
    Messages(Box<Wired<Messages, Transport>>),
    Gemini(Wired<GenerateContent, Transport>),
}

/// Servers that speak Chat Completions as OpenAI's own does, or nearly: the end of the stream is
/// believed without a reason for it.
const COMPATIBLE: Dialect = Dialect::gateway("openai-compatible", "", "")
    .with_quirks(Quirks::openai().done_without_finish_reason());

impl Served {
    /// The model `model` of `provider` at `endpoint`, whose key and address are checked here.
    pub(crate) fn new(endpoint: &Endpoint, provider: Provider, model: &str) -> Result<Self, Error> {
        let key = key::checked(provider, endpoint.key.as_ref())?;
        let url = endpoint::base_url(provider, endpoint.base_url.as_deref(), endpoint.plain_http)?;
        let transport = Transport::new(endpoint, provider, &url, key.as_ref())?;
        Ok(Self {
            provider,
            model: model.to_owned(),
            format: format(&endpoint.name, provider, model, &url, &transport),
            transport,
            key,
            timeouts: endpoint.timeouts,
        })
    }

    async fn answer(
        &self,
        request: &Request,
        progress: &(dyn Fn(Delta) + Send + Sync),
    ) -> Result<Reply, CallError> {
        let asked = conversation::completion(request, self.provider, &self.model)?;
        match &self.format {
            Format::Chat(wired) => self.stream(wired, asked, progress).await,
            Format::Responses(wired) => self.stream(wired, asked, progress).await,
            Format::Messages(wired) => self.stream(wired, asked, progress).await,
            Format::Gemini(wired) => self.stream(wired, asked, progress).await,
        }
    }

    /// One request, and its reply as it comes.
    async fn stream<W>(
        &self,
        wired: &Wired<W, Transport>,
        request: CompletionRequest,
        progress: &(dyn Fn(Delta) + Send + Sync),
    ) -> Result<Reply, CallError>
    where
        W: Wire<Op = Completion, Payload = Encoded, Frame = WireFrame>,
    {
        let fail = |error, begun| classify(&error, self.asked(), begun);
        let mut events = wired.stream(request).map_err(|error| fail(error, Begun::No))?;
        let mut patience = Patience::new(&self.timeouts);
        let mut tools = BTreeMap::new();
        loop {
            let Ok(next) = tokio::time::timeout_at(patience.until, events.next()).await else {
                return Err(self.stalled(&patience));
            };
            match next {
                None => break,
                Some(Err(error)) => return Err(fail(error, patience.begun)),
                // What the format has and nobody here knows is no content: waiting goes on.
                Some(Ok(Item::Unknown(_))) => {}
                Some(Ok(Item::Event(event))) => {
                    patience.renew(&event, &self.timeouts);
                    report(event, &mut tools, progress);
                }
            }
        }
        let begun = patience.begun;
        let response = events.finish().await.map_err(|error| fail(error, begun))?;
        reply::reply(response, self.provider)
    }

    fn asked(&self) -> Asked<'_> {
        Asked { provider: self.provider, host: self.transport.host(), key: self.key.as_ref() }
    }

    fn stalled(&self, patience: &Patience) -> CallError {
        CallError::broken_off(&format!(
            "{} sent nothing of its reply for {} s",
            self.provider.name(),
            patience.wait.as_secs_f64()
        ))
    }
}

impl Model for Served {
    fn call<'a>(
        &'a self,
        request: Request,
        progress: &'a (dyn Fn(Delta) + Send + Sync),
    ) -> BoxFuture<'a, Result<Reply, CallError>> {
        Box::pin(async move {
            let total = Duration::from_millis(self.timeouts.total_ms);
            match tokio::time::timeout(total, self.answer(&request, progress)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(CallError::broken_off(&format!(
                    "the reply of {} was not complete after {} s",
                    self.provider.name(),
                    total.as_secs_f64()
                ))),
            }
        })
    }
}

/// How long the next piece of a reply is waited for.
struct Patience {
    wait: Duration,
    until: Instant,
    begun: Begun,
}

impl Patience {
    fn new(timeouts: &Timeouts) -> Self {
        let wait = Duration::from_millis(timeouts.first_byte_ms);
        Self { wait, until: Instant::now() + wait, begun: Begun::No }
    }

    /// A piece came: after words or arguments the next is due soon, after thoughts models may be
    /// silent as long as at the beginning.
    fn renew(&mut self, event: &StreamEvent, timeouts: &Timeouts) {
        let wait_ms = match event {
            StreamEvent::Text { .. } | StreamEvent::Arguments { .. } => timeouts.idle_ms,
            StreamEvent::Start { .. } | StreamEvent::Reasoning { .. } | StreamEvent::End { .. } => {
                timeouts.first_byte_ms
            }
        };
        self.wait = Duration::from_millis(wait_ms);
        self.until = Instant::now() + self.wait;
        self.begun = Begun::Yes;
    }
}

/// Tells `progress` of `event`; `tools` remembers which part calls which tool.
fn report(
    event: StreamEvent,
    tools: &mut BTreeMap<usize, Arc<str>>,
    progress: &(dyn Fn(Delta) + Send + Sync),
) {
    match event {
        StreamEvent::Text { text, .. } => progress(Delta::Text(text)),
        StreamEvent::Reasoning { text, .. } => progress(Delta::Thinking(text)),
        StreamEvent::Start { part, name: Some(name), .. } => {
            let name: Arc<str> = name.as_str().into();
            tools.insert(part.index(), name.clone());
            progress(Delta::ToolArgs { name, json: String::new() });
        }
        StreamEvent::Arguments { part, json } => {
            if let Some(name) = tools.get(&part.index()) {
                progress(Delta::ToolArgs { name: name.clone(), json });
            }
        }
        StreamEvent::Start { .. } | StreamEvent::End { .. } => {}
    }
}

/// The format in which `provider` is spoken to, with its peculiarities.
fn format(
    name: &ModelName,
    provider: Provider,
    model: &str,
    url: &Url,
    transport: &Transport,
) -> Format {
    let base = url.as_str().trim_end_matches('/');
    let transport = transport.clone();
    let openai = |dialect: &Dialect| {
        let mut config = OpenAIConfig::with_key(dialect, "").with_base_url(base);
        // The transport adds the key; without one, no empty header is sent.
        config.auth = Auth::OptionalBearer;
        config
    };
    let chat = |dialect: &Dialect, transport| {
        Format::Chat(Wired::new(openai(dialect).chat(model), transport))
    };
    match provider {
        Provider::OpenAi | Provider::OpenAiResponses if name.goes_by_responses() => {
            Format::Responses(Wired::new(
                Responses::new(openai(&dialects::OPENAI), model),
                transport,
            ))
        }
        Provider::OpenAi | Provider::OpenAiResponses => chat(&dialects::OPENAI, transport),
        Provider::OpenRouter => chat(&dialects::OPENROUTER, transport),
        Provider::Groq => chat(&dialects::GROQ, transport),
        Provider::Moonshot => chat(&dialects::MOONSHOT, transport),
        Provider::DeepSeek => chat(&dialects::DEEPSEEK, transport),
        Provider::Ollama => chat(&dialects::OLLAMA, transport),
        Provider::LlamaCpp => chat(&dialects::LLAMACPP, transport),
        Provider::Vllm | Provider::LmStudio | Provider::OpenAiCompatible => {
            chat(&COMPATIBLE, transport)
        }
        Provider::Anthropic => {
            let config = AnthropicConfig::new("").with_base_url(base);
            // Breakpoints after the tools, the system prompt and the last message.
            let wire =
                config.connect(transport.clone()).completion(model).wire.with_prompt_caching();
            Format::Messages(Box::new(Wired::new(wire, transport)))
        }
        Provider::Gemini => {
            let config = GeminiConfig::new("").with_base_url(base);
            Format::Gemini(Wired::new(GenerateContent::new(config, model), transport))
        }
    }
}
