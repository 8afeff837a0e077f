//! What the owner has asked for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The owner's wish.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Mode {
    /// As much as goes unnoticed.
    #[default]
    Smart,
    /// This share of each processor's time; from 5 to 100.
    Percent(u8),
    /// Nothing.
    Pause,
}

impl Mode {
    /// All of each processor's time.
    pub const FULL: Mode = Mode::Percent(100);

    /// The most that the mode ever allows, in percent.
    pub fn most(self) -> u8 {
        match self {
            Mode::Smart => 100,
            Mode::Percent(percent) => percent.min(100),
            Mode::Pause => 0,
        }
    }
}

/// The name used everywhere: `smart`, a whole number from 5 to 100, or `pause`.
impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mode::Smart => f.write_str("smart"),
            Mode::Percent(percent) => percent.fmt(f),
            Mode::Pause => f.write_str("pause"),
        }
    }
}

/// The name is none of the known ones.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown mode \"{0}\"; allowed: smart, a whole number from 5 to 100, pause")]
pub struct UnknownMode(pub String);

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let refuse = || UnknownMode(name.chars().take(64).collect());
        match name {
            "smart" => Ok(Mode::Smart),
            "pause" => Ok(Mode::Pause),
            _ if !name.bytes().all(|byte| byte.is_ascii_digit()) => Err(refuse()),
            _ => match name.parse() {
                Ok(percent @ 5..=100) => Ok(Mode::Percent(percent)),
                _ => Err(refuse()),
            },
        }
    }
}

impl TryFrom<String> for Mode {
    type Error = UnknownMode;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl From<Mode> for String {
    fn from(mode: Mode) -> Self {
        mode.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        let percents = (5..=100).map(Mode::Percent);
        for mode in percents.chain([Mode::Smart, Mode::Pause]) {
            assert_eq!(mode.to_string().parse(), Ok(mode));
            let json = serde_json::to_string(&mode).unwrap();
            assert_eq!(json, format!("\"{mode}\""));
            assert_eq!(serde_json::from_str::<Mode>(&json).unwrap(), mode);
        }
        for unknown in ["", "4", "101", "0", "+50", "256", "Smart", "paused", "100%"] {
            assert_eq!(unknown.parse::<Mode>(), Err(UnknownMode(unknown.into())));
        }
    }
}
