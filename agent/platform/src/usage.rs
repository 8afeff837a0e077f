//! What processes cost: processor time, wake-ups, memory.

use std::time::Duration;

use crate::os;

/// What one process has cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time of all its threads together, as fine as the system counts.
    pub cpu: Duration,
    /// How often its threads were switched to; `None` where the system does not count.
    pub wakeups: Option<u64>,
    /// Its proportional share of memory in bytes (Linux), or what only it has (Windows).
    pub memory: u64,
}

/// What a process has cost so far; `None` if there is none with this id.
pub fn of_process(id: u32) -> Option<Usage> {
    os::usage::of_process(id)
}

/// The processor time alone: cheap enough to be asked every millisecond.
pub fn cpu_time(id: u32) -> Option<Duration> {
    os::usage::cpu_time(id)
}

/// What this process has started and what still runs of it, directly. Cheap enough to be asked every second.
pub fn children() -> Vec<u32> {
    os::usage::children()
}

/// A process and all it has started, directly or not.
pub fn tree(root: u32) -> Vec<u32> {
    os::usage::tree(root)
}
