//! The agent beside a person: real input, a real film, a real game, real load, and who really ran.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use idlewatt_tests::agent::Agent;
use idlewatt_tests::desktop::Desktop;
use idlewatt_tests::process::{processes, voluntary_switches, worker_time};
use idlewatt_tests::wait::until;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(120);

/// The CPU alone, on the algorithm that needs no preparation; away after three seconds.
const SETTINGS: &str = "[gpu]\nenabled = false\n[cpu]\nalgorithm = \"sha256d\"\n\
                        someone_here_percent = 0\n[smart]\nidle_after = \"3s\"\n";

fn cpu(status: &Value) -> Value {
    let processors = status["processors"].as_array().cloned().unwrap_or_default();
    let cpu = processors.into_iter().find(|one| one["id"] == "cpu");
    cpu.unwrap_or(Value::Null)
}

fn works_at_full_speed(status: &Value) -> bool {
    cpu(status)["allowed_percent"] == 100 && cpu(status)["phase"] == "running"
}

fn at(desktop: &Desktop, settings: &str) -> Agent {
    let mut agent = Agent::new();
    agent.settings(settings);
    agent.environment(&desktop.environment());
    agent.consent();
    agent.start(&["--mode", "smart"]);
    agent
}

fn engine(agent: &Agent) -> u32 {
    until("the engine", PATIENCE, || {
        let daemon = agent.daemon_id();
        let engines = processes("engine --processor cpu");
        let ours = engines.into_iter().find(|one| one.parent == daemon);
        ours.map(|one| one.id).ok_or_else(|| agent.log())
    })
}

#[test]
fn the_cpu_is_given_back_at_the_first_input_and_taken_again_when_nobody_is_there() {
    let desktop = Desktop::start();
    let agent = at(&desktop, SETTINGS);
    agent.wait_status("full speed", PATIENCE, works_at_full_speed);

    let engine = engine(&agent);
    let before = worker_time(engine);
    until("the workers to run", PATIENCE, || {
        let now = worker_time(engine);
        (now > before)
            .then_some(())
            .ok_or_else(|| format!("{now:?}"))
    });
    let begun = Instant::now();
    desktop.input(&["mousemove", "--", "17", "23"]);
    // Who really ran: the kernel's own account of the workers stands still.
    let (mut last, mut since) = (worker_time(engine), Instant::now());
    while since.elapsed() < Duration::from_millis(300) {
        let now = worker_time(engine);
        if now != last {
            (last, since) = (now, Instant::now());
        }
        assert!(begun.elapsed() < PATIENCE, "the workers run on");
        std::thread::sleep(Duration::from_millis(1));
    }
    let took = since.saturating_duration_since(begun);
    println!("{took:?} from before xdotool began until the workers stood still");
    let status = agent.json(&["status"]);
    assert_eq!(cpu(&status)["allowed_percent"], 0, "{status:#}");
    // On a busy machine the other programs are named too.
    let signal = status["signal"].as_str().expect("a word");
    assert!(["idle", "load"].contains(&signal), "{status:#}");
    let reason = status["reason"].as_str().expect("a text");
    assert!(reason.starts_with("someone is "), "{status:#}");

    agent.wait_status("full speed again", PATIENCE, works_at_full_speed);
    let why = agent.json(&["why"]);
    let reasons: Vec<&str> = why
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|change| change["reason"].as_str())
        .collect();
    let there = reasons
        .iter()
        .rposition(|reason| reason.starts_with("someone is "))
        .unwrap_or_else(|| panic!("{why:#}"));
    assert!(there > 0 && there + 1 < reasons.len(), "{reasons:?}");
    let shown = agent.command(&["why"]);
    assert!(shown.text.contains("someone is "), "{shown:?}");
}

