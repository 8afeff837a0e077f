//! The owner's limits and wishes that hold whatever the mode.

use std::time::Duration;

use super::{Pattern, Schedule};
use crate::engine::ProcessorKind;

/// Everything a decision obeys beside the mode.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Without input for so long, the PC is free.
    pub idle_after: Duration,
    /// How long it takes to go up to full speed once the PC is free.
    pub ramp: Duration,
    /// For the CPU.
    pub cpu: Limits,
    /// For each GPU.
    pub gpu: Limits,
    /// Whether to work on battery.
    pub on_battery: bool,
    /// While one of these programs runs, nothing works.
    pub pause_for: Vec<Pattern>,
    /// Modes for hours of the week.
    pub schedule: Schedule,
    /// The longest GPU dispatch while somebody is, or may be, there.
    pub dispatch_present: Duration,
    /// The longest GPU dispatch while nobody is there.
    pub dispatch_away: Duration,
}

/// The limits of one kind of processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most in any mode, in percent.
    pub most_percent: u8,
    /// The most in Smart while somebody is, or may be, there, in percent.
    pub someone_here_percent: u8,
    /// The temperature that is not to be exceeded.
    pub max_celsius: u8,
}

impl Policy {
    /// The limits of processors of a kind.
    pub fn limits(&self, kind: ProcessorKind) -> Limits {
        match kind {
            ProcessorKind::Cpu => self.cpu,
            ProcessorKind::Gpu => self.gpu,
        }
    }
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            idle_after: Duration::from_secs(120),
            ramp: Duration::from_secs(10),
            cpu: Limits {
                most_percent: 100,
                someone_here_percent: 25,
                max_celsius: 90,
            },
            gpu: Limits {
                most_percent: 100,
                someone_here_percent: 10,
                max_celsius: 83,
            },
            on_battery: false,
            pause_for: Vec::new(),
            schedule: Schedule::default(),
            dispatch_present: Duration::from_millis(4),
            dispatch_away: Duration::from_millis(50),
        }
    }
}
