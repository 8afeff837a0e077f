//! Whether the desktop shows icons of programs.

use crate::os;

/// Who shows icons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// Somebody does.
    Present,
    /// Nobody does at present.
    Absent,
    /// There is not even a way to ask: no session of a desktop.
    NoSession,
}

/// Who shows icons now.
pub async fn host() -> Host {
    os::tray::host().await
}
