//! What can be true of a coin, with room to spare: beyond it a figure is an error, a trick or another unit.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::figure::hashes_per_difficulty;
use super::{Currency, Network};
use crate::coin::Coin;
use crate::json;

const DIFFICULTY: RangeInclusive<f64> = 1e-6..=1e30;
const BLOCK_REWARD: RangeInclusive<f64> = 1e-12..=1e6;
const BLOCK_SECONDS: RangeInclusive<f64> = 1.0..=86_400.0;
const HASH_RATE: RangeInclusive<f64> = 1e-6..=1e30;
/// How far what difficulty says may be from what the hash rate of all miners says: both wander, and are told for
/// different spans of time.
const APART: f64 = 10.0;

/// A field that cannot be true.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field {field}: found {found}; allowed: {allowed}")]
pub struct FieldError {
    /// Its name in the answer.
    pub field: String,
    /// What stood there.
    pub found: String,
    /// What may stand there.
    pub allowed: String,
}

impl FieldError {
    pub(crate) fn new(field: &str, found: impl Into<String>, allowed: impl Into<String>) -> Self {
        FieldError {
            field: field.to_owned(),
            found: found.into(),
            allowed: allowed.into(),
        }
    }
}

/// A number of an answer, in quotes or not.
pub(super) fn number(field: &str, value: Option<&Value>) -> Result<f64, FieldError> {
    value
        .and_then(json::number)
        .ok_or_else(|| FieldError::new(field, json::show(value), "a number"))
}

fn within(field: &str, value: f64, range: &RangeInclusive<f64>) -> Result<(), FieldError> {
    // No number is in no range.
    match range.contains(&value) {
        true => Ok(()),
        false => Err(FieldError::new(
            field,
            plain(value),
            format!("{:e} to {:e}", range.start(), range.end()),
        )),
    }
}

/// A number as people write it: neither 300 digits nor `0e0`.
fn plain(value: f64) -> String {
    match value == 0.0 || !value.is_finite() || (1e-6..1e15).contains(&value.abs()) {
        true => value.to_string(),
        false => format!("{value:e}"),
    }
}

pub(super) fn price(field: &str, value: f64, currency: Currency) -> Result<(), FieldError> {
    within(field, value, &(Currency::LOWEST..=currency.highest()))
}

pub(super) fn network(coin: Coin, network: &Network) -> Result<(), FieldError> {
    within("difficulty", network.difficulty, &DIFFICULTY)?;
    within("block reward", network.block_reward, &BLOCK_REWARD)?;
    within("block time", network.block_seconds, &BLOCK_SECONDS)?;
    if network.hashes_per_difficulty != hashes_per_difficulty(coin) {
        return Err(FieldError::new(
            "hashes per difficulty",
            format!("{}", network.hashes_per_difficulty),
            format!("{} for {coin}", hashes_per_difficulty(coin)),
        ));
    }
    let Some(hash_rate) = network.network_hash_rate else {
        return Ok(());
    };
    within("network hash rate", hash_rate, &HASH_RATE)?;
    let (by_difficulty, by_rate) = (network.expected_hashes(), hash_rate * network.block_seconds);
    match apart(by_difficulty, by_rate) <= APART {
        true => Ok(()),
        false => Err(FieldError::new(
            "difficulty",
            format!(
                "{:e} ({by_difficulty:.1e} hashes a block)",
                network.difficulty
            ),
            format!(
                "within a factor of {APART} of the network's hash rate in a block's time ({by_rate:.1e} hashes)"
            ),
        )),
    }
}

/// By what factor two positive numbers are apart: 1 if they are the same.
pub(crate) fn apart(one: f64, other: f64) -> f64 {
    (one / other).max(other / one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_beyond_belief_are_refused_with_the_bounds() {
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-13, 2e9] {
            let error = price("usd", value, Currency::Usd).expect_err("refused");
            assert!(
                error.to_string().contains("allowed: 1e-12 to 1e9"),
                "{error}"
            );
        }
        assert_eq!(price("krw", 2e9, Currency::Krw), Ok(()));
    }

    #[test]
    fn difficulty_has_to_agree_with_the_hash_rate() {
        let fits = Network {
            difficulty: 60_000.0,
            hashes_per_difficulty: hashes_per_difficulty(Coin::Ravencoin),
            block_reward: 2500.0,
            block_seconds: 60.0,
            network_hash_rate: Some(4.4e12),
        };
        assert_eq!(network(Coin::Ravencoin, &fits), Ok(()));
        let other = Network {
            hashes_per_difficulty: 1.0,
            ..fits
        };
        // Read as Monero's, the same difficulty would be four thousand million times too easy.
        let error = network(Coin::Monero, &other).expect_err("far apart");
        assert!(error.to_string().contains("factor of 10"), "{error}");
        assert!(network(Coin::Ravencoin, &other).is_err());
        for hash_rate in [0.0, f64::NAN, -1.0] {
            let other = Network {
                network_hash_rate: Some(hash_rate),
                ..fits
            };
            assert!(network(Coin::Ravencoin, &other).is_err());
        }
    }
}
