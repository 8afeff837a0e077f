//! What is recorded and played again is what was read.

use std::time::Duration;

use idlewatt_platform::signals::{Front, Gamepad, GpuReading, Power, Reading};
use jiff::Zoned;
use proptest::option;
use proptest::prelude::*;

use super::trace;
use crate::simulation::{Change, Header, Pc, Recorder};

const GPUS: usize = 2;

/// Everything that may be read, unknown included.
fn reading() -> impl Strategy<Value = Reading> {
    let idle = || option::of((0u64..20_000).prop_map(Duration::from_millis));
    let long = || option::of((0u64..4_000).prop_map(Duration::from_secs));
    let name = || {
        prop_oneof![
            Just(""),
            Just("mpv"),
            Just("a \"b\"\n\u{0}.exe"),
            Just("Öl")
        ]
    };
    let names = || option::of(prop::collection::vec(name().prop_map(str::to_owned), 0..3));
    let gamepad = prop_oneof![
        Just(None),
        Just(Some(Gamepad::Absent)),
        idle().prop_map(|idle| Some(Gamepad::Present { idle })),
    ];
    let front = prop_oneof![
        Just(None),
        Just(Some(Front::Windowed)),
        name().prop_map(|name| Some(Front::Fullscreen {
            application: name.to_owned()
        })),
    ];
    let power = option::of((any::<bool>(), any::<Option<bool>>())).prop_map(|power| {
        power.map(|(on_battery, saver)| Power {
            on_battery,
            saver,
            charge_percent: None,
        })
    });
    let gpu = (option::of(0f32..=100.0), option::of(-50f32..=150.0)).prop_map(|(load, heat)| {
        GpuReading {
            others_percent: load,
            celsius: heat,
            ..GpuReading::default()
        }
    });
    let who = (prop_oneof![idle(), long()], gamepad, any::<Option<bool>>());
    let sessions = (any::<Option<bool>>(), option::of(0u32..3), names(), names());
    let loads = (option::of(0f32..=100.0), option::of(-50f32..=150.0));
    let gpus = prop::collection::vec(gpu, 0..=GPUS + 1);
    (who, sessions, front, power, loads, gpus).prop_map(
        |(who, sessions, front, power, loads, gpus)| Reading {
            idle: who.0,
            gamepad: who.1,
            locked: who.2,
            remote: sessions.0,
            others_active: sessions.1,
            kept_awake: sessions.2,
            programs: sessions.3,
            front,
            power,
            cpu_others_percent: loads.0,
            cpu_watts: None,
            cpu_celsius: loads.1,
            gpus,
        },
    )
}

/// A day as it is read second by second: what is read stays for a while, the time without input grows meanwhile.
fn day() -> impl Strategy<Value = Vec<(Duration, Reading)>> {
    let part = (reading(), 1u64..12);
    prop::collection::vec(part, 1..20).prop_map(|parts| {
        let mut seconds = Vec::new();
        for (reading, length) in parts {
            for passed in (0..length).map(Duration::from_secs) {
                let mut now = reading.clone();
                now.idle = now.idle.map(|idle| idle + passed);
                if let Some(Gamepad::Present { idle: Some(idle) }) = &mut now.gamepad {
                    *idle += passed;
                }
                seconds.push((Duration::from_secs(seconds.len() as u64), now));
            }
        }
        seconds
    })
}

/// A pause of less than five seconds is none, a longer one is right to a second and a half.
fn same_idle(read: Option<Duration>, played: Option<Duration>) -> bool {
    match (read, played) {
        (None, None) => true,
        (Some(read), Some(played)) if read < Duration::from_secs(5) => played.is_zero(),
        (Some(read), Some(played)) => read.abs_diff(played) <= Duration::from_millis(1_500),
        _ => false,
    }
}

fn near(read: Option<f32>, played: Option<f32>, step: f32) -> bool {
    match (read, played) {
        (Some(read), Some(played)) => (read - played).abs() < step,
        (read, played) => read.is_none() && played.is_none(),
    }
}

fn in_order(names: &Option<Vec<String>>) -> Option<Vec<String>> {
    let mut names = names.clone()?;
    names.sort();
    names.dedup();
    Some(names)
}

