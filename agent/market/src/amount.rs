//! Amounts of coins: whole numbers of the smallest unit. Decimal texts are read and written digit by digit.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::coin::Coin;

/// An amount of one coin. In JSON: `{"coin", "amount"}` with the amount as a decimal text in whole coins, so that no
/// reader loses digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Amount {
    /// Of what.
    pub coin: Coin,
    /// How many of the coin's smallest unit.
    pub atomic: u128,
}

#[derive(Serialize, Deserialize)]
struct Written {
    coin: Coin,
    amount: String,
}

/// A text that is no amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{text}\" is no amount of {coin}; allowed: a decimal number without a sign, at most {} decimals, less than 10^30 of the smallest unit",
    coin.decimals()
)]
pub struct AmountError {
    /// What was read, its beginning.
    pub text: String,
    /// The coin it should be an amount of.
    pub coin: Coin,
}

impl Amount {
    /// More than any coin will ever have; below it, sums of a few amounts cannot overflow.
    pub(crate) const MOST_ATOMIC: u128 = 10u128.pow(30);

    /// Nothing, of one coin.
    pub fn zero(coin: Coin) -> Self {
        Amount { coin, atomic: 0 }
    }

    /// So many of the smallest unit.
    pub fn of(coin: Coin, atomic: u128) -> Self {
        Amount { coin, atomic }
    }

    /// Whether it is nothing.
    pub fn is_zero(&self) -> bool {
        self.atomic == 0
    }

    /// The amount in whole coins as a decimal number with all of the coin's decimals.
    pub fn text(&self) -> String {
        let unit = 10u128.pow(self.coin.decimals());
        let width = self.coin.decimals() as usize;
        format!("{}.{:0width$}", self.atomic / unit, self.atomic % unit)
    }

    /// The amount in whole coins, as near as a double comes: for estimates and charts, never to count with.
    pub fn coins(&self) -> f64 {
        self.atomic as f64 / 10f64.powi(self.coin.decimals() as i32)
    }

    /// Reads a decimal number of whole coins, exactly. Decimals may be left out at the end; zeros beyond the coin's
    /// decimals are allowed.
    ///
    /// # Errors
    /// If the text is no decimal number, has a sign or an exponent, has too many decimals, or is too large.
    pub fn parse(coin: Coin, text: &str) -> Result<Self, AmountError> {
        let (whole, fraction) = digits(coin, text)?;
        let kept = fraction.len().min(coin.decimals() as usize);
        if fraction[kept..].bytes().any(|digit| digit != b'0') {
            return Err(refuse(coin, text));
        }
        from_digits(coin, text, whole, &fraction[..kept])
    }

    /// As [`Amount::parse`], but digits beyond the smallest unit, which no one can be paid, are cut off.
    ///
    /// # Errors
    /// As [`Amount::parse`], but not for too many decimals.
    pub fn parse_cut(coin: Coin, text: &str) -> Result<Self, AmountError> {
        let (whole, fraction) = digits(coin, text)?;
        let kept = fraction.len().min(coin.decimals() as usize);
        from_digits(coin, text, whole, &fraction[..kept])
    }

    /// An amount of whole coins that an API gives as a JSON number, rounded to the smallest unit.
    ///
    /// # Errors
    /// If it is negative or too large.
    pub fn from_number(coin: Coin, number: &Number) -> Result<Self, AmountError> {
        let refused = || refuse(coin, &number.to_string());
        if let Some(whole) = number.as_u64() {
            return Amount::parse(coin, &whole.to_string());
        }
        let coins = number
            .as_f64()
            .filter(|coins| coins.is_finite() && *coins >= 0.0)
            .ok_or_else(refused)?;
        let decimals = coin.decimals() as usize;
        // Of a negative zero only the amount is kept.
        Amount::parse(coin, &format!("{:.decimals$}", coins.abs())).map_err(|_| refused())
    }

    /// The sum; `None` of different coins, or if it is too large.
    pub fn checked_add(self, other: Amount) -> Option<Amount> {
        let atomic = self.atomic.checked_add(other.atomic)?;
        (self.coin == other.coin).then_some(Amount { atomic, ..self })
    }

    /// What is left; `None` of different coins, or if there is less than that.
    pub fn checked_sub(self, other: Amount) -> Option<Amount> {
        let atomic = self.atomic.checked_sub(other.atomic)?;
        (self.coin == other.coin).then_some(Amount { atomic, ..self })
    }
}

