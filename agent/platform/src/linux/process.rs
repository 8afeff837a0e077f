//! Ties between processes on Linux.

use std::io;

/// The kernel kills this process when the thread that started it ends.
pub fn die_with_parent(parent: u32) -> io::Result<()> {
    // SAFETY: a plain system call without pointers.
    let code = unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    if code != 0 {
        return Err(io::Error::last_os_error());
    }
    // The parent may have gone before the call: then nobody is left to wait for.
    // SAFETY: takes nothing, cannot fail.
    if unsafe { libc::getppid() } as u32 != parent {
        exit_now(0);
    }
    Ok(())
}

pub fn exit_now(code: i32) -> ! {
    // SAFETY: ends the process; skips exit handlers on purpose.
    unsafe { libc::_exit(code) }
}

/// Nothing is needed beside `die_with_parent`.
pub struct Group;

impl Group {
    pub fn new() -> io::Result<Group> {
        Ok(Group)
    }
}
