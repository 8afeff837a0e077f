//! What stops the whole PC whatever the mode: programs, and where the current comes from.

use std::time::Duration;

use idlewatt_platform::signals::{Power, Reading};

use super::UNKNOWN_AFTER;
use super::hold::{Hold, Last};
use crate::governor::{Policy, Reason};

/// What is remembered of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stops {
    programs: Last<Vec<String>>,
    program: Hold<String>,
    on_battery: Last<bool>,
    saver: Last<bool>,
    power: Hold<Reason>,
}

impl Stops {
    /// Takes a reading, this long after the one before, and says why nothing may run.
    pub fn update(
        &mut self,
        reading: &Reading,
        policy: &Policy,
        elapsed: Duration,
    ) -> Option<Reason> {
        // Both are always brought up to date.
        let program = self.program(reading.programs.clone(), policy, elapsed);
        let power = self.power(reading.power, policy, elapsed);
        program.or(power)
    }

    fn program(
        &mut self,
        running: Option<Vec<String>>,
        policy: &Policy,
        elapsed: Duration,
    ) -> Option<Reason> {
        if policy.pause_for.is_empty() {
            self.programs = Last::default();
            self.program = Hold::default();
            return None;
        }
        // However long it is ago: a list that cannot be read is no sign that a program has ended.
        let running = self.programs.update(running, elapsed, Duration::MAX);
        let first = running.and_then(|running| running.iter().min().cloned());
        let program = self.program.update(first, elapsed)?.clone();
        Some(Reason::ProgramRuns { program })
    }

    fn power(
        &mut self,
        power: Option<Power>,
        policy: &Policy,
        elapsed: Duration,
    ) -> Option<Reason> {
        let supply = power.map(|power| power.on_battery);
        let on_battery = self.on_battery.update(supply, elapsed, Duration::MAX);
        let on_battery = on_battery.is_some_and(|on_battery| *on_battery);
        // Where the supply is unknown too, the last known holds; where it is known, saving is not known for ever.
        let (saver, keep) = match power {
            Some(power) => (power.saver, UNKNOWN_AFTER),
            None => (None, Duration::MAX),
        };
        let saver = self.saver.update(saver, elapsed, keep);
        let saver = saver.is_some_and(|saver| *saver);
        let why = if on_battery && !policy.on_battery {
            Some(Reason::OnBattery)
        } else if saver {
            Some(Reason::BatterySaver)
        } else {
            None
        };
        self.power.update(why, elapsed).cloned()
    }
}
