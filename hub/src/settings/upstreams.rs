//! Where work comes from: for each algorithm a list, the first is wanted most.

use std::collections::HashSet;
use std::path::PathBuf;

use idlewatt_kernels::Algorithm;
use idlewatt_protocol::{Asset, Money};
use idlewatt_stratum::address::Address;
use serde::Deserialize;

use super::SettingsError;
use crate::upstream::node_rpc::Credentials;

/// Upstreams by algorithm. An algorithm without a list has practice work.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UpstreamsSettings {
    /// Seconds without a sign of life until the next upstream of the list is taken.
    pub switch_after: u64,
    /// Seconds for which a better upstream must have been well until it is taken again.
    pub return_after: u64,
    /// For sha256d.
    pub sha256d: Vec<UpstreamSettings>,
    /// For RandomX.
    pub randomx: Vec<UpstreamSettings>,
    /// For KawPow.
    pub kawpow: Vec<UpstreamSettings>,
    /// For ProgPoWZ.
    pub progpowz: Vec<UpstreamSettings>,
    /// For the algorithm for tests.
    #[serde(rename = "kawpow-test")]
    pub kawpow_test: Vec<UpstreamSettings>,
}

/// One upstream.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum UpstreamSettings {
    /// Work of no chain, paid in practice units.
    Practice,
    /// A Monero node, for RandomX.
    Monerod(MonerodSettings),
    /// A Bitcoin node, for sha256d.
    Bitcoind(BitcoindSettings),
    /// A pool whose client the hub is.
    Pool(PoolSettings),
}

/// A Monero node.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonerodSettings {
    /// Its name in the books: 1 to 32 of a–z, 0–9 and "-". `monerod` where none is given.
    pub name: Option<String>,
    /// Its RPC address, such as `http://127.0.0.1:18081`.
    pub url: String,
    /// The wallet that blocks pay.
    pub wallet: String,
    /// How many blocks must come after one until its reward counts as paid: 60 where none is given.
    pub maturity: Option<u64>,
}

/// A Bitcoin node.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BitcoindSettings {
    /// Its name in the books: 1 to 32 of a–z, 0–9 and "-". `bitcoind` where none is given.
    pub name: Option<String>,
    /// Its RPC address, such as `http://127.0.0.1:8332`.
    pub url: String,
    /// The user of its RPC.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<String>,
    /// A file with the password, instead.
    pub password_file: Option<PathBuf>,
    /// The node's own cookie file, instead of user and password.
    pub cookie_file: Option<PathBuf>,
    /// The address that blocks pay, of the node's network.
    pub address: String,
    /// How many blocks must come after one until its reward counts as paid: 100 where none is given.
    pub maturity: Option<u64>,
}

/// A pool. What it pays is not known when a share is credited, so the operator names a price and bears the difference.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolSettings {
    /// Its name in the books: 1 to 32 of a–z, 0–9 and "-". `pool` where none is given.
    pub name: Option<String>,
    /// Where it is, such as `stratum+tcp://pool.example:3333`, or under TLS `stratum+ssl://pool.example:3443`.
    pub url: String,
    /// A file in PEM with the certificates that are trusted under TLS: authorities', or the pool's own. What the system
    /// trusts where none is given.
    pub ca_file: Option<PathBuf>,
    /// The user there, often a wallet's address.
    pub user: String,
    /// The password there; "x" where none is given.
    pub password: Option<String>,
    /// What devices are credited for 10^12 hashes, in whole coins such as "0.00012".
    pub credit_per_terahash: String,
    /// What it pays in: "XMR", "BTC" or "PRACTICE".
    pub asset: String,
}

// Passwords are shown nowhere.
impl std::fmt::Debug for BitcoindSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BitcoindSettings({}, {})", self.url, self.address)
    }
}

impl std::fmt::Debug for PoolSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PoolSettings({})", self.url)
    }
}

impl Default for UpstreamsSettings {
    fn default() -> Self {
        UpstreamsSettings {
            switch_after: 30,
            return_after: 60,
            sha256d: Vec::new(),
            randomx: Vec::new(),
            kawpow: Vec::new(),
            progpowz: Vec::new(),
            kawpow_test: Vec::new(),
        }
    }
}