fn same(read: &Reading, played: &Reading) -> bool {
    let gamepads = match (read.gamepad, played.gamepad) {
        (Some(Gamepad::Present { idle: read }), Some(Gamepad::Present { idle: played })) => {
            same_idle(read, played)
        }
        (read, played) => read == played,
    };
    let gpus = (0..GPUS).all(|number| {
        let read = read.gpus.get(number);
        let played = &played.gpus[number];
        near(
            read.and_then(|gpu| gpu.others_percent),
            played.others_percent,
            3.0,
        ) && near(read.and_then(|gpu| gpu.celsius), played.celsius, 2.0)
    });
    let power = |reading: &Reading| reading.power.map(|power| (power.on_battery, power.saver));
    gamepads
        && gpus
        && same_idle(read.idle, played.idle)
        && (read.locked, read.remote, read.others_active, &read.front)
            == (
                played.locked,
                played.remote,
                played.others_active,
                &played.front,
            )
        && in_order(&read.kept_awake) == played.kept_awake
        && in_order(&read.programs) == played.programs
        && power(read) == power(played)
        && near(read.cpu_others_percent, played.cpu_others_percent, 3.0)
        && near(read.cpu_celsius, played.cpu_celsius, 2.0)
}

fn as_text(lines: &[Change]) -> String {
    let begins: Zoned = "2026-03-02T07:00:00[UTC]".parse().expect("a time");
    let header = serde_json::to_string(&Header::of_recording(&begins, GPUS)).expect("JSON");
    let lines = lines
        .iter()
        .map(|line| serde_json::to_string(line).expect("JSON"));
    let mut text: Vec<String> = std::iter::once(header).chain(lines).collect();
    text.push(String::new());
    text.join("\n")
}

proptest! {
    #[test]
    fn a_recording_played_again_gives_the_same_readings(day in day()) {
        let mut recorder = Recorder::new(GPUS);
        let lines: Vec<Change> = day
            .iter()
            .filter_map(|(at, reading)| recorder.line(*at, reading))
            .collect();
        let mut read = trace(&as_text(&lines)).expect("a header");
        let mut next = read.read().expect("a line");
        let mut pc = Pc::unknown(GPUS);
        // Every program is asked about.
        let all = ["*", "", "mpv", "a \"b\"\n\u{0}.exe", "Öl"];
        let all: Vec<_> = all.iter().filter_map(|name| name.parse().ok()).collect();
        for (at, reading) in &day {
            while let Some(change) = next.take_if(|change| change.at.since_beginning() <= *at) {
                pc.apply(&change);
                next = read.read().expect("a line");
            }
            let played = Reading {
                programs: pc.programs().clone(),
                ..pc.reading(*at, &all)
            };
            prop_assert!(same(reading, &played), "at {at:?}: {reading:?} is played as {played:?}");
        }
        prop_assert_eq!(next, None);
    }

    #[test]
    fn nothing_is_written_where_nothing_changes(reading in reading(), seconds in 2u64..50) {
        let mut recorder = Recorder::new(GPUS);
        let steady = Reading { idle: Some(Duration::ZERO), gamepad: None, ..reading };
        let lines = (0..seconds)
            .filter_map(|at| recorder.line(Duration::from_secs(at), &steady))
            .count();
        prop_assert_eq!(lines, 1);
    }
}

#[test]
fn how_somebody_types_is_not_written() {
    let mut recorder = Recorder::new(0);
    let mut lines = Vec::new();
    let pauses = [0u64, 1, 2, 0, 4, 1, 0, 1, 2, 3, 4, 5, 6, 7, 1];
    for (at, idle) in pauses.into_iter().enumerate() {
        let reading = Reading {
            idle: Some(Duration::from_secs(idle)),
            ..Reading::default()
        };
        lines.extend(recorder.line(Duration::from_secs(at as u64), &reading));
    }
    let written: Vec<String> = lines
        .iter()
        .map(|line| serde_json::to_string(line).expect("JSON"))
        .collect();
    assert_eq!(
        written,
        [
            "{\"at\":\"00:00:00\",\"using\":true}",
            "{\"at\":\"00:00:11\",\"using\":false,\"idle_seconds\":5}",
            "{\"at\":\"00:00:14\",\"using\":true}",
        ]
    );
}

#[test]
fn a_night_asleep_is_two_lines() {
    let mut recorder = Recorder::new(0);
    let lines = recorder.slept(Duration::from_secs(60), Duration::from_secs(30_000));
    let mut read = trace(&as_text(&lines)).expect("a header");
    let mut pc = Pc::unknown(0);
    pc.apply(&read.read().expect("read").expect("a line"));
    assert!(pc.is_asleep());
    pc.apply(&read.read().expect("read").expect("a line"));
    assert!(!pc.is_asleep());
}
