//! What this PC computed on each of the last days, and what that paid: what an estimate rests on. A day on which the agent
//! did not run counts, too: nothing was earned on it.

use std::collections::BTreeMap;
use std::time::Duration;

use idlewatt_kernels::Algorithm;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::data_dir::{DataDir, DataDirError};

const FILE: &str = "days.json";
/// How many days are kept.
const KEPT: i64 = 60;
/// How many of them an average is of: two weeks have each weekday twice.
const AVERAGED: usize = 14;
const SECONDS_AN_HOUR: f64 = 3_600.0;
/// Between two looks nothing counts for longer than this: the PC may have slept.
const LONGEST_LOOK: Duration = Duration::from_secs(30);

/// The days, by the calendar of this PC.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Days(BTreeMap<Date, Day>);

/// One of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Day {
    /// Hashes of each processor.
    hashes: BTreeMap<String, BTreeMap<Algorithm, f64>>,
    /// What a hash of each algorithm paid when it was last looked that day, in the currency of [`Paid::currency`].
    #[serde(default)]
    paid: BTreeMap<Algorithm, Paid>,
}

/// What a hash pays, after the fee.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Paid {
    /// So much.
    pub a_hash: f64,
    /// Of this.
    pub currency: String,
}

/// What a processor does at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// Which.
    pub processor: String,
    /// What it computes.
    pub algorithm: Algorithm,
    /// How fast.
    pub hashes_per_second: f64,
    /// What that pays, where it is known.
    pub paid: Option<Paid>,
}

impl Days {
    /// What was kept. A file that cannot be read costs the days before, and estimates are wider for a while.
    pub fn load(data: &DataDir) -> Self {
        let kept = data.read(FILE).unwrap_or_else(|error| {
            tracing::warn!(%error, "what was done on the last days cannot be read");
            None
        });
        kept.unwrap_or_default()
    }

    /// Keeps it.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, data: &DataDir) -> Result<(), DataDirError> {
        data.write(FILE, self)
    }

    /// Adds what was done since the last look.
    pub fn add(&mut self, looks: &[Look], since: Duration, today: Date) {
        let seconds = since.min(LONGEST_LOOK).as_secs_f64();
        let day = self.0.entry(today).or_default();
        for look in looks {
            let hashes = day.hashes.entry(look.processor.clone()).or_default();
            *hashes.entry(look.algorithm).or_default() += look.hashes_per_second * seconds;
            if let Some(paid) = &look.paid {
                day.paid.insert(look.algorithm, paid.clone());
            }
        }
        let oldest = today.saturating_sub(KEPT.days());
        // A clock that ran ahead must not keep what never was.
        self.0.retain(|day, _| (oldest..=today).contains(day));
    }

    /// What each whole day was worth, the oldest first, where a hash of a processor is worth `a_hash`: the first day and
    /// today are no whole days.
    pub fn worth(&self, today: Date, a_hash: impl Fn(&str, Algorithm) -> f64) -> Vec<f64> {
        let Some(first) = self.0.keys().next() else {
            return Vec::new();
        };
        let whole = first.series(1.day()).skip(1);
        let whole = whole.take_while(|day| *day < today);
        whole
            .map(|day| {
                let day = self.0.get(&day);
                let each = day.into_iter().flat_map(|day| &day.hashes);
                let worth = each.flat_map(|(processor, hashes)| {
                    let a_hash = &a_hash;
                    let sums = hashes.iter();
                    sums.map(move |(algorithm, sum)| sum * a_hash(processor, *algorithm))
                });
                worth.sum()
            })
            .collect()
    }

    /// How many hours of full work a processor really did a day, on average over the last whole days; `None` before there was
    /// one, or where nothing was measured that it did. `rate` is its measured hashes a second.
    pub fn hours_a_day(
        &self,
        today: Date,
        processor: &str,
        rate: impl Fn(Algorithm) -> Option<f64>,
    ) -> Option<f64> {
        let hours = self.worth(today, |one, algorithm| match rate(algorithm) {
            Some(rate) if one == processor => 1.0 / (rate * SECONDS_AN_HOUR),
            _ => 0.0,
        });
        let last = &hours[hours.len().saturating_sub(AVERAGED)..];
        let sum: f64 = last.iter().map(|hours| hours.min(24.0)).sum();
        (sum > 0.0).then(|| sum / last.len() as f64)
    }

    /// What a hash paid on the days on which it is known, the oldest first.
    pub fn paid(&self, algorithm: Algorithm, currency: &str) -> Vec<f64> {
        let days = self.0.values().filter_map(|day| day.paid.get(&algorithm));
        days.filter(|paid| paid.currency == currency)
            .map(|paid| paid.a_hash)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn look(rate: f64, a_hash: f64) -> Look {
        Look {
            processor: "cpu".into(),
            algorithm: Algorithm::RandomX,
            hashes_per_second: rate,
            paid: Some(Paid {
                a_hash,
                currency: "USD".into(),
            }),
        }
    }

    #[test]
    fn whole_days_count_also_those_without_the_agent() {
        let mut days = Days::default();
        let ten = Duration::from_secs(10);
        days.add(&[look(100.0, 1e-9)], ten, date(2026, 11, 1));
        days.add(&[look(100.0, 2e-9)], ten, date(2026, 11, 2));
        days.add(&[look(50.0, 3e-9)], ten, date(2026, 11, 2));
        // The third it was off; the fourth is not over.
        days.add(&[look(100.0, 4e-9)], ten, date(2026, 11, 4));
        let worth = days.worth(date(2026, 11, 4), |_, _| 2.0);
        assert_eq!(worth, [3_000.0, 0.0]);
        assert!(days.worth(date(2026, 11, 2), |_, _| 1.0).is_empty());
        // 1,500 hashes at one a second are 25 minutes, over two days.
        let hours = days.hours_a_day(date(2026, 11, 4), "cpu", |_| Some(1.0));
        assert_eq!(hours, Some(1_500.0 / 3_600.0 / 2.0));
        let unknown = days.hours_a_day(date(2026, 11, 4), "gpu", |_| Some(1.0));
        assert_eq!(unknown, None);
        let paid = days.paid(Algorithm::RandomX, "USD");
        assert_eq!(paid, [1e-9, 3e-9, 4e-9]);
        assert!(days.paid(Algorithm::RandomX, "KRW").is_empty());
        assert!(days.paid(Algorithm::Sha256d, "USD").is_empty());
    }

    #[test]
    fn sleep_does_not_count_and_old_days_go() {
        let mut days = Days::default();
        let night = Duration::from_secs(8 * 3_600);
        days.add(&[look(1.0, 1e-9)], Duration::ZERO, date(2026, 8, 1));
        days.add(&[look(1.0, 1e-9)], Duration::ZERO, date(2027, 1, 1));
        days.add(&[look(1.0, 1e-9)], night, date(2026, 11, 2));
        assert_eq!(days.0.len(), 1, "{days:?}");
        assert_eq!(
            days.0[&date(2026, 11, 2)].hashes["cpu"][&Algorithm::RandomX],
            30.0
        );
    }

    #[test]
    fn it_is_kept_and_a_damaged_file_costs_no_start() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::locate(Some(folder.path().to_owned())).expect("named");
        let mut days = Days::default();
        days.add(
            &[look(7.0, 1e-9)],
            Duration::from_secs(1),
            date(2026, 11, 1),
        );
        days.save(&data).expect("written");
        assert_eq!(Days::load(&data), days);
        std::fs::write(data.file(FILE), "[").expect("written");
        assert_eq!(Days::load(&data), Days::default());
    }
}