impl UpstreamSettings {
    /// Its name in the books.
    pub fn name(&self) -> &str {
        let name = match self {
            UpstreamSettings::Practice => None,
            UpstreamSettings::Monerod(node) => node.name.as_deref(),
            UpstreamSettings::Bitcoind(node) => node.name.as_deref(),
            UpstreamSettings::Pool(pool) => pool.name.as_deref(),
        };
        name.unwrap_or(self.kind())
    }

    /// What it is of, which is also its name where none is given.
    fn kind(&self) -> &'static str {
        use crate::upstream::{bitcoind, monerod, pool, practice};
        match self {
            UpstreamSettings::Practice => practice::NAME,
            UpstreamSettings::Monerod(_) => monerod::NAME,
            UpstreamSettings::Bitcoind(_) => bitcoind::NAME,
            UpstreamSettings::Pool(_) => pool::NAME,
        }
    }

    fn suits(&self, algorithm: Algorithm) -> bool {
        match self {
            UpstreamSettings::Practice | UpstreamSettings::Pool(_) => true,
            UpstreamSettings::Monerod(_) => algorithm == Algorithm::RandomX,
            UpstreamSettings::Bitcoind(_) => algorithm == Algorithm::Sha256d,
        }
    }

    /// Whether its values can be used; `place` is how it is called in the file, such as `upstreams.randomx[1]`.
    fn validate(&self, place: &str) -> Result<(), SettingsError> {
        match self {
            UpstreamSettings::Practice => Ok(()),
            UpstreamSettings::Monerod(node) => node.validate(place),
            UpstreamSettings::Bitcoind(node) => node.validate(place),
            UpstreamSettings::Pool(pool) => pool.checked(place).map(drop),
        }
    }
}

/// How an entry of an algorithm's list is called: `upstreams.randomx[1]` is the second.
pub fn place(algorithm: Algorithm, index: usize) -> String {
    format!("upstreams.{algorithm}[{index}]")
}

fn refuse<T>(
    setting: impl Into<String>,
    value: impl Into<String>,
    allowed: &'static str,
) -> Result<T, SettingsError> {
    let value: String = value.into();
    Err(SettingsError::Value {
        setting: setting.into(),
        value: value.chars().take(80).collect(),
        allowed,
    })
}

/// Whether a node's url is the address of an HTTP server.
fn check_http(place: &str, url: &str) -> Result<(), SettingsError> {
    let is_http = url.starts_with("http://") || url.starts_with("https://");
    if !is_http || url.contains('@') {
        let allowed = "an http:// or https:// address without user and password in it";
        // It may hold a password.
        let shown = url.rsplit('@').next().unwrap_or_default();
        return refuse(format!("{place}.url"), shown, allowed);
    }
    Ok(())
}

impl MonerodSettings {
    /// A node by its usual name, whose blocks mature as on the main network.
    pub fn new(url: String, wallet: String) -> Self {
        MonerodSettings {
            name: None,
            url,
            wallet,
            maturity: None,
        }
    }

    pub(super) fn validate(&self, place: &str) -> Result<(), SettingsError> {
        check_http(place, &self.url)?;
        let plain = self.wallet.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !plain || !(90..=120).contains(&self.wallet.len()) {
            let shown: String = self.wallet.chars().take(8).collect();
            return refuse(format!("{place}.wallet"), shown, "a whole Monero address");
        }
        Ok(())
    }
}

impl BitcoindSettings {
    /// How the node knows the hub.
    pub fn credentials(&self) -> Credentials {
        let user = self.user.clone().unwrap_or_default();
        match (&self.password, &self.password_file, &self.cookie_file) {
            (Some(password), ..) => Credentials::Password(user, password.clone()),
            (None, Some(file), _) => Credentials::PasswordFile(user, file.clone()),
            (None, None, Some(file)) => Credentials::Cookie(file.clone()),
            (None, None, None) => Credentials::None,
        }
    }