#[test]
fn a_film_and_a_game_are_not_absence() {
    let desktop = Desktop::start();
    let agent = at(&desktop, SETTINGS);
    agent.wait_status("full speed", PATIENCE, works_at_full_speed);

    let film = desktop.film("film-player");
    let status = agent.wait_status("room for the film", PATIENCE, |status| {
        status["signal"] == "kept_awake" && cpu(status)["allowed_percent"] == 0
    });
    let reason = status["reason"].as_str().expect("a text").to_owned();
    assert!(reason.contains("film-player"), "{reason}");
    drop(film);
    agent.wait_status("full speed after the film", PATIENCE, works_at_full_speed);

    let game = desktop.game("Quake");
    let status = agent.wait_status("room for the game", PATIENCE, |status| {
        status["signal"] == "front" && cpu(status)["allowed_percent"] == 0
    });
    let reason = status["reason"].as_str().expect("a text").to_owned();
    assert!(reason.contains("Quake"), "{reason}");
    let signals = agent.json(&["signals"]);
    assert_eq!(signals["fullscreen_application"], "Quake", "{signals:#}");
    assert_eq!(
        signals["kept_awake_by"],
        serde_json::json!([]),
        "{signals:#}"
    );
    drop(game);
    agent.wait_status("full speed after the game", PATIENCE, works_at_full_speed);
}

/// A program that takes all it can get of one CPU.
struct Busy(Child);

impl Busy {
    fn start() -> Busy {
        let child = Command::new("sha256sum")
            .arg("/dev/zero")
            .stdout(Stdio::null())
            .spawn();
        Busy(child.expect("coreutils"))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn others_come_first_while_somebody_is_there() {
    let desktop = Desktop::start();
    let settings = SETTINGS.replace("someone_here_percent = 0", "someone_here_percent = 25");
    let agent = at(&desktop, &settings.replace("\"3s\"", "\"1h\""));
    let busy: Vec<Busy> = (0..2).map(|_| Busy::start()).collect();
    let status = agent.wait_status("room for the others", PATIENCE, |status| {
        status["signal"] == "load" && cpu(status)["allowed_percent"].as_u64() < Some(25)
    });
    let signals = agent.json(&["signals"]);
    let others = signals["cpu_others_percent"].as_f64().expect("known");
    assert!(others > 0.0, "{signals:#}");
    drop(busy);
    drop(status);
}

#[test]
fn paused_it_sleeps_and_says_how_long_it_takes_to_resume() {
    let desktop = Desktop::start();
    let settings = "[gpu]\nenabled = false\n[cpu]\nalgorithm = \"randomx\"\nrandomx_memory = \"light\"\n\
                    [engine]\nrelease_after = \"1s\"\n";
    let agent = at(&desktop, settings);
    agent.command(&["mode", "100"]);
    agent.wait_status("RandomX", Duration::from_secs(240), |status| {
        cpu(status)["phase"] == "running" && status["phase"] == "running"
    });
    let daemon = agent.daemon_id();
    agent.command(&["pause"]);
    agent.wait_status("the engine's memory back", PATIENCE, |status| {
        let engines = processes("engine --processor");
        let left = engines.iter().any(|one| one.parent == daemon);
        !left && cpu(status)["resume_seconds"].as_f64() > Some(0.0)
    });
    let status = agent.command(&["status"]);
    assert!(status.text.contains("to resume"), "{}", status.text);

    // Its own threads decide how often it wakes, not the load of the machine. The last connections close first.
    let per_second = until("a quiet agent", PATIENCE, || {
        let tree = || processes(agent.data().to_str().expect("utf-8"));
        let count = |ids: &[u32]| ids.iter().map(|id| voluntary_switches(*id)).sum::<u64>();
        let ids: Vec<u32> = tree().iter().map(|one| one.id).collect();
        let (before, begun) = (count(&ids), Instant::now());
        std::thread::sleep(Duration::from_secs(5));
        let rate = (count(&ids) - before) as f64 / begun.elapsed().as_secs_f64();
        if rate < 2.0 {
            Ok(rate)
        } else {
            Err(format!("{rate} a second"))
        }
    });
    println!("{per_second:.1} wake-ups a second while paused");
    agent.command(&["resume"]);
    agent.wait_status("RandomX again", Duration::from_secs(240), |status| {
        cpu(status)["phase"] == "running"
    });
}
