//! Devices: how they are added, prove themselves, report and are told what to do.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AccountId, DeviceId, DeviceToken, EnrolmentSecret};

/// `POST /v1/enrolments` (account): a code that adds one device.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EnrolmentCreated {
    /// What the new device sends.
    pub code: crate::EnrolmentCode,
    /// Until when it may.
    pub expires: Timestamp,
}

/// `POST /v1/devices` (open, proven by the code).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EnrolDevice {
    /// The account owner's code, or a fleet's token.
    pub code: EnrolmentSecret,
    /// What the owner will see it as; 1 to 64 characters.
    pub name: String,
    /// The Ed25519 key it will prove itself with, 64 hex digits. The secret half never leaves the device.
    pub public_key: String,
}

/// The answer to [`EnrolDevice`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DeviceEnrolled {
    /// The account it now works for.
    pub account: AccountId,
    /// Its public name.
    pub device: DeviceId,
    /// Its first token. Stratum: user `ACCOUNT.DEVICE`, password this token.
    pub token: DeviceToken,
}

/// `POST /v1/devices/challenges` (open): what a device signs to get a new token.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AskChallenge {
    /// Which device.
    pub device: DeviceId,
}

/// The answer to [`AskChallenge`]. A device that is not known gets one, too.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Challenge {
    /// Random; good for one answer.
    pub challenge: String,
    /// Until when.
    pub expires: Timestamp,
}

impl Challenge {
    /// What is signed: nothing else that a device ever signs begins like this.
    pub fn signed_text(device: &DeviceId, challenge: &str) -> String {
        format!("Idlewatt device token\n{device}\n{challenge}")
    }
}

/// `POST /v1/devices/tokens` (open, proven by the signature): a new token in the place of all earlier ones.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TokenRequest {
    /// Which device.
    pub device: DeviceId,
    /// As it was given out.
    pub challenge: String,
    /// The Ed25519 signature over [`Challenge::signed_text`], 128 hex digits.
    pub signature: String,
}

/// The answer to [`TokenRequest`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NewDeviceToken {
    /// As in [`DeviceEnrolled::token`].
    pub token: DeviceToken,
}

/// `POST /v1/devices/report` (device): how it is at present. Answered with [`DeviceOrders`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DeviceReport {
    /// The mode set: `smart`, `50`, `90`, `100` or `paused`.
    pub mode: String,
    /// The governor's reason in words.
    pub reason: String,
    /// The program's version.
    pub version: String,
    /// The CPU and each GPU.
    pub processors: Vec<ProcessorReport>,
    /// Since the program was started.
    pub shares: ShareCounts,
}

impl DeviceReport {
    /// The mode of a device that its owner has paused. It is asked for fewer reports, and sends one at once when that ends.
    pub const PAUSED: &str = "paused";
}

/// One processor in a [`DeviceReport`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProcessorReport {
    /// What it is called.
    pub name: String,
    /// What it works on; `None` while it does not.
    pub algorithm: Option<String>,
    /// Hashes a second at present.
    pub hash_rate: f64,
    /// Its share of the processor's time, 0 to 100.
    pub allowance_percent: f64,
    /// In °C where it can be read.
    pub temperature: Option<f64>,
    /// Why it does not work, where it was set aside.
    pub fault: Option<String>,
}

/// What became of shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ShareCounts {
    /// Credited.
    pub accepted: u64,
    /// For a job that was over.
    pub stale: u64,
    /// Refused for another reason.
    pub rejected: u64,
}

/// What the account's owner has set for a device from afar. It only ever lowers what the device does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DeviceOrders {
    /// The most that any processor may be used, 0 (not at all) to 100; `None` where there is no limit from here.
    pub limit_percent: Option<u8>,
    /// The device's name as its owner has set it.
    pub name: String,
    /// After how many seconds to report again.
    pub report_every: u32,
}
