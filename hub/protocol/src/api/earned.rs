//! What an account has earned, as its owner sees it.

use jiff::civil::Date;
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
    /// Today and on the 29 days before.
    #[serde(default)]
    pub thirty_days: Vec<Money>,
    /// Ever.
    pub total: Vec<Money>,
}

/// `GET /v1/account/earnings/days?days=N&utc_offset_minutes=M` (account): what was credited on each of the last `days` days, 1
/// to 366, today the last of them; 30 if it is left out. Days are those of [`EarningsByDevice`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EarningsByDay {
    /// The first day.
    pub first: Date,
    /// Today.
    pub last: Date,
    /// The devices that earned anything on these days, in the order of their ids; of more than 200 the 200 that earned most.
    pub devices: Vec<DeviceDays>,
    /// What all the other devices earned.
    pub other_devices: Vec<DayEarnings>,
    /// The account's referrals.
    pub referrals: Vec<DayEarnings>,
}

/// What one device was credited with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DeviceDays {
    /// Which device.
    pub device: DeviceId,
    /// The days on which it earned anything, oldest first.
    pub days: Vec<DayEarnings>,
}

/// What was credited on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DayEarnings {
    /// The day.
    pub day: Date,
    /// How much.
    pub earned: Vec<Money>,
}
