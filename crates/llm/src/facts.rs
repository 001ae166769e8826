//! What is known of each model: how much it reads and writes, and what it charges.
//!
//! The table `facts/models.tsv` is sorted text, searched where it lies in the binary: nothing is
//! decoded, so a look-up takes microseconds and a start nothing. The test
//! `the_table_says_what_its_sources_say` (in `tests/facts.rs`) makes it from `genai-prices` (money)
//! and rig's catalog (limits) and fails when it is out of date.

mod families;

use crate::{ModelName, Provider};
use equitr_core::units::Price;
use std::cmp::Ordering;

/// One model a line, sorted by bytes: `provider/model`, context, output, then the prices of input,
/// cached input, cache writes and output in micro-dollars per million tokens, then how it wants to
/// be asked. Tabs between; `-` where nothing is known.
const TABLE: &str = include_str!("facts/models.tsv");

/// Context of a model that no table knows: what most models of the last years have at least.
const CONTEXT_TOKENS: u64 = 128_000;

/// Context of a local model: what its server was started with, and few people start it with more.
const LOCAL_CONTEXT_TOKENS: u64 = 32_768;

/// Longest reply of a model that no table knows.
const OUTPUT_TOKENS: u64 = 8_192;

/// What is known of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelFacts {
    /// The most tokens that a request and its reply may have together.
    pub context_tokens: u64,
    /// The most tokens of one reply.
    pub output_tokens_max: u64,
    /// What it charges, dearest tier first: an upper bound. `None` when nobody knows.
    pub price: Option<Price>,
    /// Where this is from: `table`, `local` or `script`, or `guess` when nothing is known.
    pub source: &'static str,
}

/// What is known of `name`; for a model that no table has, careful limits and no price.
///
/// A dated or `-latest` name has the facts of the plain one. Local models are free; a script's
/// price is in the script ([`crate::scripted::Script::price`]) and here free.
pub fn facts(name: &ModelName) -> ModelFacts {
    let guess = |source, context_tokens, price| ModelFacts {
        context_tokens,
        output_tokens_max: OUTPUT_TOKENS,
        price,
        source,
    };
    match name {
        ModelName::Script(_) | ModelName::Replay(_) => {
            guess("script", CONTEXT_TOKENS, Some(Price::FREE))
        }
        ModelName::Served { provider, .. } if provider.is_local() => {
            guess("local", LOCAL_CONTEXT_TOKENS, Some(Price::FREE))
        }
        ModelName::Served { provider, model } => match line(*provider, model) {
            Some(line) => line.facts(),
            None => guess("guess", CONTEXT_TOKENS, None),
        },
    }
}

/// Every model of the table as `provider/model`, in alphabetical order.
pub fn known_models() -> impl Iterator<Item = &'static str> {
    TABLE.lines().filter_map(|line| line.split('\t').next())
}

/// The known model that `name` may have been meant to be; `None` when it is known itself, is served
/// locally, or resembles nothing.
pub fn similar_model(name: &ModelName) -> Option<&'static str> {
    match name {
        ModelName::Served { provider, model } if !provider.is_local() => {
            if line(*provider, model).is_some() {
                return None;
            }
            let whole = format!("{}/{model}", section(*provider));
            let start = &whole[..whole.len() - model.len()];
            nearest(
                model,
                known_models().filter_map(|known| known.strip_prefix(start).map(|m| (m, known))),
            )
        }
        ModelName::Served { .. } | ModelName::Script(_) | ModelName::Replay(_) => None,
    }
}

/// The known model, of whatever maker, that `bare` may have been meant to be.
pub(crate) fn similar_in_all(bare: &str) -> Option<&'static str> {
    let models = known_models().filter(|known| !known.starts_with("openrouter/"));
    nearest(bare, models.filter_map(|known| known.split_once('/').map(|(_, m)| (m, known))))
}

/// Likeness from which on a suggestion is more of a help than a puzzle.
const LIKE: f64 = 0.85;

fn nearest(
    given: &str,
    known: impl Iterator<Item = (&'static str, &'static str)>,
) -> Option<&'static str> {
    let given = given.to_ascii_lowercase();
    known
        .map(|(model, whole)| (strsim::normalized_damerau_levenshtein(&given, model), whole))
        .filter(|(likeness, _)| *likeness >= LIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
        .map(|(_, whole)| whole)
}

