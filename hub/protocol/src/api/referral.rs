//! Referrals: who sent whom, told without saying who they are.

use serde::{Deserialize, Serialize};

use crate::{Money, ReferralCode};

/// `POST /v1/account/referrer` (account): names who sent this account here; once.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SetReferrer {
    /// The referrer's code.
    pub referral: ReferralCode,
}

/// `GET /v1/referrals` (account).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Referrals {
    /// What new accounts name.
    pub code: ReferralCode,
    /// The same as an address to pass on.
    pub link: String,
    /// Whether this account has named who sent it.
    pub referred: bool,
    /// Nearest first.
    pub tiers: Vec<ReferralTier>,
    /// The referred accounts, in the order in which they came; at most 1,000 of each tier, the newest.
    pub referrals: Vec<Referral>,
}

/// All referred accounts that are so many steps away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ReferralTier {
    /// 1 for those who named this account, 2 for those who named one of them, and so on.
    pub tier: u8,
    /// The part of the operator's fee that goes to this account, in ten-thousandths of the fee.
    pub basis_points_of_fee: u32,
    /// How many accounts.
    pub accounts: u64,
    /// How many of their devices are online.
    pub devices_online: u64,
    /// What they have brought this account.
    pub earned: Vec<Money>,
}

/// One referred account. Nothing here can be found elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Referral {
    /// Such as `referral 3`: the third that came in its tier.
    pub alias: String,
    /// As in [`ReferralTier::tier`].
    pub tier: u8,
    /// How many of its devices are online.
    pub devices_online: u64,
    /// What they have brought this account.
    pub earned: Vec<Money>,
}
