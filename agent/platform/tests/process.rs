//! Priorities and ties as the system itself reports them.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::thread;

use idlewatt_platform::priority;

/// The scheduling policy of the calling thread, 41st field of its `stat` (behind the name in brackets).
fn policy() -> u32 {
    let stat = fs::read_to_string("/proc/thread-self/stat").unwrap();
    let fields: Vec<_> = stat
        .rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .collect();
    fields[41 - 3].parse().unwrap()
}

#[test]
fn the_idle_class_is_taken_and_handed_on() {
    const SCHED_IDLE: u32 = 5;
    let before = policy();
    thread::spawn(move || {
        priority::idle_thread().unwrap();
        assert_eq!(policy(), SCHED_IDLE);
        assert_eq!(thread::spawn(policy).join().unwrap(), SCHED_IDLE);
    })
    .join()
    .unwrap();
    // Only that thread and what it started.
    assert_eq!(policy(), before);
}
