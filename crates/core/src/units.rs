//! Money, as whole numbers.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// Money in millionths of a US dollar; never a float, so that ledgers add up exactly.
///
/// Arithmetic saturates: a sum that could overflow is above any budget anyway.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MicroDollars(pub u64);

impl MicroDollars {
    /// No money.
    pub const ZERO: Self = Self(0);
}

impl Add for MicroDollars {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for MicroDollars {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for MicroDollars {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// Dollars with cents, or with four digits below ten cents: `$12.50`, `$0.0123`.
impl fmt::Display for MicroDollars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 != 0 && self.0 < 100_000 {
            let rounded = self.0.saturating_add(50) / 100;
            write!(f, "$0.{rounded:04}")
        } else {
            let rounded = self.0.saturating_add(5_000) / 10_000;
            write!(f, "${}.{:02}", rounded / 100, rounded % 100)
        }
    }
}

/// What a model charges, in micro-dollars per million tokens (so `$2.50 / 1M` is 2,500,000).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Price {
    /// Input tokens that no cache served.
    pub input: u64,
    /// Input tokens read from the provider's prompt cache.
    pub cached_input: u64,
    /// Input tokens written to the provider's prompt cache.
    pub cache_write: u64,
    /// Output tokens, reasoning included.
    pub output: u64,
}

impl Price {
    /// A model that costs nothing: local or scripted.
    pub const FREE: Self = Self { input: 0, cached_input: 0, cache_write: 0, output: 0 };

    /// The dearest that `input` and `output` tokens can cost at this price.
    pub fn upper_bound(&self, input: u64, output: u64) -> MicroDollars {
        let dearest = self.input.max(self.cached_input).max(self.cache_write);
        charge(&[(input, dearest), (output, self.output)])
    }

    /// What a call with this usage costs, rounded up to a micro-dollar.
    pub fn cost(&self, usage: &crate::chat::Usage) -> MicroDollars {
        let cached = usage.cached_tokens.min(usage.input_tokens);
        let written = usage.cache_write_tokens.min(usage.input_tokens - cached);
        charge(&[
            (usage.input_tokens - cached - written, self.input),
            (cached, self.cached_input),
            (written, self.cache_write),
            (usage.output_tokens, self.output),
        ])
    }
}

fn charge(parts: &[(u64, u64)]) -> MicroDollars {
    let total: u128 =
        parts.iter().map(|&(tokens, price)| u128::from(tokens) * u128::from(price)).sum();
    MicroDollars(u64::try_from(total.div_ceil(1_000_000)).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Usage;

    #[test]
    fn money_is_shown_with_the_digits_that_matter() {
        let shown = [0, 1, 12_345, 99_999, 100_000, 2_500_000, 12_505_000]
            .map(|micros| MicroDollars(micros).to_string());
        assert_eq!(shown, ["$0.00", "$0.0000", "$0.0123", "$0.1000", "$0.10", "$2.50", "$12.51"]);
    }

    #[test]
    fn a_call_never_costs_more_than_its_upper_bound() {
        let price = Price {
            input: 2_500_000,
            cached_input: 1_250_000,
            cache_write: 3_125_000,
            output: 10_000_000,
        };
        let usage = Usage {
            input_tokens: 1_001,
            cached_tokens: 400,
            cache_write_tokens: 601,
            output_tokens: 77,
            ..Usage::default()
        };
        assert!(price.cost(&usage) <= price.upper_bound(1_001, 77));
        assert_eq!(
            price.cost(&Usage { input_tokens: 1, output_tokens: 0, ..Usage::default() }),
            MicroDollars(3)
        );
    }
}
