//! A PC with one processor, and candidates for it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::*;
use crate::coin::Coin;

/// Each candidate's rate, in hashes a second.
const RATE: f64 = 1e6;
const SECONDS_A_DAY: f64 = 86_400.0;

pub fn work(number: usize) -> Work {
    Work {
        source: Source::Pool(format!("pool {number}")),
        algorithm: "kawpow".to_owned(),
        coin: Coin::Ravencoin,
    }
}

/// One that pays so much a day, draws 100 W for nothing, takes no fee, is paid at once and begun with within 10 s.
pub fn candidate(number: usize, a_day: f64) -> Candidate {
    Candidate {
        work: work(number),
        available: true,
        rate: Rate {
            hashes_per_second: RATE,
            origin: RateOrigin::Measured,
        },
        pay_per_hash: a_day / RATE / SECONDS_A_DAY,
        fee_percent: 0.0,
        power: Power {
            watts: 100.0,
            origin: PowerOrigin::Nvml,
        },
        electricity_per_kwh: Some(0.0),
        payout: None,
        memory: 0,
        switch_time: Duration::from_secs(10),
        as_of: start(),
    }
}

/// When the tests begin.
pub fn start() -> Timestamp {
    "2026-03-01T00:00:00Z".parse().expect("a time")
}

/// The default settings, with a change.
pub fn rules(change: impl FnOnce(&mut Settings)) -> Rules {
    let mut settings = Settings {
        // Times pass in these tests; those about stale quotes say so.
        stale_minutes: 3 * 60,
        ..Settings::default()
    };
    change(&mut settings);
    Rules::try_new(settings).expect("allowed")
}

#[derive(Clone, Debug)]
pub struct Pc {
    pub processor: Processor,
    pub choosing: Choosing,
    pub rules: Rules,
    pub now: Timestamp,
}

impl Pc {
    pub fn new() -> Pc {
        Pc {
            processor: Processor {
                id: "gpu".to_owned(),
                memory: None,
                hours_a_day: None,
            },
            choosing: Choosing::default(),
            rules: Rules::default(),
            now: start(),
        }
    }

    /// One that has worked on this for an hour.
    pub fn working_on(number: usize) -> Pc {
        let mut pc = Pc::new();
        pc.decide(&[candidate(number, 1.0)]);
        pc.pass(1.0);
        pc
    }

    pub fn pass(&mut self, hours: f64) {
        self.now += SignedDuration::from_secs_f64(hours * 3600.0);
    }

    /// A candidate whose quotes are of this moment.
    pub fn candidate(&self, number: usize, a_day: f64) -> Candidate {
        Candidate {
            as_of: self.now,
            ..candidate(number, a_day)
        }
    }

    pub fn decide(&mut self, candidates: &[Candidate]) -> Outcome {
        self.choosing
            .decide(&self.processor, candidates, &self.rules, self.now)
    }
}
