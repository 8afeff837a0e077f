//! Devices as their account's owner sees them, and how a fleet of them is added.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use super::DeviceReport;
use crate::{DeviceId, EnrolmentToken, EnrolmentTokenId, Money};

/// `GET /v1/devices?group=NAME&after=DEVICE&limit=N` (account): devices that are not revoked, in the order of their names; at most
/// 200 an answer. Without `group` all of them, with an empty one those of no group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Devices {
    /// The devices of this page.
    pub devices: Vec<DeviceState>,
    /// What to send as `after` for the next page; `None` at the end.
    #[serde(default)]
    pub next: Option<DeviceId>,
}

/// One device, as it is at present.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DeviceState {
    /// Its public name.
    pub device: DeviceId,
    /// What its owner calls it.
    pub name: String,
    /// Which group it is in; empty for none.
    pub group: String,
    /// How a standard miner calls itself; `None` for a device with a key of its own.
    pub worker: Option<String>,
    /// When it was added.
    pub created: Timestamp,
    /// Whether it reported, or had a share accepted, within three report intervals.
    pub online: bool,
    /// When it last did.
    pub last_seen: Option<Timestamp>,
    /// The remote limit; `None` where there is none.
    pub limit_percent: Option<u8>,
    /// What it last told of itself; `None` if it never has.
    pub report: Option<DeviceReport>,
    /// Credited since midnight UTC.
    pub earned_today: Vec<Money>,
    /// Credited in the last 168 hours.
    pub earned_7_days: Vec<Money>,
    /// Credited ever.
    pub earned_total: Vec<Money>,
}

/// `GET /v1/groups` (account): the account's groups, in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Groups {
    /// One entry a group; the devices of no group are under the empty name.
    pub groups: Vec<Group>,
}

/// How many devices a group has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Group {
    /// Its name.
    pub group: String,
    /// All its devices that are not revoked.
    pub devices: u64,
    /// Those online.
    pub online: u64,
}

/// `PATCH /v1/devices/DEVICE` (account): what is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangeDevice {
    /// 1 to 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// At most 64 characters; empty for no group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// 0 to 100, or `null` for no limit from here.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    pub limit_percent: Option<Option<u8>>,
}

/// `PATCH /v1/devices` (account): sets the limit of all devices in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(extend("required" = ["group", "limit_percent"])))]
#[serde(deny_unknown_fields)]
pub struct LimitGroup {
    /// Which; empty for the devices of no group.
    pub group: String,
    /// 0 to 100, or `null` for no limit from here. May not be left out.
    #[serde(deserialize_with = "Option::deserialize")]
    pub limit_percent: Option<u8>,
}

/// The answer to [`LimitGroup`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct GroupLimited {
    /// How many devices have the limit now.
    pub devices: u64,
}

/// `POST /v1/enrolment-tokens` (account): a token that adds many devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewEnrolmentToken {
    /// What its owner calls it; 1 to 64 characters.
    pub name: String,
    /// The group its devices come into; at most 64 characters, empty for none.
    #[serde(default)]
    pub group: String,
    /// How many devices it adds, 1 to 100,000.
    pub limit: u32,
    /// Until when it does; `None` until it is revoked.
    #[serde(default)]
    pub expires: Option<Timestamp>,
}

/// The answer to [`NewEnrolmentToken`]. The token is shown this once.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EnrolmentTokenCreated {
    /// Its public name, to revoke it by: `DELETE /v1/enrolment-tokens/ID` (account).
    pub id: EnrolmentTokenId,
    /// What new devices send.
    pub token: EnrolmentToken,
}

/// `GET /v1/enrolment-tokens` (account): the newest, at most 1,000.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FleetTokens {
    /// Newest first.
    pub tokens: Vec<FleetToken>,
}

/// An enrolment token as it is kept: the token itself is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FleetToken {
    /// Its public name.
    pub id: EnrolmentTokenId,
    /// What its owner calls it.
    pub name: String,
    /// The group its devices come into.
    pub group: String,
    /// How many devices it adds at most.
    pub limit: u64,
    /// How many it has added.
    pub used: u64,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it adds devices.
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// Tells `null` from what was left out.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u8>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_taken_away_is_not_one_left_out() {
        let read = |text| serde_json::from_str::<ChangeDevice>(text).map(|c| c.limit_percent);
        assert_eq!(read("{}").expect("valid"), None);
        let read = |text| serde_json::from_str::<ChangeDevice>(text).map(|c| c.limit_percent);
        assert_eq!(
            read(r#"{"limit_percent":null}"#).expect("valid"),
            Some(None)
        );
        assert_eq!(
            read(r#"{"limit_percent":30}"#).expect("valid"),
            Some(Some(30))
        );
        read(r#"{"limit_percent":300}"#).expect_err("too much");
        read(r#"{"limit":30}"#).expect_err("unknown");
        serde_json::from_str::<LimitGroup>(r#"{"group":"x"}"#).expect_err("left out");
    }
}
