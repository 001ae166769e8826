//! `equitrcoder models`: the known models, with limits and prices.

use super::page::{Side, print, table};
use crate::args::ModelsArgs;
use crate::error::{CliError, Exit};
use crate::settings::{shown, similar};
use equitr_core::units::MicroDollars;
use equitr_llm::{ModelFacts, ModelName, facts, known_models};
use std::io::Write;

/// Prints the models whose name contains the filter, whatever its case.
///
/// # Errors
/// When there is none.
pub fn run(args: &ModelsArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let filter = args.filter.as_deref().unwrap_or_default().trim().to_ascii_lowercase();
    let heading = ["model", "context", "reply", "input", "cached", "output"].map(str::to_owned);
    let mut rows = vec![heading];
    for name in known_models().filter(|name| name.to_ascii_lowercase().contains(&filter)) {
        if let Ok(parsed) = ModelName::parse(name) {
            rows.push(row(name, &facts(&parsed)));
        }
    }
    if rows.len() == 1 {
        let error = CliError::usage(format!("no known model has `{}` in its name", shown(&filter)));
        let bare = |name: &'static str| name.rsplit('/').next();
        return Err(match similar(&filter, known_models().filter_map(bare)) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(
                "models that are not listed work, too: name them `PROVIDER/MODEL`, with a price",
            ),
        });
    }
    let [left, right] = [Side::Left, Side::Right];
    let mut text = table([left, right, right, right, right, right], &rows);
    text.push_str("\nTokens, and dollars per million tokens at the dearest tier.\n");
    print(out, &text)?;
    Ok(Exit::Done)
}

fn row(name: &str, facts: &ModelFacts) -> [String; 6] {
    let price = |of: fn(&equitr_core::units::Price) -> u64| {
        facts.price.map_or_else(|| "-".to_owned(), |price| MicroDollars(of(&price)).to_string())
    };
    [
        name.to_owned(),
        facts.context_tokens.to_string(),
        facts.output_tokens_max.to_string(),
        price(|p| p.input),
        price(|p| p.cached_input),
        price(|p| p.output),
    ]
}

#[cfg(test)]
mod tests;
