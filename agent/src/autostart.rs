//! Starting with the system: for this user alone, nothing system-wide, and nothing kept here about it. The system is
//! asked each time.

use std::io;
use std::path::PathBuf;

#[cfg(target_os = "linux")]
#[path = "autostart/linux.rs"]
mod os;
#[cfg(windows)]
#[path = "autostart/windows.rs"]
mod os;

/// Why it is not known, or was not changed.
#[derive(Debug, thiserror::Error)]
pub enum AutostartError {
    /// The system names no place for it.
    #[error("this system names no directory for settings of programs")]
    NoPlace,
    /// It cannot be read or written.
    #[error("{place}: {source}")]
    Unusable {
        /// Where it stands.
        place: String,
        /// Why.
        source: io::Error,
    },
    /// This program does not know where it is, or in words that the system does not take.
    #[error("the path of this program cannot be written down: {}", .0.display())]
    Program(PathBuf),
}

/// How starting with the system stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It starts when this user logs in.
    On,
    /// Nobody asked for it.
    Off,
    /// It was asked for, and turned off since where the system lists such programs.
    TurnedOff,
}

/// How starting with the system stands.
///
/// # Errors
/// If the system cannot be asked.
pub fn state() -> Result<State, AutostartError> {
    os::state()
}

/// Whether the agent starts when this user logs in.
///
/// # Errors
/// If the system cannot be asked.
pub fn is_on() -> Result<bool, AutostartError> {
    os::is_on()
}

/// Has the agent start when this user logs in, or not any more.
///
/// # Errors
/// If the system does not take it.
pub fn set(on: bool) -> Result<(), AutostartError> {
    if !on {
        return os::remove();
    }
    let program = std::env::current_exe().map_err(|source| AutostartError::Unusable {
        place: "the path of this program".to_owned(),
        source,
    })?;
    os::add(&program)
}

/// Where it stands, for people.
///
/// # Errors
/// If the system names no place.
pub fn place() -> Result<String, AutostartError> {
    os::place()
}
