//! What processes cost, as Windows counts: processor time in whole ticks, 15.6 ms as a rule, and no wake-ups.

use std::time::Duration;

use ::windows::Win32::System::ProcessStatus::{K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS};

use crate::usage::Usage;
use crate::windows::meaning;
use crate::windows::processes::{self, Process, duration};

pub fn cpu_time(id: u32) -> Option<Duration> {
    cpu_of(&Process::open(id)?)
}

pub fn of_process(id: u32) -> Option<Usage> {
    let process = Process::open(id)?;
    Some(Usage {
        cpu: cpu_of(&process)?,
        wakeups: None,
        memory: private_memory(&process)?,
    })
}

pub fn children() -> Vec<u32> {
    // Ours have none of their own.
    tree(std::process::id()).split_off(1)
}

pub fn tree(root: u32) -> Vec<u32> {
    let mut parents = Vec::new();
    // If they cannot be listed, the process itself is all that is known.
    let _ = processes::each(|entry| parents.push((entry.th32ProcessID, entry.th32ParentProcessID)));
    meaning::descendants(root, &parents, |id| {
        Some(Process::open(id)?.times()?.created)
    })
}

fn cpu_of(process: &Process) -> Option<Duration> {
    Some(duration(process.times()?.cpu))
}

/// What only this process has, in memory or swapped out: since Windows 8 that is what the page file is charged.
fn private_memory(process: &Process) -> Option<u64> {
    let mut counters = PROCESS_MEMORY_COUNTERS::default();
    let size = size_of_val(&counters) as u32;
    // SAFETY: the handle is open, and the structure is valid for writing and has the size that is given.
    unsafe { K32GetProcessMemoryInfo(process.handle(), &mut counters, size) }
        .as_bool()
        .then_some(counters.PagefileUsage as u64)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn this_process_and_its_child_are_counted() {
        let own = std::process::id();
        let usage = of_process(own).expect("this process runs");
        assert!(usage.memory > 0);
        // It waits for input that never comes.
        let mut child = Command::new("cmd.exe")
            .arg("/k")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("a shell");
        let family = tree(own);
        let of_child = of_process(child.id());
        child.kill().expect("the shell ends");
        child.wait().expect("the shell has ended");
        assert_eq!(family.first(), Some(&own));
        assert!(family.contains(&child.id()), "{family:?}");
        assert!(of_child.is_some());
    }

    #[test]
    fn processor_time_is_seen_to_pass() {
        let own = std::process::id();
        let before = cpu_time(own).expect("this process runs");
        let mut count = 0u64;
        while cpu_time(own).expect("this process runs") == before {
            count = std::hint::black_box(count + 1);
        }
        assert_eq!(cpu_time(u32::MAX), None);
    }
}
