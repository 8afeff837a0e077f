//! Withdrawals: from an account's wallet to an address of the asset's own network.

use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Asset, Money, WithdrawalId};

/// `POST /v1/withdrawals/quote` (account): what a withdrawal would cost. Nothing is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AskQuote {
    /// What to withdraw; never `PRACTICE`.
    pub asset: Asset,
    /// How much to take from the wallet, in whole coins, such as `"0.25"`.
    pub amount: String,
    /// Where to.
    pub address: String,
}

/// The answer to [`AskQuote`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WithdrawalQuote {
    /// What is taken from the wallet.
    pub amount: Money,
    /// The hub's fee, taken from the amount. The network's own fee is the operator's.
    pub fee: Money,
    /// What the address gets.
    pub arrives: Money,
    /// When it can be paid at the earliest: an address that was never used before waits.
    pub earliest: Timestamp,
    /// Whether a code of the authenticator is asked for.
    pub totp: bool,
    /// Whether the operator has paused payments; a withdrawal waits then.
    pub paused: bool,
}

/// `POST /v1/withdrawals` (account), answered by [`Withdrawal`]. The same request with the same `request_key` again is
/// the same withdrawal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AskWithdrawal {
    /// What to withdraw; never `PRACTICE`.
    pub asset: Asset,
    /// How much to take from the wallet, in whole coins, such as `"0.25"`.
    pub amount: String,
    /// Where to.
    pub address: String,
    /// A text that whoever asks chooses anew for each withdrawal: 1 to 64 letters, digits, dashes or underscores.
    pub request_key: String,
    /// A code of the authenticator, where one is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp: Option<String>,
}

/// `GET /v1/withdrawals` (account): newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Withdrawals {
    /// At most 1,000.
    pub withdrawals: Vec<Withdrawal>,
}

/// `GET /v1/withdrawals/{id}` (account): one of them. `DELETE` of the same path calls it off while it is `requested`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Withdrawal {
    /// Its name.
    pub id: WithdrawalId,
    /// How far it is.
    pub state: WithdrawalState,
    /// Why it waits or was refused.
    pub reason: Option<String>,
    /// What was taken from the wallet.
    pub amount: Money,
    /// The hub's part of it.
    pub fee: Money,
    /// What the address gets.
    pub arrives: Money,
    /// Where it goes.
    pub address: String,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// Before this it is not paid.
    pub earliest: Timestamp,
    /// When it was approved.
    pub approved_at: Option<Timestamp>,
    /// When it was handed to the network.
    pub sent_at: Option<Timestamp>,
    /// The network's id of the payment, once it was sent.
    pub transaction_id: Option<String>,
    /// When the network had confirmed it.
    pub confirmed_at: Option<Timestamp>,
}

/// How far a withdrawal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum WithdrawalState {
    /// Asked for; its amount is set aside.
    Requested,
    /// It will be paid.
    Approved,
    /// The network has it.
    Sent,
    /// The network has confirmed it often enough.
    Confirmed,
    /// It is not paid; the amount is back in the wallet.
    Refused,
}

impl WithdrawalState {
    /// Every state.
    pub const ALL: [WithdrawalState; 5] = [
        WithdrawalState::Requested,
        WithdrawalState::Approved,
        WithdrawalState::Sent,
        WithdrawalState::Confirmed,
        WithdrawalState::Refused,
    ];

    /// The word for it, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            WithdrawalState::Requested => "requested",
            WithdrawalState::Approved => "approved",
            WithdrawalState::Sent => "sent",
            WithdrawalState::Confirmed => "confirmed",
            WithdrawalState::Refused => "refused",
        }
    }
}

/// A text that names no state of a withdrawal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown withdrawal state \"{0}\"; allowed: requested, approved, sent, confirmed, refused")]
pub struct UnknownWithdrawalState(pub String);

impl FromStr for WithdrawalState {
    type Err = UnknownWithdrawalState;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        WithdrawalState::ALL
            .into_iter()
            .find(|state| state.name() == name)
            .ok_or_else(|| UnknownWithdrawalState(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_the_same_word_everywhere() {
        for state in WithdrawalState::ALL {
            assert_eq!(state.name().parse(), Ok(state));
            let json = serde_json::to_string(&state).expect("a word serialises");
            assert_eq!(json, format!("\"{}\"", state.name()));
        }
        assert!("paid".parse::<WithdrawalState>().is_err());
    }
}
