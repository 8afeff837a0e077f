//! Reading typed fields out of a pool's answer, with an error that names the request and the field.

use jiff::Timestamp;
use serde_json::Value;

use super::AccountError;
use crate::amount::Amount;
use crate::coin::Coin;
use crate::json;

/// The largest whole number below which every whole number is a double of its own.
const EXACT_UP_TO: f64 = 9_007_199_254_740_992.0;

/// One object of an answer. `false` stands for "not known" in places, and is read as missing as null is.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    request: &'a str,
    /// Where in the answer this is; empty for all of it.
    place: &'a str,
    pub value: &'a Value,
    coin: Coin,
}

impl<'a> Fields<'a> {
    pub fn new(request: &'a str, value: &'a Value, coin: Coin) -> Self {
        Fields {
            request,
            place: "",
            value,
            coin,
        }
    }

    /// One level down. Of what is not there, all is missing.
    pub fn inside(&self, key: &'a str) -> Fields<'a> {
        Fields {
            place: key,
            value: self.value.get(key).unwrap_or(&Value::Null),
            ..*self
        }
    }

    /// An item of a list or object, called after what it is one of.
    pub fn item(&self, value: &'a Value) -> Fields<'a> {
        Fields { value, ..*self }
    }

    pub fn refuse(&self, key: &str, allowed: &str) -> AccountError {
        let found = if key.is_empty() {
            Some(self.value)
        } else {
            self.value.get(key)
        };
        let field = match (self.place, key) {
            ("", "") => "(whole answer)".to_owned(),
            (place, "") => place.to_owned(),
            ("", key) => key.to_owned(),
            (place, key) => format!("{place}.{key}"),
        };
        AccountError::Field {
            request: self.request.to_owned(),
            field,
            found: json::show(found),
            allowed: allowed.to_owned(),
        }
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        let value = self.value.get(key)?;
        (!matches!(value, Value::Null | Value::Bool(false))).then_some(value)
    }

    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// An amount in the coin's smallest unit, as a number or in quotes.
    pub fn atomic(&self, key: &str) -> Result<Option<Amount>, AccountError> {
        let count = self.count(
            key,
            "a whole number of the coin's smallest unit, not negative",
        )?;
        Ok(count.map(|atomic| Amount::of(self.coin, atomic)))
    }

    /// A whole number as large as an amount may be, as a number or in quotes.
    pub fn count(&self, key: &str, allowed: &str) -> Result<Option<u128>, AccountError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let count = match value {
            Value::Number(number) => match number.as_u64() {
                Some(count) => Some(count.into()),
                // 2.1e9 is a whole number too; beyond what doubles tell apart digits would be made up.
                None => number
                    .as_f64()
                    .filter(|count| (0.0..=EXACT_UP_TO).contains(count) && count.fract() == 0.0)
                    .map(|count| count as u128),
            },
            Value::String(text) => digits(text.trim()),
            _ => None,
        };
        count
            .filter(|count| *count < Amount::MOST_ATOMIC)
            .map(Some)
            .ok_or_else(|| self.refuse(key, allowed))
    }

    /// An amount in whole coins, as a decimal text, or as a number where the pool gives one. Digits beyond the smallest
    /// unit are cut off.
    pub fn coins(&self, key: &str) -> Result<Option<Amount>, AccountError> {
        let amount = match self.get(key) {
            None => return Ok(None),
            Some(Value::String(text)) => Amount::parse_cut(self.coin, text.trim()).ok(),
            Some(Value::Number(number)) => Amount::from_number(self.coin, number).ok(),
            Some(_) => None,
        };
        amount
            .map(Some)
            .ok_or_else(|| self.refuse(key, "a decimal number of coins, not negative"))
    }

    pub fn text(&self, key: &str) -> Option<&'a str> {
        self.get(key).and_then(Value::as_str)
    }

    /// A count of shares.
    pub fn shares(&self, key: &str) -> Option<u64> {
        let count = json::number(self.get(key)?)?;
        (0.0..=EXACT_UP_TO).contains(&count).then_some(count as u64)
    }

    /// Hashes a second.
    pub fn hash_rate(&self, key: &str) -> Option<f64> {
        json::number(self.get(key)?).filter(|rate| rate.is_finite() && *rate >= 0.0)
    }

    pub fn time(&self, key: &str) -> Option<Timestamp> {
        json::time(self.get(key)?)
    }

