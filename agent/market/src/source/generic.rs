//! Any JSON: an operator says where in it the figures stand, and in what units.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bounds::{self, number};
use super::figure::{hashes_per_difficulty, usual_block_seconds};
use super::{Currency, FieldError, Figure, Network, Sheet};
use crate::coin::Coin;

/// The place of a value in a JSON text, as RFC 6901 writes it: `/data/0/last`. Nothing is the whole text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pointer(String);

/// A text that is no JSON Pointer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is no JSON Pointer; allowed: a text like /data/0/last, ~0 for a tilde and ~1 for a slash in a name, at most 256 bytes"
)]
pub struct PointerError(String);

impl Pointer {
    /// The longest that is taken, in bytes.
    const LONGEST: usize = 256;

    /// Reads a pointer.
    ///
    /// # Errors
    /// If it does not begin with a slash, has a tilde that stands for nothing, or is too long.
    pub fn new(text: impl Into<String>) -> Result<Self, PointerError> {
        let text = text.into();
        let tildes = text
            .split('~')
            .skip(1)
            .all(|rest| rest.starts_with(['0', '1']));
        let begins = text.is_empty() || text.starts_with('/');
        match begins && tildes && text.len() <= Self::LONGEST {
            true => Ok(Pointer(text)),
            false => Err(PointerError(crate::json::excerpt(&text))),
        }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Pointer {
    type Error = PointerError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Pointer::new(text)
    }
}

impl From<Pointer> for String {
    fn from(pointer: Pointer) -> Self {
        pointer.0
    }
}

/// Where the figures of one coin stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoinFields {
    /// The coin.
    pub coin: Coin,
    /// Its price, if it is there.
    pub price: Option<PriceField>,
    /// Its difficulty and what belongs to it, if they are there.
    pub network: Option<NetworkFields>,
    /// When that was so: seconds or milliseconds since 1970, or RFC 3339. Without it, when it was heard.
    pub at: Option<Pointer>,
}

/// Where a price stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceField {
    /// The place.
    pub pointer: Pointer,
    /// What it is counted in.
    pub unit: PriceUnit,
}

/// What a price is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PriceUnit {
    /// The US dollar.
    #[serde(rename = "USD")]
    Usd,
    /// Bitcoin.
    #[serde(rename = "BTC")]
    Btc,
    /// 10^-8 Bitcoin.
    #[serde(rename = "satoshi")]
    Satoshi,
    /// The South Korean won.
    #[serde(rename = "KRW")]
    Krw,
    /// The euro.
    #[serde(rename = "EUR")]
    Eur,
}

impl PriceUnit {
    fn currency(self) -> (Currency, f64) {
        match self {
            PriceUnit::Usd => (Currency::Usd, 1.0),
            PriceUnit::Btc => (Currency::Btc, 1.0),
            PriceUnit::Satoshi => (Currency::Btc, 1e-8),
            PriceUnit::Krw => (Currency::Krw, 1.0),
            PriceUnit::Eur => (Currency::Eur, 1.0),
        }
    }
}

/// Where difficulty stands, and what a block brings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkFields {
    /// The place of the difficulty.
    pub difficulty: Pointer,
    /// What it counts.
    #[serde(default)]
    pub difficulty_unit: DifficultyUnit,
    /// What a block brings.
    pub block_reward: Given,
    /// What the reward is counted in.
    #[serde(default)]
    pub reward_unit: RewardUnit,
    /// The seconds between two blocks; without it, what the coin is meant to have.
    pub block_seconds: Option<Given>,
    /// The place of the hashes a second of all miners, if it is there.
    pub network_hash_rate: Option<Pointer>,
    /// What that is counted in.
    #[serde(default)]
    pub hash_rate_unit: HashRateUnit,
}

/// A number that stands in the answer, or that the operator gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Given {
    /// Always this.
    Fixed(f64),
    /// What stands there.
    At(Pointer),
}

/// What a difficulty counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DifficultyUnit {
    /// What the coin's own programs show.
    #[default]
    Coin,
    /// The hashes that a block takes on average.
    Hashes,
}

