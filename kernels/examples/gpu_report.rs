//! Prints what each graphics adapter is, whether it computes rightly, and how fast it is.
//!
//! It needs nothing but itself, so it can be carried to a machine without a compiler:
//! `cargo build --release -p idlewatt-kernels --features gpu --example gpu_report`.
//! Arguments are adapter ids (all adapters without) and `--table` for a table over layouts.

use std::time::{Duration, Instant};

use idlewatt_kernels::gpu::{self, Device, Kernel as _, Tuning};
use idlewatt_kernels::sha256d::{
    CpuSearch, GpuSearch, default_tuning, hash_header, hash_header_on,
};
use idlewatt_kernels::{Batch, BatchInput, Search, Target};

/// The headers of Bitcoin's blocks 0, 100,000 and 125,552.
const HEADERS: [&str; 3] = [
    "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c",
    "0100000050120119172a610421a6c3011dd330d9df07b63616c2cc1f1cd00200000000006657a9252aacd5c0b2940996ecff952228c3067cc38d4885efb5a4ac4247e9f337221b4d4c86041b0f2b5710",
    "0100000081cd02ab7e569e8bcd9317e2fe99f2de44d49ab2b8851ba4a308000000000000e320b6c2fffc8d750423db8b1eb942ae710e951ed797f7affc8892b0f1fc122bc7f5d74df2b9441a42a14695",
];

/// How long a rate is measured.
const MEASURED: Duration = Duration::from_millis(1_500);

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (flags, ids): (Vec<&String>, Vec<&String>) = arguments
        .iter()
        .partition(|argument| argument.starts_with("--"));
    let table = flags.iter().any(|flag| *flag == "--table");
    let adapters = gpu::adapters();
    if adapters.is_empty() {
        return Err(
            "no graphics adapter: is a Vulkan driver installed, and libvulkan.so.1?".into(),
        );
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
        check(&device)?;
        for milliseconds in [4, 50] {
            let budget = Duration::from_millis(milliseconds);
            report(&device, default_tuning(&device), budget)?;
        }
        if table {
            layouts(&device)?;
        }
    }
    Ok(())
}

/// Vectors, and a comparison with the CPU.
fn check(device: &Device) -> Result<(), Failure> {
    for text in HEADERS {
        let mut header = [0; 80];
        hex::decode_to_slice(text, &mut header)?;
        let digest = hash_header_on(device, &header)?;
        if digest != hash_header(&header) {
            return Err(format!("WRONG: {} for {text}", digest.reversed_hex()).into());
        }
        println!("  hash {} ok", digest.reversed_hex());
    }
    let begun = Instant::now();
    let mut search = GpuSearch::new(device)?;
    println!("  compiled in {:?}", begun.elapsed());
    let mut solutions = 0;
    for round in 0..20u8 {
        let batch = Batch {
            target: Target::from_work(1 << (round / 2))?,
            ..batch([round.wrapping_mul(37); 80], u32::from(round) << 27, 3_001)
        };
        let outcome = search.search(&batch)?;
        if outcome != CpuSearch.search(&batch)? {
            return Err(format!("WRONG: differs from the CPU in round {round}").into());
        }
        solutions += outcome.found.len();
    }
    println!("  20 batches with {solutions} solutions as on the CPU: ok");
    Ok(())
}

fn batch(header: [u8; 80], first_nonce: u32, count: u32) -> Batch {
    Batch {
        job_id: "report".into(),
        target: Target::IMPOSSIBLE,
        input: BatchInput::Sha256d { header },
        extranonce2: 0,
        first_nonce,
        step: 1,
        count,
    }
}

/// What a run of batches came to.
struct Rate {
    hashes_a_second: f64,
    mean_dispatch: Duration,
    longest_dispatch: Duration,
    /// The part of the time in which the device computed.
    busy: f64,
}

/// Keeps two batches in flight, sized to a budget.
fn measure(device: &Device, tuning: Tuning, budget: Duration) -> Result<Rate, Failure> {
    let mut search = GpuSearch::with_tuning(device, tuning)?;
    let mut sizer = search.sizer();
    let header = [0x5a; 80];
    let mut next = 0u32;
    let warm_up = Instant::now();
    let mut begun = None;
    let (mut hashes, mut dispatches) = (0u64, 0u32);
    let (mut busy, mut longest) = (Duration::ZERO, Duration::ZERO);
    loop {
        while search.has_room() {
            let count = sizer.size(budget);
            if u32::MAX - next < count {
                next = 0;
            }
            search.submit(&batch(header, next, count))?;
            next += count;
        }
        let finished = search.wait()?;
        sizer.record(finished.outcome.hashes as u32, finished.device_time);
        match begun {
            None if warm_up.elapsed() > MEASURED / 3 => begun = Some(Instant::now()),
            None => {}
            Some(_) => {
                hashes += finished.outcome.hashes;
                dispatches += 1;
                busy += finished.device_time;
                longest = longest.max(finished.device_time);
            }
        }
        if let Some(begun) = begun
            && begun.elapsed() > MEASURED
            && dispatches > 0
        {
            let elapsed = begun.elapsed().as_secs_f64();
            return Ok(Rate {
                hashes_a_second: hashes as f64 / elapsed,
                mean_dispatch: busy / dispatches,
                longest_dispatch: longest,
                busy: busy.as_secs_f64() / elapsed,
            });
        }
    }
}

fn report(device: &Device, tuning: Tuning, budget: Duration) -> Result<(), Failure> {
    let rate = measure(device, tuning, budget)?;
    println!(
        "  budget {budget:?}: {:.2} MH/s; dispatches of {:.2} ms, at most {:.2} ms; busy {:.1} %",
        rate.hashes_a_second / 1e6,
        rate.mean_dispatch.as_secs_f64() * 1e3,
        rate.longest_dispatch.as_secs_f64() * 1e3,
        rate.busy * 100.0
    );
    Ok(())
}

/// MH/s by workgroup size (down) and nonces each (across), at a budget of 50 ms.
fn layouts(device: &Device) -> Result<(), Failure> {
    const EACH: [u32; 6] = [1, 2, 4, 8, 16, 64];
    println!("  MH/s at 50 ms, nonces each: {EACH:?}");
    for workgroup_size in [32, 64, 128, 256, 512, 1_024] {
        print!("  workgroup {workgroup_size:5}:");
        for nonces_each in EACH {
            let tuning = Tuning {
                workgroup_size,
                nonces_each,
                ..default_tuning(device)
            };
            match measure(device, tuning, Duration::from_millis(50)) {
                Ok(rate) => print!(" {:10.2}", rate.hashes_a_second / 1e6),
                Err(error) => print!(" ({error})"),
            }
        }
        println!();
    }
    Ok(())
}
