//! Scheduling classes of Linux.

use std::time::Duration;
use std::{fs, io, thread};

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

/// A session of its own, and the least weight for that session's group.
pub fn idle_session() -> io::Result<()> {
    // The leader of a process group cannot begin a session, but it can go back to its parent's group before.
    // SAFETY: plain system calls without pointers. Whether they succeed, `setsid` tells.
    let session = unsafe {
        libc::setpgid(0, libc::getpgid(libc::getppid()));
        libc::setsid()
    };
    if session == -1 {
        return Err(io::Error::last_os_error());
    }
    // The kernel allows ten such changes a second, of all users together.
    let mut left = 10;
    loop {
        match fs::write("/proc/self/autogroup", "19") {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && left > 0 => left -= 1,
            result => return result,
        }
        thread::sleep(Duration::from_millis(60));
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
