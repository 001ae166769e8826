//! Why there is no model to call: a name, a key, an address or a script that can't be used.

use crate::scripted::ScriptError;
use std::sync::Arc;

/// Why there is no model to call; a person has to change something.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// No model is named.
    #[error("no model is named")]
    NoModel,
    /// The part before the slash names no provider.
    #[error("provider `{given}` is not known")]
    UnknownProvider {
        /// What was given before the slash.
        given: String,
        /// The whole name as given.
        model: String,
        /// The nearest provider's name, when one is near.
        similar: Option<&'static str>,
    },
    /// A name without a provider that belongs to none.
    #[error("model `{given}` is not known, and it names no provider")]
    UnknownModel {
        /// What was given.
        given: String,
        /// The nearest known model, as `provider/model`.
        similar: Option<&'static str>,
    },
    /// `replay:` models are made from a run's journal, not connected to.
    #[error("model `replay:{run}` answers from the journal of a run and can't be connected to")]
    ReplayHasNoEndpoint {
        /// The run's id.
        run: String,
    },
    /// The provider needs a key and none is given.
    #[error("no API key for provider `{provider}`")]
    NoKey {
        /// The provider's name.
        provider: &'static str,
        /// The environment variable that should hold it.
        variable: &'static str,
    },
    /// The key can't be one.
    #[error("{variable} {problem}; check how it was pasted (…{last4})")]
    BadKey {
        /// The environment variable that should hold it.
        variable: &'static str,
        /// What is wrong, such as `contains a newline`.
        problem: &'static str,
        /// Its last four characters.
        last4: String,
    },
    /// The provider has no address of its own.
    #[error("provider `{provider}` needs a base URL")]
    NoBaseUrl {
        /// The provider's name.
        provider: &'static str,
    },
    /// The base URL can't be used.
    #[error("base_url `{url}` {problem}")]
    BadBaseUrl {
        /// The address as given, without any password in it.
        url: String,
        /// What is wrong, such as `is not an http or https URL`.
        problem: &'static str,
    },
    /// Plain http to another machine.
    #[error("base_url `{url}` is not https")]
    PlainHttp {
        /// The address as given.
        url: String,
    },
    /// The HTTP client can't be made.
    #[error("the HTTP client can't be made")]
    Client(#[source] Arc<reqwest::Error>),
    /// The script can't be used.
    #[error(transparent)]
    Script(#[from] ScriptError),
}

impl Error {
    /// What the person could do about it, in one line without a full stop.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoModel => {
                Some("name one as `provider/model`, such as `openai/gpt-5`".to_owned())
            }
            Self::UnknownProvider { similar: Some(similar), .. } => {
                Some(format!("did you mean `{similar}`?"))
            }
            Self::UnknownProvider { model, similar: None, .. } => Some(format!(
                "known providers: {}; a model of another maker may be at `openrouter/{model}`",
                provider_names()
            )),
            Self::UnknownModel { similar: Some(similar), .. } => Some(format!(
                "did you mean `{similar}`? or write `provider/model`; providers: {}",
                provider_names()
            )),
            Self::UnknownModel { given, similar: None } => Some(format!(
                "write `provider/model`, such as `ollama/{given}`; providers: {}",
                provider_names()
            )),
            Self::ReplayHasNoEndpoint { .. } => None,
            Self::NoKey { variable, .. } => Some(format!("export {variable}=…")),
            Self::BadKey { .. } => None,
            Self::NoBaseUrl { .. } => {
                Some("set `api_base`, such as `http://127.0.0.1:8000/v1`".to_owned())
            }
            Self::BadBaseUrl { .. } => Some("write it like `https://llm.example/v1`".to_owned()),
            Self::PlainHttp { .. } => {
                Some("use https, or allow plain http for a network that you trust".to_owned())
            }
            Self::Client(_) | Self::Script(_) => None,
        }
    }
}

fn provider_names() -> String {
    let names: Vec<_> = crate::Provider::ALL.iter().map(|p| p.name()).collect();
    names.join(", ")
}
