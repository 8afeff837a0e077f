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
    /// Half of each processor's time.
    Half,
    /// Nine tenths of it.
    Most,
    /// All of it.
    Full,
    /// Nothing.
    Pause,
}

impl Mode {
    /// Every mode, in the order in which they are listed.
    pub const ALL: [Mode; 5] = [Mode::Smart, Mode::Half, Mode::Most, Mode::Full, Mode::Pause];

    /// The name used everywhere: `smart`, `50`, `90`, `100` or `pause`.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Smart => "smart",
            Mode::Half => "50",
            Mode::Most => "90",
            Mode::Full => "100",
            Mode::Pause => "pause",
        }
    }

    /// The most that the mode ever allows, in percent.
    pub fn most(self) -> u8 {
        match self {
            Mode::Smart | Mode::Full => 100,
            Mode::Half => 50,
            Mode::Most => 90,
            Mode::Pause => 0,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name is none of the known ones.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown mode \"{0}\"; allowed: smart, 50, 90, 100, pause")]
pub struct UnknownMode(pub String);

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let known = Mode::ALL.into_iter().find(|mode| mode.name() == name);
        known.ok_or_else(|| UnknownMode(name.to_owned()))
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
        mode.name().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_and_the_error_lists_all() {
        for mode in Mode::ALL {
            assert_eq!(mode.name().parse(), Ok(mode));
            let json = serde_json::to_string(&mode).unwrap();
            assert_eq!(json, format!("\"{mode}\""));
            assert_eq!(serde_json::from_str::<Mode>(&json).unwrap(), mode);
            assert!(UnknownMode("x".into()).to_string().contains(mode.name()));
        }
        for unknown in ["", "75", "Smart", "paused", "100%"] {
            assert_eq!(unknown.parse::<Mode>(), Err(UnknownMode(unknown.into())));
        }
    }
}
