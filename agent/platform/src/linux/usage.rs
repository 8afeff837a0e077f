//! What processes cost, from `/proc`.

use std::fs;
use std::time::Duration;

use crate::usage::Usage;

/// Sums over the threads, in nanoseconds: `schedstat` is exact, where `stat` counts in ticks.
pub fn cpu_time(id: u32) -> Option<Duration> {
    let mut nanoseconds = 0;
    for task in fs::read_dir(format!("/proc/{id}/task")).ok()?.flatten() {
        // A thread that has just ended is not counted.
        let Ok(text) = fs::read_to_string(task.path().join("schedstat")) else {
            continue;
        };
        nanoseconds += text.split_whitespace().next()?.parse::<u64>().ok()?;
    }
    Some(Duration::from_nanos(nanoseconds))
}

pub fn of_process(id: u32) -> Option<Usage> {
    let cpu = cpu_time(id)?;
    let mut wakeups = 0;
    for task in fs::read_dir(format!("/proc/{id}/task")).ok()?.flatten() {
        let Ok(text) = fs::read_to_string(task.path().join("status")) else {
            continue;
        };
        let switches = text
            .lines()
            .filter(|line| line.contains("ctxt_switches:"))
            .filter_map(|line| line.rsplit(':').next()?.trim().parse::<u64>().ok());
        wakeups += switches.sum::<u64>();
    }
    let rollup = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).unwrap_or_default();
    let kibibytes = rollup.lines().find_map(|line| {
        line.strip_prefix("Pss:")?
            .trim()
            .strip_suffix(" kB")?
            .trim()
            .parse::<u64>()
            .ok()
    });
    Some(Usage {
        cpu,
        wakeups: Some(wakeups),
        memory: kibibytes.unwrap_or_default() * 1024,
    })
}

pub fn tree(root: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let id: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name may hold anything, so count from its closing bracket: state, then parent.
            let parent = stat.rsplit(')').next()?.split_whitespace().nth(1)?;
            Some((id, parent.parse().ok()?))
        })
        .collect();
    let mut found = vec![root];
    let mut next = 0;
    while next < found.len() {
        let parent = found[next];
        found.extend(
            parents
                .iter()
                .filter(|(id, of)| *of == parent && !found.contains(id))
                .map(|(id, _)| *id)
                .collect::<Vec<_>>(),
        );
        next += 1;
    }
    found
}
