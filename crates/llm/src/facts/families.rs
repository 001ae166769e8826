//! What the names of OpenAI's models say of them, for models that no table knows yet.

/// Whether `model` is of the families that OpenAI has never served by Chat Completions.
pub(super) fn is_for_responses(model: &str) -> bool {
    model.contains("-codex")
        || model.starts_with("codex-")
        || model.contains("deep-research")
        || (model.ends_with("-pro") && (model.starts_with('o') || model.starts_with("gpt-")))
}

/// Whether `model` thinks before it speaks: `o` and a number, Codex, and each GPT from 5 on that is
/// not made for chatting.
pub(super) fn thinks(model: &str) -> bool {
    let version = |text: &str| {
        let end = text.bytes().take_while(u8::is_ascii_digit).count();
        text[..end].parse::<u32>().ok()
    };
    match (model.strip_prefix('o'), model.strip_prefix("gpt-")) {
        (Some(rest), _) => version(rest).is_some(),
        (_, Some(rest)) => version(rest).is_some_and(|n| n >= 5) && !model.contains("-chat"),
        (None, None) => model.starts_with("codex-"),
    }
}
