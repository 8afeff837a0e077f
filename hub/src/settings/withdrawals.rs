//! Which wallets pay withdrawals, and under which conditions.

use std::path::PathBuf;

use idlewatt_protocol::{Asset, Money};
use jiff::SignedDuration;
use serde::Deserialize;

use super::SettingsError;
use crate::payouts::address::Network;

/// Withdrawals. Without a wallet of an asset nobody can withdraw it; practice is never paid.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WithdrawalSettings {
    /// Seconds that an address waits which its account never used before.
    pub cooling_off: u64,
    /// Seconds between two looks at the wallets, while there is something to pay or to watch.
    pub look_every: u64,
    /// A `monero-wallet-rpc`.
    pub monero: Option<WalletSettings>,
    /// A `bitcoind` with a wallet.
    pub bitcoin: Option<WalletSettings>,
}

/// A wallet that the hub pays from, and that nobody else pays from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WalletSettings {
    /// Its RPC address, such as `http://127.0.0.1:18083`.
    pub url: String,
    /// Who logs in there; nobody if it asks for no login.
    #[serde(default)]
    pub user: Option<String>,
    /// The file with that login's password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// The wallet's name there, to open it when it is not open. Without it the wallet must be open.
    #[serde(default)]
    pub wallet: Option<String>,
    /// The file with the password that the wallet is locked with.
    #[serde(default)]
    pub wallet_password_file: Option<PathBuf>,
    /// The network that it is on: checked before anything is paid.
    #[serde(default = "mainnet")]
    pub network: Network,
    /// The least that can be withdrawn, in whole coins.
    #[serde(default)]
    pub threshold: Option<String>,
    /// What the hub keeps of each withdrawal, in whole coins. The network's fee is the operator's.
    #[serde(default)]
    pub fee: Option<String>,
    /// The most that is approved in 24 hours without the operator, in whole coins.
    #[serde(default)]
    pub hot_wallet_limit: Option<String>,
    /// Who approves.
    #[serde(default)]
    pub approval: Approval,
    /// How often the network confirms a payment until it counts as final.
    #[serde(default)]
    pub confirmations: Option<u64>,
}

/// Who approves withdrawals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Approval {
    /// The hub, up to the hot-wallet limit; the operator beyond it.
    #[default]
    Automatic,
    /// The operator, each single one.
    Operator,
}

/// What a withdrawal of an asset costs and when it is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WithdrawalTerms {
    /// The least that can be withdrawn.
    pub threshold: Money,
    /// What the hub keeps.
    pub fee: Money,
    /// The most that is approved in 24 hours without the operator; nothing if the operator approves each.
    pub hot_wallet_limit: Money,
    /// How often the network confirms a payment until it counts as final.
    pub confirmations: u64,
}

fn mainnet() -> Network {
    Network::Mainnet
}

impl Default for WithdrawalSettings {
    fn default() -> Self {
        WithdrawalSettings {
            cooling_off: 86_400,
            look_every: 10,
            monero: None,
            bitcoin: None,
        }
    }
}

impl WithdrawalSettings {
    /// The wallet that pays an asset.
    pub fn wallet(&self, asset: Asset) -> Option<&WalletSettings> {
        match asset {
            Asset::Practice => None,
            Asset::Monero => self.monero.as_ref(),
            Asset::Bitcoin => self.bitcoin.as_ref(),
        }
    }

    /// How long a new address waits.
    pub fn cooling_off(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::try_from(self.cooling_off).unwrap_or(i64::MAX))
    }

    pub(super) fn validate(&self) -> Result<(), SettingsError> {
        let refuse = |setting: &str, value: String, allowed| {
            Err(SettingsError::Value {
                setting: setting.to_owned(),
                value,
                allowed,
            })
        };
        if self.cooling_off > 31_536_000 {
            let value = self.cooling_off.to_string();
            return refuse("withdrawals.cooling_off", value, "0 to 31,536,000 seconds");
        }
        if !(1..=3_600).contains(&self.look_every) {
            let value = self.look_every.to_string();
            return refuse("withdrawals.look_every", value, "1 to 3,600 seconds");
        }
        for asset in [Asset::Monero, Asset::Bitcoin] {
            let Some(wallet) = self.wallet(asset) else {
                continue;
            };
            let names = Names::of(asset);
            let web = wallet.url.starts_with("http://") || wallet.url.starts_with("https://");
            if !web || wallet.url.contains('@') {
                // Behind the @: before it a password may be.
                let value = wallet.url.rsplit('@').next().unwrap_or_default().to_owned();
                let allowed = "an http:// or https:// address without user and password in it";
                return refuse(names.url, value, allowed);
            }
            if wallet.user.is_some() != wallet.password_file.is_some() {
                let value = format!("{:?}", wallet.user);
                return refuse(names.user, value, "user and password_file, both or neither");
            }
            if asset == Asset::Bitcoin && wallet.network == Network::Stagenet {
                return refuse(
                    names.network,
                    wallet.network.to_string(),
                    "mainnet, testnet or regtest",
                );
            }
            wallet.terms(asset)?;
        }
        Ok(())
    }
}

