//! Whether the owner is being shown what this PC is worth, before it begins to work: from the consent given on the
//! dashboard until *Start earning*.

use crate::data_dir::{DataDir, DataDirError};

const FILE: &str = "first-run.json";

/// Whether *Start earning* is still to be pressed.
///
/// # Errors
/// If the record cannot be read.
pub fn is_open(data: &DataDir) -> Result<bool, DataDirError> {
    Ok(data.read::<bool>(FILE)?.unwrap_or(false))
}

/// From now on it is.
///
/// # Errors
/// If that cannot be recorded.
pub fn begin(data: &DataDir) -> Result<(), DataDirError> {
    data.write(FILE, &true)
}

/// It was pressed.
///
/// # Errors
/// If that cannot be recorded.
pub fn end(data: &DataDir) -> Result<(), DataDirError> {
    data.remove(FILE)
}
