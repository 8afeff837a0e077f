//! Loads that come and go change the shares no more often than they do.

use std::time::Duration;

use super::pc::{Pc, cpu, full_screen, gpu, seconds};
use crate::engine::ProcessorId;

/// How long the load is on and how long off.
const HALF: Duration = Duration::from_secs(15);
const WHOLE: Duration = Duration::from_secs(600);

struct Wave {
    low: f32,
    high: f32,
    /// The same each time, from -3 to 3.
    noise: fn(u32) -> f32,
    /// How far the first edge is from a reading.
    shift: Duration,
}

impl Wave {
    /// What was used on average between two readings, as sensors tell it.
    fn average(&self, from: Duration, to: Duration) -> f32 {
        let slices = 100;
        let high = (0..slices).filter(|slice| {
            let at = from + (to - from) * *slice / slices + self.shift;
            (at.as_millis() / HALF.as_millis()) % 2 == 1
        });
        let part = high.count() as f32 / slices as f32;
        self.low + (self.high - self.low) * part
    }
}

fn noise(reading: u32) -> f32 {
    // A well-mixed number, so that it is the same each time.
    let mixed = reading.wrapping_mul(2_654_435_761) >> 16;
    (mixed % 601) as f32 / 100.0 - 3.0
}

/// How often each processor's share changes.
fn changes(pc: &mut Pc, wave: &Wave, step: Duration) -> Vec<(ProcessorId, u32)> {
    let ids: Vec<ProcessorId> = pc.signals.processors.keys().cloned().collect();
    let mut counts = vec![0; ids.len()];
    let mut before = pc.percents();
    let mut at = Duration::ZERO;
    for reading in 0.. {
        if at >= WHOLE {
            break;
        }
        for (number, id) in (0u32..).zip(&ids) {
            let load = wave.average(at, at + step) + (wave.noise)(3 * reading + number);
            pc.load(id, load.clamp(0.0, 100.0));
        }
        at += step;
        pc.pass(step);
        pc.reading().idle = Some(Duration::ZERO);
        let now = pc.percents();
        for ((count, now), before) in counts.iter_mut().zip(&now).zip(&before) {
            *count += u32::from(now != before);
        }
        before = now;
    }
    ids.into_iter().zip(counts).collect()
}

#[test]
fn a_load_that_comes_and_goes_changes_each_share_once_an_edge() {
    let edges = u32::try_from(WHOLE.as_secs() / HALF.as_secs()).expect("few");
    for step in [500, 1000, 2000].map(Duration::from_millis) {
        for shift in [0, 250, 300, 700, 900].map(Duration::from_millis) {
            for (low, high) in [(0.0, 60.0), (1.5, 45.0), (0.0, 100.0)] {
                for noise in [noise as fn(u32) -> f32, |_| 0.0] {
                    for in_front in [None, full_screen("game.exe")] {
                        let wave = Wave {
                            low,
                            high,
                            noise,
                            shift,
                        };
                        let mut pc = Pc::new();
                        let has_game = in_front.is_some();
                        pc.reading().front = in_front;
                        for (id, count) in changes(&mut pc, &wave, step) {
                            let what =
                                format!("{id}, {low} to {high}, {step:?} {shift:?} {has_game}");
                            assert!(count <= edges, "{count} changes: {what}");
                            // Noise alone keeps a GPU in use by a game; every other share does follow.
                            let follows = id == cpu() && !has_game;
                            assert!(!follows || count >= edges - 2, "{count} changes: {what}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_load_near_the_limit_changes_nothing() {
    for (around, id) in [(35.0, cpu()), (7.0, gpu(0)), (40.0, cpu()), (10.0, gpu(1))] {
        let mut pc = Pc::new();
        pc.seconds(1);
        let mut before = pc.percents();
        let mut changes = 0;
        for reading in 0..600 {
            pc.load(&id, around + noise(reading));
            pc.pass(seconds(1));
            pc.reading().idle = Some(Duration::ZERO);
            changes += u32::from(pc.percents() != before);
            before = pc.percents();
        }
        assert!(changes <= 1, "{changes} changes around {around}");
    }
}

#[test]
fn a_heater_on_its_limit_is_not_worth_a_line_a_second() {
    let mut pc = Pc::left_alone();
    let mut written = pc.decide().clone();
    let mut lines = 0;
    let mut celsius = 45.0f32;
    for reading in 0..3600 {
        // Warms up to 100 °C with everything, within minutes.
        let percent = pc.percents()[0];
        celsius += (45.0 + 0.55 * f32::from(percent) - celsius) / 60.0;
        pc.processor(&cpu()).celsius = Some((celsius + noise(reading) / 3.0).round());
        pc.pass(seconds(1));
        if pc.decide().differs_from(&written) {
            written = pc.decide().clone();
            lines += 1;
        }
    }
    assert!((1..=6).contains(&lines), "{lines} lines");
    assert!(celsius < 91.0, "{celsius}");
}