impl WalletSettings {
    /// The conditions.
    ///
    /// # Errors
    /// If an amount cannot be read, or the fee would leave less than can be paid.
    pub fn terms(&self, asset: Asset) -> Result<WithdrawalTerms, SettingsError> {
        let names = Names::of(asset);
        // What is left must be worth a payment: a Bitcoin node passes nothing below 546 satoshi on.
        let (threshold, fee, limit, confirmations, least) = match asset {
            Asset::Bitcoin => ("0.001", "0.00005", "0.1", 6, 1_000),
            _ => ("0.01", "0.0002", "10", 10, 1),
        };
        let read = |setting: &str, text: &Option<String>, default: &str| {
            let text = text.as_deref().unwrap_or(default);
            Money::parse(asset, text)
                .ok()
                .filter(|money| (0..=i128::from(i64::MAX)).contains(&money.atomic))
                .ok_or_else(|| SettingsError::Value {
                    setting: setting.to_owned(),
                    value: text.to_owned(),
                    allowed: "an amount in whole coins, such as \"0.01\"",
                })
        };
        let terms = WithdrawalTerms {
            threshold: read(names.threshold, &self.threshold, threshold)?,
            fee: read(names.fee, &self.fee, fee)?,
            hot_wallet_limit: match self.approval {
                Approval::Automatic => read(names.limit, &self.hot_wallet_limit, limit)?,
                Approval::Operator => Money::zero(asset),
            },
            confirmations: self.confirmations.unwrap_or(confirmations),
        };
        if terms.threshold.atomic - terms.fee.atomic < least {
            return Err(SettingsError::Value {
                setting: names.threshold.to_owned(),
                value: terms.threshold.to_string(),
                allowed: "more than the fee (for BTC by at least 0.00001)",
            });
        }
        if !(1..=1_000).contains(&terms.confirmations) {
            return Err(SettingsError::Value {
                setting: names.confirmations.to_owned(),
                value: terms.confirmations.to_string(),
                allowed: "1 to 1,000",
            });
        }
        Ok(terms)
    }
}

/// How the settings of an asset's wallet are called in the file.
struct Names {
    url: &'static str,
    user: &'static str,
    network: &'static str,
    threshold: &'static str,
    fee: &'static str,
    limit: &'static str,
    confirmations: &'static str,
}

macro_rules! names {
    ($section:literal) => {
        Names {
            url: concat!("withdrawals.", $section, ".url"),
            user: concat!("withdrawals.", $section, ".user"),
            network: concat!("withdrawals.", $section, ".network"),
            threshold: concat!("withdrawals.", $section, ".threshold"),
            fee: concat!("withdrawals.", $section, ".fee"),
            limit: concat!("withdrawals.", $section, ".hot_wallet_limit"),
            confirmations: concat!("withdrawals.", $section, ".confirmations"),
        }
    };
}

impl Names {
    fn of(asset: Asset) -> Self {
        match asset {
            Asset::Bitcoin => names!("bitcoin"),
            _ => names!("monero"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<WithdrawalSettings, String> {
        let settings: WithdrawalSettings =
            toml::from_str(text).map_err(|error| error.to_string())?;
        settings.validate().map_err(|error| error.to_string())?;
        Ok(settings)
    }

    #[test]
    fn a_wallet_needs_only_its_address() {
        let settings = read("[monero]\nurl = \"http://127.0.0.1:18083\"\n").expect("valid");
        let wallet = settings.wallet(Asset::Monero).expect("set");
        let terms = wallet.terms(Asset::Monero).expect("valid");
        assert_eq!(terms.threshold.amount(), "0.010000000000");
        assert_eq!(terms.confirmations, 10);
        assert_eq!(wallet.network, Network::Mainnet);
        assert_eq!(settings.wallet(Asset::Practice), None);
        assert_eq!(settings.wallet(Asset::Bitcoin), None);
    }

    #[test]
    fn errors_name_the_setting_and_what_is_allowed() {
        let bitcoin = |line: &str| format!("[bitcoin]\nurl = \"http://127.0.0.1:8332\"\n{line}\n");
        for (text, words) in [
            (
                "cooling_off = 99999999".to_owned(),
                "withdrawals.cooling_off",
            ),
            ("look_every = 0".to_owned(), "1 to 3,600"),
            (
                "[monero]\nurl = \"127.0.0.1\"".to_owned(),
                "withdrawals.monero.url",
            ),
            (
                "[monero]\nurl = \"http://u:secret@host:1\"".to_owned(),
                "withdrawals.monero.url is host:1",
            ),
            (bitcoin("fee = \"-1\""), "withdrawals.bitcoin.fee is -1"),
            (bitcoin("threshold = \"0.00005\""), "more than the fee"),
            (bitcoin("threshold = 1"), "expected a string"),
            (
                bitcoin("network = \"stagenet\""),
                "mainnet, testnet or regtest",
            ),
            (bitcoin("user = \"u\""), "both or neither"),
            (
                bitcoin("confirmations = 0"),
                "withdrawals.bitcoin.confirmations",
            ),
            (bitcoin("approval = \"nobody\""), "automatic"),
        ] {
            let error = read(&text).expect_err(&text);
            assert!(error.contains(words), "{words} is not in: {error}");
        }
        let by_hand = read(&bitcoin("approval = \"operator\"")).expect("valid");
        let terms = by_hand
            .bitcoin
            .expect("set")
            .terms(Asset::Bitcoin)
            .expect("valid");
        assert_eq!(terms.hot_wallet_limit.atomic, 0);
    }
}
