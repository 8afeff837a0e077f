//! A value under the user's own `Run` key, which the task manager can turn off.

use std::path::Path;

use auto_launch::{AutoLaunch, WindowsEnableMode};

use super::AutostartError;

const NAME: &str = "Idlewatt";
const KEY: &str = r"HKEY_CURRENT_USER\SOFTWARE\Microsoft\Windows\CurrentVersion\Run\Idlewatt";

/// The command is only written where it is turned on.
fn entry(program: &str) -> AutoLaunch {
    AutoLaunch::new(NAME, program, WindowsEnableMode::CurrentUser, &["daemon"])
}

fn unusable(error: auto_launch::Error) -> AutostartError {
    AutostartError::Unusable {
        place: KEY.to_owned(),
        source: std::io::Error::other(error),
    }
}

pub fn place() -> Result<String, AutostartError> {
    Ok(KEY.to_owned())
}

pub fn is_on() -> Result<bool, AutostartError> {
    entry("").is_enabled().map_err(unusable)
}

pub fn add(program: &Path) -> Result<(), AutostartError> {
    let path = program.to_str();
    let path = path.ok_or_else(|| AutostartError::Program(program.to_owned()))?;
    // No path on Windows has a quotation mark in it.
    entry(&format!("\"{path}\"")).enable().map_err(unusable)
}

pub fn remove() -> Result<(), AutostartError> {
    if !is_on()? {
        return Ok(());
    }
    entry("").disable().map_err(unusable)
}
