//! What the hub refuses, in the reader's words.

use axum::http::StatusCode;
use idlewatt_protocol::api::ErrorAnswer;

use crate::Words;

/// Why there is no answer to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The hub did not answer.
    Unreachable,
    /// It answered something else than was asked for.
    Garbage,
    /// It refused.
    Refused {
        status: StatusCode,
        answer: ErrorAnswer,
    },
}

impl Trouble {
    /// Whether the secret opens nothing any more.
    pub fn is_signed_out(&self) -> bool {
        matches!(self, Trouble::Refused { status, .. } if *status == StatusCode::UNAUTHORIZED)
    }

    /// The status of a page that has nothing else to show.
    pub fn status(&self) -> StatusCode {
        match self {
            Trouble::Unreachable | Trouble::Garbage => StatusCode::BAD_GATEWAY,
            Trouble::Refused { status, .. } => *status,
        }
    }

    /// In a sentence.
    pub fn told(&self, words: Words) -> String {
        let Trouble::Refused { answer, .. } = self else {
            return match self {
                Trouble::Unreachable => words.say("account-error-unreachable"),
                _ => words.say("account-error-garbage"),
            };
        };
        match answer.error.as_str() {
            "unauthorized" => words.say("account-error-unauthorized"),
            "totp" => words.say("account-error-totp"),
            "not_found" => words.say("account-error-not-found"),
            "bad_request" => words.say("account-error-bad-request"),
            "conflict" => words.say("account-error-conflict"),
            "too_many_requests" => words.say("account-error-too-many"),
            "unavailable" => words.say("account-error-unavailable"),
            "internal" => words.say("account-error-internal"),
            _ => words.say("account-error-other"),
        }
    }

    /// What the hub itself says, in English, where that tells more than the word for it.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Trouble::Refused { answer, .. }
                if matches!(answer.error.as_str(), "unauthorized" | "internal") =>
            {
                None
            }
            Trouble::Refused { answer, .. } => Some(&answer.message),
            _ => None,
        }
    }
}
