//! What shares are worth, and who gets it.

use idlewatt_protocol::Asset;
use idlewatt_store::Terms;
use serde::Deserialize;

use super::SettingsError;

/// In seconds.
const YEAR: u64 = 365 * 86_400;

/// Fee, referrals and how often shares become money.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EarningsSettings {
    /// The operator's part of every share, in ten-thousandths: 100 is one per cent.
    pub fee_basis_points: u32,
    /// The referrers' parts of the fee, nearest first, in ten-thousandths of it. At most three.
    pub referral_tiers: Vec<u32>,
    /// Seconds between settlements.
    pub settle_every: u64,
    /// Seconds after which what was settled can be withdrawn: as long as its block may still be orphaned.
    pub release_after: ReleaseSettings,
}

/// How old earnings must be, in seconds, before they can be withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReleaseSettings {
    /// Practice units, which no block pays.
    #[serde(rename = "PRACTICE")]
    pub practice: u64,
    /// Monero: a block's reward can be spent 60 blocks later, two hours.
    #[serde(rename = "XMR")]
    pub monero: u64,
    /// Bitcoin: a block's reward can be spent 100 blocks later, 17 hours.
    #[serde(rename = "BTC")]
    pub bitcoin: u64,
}

impl ReleaseSettings {
    /// For one asset.
    pub fn of(&self, asset: Asset) -> u64 {
        match asset {
            Asset::Practice => self.practice,
            Asset::Monero => self.monero,
            Asset::Bitcoin => self.bitcoin,
        }
    }
}

impl Default for ReleaseSettings {
    fn default() -> Self {
        ReleaseSettings {
            practice: 0,
            monero: 2 * 3_600,
            bitcoin: 17 * 3_600,
        }
    }
}

impl Default for EarningsSettings {
    fn default() -> Self {
        EarningsSettings {
            fee_basis_points: 0,
            referral_tiers: vec![2_000, 1_000, 500],
            settle_every: 60,
            release_after: ReleaseSettings::default(),
        }
    }
}

impl EarningsSettings {
    /// What a settlement goes by.
    pub fn terms(&self) -> Terms {
        Terms {
            tiers: self.referral_tiers.clone(),
        }
    }

    pub(super) fn validate(&self) -> Result<(), SettingsError> {
        let refuse = |setting: &str, value: String, allowed| {
            Err(SettingsError::Value {
                setting: setting.to_owned(),
                value,
                allowed,
            })
        };
        if self.fee_basis_points > 10_000 {
            let value = self.fee_basis_points.to_string();
            return refuse("earnings.fee_basis_points", value, "0 to 10,000");
        }
        let tiers = &self.referral_tiers;
        let sum: u64 = tiers.iter().map(|tier| u64::from(*tier)).sum();
        if tiers.len() > 3 || sum > 10_000 {
            let allowed = "at most three numbers, together at most 10,000";
            return refuse("earnings.referral_tiers", format!("{tiers:?}"), allowed);
        }
        if !(1..=3_600).contains(&self.settle_every) {
            let value = self.settle_every.to_string();
            return refuse("earnings.settle_every", value, "1 to 3,600 seconds");
        }
        let after = self.release_after;
        if let Some(asset) = Asset::ALL.into_iter().find(|asset| after.of(*asset) > YEAR) {
            let value = format!("{{ {asset} = {} }}", after.of(asset));
            return refuse("earnings.release_after", value, "0 to 31,536,000 seconds");
        }
        Ok(())
    }
}
