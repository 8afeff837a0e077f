//! What processes cost, from `/proc`.

use std::fs;
use std::time::Duration;

use crate::usage::Usage;

/// The process's own clock: to the nanosecond, of threads that run right now too, and of threads that have ended.
/// (`schedstat` lacks the latter, and of a running thread knows only what the last tick found.)
pub fn cpu_time(id: u32) -> Option<Duration> {
    let mut clock = 0;
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let id = libc::pid_t::try_from(id).ok().filter(|id| *id > 0)?;
    // SAFETY: both are valid for writing; an id that is nobody's gives an error.
    let code = unsafe {
        match libc::clock_getcpuclockid(id, &mut clock) {
            0 => libc::clock_gettime(clock, &mut time),
            code => code,
        }
    };
    (code == 0).then(|| Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
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

/// The kernel's own list, which saves looking at every process; not every kernel keeps it.
pub fn children() -> Vec<u32> {
    let mut found = Vec::new();
    for task in fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten()
    {
        match fs::read_to_string(task.path().join("children")) {
            Ok(list) => found.extend(
                list.split_whitespace()
                    .filter_map(|id| id.parse::<u32>().ok()),
            ),
            // A thread that has just ended has handed its children on.
            Err(_) if !task.path().exists() => {}
            Err(_) => return tree(std::process::id()).split_off(1),
        }
    }
    found
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_moves_with_the_work_and_keeps_that_of_threads_that_ended() {
        let own = std::process::id();
        let before = cpu_time(own).expect("this process runs");
        let worked = std::thread::spawn(|| {
            let begun = std::time::Instant::now();
            let mut count = 0u64;
            while cpu_time(std::process::id()).is_none() || begun.elapsed().as_millis() < 50 {
                count = std::hint::black_box(count + 1);
            }
            count
        });
        assert!(worked.join().expect("no panic") > 0);
        assert!(cpu_time(own).expect("this process runs") > before);
        assert_eq!(cpu_time(u32::MAX), None);
        assert_eq!(cpu_time(0), None);
    }

    #[test]
    fn a_tree_has_its_children_and_each_has_memory() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .expect("started");
        let all = tree(std::process::id());
        assert!(children().contains(&child.id()));
        let usage = of_process(child.id()).expect("it runs");
        child.kill().expect("killed");
        child.wait().expect("waited for");
        assert!(all.contains(&child.id()) && all[0] == std::process::id());
        assert!(usage.wakeups > Some(0));
        assert_eq!(of_process(child.id()), None);
    }
}
