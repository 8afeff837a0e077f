//! A value under the user's own `Run` key, which the task manager can turn off.

use std::path::Path;

use auto_launch::{AutoLaunch, WindowsEnableMode};
use windows_registry::CURRENT_USER;

use super::{AutostartError, State};

const NAME: &str = "Idlewatt";
const KEY: &str = r"HKEY_CURRENT_USER\SOFTWARE\Microsoft\Windows\CurrentVersion\Run\Idlewatt";

/// The command is only written where it is turned on.
fn entry(program: &str) -> AutoLaunch {
    AutoLaunch::new(
        NAME,
        program,
        WindowsEnableMode::CurrentUser,
        &[] as &[&str],
    )
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

/// What stands under `Run` and does not count was turned off by the task manager.
pub fn state() -> Result<State, AutostartError> {
    if is_on()? {
        return Ok(State::On);
    }
    let stands = CURRENT_USER
        .open(r"SOFTWARE\Microsoft\Windows\CurrentVersion\Run")
        .and_then(|key| key.get_string(NAME));
    Ok(match stands {
        Ok(_) => State::TurnedOff,
        Err(_) => State::Off,
    })
}

/// The program beside this one that opens no window.
pub fn add(program: &Path) -> Result<(), AutostartError> {
    let program = program.with_file_name("idlewattw.exe");
    let path = program.to_str();
    let path = path.ok_or_else(|| AutostartError::Program(program.clone()))?;
    // No path on Windows has a quotation mark in it.
    entry(&format!("\"{path}\"")).enable().map_err(unusable)
}

pub fn remove() -> Result<(), AutostartError> {
    if state()? == State::Off {
        return Ok(());
    }
    entry("").disable().map_err(unusable)
}
