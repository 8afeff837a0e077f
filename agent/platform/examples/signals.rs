//! Shows what the system says about the PC, once a second, and what asking costs.
//!
//! usage: cargo run -p idlewatt-platform --example signals [SECONDS]

use std::time::{Duration, Instant};

use idlewatt_platform::signals::{InputWatch, Reading, Sensors, Wanted};
use idlewatt_platform::usage;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let seconds = std::env::args().nth(1).map(|text| text.parse());
    let Ok(seconds) = seconds.unwrap_or(Ok(10)) else {
        eprintln!("signals: how many seconds is a whole number, such as 10");
        std::process::exit(2);
    };
    let own = std::process::id();
    let is_shell = |name: &str| ["bash", "fish", "sh", "zsh"].contains(&name);
    let wanted = Wanted {
        own_processes: &[own],
        program: Some(&is_shell),
    };
    let (mut sensors, mut watch) = (Sensors::system(), InputWatch::system());
    // The first look connects to everything, and is paid once.
    print(&sensors.read(&wanted).await);
    let before = usage::of_process(own).unwrap_or_default();
    let start = Instant::now();

    let mut tick = tokio::time::interval(Duration::from_secs(1));
    tick.tick().await;
    let mut left: u64 = seconds;
    while left > 0 {
        tokio::select! {
            _ = tick.tick() => {
                print(&sensors.read(&wanted).await);
                left -= 1;
            }
            () = watch.input() => println!("{:>8.3} s  input!", start.elapsed().as_secs_f64()),
        }
    }

    let after = usage::of_process(own).unwrap_or_default();
    let (cpu, time) = (after.cpu.saturating_sub(before.cpu), start.elapsed());
    println!(
        "cost: {:.3} ms of processor time a second ({:.3} % of one core), {:.1} wake-ups a second, {:.1} MiB",
        cpu.as_secs_f64() * 1000.0 / time.as_secs_f64(),
        cpu.as_secs_f64() * 100.0 / time.as_secs_f64(),
        after
            .wakeups
            .unwrap_or(0)
            .saturating_sub(before.wakeups.unwrap_or(0)) as f64
            / time.as_secs_f64(),
        after.memory as f64 / f64::from(1 << 20),
    );
}

/// What is known, a line each.
fn print(reading: &Reading) {
    let Reading {
        idle,
        gamepad,
        locked,
        remote,
        others_active,
        kept_awake,
        front,
        power,
        cpu_others_percent,
        cpu_celsius,
        cpu_watts,
        gpus,
        programs,
    } = reading;
    println!(
        "idle {idle:?}, gamepad {gamepad:?}, locked {locked:?}, remote {remote:?}, others {others_active:?}"
    );
    println!("  kept awake by {kept_awake:?}, front {front:?}, {power:?}");
    println!(
        "  others take {cpu_others_percent:?} % of the CPU, {cpu_celsius:?} °C, {cpu_watts:?} W, programs {programs:?}"
    );
    for gpu in gpus {
        println!("  {gpu:?}");
    }
}
