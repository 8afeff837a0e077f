//! `bench --impact`: what it prints and refuses. Not what it measures: that is for people who run it.

#[cfg(target_os = "linux")]
use serde_json::Value;

use super::harness::Home;

#[cfg(target_os = "linux")]
fn number(value: &Value, key: &str) -> f64 {
    value[key]
        .as_f64()
        .unwrap_or_else(|| panic!("{key} is no number in {value}"))
}

#[cfg(target_os = "linux")]
#[test]
fn it_measures_everything_its_description_promises_and_leaves_nothing_running() {
    let home = Home::new();
    home.write("config.toml", "[gpu]\nenabled = false\n");
    home.run(&["consent", "--accept"]);
    let short = [
        "bench",
        "--impact",
        "--seconds",
        "1",
        "--algorithm",
        "sha256d",
        "--json",
    ];
    let report = home.run(&short).json();

    let throttle = report["throttle"].as_array().expect("a list");
    let asked = throttle.iter().map(|one| number(one, "asked_percent"));
    assert_eq!(asked.collect::<Vec<_>>(), [5.0, 25.0, 50.0, 75.0, 90.0]);
    for one in throttle {
        assert_eq!(
            (&one["processor"], &one["algorithm"]),
            (&"cpu".into(), &"sha256d".into())
        );
        // A machine that is busy otherwise gives less, and a hair more is measured where both ends are late.
        assert!(
            (0.0..=101.0).contains(&number(one, "mean_percent")),
            "{one}"
        );
        assert!(
            (0.0..=100.0).contains(&number(one, "stddev_100ms")),
            "{one}"
        );
    }
    let times = &report["yield_ms"];
    assert!(number(times, "samples") >= 6.0);
    let (p50, p95, max) = (
        number(times, "p50"),
        number(times, "p95"),
        number(times, "max"),
    );
    assert!(0.0 < p50 && p50 <= p95 && p95 <= max, "{times}");

    let foreground = report["foreground"].as_array().expect("a list");
    let modes: Vec<_> = foreground.iter().map(|one| one["mode"].clone()).collect();
    assert_eq!(modes, ["smart", "50", "90", "100"]);
    for one in foreground {
        assert!(number(one, "slowdown_percent") > -100.0, "{one}");
        assert!(number(one, "spread_percent") >= 0.0, "{one}");
        // Two milliseconds are computed in each frame.
        assert!(number(one, "frame_p99_ms") > 0.5, "{one}");
        assert!(number(one, "frame_p99_ms_alone") > 0.5, "{one}");
    }
    let paused = &report["paused"];
    assert!(number(paused, "wakeups_per_second") >= 0.0);
    assert!(
        (0.0..100.0).contains(&number(paused, "cpu_percent")),
        "{paused}"
    );
    assert!(number(paused, "memory_mb") > 1.0, "{paused}");
    assert_eq!(
        number(paused, "processes"),
        1.0,
        "no engine and, here, no hub: {paused}"
    );

    // Nothing of it is left: neither a lock, nor a benchmark in this directory, nor an engine.
    home.run(&["bench", "--seconds", "1", "--algorithm", "nonsense"])
        .failed(2, "nonsense");
    assert!(!home.file("benchmarks.json").exists());
    assert_eq!(engines_of(&home), Vec::<String>::new());
}

/// The running processes that were started with this test's environment.
#[cfg(target_os = "linux")]
fn engines_of(home: &Home) -> Vec<String> {
    let own = format!("IDLEWATT_DATA_DIR={}", home.path().display());
    let processes = std::fs::read_dir("/proc").expect("listed").flatten();
    let ours = processes.filter(|process| {
        let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
        environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == own.as_bytes())
    });
    ours.map(|process| process.path().display().to_string())
        .collect()
}

#[test]
fn it_needs_consent_and_the_pc_to_itself() {
    let home = Home::new();
    home.run(&["bench", "--impact"]).failed(1, "consent");
    let daemon = home.daemon(&["--mode", "pause"]);
    home.run(&["consent", "--accept"]);
    home.run(&["bench", "--impact"]).failed(
        1,
        "the agent is running and would disturb the figures: `idlewatt stop` first",
    );
    assert_eq!(daemon.status()["mode"], "pause");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_it_with_everything_it_started() {
    let home = Home::new();
    home.write("config.toml", "[gpu]\nenabled = false\n");
    home.run(&["consent", "--accept"]);
    let mut bench = home.command(&["bench", "--impact", "--algorithm", "sha256d"]);
    let mut child = bench.spawn().expect("started");
    super::harness::until("an engine works", || {
        let tree = idlewatt_platform::usage::tree(child.id());
        tree.iter().skip(1).any(|engine| {
            idlewatt_platform::usage::cpu_time(*engine).is_some_and(|time| time.as_millis() > 500)
        })
    });
    let id = child.id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-s", "INT", &id])
        .status();
    assert!(sent.expect("kill runs").success());
    assert_eq!(child.wait().expect("waited").code(), Some(1));
    #[cfg(target_os = "linux")]
    assert_eq!(engines_of(&home), Vec::<String>::new());
}
