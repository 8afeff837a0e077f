//! The account itself: authenticator app, sessions, deletion.

use serde::{Deserialize, Serialize};

/// `POST /v1/account/totp` (account): what an authenticator app is set up with. It counts once it is confirmed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TotpBegun {
    /// In base 32, for typing it in.
    pub secret: String,
    /// `otpauth://…`, for a QR code.
    pub url: String,
}

/// A code of the account's authenticator app: the body of `POST /v1/account/totp/confirm` and `DELETE /v1/account/totp`
/// (account).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TotpCode {
    /// Six digits.
    #[serde(default)]
    pub totp: Option<String>,
}

/// `GET /v1/account/totp` (account), and the answer to [`TotpCode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TotpState {
    /// Whether withdrawals ask for a code.
    pub on: bool,
}
