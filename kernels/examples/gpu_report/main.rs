//! Prints what each graphics adapter is, whether it computes rightly, how fast it is, and how fast it could be.
//!
//! It needs nothing but itself, so it can be carried to a machine without a compiler:
//! `cargo build --release -p idlewatt-kernels --features gpu --example gpu_report`.
//! Arguments are adapter ids (all adapters without), names of algorithms (all without), and `--table` for a table over
//! layouts. Adapters that are a program on the CPU get a dataset of a few MiB instead of gigabytes.

mod measure;

use std::time::{Duration, Instant};

use idlewatt_kernels::gpu::{self, Device, Kernel, Readiness};
use idlewatt_kernels::sha256d::{hash_header, hash_header_on};
use idlewatt_kernels::{Algorithm, Job, JobInput, ProgPowJob, Sha256dJob, Target};
use measure::{Rate, measure};

/// The headers of Bitcoin's blocks 0, 100,000 and 125,552.
const HEADERS: [&str; 3] = [
    "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c",
    "0100000050120119172a610421a6c3011dd330d9df07b63616c2cc1f1cd00200000000006657a9252aacd5c0b2940996ecff952228c3067cc38d4885efb5a4ac4247e9f337221b4d4c86041b0f2b5710",
    "0100000081cd02ab7e569e8bcd9317e2fe99f2de44d49ab2b8851ba4a308000000000000e320b6c2fffc8d750423db8b1eb942ae710e951ed797f7affc8892b0f1fc122bc7f5d74df2b9441a42a14695",
];

type Failure = Box<dyn std::error::Error>;

/// What an adapter can do at best.
#[derive(Clone, Copy)]
struct Bounds {
    /// Bytes a second.
    bandwidth: f64,
    /// Integer operations a second.
    integers: f64,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let table = arguments.iter().any(|argument| argument == "--table");
    let named: Vec<Algorithm> = arguments
        .iter()
        .filter_map(|name| name.parse().ok())
        .collect();
    let is_id = |argument: &&String| argument.starts_with("gpu-");
    let ids: Vec<&String> = arguments.iter().filter(is_id).collect();
    let adapters = gpu::adapters();
    if adapters.is_empty() {
        return Err(
            "no graphics adapter: is a Vulkan driver installed, and libvulkan.so.1?".into(),
        );
    }
    for algorithm in Algorithm::ALL {
        if let Some(cost) = gpu::cost(algorithm) {
            println!(
                "{algorithm}: at least {} integer operations and {} bytes a hash",
                cost.operations, cost.bytes
            );
        }
    }
    for adapter in &adapters {
        if !ids.is_empty() && !ids.contains(&&adapter.id) {
            continue;
        }
        println!("adapter {}: {}", adapter.id, adapter.name);
        println!(
            "  {:?} over {}, driver {}, largest buffer {} MiB",
            adapter.kind,
            adapter.backend,
            adapter.driver,
            adapter.largest_buffer >> 20
        );
        let device = Device::open(&adapter.id)?;
        let bounds = Bounds {
            bandwidth: gpu::copy_bandwidth(&device)?,
            integers: gpu::integer_rate(&device)?,
        };
        println!(
            "  copies {:.1} GB/s (read and written), {:.1} G integer operations/s",
            bounds.bandwidth / 1e9,
            bounds.integers / 1e9
        );
        for algorithm in algorithms(adapter.is_software(), &named) {
            // One that does not fit must not keep the others from being measured.
            if let Err(error) = report(&device, algorithm, bounds, table) {
                println!("  {algorithm}: FAILED: {error}");
            }
        }
    }
    Ok(())
}

fn algorithms(software: bool, named: &[Algorithm]) -> Vec<Algorithm> {
    let is_asked_for = |algorithm: &Algorithm| {
        if named.is_empty() {
            algorithm.is_for_tests() == (software && algorithm.progpow().is_some())
        } else {
            named.contains(algorithm)
        }
    };
    let all = Algorithm::ALL.into_iter();
    all.filter(|algorithm| algorithm.runs_on_gpu() && is_asked_for(algorithm))
        .collect()
}

/// A job of late 2026 that is hardly ever met; `ahead` periods later.
fn job(algorithm: Algorithm, ahead: u64) -> Result<Job, Failure> {
    let input = match algorithm.progpow() {
        Some(parameters) => JobInput::ProgPow(ProgPowJob {
            algorithm,
            header_hash: [0x5a; 32],
            height: parameters.recent_height + ahead * parameters.period,
            nonce_prefix: vec![],
        }),
        None => JobInput::Sha256d(Sha256dJob {
            version: 1,
            version_mask: 0,
            previous_hash: [0x5a; 32],
            coinbase_prefix: vec![1; 60],
            coinbase_suffix: vec![2; 60],
            extranonce2_size: 8,
            merkle_branches: vec![],
            time: 0,
            bits: 0x1d00_ffff,
        }),
    };
    Ok(Job {
        id: "report".into(),
        target: Target::from_work(1 << 38)?,
        input,
    })
}