    /// The items of this list itself.
    pub fn own_items(&self) -> Result<Vec<Fields<'a>>, AccountError> {
        let items = self.value.as_array();
        items
            .map(|items| items.iter().map(|item| self.item(item)).collect())
            .ok_or_else(|| self.refuse("", "a list"))
    }

    /// None where the field is missing or null.
    pub fn items(&self, key: &'a str) -> Result<Vec<Fields<'a>>, AccountError> {
        match self.has(key) {
            true => self.inside(key).own_items(),
            false => Ok(Vec::new()),
        }
    }

    /// The names and values of an object; none where the field is missing or null.
    pub fn entries(&self, key: &'a str) -> Result<Vec<(&'a str, Fields<'a>)>, AccountError> {
        match self.get(key) {
            None => Ok(Vec::new()),
            Some(Value::Object(_)) => Ok(self.inside(key).own_entries()),
            Some(_) => Err(self.refuse(key, "an object")),
        }
    }

    /// The names and values of this object itself.
    pub fn own_entries(&self) -> Vec<(&'a str, Fields<'a>)> {
        let entries = self.value.as_object().into_iter().flatten();
        entries
            .map(|(name, value)| (name.as_str(), self.item(value)))
            .collect()
    }
}

/// A whole number that is nothing but digits.
pub(super) fn digits(text: &str) -> Option<u128> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

/// A list of nothing but nonsense need not be told in full.
const MOST_NOTES: usize = 8;

/// What could be read; otherwise nothing, and a note.
pub(super) fn noted<T: Default>(read: Result<T, AccountError>, notes: &mut Vec<String>) -> T {
    read.unwrap_or_else(|error| {
        if notes.len() < MOST_NOTES {
            notes.push(error.to_string());
        }
        T::default()
    })
}

/// Reads each item; those that fail are left out with a note.
pub(super) fn each<'a, T>(
    items: Result<Vec<Fields<'a>>, AccountError>,
    notes: &mut Vec<String>,
    read: impl Fn(Fields<'a>) -> Result<T, AccountError>,
) -> Vec<T> {
    let items = noted(items, notes);
    let mut all = Vec::new();
    for item in items {
        all.extend(noted(read(item).map(Some), notes));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn amounts_are_numbers_or_in_quotes_and_never_negative() {
        let value = json!({
            "number": 2_100_000_000u64, "float": 2.1e9, "quoted": " 340282366920938463463 ", "unknown": false,
            "negative": -1, "minus": "-1", "half": 0.5, "point": "1.0", "big": 1e25, "list": [], "much": "9".repeat(31),
        });
        let fields = Fields::new("stats", &value, Coin::Monero);
        let atomic = |key| {
            fields
                .atomic(key)
                .map(|found| found.map(|amount| amount.atomic))
        };
        assert_eq!(atomic("number"), Ok(Some(2_100_000_000)));
        assert_eq!(atomic("float"), Ok(Some(2_100_000_000)));
        assert_eq!(atomic("quoted"), Ok(Some(340_282_366_920_938_463_463)));
        assert_eq!(atomic("unknown"), Ok(None));
        assert_eq!(atomic("missing"), Ok(None));
        for key in ["negative", "minus", "half", "point", "big", "list", "much"] {
            let error = atomic(key).expect_err(key).to_string();
            assert!(
                error.starts_with(&format!("request stats, field {key}: found ")),
                "{error}"
            );
        }
        let error = fields.atomic("minus").expect_err("negative").to_string();
        assert_eq!(
            error,
            "request stats, field minus: found \"-1\"; allowed: a whole number of the coin's smallest unit, not negative"
        );
    }

    #[test]
    fn coins_are_decimal_texts_or_numbers() {
        let value = json!({"text": "0.0021028400009", "number": 0.1, "minus": "-0.1", "float": -0.1, "word": "some"});
        let fields = Fields::new("address", &value, Coin::Monero);
        let coins = |key| {
            fields
                .coins(key)
                .map(|found| found.map(|amount| amount.text()))
        };
        assert_eq!(coins("text"), Ok(Some("0.002102840000".into())));
        assert_eq!(coins("number"), Ok(Some("0.100000000000".into())));
        for key in ["minus", "float", "word"] {
            assert!(coins(key).is_err(), "{key}");
        }
    }
}
