//! What is measured on, and what a process of it uses.

use std::path::Path;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};

/// Raises the number of files that this process and its children may have open, as far as it may.
pub fn allow_open_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        eprintln!("the number of open files stays as it is: {error}");
    }
}

/// How many files this process may have open; `None` without a limit.
pub fn open_files() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// Processor and number of cores.
pub fn describe() -> Value {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let profile = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    json!({ "processor": model, "cores": cores, "profile": profile })
}

/// What a process has computed so far, in user and system mode.
pub fn processor_time(process: u32) -> Duration {
    let text = std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat"));
    let text = text.unwrap_or_default();
    let fields = text.rsplit(')').next().unwrap_or_default();
    // Behind the name: state is the first, utime and stime the 12th and 13th, in hundredths of a second.
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

/// The same of a process and its children.
pub fn family_time(process: u32) -> Duration {
    let children = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
    let children = children.unwrap_or_default();
    let ids = children.split_whitespace().filter_map(|id| id.parse().ok());
    ids.map(processor_time).sum::<Duration>() + processor_time(process)
}

/// Which part of the sorted values lies below.
pub fn percentile(sorted: &[Duration], part: f64) -> Duration {
    let index = (sorted.len() as f64 * part) as usize;
    sorted
        .get(index.min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

/// In milliseconds, to a tenth.
pub fn milliseconds(span: Duration) -> f64 {
    (span.as_secs_f64() * 10_000.0).round() / 10.0
}

/// In microseconds a piece, to a tenth.
pub fn microseconds_each(span: Duration, pieces: u64) -> f64 {
    (span.as_secs_f64() * 1e7 / pieces.max(1) as f64).round() / 10.0
}

/// Prints a result.
pub fn print(scenario: &str, words: &str, mut figures: Value) {
    figures["scenario"] = scenario.into();
    figures["machine"] = describe();
    println!("{scenario}: {words}");
    println!("{figures}");
}
