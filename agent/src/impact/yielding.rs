//! How long the CPU works on after its owner's first input.

use std::thread;
use std::time::{Duration, Instant};

use idlewatt_platform::usage;
use rand::RngExt;

use super::ImpactError;
use super::rig::{Rig, nobody_here};
use crate::engine::ProcessorId;
use crate::governor::{Limits, Mode, Policy};

/// How often the engine's processor time is looked at: the resolution of the result.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// An engine that has used nothing for so long has stopped.
const STOPPED_AFTER: Duration = Duration::from_millis(50);
/// An engine that works on for so long does not yield.
const PATIENCE: Duration = Duration::from_secs(5);

/// Smart, with nothing allowed while someone is here: so that off is off. Without a ramp, as it is the way down that
/// is measured.
pub fn policy() -> Policy {
    let base = Policy::default();
    Policy {
        idle_after: Duration::from_secs(60),
        ramp: Duration::ZERO,
        cpu: Limits {
            someone_here_percent: 0,
            ..base.cpu
        },
        ..base
    }
}

/// One input at a random moment of full work. Returns the time from it until the engine's processes last used the
/// processor, in milliseconds, at most a look too long. Blocks.
pub fn measure(rig: &Rig, processor: &ProcessorId) -> Result<f64, ImpactError> {
    let process = rig.process(processor)?;
    rig.script.set(|reading| *reading = nobody_here());
    rig.choose(Mode::Smart);
    rig.wait_allowed(processor, |percent| percent == 100)?;
    let moment = rand::rng().random_range(150..450);
    thread::sleep(Duration::from_millis(moment));

    let input = Instant::now();
    rig.script.input();
    let mut used = Duration::ZERO;
    let mut last_used = input;
    loop {
        let used_now = usage::cpu_time(process).ok_or(ImpactError::Uncounted)?;
        let now = Instant::now();
        if used_now > used {
            (used, last_used) = (used_now, now);
        } else if now - last_used > STOPPED_AFTER {
            return Ok((last_used - input).as_secs_f64() * 1_000.0);
        }
        if now - input > PATIENCE {
            return Err(ImpactError::NoYield(PATIENCE));
        }
        thread::sleep(LOOK_EVERY);
    }
}