fn report(
    device: &Device,
    algorithm: Algorithm,
    bounds: Bounds,
    table: bool,
) -> Result<(), Failure> {
    if algorithm == Algorithm::Sha256d {
        published(device)?;
    }
    let job = job(algorithm, 0)?;
    let begun = Instant::now();
    let mut kernel = gpu::kernel(algorithm, device, None)?;
    println!(
        "  {algorithm}: {} made in {:?}",
        kernel.tuning(),
        begun.elapsed()
    );
    get_ready(kernel.as_mut(), &job)?;
    for random in 0..4 {
        kernel.probe(&job, random << 40 | 0x9e37_79b9)?;
    }
    println!("    every nonce of 4 probes was found, and is right");
    for milliseconds in [4, 50] {
        let budget = Duration::from_millis(milliseconds);
        let rate = measure(kernel.as_mut(), &[&job], budget)?;
        show(&rate, budget);
        shares(algorithm, &rate, bounds);
    }
    if algorithm.progpow().is_some() {
        changes(kernel.as_mut(), algorithm)?;
    }
    if table {
        layouts(kernel.as_mut(), &job)?;
    }
    Ok(())
}

/// Real blocks' hashes, all of it computed on the card.
fn published(device: &Device) -> Result<(), Failure> {
    for text in HEADERS {
        let mut header = [0; 80];
        hex::decode_to_slice(text, &mut header)?;
        let digest = hash_header_on(device, &header)?;
        if digest != hash_header(&header) {
            return Err(format!("WRONG: {} for {text}", digest.reversed_hex()).into());
        }
        println!("  hash {} ok", digest.reversed_hex());
    }
    Ok(())
}

/// Takes the kernel's steps until it is ready, and tells how long they took.
fn get_ready(kernel: &mut dyn Kernel, job: &Job) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut stages: Vec<(&str, Instant, Duration, Duration)> = Vec::new();
    while let Readiness::Preparing {
        what, device_time, ..
    } = kernel.prepare(job, Duration::from_millis(50))?
    {
        match stages.last_mut() {
            Some((stage, _, total, longest)) if *stage == what => {
                *total += device_time;
                *longest = device_time.max(*longest);
            }
            _ => stages.push((what, Instant::now(), device_time, device_time)),
        }
        if device_time.is_zero() {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    let ends = stages.iter().skip(1).map(|stage| stage.1);
    for ((what, from, total, longest), to) in stages.iter().zip(ends.chain([Instant::now()])) {
        println!(
            "    {what}: {:.2} s, of these {:.2} s on the device, at most {:.2} ms at once",
            (to - *from).as_secs_f64(),
            total.as_secs_f64(),
            longest.as_secs_f64() * 1e3
        );
    }
    println!("    ready after {:.2} s", begun.elapsed().as_secs_f64());
    Ok(())
}

fn show(rate: &Rate, budget: Duration) {
    println!(
        "    budget {budget:?}: {:.3} MH/s; dispatches of {:.2} ms, at most {:.2} ms; busy {:.1} %, longest gap {:.2} ms, \
         {:.1} % of a core",
        rate.hashes_a_second / 1e6,
        rate.mean_dispatch.as_secs_f64() * 1e3,
        rate.longest_dispatch.as_secs_f64() * 1e3,
        rate.busy * 100.0,
        rate.longest_gap.as_secs_f64() * 1e3,
        rate.of_a_core * 100.0,
    );
}

/// The rate as a share of what memory and arithmetic allow.
fn shares(algorithm: Algorithm, rate: &Rate, bounds: Bounds) {
    let Some(cost) = gpu::cost(algorithm) else {
        return;
    };
    let share = |cost: u64, bound: f64| rate.hashes_a_second * cost as f64 / bound;
    print!(
        "      {:.2} of the integer bound ({} operations a hash)",
        share(cost.operations, bounds.integers),
        cost.operations
    );
    if cost.bytes > 0 {
        print!(
            ", {:.2} of the bandwidth bound ({} bytes a hash)",
            share(cost.bytes, bounds.bandwidth),
            cost.bytes
        );
    }
    println!();
}

/// Searches over changes of the period, each prepared only when its job comes.
fn changes(kernel: &mut dyn Kernel, algorithm: Algorithm) -> Result<(), Failure> {
    let jobs: Vec<Job> = (0..4)
        .map(|ahead| job(algorithm, ahead))
        .collect::<Result<_, _>>()?;
    let jobs: Vec<&Job> = jobs.iter().collect();
    let rate = measure(kernel, &jobs, Duration::from_millis(10))?;
    println!(
        "    over {} changes of the period: longest gap between dispatches {:.2} ms, longest wait for a program {:.2} ms",
        jobs.len() - 1,
        rate.longest_gap.as_secs_f64() * 1e3,
        rate.longest_wait.as_secs_f64() * 1e3
    );
    get_ready(kernel, jobs[0])
}

/// MH/s of every candidate, at a budget of 50 ms.
fn layouts(kernel: &mut dyn Kernel, job: &Job) -> Result<(), Failure> {
    let before = kernel.tuning();
    for tuning in kernel.candidates() {
        let measured = kernel
            .set_tuning(tuning)
            .map_err(Failure::from)
            .and_then(|()| measure(kernel, &[job], Duration::from_millis(50)));
        match measured {
            Ok(rate) => println!("    {tuning}: {:.3} MH/s", rate.hashes_a_second / 1e6),
            Err(error) => println!("    {tuning}: {error}"),
        }
    }
    kernel.set_tuning(before)?;
    Ok(())
}
