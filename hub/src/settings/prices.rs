//! Where the hub hears what coins cost.

use serde::Deserialize;

use super::SettingsError;

/// Whom it asks, and how often.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PricesSettings {
    /// An address that answers as CoinGecko's `simple/price` does; nobody is asked where it is empty.
    pub url: String,
    /// Seconds between questions.
    pub every: u64,
}

impl Default for PricesSettings {
    fn default() -> Self {
        PricesSettings {
            url: "https://api.coingecko.com/api/v3/simple/price".to_owned(),
            every: 600,
        }
    }
}

impl PricesSettings {
    pub(super) fn validate(&self) -> Result<(), SettingsError> {
        let refuse = |setting: &str, value: String, allowed| {
            Err(SettingsError::Value {
                setting: setting.to_owned(),
                value,
                allowed,
            })
        };
        let web = self.url.starts_with("http://") || self.url.starts_with("https://");
        if !self.url.is_empty() && (!web || reqwest::Url::parse(&self.url).is_err()) {
            let allowed = "an http:// or https:// address, or nothing";
            return refuse("prices.url", self.url.chars().take(80).collect(), allowed);
        }
        if !(1..=86_400).contains(&self.every) {
            return refuse(
                "prices.every",
                self.every.to_string(),
                "1 to 86,400 seconds",
            );
        }
        Ok(())
    }
}
