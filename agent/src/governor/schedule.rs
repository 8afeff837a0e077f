//! Modes for hours of the week.

use jiff::{Timestamp, Zoned};

use super::Mode;

/// A mode for certain hours of certain weekdays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Monday first.
    pub days: [bool; 7],
    /// When it begins on each of these days, in minutes after midnight.
    pub from: u16,
    /// When it ends, in minutes after midnight, up to 1440; not after `from`: on the next day.
    pub to: u16,
    /// What holds meanwhile.
    pub mode: Mode,
}

/// All rules, none of which overlaps with another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    rules: Vec<Rule>,
}

/// Rules that cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// Two say different things for the same time.
    #[error("schedule {0} and schedule {1} both hold {2}; allowed: one rule at a time")]
    Overlap(usize, usize, String),
}

/// A rule in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// Since when.
    pub began: Timestamp,
    /// Until when.
    pub ends: Timestamp,
}

impl Schedule {
    /// The rule in force, by the clock on the wall of `now`'s time zone.
    pub fn in_force(&self, _now: &Zoned) -> Option<InForce<'_>> {
        self.rules.first().map(|rule| InForce {
            rule,
            began: Timestamp::UNIX_EPOCH,
            ends: Timestamp::UNIX_EPOCH,
        })
    }
}

impl TryFrom<Vec<Rule>> for Schedule {
    type Error = ScheduleError;

    fn try_from(rules: Vec<Rule>) -> Result<Schedule, ScheduleError> {
        Ok(Schedule { rules })
    }
}
