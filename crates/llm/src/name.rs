//! Names of models: `openai/gpt-5`, `gpt-5`, `script:FILE`, `replay:RUN`.

use crate::facts::{similar_in_all, wants_responses};
use crate::{Error, Provider, facts};
use std::fmt;
use std::path::PathBuf;

/// Which model is meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ModelName {
    /// One that a provider serves; shown as `provider/model`.
    Served {
        /// Who serves it.
        provider: Provider,
        /// What the provider calls it; not empty, may hold slashes and colons.
        model: String,
    },
    /// Replies written down in a YAML file; shown as `script:FILE`.
    Script(PathBuf),
    /// The replies of an earlier run; shown as `replay:RUN`.
    Replay(String),
}

/// How the names of a maker's models begin, for bare names that the table of models lacks.
const BEGINNINGS: [(&str, Provider); 11] = [
    ("gpt-", Provider::OpenAi),
    ("chatgpt-", Provider::OpenAi),
    ("o1", Provider::OpenAi),
    ("o3", Provider::OpenAi),
    ("o4", Provider::OpenAi),
    ("codex-", Provider::OpenAi),
    ("claude-", Provider::Anthropic),
    ("gemini-", Provider::Gemini),
    ("deepseek-", Provider::DeepSeek),
    ("kimi-", Provider::Moonshot),
    ("moonshot-", Provider::Moonshot),
];

/// How far a provider's misspelt name may be from the right one to be suggested.
const TYPOS_MAX: usize = 3;

impl ModelName {
    /// The model that `text` names.
    ///
    /// A name without a provider goes to the first provider whose table lists it, else by how it
    /// begins (`claude-` is Anthropic's). A `provider/model` is taken as it is, known or not: tables
    /// age, and [`crate::similar_model`] can tell what a misspelt one may have meant.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if let Some(file) = text.strip_prefix("script:").filter(|f| !f.is_empty()) {
            return Ok(Self::Script(PathBuf::from(file)));
        }
        if let Some(run) = text.strip_prefix("replay:").filter(|r| !r.is_empty()) {
            return Ok(Self::Replay(run.to_owned()));
        }
        match text.split_once('/') {
            Some((given, model)) if !model.is_empty() => match Provider::named(given) {
                Some(provider) => Ok(Self::Served { provider, model: model.to_owned() }),
                None => Err(Error::UnknownProvider {
                    given: given.to_owned(),
                    model: text.to_owned(),
                    similar: similar_provider(given),
                }),
            },
            Some(_) => Err(Error::NoModel),
            None if text.is_empty() => Err(Error::NoModel),
            None => bare(text),
        }
    }

    /// Whether calls go by OpenAI's Responses API and not by Chat Completions.
    pub(crate) fn goes_by_responses(&self) -> bool {
        match self {
            Self::Served { provider: Provider::OpenAiResponses, .. } => true,
            Self::Served { provider: Provider::OpenAi, model } => wants_responses(model),
            Self::Served { .. } | Self::Script(_) | Self::Replay(_) => false,
        }
    }
}

fn bare(model: &str) -> Result<ModelName, Error> {
    let served = |provider| ModelName::Served { provider, model: model.to_owned() };
    let listed = Provider::ALL
        .into_iter()
        .filter(|provider| *provider != Provider::OpenRouter)
        .find(|provider| facts::is_listed(*provider, model));
    let begins = BEGINNINGS.iter().find(|(start, _)| model.starts_with(start)).map(|(_, p)| *p);
    match listed.or(begins) {
        Some(provider) => Ok(served(provider)),
        None => {
            Err(Error::UnknownModel { given: model.to_owned(), similar: similar_in_all(model) })
        }
    }
}

fn similar_provider(given: &str) -> Option<&'static str> {
    let given = given.to_ascii_lowercase();
    Provider::ALL
        .into_iter()
        .map(|provider| (strsim::damerau_levenshtein(&given, provider.name()), provider.name()))
        .filter(|(typos, name)| *typos <= TYPOS_MAX && *typos < name.len() / 2)
        .min()
        .map(|(_, name)| name)
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Served { provider, model } => write!(f, "{}/{model}", provider.name()),
            Self::Script(file) => write!(f, "script:{}", file.display()),
            Self::Replay(run) => write!(f, "replay:{run}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        match ModelName::parse(text) {
            Ok(name) => name.to_string(),
            Err(error) => {
                let hint = error.hint().map(|hint| format!(" | {hint}")).unwrap_or_default();
                format!("{error}{hint}")
            }
        }
    }

    #[test]
    fn a_name_with_a_provider_keeps_the_rest_as_it_is() {
        assert_eq!(parsed("openai/gpt-4o"), "openai/gpt-4o");
        assert_eq!(parsed("google/gemini-2.5-pro"), "gemini/gemini-2.5-pro");
        assert_eq!(parsed("ollama/qwen3-coder:30b"), "ollama/qwen3-coder:30b");
        assert_eq!(parsed("openrouter/qwen/qwen3-max"), "openrouter/qwen/qwen3-max");
        assert_eq!(parsed("script:a/b.yaml"), "script:a/b.yaml");
        assert_eq!(parsed("replay:r7"), "replay:r7");
    }

    #[test]
    fn a_bare_name_finds_its_provider() {
        for (bare, full) in [
            ("gpt-4o", "openai/gpt-4o"),
            ("o3-mini", "openai/o3-mini"),
            ("claude-sonnet-4-5", "anthropic/claude-sonnet-4-5"),
            ("claude-of-the-future", "anthropic/claude-of-the-future"),
            ("gemini-2.5-pro", "gemini/gemini-2.5-pro"),
            ("deepseek-chat", "deepseek/deepseek-chat"),
            ("kimi-k2.6", "moonshot/kimi-k2.6"),
        ] {
            assert_eq!(parsed(bare), full);
        }
    }

    #[test]
    fn an_unknown_name_says_what_may_have_been_meant() {
        assert_eq!(
            parsed("opnai/gpt-4o"),
            "provider `opnai` is not known | did you mean `openai`?"
        );
        assert!(parsed("meta-llama/llama-4").contains("`openrouter/meta-llama/llama-4`"));
        assert!(
            parsed("cluade-sonnet-4-5").contains("did you mean `anthropic/claude-sonnet-4-5`?")
        );
        assert!(parsed("qwen3-coder").contains("`ollama/qwen3-coder`"));
        assert_eq!(parsed("openai/"), parsed(""));
    }
}
