//! Why an account cannot be looked up.

use crate::coin::Coin;
use crate::json::JsonError;

/// Why an account cannot be looked up. Requests are named as in [`super::Request`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// No base URL.
    #[error(
        "\"{0}\" is no base URL; allowed: one like https://rvn.2miners.com, without a query, at most 512 bytes"
    )]
    BaseUrl(String),
    /// No address.
    #[error("\"{0}\" is no address; allowed: 1 to 256 bytes without white space, not only dots")]
    Address(String),
    /// The account is kept in another coin than it should be.
    #[error("the pool's coin: found {found}; allowed: {allowed}")]
    OtherCoin {
        /// The coin there.
        found: String,
        /// The coin that was expected.
        allowed: Coin,
    },
    /// The pool does not know the address: nothing was ever mined for it, or it is misspelt.
    #[error("the pool does not know the address; it says: \"{said}\"")]
    UnknownAddress {
        /// The pool's words, or the HTTP status.
        said: String,
    },
    /// An HTTP status other than success.
    #[error("request {request}: found HTTP status {status} (\"{said}\"); allowed: 200")]
    Status {
        /// The request.
        request: String,
        /// The status.
        status: u16,
        /// The pool's words.
        said: String,
    },
    /// No JSON.
    #[error("request {request}, the whole answer: {error}")]
    Json {
        /// The request.
        request: String,
        /// What it is instead.
        error: JsonError,
    },
    /// The pool answers with an error.
    #[error("request {request}: the pool answers with an error: \"{message}\"")]
    Said {
        /// The request.
        request: String,
        /// The pool's words, their beginning.
        message: String,
    },
    /// A field that cannot be used.
    #[error("request {request}, field {field}: found {found}; allowed: {allowed}")]
    Field {
        /// The request.
        request: String,
        /// The field's path.
        field: String,
        /// What stood there.
        found: String,
        /// What may stand there.
        allowed: String,
    },
}
