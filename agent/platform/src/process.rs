//! Ties between a process and the one that started it.

use std::io;

use crate::os;

/// Lets the system end this process as soon as its parent, whose id is given, is gone, however that happened. On
/// Linux by `PR_SET_PDEATHSIG`; if the parent is gone already, the process ends here and now. (There the signal
/// comes when the parent's *thread* that started us ends: start such processes from a thread that stays.) On
/// Windows the tie is the parent's [`ChildGroup`], and this does nothing.
///
/// # Errors
/// What the system says.
pub fn die_with_parent(parent: u32) -> io::Result<()> {
    os::process::die_with_parent(parent)
}

/// Ends the process without running exit handlers or waiting for other threads, whatever they are stopped in.
pub fn exit_now(code: i32) -> ! {
    os::process::exit_now(code)
}

/// Children that end with this process: a job object with *kill on close* on Windows, to which each child is
/// added. On Linux each child ties itself with [`die_with_parent`].
pub struct ChildGroup {
    #[cfg_attr(
        target_os = "linux",
        expect(dead_code, reason = "the group only does something on Windows")
    )]
    group: os::process::Group,
}

impl ChildGroup {
    /// A new group. It lasts as long as the process should keep its children.
    ///
    /// # Errors
    /// What the system says.
    pub fn new() -> io::Result<ChildGroup> {
        Ok(ChildGroup {
            group: os::process::Group::new()?,
        })
    }

    /// Adds a child by its handle.
    ///
    /// # Errors
    /// What the system says.
    #[cfg(windows)]
    pub fn add(&self, child: std::os::windows::io::RawHandle) -> io::Result<()> {
        self.group.add(child)
    }
}
