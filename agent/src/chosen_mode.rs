//! The file that keeps the owner's choice over restarts.

use jiff::Timestamp;

use crate::data_dir::{DataDir, DataDirError};
use crate::governor::{ChosenMode, Mode};

const FILE: &str = "mode.json";

/// What the owner chose last, or `None` where nothing was ever chosen.
///
/// # Errors
/// If the record is there and cannot be read.
pub fn load(data: &DataDir) -> Result<Option<ChosenMode>, DataDirError> {
    data.read(FILE)
}

/// What holds where nothing was ever chosen.
pub fn first(mode: Mode) -> ChosenMode {
    ChosenMode::lasting(mode, Timestamp::UNIX_EPOCH)
}

/// Keeps a choice.
///
/// # Errors
/// If it cannot be written.
pub fn save(chosen: &ChosenMode, data: &DataDir) -> Result<(), DataDirError> {
    data.write(FILE, chosen)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::governor::Until;

    #[test]
    fn it_is_kept_over_a_restart() {
        let parent = tempfile::tempdir().expect("a directory");
        let data = DataDir::locate(Some(parent.path().to_owned())).expect("named");
        assert_eq!(load(&data).expect("none yet"), None);
        let until = Until::Time {
            at: Timestamp::from_second(9).expect("in range"),
            left: SignedDuration::from_secs(9),
        };
        let timed = first(Mode::Smart).choose(Mode::Pause, Some(until), Timestamp::UNIX_EPOCH);
        save(&timed, &data).expect("written");
        assert_eq!(load(&data).expect("read"), Some(timed));
    }
}
