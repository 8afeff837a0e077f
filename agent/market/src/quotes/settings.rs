//! How much of what sources say is believed.

use jiff::SignedDuration;

/// When a figure is an outlier, a jump or old. Factors are how many times one value may be of another, either way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// How far prices of different sources may be apart.
    pub price_factor: f64,
    /// How far the hashes that a coin takes may be apart: difficulty changes within minutes.
    pub network_factor: f64,
    /// From what factor on a change is a jump.
    pub jump_factor: f64,
    /// Within what time of the last believed value a jump is not believed at once.
    pub jump_window: SignedDuration,
    /// How long one source has to stay with a jump until it is believed.
    pub confirm_after: SignedDuration,
    /// How old a figure may be before it is stale.
    pub fresh_for: SignedDuration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            price_factor: 1.25,
            network_factor: 1.5,
            jump_factor: 2.0,
            jump_window: SignedDuration::from_hours(1),
            confirm_after: SignedDuration::from_mins(30),
            fresh_for: SignedDuration::from_hours(1),
        }
    }
}

/// A setting that makes no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SettingsError {
    /// A factor that everything or nothing is within.
    #[error("{name} is {found}; allowed: above 1, at most 1000")]
    Factor {
        /// The setting.
        name: &'static str,
        /// What it was.
        found: f64,
    },
    /// A time of no length.
    #[error("{name} is {found:#}; allowed: above 0")]
    Time {
        /// The setting.
        name: &'static str,
        /// What it was.
        found: SignedDuration,
    },
}

impl Settings {
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        for (name, found) in [
            ("price_factor", self.price_factor),
            ("network_factor", self.network_factor),
            ("jump_factor", self.jump_factor),
        ] {
            if !(found > 1.0 && found <= 1000.0) {
                return Err(SettingsError::Factor { name, found });
            }
        }
        for (name, found) in [
            ("jump_window", self.jump_window),
            ("confirm_after", self.confirm_after),
            ("fresh_for", self.fresh_for),
        ] {
            if !found.is_positive() {
                return Err(SettingsError::Time { name, found });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_refused_with_what_is_allowed() {
        let usual = Settings::default();
        assert_eq!(usual.check(), Ok(()));
        for price_factor in [1.0, 0.0, f64::NAN, f64::INFINITY] {
            let settings = Settings {
                price_factor,
                ..usual
            };
            let error = settings.check().expect_err("refused").to_string();
            assert!(error.starts_with("price_factor is"), "{error}");
        }
        let settings = Settings {
            fresh_for: SignedDuration::ZERO,
            ..usual
        };
        let error = settings.check().expect_err("refused").to_string();
        assert_eq!(error, "fresh_for is 0s; allowed: above 0");
    }
}
