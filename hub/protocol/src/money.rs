//! Amounts: whole numbers of an asset's smallest unit, never floating point.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What is earned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Asset {
    /// Units for trying things out. Never money.
    #[serde(rename = "PRACTICE")]
    Practice,
    /// Monero.
    #[serde(rename = "XMR")]
    Monero,
    /// Bitcoin.
    #[serde(rename = "BTC")]
    Bitcoin,
}

impl Asset {
    /// Every asset.
    pub const ALL: [Asset; 3] = [Asset::Practice, Asset::Monero, Asset::Bitcoin];

    /// The code used in JSON and on the screen.
    pub fn code(self) -> &'static str {
        match self {
            Asset::Practice => "PRACTICE",
            Asset::Monero => "XMR",
            Asset::Bitcoin => "BTC",
        }
    }

    /// How many decimal places the smallest unit has.
    pub fn decimals(self) -> u32 {
        match self {
            Asset::Practice | Asset::Monero => 12,
            Asset::Bitcoin => 8,
        }
    }

    /// Whether it is practice, which is never money.
    pub fn is_practice(self) -> bool {
        self == Asset::Practice
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A text that is no asset or no amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseMoneyError {
    /// Not one of the codes.
    #[error("unknown asset \"{0}\"; allowed: PRACTICE, XMR, BTC")]
    Asset(String),
    /// Not a decimal number, or with more decimals than the asset has.
    #[error("\"{text}\" is not an amount of {asset} (a decimal number with at most {} decimals)", asset.decimals())]
    Amount {
        /// What was read.
        text: String,
        /// The asset it should be an amount of.
        asset: Asset,
    },
}

impl FromStr for Asset {
    type Err = ParseMoneyError;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Asset::ALL
            .into_iter()
            .find(|asset| asset.code() == code)
            .ok_or_else(|| ParseMoneyError::Asset(code.to_owned()))
    }
}

/// An amount of one asset, in its smallest units. In JSON: `{"asset", "amount", "practice"}` with the amount as
/// a decimal string in whole coins, so that no reader loses digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "Written", into = "Written")]
pub struct Money {
    /// What it is.
    pub asset: Asset,
    /// How many of the smallest unit; negative in the books for what is owed the other way.
    pub atomic: i128,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Written {
    asset: Asset,
    amount: String,
    practice: bool,
}

impl From<Money> for Written {
    fn from(money: Money) -> Self {
        Written {
            asset: money.asset,
            amount: money.amount(),
            practice: money.asset.is_practice(),
        }
    }
}

impl TryFrom<Written> for Money {
    type Error = ParseMoneyError;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        Money::parse(written.asset, &written.amount)
    }
}

impl Money {
    /// Nothing, of one asset.
    pub fn zero(asset: Asset) -> Self {
        Money { asset, atomic: 0 }
    }

    /// The amount in whole coins as a decimal number with all of the asset's decimals.
    pub fn amount(&self) -> String {
        let unit = 10u128.pow(self.asset.decimals());
        let sign = if self.atomic < 0 { "-" } else { "" };
        let magnitude = self.atomic.unsigned_abs();
        let width = self.asset.decimals() as usize;
        format!("{sign}{}.{:0width$}", magnitude / unit, magnitude % unit)
    }

    /// Reads what [`Money::amount`] writes; decimals may be left out at the end.
    ///
    /// # Errors
    /// If the text is no decimal number, has too many decimals or is too large.
    pub fn parse(asset: Asset, text: &str) -> Result<Self, ParseMoneyError> {
        let refuse = || ParseMoneyError::Amount {
            text: text.chars().take(64).collect(),
            asset,
        };
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let decimals = asset.decimals() as usize;
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || fraction.len() > decimals || !plain(whole) || !plain(fraction) {
            return Err(refuse());
        }
        let atomic: i128 = format!("{whole}{fraction:0<decimals$}")
            .parse()
            .map_err(|_| refuse())?;
        Ok(Money {
            asset,
            atomic: if negative { -atomic } else { atomic },
        })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount(), self.asset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn json_has_a_decimal_string_and_says_practice() {
        let money = Money {
            asset: Asset::Practice,
            atomic: 1_500_000_000_001,
        };
        let json = serde_json::to_string(&money).expect("serialises");
        assert_eq!(
            json,
            r#"{"asset":"PRACTICE","amount":"1.500000000001","practice":true}"#
        );
        assert_eq!(serde_json::from_str::<Money>(&json).expect("reads"), money);
    }

    #[test]
    fn bad_amounts_are_refused_with_what_is_allowed() {
        for text in ["", ".", "1.", "x", "1e3", "1.0000000001", "--1", "+1", " 1"] {
            match Money::parse(Asset::Bitcoin, text) {
                Ok(money) => assert_eq!(text, "1.", "{money}"),
                Err(error) => assert!(error.to_string().contains("at most 8 decimals")),
            }
        }
        assert!("DOGE".parse::<Asset>().is_err());
    }

    proptest! {
        #[test]
        fn every_amount_reads_back(atomic in -10i128.pow(30)..10i128.pow(30)) {
            for asset in Asset::ALL {
                let money = Money { asset, atomic };
                prop_assert_eq!(Money::parse(asset, &money.amount()), Ok(money));
            }
        }
    }
}
