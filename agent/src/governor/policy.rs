//! The owner's limits and wishes that hold whatever the mode.

use std::ops::RangeInclusive;
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

/// What a temperature limit may be, in degrees.
const CELSIUS: RangeInclusive<u8> = 40..=110;

impl Policy {
    /// Whether everything can be obeyed at once.
    ///
    /// # Errors
    /// Each contradiction, in words.
    pub fn check(&self) -> Result<(), Vec<String>> {
        let mut wrong = Vec::new();
        if self.idle_after.is_zero() {
            wrong.push(
                "smart.idle_after is 0, so nobody would ever be here; allowed: more".to_owned(),
            );
        }
        for (kind, limits) in [("cpu", self.cpu), ("gpu", self.gpu)] {
            let Limits {
                most_percent,
                someone_here_percent,
                max_celsius,
            } = limits;
            if most_percent > 100 {
                wrong.push(format!(
                    "limits.max_{kind}_percent is {most_percent}; allowed: 0 to 100"
                ));
            }
            if someone_here_percent > most_percent {
                wrong.push(format!(
                    "{kind}.someone_here_percent is {someone_here_percent}, more than limits.max_{kind}_percent; \
                     allowed: 0 to {}",
                    most_percent.min(100)
                ));
            }
            if !CELSIUS.contains(&max_celsius) {
                wrong.push(format!(
                    "limits.max_{kind}_celsius is {max_celsius}; allowed: {} to {}",
                    CELSIUS.start(),
                    CELSIUS.end()
                ));
            }
        }
        match wrong.is_empty() {
            true => Ok(()),
            false => Err(wrong),
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_obeys_itself() {
        assert_eq!(Policy::default().check(), Ok(()));
    }

    #[test]
    fn every_contradiction_is_named() {
        let policy = Policy {
            idle_after: Duration::ZERO,
            cpu: Limits {
                most_percent: 20,
                someone_here_percent: 25,
                max_celsius: 111,
            },
            gpu: Limits {
                most_percent: 101,
                someone_here_percent: 102,
                max_celsius: 39,
            },
            ..Policy::default()
        };
        let wrong = policy.check().expect_err("wrong");
        for (line, begin) in wrong.iter().zip([
            "smart.idle_after is 0",
            "cpu.someone_here_percent is 25",
            "limits.max_cpu_celsius is 111; allowed: 40 to 110",
            "limits.max_gpu_percent is 101; allowed: 0 to 100",
            "gpu.someone_here_percent is 102",
            "limits.max_gpu_celsius is 39",
        ]) {
            assert!(
                line.starts_with(begin) && line.contains("allowed: "),
                "{line}"
            );
        }
        assert_eq!(wrong.len(), 6);
    }
}
