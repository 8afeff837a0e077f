//! Modes for hours of the week.

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, Zoned};

use super::Mode;

const MINUTES_A_DAY: u16 = 24 * 60;
const MINUTES_A_WEEK: usize = 7 * MINUTES_A_DAY as usize;
const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

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

/// Rules that cannot be followed. They are numbered from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// One never holds.
    #[error("schedule {0} names no day; allowed: at least one")]
    NoDays(usize),
    /// One begins at no time of a day.
    #[error("schedule {0} begins {1} minutes after midnight; allowed: 00:00 to 23:59")]
    Begin(usize, u16),
    /// One ends at no time of a day.
    #[error("schedule {0} ends {1} minutes after midnight; allowed: 00:00 to 24:00")]
    End(usize, u16),
    /// One ends when it begins: nobody could tell whether that is no time or a whole day.
    #[error(
        "schedule {0} begins and ends at {1}; allowed: two different times, 00:00 to 24:00 for a whole day"
    )]
    Empty(usize, String),
    /// Two hold at the same time.
    #[error("schedule {0} and schedule {1} both hold on {2}; allowed: one at a time")]
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

impl Rule {
    /// How long after the midnight before it begins it ends, in minutes.
    fn end(&self) -> u16 {
        match self.to > self.from {
            true => self.to,
            false => self.to + MINUTES_A_DAY,
        }
    }

    /// The time that begins on a date. Clocks set forward meanwhile: what was left out is not there. Clocks set
    /// back: what comes twice belongs to it twice.
    fn on(&self, date: Date, now: &Zoned) -> Option<(Timestamp, Timestamp)> {
        if !self.days[usize::try_from(date.weekday().to_monday_zero_offset()).ok()?] {
            return None;
        }
        let zone = now.time_zone();
        // Of a time that comes twice this is the first, and of one that is left out the one an hour later.
        let began = zone.to_ambiguous_timestamp(minute_of(date, self.from)?);
        let ends = zone.to_ambiguous_timestamp(minute_of(date, self.end())?);
        Some((began.compatible().ok()?, ends.later().ok()?))
    }
}

fn minute_of(date: Date, minute: u16) -> Option<DateTime> {
    let date = match minute / MINUTES_A_DAY {
        0 => date,
        _ => date.tomorrow().ok()?,
    };
    let minute = minute % MINUTES_A_DAY;
    let hour = i8::try_from(minute / 60).ok()?;
    Some(date.at(hour, i8::try_from(minute % 60).ok()?, 0, 0))
}

impl Schedule {
    /// The rule in force, by the clock on the wall of `now`'s time zone. Where clocks set back bring two together,
    /// the one that began last.
    pub fn in_force(&self, now: &Zoned) -> Option<InForce<'_>> {
        let moment = now.timestamp();
        let today = now.date();
        let dates = [today.yesterday().ok(), Some(today)];
        let begun = dates.into_iter().flatten().flat_map(|date| {
            self.rules.iter().filter_map(move |rule| {
                let (began, ends) = rule.on(date, now)?;
                Some(InForce { rule, began, ends })
            })
        });
        begun
            .filter(|one| one.began <= moment && moment < one.ends)
            .max_by_key(|one| one.began)
    }
}

impl TryFrom<Vec<Rule>> for Schedule {
    type Error = ScheduleError;

    fn try_from(rules: Vec<Rule>) -> Result<Schedule, ScheduleError> {
        // Which rule holds each minute of a week.
        let mut week = vec![None; MINUTES_A_WEEK];
        for (number, rule) in (1..).zip(&rules) {
            check(number, rule)?;
            let length = usize::from(rule.end() - rule.from);
            for day in (0..7).filter(|day| rule.days[*day]) {
                let begin = day * usize::from(MINUTES_A_DAY) + usize::from(rule.from);
                for minute in (begin..begin + length).map(|minute| minute % MINUTES_A_WEEK) {
                    match week[minute].replace(number) {
                        None => {}
                        Some(other) => {
                            return Err(ScheduleError::Overlap(other, number, moment(minute)));
                        }
                    }
                }
            }
        }
        Ok(Schedule { rules })
    }
}

fn check(number: usize, rule: &Rule) -> Result<(), ScheduleError> {
    if !rule.days.contains(&true) {
        Err(ScheduleError::NoDays(number))
    } else if rule.from >= MINUTES_A_DAY {
        Err(ScheduleError::Begin(number, rule.from))
    } else if rule.to > MINUTES_A_DAY {
        Err(ScheduleError::End(number, rule.to))
    } else if rule.from == rule.to {
        Err(ScheduleError::Empty(number, time(rule.from)))
    } else {
        Ok(())
    }
}

/// A minute of the week in words.
fn moment(minute: usize) -> String {
    let day = minute / usize::from(MINUTES_A_DAY);
    let minute = minute % usize::from(MINUTES_A_DAY);
    format!("{} {:02}:{:02}", DAYS[day], minute / 60, minute % 60)
}

fn time(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests;
