//! Standing back for everything else that runs.

use std::io;

use crate::os;

/// Lowers the whole process as far as the system can: the idle priority class on Windows. On Linux the class
/// belongs to each thread, see [`idle_thread`].
///
/// # Errors
/// What the system says.
pub fn idle_process() -> io::Result<()> {
    os::priority::idle_process()
}

/// Asks the system to run this process where and as fast as costs least energy (`yes`), or to judge for itself as
/// before: EcoQoS on Windows. Linux has nothing alike, so nothing happens there.
///
/// # Errors
/// What the system says; Windows before 10 1709 does not know it.
pub fn efficient_process(yes: bool) -> io::Result<()> {
    os::priority::efficient_process(yes)
}

/// Lowest scheduling class for the calling thread and, on Linux, for every thread it starts from now on:
/// `SCHED_IDLE`, or the idle thread priority of Windows.
///
/// # Errors
/// What the system says.
pub fn idle_thread() -> io::Result<()> {
    os::priority::idle_thread()
}

/// Puts the whole process behind those of other sessions. Linux shares the processor among groups of processes
/// first, a session or a service each, and a thread's class counts only within its group: without this a
/// `SCHED_IDLE` thread takes half of a processor from a program in another terminal. So the process becomes a session
/// of its own, and that session's group (`sched_autogroup(7)`) gets the least weight there is, a seventieth of the
/// usual. Where a service manager has put it in a group of its own making, that group's weight is what counts.
/// Elsewhere this does nothing: priorities hold across all processes there.
///
/// # Errors
/// What the system says. It may have no such groups.
pub fn idle_session() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    os::priority::idle_session()?;
    Ok(())
}

/// Below normal programs but above idle ones: for a thread that computes little itself and only feeds a GPU.
///
/// # Errors
/// What the system says.
pub fn low_thread() -> io::Result<()> {
    os::priority::low_thread()
}

/// For the thread that holds others back: woken when it asked to be, even while the processor is busy.
///
/// # Errors
/// What the system says.
pub fn prompt_thread() -> io::Result<()> {
    os::priority::prompt_thread()
}
