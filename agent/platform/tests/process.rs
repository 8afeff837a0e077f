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

/// This program itself is the child, in a process group of its own as engines are.
#[test]
fn a_lowered_session_is_its_own_and_has_the_least_weight() {
    use std::os::unix::process::CommandExt;
    if std::env::var_os("LOWER_SESSION").is_some() {
        priority::idle_session().unwrap();
        let stat = fs::read_to_string("/proc/self/stat").unwrap();
        let fields: Vec<_> = stat
            .rsplit_once(')')
            .unwrap()
            .1
            .split_whitespace()
            .collect();
        let own = std::process::id().to_string();
        // Group and session.
        assert_eq!((fields[2], fields[3]), (own.as_str(), own.as_str()));
        let group = fs::read_to_string("/proc/self/autogroup").unwrap();
        assert!(group.trim().ends_with("nice 19"), "{group}");
        return;
    }
    if !fs::exists("/proc/self/autogroup").unwrap() {
        eprintln!("not tested: this kernel has no groups of sessions");
        return;
    }
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "a_lowered_session_is_its_own_and_has_the_least_weight",
        ])
        .env("LOWER_SESSION", "1")
        .process_group(0)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}
