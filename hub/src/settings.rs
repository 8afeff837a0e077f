//! What an operator can set: a TOML file, and flags that win over it.

mod difficulty;
mod drain;
mod earnings;
mod prices;
mod tls;
mod upstreams;
mod verification;
mod withdrawals;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use idlewatt_kernels::Algorithm;
use serde::Deserialize;

pub use difficulty::{DifficultyRange, DifficultySettings};
pub use drain::DrainTo;
pub use earnings::{EarningsSettings, ReleaseSettings};
pub use prices::PricesSettings;
pub use tls::TlsSettings;
pub(crate) use upstreams::place;
pub use upstreams::{
    BitcoindSettings, MonerodSettings, PoolSettings, UpstreamSettings, UpstreamsSettings,
};
pub use verification::{VerificationMode, VerificationSettings};
pub use withdrawals::{Approval, WalletSettings, WithdrawalSettings, WithdrawalTerms};

/// Everything a hub needs to know. The defaults are a complete practice hub on loopback.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where the database is. Created if it is missing.
    pub data_dir: PathBuf,
    /// A PostgreSQL server to keep everything in instead: `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    pub database: Option<String>,
    /// What people reach the HTTP API at, such as `https://hub.example`, where that is not [`Settings::http`]. Referral links
    /// begin with it.
    pub public_url: Option<String>,
    /// Where the HTTP API listens; port 0 takes a free one.
    pub http: SocketAddr,
    /// Where the Stratum server listens; port 0 takes a free one.
    pub stratum: SocketAddr,
    /// Where the Stratum server takes TLS connections only. With a certificate all its other ports take them, too.
    pub stratum_tls: Option<SocketAddr>,
    /// Where the HTTP API listens with TLS.
    pub https: Option<SocketAddr>,
    /// The certificate for TLS.
    pub tls: Option<TlsSettings>,
    /// Where miners are sent when the hub ends; they are asked to come back here where it is not set.
    pub drain_to: Option<DrainTo>,
    /// Seconds for which a hub that was told to end still answers HTTP, and says at `/readyz` that it is ending, so that load
    /// balancers see it. Miners are sent away at once.
    pub drain_for: u64,
    /// Where the Stratum server for KawPow listens; port 0 takes a free one.
    pub stratum_kawpow: SocketAddr,
    /// Where the Stratum server for ProgPoWZ listens; port 0 takes a free one.
    pub stratum_progpowz: SocketAddr,
    /// Where metrics are shown, as Prometheus reads them; nowhere without it. For the operator alone.
    pub metrics: Option<SocketAddr>,
    /// Whether the algorithm for tests is offered too, on a free port of the loopback.
    pub test_algorithm: bool,
    /// A Monero node to take RandomX work from: short for a list of [`UpstreamsSettings::randomx`] with one entry.
    pub monerod: Option<MonerodSettings>,
    /// Where work comes from.
    pub upstreams: UpstreamsSettings,
    /// How hard the first share of a connection is.
    pub difficulty: DifficultySettings,
    /// What shares are worth.
    pub earnings: EarningsSettings,
    /// How RandomX shares are verified.
    pub verification: VerificationSettings,
    /// Who is paid out, and from which wallets.
    pub withdrawals: WithdrawalSettings,
    /// Where it is heard what coins cost.
    pub prices: PricesSettings,
    /// What a stranger can use up.
    pub limits: LimitSettings,
}

/// Limits against overload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSettings {
    /// Stratum connections in total.
    pub connections: usize,
    /// Stratum connections from one address.
    pub connections_per_address: usize,
    /// HTTP connections in total.
    pub http_connections: usize,
    /// Standard miners that one account may have by name.
    pub workers_per_account: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            data_dir: PathBuf::from("idlewatt-hub"),
            database: None,
            public_url: None,
            http: SocketAddr::from(([127, 0, 0, 1], 8480)),
            stratum: SocketAddr::from(([127, 0, 0, 1], 3480)),
            stratum_tls: None,
            https: None,
            tls: None,
            drain_to: None,
            drain_for: 0,
            stratum_kawpow: SocketAddr::from(([127, 0, 0, 1], 3481)),
            stratum_progpowz: SocketAddr::from(([127, 0, 0, 1], 3482)),
            metrics: None,
            test_algorithm: false,
            monerod: None,
            upstreams: UpstreamsSettings::default(),
            difficulty: DifficultySettings::default(),
            earnings: EarningsSettings::default(),
            verification: VerificationSettings::default(),
            withdrawals: WithdrawalSettings::default(),
            prices: PricesSettings::default(),
            limits: LimitSettings::default(),
        }
    }
}

