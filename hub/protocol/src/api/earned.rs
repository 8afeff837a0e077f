//! What an account has earned, as its owner sees it.

use serde::{Deserialize, Serialize};

use crate::{DeviceId, Money};

/// `GET /v1/account/earnings` (account): everything credited to the account and where it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AccountEarnings {
    /// Credited to the account's devices since the account was opened.
    pub devices: Vec<Money>,
    /// Credited for referrals.
    pub referrals: Vec<Money>,
    /// The sum of the two.
    pub total: Vec<Money>,
    /// What of it cannot be withdrawn yet.
    pub held: Vec<Money>,
    /// What can be withdrawn now.
    pub wallet: Vec<Money>,
    /// What is set aside for withdrawals on their way.
    pub withdrawing: Vec<Money>,
}

/// `GET /v1/account/earnings/devices?utc_offset_minutes=M` (account): what each device has earned. A day begins at midnight
/// of the time zone that is so many minutes east of UTC, −1,440 to 1,440; 0 if it is left out. Hours of UTC are counted
/// whole: where midnight is within one, all of it is today's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EarningsByDevice {
    /// All devices that have earned anything, in the order of their ids.
    pub devices: Vec<DeviceEarnings>,
    /// The account's referrals.
    pub referrals: EarnedLately,
}

/// What one device has earned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DeviceEarnings {
    /// Which device.
    pub device: DeviceId,
    /// How much.
    #[serde(flatten)]
    pub earned: EarnedLately,
}

/// What was credited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EarnedLately {
    /// Since midnight.
    pub today: Vec<Money>,
    /// Today and on the six days before.
    pub seven_days: Vec<Money>,
    /// Ever.
    pub total: Vec<Money>,
}
