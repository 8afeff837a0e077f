//! How many RandomX shares a second the verifier checks in fast mode, against the hashes that the same threads reach as
//! a miner: `cargo bench -p idlewatt-hub --bench verify`. It takes two minutes and 5 GiB.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use idlewatt_hub::settings::{VerificationMode, VerificationSettings};
use idlewatt_hub::verifier::randomx::{Checked, Input, Stake, Verifier};
use idlewatt_kernels::randomx::{CpuSearch, Memory, Mode};
use idlewatt_kernels::{Batch, BatchInput, Digest, Search, Target};
use idlewatt_protocol::DeviceId;

const SEED: [u8; 32] = [0x42; 32];
const NONCE_OFFSET: usize = 39;
/// Miner and verifier take turns, so that whatever else the machine does disturbs both alike.
const TURNS: usize = 7;
const TURN: Duration = Duration::from_secs(4);
/// Shares on their way at once: many sessions.
const AT_ONCE: usize = 256;

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let settings = VerificationSettings {
        mode: VerificationMode::Fast,
        ..VerificationSettings::default()
    };
    let threads = settings.threads();
    let never = AtomicBool::new(false);
    let memory = Memory::prepare(&SEED, Mode::Fast, threads, &|_, _| {}, &never).expect("2.4 GiB");
    let mut searches: Vec<CpuSearch> = (0..threads)
        .map(|_| CpuSearch::new(&memory).expect("2 MiB"))
        .collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let verifier = runtime.block_on(async {
        let verifier = Verifier::new(&settings, Duration::from_secs(600));
        while !verifier.is_fast() {
            verifier.hash(SEED, blob(0)).await.expect("hashes");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        verifier
    });
    println!("RandomX, fast mode, {threads} threads, {}", memory.pages());
    let (mut mined, mut verified) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        mined.push(mine(&mut searches));
        verified.push(runtime.block_on(verify(&verifier)));
    }
    let (mined, verified) = (median(mined), median(verified));
    println!("mined:    {mined:7.1} H/s");
    println!(
        "verified: {verified:7.1} shares/s, {:.3} of that",
        verified / mined
    );
}

fn blob(nonce: u32) -> Vec<u8> {
    let mut blob = vec![0x17; 76];
    blob[NONCE_OFFSET..NONCE_OFFSET + 4].copy_from_slice(&nonce.to_le_bytes());
    blob
}

fn mine(searches: &mut [CpuSearch]) -> f64 {
    const COUNT: u32 = 64;
    let hashes = AtomicU64::new(0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for search in searches {
            let hashes = &hashes;
            scope.spawn(move || {
                while began.elapsed() < TURN {
                    let first = hashes.fetch_add(COUNT.into(), Ordering::Relaxed);
                    let batch = Batch {
                        job_id: "bench".into(),
                        target: Target::IMPOSSIBLE,
                        input: BatchInput::RandomX {
                            blob: blob(0).into(),
                            nonce_offset: NONCE_OFFSET,
                            seed_hash: SEED,
                        },
                        extranonce2: 0,
                        first_nonce: first as u32,
                        step: 1,
                        count: COUNT,
                    };
                    search.search(&batch).expect("the right key");
                }
            });
        }
    });
    hashes.into_inner() as f64 / began.elapsed().as_secs_f64()
}

async fn verify(verifier: &Arc<Verifier>) -> f64 {
    let device = DeviceId::random();
    let began = Instant::now();
    let shares = futures_util::stream::iter(0..)
        .take_while(|_| std::future::ready(began.elapsed() < TURN))
        .map(|nonce| {
            let input = Input {
                seed: SEED,
                blob: blob(nonce),
                claimed: Digest([0; 32]),
            };
            let stake = Stake {
                device: &device,
                work: 1,
                block: false,
            };
            verifier.check(input, stake)
        })
        .buffer_unordered(AT_ONCE)
        .fold(0, |shares, checked| {
            assert_eq!(checked, Ok(Checked::Wrong), "nobody guesses a digest");
            std::future::ready(shares + 1)
        })
        .await;
    f64::from(shares) / began.elapsed().as_secs_f64()
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
