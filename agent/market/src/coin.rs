//! The coins that the kernels' algorithms earn, and how many decimals their amounts have.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A coin that can be mined with one of our algorithms, or in which a pool pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Coin {
    /// BTC, by sha256d.
    Bitcoin,
    /// XMR, by RandomX.
    Monero,
    /// RVN, by KawPow.
    Ravencoin,
    /// ZANO, by ProgPoWZ.
    Zano,
}

impl Coin {
    /// All of them.
    pub const ALL: [Coin; 4] = [Coin::Bitcoin, Coin::Monero, Coin::Ravencoin, Coin::Zano];

    /// What exchanges call it.
    pub fn ticker(self) -> &'static str {
        match self {
            Coin::Bitcoin => "BTC",
            Coin::Monero => "XMR",
            Coin::Ravencoin => "RVN",
            Coin::Zano => "ZANO",
        }
    }

    /// The decimals of an amount in whole coins: 8 means that the smallest unit is 10^-8.
    pub fn decimals(self) -> u32 {
        match self {
            Coin::Bitcoin | Coin::Ravencoin => 8,
            Coin::Monero | Coin::Zano => 12,
        }
    }

    /// The name of the algorithm that earns it, as the kernels have it.
    pub fn algorithm(self) -> &'static str {
        match self {
            Coin::Bitcoin => "sha256d",
            Coin::Monero => "randomx",
            Coin::Ravencoin => "kawpow",
            Coin::Zano => "progpowz",
        }
    }
}

impl fmt::Display for Coin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.ticker())
    }
}

/// A coin that is not known here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no coin known here; allowed: BTC, XMR, RVN, ZANO")]
pub struct UnknownCoin(pub String);

impl FromStr for Coin {
    type Err = UnknownCoin;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Coin::ALL
            .into_iter()
            .find(|coin| coin.ticker().eq_ignore_ascii_case(text.trim()));
        found.ok_or_else(|| UnknownCoin(text.to_owned()))
    }
}

impl TryFrom<String> for Coin {
    type Error = UnknownCoin;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Coin> for String {
    fn from(coin: Coin) -> Self {
        coin.ticker().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickers_read_back_and_others_are_named() {
        for coin in Coin::ALL {
            assert_eq!(coin.ticker().to_lowercase().parse(), Ok(coin));
        }
        let unknown = "DOGE".parse::<Coin>().expect_err("unknown");
        assert!(unknown.to_string().contains("allowed: BTC"), "{unknown}");
    }
}
