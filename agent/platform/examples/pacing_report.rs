//! Prints how exactly the pacer holds a percentage on this machine, now: asked, achieved over the whole time, and
//! the standard deviation over windows of 100 ms.
//!
//! `cargo run --release -p idlewatt-platform --example pacing_report -- [seconds] [threads]`

use std::thread;
use std::time::{Duration, Instant};

use idlewatt_platform::pacing::Pacer;
use idlewatt_platform::{priority, system};

const WINDOW: Duration = Duration::from_millis(100);

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|text| text.parse::<u64>().expect("a whole number"));
    let seconds = arguments.next().unwrap_or(10);
    let threads = arguments
        .next()
        .map_or_else(system::thread_count, |threads| threads as usize);
    let pacer = Pacer::start(0).expect("a thread");
    for _ in 0..threads {
        let pacer = pacer.clone();
        thread::spawn(move || {
            priority::idle_thread().expect("the idle class");
            let paced = pacer.register().expect("a gate");
            let mut value = 0u64;
            loop {
                paced.run(|| {
                    for _ in 0..1_000_000 {
                        value = std::hint::black_box(
                            value
                                .wrapping_mul(6_364_136_223_846_793_005)
                                .wrapping_add(1),
                        );
                    }
                });
            }
        });
    }
    println!("{threads} threads, {seconds} s each");
    println!("asked %   mean %   stddev over 100 ms   wake-ups a second");
    for percent in [5, 25, 50, 75, 90, 100] {
        pacer.set_percent(percent);
        thread::sleep(Duration::from_secs(1));
        let rounds = pacer.rounds();
        let windows = windows(&pacer, Duration::from_secs(seconds), threads);
        let mean = windows.iter().sum::<f64>() / windows.len() as f64;
        let variance = windows
            .iter()
            .map(|window| (window - mean).powi(2))
            .sum::<f64>()
            / windows.len() as f64;
        let wakes = (pacer.rounds() - rounds) as f64 / seconds as f64;
        println!(
            "{percent:7}   {mean:6.2}   {:18.2}   {wakes:17.0}",
            variance.sqrt()
        );
    }
}

/// The share of the threads' time that was used, in percent, window by window.
fn windows(pacer: &Pacer, time: Duration, threads: usize) -> Vec<f64> {
    let mut shares = Vec::new();
    let (began, mut last, mut used) = (Instant::now(), Instant::now(), pacer.usage().cpu);
    while began.elapsed() < time {
        thread::sleep(WINDOW.saturating_sub(last.elapsed()));
        let (now, spent) = (Instant::now(), pacer.usage().cpu);
        let wall = now.duration_since(last).as_secs_f64() * threads as f64;
        shares.push(100.0 * (spent - used).as_secs_f64() / wall);
        (last, used) = (now, spent);
    }
    shares
}
