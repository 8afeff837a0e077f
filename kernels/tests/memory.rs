//! RandomX's memory goes back to the system. A process of its own, so that no other test's memory is counted.

#![cfg(target_os = "linux")]

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use idlewatt_kernels::randomx::{CpuSearch, Memory, Mode};

/// Resident memory of this process in MiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("readable");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .expect("listed");
    let kibibytes: u64 = line
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .expect("a number");
    kibibytes >> 10
}

#[test]
fn the_last_user_gives_the_memory_back() {
    let before = resident();
    let memory = Memory::prepare(b"key", Mode::Light, 1, &|_, _| {}, &AtomicBool::new(false))
        .expect("256 MiB");
    let search = CpuSearch::new(&memory).expect("2 MiB");
    drop(memory);
    assert!(resident() >= before + 256, "still used by the search");

    drop(search);
    let deadline = Instant::now() + Duration::from_secs(10);
    while resident() > before + 16 {
        assert!(
            Instant::now() < deadline,
            "{} MiB, {before} MiB before",
            resident()
        );
        std::thread::yield_now();
    }
}
