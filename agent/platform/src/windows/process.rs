//! Ties between processes on Windows.

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle, RawHandle};

use ::windows::Win32::Foundation::HANDLE;
use ::windows::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation,
    SetInformationJobObject,
};
use ::windows::Win32::System::Threading::{GetCurrentProcess, TerminateProcess};

pub fn die_with_parent(_parent: u32) -> io::Result<()> {
    Ok(())
}

pub fn exit_now(code: i32) -> ! {
    // SAFETY: the pseudo handle of this process is always valid.
    let _ = unsafe { TerminateProcess(GetCurrentProcess(), code as u32) };
    // Not reached: a process that ends itself does not return from there.
    std::process::abort()
}

/// A job object that ends its processes when its last handle closes, which the system does when we end.
pub struct Group(OwnedHandle);

impl Group {
    pub fn new() -> io::Result<Group> {
        // SAFETY: neither attributes nor a name are given.
        let handle = unsafe { CreateJobObjectW(None, None) }?;
        // SAFETY: a fresh handle that nobody else owns.
        let handle = unsafe { OwnedHandle::from_raw_handle(handle.0) };
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
        // SAFETY: the structure is the one that this class of information asks for, with its size.
        unsafe {
            SetInformationJobObject(
                HANDLE(handle.as_raw_handle()),
                JobObjectExtendedLimitInformation,
                (&raw const limits).cast(),
                size_of_val(&limits) as u32,
            )
        }?;
        Ok(Group(handle))
    }

    pub fn add(&self, child: RawHandle) -> io::Result<()> {
        // SAFETY: both handles are open: the job's is ours, the child's is borrowed from its owner.
        Ok(unsafe { AssignProcessToJobObject(HANDLE(self.0.as_raw_handle()), HANDLE(child)) }?)
    }
}
