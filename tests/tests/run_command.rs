//! `./run` as a user sees it: progress, then a live line; Ctrl-C ends everything at once.

use std::process::Command;
use std::time::{Duration, Instant};

use idlewatt_tests::process::{Running, processes, program};
use idlewatt_tests::wait::until;

#[test]
fn run_shows_benchmark_and_earnings_and_ends_within_a_second() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let log = folder.path().join("run.log");
    std::fs::write(
        folder.path().join("config.toml"),
        "[cpu]\nalgorithm = \"sha256d\"\n[gpu]\nenabled = false\n",
    )
    .expect("a writable folder");
    let mut command = Command::new(program("idlewatt"));
    command
        .arg("--data-dir")
        .arg(folder.path())
        .args(["run", "--yes", "--mode", "100"]);
    let mut running = Running::start(&mut command, &log);
    until(
        "credited earnings on the screen",
        Duration::from_secs(120),
        || {
            if let Some(status) = running.ended() {
                panic!("ended with {status}: {}", running.output());
            }
            let output = running.output();
            let credited = output.lines().rev().any(|line| {
                line.contains("accepted")
                    && line.contains("PRACTICE")
                    && !line.contains(" 0 accepted")
            });
            if credited { Ok(()) } else { Err(output) }
        },
    );
    let output = running.output();
    assert!(output.contains("H/s"), "{output}");

    let data = folder.path().to_str().expect("utf-8").to_owned();
    assert!(processes(&data).len() >= 2, "the daemon and its hub");
    let start = Instant::now();
    let status = running.signal("INT", Duration::from_secs(10));
    let took = start.elapsed();
    println!("ended {took:?} after Ctrl-C");
    assert!(status.success(), "{status}: {}", running.output());
    until("no process left", Duration::from_secs(2), || {
        let left = processes(&data);
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("{left:?}"))
        }
    });
}