/// Whether the table has `model` of `provider`, dated or not.
pub(crate) fn is_listed(provider: Provider, model: &str) -> bool {
    line(provider, model).is_some()
}

/// Whether OpenAI serves `model` with tools by Responses only.
pub(crate) fn wants_responses(model: &str) -> bool {
    let listed = line(Provider::OpenAi, model).is_some_and(|line| line.has("responses"));
    listed || families::is_for_responses(undated(model))
}

/// Whether `model` of `provider` may be asked for a temperature; a model that may not refuses the
/// whole request.
pub(crate) fn takes_temperature(provider: Provider, model: &str) -> bool {
    let fixed = line(provider, model).is_some_and(|line| line.has("no-temperature"));
    let openai = section(provider) == Provider::OpenAi.name();
    !(fixed || openai && families::thinks(model))
}

/// The name under which the table lists a provider's models.
fn section(provider: Provider) -> &'static str {
    match provider {
        Provider::OpenAiResponses => Provider::OpenAi.name(),
        Provider::OpenAi
        | Provider::Anthropic
        | Provider::Gemini
        | Provider::OpenRouter
        | Provider::Groq
        | Provider::Moonshot
        | Provider::DeepSeek
        | Provider::Ollama
        | Provider::LlamaCpp
        | Provider::Vllm
        | Provider::LmStudio
        | Provider::OpenAiCompatible => provider.name(),
    }
}

/// A line of the table.
#[derive(Clone, Copy)]
struct Line(&'static str);

impl Line {
    /// The text of field `index`; 0 is the name.
    fn field(self, index: usize) -> &'static str {
        self.0.split('\t').nth(index).unwrap_or("-")
    }

    fn number(self, index: usize) -> Option<u64> {
        self.field(index).parse().ok()
    }

    /// Whether the model wants to be asked so.
    fn has(self, manner: &str) -> bool {
        self.field(7).split('+').any(|told| told == manner)
    }

    fn facts(self) -> ModelFacts {
        let price = self.number(3).zip(self.number(6)).map(|(input, output)| Price {
            input,
            cached_input: self.number(4).unwrap_or(input),
            cache_write: self.number(5).unwrap_or(input),
            output,
        });
        ModelFacts {
            context_tokens: self.number(1).unwrap_or(CONTEXT_TOKENS),
            output_tokens_max: self.number(2).unwrap_or(OUTPUT_TOKENS),
            price,
            source: "table",
        }
    }
}

/// The line of `model` at `provider`, by its whole name or without a date or `-latest`.
fn line(provider: Provider, model: &str) -> Option<Line> {
    let find = |model: &str| find(&format!("{}/{model}", section(provider)));
    find(model).or_else(|| match undated(model) {
        plain if plain == model => None,
        plain => find(plain),
    })
}

