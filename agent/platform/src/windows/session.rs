//! A window that nobody sees: only to windows does Windows say that the session ends, once a process has loaded what shows
//! windows.

use std::cell::RefCell;
use std::io;
use std::sync::mpsc::channel;
use std::time::Duration;

use ::windows::Win32::Foundation::{HWND, LPARAM, LRESULT, WPARAM};
use ::windows::Win32::UI::WindowsAndMessaging::{
    CreateWindowExW, DefWindowProcW, DispatchMessageW, GetMessageW, MSG, RegisterClassW,
    WINDOW_EX_STYLE, WM_ENDSESSION, WM_QUERYENDSESSION, WNDCLASSW, WS_OVERLAPPED,
};
use ::windows::core::w;

/// How long the system is kept waiting, and what is to happen meanwhile.
type Ending = (Duration, Box<dyn FnOnce() + Send>);

thread_local! {
    /// A window's messages come on the thread that made it.
    static ENDING: RefCell<Option<Ending>> = const { RefCell::new(None) };
}

pub fn on_end(patience: Duration, asked: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    let (made, outcome) = channel();
    std::thread::Builder::new()
        .name("session".to_owned())
        .spawn(move || {
            ENDING.with(|ending| *ending.borrow_mut() = Some((patience, asked)));
            let window = open();
            let opened = window.is_ok();
            // Whoever asked waits for this alone.
            let _ = made.send(window);
            if opened {
                serve();
            }
        })?;
    outcome
        .recv()
        .map_err(|_| io::Error::other("its thread has ended"))?
}

/// A window at the top, as messages for all are not sent to those that are made for messages alone.
fn open() -> io::Result<()> {
    let class = WNDCLASSW {
        lpfnWndProc: Some(told),
        lpszClassName: w!("IdlewattSession"),
        ..WNDCLASSW::default()
    };
    // SAFETY: the class has a procedure and a name that last as long as the program; a window of it may be made.
    unsafe {
        RegisterClassW(&class);
        CreateWindowExW(
            WINDOW_EX_STYLE(0),
            class.lpszClassName,
            w!("Idlewatt"),
            WS_OVERLAPPED,
            0,
            0,
            0,
            0,
            None,
            None,
            None,
            None,
        )?;
    }
    Ok(())
}

fn serve() {
    let mut message = MSG::default();
    // SAFETY: the message is valid for writing, and handed on as it was written.
    unsafe {
        while GetMessageW(&mut message, None, 0, 0).0 > 0 {
            DispatchMessageW(&message);
        }
    }
}

unsafe extern "system" fn told(window: HWND, message: u32, wide: WPARAM, long: LPARAM) -> LRESULT {
    match message {
        // Nothing here keeps anybody from logging off.
        WM_QUERYENDSESSION => LRESULT(1),
        WM_ENDSESSION => {
            if wide.0 != 0
                && let Some((patience, asked)) = ENDING.with(|ending| ending.borrow_mut().take())
            {
                asked();
                // Whoever returns may be ended at once.
                std::thread::sleep(patience);
            }
            LRESULT(0)
        }
        // SAFETY: these are the arguments as they came.
        _ => unsafe { DefWindowProcW(window, message, wide, long) },
    }
}
