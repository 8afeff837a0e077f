//! What another program feels of the CPU's work: one that computes, and one that has a frame to show 60 times a second.
//!
//! Both run on one thread at normal priority, in turns with and without us, so that what else happens on the PC
//! weighs on both alike.

mod job;

use std::thread;
use std::time::{Duration, Instant};

use idlewatt_kernels::Algorithm;
use idlewatt_platform::system;

use super::ImpactError;
use super::report::Foreground;
use super::rig::{Rig, nobody_here};
use super::statistics::{median, percentile, spread};
use crate::engine::Processor;
use crate::governor::{Mode, Policy};
use job::Job;

/// In what modes it is measured; the first with someone at the PC.
pub const MODES: [Mode; 4] = [
    Mode::Smart,
    Mode::Percent(50),
    Mode::Percent(90),
    Mode::FULL,
];

/// The longest turn of the computing program. Many short turns cancel noise, but each begins with a change.
const LONGEST_TURN: Duration = Duration::from_millis(250);
/// After a change of mode, until the engine has obeyed and caches are as they will be.
const SETTLE: Duration = Duration::from_millis(60);
/// From one frame to the next.
const FRAME: Duration = Duration::from_nanos(16_666_667);
/// How long a frame takes to compute, about.
const FRAME_WORK: Duration = Duration::from_millis(2);
/// How many turns the frames are measured in, with us and without.
const FRAME_TURNS: u32 = 4;

/// Measures one mode, the other program computing for about half of `time` and showing frames for the other half.
/// The processor has to be at work, steered by `policy`'s limits. Blocks.
pub fn measure(
    rig: &Rig,
    processor: &Processor,
    algorithm: Algorithm,
    mode: Mode,
    policy: &Policy,
    time: Duration,
) -> Result<Foreground, ImpactError> {
    let turns = Turns {
        rig,
        processor,
        mode,
        allows: mode != Mode::Smart || policy.cpu.someone_here_percent > 0,
    };
    rig.script.set(|reading| {
        *reading = nobody_here();
        // The other program keeps one thread busy, and its owner is at the PC.
        reading.cpu_others_percent = Some(100.0 / system::thread_count() as f32);
        if mode == Mode::Smart {
            reading.idle = Some(Duration::from_secs(1));
        }
    });
    let (mut job, half) = (Job::new(), time / 2);
    let (slowdown_percent, spread_percent) = compute(&turns, &mut job, half)?;
    let (frame_p99_ms, frame_p99_ms_alone) = frames(&turns, &mut job, half)?;
    Ok(Foreground {
        mode: mode.to_string(),
        algorithm,
        slowdown_percent,
        spread_percent,
        frame_p99_ms,
        frame_p99_ms_alone,
    })
}

/// How we are told to work, and to rest.
struct Turns<'a> {
    rig: &'a Rig,
    processor: &'a Processor,
    mode: Mode,
    /// Whether the mode lets the processor work at all.
    allows: bool,
}

impl Turns<'_> {
    /// Begins a turn, with us or without.
    fn begin(&self, with_us: bool) -> Result<(), ImpactError> {
        self.rig.choose(match with_us {
            true => self.mode,
            false => Mode::Pause,
        });
        let works = with_us && self.allows;
        let obeyed = |percent| (percent > 0) == works;
        self.rig.wait_allowed(&self.processor.id, obeyed)?;
        thread::sleep(SETTLE);
        Ok(())
    }
}

/// The median of how much longer the work takes with us, pair by pair of neighbouring turns, and its spread.
fn compute(turns: &Turns<'_>, job: &mut Job, time: Duration) -> Result<(f64, f64), ImpactError> {
    let pairs = time.div_duration_f64(2 * LONGEST_TURN).ceil().max(4.0);
    let turn = time.div_f64(2.0 * pairs);
    let mut slowdowns = Vec::new();
    for pair in 0..pairs as u32 {
        let mut speeds = [0.0; 2];
        // Without, with; with, without: so that a drift falls on both.
        for with_us in [pair % 2 == 1, pair % 2 == 0] {
            turns.begin(with_us)?;
            speeds[usize::from(with_us)] = job.speed(turn);
        }
        slowdowns.push(100.0 * (speeds[0] / speeds[1] - 1.0));
    }
    Ok((median(&slowdowns), spread(&slowdowns)))
}

/// The 99th percentile of how long after it was due a frame was computed: with us, and without.
fn frames(turns: &Turns<'_>, job: &mut Job, time: Duration) -> Result<(f64, f64), ImpactError> {
    turns.begin(false)?;
    let work = job.units_in(FRAME_WORK);
    let mut latencies = [Vec::new(), Vec::new()];
    for turn in 0..FRAME_TURNS {
        for with_us in [turn % 2 == 1, turn % 2 == 0] {
            turns.begin(with_us)?;
            let shown = show(job, work, time / (2 * FRAME_TURNS));
            latencies[usize::from(with_us)].extend(shown);
        }
    }
    let [alone, with_us] = latencies;
    Ok((percentile(&with_us, 99.0), percentile(&alone, 99.0)))
}

/// Shows frames for `time`, at least one. Returns for each the milliseconds from when it was due until it was
/// computed. One that is late beyond the next takes that one's place, as in a game.
fn show(job: &mut Job, work: u32, time: Duration) -> Vec<f64> {
    let begun = Instant::now();
    let (mut due, mut latencies) = (begun + FRAME, Vec::new());
    loop {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        for _ in 0..work {
            job.arithmetic();
        }
        let late = due.elapsed();
        latencies.push(late.as_secs_f64() * 1_000.0);
        if begun.elapsed() >= time {
            return latencies;
        }
        due += FRAME * (late.div_duration_f64(FRAME) as u32 + 1);
    }
}
