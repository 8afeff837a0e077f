//! The processor's name, its threads, and how much memory is free.

use sysinfo::{CpuRefreshKind, MemoryRefreshKind, System};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_a_processor_and_memory() {
        assert!(!processor_name().is_empty());
        assert!(thread_count() >= 1);
        assert!(available_memory() > 1 << 20);
    }
}