impl Default for LimitSettings {
    fn default() -> Self {
        LimitSettings {
            connections: 20_000,
            connections_per_address: 1_000,
            http_connections: 512,
            workers_per_account: 1_000,
        }
    }
}

/// Settings that cannot be used. The message names the file or flag, the setting, and what is allowed.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file is not there or cannot be read.
    #[error("cannot read the settings file {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A line that is not TOML, an unknown setting or a value of the wrong type.
    #[error("{}: {source}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Line, setting and what is allowed.
        source: Box<toml::de::Error>,
    },
    /// A value outside its range.
    #[error("setting {setting} is {value}; allowed: {allowed}")]
    Value {
        /// Its name, as in the file; entries of a list are counted from 0.
        setting: String,
        /// What was given.
        value: String,
        /// What may be given.
        allowed: &'static str,
    },
}

impl Settings {
    /// Reads a settings file.
    ///
    /// # Errors
    /// If it cannot be read, or holds something unknown.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(path).map_err(|source| SettingsError::Read {
            path: path.to_owned(),
            source,
        })?;
        toml::from_str(&text).map_err(|source| SettingsError::Parse {
            path: path.to_owned(),
            source: Box::new(source),
        })
    }

    /// Setting and address of an algorithm that has a Stratum port of its own; `None` if it has not, or is not offered.
    pub fn own_stratum(&self, algorithm: Algorithm) -> Option<(&'static str, SocketAddr)> {
        match algorithm {
            Algorithm::Sha256d | Algorithm::RandomX => None,
            Algorithm::KawPow => Some(("stratum_kawpow", self.stratum_kawpow)),
            Algorithm::ProgPowZ => Some(("stratum_progpowz", self.stratum_progpowz)),
            Algorithm::KawPowTest => {
                let free = SocketAddr::from(([127, 0, 0, 1], 0));
                self.test_algorithm.then_some(("test_algorithm", free))
            }
        }
    }

    /// An algorithm's upstreams, the one that is wanted most first; never empty.
    pub fn upstreams_of(&self, algorithm: Algorithm) -> Vec<UpstreamSettings> {
        match &self.monerod {
            Some(node) if algorithm == Algorithm::RandomX => {
                vec![UpstreamSettings::Monerod(node.clone())]
            }
            _ => self.upstreams.of(algorithm),
        }
    }

    /// Checks what the types cannot.
    ///
    /// # Errors
    /// If a value is outside its range.
    pub fn validate(&self) -> Result<(), SettingsError> {
        let refuse = |setting: &str, value: String, allowed| {
            Err(SettingsError::Value {
                setting: setting.to_owned(),
                value,
                allowed,
            })
        };
        self.difficulty.validate()?;
        self.earnings.validate()?;
        self.withdrawals.validate()?;
        self.prices.validate()?;
        for (setting, value) in [
            ("limits.connections", self.limits.connections),
            (
                "limits.connections_per_address",
                self.limits.connections_per_address,
            ),
            ("limits.http_connections", self.limits.http_connections),
        ] {
            if value == 0 {
                return refuse(setting, value.to_string(), "1 or more");
            }
        }
        if let Some(url) = &self.public_url {
            let plain = |byte: u8| {
                byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'?' | b'#')
            };
            let web = url.starts_with("http://") || url.starts_with("https://");
            if !web || !url.bytes().all(plain) {
                let allowed = "an http:// or https:// address without spaces, ? and #";
                return refuse("public_url", url.clone(), allowed);
            }
        }
        self.verification.validate()?;
        for (setting, address) in [("stratum_tls", self.stratum_tls), ("https", self.https)] {
            if let (Some(address), None) = (address, &self.tls) {
                let allowed = "only with [tls] certificate and key";
                return refuse(setting, address.to_string(), allowed);
            }
        }
        if self.drain_for > 3_600 {
            let value = self.drain_for.to_string();
            return refuse("drain_for", value, "0 to 3,600 seconds");
        }
        if self.limits.connections > 1 << 24 {
            let value = self.limits.connections.to_string();
            return refuse("limits.connections", value, "1 to 16,777,216");
        }
        self.upstreams.validate()?;
        if let Some(node) = &self.monerod {
            node.validate("monerod")?;
            if !self.upstreams.randomx.is_empty() {
                let allowed = "either [monerod] or [[upstreams.randomx]]";
                return refuse("monerod", node.url.clone(), allowed);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("hub.toml");
        std::fs::write(&path, text).expect("written");
        let settings = Settings::read(&path).map_err(|error| error.to_string())?;
        settings.validate().map_err(|error| error.to_string())?;
        Ok(settings)
    }

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(read(""), Ok(Settings::default()));
        assert_eq!(
            Settings::default().validate().map_err(|e| e.to_string()),
            Ok(())
        );
    }

    #[test]
    fn what_is_set_is_read() {
        let text = "http = \"0.0.0.0:80\"\nstratum_progpowz = \"[::1]:9\"\ntest_algorithm = true\n\
                    [limits]\nconnections = 5\n\
                    [difficulty.randomx]\nstart = 9\nleast = 2\nmost = 10\n\
                    [difficulty.kawpow-test]\nstart = 3\nleast = 2\nmost = 4\n";
        let settings = read(text).expect("valid");
        assert_eq!(settings.stratum_progpowz.to_string(), "[::1]:9");
        assert_eq!(settings.stratum_kawpow.to_string(), "127.0.0.1:3481");
        assert!(settings.test_algorithm);
        assert_eq!(settings.difficulty.of(Algorithm::KawPowTest).most, 4);
        assert_eq!(settings.http, SocketAddr::from(([0, 0, 0, 0], 80)));
        assert_eq!(settings.limits.connections, 5);
        assert_eq!(settings.difficulty.randomx.start, 9);
        assert_eq!(
            settings.difficulty.sha256d,
            DifficultySettings::default().sha256d
        );
    }

    #[test]
    fn errors_name_file_line_and_what_is_allowed() {
        for (text, words) in [
            (
                "\nhtpp = \"x\"",
                vec!["hub.toml", "line 2", "htpp", "stratum"],
            ),
            ("http = \"nowhere\"", vec!["hub.toml", "line 1", "nowhere"]),
            (
                "[limits]\nconnections = 0",
                vec!["limits.connections", "1 or more"],
            ),
            (
                "[difficulty]\nrandomx = { start = 1, least = 2, most = 3 }",
                vec!["difficulty.randomx.start is 1", "least ≤ start"],
            ),
            (
                "[difficulty]\nkawpow = { start = 1, least = 0, most = 3 }",
                vec!["difficulty.kawpow.least is 0", "1 ≤ least"],
            ),
            (
                "[difficulty]\nsha256d = { start = 2, least = 1, most = 2 }",
                vec!["difficulty.sha256d.least is 1", "2 ≤ least"],
            ),
            (
                "[difficulty.kawpow-test]\nstart = 1\nleast = 1\nmost = 4503599627370497",
                vec!["difficulty.kawpow-test.most is 4503599627370497", "2^52"],
            ),
            (
                "[earnings]\nrelease_after = { XMR = 31536001 }",
                vec!["earnings.release_after", "XMR = 31536001", "31,536,000"],
            ),
            (
                "[earnings]\nrelease_after = { DOGE = 1 }",
                vec!["hub.toml", "line 2", "DOGE", "PRACTICE"],
            ),
            (
                "stratum_kawpow = 3481",
                vec!["hub.toml", "line 1", "socket address"],
            ),
            ("drain_for = 3601", vec!["drain_for", "3601", "3,600 s"]),
            (
                "test_algorithm = \"kawpow\"",
                vec!["hub.toml", "line 1", "boolean"],
            ),
            (
                "[monerod]\nurl = \"ftp://x\"\nwallet = \"4\"",
                vec!["monerod.url", "ftp://x", "http://"],
            ),
            (
                "[monerod]\nurl = \"http://x\"\nwallet = \"4\"",
                vec!["monerod.wallet", "a whole Monero address"],
            ),
            ("[monerod]\nurl = \"http://x\"", vec!["wallet"]),
            (
                "public_url = \"hub.example\"",
                vec!["public_url", "hub.example", "https://"],
            ),
            (
                "[prices]\nurl = \"ftp://prices\"",
                vec!["prices.url", "ftp://prices", "or nothing"],
            ),
            ("[prices]\nevery = 0", vec!["prices.every", "1 to 86,400"]),
        ] {
            let error = read(text).expect_err(text);
            for word in words {
                assert!(error.contains(word), "{word} is not in: {error}");
            }
        }
        let missing = Settings::read(Path::new("/nowhere/hub.toml")).expect_err("missing");
        assert!(missing.to_string().contains("/nowhere/hub.toml"));
    }
}
