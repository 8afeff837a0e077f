//! The mode the owner chose, for good or for a while, kept over restarts.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::data_dir::{DataDir, DataDirError};
use crate::governor::Mode;

const FILE: &str = "mode.json";

/// A mode, and when another takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChosenMode {
    /// What holds now.
    pub mode: Mode,
    /// A mode chosen for a while: until when, and what then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
}

/// The end of a mode chosen for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// The moment.
    pub until: Timestamp,
    /// The mode that holds from then on.
    pub then: Mode,
}

impl ChosenMode {
    /// A mode for good.
    pub fn lasting(mode: Mode) -> Self {
        ChosenMode { mode, limit: None }
    }

    /// What the owner chose last, or `first` where nothing was ever chosen.
    ///
    /// # Errors
    /// If the record is there and cannot be read.
    pub fn load(data: &DataDir, first: Mode) -> Result<Self, DataDirError> {
        Ok(data.read(FILE)?.unwrap_or(Self::lasting(first)))
    }

    /// Keeps it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self, data: &DataDir) -> Result<(), DataDirError> {
        data.write(FILE, self)
    }

    /// What holds at `now`: a mode whose time is over has given way.
    pub fn at(&self, now: Timestamp) -> Self {
        match &self.limit {
            Some(limit) if limit.until <= now => Self::lasting(limit.then),
            _ => *self,
        }
    }

    /// Another mode: for good, or until a moment; then what was chosen for good holds again.
    pub fn choose(&self, mode: Mode, until: Option<Timestamp>) -> Self {
        let limit = until.map(|until| Limit {
            until,
            then: match &self.limit {
                Some(earlier) => earlier.then,
                None => self.mode,
            },
        });
        ChosenMode { mode, limit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(text: &str) -> Mode {
        text.parse().expect("a mode")
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn a_mode_for_a_while_gives_way_to_the_one_before() {
        let smart = ChosenMode::lasting(mode("smart"));
        let timed = smart.choose(mode("100"), Some(second(100)));
        assert_eq!(timed.at(second(99)), timed);
        assert_eq!(timed.at(second(100)), smart);
    }

    #[test]
    fn two_in_a_row_still_end_at_the_lasting_one() {
        let timed = ChosenMode::lasting(mode("pause"))
            .choose(mode("100"), Some(second(100)))
            .choose(mode("50"), Some(second(50)));
        assert_eq!(timed.at(second(60)), ChosenMode::lasting(mode("pause")));
    }

    #[test]
    fn a_lasting_choice_ends_a_timed_one() {
        let chosen = ChosenMode::lasting(mode("smart"))
            .choose(mode("100"), Some(second(100)))
            .choose(mode("pause"), None);
        assert_eq!(chosen.at(second(1_000)), ChosenMode::lasting(mode("pause")));
    }

    #[test]
    fn it_is_kept_over_a_restart() {
        let parent = tempfile::tempdir().expect("a directory");
        let data = DataDir::locate(Some(parent.path().to_owned())).expect("named");
        let first = ChosenMode::load(&data, mode("50")).expect("none yet");
        assert_eq!(first, ChosenMode::lasting(mode("50")));
        let timed = first.choose(mode("pause"), Some(second(9)));
        timed.save(&data).expect("written");
        assert_eq!(ChosenMode::load(&data, mode("50")).expect("read"), timed);
    }
}