    fn validate(&self, place: &str) -> Result<(), SettingsError> {
        check_http(place, &self.url)?;
        let plain = self
            .address
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric());
        if !plain || !(26..=100).contains(&self.address.len()) {
            let allowed = "a whole Bitcoin address";
            return refuse(format!("{place}.address"), &*self.address, allowed);
        }
        let secrets = [
            self.password.is_some(),
            self.password_file.is_some(),
            self.cookie_file.is_some(),
        ];
        let given = secrets.iter().filter(|given| **given).count();
        if given > 1 {
            let allowed = "one of password, password_file and cookie_file";
            return refuse(format!("{place}.password"), "given more than once", allowed);
        }
        let by_password = self.password.is_some() || self.password_file.is_some();
        if by_password != self.user.is_some() {
            let allowed = "user together with password or password_file";
            let shown = self.user.clone().unwrap_or_default();
            return refuse(format!("{place}.user"), shown, allowed);
        }
        Ok(())
    }
}

impl PoolSettings {
    /// Where it is, and what devices are credited for 10^12 hashes.
    ///
    /// # Errors
    /// If one of the settings cannot be used. They are called as in the file, where this pool is at `place`, such as
    /// `upstreams.randomx[1]`.
    pub fn checked(&self, place: &str) -> Result<(Address, Money), SettingsError> {
        let Ok(address) = self.url.parse::<Address>() else {
            let allowed = "stratum+tcp://HOST:PORT, or under TLS stratum+ssl://HOST:PORT";
            return refuse(format!("{place}.url"), &*self.url, allowed);
        };
        if let (Some(file), false) = (&self.ca_file, address.tls) {
            let shown = file.display().to_string();
            let allowed = "only with a url under TLS, as stratum+ssl://HOST:PORT";
            return refuse(format!("{place}.ca_file"), shown, allowed);
        }
        let Ok(asset) = self.asset.parse::<Asset>() else {
            let allowed = "\"XMR\", \"BTC\" or \"PRACTICE\"";
            return refuse(format!("{place}.asset"), &*self.asset, allowed);
        };
        match Money::parse(asset, &self.credit_per_terahash) {
            Ok(credit) if (1..=i64::MAX.into()).contains(&credit.atomic) => Ok((address, credit)),
            _ => {
                let setting = format!("{place}.credit_per_terahash");
                let allowed = "a decimal number above 0 with no more places than the asset has";
                refuse(setting, &*self.credit_per_terahash, allowed)
            }
        }
    }
}

impl UpstreamsSettings {
    /// An algorithm's upstreams in order; never empty.
    pub fn of(&self, algorithm: Algorithm) -> Vec<UpstreamSettings> {
        let list = self.listed(algorithm);
        match list.is_empty() {
            true => vec![UpstreamSettings::Practice],
            false => list.clone(),
        }
    }

    fn listed(&self, algorithm: Algorithm) -> &Vec<UpstreamSettings> {
        match algorithm {
            Algorithm::Sha256d => &self.sha256d,
            Algorithm::RandomX => &self.randomx,
            Algorithm::KawPow => &self.kawpow,
            Algorithm::ProgPowZ => &self.progpowz,
            Algorithm::KawPowTest => &self.kawpow_test,
        }
    }

    pub(super) fn validate(&self) -> Result<(), SettingsError> {
        for (setting, value) in [
            ("upstreams.switch_after", self.switch_after),
            ("upstreams.return_after", self.return_after),
        ] {
            if !(1..=3_600).contains(&value) {
                return refuse(setting, value.to_string(), "1 to 3,600 seconds");
            }
        }
        let mut names = HashSet::new();
        for algorithm in Algorithm::ALL {
            for (index, upstream) in self.listed(algorithm).iter().enumerate() {
                let place = place(algorithm, index);
                let name = upstream.name();
                if !upstream.suits(algorithm) {
                    let found = format!("{} for {algorithm}", upstream.kind());
                    let allowed =
                        "monerod for randomx, bitcoind for sha256d; pool and practice for all";
                    return refuse(format!("{place}.kind"), found, allowed);
                }
                upstream.validate(&place)?;
                let plain =
                    |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
                if !(1..=32).contains(&name.len()) || !name.bytes().all(plain) {
                    let allowed = "1 to 32 of a–z, 0–9 and \"-\"";
                    return refuse(format!("{place}.name"), name, allowed);
                }
                let is_practice = *upstream == UpstreamSettings::Practice;
                let foreign = !is_practice && name == crate::upstream::practice::NAME;
                if foreign || (!is_practice && !names.insert(name)) {
                    let allowed = "a name of its own for each upstream (setting name)";
                    return refuse(format!("{place}.name"), name, allowed);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
