//! Whether the application in front has a whole screen to itself.

use ::windows::Win32::Foundation::{HWND, RECT};
use ::windows::Win32::Graphics::Gdi::{
    GetMonitorInfoW, MONITOR_DEFAULTTONULL, MONITORINFO, MonitorFromWindow,
};
use ::windows::Win32::UI::Shell::{
    QUNS_NOT_PRESENT, QUNS_PRESENTATION_MODE, QUNS_RUNNING_D3D_FULL_SCREEN,
    SHQueryUserNotificationState,
};
use ::windows::Win32::UI::WindowsAndMessaging::{
    GetClassNameW, GetDesktopWindow, GetForegroundWindow, GetShellWindow, GetWindowRect,
    GetWindowThreadProcessId,
};

use crate::signals::Front;
use crate::windows::meaning;
use crate::windows::processes::Process;

/// Full screen is: an exclusive Direct3D application, presentation mode, or a window in front that covers its
/// screen exactly. The shell's own guess (`QUNS_BUSY`) is left out: an invisible overlay over the screen, such as
/// that of NVIDIA's application, makes it say so for ever.
pub fn read() -> Option<Front> {
    // SAFETY: takes nothing.
    let state = unsafe { SHQueryUserNotificationState() }.ok();
    if state == Some(QUNS_NOT_PRESENT) {
        // A lock screen or a screen saver is in front, which no application is behind.
        return Some(Front::Windowed);
    }
    let declared =
        state == Some(QUNS_RUNNING_D3D_FULL_SCREEN) || state == Some(QUNS_PRESENTATION_MODE);
    // SAFETY: takes nothing, cannot fail.
    let window = unsafe { GetForegroundWindow() };
    if window.is_invalid() {
        return match (declared, state) {
            (true, _) => Some(Front::Fullscreen {
                application: String::new(),
            }),
            (false, Some(_)) => Some(Front::Windowed),
            (false, None) => None,
        };
    }
    if !declared && !covers_screen(window)? {
        return Some(Front::Windowed);
    }
    let class = class(window);
    let name = file_name(window);
    let backdrop = is_shell(window) || meaning::is_backdrop(&class, name.as_deref().unwrap_or(""));
    Some(match (backdrop, declared) {
        (true, false) => Front::Windowed,
        (true, true) => Front::Fullscreen {
            application: String::new(),
        },
        (false, _) => Front::Fullscreen {
            application: name.unwrap_or(class),
        },
    })
}

/// Exactly: a maximised window is larger than its screen by the frame that it hides outside.
fn covers_screen(window: HWND) -> Option<bool> {
    let mut place = RECT::default();
    let mut screen = MONITORINFO {
        cbSize: size_of::<MONITORINFO>() as u32,
        ..MONITORINFO::default()
    };
    // SAFETY: both structures are valid for writing, and the second says its size; a window that is gone by now
    // makes the calls fail.
    unsafe {
        GetWindowRect(window, &mut place).ok()?;
        let monitor = MonitorFromWindow(window, MONITOR_DEFAULTTONULL);
        if monitor.is_invalid() {
            return Some(false);
        }
        if !GetMonitorInfoW(monitor, &mut screen).as_bool() {
            return None;
        }
    }
    Some(place == screen.rcMonitor)
}

fn is_shell(window: HWND) -> bool {
    // SAFETY: take nothing, cannot fail.
    window == unsafe { GetShellWindow() } || window == unsafe { GetDesktopWindow() }
}

fn class(window: HWND) -> String {
    let mut class = [0; 256];
    // SAFETY: a window that is gone makes the call give 0.
    let length = unsafe { GetClassNameW(window, &mut class) };
    String::from_utf16_lossy(&class[..(length.max(0) as usize).min(class.len())])
}

fn file_name(window: HWND) -> Option<String> {
    let mut id = 0;
    // SAFETY: valid for writing; a window that is gone makes the call give 0.
    if unsafe { GetWindowThreadProcessId(window, Some(&mut id)) } == 0 {
        return None;
    }
    Process::open(id)?.file_name()
}
