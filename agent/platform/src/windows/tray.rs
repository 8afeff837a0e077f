//! Explorer shows icons of programs; while it is being started anew, they are added again once it is back.

use std::cell::RefCell;

use ::windows::Win32::Foundation::{HWND, LPARAM, LRESULT, POINT, WPARAM};
use ::windows::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
use ::windows::Win32::UI::Shell::{DefSubclassProc, SetWindowSubclass};
use ::windows::Win32::UI::WindowsAndMessaging::{
    GetCursorPos, HMENU, PostMessageW, SetForegroundWindow, TPM_BOTTOMALIGN, TPM_LEFTALIGN,
    TrackPopupMenu, WM_LBUTTONUP, WM_NULL, WM_RBUTTONUP,
};
use ::windows::core::{s, w};

use crate::tray::Host;

/// What tray-icon 0.26 has Explorer send to its window when the icon is touched. Private to that library.
const TOUCHED: u32 = 6002;
/// Tells this subclass of a window from others.
const SUBCLASS: usize = 0x1d1e;

/// Raw handles of a window and of a menu, and what a click with the left button does.
type Answer = (HMENU, Box<dyn Fn()>);

thread_local! {
    /// A window's messages come on the thread that made it.
    static ANSWER: RefCell<Option<Answer>> = const { RefCell::new(None) };
}

pub async fn host() -> Host {
    Host::Present
}

/// Wine 8 to 10 cannot say where an icon is, and the library drops the clicks on one whose place it does not know.
fn is_wine() -> bool {
    // SAFETY: ntdll is in every process, and the function is only looked for.
    unsafe {
        GetModuleHandleW(w!("ntdll.dll"))
            .is_ok_and(|library| GetProcAddress(library, s!("wine_get_version")).is_some())
    }
}

pub fn answer_clicks(window: isize, menu: isize, left: Box<dyn Fn()>) {
    if !is_wine() {
        return;
    }
    ANSWER.with(|answer| *answer.borrow_mut() = Some((HMENU(menu as *mut _), left)));
    // SAFETY: the window is this thread's, and the procedure is there as long as the program.
    let _ = unsafe { SetWindowSubclass(HWND(window as *mut _), Some(answered), SUBCLASS, 0) };
}

/// Passes everything on but the clicks that nobody else would answer.
unsafe extern "system" fn answered(
    window: HWND,
    message: u32,
    wide: WPARAM,
    long: LPARAM,
    _: usize,
    _: usize,
) -> LRESULT {
    if message == TOUCHED {
        match long.0 as u32 {
            WM_LBUTTONUP => ANSWER.with(|answer| {
                if let Some((_, left)) = &*answer.borrow() {
                    left();
                }
            }),
            WM_RBUTTONUP => {
                let menu = ANSWER.with(|answer| answer.borrow().as_ref().map(|(menu, _)| *menu));
                if let Some(menu) = menu {
                    // SAFETY: the window is the one that is being asked.
                    unsafe { open(window, menu) };
                }
            }
            _ => {}
        }
    }
    // SAFETY: these are the arguments as they came.
    unsafe { DefSubclassProc(window, message, wide, long) }
}

/// # Safety
/// The window is the calling thread's, and the menu exists.
unsafe fn open(window: HWND, menu: HMENU) {
    let mut place = POINT::default();
    // SAFETY: the place is valid for writing; a menu opens for a window in front, and closes with a message after it.
    unsafe {
        if GetCursorPos(&mut place).is_err() {
            return;
        }
        let _ = SetForegroundWindow(window);
        let corner = TPM_BOTTOMALIGN | TPM_LEFTALIGN;
        let _ = TrackPopupMenu(menu, corner, place.x, place.y, None, window, None);
        let _ = PostMessageW(Some(window), WM_NULL, WPARAM(0), LPARAM(0));
    }
}