/// What a reward is counted in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RewardUnit {
    /// Whole coins.
    #[default]
    Coins,
    /// The coin's smallest unit.
    Atomic,
}

/// What a hash rate is counted in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum HashRateUnit {
    /// Hashes a second.
    #[default]
    #[serde(rename = "H/s")]
    Hashes,
    /// 10^3 hashes a second.
    #[serde(rename = "kH/s")]
    Kilo,
    /// 10^6 hashes a second.
    #[serde(rename = "MH/s")]
    Mega,
    /// 10^9 hashes a second.
    #[serde(rename = "GH/s")]
    Giga,
    /// 10^12 hashes a second.
    #[serde(rename = "TH/s")]
    Tera,
    /// 10^15 hashes a second.
    #[serde(rename = "PH/s")]
    Peta,
    /// 10^18 hashes a second.
    #[serde(rename = "EH/s")]
    Exa,
}

impl HashRateUnit {
    fn hashes(self) -> f64 {
        match self {
            HashRateUnit::Hashes => 1.0,
            HashRateUnit::Kilo => 1e3,
            HashRateUnit::Mega => 1e6,
            HashRateUnit::Giga => 1e9,
            HashRateUnit::Tera => 1e12,
            HashRateUnit::Peta => 1e15,
            HashRateUnit::Exa => 1e18,
        }
    }
}

pub(super) fn read(sheet: &mut Sheet, answer: &Value, coins: &[CoinFields]) {
    for fields in coins {
        let coin = fields.coin;
        let time = fields.at.as_ref().map_or(Ok(sheet.heard_at), |at| {
            sheet.time(at.as_str(), answer.pointer(at.as_str()))
        });
        let at = match time {
            Ok(at) => at,
            Err(reason) => {
                sheet.write(coin, sheet.heard_at, Err(reason));
                continue;
            }
        };
        if let Some(field) = &fields.price {
            sheet.write(coin, at, price(answer, field));
        }
        if let Some(fields) = &fields.network {
            sheet.write(coin, at, network(answer, coin, fields));
        }
    }
}

fn at(answer: &Value, pointer: &Pointer) -> Result<f64, FieldError> {
    number(pointer.as_str(), answer.pointer(pointer.as_str()))
}

fn given(answer: &Value, given: &Given) -> Result<f64, FieldError> {
    match given {
        Given::Fixed(value) => Ok(*value),
        Given::At(pointer) => at(answer, pointer),
    }
}

fn price(answer: &Value, field: &PriceField) -> Result<Figure, FieldError> {
    let (currency, unit) = field.unit.currency();
    let value = at(answer, &field.pointer)? * unit;
    bounds::price(field.pointer.as_str(), value, currency)?;
    Ok(Figure::Price { currency, value })
}

fn network(answer: &Value, coin: Coin, fields: &NetworkFields) -> Result<Figure, FieldError> {
    let hashes_per_difficulty = hashes_per_difficulty(coin);
    let difficulty = at(answer, &fields.difficulty)?;
    let reward = given(answer, &fields.block_reward)?;
    let seconds = fields.block_seconds.as_ref();
    let rate = fields.network_hash_rate.as_ref();
    let rate = rate.map(|pointer| at(answer, pointer)).transpose()?;
    let figure = Figure::Network(Network {
        difficulty: match fields.difficulty_unit {
            DifficultyUnit::Coin => difficulty,
            DifficultyUnit::Hashes => difficulty / hashes_per_difficulty,
        },
        hashes_per_difficulty,
        block_reward: match fields.reward_unit {
            RewardUnit::Coins => reward,
            RewardUnit::Atomic => reward / 10f64.powi(coin.decimals() as i32),
        },
        block_seconds: seconds.map_or(Ok(usual_block_seconds(coin)), |one| given(answer, one))?,
        network_hash_rate: rate.map(|rate| rate * fields.hash_rate_unit.hashes()),
    });
    figure.check(coin)?;
    Ok(figure)
}

#[cfg(test)]
mod tests;
