//! What coins cost, for showing what was earned in money that people know.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Asset;

/// `GET /v1/prices` (open): the prices that the hub heard last. Without any, all of it is empty. Never of `PRACTICE`, which is
/// no money.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Prices {
    /// Who said so: the name of a server, such as `api.coingecko.com`.
    pub source: Option<String>,
    /// When it was asked.
    pub at: Option<Timestamp>,
    /// By asset.
    pub prices: BTreeMap<Asset, CoinPrices>,
}

/// What one whole coin costs, as decimal numbers such as `"312.4"`; a price that is not known is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CoinPrices {
    /// In US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd: Option<String>,
    /// In South Korean won.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub krw: Option<String>,
    /// In euros.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eur: Option<String>,
    /// In bitcoins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub btc: Option<String>,
}
