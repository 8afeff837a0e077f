//! Well-known pools, and the owner's own: how one of them becomes what the settings say.

use idlewatt_config::{PoolPreset, SettingsError, pool_presets};
use rand::RngExt;

use crate::data_dir::DataDir;

/// The owner's own, in the data directory.
pub const FILE: &str = "pools.toml";

/// Settings and what they become; `None` is the default.
pub type Changes = Vec<(&'static str, Option<toml::Value>)>;

/// An address or a device's name that no pool could know anybody by.
#[derive(Debug, thiserror::Error)]
#[error("the address and the device's name are one word each, and not empty")]
pub struct NotOneWord;

/// All that are known.
///
/// # Errors
/// If the owner's file cannot be read, or is wrong.
pub fn known(data: &DataDir) -> Result<Vec<PoolPreset>, SettingsError> {
    pool_presets(Some(&data.file(FILE)))
}

/// A name for this PC that no other device of the account is likely to have, and that tells nothing of it.
pub fn some_device() -> String {
    format!("pc-{:04}", rand::rng().random_range(0..10_000))
}

/// What the settings become to work for it, with payouts to `address`.
///
/// # Errors
/// If the address or the device's name is empty, or has white space in it.
pub fn changes(preset: &PoolPreset, address: &str, device: &str) -> Result<Changes, NotOneWord> {
    let is_one_word =
        |text: &str| !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    if !is_one_word(address) || !is_one_word(device) {
        return Err(NotOneWord);
    }
    let (user, password) = preset.login(address, device);
    let mut servers = preset.servers.iter().cloned().map(toml::Value::from);
    let url = servers.next();
    let account = preset.account.as_ref().map(ToString::to_string);
    Ok(vec![
        ("pool.url", url),
        (
            "pool.fallback_urls",
            Some(servers.collect::<Vec<_>>().into()),
        ),
        ("pool.user", Some(user.into())),
        ("pool.password", Some(password.into())),
        ("pool.algorithm", Some(preset.algorithm.clone().into())),
        ("pool.account", account.map(Into::into)),
        // What was said of another pool's certificate, or of where it may send this PC, is not about this one.
        ("pool.ca_file", None),
        ("pool.fingerprint", None),
        ("pool.reconnect_hosts", None),
    ])
}
