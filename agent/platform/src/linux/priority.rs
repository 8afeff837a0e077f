//! Scheduling classes of Linux.

use std::io;

/// `SCHED_IDLE` for the calling thread and all it starts: it runs when nobody else wants the processor.
pub fn idle_thread() -> io::Result<()> {
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: the parameters are valid; 0 means the calling thread.
    let code = unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &parameters) };
    if code == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Below normal programs, above idle ones.
pub fn low_thread() -> io::Result<()> {
    // SAFETY: a plain system call; 0 means the calling thread.
    let code = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, 10) };
    if code == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Timers of the calling thread fire when they are due, and not up to 50 µs later.
pub fn prompt_thread() -> io::Result<()> {
    // SAFETY: a plain system call without pointers.
    let code = unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1_000) };
    if code == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Linux lowers threads, not processes: nothing to do.
pub fn idle_process() -> io::Result<()> {
    Ok(())
}

/// Linux knows no such wish of a process: nothing to do.
pub fn efficient_process(_yes: bool) -> io::Result<()> {
    Ok(())
}
