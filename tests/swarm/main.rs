//! The load swarm: what a hub bears, measured from outside, with everything on this machine and loopback only. Each scenario
//! prints a line for people and a line of JSON, and ends by itself.
//!
//! `cargo build --release && cargo bench -p idlewatt-tests --bench swarm -- SCENARIO`; `docs/benchmarks.md` has the figures.

#![forbid(unsafe_code)]

mod growth;
mod idle;
mod machine;
mod place;
mod reports;
mod shares;

use std::process::ExitCode;

use place::Engine;

const USAGE: &str = "usage: swarm SCENARIO
  idle [CONNECTIONS]                 resident memory of idle Stratum connections, and how fast a new template reaches them (20000)
  shares sqlite|postgres [SECONDS]   sha256d shares verified, credited and durable, each looked up afterwards (20)
  reports sqlite|postgres [SECONDS]  HTTP reports of devices (20)
  growth sqlite|postgres [SECONDS]   the hub's processor time a share with 100, 1000, 5000 and 20000 devices connected (30)";

fn main() -> ExitCode {
    // `cargo bench` adds an argument of its own.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |word: &str| word.parse::<usize>().ok().filter(|number| *number > 0);
    let scenario = match words[..] {
        ["idle"] => Some(Scenario::Idle(20_000)),
        ["idle", count] => number(count).map(Scenario::Idle),
        [name, engine] => Scenario::of(name, engine, None),
        [name, engine, seconds] => {
            number(seconds).and_then(|seconds| Scenario::of(name, engine, Some(seconds)))
        }
        _ => None,
    };
    let Some(scenario) = scenario else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    machine::allow_open_files();
    match scenario {
        Scenario::Idle(connections) => idle::measure(connections),
        Scenario::Shares(engine, seconds) => shares::measure(engine, seconds),
        Scenario::Reports(engine, seconds) => reports::measure(engine, seconds),
        Scenario::Growth(engine, seconds) => growth::measure(engine, seconds),
    }
    ExitCode::SUCCESS
}

enum Scenario {
    Idle(usize),
    Shares(Engine, u64),
    Reports(Engine, u64),
    Growth(Engine, u64),
}

impl Scenario {
    fn of(name: &str, engine: &str, seconds: Option<usize>) -> Option<Self> {
        let engine = Engine::named(engine)?;
        let seconds = |default: u64| seconds.map_or(default, |seconds| seconds as u64);
        match name {
            "shares" => Some(Scenario::Shares(engine, seconds(20))),
            "reports" => Some(Scenario::Reports(engine, seconds(20))),
            "growth" => Some(Scenario::Growth(engine, seconds(30))),
            _ => None,
        }
    }
}
