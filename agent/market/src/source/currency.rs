//! In what prices are told.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a coin's price is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Currency {
    /// The US dollar.
    Usd,
    /// Bitcoin.
    Btc,
    /// The South Korean won.
    Krw,
    /// The euro.
    Eur,
}

/// A currency that is not known here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no currency known here; allowed: USD, BTC, KRW, EUR")]
pub struct UnknownCurrency(pub String);

impl Currency {
    /// All of them.
    pub const ALL: [Currency; 4] = [Currency::Usd, Currency::Btc, Currency::Krw, Currency::Eur];

    /// Its code, in capitals.
    pub fn code(self) -> &'static str {
        match self {
            Currency::Usd => "USD",
            Currency::Btc => "BTC",
            Currency::Krw => "KRW",
            Currency::Eur => "EUR",
        }
    }

    /// The lowest price of a coin that is believed.
    pub const LOWEST: f64 = 1e-12;

    /// The highest price of a coin that is believed: 10^9, and 10^12 in won, which are a thousand times smaller.
    pub fn highest(self) -> f64 {
        match self {
            Currency::Krw => 1e12,
            Currency::Usd | Currency::Btc | Currency::Eur => 1e9,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Currency::ALL
            .into_iter()
            .find(|currency| currency.code().eq_ignore_ascii_case(text.trim()));
        found.ok_or_else(|| UnknownCurrency(crate::json::excerpt(text)))
    }
}

impl TryFrom<String> for Currency {
    type Error = UnknownCurrency;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back_and_others_are_named() {
        for currency in Currency::ALL {
            assert_eq!(currency.code().to_lowercase().parse(), Ok(currency));
        }
        let unknown = "USDT".parse::<Currency>().expect_err("unknown");
        assert!(unknown.to_string().contains("allowed: USD"), "{unknown}");
    }
}
