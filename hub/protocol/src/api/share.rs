//! What was earned, share for share.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Money;

/// `GET /v1/earnings` (device): everything credited to the account, apart and together. Shares of the last minute are not
/// in it yet: they are credited with the next settlement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Earnings {
    /// Credited to the asking device.
    pub this_device: Vec<Money>,
    /// Credited to the account's other devices.
    pub other_devices: Vec<Money>,
    /// Credited for referrals.
    pub referrals: Vec<Money>,
    /// The sum of the three.
    pub total: Vec<Money>,
    /// What of it can be withdrawn now.
    #[serde(default)]
    pub wallet: Vec<Money>,
}

/// `GET /v1/shares?after=SEQ&limit=N` (device): the device's verified shares in order of their numbers; at most
/// 1,000 an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CreditedShares {
    /// The shares after the number asked for.
    pub shares: Vec<CreditedShare>,
    /// Whether there are more after the last of these.
    pub more: bool,
}

/// `POST /v1/shares/find` (device): which of these digests have been credited to this device; at most 1,000.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FindShares {
    /// Proof-of-work digests in hex.
    pub digests: Vec<String>,
}

/// One share that was verified and credited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CreditedShare {
    /// Its number at this hub; rises, with gaps.
    pub sequence: i64,
    /// The proof-of-work digest in hex: the share's identity.
    pub digest: String,
    /// The algorithm's name.
    pub algorithm: String,
    /// Where the work came from.
    #[serde(default)]
    pub upstream: String,
    /// How many hashes such a share takes on average.
    pub work: u64,
    /// What it was credited with, the operator's fee taken off, in whole units of the asset.
    pub credit: Money,
    /// What it was credited with beyond that, in 10^-12 of the asset's smallest unit.
    #[serde(default)]
    pub fraction: u64,
    /// When it was verified.
    pub at: Timestamp,
    /// In which settlement it became money; `None` until then.
    #[serde(default)]
    pub settlement: Option<i64>,
    /// The hub's receipt: with it the device can claim the share again from a hub that lost it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
}

/// `POST /v1/shares/resend` (device): receipts for shares that the hub does not know any more, such as after it was
/// restored from a backup; at most 1,000. Answered with [`Resent`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ResendShares {
    /// As in [`CreditedShare::receipt`].
    pub receipts: Vec<String>,
}

/// What became of [`ResendShares`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Resent {
    /// Credited again.
    pub credited: u64,
    /// Known all along.
    pub known: u64,
    /// Not this hub's, or not this device's.
    pub refused: u64,
}
