//! Reading typed fields out of a message's parameters, with an error that names the field.

use std::fmt::Display;

use serde_json::Value;

use crate::{Id, ParseError};

/// The parameters of one message: an array read by position or an object read by name.
pub(crate) struct Fields<'a> {
    id: &'a Id,
    place: &'static str,
    value: &'a Value,
}

/// A position or a name.
pub(crate) trait Key: serde_json::value::Index + Display + Copy {}
impl Key for usize {}
impl Key for &str {}

impl<'a> Fields<'a> {
    pub fn new(id: &'a Id, place: &'static str, value: &'a Value) -> Self {
        Fields { id, place, value }
    }

    /// The same message, one level down.
    pub fn inside(&self, key: impl Key) -> Fields<'a> {
        Fields::new(self.id, self.place, self.get(key).unwrap_or(&Value::Null))
    }

    pub fn refuse(&self, key: impl Display, expected: &'static str) -> ParseError {
        ParseError::Field {
            id: self.id.clone(),
            place: self.place,
            field: key.to_string(),
            expected,
        }
    }

    /// `None` for what is missing or null.
    fn get(&self, key: impl Key) -> Option<&'a Value> {
        self.value.get(key).filter(|value| !value.is_null())
    }

    pub fn is_object(&self) -> bool {
        self.value.is_object()
    }

    pub fn has(&self, key: impl Key) -> bool {
        self.get(key).is_some()
    }

    pub fn text(&self, key: impl Key) -> Result<&'a str, ParseError> {
        self.get(key)
            .and_then(Value::as_str)
            .ok_or_else(|| self.refuse(key, "a text"))
    }

    pub fn optional_text(&self, key: impl Key) -> Result<Option<String>, ParseError> {
        match self.has(key) {
            true => self.text(key).map(|text| Some(text.to_owned())),
            false => Ok(None),
        }
    }

    /// An empty list where the field is missing.
    pub fn texts(&self, key: impl Key) -> Result<Vec<String>, ParseError> {
        self.items(key)?
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or_else(|| self.refuse(key, "a list of texts"))
    }

    /// An empty list where the field is missing.
    pub fn items(&self, key: impl Key) -> Result<&'a [Value], ParseError> {
        match self.get(key) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(self.refuse(key, "a list")),
        }
    }

    pub fn number(&self, key: impl Key) -> Result<f64, ParseError> {
        self.get(key)
            .and_then(Value::as_f64)
            .ok_or_else(|| self.refuse(key, "a number"))
    }

    pub fn whole(&self, key: impl Key) -> Result<u64, ParseError> {
        self.get(key)
            .and_then(Value::as_u64)
            .ok_or_else(|| self.refuse(key, "a whole number"))
    }

    pub fn flag(&self, key: impl Key) -> bool {
        self.get(key).and_then(Value::as_bool).unwrap_or(false)
    }

    pub fn bytes(&self, key: impl Key) -> Result<Vec<u8>, ParseError> {
        hex::decode(self.hex(key)?).map_err(|_| self.refuse(key, "hex"))
    }

    pub fn array<const N: usize>(&self, key: impl Key) -> Result<[u8; N], ParseError> {
        let mut bytes = [0; N];
        hex::decode_to_slice(self.hex(key)?, &mut bytes)
            .map_err(|_| self.refuse(key, "hex of the right length"))?;
        Ok(bytes)
    }

    /// A 32-bit number as one to eight hex digits, most significant first.
    pub fn word(&self, key: impl Key) -> Result<u32, ParseError> {
        self.digits(key, 8)?
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .ok_or_else(|| self.refuse(key, "one to eight hex digits"))
    }

    /// A 64-bit number as one to sixteen hex digits, most significant first.
    pub fn long(&self, key: impl Key) -> Result<u64, ParseError> {
        self.digits(key, 16)?
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
            .ok_or_else(|| self.refuse(key, "one to sixteen hex digits"))
    }

    /// A 256-bit number as one to 64 hex digits, most significant first.
    pub fn huge(&self, key: impl Key) -> Result<[u8; 32], ParseError> {
        let mut bytes = [0; 32];
        self.digits(key, 64)?
            .and_then(|digits| hex::decode_to_slice(format!("{digits:0>64}"), &mut bytes).ok())
            .ok_or_else(|| self.refuse(key, "one to 64 hex digits"))?;
        Ok(bytes)
    }

    /// One to `most` hex digits; `None` if it is another text.
    fn digits(&self, key: impl Key, most: usize) -> Result<Option<&'a str>, ParseError> {
        let text = self.hex(key)?;
        let good = (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
        Ok(good.then_some(text))
    }

    /// A text without the `0x` that some write in front of hex.
    fn hex(&self, key: impl Key) -> Result<&'a str, ParseError> {
        let text = self.text(key)?;
        let bare = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
        Ok(bare.unwrap_or(text))
    }

    pub fn optional_word(&self, key: impl Key) -> Result<Option<u32>, ParseError> {
        match self.has(key) {
            true => self.word(key).map(Some),
            false => Ok(None),
        }
    }
}
