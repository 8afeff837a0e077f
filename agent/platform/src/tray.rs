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

/// Where the desktop tells of clicks on an icon in a way that tray-icon does not understand: opens its menu after the right
/// button, and calls `left` after the left one. To be called once the icon is shown, on its thread, with the raw handles of
/// its window and of its menu.
#[cfg(windows)]
pub fn answer_clicks(window: isize, menu: isize, left: impl Fn() + 'static) {
    os::tray::answer_clicks(window, menu, Box::new(left));
}
