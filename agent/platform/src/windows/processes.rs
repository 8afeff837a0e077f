//! Processes of Windows: opening, timing and listing them, as any user may.

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::time::Duration;

use ::windows::Win32::Foundation::{FILETIME, HANDLE};
use ::windows::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, PROCESSENTRY32W, Process32FirstW, Process32NextW, TH32CS_SNAPPROCESS,
};
use ::windows::Win32::System::Threading::{
    GetProcessTimes, OpenProcess, PROCESS_NAME_WIN32, PROCESS_QUERY_LIMITED_INFORMATION,
    QueryFullProcessImageNameW,
};
use ::windows::core::PWSTR;

use crate::windows::meaning;

/// A process that can be asked; its id is not given again while this is held, even when it ends.
pub struct Process(OwnedHandle);

/// When a process was made and what it has used, in units of 100 ns.
pub struct Times {
    /// Since 1601.
    pub created: u64,
    /// Of all its threads, counted in whole ticks of the system: 15.6 ms as a rule.
    pub cpu: u64,
}

impl Process {
    pub fn open(id: u32) -> Option<Process> {
        // SAFETY: takes no pointers.
        let handle = unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, false, id) }.ok()?;
        // SAFETY: a fresh handle that nobody else owns.
        Some(Process(unsafe { OwnedHandle::from_raw_handle(handle.0) }))
    }

    pub fn handle(&self) -> HANDLE {
        HANDLE(self.0.as_raw_handle())
    }

    pub fn times(&self) -> Option<Times> {
        let [mut created, mut ended, mut kernel, mut user] = [FILETIME::default(); 4];
        // SAFETY: the handle is open and all four are valid for writing.
        unsafe {
            GetProcessTimes(
                self.handle(),
                &mut created,
                &mut ended,
                &mut kernel,
                &mut user,
            )
        }
        .ok()?;
        Some(Times {
            created: ticks(created),
            cpu: ticks(kernel) + ticks(user),
        })
    }

    /// Its file's name, without folders.
    pub fn file_name(&self) -> Option<String> {
        let mut path = [0; 1024];
        let mut length = path.len() as u32;
        // SAFETY: the handle is open, and the path has room for as many units as `length` says.
        unsafe {
            QueryFullProcessImageNameW(
                self.handle(),
                PROCESS_NAME_WIN32,
                PWSTR(path.as_mut_ptr()),
                &mut length,
            )
        }
        .ok()?;
        let path = String::from_utf16_lossy(path.get(..length as usize)?);
        Some(meaning::file_name(&path).to_owned())
    }
}

/// A time of Windows in units of 100 ns.
pub fn ticks(time: FILETIME) -> u64 {
    (u64::from(time.dwHighDateTime) << 32) | u64::from(time.dwLowDateTime)
}

/// Units of 100 ns as a time.
pub fn duration(ticks: u64) -> Duration {
    Duration::from_nanos(ticks.saturating_mul(100))
}

/// Visits every process that runs now; `None` if they cannot be listed.
pub fn each(mut visit: impl FnMut(&PROCESSENTRY32W)) -> Option<()> {
    // SAFETY: takes no pointers.
    let list = unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0) }.ok()?;
    // SAFETY: a fresh handle that nobody else owns.
    let list = unsafe { OwnedHandle::from_raw_handle(list.0) };
    let handle = HANDLE(list.as_raw_handle());
    let mut entry = PROCESSENTRY32W {
        dwSize: size_of::<PROCESSENTRY32W>() as u32,
        ..PROCESSENTRY32W::default()
    };
    // SAFETY: the list is open, and the entry is valid and says its size.
    unsafe { Process32FirstW(handle, &mut entry) }.ok()?;
    loop {
        visit(&entry);
        // SAFETY: as above.
        if unsafe { Process32NextW(handle, &mut entry) }.is_err() {
            return Some(());
        }
    }
}
