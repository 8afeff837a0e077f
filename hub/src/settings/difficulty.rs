//! How hard shares are.

use idlewatt_kernels::Algorithm;
use serde::Deserialize;

use super::SettingsError;

/// The most hashes that a share may take: what a double still tells apart from one more.
const HARDEST: u64 = 1 << 52;

/// Difficulties of all algorithms, by their names.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DifficultySettings {
    /// For sha256d.
    pub sha256d: DifficultyRange,
    /// For RandomX.
    pub randomx: DifficultyRange,
    /// For KawPow.
    pub kawpow: DifficultyRange,
    /// For ProgPoWZ.
    pub progpowz: DifficultyRange,
    /// For the algorithm for tests.
    #[serde(rename = "kawpow-test")]
    pub kawpow_test: DifficultyRange,
}

impl DifficultySettings {
    /// For one algorithm.
    pub fn of(&self, algorithm: Algorithm) -> DifficultyRange {
        match algorithm {
            Algorithm::Sha256d => self.sha256d,
            Algorithm::RandomX => self.randomx,
            Algorithm::KawPow => self.kawpow,
            Algorithm::ProgPowZ => self.progpowz,
            Algorithm::KawPowTest => self.kawpow_test,
        }
    }
}

/// In hashes that a share takes on average. Within it the hub aims at a share every few seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DifficultyRange {
    /// Of the first job of a device not seen before.
    pub start: u64,
    /// The easiest.
    pub least: u64,
    /// The hardest.
    pub most: u64,
}

impl Default for DifficultySettings {
    fn default() -> Self {
        DifficultySettings {
            sha256d: DifficultyRange {
                start: 1 << 22,
                least: 1 << 20,
                most: 1 << 50,
            },
            randomx: DifficultyRange {
                start: 400,
                least: 100,
                most: 1 << 32,
            },
            // A usual card (20 MH/s) takes a second for the first share; one of a twentieth of that gets there, too.
            kawpow: DifficultyRange {
                start: 1 << 24,
                least: 1 << 20,
                most: 1 << 44,
            },
            progpowz: DifficultyRange {
                start: 1 << 24,
                least: 1 << 20,
                most: 1 << 44,
            },
            // A processor that stands in for a card reaches some 1,000 H/s.
            kawpow_test: DifficultyRange {
                start: 200,
                least: 20,
                most: 1 << 32,
            },
        }
    }
}

impl DifficultySettings {
    pub(super) fn validate(&self) -> Result<(), SettingsError> {
        for algorithm in Algorithm::ALL {
            let DifficultyRange { start, least, most } = self.of(algorithm);
            // Bitcoin's dialect sends a difficulty, and that of one hash, rounded, is a target beyond 256 bits.
            let (easiest, allowed) = match algorithm {
                Algorithm::Sha256d => (2, "2 ≤ least ≤ start ≤ most ≤ 2^52, in hashes"),
                _ => (1, "1 ≤ least ≤ start ≤ most ≤ 2^52, in hashes"),
            };
            let (key, value) = if least < easiest || least > HARDEST {
                ("least", least)
            } else if most < least || most > HARDEST {
                ("most", most)
            } else if !(least..=most).contains(&start) {
                ("start", start)
            } else {
                continue;
            };
            return Err(SettingsError::Value {
                setting: format!("difficulty.{algorithm}.{key}"),
                value: format!("{value} (start = {start}, least = {least}, most = {most})"),
                allowed,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<DifficultySettings, String> {
        let settings: DifficultySettings =
            toml::from_str(text).map_err(|error| error.to_string())?;
        settings.validate().map_err(|error| error.to_string())?;
        Ok(settings)
    }

    #[test]
    fn what_is_left_out_is_the_default_and_limits_may_meet() {
        let settings = read("sha256d = { start = 2, least = 2, most = 2 }\n").expect("valid");
        let DifficultyRange { start, least, most } = settings.of(Algorithm::Sha256d);
        assert_eq!((start, least, most), (2, 2, 2));
        let defaults = DifficultySettings::default();
        for algorithm in Algorithm::ALL.into_iter().skip(1) {
            assert_eq!(settings.of(algorithm), defaults.of(algorithm));
        }
        let hardest = "randomx = { start = 4503599627370496, least = 1, most = 4503599627370496 }";
        assert_eq!(
            read(hardest).expect("valid").randomx.most,
            4_503_599_627_370_496
        );
    }

    #[test]
    fn what_cannot_be_used_is_named_with_its_value_and_what_is_allowed() {
        for (text, words) in [
            (
                "sha256d = { start = 4, least = 1, most = 8 }",
                vec![
                    "setting difficulty.sha256d.least is 1 ",
                    "allowed: 2 ≤ least",
                ],
            ),
            (
                "randomx = { start = 4, least = 0, most = 8 }",
                vec![
                    "setting difficulty.randomx.least is 0 ",
                    "allowed: 1 ≤ least",
                ],
            ),
            (
                "kawpow = { start = 3, least = 4, most = 8 }",
                vec!["setting difficulty.kawpow.start is 3 ", "least = 4"],
            ),
            (
                "progpowz = { start = 9, least = 4, most = 8 }",
                vec!["setting difficulty.progpowz.start is 9 ", "most = 8"],
            ),
            (
                "kawpow-test = { start = 4, least = 4, most = 3 }",
                vec!["setting difficulty.kawpow-test.most is 3 ", "≤ 2^52"],
            ),
            (
                "sha256d = { start = 4, least = 4, most = 4503599627370497 }",
                vec!["difficulty.sha256d.most is 4503599627370497 ", "2^52"],
            ),
            ("randomx = { start = 4, least = 4 }", vec!["most"]),
            (
                "randomx = { start = -1, least = 4, most = 8 }",
                vec!["line 1", "-1"],
            ),
            ("scrypt = { start = 1 }", vec!["scrypt", "kawpow-test"]),
        ] {
            let error = read(text).expect_err(text);
            for word in words {
                assert!(error.contains(word), "{word} is not in: {error}");
            }
        }
    }
}
