//! What all dialects share: the JSON-RPC envelope, ids and the error of a line that cannot be read.

use std::fmt;

use serde_json::Value;

use crate::fields::Fields;

/// What ties an answer to its request. An answer carries the id it was asked with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Id {
    /// None given, as in notifications. Ids of other JSON types are read as this too.
    #[default]
    Null,
    /// The usual form.
    Number(i64),
    /// Some miners use texts.
    Text(String),
}

impl From<i64> for Id {
    fn from(number: i64) -> Self {
        Id::Number(number)
    }
}

impl From<&Id> for Value {
    fn from(id: &Id) -> Self {
        match id {
            Id::Null => Value::Null,
            Id::Number(number) => Value::from(*number),
            Id::Text(text) => Value::from(text.as_str()),
        }
    }
}

impl From<&Value> for Id {
    fn from(value: &Value) -> Self {
        match value {
            Value::Number(number) => number.as_i64().map_or(Id::Null, Id::Number),
            Value::String(text) => Id::Text(text.clone()),
            _ => Id::Null,
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Id::Null => f.write_str("null"),
            Id::Number(number) => number.fmt(f),
            Id::Text(text) => shortened(text).fmt(f),
        }
    }
}

/// Why a line is no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not a JSON object at all.
    #[error("not a JSON object: {reason}")]
    Json {
        /// What the JSON reader says, or what was there instead.
        reason: String,
    },
    /// A request without a method, or neither request nor answer.
    #[error("neither \"method\" nor an answer in it")]
    NoMethod {
        /// The request's id.
        id: Id,
    },
    /// A known method with a field that is missing or wrong.
    #[error("{place}: field {field} is not {expected}")]
    Field {
        /// The request's id.
        id: Id,
        /// The method, or which answer.
        place: &'static str,
        /// Name or position of the field.
        field: String,
        /// What it should be.
        expected: &'static str,
    },
}

impl ParseError {
    /// The id to answer with; null where none could be read.
    pub fn id(&self) -> Id {
        match self {
            ParseError::Json { .. } => Id::Null,
            ParseError::NoMethod { id } | ParseError::Field { id, .. } => id.clone(),
        }
    }
}

/// The dialects that can be told apart by a connection's first line. [`crate::kawpow`] begins as Bitcoin's does, so a
/// server speaks it on a port of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// [`crate::monero`].
    Monero,
    /// [`crate::bitcoin`].
    Bitcoin,
}

impl Dialect {
    /// The dialect of a client, by its first line: `login` or `mining.…`. `None` if it is neither.
    pub fn of_first_line(line: &str) -> Option<Self> {
        let envelope = Envelope::read(line).ok()?;
        match envelope.method.as_deref()? {
            "login" => Some(Dialect::Monero),
            method if method.starts_with("mining.") => Some(Dialect::Bitcoin),
            _ => None,
        }
    }
}

/// A line taken apart, of either direction.
pub(crate) struct Envelope {
    pub id: Id,
    pub method: Option<String>,
    pub params: Value,
    pub result: Value,
    pub error: Value,
    /// What a hub of Idlewatt proves a credited share by.
    pub receipt: Option<String>,
    /// A device's name, which ethproxy has beside the parameters.
    pub worker: Option<String>,
}

impl Envelope {
    pub fn read(line: &str) -> Result<Self, ParseError> {
        let value: Value = serde_json::from_str(line).map_err(|error| ParseError::Json {
            reason: error.to_string(),
        })?;
        let Value::Object(mut object) = value else {
            return Err(ParseError::Json {
                reason: "another JSON value".into(),
            });
        };
        let mut take = |key| object.remove(key).unwrap_or(Value::Null);
        Ok(Envelope {
            id: Id::from(&take("id")),
            method: take("method").as_str().map(str::to_owned),
            params: take("params"),
            result: take("result"),
            error: take("error"),
            receipt: take("receipt").as_str().map(str::to_owned),
            worker: take("worker").as_str().map(str::to_owned),
        })
    }

    /// The parameters, as fields of `place`.
    pub fn fields(&self, place: &'static str) -> Fields<'_> {
        Fields::new(&self.id, place, &self.params)
    }

    /// Code and message of an answer that is an error, in any of the three forms that servers use: an object, an
    /// array and a plain text.
    pub fn refusal(&self) -> Option<(i64, String)> {
        let (code, message) = match &self.error {
            Value::Null => return None,
            Value::String(text) => return Some((0, text.clone())),
            Value::Array(items) => (items.first(), items.get(1)),
            Value::Object(object) => (object.get("code"), object.get("message")),
            Value::Bool(_) | Value::Number(_) => return Some((0, self.error.to_string())),
        };
        let message = message.map_or_else(String::new, |message| match message {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        Some((code.and_then(Value::as_i64).unwrap_or(0), message))
    }
}

/// A JSON value as the line that is sent.
pub(crate) fn line(value: &Value) -> String {
    format!("{value}\n")
}

/// An answer with the receipt of what it answers, where there is one.
pub(crate) fn with_receipt(mut answer: Value, receipt: Option<&str>) -> Value {
    if let Some(receipt) = receipt {
        answer["receipt"] = Value::from(receipt);
    }
    answer
}

/// The first 64 characters: enough to recognise, too few to fill a log.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_tells_the_dialect() {
        let of = Dialect::of_first_line;
        assert_eq!(of(r#"{"id":1,"method":"login"}"#), Some(Dialect::Monero));
        assert_eq!(
            of(r#"{"method":"mining.subscribe"}"#),
            Some(Dialect::Bitcoin)
        );
        for neither in [
            "GET / HTTP/1.1",
            "{}",
            "[]",
            r#"{"method":"eth_submitLogin"}"#,
        ] {
            assert_eq!(of(neither), None, "{neither}");
        }
    }

    #[test]
    fn ids_come_back_as_they_were() {
        for text in ["null", "7", "-1", r#""a""#] {
            let value: Value = serde_json::from_str(text).expect("JSON");
            assert_eq!(Value::from(&Id::from(&value)), value);
        }
        assert_eq!(Id::from(&Value::from(1.5)), Id::Null);
    }

    #[test]
    fn errors_are_read_in_every_form() {
        for (line, expected) in [
            (
                r#"{"error":[21,"job not found",null]}"#,
                (21, "job not found"),
            ),
            (r#"{"error":{"code":-1,"message":"no"}}"#, (-1, "no")),
            (r#"{"error":"gone"}"#, (0, "gone")),
            (r#"{"error":[]}"#, (0, "")),
            (r#"{"error":true}"#, (0, "true")),
        ] {
            let refusal = Envelope::read(line).expect("an object").refusal();
            assert_eq!(refusal, Some((expected.0, expected.1.to_owned())), "{line}");
        }
    }
}
