//! A week as the schedule's rules make it, minute by minute, and back to rules.

use idlewatt_config::ScheduleRule;

const DAY: usize = 1_440;
const WEEK: usize = 7 * DAY;

/// The mode of each minute from Monday 00:00 on; `None` where the mode chosen by hand holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Week(Vec<Option<String>>);

impl Week {
    /// As the rules say.
    pub fn of(rules: &[ScheduleRule]) -> Self {
        let mut week = Week(vec![None; WEEK]);
        for rule in rules {
            for (day, _) in rule.days.iter().enumerate().filter(|(_, on)| **on) {
                week.paint(day, rule.from, rule.to, Some(&rule.mode));
            }
        }
        week
    }

    /// Sets what holds from `from` on this day until `to`, in minutes after midnight; not after `from`, on the next day.
    pub fn paint(&mut self, day: usize, from: u16, to: u16, mode: Option<&str>) {
        let (from, to) = (usize::from(from), usize::from(to));
        let length = match to > from {
            true => to - from,
            false => to + DAY - from,
        };
        for minute in 0..length {
            self.0[(day * DAY + from + minute) % WEEK] = mode.map(str::to_owned);
        }
    }

    /// What holds for most of an hour.
    pub fn hour(&self, day: usize, hour: usize) -> Option<&str> {
        let from = day * DAY + hour * 60;
        self.0[from + 30].as_deref()
    }

    /// The fewest rules that say the same, those of several days as one. A time that goes on over midnight stays one:
    /// where a rule begins, a mode chosen by hand ends.
    pub fn rules(&self) -> Vec<ScheduleRule> {
        let mut rules: Vec<ScheduleRule> = Vec::new();
        let mut add = |day: usize, from: usize, to: usize, mode: &str| {
            let (from, to) = (from as u16, to as u16);
            let same =
                |rule: &&mut ScheduleRule| rule.from == from && rule.to == to && rule.mode == mode;
            match rules.iter_mut().find(same) {
                Some(rule) => rule.days[day] = true,
                None => {
                    let mut days = [false; 7];
                    days[day] = true;
                    rules.push(ScheduleRule {
                        days,
                        from,
                        to,
                        mode: mode.to_owned(),
                    });
                }
            }
        };
        // From a minute at which something begins, if there is one.
        let begins = |at: usize| self.0[at] != self.0[(at + WEEK - 1) % WEEK];
        let first = (0..WEEK).find(|at| begins(*at)).unwrap_or(0);
        let mut at = first;
        while at < first + WEEK {
            let mode = &self.0[at % WEEK];
            let longest = (first + WEEK - at).min(DAY - at % DAY + DAY);
            let same = (1..longest).find(|on| self.0[(at + on) % WEEK] != *mode);
            let mut length = same.unwrap_or(longest);
            // No rule is longer than a day; what is, is cut at midnights.
            if length >= DAY {
                length = DAY - at % DAY;
            }
            if let Some(mode) = mode {
                let from = at % DAY;
                let end = from + length;
                let to = if end > DAY { end - DAY } else { end };
                add(at % WEEK / DAY, from, to, mode);
            }
            at += length;
        }
        rules
    }
}

/// A rule as it stands in the file of settings.
pub fn value(rules: &[ScheduleRule]) -> toml::Value {
    const NAMES: [&str; 7] = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let rules = rules.iter().map(|rule| {
        let days = NAMES.iter().zip(rule.days).filter(|(_, on)| *on);
        let days: Vec<toml::Value> = days.map(|(name, _)| (*name).into()).collect();
        let mode = match rule.mode.parse::<i64>() {
            Ok(percent) => percent.into(),
            Err(_) => rule.mode.clone().into(),
        };
        let entries = [
            ("days", toml::Value::Array(days)),
            ("from", clock(rule.from).into()),
            ("to", clock(rule.to).into()),
            ("mode", mode),
        ];
        toml::Value::Table(
            entries
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        )
    });
    toml::Value::Array(rules.collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rule(days: [bool; 7], from: u16, to: u16, mode: &str) -> ScheduleRule {
        ScheduleRule {
            days,
            from,
            to,
            mode: mode.to_owned(),
        }
    }

    #[test]
    fn a_night_stays_one_rule_for_all_its_days() {
        let nights = rule(
            [true, true, true, true, false, false, true],
            22 * 60,
            6 * 60,
            "100",
        );
        let week = Week::of(std::slice::from_ref(&nights));
        assert_eq!(week.rules(), [nights]);
        assert_eq!(week.hour(0, 23), Some("100"));
        assert_eq!(week.hour(1, 5), Some("100"));
        assert_eq!(week.hour(5, 5), None, "Friday's night has no rule");
    }

    #[test]
    fn a_whole_week_and_an_empty_one_come_back() {
        let week = Week::of(&[rule([true; 7], 0, 1_440, "smart")]);
        assert_eq!(week.rules(), [rule([true; 7], 0, 1_440, "smart")]);
        assert!(Week::of(&[]).rules().is_empty());
    }

    proptest! {
        #[test]
        fn whatever_is_painted_reads_back_from_its_rules(
            strokes in prop::collection::vec(
                (0usize..7, 0u16..96, 1u16..=96, prop::option::of(prop::sample::select(vec!["smart", "50", "pause"]))), 0..12)
        ) {
            let mut week = Week::of(&[]);
            for (day, from, to, mode) in strokes {
                let (from, to) = (from * 15, to * 15);
                if from != to {
                    week.paint(day, from, to, mode);
                }
            }
            let rules = week.rules();
            prop_assert_eq!(&Week::of(&rules), &week);
            // The settings take them, as they are written.
            let text = idlewatt_config::edited("", &[("schedule", Some(value(&rules)))]).expect("TOML");
            let read = idlewatt_config::check(Some((std::path::Path::new("x"), &text)), &[]);
            prop_assert_eq!(read.map(|read| read.settings.schedule).map_err(|error| error.to_string()), Ok(rules));
        }
    }
}