fn refuse(coin: Coin, text: &str) -> AmountError {
    AmountError {
        text: crate::json::excerpt(text),
        coin,
    }
}

/// The digits before and after the point.
fn digits(coin: Coin, text: &str) -> Result<(&str, &str), AmountError> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    match !whole.is_empty() && plain(whole) && plain(fraction) {
        true => Ok((whole, fraction)),
        false => Err(refuse(coin, text)),
    }
}

fn from_digits(coin: Coin, text: &str, whole: &str, fraction: &str) -> Result<Amount, AmountError> {
    let decimals = coin.decimals() as usize;
    let atomic = format!("{whole}{fraction:0<decimals$}")
        .parse()
        .ok()
        .filter(|atomic| *atomic < Amount::MOST_ATOMIC)
        .ok_or_else(|| refuse(coin, text))?;
    Ok(Amount { coin, atomic })
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.text(), self.coin)
    }
}

impl From<Amount> for Written {
    fn from(amount: Amount) -> Self {
        Written {
            coin: amount.coin,
            amount: amount.text(),
        }
    }
}

impl TryFrom<Written> for Amount {
    type Error = AmountError;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        Amount::parse(written.coin, &written.amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn json_has_a_decimal_text() {
        let amount = Amount::of(Coin::Monero, 2_102_840_000);
        let json = serde_json::to_string(&amount).expect("serialises");
        assert_eq!(json, r#"{"coin":"XMR","amount":"0.002102840000"}"#);
        assert_eq!(
            serde_json::from_str::<Amount>(&json).expect("reads"),
            amount
        );
        assert_eq!(amount.to_string(), "0.002102840000 XMR");
    }

    #[test]
    fn bad_amounts_are_refused_with_what_is_allowed() {
        let long = "9".repeat(40);
        for text in [
            "",
            ".",
            ".5",
            "x",
            "1e3",
            "0.123456789",
            "-1",
            "+1",
            " 1",
            "1.-5",
            "１",
            &long,
        ] {
            let error = Amount::parse(Coin::Bitcoin, text).expect_err(text);
            assert!(error.to_string().contains("at most 8 decimals"), "{error}");
        }
        assert!(Amount::parse_cut(Coin::Bitcoin, "0.1x").is_err());
    }

    #[test]
    fn digits_beyond_the_smallest_unit_are_zeros_or_cut() {
        let one = Amount::of(Coin::Bitcoin, 1);
        assert_eq!(Amount::parse(Coin::Bitcoin, "0.0000000100"), Ok(one));
        assert_eq!(Amount::parse_cut(Coin::Bitcoin, "0.0000000199"), Ok(one));
    }

    #[test]
    fn numbers_are_rounded_to_the_smallest_unit() {
        let read = |text: &str| {
            let number = serde_json::from_str(text).expect("a number");
            Amount::from_number(Coin::Bitcoin, &number).map(|amount| amount.atomic)
        };
        assert_eq!(read("2.35e-6"), Ok(235));
        assert_eq!(read("0.1"), Ok(10_000_000));
        assert_eq!(read("3"), Ok(300_000_000));
        assert_eq!(read("-0.0"), Ok(0));
        assert!(read("-0.1").is_err() && read("-1").is_err() && read("1e300").is_err());
    }

    #[test]
    fn different_coins_are_never_added() {
        let (bitcoin, ravencoin) = (Amount::of(Coin::Bitcoin, 5), Amount::of(Coin::Ravencoin, 3));
        assert_eq!(bitcoin.checked_add(ravencoin), None);
        assert_eq!(bitcoin.checked_sub(ravencoin), None);
        assert_eq!(
            bitcoin.checked_sub(Amount::of(Coin::Bitcoin, 3)),
            Some(Amount::of(Coin::Bitcoin, 2))
        );
        assert_eq!(ravencoin.checked_sub(Amount::of(Coin::Ravencoin, 4)), None);
    }

    proptest! {
        #[test]
        fn every_amount_reads_back(atomic in 0..Amount::MOST_ATOMIC) {
            for coin in Coin::ALL {
                let amount = Amount { coin, atomic };
                prop_assert_eq!(Amount::parse(coin, &amount.text()), Ok(amount));
                prop_assert_eq!(Amount::parse_cut(coin, &amount.text()), Ok(amount));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}", digits in "[0-9.]{0,60}") {
            for text in [text, digits] {
                let _ = Amount::parse(Coin::Monero, &text);
                let _ = Amount::parse_cut(Coin::Zano, &text);
            }
        }
    }
}
