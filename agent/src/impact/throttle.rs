//! How exactly a share of a processor's time is held.

use std::thread;
use std::time::{Duration, Instant};

use idlewatt_kernels::Algorithm;
use idlewatt_platform::usage;

use super::ImpactError;
use super::report::Throttle;
use super::rig::Rig;
use crate::engine::{Processor, ProcessorKind};
use crate::governor::Mode;

/// The shares that are tried, in percent.
pub const SHARES: [u8; 5] = [5, 25, 50, 75, 90];
/// What varies is told by windows of this length.
const WINDOW: Duration = Duration::from_millis(100);
/// A change is over by then.
const SETTLE: Duration = Duration::from_millis(500);

/// Chooses one share and measures it for `time`. The processor has to be at work. Blocks.
pub fn measure(
    rig: &Rig,
    processor: &Processor,
    algorithm: Algorithm,
    asked_percent: u8,
    time: Duration,
) -> Result<Throttle, ImpactError> {
    rig.choose(Mode::Percent(asked_percent));
    rig.wait_allowed(&processor.id, |percent| percent == asked_percent)?;
    thread::sleep(SETTLE.min(time));
    match processor.kind {
        ProcessorKind::Cpu => of_cpu(rig, processor, algorithm, asked_percent, time),
        ProcessorKind::Gpu => of_gpu(rig, processor, algorithm, asked_percent, time),
    }
}

/// By the clock of the engine's whole process: what a task manager shows, our own steering included.
fn of_cpu(
    rig: &Rig,
    processor: &Processor,
    algorithm: Algorithm,
    asked_percent: u8,
    time: Duration,
) -> Result<Throttle, ImpactError> {
    let process = rig.process(&processor.id)?;
    let used = || usage::cpu_time(process).ok_or(ImpactError::Uncounted);
    let share = |used: Duration, time: Duration| {
        100.0 * used.as_secs_f64() / (time.as_secs_f64() * processor.threads as f64)
    };
    let (begun, used_at_first) = (Instant::now(), used()?);
    let (mut last, mut used_last, mut windows) = (begun, used_at_first, Vec::new());
    while begun.elapsed() < time {
        thread::sleep(WINDOW.saturating_sub(last.elapsed()));
        let (now, used_now) = (Instant::now(), used()?);
        windows.push(share(used_now.saturating_sub(used_last), now - last));
        (last, used_last) = (now, used_now);
    }
    let mean = share(used_last.saturating_sub(used_at_first), last - begun);
    Ok(Throttle::of_windows(
        processor.id.as_str(),
        algorithm,
        asked_percent,
        mean,
        &windows,
    ))
}

/// By what the engine reports: how long its dispatches took on the device. That is a mean since the change of share,
/// of the last ten seconds at most.
fn of_gpu(
    rig: &Rig,
    processor: &Processor,
    algorithm: Algorithm,
    asked_percent: u8,
    time: Duration,
) -> Result<Throttle, ImpactError> {
    // The first report comes after a second.
    thread::sleep(time.max(Duration::from_secs(2)));
    let state = rig.state(&processor.id);
    let state = state.ok_or_else(|| ImpactError::Gone(processor.id.to_string()))?;
    Ok(Throttle {
        processor: processor.id.to_string(),
        algorithm,
        asked_percent,
        mean_percent: state.achieved_percent,
        stddev_100ms: None,
    })
}
