//! Well-known pools, and the owner's own: how one of them becomes what the settings say.

use idlewatt_config::{AgentSettings, PoolPreset, PoolSettings, SettingsError, pool_presets};
use idlewatt_market::coin::Coin;
use idlewatt_screens::Words;
use rand::RngExt;

use crate::data_dir::DataDir;
use crate::pool_account;

/// The owner's own, in the data directory.
pub const FILE: &str = "pools.toml";

/// The setting of the pools beside the first.
pub const OTHERS: &str = "other_pools";

/// Settings and what they become; `None` is the default.
pub type Changes = Vec<(&'static str, Option<toml::Value>)>;

/// Why a pool cannot be worked for as it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotUsable {
    /// No pool could know anybody by that.
    #[error("the address and the device's name are one word each, and not empty")]
    NotOneWord,
    /// Nobody can be worked for beside a hub, or beside a pool that has the same work.
    #[error("it can stand beside a pool that has work for another algorithm, and there is none")]
    NotBeside,
}

impl NotUsable {
    /// By what it is said in other languages.
    pub fn key(self) -> &'static str {
        match self {
            NotUsable::NotOneWord => "cli-pool-one-word",
            NotUsable::NotBeside => "cli-pool-not-beside",
        }
    }
}

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

/// What the settings become to work for it, with payouts to `address`: in place of the first pool, or beside it.
///
/// # Errors
/// If the address or the device's name is empty, or has white space in it; or if it cannot stand beside what there is.
pub fn changes(
    preset: &PoolPreset,
    address: &str,
    device: &str,
    beside: Option<&AgentSettings>,
) -> Result<Changes, NotUsable> {
    let is_one_word =
        |text: &str| !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    if !is_one_word(address) || !is_one_word(device) {
        return Err(NotUsable::NotOneWord);
    }
    let (user, password) = preset.login(address, device);
    let mut servers = preset.servers.iter().cloned().map(toml::Value::from);
    let url = servers.next();
    let account = preset.account.as_ref().map(ToString::to_string);
    let of_pool = [
        ("pool.url", url),
        (
            "pool.fallback_urls",
            Some(servers.collect::<Vec<_>>().into()),
        ),
        ("pool.user", Some(user.into())),
        ("pool.password", Some(password.into())),
        ("pool.algorithm", Some(preset.algorithm.clone().into())),
        ("pool.account", account.map(Into::into)),
    ];
    let of_pool = of_pool.into_iter();
    let Some(settings) = beside else {
        // What was said of another pool's certificate, or of where it may send this PC, is not about this one.
        let of_other = ["pool.ca_file", "pool.fingerprint", "pool.reconnect_hosts"];
        return Ok(of_pool.chain(of_other.map(|key| (key, None))).collect());
    };
    let mut first = settings.pools().take(1);
    if first.all(|pool| pool.algorithm == preset.algorithm) {
        return Err(NotUsable::NotBeside);
    }
    let name = |key: &'static str| key.trim_start_matches("pool.").to_owned();
    let table = of_pool.filter_map(|(key, value)| Some((name(key), value?)));
    let mut tables = others(settings, &preset.algorithm);
    tables.push(toml::Value::Table(table.collect()));
    Ok(vec![(OTHERS, Some(tables.into()))])
}

/// The coin that an address looks like, where the pool pays another.
pub fn of_another_coin(preset: &PoolPreset, address: &str) -> Option<Coin> {
    pool_account::of_another_coin(address, preset.coin.parse().ok()?)
}

/// What its owner should know of such an address.
pub fn warning(preset: &PoolPreset, coin: Coin, words: Words) -> String {
    let told = [
        ("coin", coin.ticker().into()),
        ("pays", preset.coin.as_str().into()),
    ];
    words.say_with("cli-pool-other-coin", &told)
}

/// What the settings become without the pool that has work for this, beside the first.
pub fn without(settings: &AgentSettings, algorithm: &str) -> Changes {
    let left = Some(others(settings, algorithm)).filter(|left| !left.is_empty());
    vec![(OTHERS, left.map(Into::into))]
}

/// The pools beside the first as they are written, but for the one with work for this.
fn others(settings: &AgentSettings, algorithm: &str) -> Vec<toml::Value> {
    let others = settings.other_pools.iter();
    let others = others.filter(|pool| pool.algorithm != algorithm);
    others
        .map(PoolSettings::to_table)
        .map(toml::Value::Table)
        .collect()
}
