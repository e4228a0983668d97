//! What tokens cost. A model without a price costs an unknown amount, never 0.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Usage;

const MILLION: u128 = 1_000_000;

/// Micro-dollars (10⁻⁶ US dollars) for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Price {
    /// For a million tokens read.
    pub input: u64,
    /// For a million tokens written.
    pub output: u64,
    /// For a million tokens read from the provider's cache; none: as `input`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<u64>,
}

impl Price {
    /// Micro-dollars for one turn, rounded up.
    pub fn of(self, usage: Usage) -> u64 {
        let cached = usage.cached_input_tokens.min(usage.input_tokens);
        let fresh = usage.input_tokens - cached;
        let sum = product(fresh, self.input)
            .saturating_add(product(cached, self.cached_input.unwrap_or(self.input)))
            .saturating_add(product(usage.output_tokens, self.output));
        u64::try_from(sum.div_ceil(MILLION)).unwrap_or(u64::MAX)
    }
}

fn product(tokens: u64, price: u64) -> u128 {
    u128::from(tokens) * u128::from(price)
}

/// Prices by the name of the model, as an operator writes them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PriceTable(BTreeMap<String, Price>);

impl PriceTable {
    /// The price of exactly this model; none: unknown.
    pub fn price(&self, model: &str) -> Option<Price> {
        self.0.get(model).copied()
    }
}

impl FromIterator<(String, Price)> for PriceTable {
    fn from_iter<I: IntoIterator<Item = (String, Price)>>(prices: I) -> Self {
        Self(prices.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICE: Price = Price {
        input: 150_000,
        output: 600_000,
        cached_input: Some(75_000),
    };

    #[test]
    fn cost_is_rounded_up_to_a_micro_dollar() {
        let one = Usage {
            input_tokens: 1,
            ..Usage::default()
        };
        assert_eq!(PRICE.of(one), 1);
    }

    #[test]
    fn cached_tokens_cost_their_own_price() {
        let usage = Usage {
            input_tokens: 1_000_000,
            output_tokens: 1_000_000,
            cached_input_tokens: 400_000,
        };
        assert_eq!(PRICE.of(usage), 90_000 + 30_000 + 600_000);
    }

    #[test]
    fn absurd_counts_saturate() {
        let usage = Usage {
            input_tokens: u64::MAX,
            output_tokens: u64::MAX,
            cached_input_tokens: u64::MAX,
        };
        let price = Price {
            input: u64::MAX,
            output: u64::MAX,
            cached_input: None,
        };
        assert_eq!(price.of(usage), u64::MAX);
    }

    #[test]
    fn an_unlisted_model_has_no_price() {
        let table: PriceTable = [("a".to_owned(), PRICE)].into_iter().collect();
        assert_eq!(table.price("b"), None);
        assert_eq!(table.price("a"), Some(PRICE));
    }
}
