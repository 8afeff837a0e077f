//! How hard shares are.

use idlewatt_kernels::Algorithm;
use serde::Deserialize;

use super::SettingsError;

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
        for (setting, algorithm) in [
            ("difficulty.sha256d", Algorithm::Sha256d),
            ("difficulty.randomx", Algorithm::RandomX),
            ("difficulty.kawpow", Algorithm::KawPow),
            ("difficulty.progpowz", Algorithm::ProgPowZ),
            ("difficulty.kawpow-test", Algorithm::KawPowTest),
        ] {
            let DifficultyRange { start, least, most } = self.of(algorithm);
            // Bitcoin's dialect sends a difficulty, and that of one hash, rounded, is a target beyond 256 bits.
            let (easiest, allowed) = match algorithm {
                Algorithm::Sha256d => (2, "2 ≤ least ≤ start ≤ most ≤ 2^52, in hashes"),
                _ => (1, "1 ≤ least ≤ start ≤ most ≤ 2^52, in hashes"),
            };
            if least < easiest || least > start || start > most || most > 1 << 52 {
                let value = format!("{{ start = {start}, least = {least}, most = {most} }}");
                return Err(SettingsError::Value {
                    setting,
                    value,
                    allowed,
                });
            }
        }
        Ok(())
    }
}
