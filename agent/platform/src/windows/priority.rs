//! Priorities of Windows.

use std::io;

use ::windows::Win32::System::Threading::{
    GetCurrentProcess, GetCurrentThread, IDLE_PRIORITY_CLASS, SetPriorityClass, SetThreadPriority,
    THREAD_PRIORITY, THREAD_PRIORITY_BELOW_NORMAL, THREAD_PRIORITY_IDLE,
    THREAD_PRIORITY_TIME_CRITICAL,
};

pub fn idle_process() -> io::Result<()> {
    // SAFETY: the pseudo handle of this process is always valid.
    Ok(unsafe { SetPriorityClass(GetCurrentProcess(), IDLE_PRIORITY_CLASS) }?)
}

pub fn idle_thread() -> io::Result<()> {
    set(THREAD_PRIORITY_IDLE)
}

pub fn low_thread() -> io::Result<()> {
    set(THREAD_PRIORITY_BELOW_NORMAL)
}

/// In the idle class this alone still comes before normal programs; the pacer uses microseconds.
pub fn prompt_thread() -> io::Result<()> {
    set(THREAD_PRIORITY_TIME_CRITICAL)
}

fn set(priority: THREAD_PRIORITY) -> io::Result<()> {
    // SAFETY: the pseudo handle of this thread is always valid.
    Ok(unsafe { SetThreadPriority(GetCurrentThread(), priority) }?)
}
