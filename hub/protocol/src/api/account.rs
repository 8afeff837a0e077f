//! The account itself: authenticator app, sessions, deletion.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Money, ReferralCode, SessionId, SessionToken};

/// `POST /v1/account/totp` (account): what an authenticator app is set up with. It counts once it is confirmed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TotpBegun {
    /// In base 32, for typing it in.
    pub secret: String,
    /// `otpauth://…`, for a QR code.
    pub url: String,
}

/// A code of the account's authenticator app: the body of `POST /v1/account/totp/confirm` and `DELETE /v1/account/totp`
/// (account).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TotpCode {
    /// Six digits.
    #[serde(default)]
    pub totp: Option<String>,
}

/// `GET /v1/account/totp` (account), and the answer to [`TotpCode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TotpState {
    /// Whether withdrawals ask for a code.
    pub on: bool,
}

/// `POST /v1/sessions` (account key only): a token to use in the place of the key. It is shown this once.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SessionCreated {
    /// Its public name, to end it by.
    pub session: SessionId,
    /// Good wherever the account key is, but for making sessions and deleting the account.
    pub token: SessionToken,
    /// Until when.
    pub expires: Timestamp,
}

/// `GET /v1/sessions` (account): sessions that are still good. `DELETE /v1/sessions/ID` ends one, `DELETE
/// /v1/sessions/current` the one that asks, `DELETE /v1/sessions` all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Sessions {
    /// Newest first.
    pub sessions: Vec<Session>,
}

/// One session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Session {
    /// Its public name.
    pub session: SessionId,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it is good.
    pub expires: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// `DELETE /v1/account` (account key only): removes everything personal. The ledger's rows stay under the account's and its
/// devices' public names.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DeleteAccount {
    /// The word `delete`.
    #[serde(default)]
    pub confirm: String,
    /// Whether what is left in the wallet, and what was earned but is not withdrawable yet, is given up.
    #[serde(default)]
    pub forfeit: bool,
    /// The authenticator app's code, where one is set up.
    #[serde(default)]
    pub totp: Option<String>,
}

/// The answer to [`DeleteAccount`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AccountDeleted {
    /// What of the wallet went to the operator.
    pub forfeited: Vec<Money>,
}

/// `POST /v1/accounts` (open); the body may be left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// The code of the account that sent it here.
    #[serde(default)]
    pub referral: Option<ReferralCode>,
}
