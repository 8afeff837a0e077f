//! sha256d on the CPU against a plain loop over the crate sha2, all threads: `cargo bench --bench sha256d`.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use idlewatt_kernels::sha256d::CpuSearch;
use idlewatt_kernels::{Batch, BatchInput, Search, Target};
use sha2::{Digest as _, Sha256};

const HEADER: [u8; 80] = [0x5a; 80];
/// Both take turns, so that whatever else the machine does disturbs both alike.
const TURNS: usize = 9;
const TURN: Duration = Duration::from_millis(700);
const NONCES_AT_ONCE: u32 = 1 << 16;

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get());
    println!("sha256d on the CPU, {threads} threads, {TURNS} turns each");
    let mut rates = [Vec::new(), Vec::new()];
    for _ in 0..TURNS {
        rates[0].push(measure(threads, plain));
        rates[1].push(measure(threads, ours));
    }
    let [plain, ours] = rates.map(median);
    println!("plain loop over sha2: {:8.3} MH/s", plain / 1e6);
    println!("CpuSearch:            {:8.3} MH/s", ours / 1e6);
    println!("ratio:                {:8.3}", ours / plain);
}

/// Hashes a second of all threads together.
fn measure(threads: usize, work: fn(u32)) -> f64 {
    let next = AtomicU64::new(0);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while begun.elapsed() < TURN {
                    let batch = next.fetch_add(1, Ordering::Relaxed) as u32;
                    work(batch.wrapping_mul(NONCES_AT_ONCE));
                }
            });
        }
    });
    let hashes = next.load(Ordering::Relaxed) * u64::from(NONCES_AT_ONCE);
    hashes as f64 / begun.elapsed().as_secs_f64()
}

/// What one writes first: both hashes by the crate, every time from the header's first byte.
fn plain(first_nonce: u32) {
    let mut header = HEADER;
    for index in 0..NONCES_AT_ONCE {
        header[76..].copy_from_slice(&first_nonce.wrapping_add(index).to_le_bytes());
        let digest = Sha256::digest(Sha256::digest(header));
        if digest[28..] == [0; 4] && digest[24..28] == [0; 4] {
            println!("a block, of all things: {digest:x?}");
        }
    }
}

fn ours(first_nonce: u32) {
    let batch = Batch {
        job_id: "bench".into(),
        target: Target::IMPOSSIBLE,
        input: BatchInput::Sha256d { header: HEADER },
        extranonce2: 0,
        first_nonce,
        step: 1,
        count: NONCES_AT_ONCE.min(u32::MAX - first_nonce),
    };
    black_box(CpuSearch.search(&batch)).expect("a sha256d batch");
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
