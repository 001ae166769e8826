//! Who serves models, and how each wants to be spoken to.

/// A service that answers requests, or a server of the person's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Provider {
    /// OpenAI; by Chat Completions, or by Responses for the models that need it.
    OpenAi,
    /// OpenAI by Responses, whatever the model.
    OpenAiResponses,
    /// Anthropic's Messages.
    Anthropic,
    /// Google's Gemini API.
    Gemini,
    /// OpenRouter.
    OpenRouter,
    /// Groq.
    Groq,
    /// Moonshot, the maker of Kimi.
    Moonshot,
    /// DeepSeek.
    DeepSeek,
    /// An Ollama server.
    Ollama,
    /// llama.cpp's `llama-server`.
    LlamaCpp,
    /// A vLLM server.
    Vllm,
    /// LM Studio's server.
    LmStudio,
    /// Any server that speaks Chat Completions, at a base URL that must be given.
    OpenAiCompatible,
}

/// What the table below says of a provider.
struct Row {
    name: &'static str,
    /// Other spellings that people use.
    aliases: &'static [&'static str],
    key_variables: &'static [&'static str],
    base_url: Option<&'static str>,
    hosting: Hosting,
}

/// Where a provider's models run, and so whether they want a key and money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hosting {
    /// By the provider, for money.
    Cloud,
    /// By the person, for nothing.
    Local,
    /// Anywhere.
    Either,
}

const fn cloud(
    name: &'static str,
    aliases: &'static [&'static str],
    key_variables: &'static [&'static str],
    base_url: &'static str,
) -> Row {
    Row { name, aliases, key_variables, base_url: Some(base_url), hosting: Hosting::Cloud }
}

const fn local(
    name: &'static str,
    aliases: &'static [&'static str],
    key_variables: &'static [&'static str],
    base_url: &'static str,
) -> Row {
    Row { name, aliases, key_variables, base_url: Some(base_url), hosting: Hosting::Local }
}

const OPENAI: Row = cloud("openai", &[], &["OPENAI_API_KEY"], "https://api.openai.com/v1");
const OPENAI_RESPONSES: Row =
    cloud("openai-responses", &[], &["OPENAI_API_KEY"], "https://api.openai.com/v1");
const ANTHROPIC: Row =
    cloud("anthropic", &["claude"], &["ANTHROPIC_API_KEY"], "https://api.anthropic.com");
const GEMINI: Row = cloud(
    "gemini",
    &["google"],
    &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
    "https://generativelanguage.googleapis.com",
);
const OPENROUTER: Row =
    cloud("openrouter", &[], &["OPENROUTER_API_KEY"], "https://openrouter.ai/api/v1");
const GROQ: Row = cloud("groq", &[], &["GROQ_API_KEY"], "https://api.groq.com/openai/v1");
const MOONSHOT: Row =
    cloud("moonshot", &["moonshotai", "kimi"], &["MOONSHOT_API_KEY"], "https://api.moonshot.ai/v1");
const DEEPSEEK: Row = cloud("deepseek", &[], &["DEEPSEEK_API_KEY"], "https://api.deepseek.com/v1");
const OLLAMA: Row = local("ollama", &[], &["OLLAMA_API_KEY"], "http://127.0.0.1:11434/v1");
const LLAMACPP: Row = local(
    "llamacpp",
    &["llama.cpp", "llama-cpp"],
    &["LLAMACPP_API_KEY"],
    "http://127.0.0.1:8080/v1",
);
const VLLM: Row = local("vllm", &[], &["VLLM_API_KEY"], "http://127.0.0.1:8000/v1");
const LMSTUDIO: Row =
    local("lmstudio", &["lm-studio"], &["LMSTUDIO_API_KEY"], "http://127.0.0.1:1234/v1");
const COMPATIBLE: Row = Row {
    name: "openai-compatible",
    aliases: &["compatible"],
    key_variables: &["OPENAI_COMPATIBLE_API_KEY"],
    base_url: None,
    hosting: Hosting::Either,
};

impl Provider {
    /// Every provider, in the order in which a bare model name is looked for.
    pub const ALL: [Self; 13] = [
        Self::OpenAi,
        Self::Anthropic,
        Self::Gemini,
        Self::DeepSeek,
        Self::Moonshot,
        Self::Groq,
        Self::OpenRouter,
        Self::OpenAiResponses,
        Self::Ollama,
        Self::LlamaCpp,
        Self::Vllm,
        Self::LmStudio,
        Self::OpenAiCompatible,
    ];

    fn row(self) -> &'static Row {
        match self {
            Self::OpenAi => &OPENAI,
            Self::OpenAiResponses => &OPENAI_RESPONSES,
            Self::Anthropic => &ANTHROPIC,
            Self::Gemini => &GEMINI,
            Self::OpenRouter => &OPENROUTER,
            Self::Groq => &GROQ,
            Self::Moonshot => &MOONSHOT,
            Self::DeepSeek => &DEEPSEEK,
            Self::Ollama => &OLLAMA,
            Self::LlamaCpp => &LLAMACPP,
            Self::Vllm => &VLLM,
            Self::LmStudio => &LMSTUDIO,
            Self::OpenAiCompatible => &COMPATIBLE,
        }
    }

    /// The provider called `name` (or by a common other spelling of it), whatever its case.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|p| p.row().name == name || p.row().aliases.contains(&name.as_str()))
    }

    /// How it is written before the slash of a model's name.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The environment variables that may hold its key, the first one preferred; for whoever reads
    /// the environment, which is not this crate.
    pub fn key_variables(self) -> &'static [&'static str] {
        self.row().key_variables
    }

    /// Where it is found when nothing else is said; `None` where that must be said.
    pub fn default_base_url(self) -> Option<&'static str> {
        self.row().base_url
    }

    /// Whether a call without a key can't succeed.
    pub fn needs_key(self) -> bool {
        self.row().hosting == Hosting::Cloud
    }

    /// Whether its models run on the person's own machines and cost nothing.
    pub fn is_local(self) -> bool {
        self.row().hosting == Hosting::Local
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_is_found_by_its_name_and_its_other_spellings() {
        for provider in Provider::ALL {
            assert_eq!(Provider::named(provider.name()), Some(provider));
            for alias in provider.row().aliases {
                assert_eq!(Provider::named(alias), Some(provider));
            }
        }
        assert_eq!(Provider::named("Google"), Some(Provider::Gemini));
        assert_eq!(Provider::named("opnai"), None);
    }

    #[test]
    fn only_a_provider_in_the_cloud_needs_a_key() {
        let keyless: Vec<_> = Provider::ALL.into_iter().filter(|p| !p.needs_key()).collect();
        assert_eq!(
            keyless,
            [
                Provider::Ollama,
                Provider::LlamaCpp,
                Provider::Vllm,
                Provider::LmStudio,
                Provider::OpenAiCompatible
            ]
        );
    }
}
