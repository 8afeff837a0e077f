//! What was measured: the JSON of `bench --impact`, described in `docs/json.md`.

use idlewatt_kernels::Algorithm;
use serde::{Deserialize, Serialize};

use super::statistics::{percentile, standard_deviation};

/// Everything measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// How many threads the CPU has for us.
    pub threads: usize,
    /// How exactly a share of the processors' time is held.
    pub throttle: Vec<Throttle>,
    /// From the owner's input to the CPU being free; `None` if no CPU was measured.
    pub yield_ms: Option<Yield>,
    /// What other programs feel of the CPU's work.
    pub foreground: Vec<Foreground>,
    /// What the whole agent costs while it is paused.
    pub paused: Paused,
}

/// A share that was asked for, and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Throttle {
    /// Of which processor.
    pub processor: String,
    /// Computing what.
    pub algorithm: Algorithm,
    /// The share asked for.
    pub asked_percent: u8,
    /// The share used, over the whole time.
    pub mean_percent: f64,
    /// How much the share used in each 100 ms varies, in points; `None` for a GPU, whose engine reports by the second.
    pub stddev_100ms: Option<f64>,
}

/// How long the CPU worked on after an input, in milliseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Yield {
    /// Half of all times were shorter.
    pub p50: f64,
    /// Nineteen of twenty were shorter.
    pub p95: f64,
    /// The longest.
    pub max: f64,
    /// How many inputs there were.
    pub samples: usize,
}

impl Yield {
    /// Of single times, in milliseconds; `None` without any.
    pub fn of(times: &[f64]) -> Option<Yield> {
        (!times.is_empty()).then(|| Yield {
            p50: percentile(times, 50.0),
            p95: percentile(times, 95.0),
            max: percentile(times, 100.0),
            samples: times.len(),
        })
    }
}

/// What another program felt.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Foreground {
    /// In which mode: `smart` (with someone at the PC), `50`, `90` or `100`.
    pub mode: String,
    /// Computing what.
    pub algorithm: Algorithm,
    /// How much longer the other program's work took than without us.
    pub slowdown_percent: f64,
    /// How certain that is: half of the single comparisons lay about so close.
    pub spread_percent: f64,
    /// From when a frame was due until it was computed, for the slowest in a hundred.
    pub frame_p99_ms: f64,
    /// The same without us.
    pub frame_p99_ms_alone: f64,
}

/// What it costs to do nothing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Paused {
    /// How often its threads were switched to; `None` where the system does not count.
    pub wakeups_per_second: Option<f64>,
    /// Of one core.
    pub cpu_percent: f64,
    /// In millions of bytes; shared memory is counted in proportion, where the system tells.
    pub memory_mb: f64,
    /// How many processes there were: the agent, and its own hub.
    pub processes: usize,
    /// For how long this was measured.
    pub seconds: f64,
}

impl Throttle {
    /// Of a CPU, from the share used in each window, in percent.
    pub fn of_windows(
        processor: &str,
        algorithm: Algorithm,
        asked_percent: u8,
        mean_percent: f64,
        windows: &[f64],
    ) -> Throttle {
        Throttle {
            processor: processor.to_owned(),
            algorithm,
            asked_percent,
            mean_percent,
            stddev_100ms: Some(standard_deviation(windows)),
        }
    }
}
