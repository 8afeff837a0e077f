//! The message queue of a thread with windows.

use std::sync::mpsc::{Receiver, TryRecvError};

use windows::Win32::Foundation::{LPARAM, WPARAM};
use windows::Win32::System::Threading::GetCurrentThreadId;
use windows::Win32::UI::WindowsAndMessaging::{
    DispatchMessageW, MSG, MWMO_INPUTAVAILABLE, MsgWaitForMultipleObjectsEx, PM_NOREMOVE,
    PM_REMOVE, PeekMessageW, PostThreadMessageW, QS_ALLINPUT, TranslateMessage, WM_NULL,
};

/// While a menu is open, Windows throws messages to the thread itself away: news that came meanwhile are looked for
/// after this at the latest.
const LONGEST_WAIT_MS: u32 = 5_000;

#[derive(Clone, Copy, Debug)]
pub struct Thread(u32);

impl Thread {
    pub fn current() -> Thread {
        let mut message = MSG::default();
        // SAFETY: the message is valid for writing; nothing is taken from the queue. Looking makes the queue.
        let _ = unsafe { PeekMessageW(&mut message, None, 0, 0, PM_NOREMOVE) };
        // SAFETY: it has no preconditions.
        Thread(unsafe { GetCurrentThreadId() })
    }

    pub fn next<T>(&self, news: &Receiver<T>) -> Option<T> {
        loop {
            match news.try_recv() {
                Ok(one) => return Some(one),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            // SAFETY: there are no handles. Messages sent to windows of this thread are served meanwhile.
            let _ = unsafe {
                MsgWaitForMultipleObjectsEx(None, LONGEST_WAIT_MS, QS_ALLINPUT, MWMO_INPUTAVAILABLE)
            };
            let mut message = MSG::default();
            // SAFETY: the message is valid for writing, and what was written is handed on unchanged.
            unsafe {
                while PeekMessageW(&mut message, None, 0, 0, PM_REMOVE).as_bool() {
                    let _ = TranslateMessage(&message);
                    DispatchMessageW(&message);
                }
            }
        }
    }

    pub fn wake(&self) {
        // SAFETY: a thread that has ended takes no message, which is no error to anybody.
        let _ = unsafe { PostThreadMessageW(self.0, WM_NULL, WPARAM(0), LPARAM(0)) };
    }
}
