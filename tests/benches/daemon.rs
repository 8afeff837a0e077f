//! What the daemon itself costs: memory and CPU without engines, time to the first answer, memory given back when
//! an engine ends, and what running kernels in a child process costs beside running them in this one.
//!
//! `cargo build --release && cargo bench -p idlewatt-tests --bench daemon`; add `-- --fast` for RandomX's fast mode,
//! which builds the 2 GiB dataset twice.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use idlewatt_kernels::job::{Job, JobInput, NonceSpace, RandomXJob, Sha256dJob};
use idlewatt_kernels::randomx::{self, Memory, Mode};
use idlewatt_kernels::search::{Cursor, Search};
use idlewatt_kernels::{Target, sha256d};
use idlewatt_tests::agent::Agent;
use idlewatt_tests::process::{processes, resident_kib};
use idlewatt_tests::wait::until;

/// How long each side of a comparison is measured.
const SPAN: Duration = Duration::from_secs(10);

fn main() {
    let fast = std::env::args().any(|argument| argument == "--fast");
    idle_daemon();
    let mode = if fast { Mode::Fast } else { Mode::Light };
    process_layer(mode);
}

fn idle_daemon() {
    let mut agent = Agent::new();
    agent.settings("[gpu]\nenabled = false\n[cpu]\nrandomx_memory = \"light\"\n[engine]\nrelease_after = \"1s\"\n");
    agent.consent();
    agent.command(&["mode", "pause"]);
    let start = Instant::now();
    agent.start(&["--mode", "pause"]);
    println!(
        "first status answer after start: {:.2} s",
        start.elapsed().as_secs_f64()
    );

    thread::sleep(Duration::from_secs(5));
    let daemon = agent.daemon().id();
    let tree = tree(daemon);
    let before = cpu_seconds(&tree);
    thread::sleep(Duration::from_secs(60));
    let used = (cpu_seconds(&tree) - before) / 60.0 * 100.0;
    println!("paused for 60 s: {used:.3} % of a core, daemon and hub together");
    for process in &tree {
        let kib = resident_kib(*process).unwrap_or(0);
        println!(
            "resident, {}: {:.1} MB",
            name(*process),
            kib as f64 / 1024.0
        );
    }

    agent.command(&["mode", "100"]);
    agent.wait_status("a running engine", Duration::from_secs(120), |status| {
        status["processors"][0]["rate"].as_f64().unwrap_or(0.0) > 0.0
    });
    let working = total_kib(daemon);
    agent.command(&["mode", "pause"]);
    let mut least = working;
    // The hub keeps its own RandomX memory for a minute after the last share.
    let after = until("the memory to come back", Duration::from_secs(120), || {
        least = least.min(total_kib(daemon));
        if least < working / 8 {
            Ok(least)
        } else {
            Err(format!("{least} KiB"))
        }
    });
    println!(
        "whole tree: {:.0} MB with an engine, {:.0} MB after it ended and the hub had no more shares to check",
        working as f64 / 1024.0,
        after as f64 / 1024.0
    );
}

fn process_layer(mode: Mode) {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let agent = Agent::new();
    let memory_setting = if mode == Mode::Fast { "fast" } else { "light" };
    agent.settings(&format!(
        "[gpu]\nenabled = false\n[cpu]\nrandomx_memory = \"{memory_setting}\"\n"
    ));
    agent.consent();

    // In turn, in one run: the machine's speed drifts.
    let memory = Memory::prepare(&[7; 32], mode, threads, &|_, _| {}, &AtomicBool::new(false))
        .expect("memory");
    let here_sha256d = measure(
        threads,
        &sha256d_job(),
        || Box::new(sha256d::CpuSearch),
        1 << 16,
    );
    let here_randomx = measure(
        threads,
        &randomx_job(),
        || Box::new(randomx::CpuSearch::new(&memory).expect("a machine")),
        4,
    );
    drop(memory);
    let answer = agent.json(&["bench", "--processor", "cpu"]);
    for entry in answer.as_array().expect("a list") {
        let rate = entry["rate"].as_f64().expect("a number");
        let here = match entry["algorithm"].as_str() {
            Some("sha256d") => here_sha256d,
            _ => here_randomx,
        };
        println!(
            "{} ({memory_setting}): {here:.0} H/s in one process, {rate:.0} H/s through an engine: ratio {:.3}",
            entry["algorithm"],
            rate / here
        );
    }
}

fn measure(
    threads: usize,
    job: &Job,
    search: impl Fn() -> Box<dyn Search> + Sync,
    size: u32,
) -> f64 {
    let hashes = AtomicU64::new(0);
    let start = Instant::now();
    thread::scope(|scope| {
        for index in 0..threads {
            let (search, hashes) = (&search, &hashes);
            scope.spawn(move || {
                let space = NonceSpace {
                    index: index as u32,
                    count: threads as u32,
                };
                let mut cursor = Cursor::new(job, space, 0).expect("a valid job");
                let mut search = search();
                while start.elapsed() < SPAN {
                    let batch = cursor.next_batch(size).expect("nonces left");
                    let outcome = search.search(&batch).expect("it fits");
                    hashes.fetch_add(outcome.hashes, Ordering::Relaxed);
                }
            });
        }
    });
    hashes.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64()
}

fn sha256d_job() -> Job {
    Job {
        id: "bench".into(),
        target: Target::IMPOSSIBLE,
        input: JobInput::Sha256d(Sha256dJob {
            version: 0x2000_0000,
            version_mask: 0,
            previous_hash: [3; 32],
            coinbase_prefix: vec![1; 60],
            coinbase_suffix: vec![2; 60],
            extranonce2_size: 4,
            merkle_branches: Vec::new(),
            time: 1_700_000_000,
            bits: 0x207f_ffff,
        }),
    }
}

fn randomx_job() -> Job {
    Job {
        id: "bench".into(),
        target: Target::IMPOSSIBLE,
        input: JobInput::RandomX(RandomXJob {
            blob: vec![16; 76],
            nonce_offset: 39,
            fixed_top_byte: None,
            seed_hash: [7; 32],
            height: 0,
        }),
    }
}

/// A process and its children.
fn tree(root: u32) -> Vec<u32> {
    let children = processes("")
        .into_iter()
        .filter(|seen| seen.parent == root)
        .map(|seen| seen.id);
    std::iter::once(root).chain(children).collect()
}

fn total_kib(root: u32) -> u64 {
    tree(root).into_iter().filter_map(resident_kib).sum()
}

fn name(process: u32) -> String {
    std::fs::read_to_string(format!("/proc/{process}/comm"))
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// User and system time of some processes, in seconds.
fn cpu_seconds(all: &[u32]) -> f64 {
    // The kernel counts in hundredths of a second on every system Rust supports.
    let ticks: u64 = all
        .iter()
        .filter_map(|process| std::fs::read_to_string(format!("/proc/{process}/stat")).ok())
        .filter_map(|stat| {
            let fields: Vec<u64> = stat[stat.rfind(')')? + 2..]
                .split_whitespace()
                .skip(11)
                .take(2)
                .filter_map(|field| field.parse().ok())
                .collect();
            Some(fields.iter().sum::<u64>())
        })
        .sum();
    ticks as f64 / 100.0
}
