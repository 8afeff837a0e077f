//! The answers of one lookup, and what their status says.

use serde_json::Value;

use super::fields::{Fields, noted};
use super::{AccountError, Answer};
use crate::coin::Coin;
use crate::json::{self, JsonError};

/// Words by which pools say that they do not know an address.
const UNKNOWN: [&str; 6] = [
    "not found",
    "not exist",
    "unknown",
    "no such",
    "unable to find",
    "invalid address",
];

/// The answers so far.
pub(super) struct Answers<'a> {
    answers: &'a [Answer],
    pub coin: Coin,
}

impl<'a> Answers<'a> {
    pub fn new(answers: &'a [Answer], coin: Coin) -> Self {
        Answers { answers, coin }
    }

    pub fn has(&self, request: &str) -> bool {
        self.answers.iter().any(|answer| answer.name == request)
    }

    /// The JSON that answers a request about the account: a pool that has no such thing there does not know the address.
    pub fn account(&self, request: &str) -> Result<Value, AccountError> {
        self.read(request).map_err(|error| match error {
            // A page for people may come from anything between the pool and us.
            AccountError::Status {
                status: 404, said, ..
            } if !said.contains("HTML page") => AccountError::UnknownAddress { said },
            AccountError::Said { message, .. } if says_unknown(&message) => {
                AccountError::UnknownAddress { said: message }
            }
            other => other,
        })
    }

    /// The JSON that answers a request about the pool, whichever the address.
    pub fn pool(&self, request: &str) -> Result<Value, AccountError> {
        self.read(request)
    }

    /// What may fail: then there is none, and a note says why.
    pub fn optional<T: Default>(
        &self,
        request: &str,
        notes: &mut Vec<String>,
        read: impl FnOnce(Fields, &mut Vec<String>) -> T,
    ) -> T {
        let value = noted(self.read(request).map(Some), notes);
        match value {
            Some(value) => read(Fields::new(request, &value, self.coin), notes),
            None => T::default(),
        }
    }

    fn read(&self, request: &str) -> Result<Value, AccountError> {
        let answer = self.answers.iter().find(|answer| answer.name == request);
        let answer = answer.ok_or_else(|| AccountError::Json {
            request: request.to_owned(),
            error: JsonError::Empty,
        })?;
        let value = json::read(&answer.text);
        let complaint = value.as_ref().ok().and_then(complaint);
        if !(200..300).contains(&answer.status) {
            let said = match (&complaint, &value) {
                (Some(message), _) => message.clone(),
                (None, Err(error @ JsonError::Html(_))) => error.to_string(),
                _ => json::excerpt(&answer.text),
            };
            return Err(AccountError::Status {
                request: request.to_owned(),
                status: answer.status,
                said,
            });
        }
        match complaint {
            Some(message) => Err(AccountError::Said {
                request: request.to_owned(),
                message,
            }),
            None => value.map_err(|error| AccountError::Json {
                request: request.to_owned(),
                error,
            }),
        }
    }
}

fn says_unknown(message: &str) -> bool {
    let lower = message.to_lowercase();
    UNKNOWN.iter().any(|words| lower.contains(words))
}

/// The error that an answer consists of, in the ways the families have: `error` with a text, or `true` beside `message`;
/// `errors` with a message each; `success: false` beside `msg`.
fn complaint(value: &Value) -> Option<String> {
    let words = ["message", "msg", "errorMessage"];
    let beside = || words.iter().find_map(|name| value.get(name)?.as_str());
    let text = match value.get("error") {
        Some(Value::String(text)) if !text.is_empty() => Some(text.as_str()),
        Some(Value::Bool(true)) => Some(beside().unwrap_or("without words")),
        Some(Value::Object(error)) => error.get("message").and_then(Value::as_str),
        _ => None,
    };
    let first = || value.pointer("/errors/0/message")?.as_str();
    let failed = || {
        let failed = value.get("success")?.as_bool() == Some(false);
        failed.then(|| beside().unwrap_or("without words"))
    };
    text.or_else(first).or_else(failed).map(json::excerpt)
}
