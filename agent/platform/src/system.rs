//! The processor's name, its threads, how much memory and disk are free, and which graphics cards are plugged in.

use std::io;
use std::path::Path;

use sysinfo::{CpuRefreshKind, MemoryRefreshKind, System};

use crate::os;

/// The processor's own name, such as "AMD Ryzen 5 5600X 6-Core Processor".
pub fn processor_name() -> String {
    let name = System::new().ok().and_then(|mut system| {
        // The list alone: load and frequency would be measured too otherwise.
        system.refresh_cpu_list(CpuRefreshKind::nothing());
        system
            .cpus()
            .first()
            .map(|cpu| cpu.brand().trim().to_owned())
    });
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "CPU".to_owned())
}

/// How many threads can run at once, with this process's affinity and quota taken into account.
pub fn thread_count() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Bytes of memory that can be taken without pushing others out: what the system calls available, or what this
/// process's group may still use where that is less; 0 if the system does not say.
pub fn available_memory() -> u64 {
    let Ok(mut system) = System::new() else {
        return 0;
    };
    system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
    // A group's page cache counts as used there, but it gives way: only what its processes hold is taken.
    let group = system.cgroup_limits().map_or(u64::MAX, |limits| {
        limits.total_memory.saturating_sub(limits.rss)
    });
    system.available_memory().min(group)
}

/// Bytes that this user may still write on the disk of a directory.
///
/// # Errors
/// What the system says, such as that there is no such directory.
pub fn available_space(directory: &Path) -> io::Result<u64> {
    os::hardware::available_space(directory)
}

/// What the system itself calls each graphics card that is plugged in, whether or not there is a driver that computes on
/// it; empty where it does not say.
pub fn graphics_cards() -> Vec<String> {
    os::hardware::graphics_cards()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_a_processor_and_memory() {
        assert!(!processor_name().is_empty());
        assert!(thread_count() >= 1);
        assert!(available_memory() > 1 << 20);
    }

    #[test]
    fn a_disk_has_room_and_a_directory_that_is_not_there_is_an_error() {
        assert!(available_space(&std::env::temp_dir()).expect("there") > 0);
        assert!(available_space(Path::new("/nonexistent/folder")).is_err());
    }
}