/// `model` without the date of its snapshot (`-20250929`, `-2025-09-29`, `@20250929`) or `-latest`.
fn undated(model: &str) -> &str {
    if let Some(plain) = model.strip_suffix("-latest") {
        return plain;
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    for (separator, day) in [("-", "########"), ("@", "########"), ("-", "####-##-##")] {
        let Some(cut) = model.len().checked_sub(separator.len() + day.len()) else { continue };
        let Some(rest) = model.get(cut..).and_then(|end| end.strip_prefix(separator)) else {
            continue;
        };
        let parts_fit =
            rest.split('-').zip(day.split('-')).all(|(a, b)| a.len() == b.len() && digits(a));
        if parts_fit && rest.len() == day.len() {
            return &model[..cut];
        }
    }
    model
}

/// The line whose name is `whole`, found by halving the text.
fn find(whole: &str) -> Option<Line> {
    let bytes = TABLE.as_bytes();
    let (mut low, mut high) = (0, bytes.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start =
            bytes[low..middle].iter().rposition(|b| *b == b'\n').map_or(low, |at| low + at + 1);
        let end = bytes[start..high].iter().position(|b| *b == b'\n').map_or(high, |at| start + at);
        let line = &TABLE[start..end];
        let name = line.split('\t').next().unwrap_or_default();
        match name.as_bytes().cmp(whole.as_bytes()) {
            Ordering::Equal => return Some(Line(line)),
            Ordering::Less => low = end + 1,
            Ordering::Greater => high = start,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> ModelFacts {
        facts(&ModelName::parse(name).unwrap())
    }

    #[test]
    fn every_line_of_the_table_is_found_by_its_name() {
        let mut before = "";
        for line in TABLE.lines() {
            let name = line.split('\t').next().unwrap();
            assert!(before < name, "`{before}` stands before `{name}`");
            assert_eq!(find(name).map(|found| found.0), Some(line));
            assert_eq!(line.split('\t').count(), 8, "{line}");
            before = name;
        }
        assert!(find("").is_none());
        assert!(find("openai/").is_none());
        assert!(find("zzz").is_none());
    }

    #[test]
    fn a_models_price_is_that_of_its_dearest_tier() {
        let price = of("gemini/gemini-2.5-pro").price.unwrap();
        assert_eq!(
            (price.input, price.output, price.cached_input),
            (2_500_000, 15_000_000, 250_000)
        );
        let price = of("openai/gpt-4o").price.unwrap();
        assert_eq!(
            (price.input, price.cached_input, price.output),
            (2_500_000, 1_250_000, 10_000_000)
        );
        let price = of("anthropic/claude-haiku-4-5").price.unwrap();
        assert_eq!(
            (price.input, price.cache_write, price.output),
            (1_000_000, 1_250_000, 5_000_000)
        );
    }

    #[test]
    fn a_dated_name_has_the_facts_of_the_plain_one() {
        assert_eq!(undated("claude-sonnet-4-5-20250929"), "claude-sonnet-4-5");
        assert_eq!(undated("gpt-4o-2024-08-06"), "gpt-4o");
        assert_eq!(undated("gpt-4o-latest"), "gpt-4o");
        assert_eq!(undated("kimi-k2-0905"), "kimi-k2-0905");
        assert_eq!(undated("über-20250929"), "über");
        assert_eq!(of("openai/gpt-5-20990101"), of("openai/gpt-5"));
        assert_eq!(of("openai/gpt-5").context_tokens, 400_000);
        assert_eq!(of("openai/gpt-5").output_tokens_max, 128_000);
    }

    #[test]
    fn local_models_and_scripts_are_free_and_an_unknown_model_has_no_price() {
        assert_eq!(of("ollama/qwen3-coder").price, Some(Price::FREE));
        assert_eq!(of("script:a.yaml").price, Some(Price::FREE));
        assert_eq!(of("openai/gpt-99").price, None);
        assert_eq!(of("openai-compatible/x").price, None);
        assert_eq!(of("openai-responses/gpt-5"), of("openai/gpt-5"));
    }

    #[test]
    fn a_misspelt_model_is_told_what_it_may_be() {
        let name = ModelName::parse("openai/gpt-4oo").unwrap();
        assert_eq!(similar_model(&name), Some("openai/gpt-4o"));
        assert_eq!(similar_model(&ModelName::parse("openai/gpt-4o").unwrap()), None);
        assert_eq!(similar_model(&ModelName::parse("ollama/gpt-4o").unwrap()), None);
    }

    #[test]
    fn a_model_that_chat_completions_cant_serve_goes_by_responses() {
        for model in ["gpt-5-codex", "o3-pro", "gpt-5-pro", "o4-mini-deep-research", "gpt-9-codex"]
        {
            assert!(wants_responses(model), "{model}");
        }
        for model in ["gpt-4o", "gpt-5", "o3", "gpt-4o-mini"] {
            assert!(!wants_responses(model), "{model}");
        }
    }

    #[test]
    fn a_model_that_thinks_takes_no_temperature() {
        let takes = |name: &str| match ModelName::parse(name).unwrap() {
            ModelName::Served { provider, model } => takes_temperature(provider, &model),
            ModelName::Script(_) | ModelName::Replay(_) => true,
        };
        for name in ["openai/gpt-5", "openai/o3", "openai/gpt-77", "anthropic/claude-opus-5"] {
            assert!(!takes(name), "{name}");
        }
        for name in ["openai/gpt-4o", "openai/gpt-5-chat-latest", "gemini/gemini-2.5-pro"] {
            assert!(takes(name), "{name}");
        }
    }
}
