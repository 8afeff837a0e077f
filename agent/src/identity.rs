//! Who this device is at each hub it has worked for; a device is made once and kept.

use std::collections::BTreeMap;

use idlewatt_protocol::{AccountId, AccountKey, DeviceId, DeviceToken, EnrolmentCode};
use serde::{Deserialize, Serialize};

use crate::data_dir::{DataDir, DataDirError};
use crate::work::hub_client::{HubClient, HubError};

const FILE: &str = "identity.json";
/// The name of the hub inside the agent: its address changes with each start.
pub const EMBEDDED: &str = "embedded";

/// This device at one hub.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The account it works for.
    pub account: AccountId,
    /// What opens the account, where this device made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_key: Option<AccountKey>,
    /// Its public name.
    pub device: DeviceId,
    /// Its secret.
    pub token: DeviceToken,
}

impl Identity {
    /// How it names itself to the hub's Stratum server.
    pub fn stratum_user(&self) -> String {
        format!("{}.{}", self.account, self.device)
    }
}

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Its file.
    #[error(transparent)]
    Data(#[from] DataDirError),
    /// The hub.
    #[error(transparent)]
    Hub(#[from] HubError),
}

/// Every hub by its address, or [`EMBEDDED`].
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Identities {
    hubs: BTreeMap<String, Identity>,
    /// Keys of accounts made at hubs where no device is enrolled yet: a key lost would be an account lost.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    keys: BTreeMap<String, AccountKey>,
}

impl Identities {
    fn load(data: &DataDir) -> Result<Self, DataDirError> {
        Ok(data.read(FILE)?.unwrap_or_default())
    }
}

/// This device at a hub, if it was ever enrolled there.
///
/// # Errors
/// If the record cannot be read.
pub fn known(data: &DataDir, hub: &str) -> Result<Option<Identity>, DataDirError> {
    Ok(Identities::load(data)?.hubs.remove(hub))
}

/// Forgets this device at a hub that does not know it any more.
///
/// # Errors
/// If the record cannot be read or written.
pub fn forget(data: &DataDir, hub: &str) -> Result<(), DataDirError> {
    let mut identities = Identities::load(data)?;
    identities.hubs.remove(hub);
    data.write(FILE, &identities)
}

/// This device at a hub: the one it has been, or a new one. With a code it joins the account of the code's owner, else
/// a new account is made for it. With a code it is new in any case.
///
/// # Errors
/// If the hub refuses or cannot be reached, or the record cannot be read or written.
pub async fn obtain(
    data: &DataDir,
    hub: &str,
    client: &HubClient,
    code: Option<EnrolmentCode>,
) -> Result<Identity, IdentityError> {
    let mut identities = Identities::load(data)?;
    let (account_key, code) = match (code, identities.hubs.get(hub)) {
        (None, Some(known)) => return Ok(known.clone()),
        (Some(code), _) => (None, code),
        (None, None) => {
            let key = match identities.keys.get(hub) {
                Some(key) => key.clone(),
                None => {
                    let key = client.create_account().await?.key;
                    identities.keys.insert(hub.to_owned(), key.clone());
                    data.write(FILE, &identities)?;
                    key
                }
            };
            let code = client.create_enrolment(&key).await?.code;
            (Some(key), code)
        }
    };
    let enrolled = client.enrol_device(&code, &device_name()).await?;
    let identity = Identity {
        account: enrolled.account,
        account_key,
        device: enrolled.device,
        token: enrolled.token,
    };
    identities.hubs.insert(hub.to_owned(), identity.clone());
    identities.keys.remove(hub);
    data.write(FILE, &identities)?;
    tracing::info!(hub, device = %identity.device, "this device is enrolled");
    Ok(identity)
}

/// What the owner will see this PC as until it is renamed. Not its name on the network: that often is a person's.
fn device_name() -> String {
    match std::env::consts::OS {
        "linux" => "Linux PC".to_owned(),
        "windows" => "Windows PC".to_owned(),
        other => format!("{other} PC"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_hub_has_its_own_and_secrets_stay_out_of_debug_output() {
        let parent = tempfile::tempdir().expect("a directory");
        let data = DataDir::locate(Some(parent.path().to_owned())).expect("named");
        let identity = Identity {
            account: AccountId::random(),
            account_key: Some(AccountKey::random()),
            device: DeviceId::random(),
            token: DeviceToken::random(),
        };
        let mut identities = Identities::default();
        identities.hubs.insert("https://a".into(), identity.clone());
        data.write(FILE, &identities).expect("written");
        let read = known(&data, "https://a").expect("readable").expect("known");
        assert_eq!(read.device, identity.device);
        assert!(known(&data, EMBEDDED).expect("readable").is_none());
        let shown = format!("{identity:?}");
        assert!(!shown.contains(identity.token.as_str()));
    }
}
