//! Who this device is at each hub it has worked for; a device is made once and kept.

use std::collections::BTreeMap;
use std::fmt;

use ed25519_dalek::{Signer, SigningKey};
use idlewatt_protocol::{AccountId, AccountKey, DeviceId, DeviceToken, EnrolmentSecret};
use rand::RngExt;
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
    /// Its present token.
    pub token: DeviceToken,
    /// The key that it proves itself with; `None` where it was enrolled by a version without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_key: Option<PrivateKey>,
}

/// The secret half of an Ed25519 key. It never leaves this PC. Stored as 64 hex digits.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PrivateKey(SigningKey);

impl PrivateKey {
    /// A new one.
    pub fn random() -> Self {
        PrivateKey(SigningKey::from_bytes(&rand::rng().random()))
    }

    /// The public half in hex.
    pub fn public(&self) -> String {
        hex::encode(self.0.verifying_key().to_bytes())
    }

    /// The signature over a text, in hex.
    pub fn sign(&self, text: &str) -> String {
        hex::encode(self.0.sign(text.as_bytes()).to_bytes())
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(secret)")
    }
}

impl TryFrom<String> for PrivateKey {
    type Error = hex::FromHexError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(PrivateKey(SigningKey::from_bytes(&bytes)))
    }
}

impl From<PrivateKey> for String {
    fn from(key: PrivateKey) -> Self {
        hex::encode(key.0.to_bytes())
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
    /// What this device is to join an account with as soon as it reaches that hub.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    awaited: BTreeMap<String, EnrolmentSecret>,
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

/// Has this device join an account as soon as it reaches the hub; kept until it has. `None` gives that up.
///
/// # Errors
/// If the record cannot be read or written.
pub fn await_enrolment(
    data: &DataDir,
    hub: &str,
    code: Option<EnrolmentSecret>,
) -> Result<(), DataDirError> {
    let mut identities = Identities::load(data)?;
    match code {
        Some(code) => identities.awaited.insert(hub.to_owned(), code),
        None => identities.awaited.remove(hub),
    };
    data.write(FILE, &identities)
}

/// What this device is to join an account at a hub with.
///
/// # Errors
/// If the record cannot be read.
pub fn awaited_enrolment(
    data: &DataDir,
    hub: &str,
) -> Result<Option<EnrolmentSecret>, DataDirError> {
    Ok(Identities::load(data)?.awaited.remove(hub))
}

/// Keeps a device's new token; nothing, if another device has taken its place since.
///
/// # Errors
/// If the record cannot be read or written.
pub fn keep_token(
    data: &DataDir,
    hub: &str,
    device: &DeviceId,
    token: &DeviceToken,
) -> Result<(), DataDirError> {
    let mut identities = Identities::load(data)?;
    match identities.hubs.get_mut(hub) {
        Some(identity) if identity.device == *device => identity.token = token.clone(),
        _ => return Ok(()),
    }
    data.write(FILE, &identities)
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

/// This device at a hub: the one it has been, or a new one. With a code, or a fleet's token, it joins the account of its
/// owner, else a new account is made for it. With one it is new in any case.
///
/// # Errors
/// If the hub refuses or cannot be reached, or the record cannot be read or written.
pub async fn obtain(
    data: &DataDir,
    hub: &str,
    client: &HubClient,
    code: Option<EnrolmentSecret>,
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
            (Some(key), code.into())
        }
    };
    let private_key = PrivateKey::random();
    let enrolled = client
        .enrol_device(&code, &device_name(), &private_key.public())
        .await?;
    let identity = Identity {
        account: enrolled.account,
        account_key,
        device: enrolled.device,
        token: enrolled.token,
        private_key: Some(private_key),
    };
    identities.hubs.insert(hub.to_owned(), identity.clone());
    identities.keys.remove(hub);
    // In the same write: a fleet's token, used again, would make a second device of this one.
    identities.awaited.remove(hub);
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
    fn what_is_awaited_belongs_to_one_hub_and_is_kept_until_it_is_given_up() {
        let parent = tempfile::tempdir().expect("a directory");
        let data = DataDir::locate(Some(parent.path().to_owned())).expect("named");
        let awaited = |hub| awaited_enrolment(&data, hub).expect("readable");
        assert_eq!(awaited("https://a"), None);
        let code: EnrolmentSecret = idlewatt_protocol::EnrolmentCode::random().into();
        await_enrolment(&data, "https://a", Some(code.clone())).expect("written");
        assert_eq!(awaited("https://a"), Some(code));
        assert_eq!(awaited(EMBEDDED), None);
        await_enrolment(&data, "https://a", None).expect("written");
        assert_eq!(awaited("https://a"), None);
    }

    #[test]
    fn each_hub_has_its_own_and_secrets_stay_out_of_debug_output() {
        let parent = tempfile::tempdir().expect("a directory");
        let data = DataDir::locate(Some(parent.path().to_owned())).expect("named");
        let identity = Identity {
            account: AccountId::random(),
            account_key: Some(AccountKey::random()),
            device: DeviceId::random(),
            token: DeviceToken::random(),
            private_key: Some(PrivateKey::random()),
        };
        let mut identities = Identities::default();
        identities.hubs.insert("https://a".into(), identity.clone());
        data.write(FILE, &identities).expect("written");
        let read = known(&data, "https://a").expect("readable").expect("known");
        assert_eq!(read.device, identity.device);
        assert!(known(&data, EMBEDDED).expect("readable").is_none());
        let shown = format!("{identity:?}");
        assert!(!shown.contains(identity.token.as_str()));
        let key = identity.private_key.expect("given");
        assert!(!shown.contains(&String::from(key.clone())));
        let kept = read.private_key.expect("kept");
        assert_eq!(kept.sign("text"), key.sign("text"));
    }
}
