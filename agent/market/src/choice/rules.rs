//! The owner's settings for what is worked on, checked.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The settings as they are written down.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Other work must bring so much more, in percent of the pay: from 0 to 50.
    pub margin_percent: f64,
    /// A processor stays with what it began for so long, in minutes: at most a week.
    pub minimum_minutes: u32,
    /// So long it is expected to stay, in minutes, above 0 and at most 90 days: what a switch costs is spread over that.
    pub holding_minutes: u32,
    /// What is paid out later than in so many days is hardly preferred: from 1.
    pub payout_limit_days: u32,
    /// Quotes older than this are stale, in minutes: from 1.
    pub stale_minutes: u32,
    /// Whether a processor rests while nothing pays more than its electricity costs.
    pub rest_when_unprofitable: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            margin_percent: 5.0,
            minimum_minutes: 30,
            holding_minutes: 6 * 60,
            payout_limit_days: 180,
            stale_minutes: 3 * 60,
            rest_when_unprofitable: true,
        }
    }
}

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BadSetting {
    /// No percentage, or too large a one.
    #[error("margin_percent = {0}; allowed: from 0 to 50")]
    Margin(f64),
    /// Too long.
    #[error("minimum_minutes = {0}; allowed: from 0 to 10080 (a week)")]
    Minimum(u32),
    /// Nothing, or too long.
    #[error("holding_minutes = {0}; allowed: from 1 to 129600 (90 days)")]
    Holding(u32),
    /// Nothing.
    #[error("payout_limit_days = 0; allowed: from 1")]
    PayoutLimit,
    /// Nothing.
    #[error("stale_minutes = 0; allowed: from 1")]
    Stale,
}

/// What decides, with settings that were checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// As a part of the pay.
    pub(super) margin: f64,
    pub(super) minimum: Duration,
    pub(super) holding: Duration,
    pub(super) payout_limit_days: f64,
    pub(super) stale_after: Duration,
    pub(super) rest_when_unprofitable: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Rules::try_new(Settings::default()).expect("the defaults are allowed, a test says so")
    }
}

impl Rules {
    /// Checks the settings.
    ///
    /// # Errors
    /// The first setting that cannot be.
    pub fn try_new(settings: Settings) -> Result<Rules, BadSetting> {
        let minutes = |minutes: u32| Duration::from_secs(u64::from(minutes) * 60);
        let margin = settings.margin_percent;
        if !(0.0..=50.0).contains(&margin) {
            return Err(BadSetting::Margin(margin));
        }
        if settings.minimum_minutes > 7 * 24 * 60 {
            return Err(BadSetting::Minimum(settings.minimum_minutes));
        }
        if !(1..=90 * 24 * 60).contains(&settings.holding_minutes) {
            return Err(BadSetting::Holding(settings.holding_minutes));
        }
        if settings.payout_limit_days == 0 {
            return Err(BadSetting::PayoutLimit);
        }
        if settings.stale_minutes == 0 {
            return Err(BadSetting::Stale);
        }
        Ok(Rules {
            margin: margin / 100.0,
            minimum: minutes(settings.minimum_minutes),
            holding: minutes(settings.holding_minutes),
            payout_limit_days: f64::from(settings.payout_limit_days),
            stale_after: minutes(settings.stale_minutes),
            rest_when_unprofitable: settings.rest_when_unprofitable,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_allowed_and_what_cannot_be_is_named() {
        let good = Settings::default();
        assert_eq!(Rules::try_new(good), Ok(Rules::default()));
        for margin_percent in [-0.1, 50.1, f64::NAN, f64::INFINITY] {
            let bad = Settings {
                margin_percent,
                ..good
            };
            let error = Rules::try_new(bad).expect_err("no margin");
            assert!(error.to_string().contains("from 0 to 50"), "{error}");
        }
        let bad = [
            Settings {
                minimum_minutes: 10_081,
                ..good
            },
            Settings {
                holding_minutes: 0,
                ..good
            },
            Settings {
                holding_minutes: 129_601,
                ..good
            },
            Settings {
                payout_limit_days: 0,
                ..good
            },
            Settings {
                stale_minutes: 0,
                ..good
            },
        ];
        for settings in bad {
            let error = Rules::try_new(settings).expect_err("cannot be");
            assert!(error.to_string().contains("allowed: from"), "{error}");
        }
    }

    #[test]
    fn settings_read_back_and_a_wrong_name_is_refused() {
        let text = serde_json::to_string(&Settings::default()).expect("written");
        assert_eq!(serde_json::from_str(&text).ok(), Some(Settings::default()));
        let part: Settings = serde_json::from_str(r#"{"margin_percent": 3}"#).expect("read");
        assert_eq!(part.minimum_minutes, 30);
        let wrong = serde_json::from_str::<Settings>(r#"{"margin": 3}"#);
        assert!(wrong.is_err(), "{wrong:?}");
    }
}
