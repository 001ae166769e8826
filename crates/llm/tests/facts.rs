//! The table of models says what its sources say.
//!
//! `EQUITR_UPDATE_FACTS=1 cargo test -p equitr-llm --test facts` writes it anew, after an update of
//! `genai-prices` or rig.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use genai_prices::{PriceRequest, Usage, UsageKey};
use rig_core::catalog::{Catalog, ModelSpec, Sampling};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Our provider, rig's vendor, genai-prices' provider.
const SOURCES: [(&str, &str, &str); 7] = [
    ("anthropic", "anthropic", "anthropic"),
    ("deepseek", "deepseek", "deepseek"),
    ("gemini", "gcp.gemini", "google"),
    ("groq", "groq", "groq"),
    ("moonshot", "moonshot", "moonshotai"),
    ("openai", "openai", "openai"),
    ("openrouter", "openrouter", "openrouter"),
];

/// Names of models that don't write text for money by the token.
const NOT_TEXT: [&str; 27] = [
    "embed",
    "tts",
    "whisper",
    "image",
    "dall-e",
    "audio",
    "transcribe",
    "realtime",
    "moderation",
    "veo",
    "imagen",
    "lyria",
    "-live",
    "rerank",
    "aqa",
    "sora",
    "speech",
    "orpheus",
    "robotics",
    "guard",
    "computer-use",
    "search-preview",
    "instruct-0914",
    "text-",
    "babbage",
    "curie",
    "davinci",
];

/// Names that the sources know under another's entry only.
const MORE: [(&str, &str); 6] = [
    ("openai", "codex-mini-latest"),
    ("openai", "gpt-5-chat-latest"),
    ("openai", "gpt-5-codex"),
    ("openai", "gpt-5.1-codex"),
    ("openai", "gpt-5.1-codex-max"),
    ("openai", "gpt-5.2-codex"),
];

/// The day whose prices count: 2026-11-22, at three hours, since some are dearer by day.
const INSTANTS: [u64; 3] = [1_795_312_800, 1_795_348_800, 1_795_377_600];

/// Sizes of request in tokens that lie in every tier anyone has.
const SIZES: [u64; 8] = [1_000, 100_000, 150_000, 210_000, 280_000, 600_000, 1_100_000, 3_000_000];

fn cost(provider: &str, model: &str, at: SystemTime, usage: &[(UsageKey, u64)]) -> Option<f64> {
    let usage: Usage = usage.iter().fold(Usage::new(), |mut all, (key, tokens)| {
        all.insert(key.clone(), *tokens as f64);
        all
    });
    let request = PriceRequest::new(model, &usage).with_provider_id(provider).with_timestamp(at);
    let price = genai_prices::calculate(&request).ok()?;
    (price.provider_id == provider).then_some(price.total_price)
}

/// Dollars per million tokens of input, cached input, cache writes and output: the dearest of all
/// tiers that a request within `context` can reach, and of the day's hours.
fn dearest(provider: &str, model: &str, context: Option<u64>) -> Option<[Option<f64>; 4]> {
    let mut dearest = [None::<f64>; 4];
    for at in INSTANTS.map(|s| UNIX_EPOCH + Duration::from_secs(s)) {
        for size in SIZES.into_iter().filter(|size| context.is_none_or(|c| *size <= c)) {
            let per_million = |total: f64| total * 1e6 / size as f64;
            let input = (UsageKey::INPUT_TOKENS, size);
            let plain = cost(provider, model, at, std::slice::from_ref(&input))?;
            let with = |key| cost(provider, model, at, &[input.clone(), (key, size)]);
            let found = [
                Some(per_million(plain)),
                with(UsageKey::CACHE_READ_TOKENS).map(per_million),
                with(UsageKey::CACHE_WRITE_TOKENS).map(per_million),
                with(UsageKey::OUTPUT_TOKENS).map(|both| per_million(both - plain)),
            ];
            for (so_far, found) in dearest.iter_mut().zip(found) {
                *so_far = match (*so_far, found) {
                    (Some(a), Some(b)) => Some(a.max(b)),
                    (a, b) => a.or(b),
                };
            }
        }
    }
    Some(dearest)
}

fn micros(dollars: Option<f64>) -> String {
    dollars.map_or("-".to_owned(), |d| ((d * 1e6).round() as u64).to_string())
}

fn count(tokens: Option<u64>) -> String {
    tokens.filter(|t| *t > 0).map_or("-".to_owned(), |t| t.to_string())
}

/// What has to be known of a model before it is asked, besides numbers.
fn manners(spec: Option<&ModelSpec>) -> String {
    let responses = spec.is_some_and(|s| s.compat.chat_tools_need_reasoning_off);
    let fixed = spec.is_some_and(|s| s.sampling != Some(Sampling::Any));
    let told: Vec<&str> = [(responses, "responses"), (fixed, "no-temperature")]
        .into_iter()
        .filter_map(|(is, manner)| is.then_some(manner))
        .collect();
    if told.is_empty() { "-".to_owned() } else { told.join("+") }
}

fn line(
    (ours, _, genai): (&str, &str, &str),
    model: &str,
    spec: Option<&ModelSpec>,
    context: Option<u64>,
) -> Option<String> {
    let context = spec.and_then(|s| s.context_window).map(u64::from).or(context);
    let output = spec.and_then(|s| s.max_output_tokens).map(u64::from);
    let listed = spec
        .and_then(|s| s.pricing)
        .map(|p| [Some(p.input), p.cache_read, p.cache_write, Some(p.output)]);
    let [input, cached, write, out] = dearest(genai, model, context).or(listed)?;
    if input.is_none() || out.is_none() || input < Some(0.0) || out < Some(0.0) {
        return None;
    }
    Some(format!(
        "{ours}/{model}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
        count(context),
        count(output),
        micros(input),
        micros(cached),
        micros(write),
        micros(out),
        manners(spec),
    ))
}

fn table() -> String {
    let catalog = Catalog::builtin();
    let mut lines = BTreeSet::new();
    for source in SOURCES {
        let (_, vendor, genai) = source;
        let specs: BTreeMap<&str, &ModelSpec> = catalog
            .iter()
            .filter(|spec| spec.provider.vendor() == vendor)
            .map(|spec| (spec.id.as_str(), spec))
            .collect();
        let priced: BTreeMap<&str, Option<u64>> = genai_prices::Calculator::bundled()
            .providers()
            .find(|provider| provider.id() == genai)
            .into_iter()
            .flat_map(|provider| provider.models())
            .map(|model| (model.id(), model.context_window()))
            .collect();
        let more = MORE.iter().filter(|(ours, _)| *ours == source.0).map(|(_, name)| name);
        let names: BTreeSet<&str> =
            specs.keys().chain(priced.keys()).chain(more).copied().collect();
        for name in names {
            let clean = name.bytes().all(|b| b.is_ascii_graphic()) && !name.ends_with('-');
            if clean && !NOT_TEXT.iter().any(|part| name.to_lowercase().contains(part)) {
                let context = priced.get(name).copied().flatten();
                lines.extend(line(source, name, specs.get(name).copied(), context));
            }
        }
    }
    lines.into_iter().collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn the_table_says_what_its_sources_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/facts/models.tsv");
    let made = table();
    if std::env::var_os("EQUITR_UPDATE_FACTS").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap();
    let differing = made.lines().zip(kept.lines()).find(|(a, b)| a != b);
    assert_eq!(made.lines().count(), kept.lines().count(), "{differing:?}");
    assert_eq!(differing, None);
}
