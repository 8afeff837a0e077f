//! A year of made-up prices, decided about hour by hour, beside the best that hindsight could have done.

mod made;

use std::time::Duration;

use idlewatt_market::choice::{
    Candidate, Choosing, Doing, Power, PowerOrigin, Processor, Rate, RateOrigin, Rules, Settings,
    Source, Work,
};
use idlewatt_market::coin::Coin;
use jiff::{SignedDuration, Timestamp};
use made::{Moves, Random, Walk};

const HOURS: usize = 365 * 24;
const WATTS: f64 = 150.0;
const HASHES_PER_SECOND: f64 = 25e6;

/// A year of one processor's candidates.
struct Year {
    /// What an hour of each pays before fee, by hours.
    pay: Vec<Vec<f64>>,
    /// What a candidate keeps, in percent.
    fees: Vec<f64>,
    /// How long a switch to each goes unpaid, in hours.
    switch_hours: Vec<f64>,
    /// What an hour of work costs.
    electricity: f64,
}

/// What a year's decisions come to.
#[derive(Default)]
struct Decided {
    income: f64,
    switches: usize,
    /// In hours.
    rested: usize,
}

impl Year {
    /// `cost` is the electricity's part of what is paid at the beginning.
    fn made(seed: u64, cost: f64) -> Year {
        let mut random = Random::seeded(seed);
        let count = 3 + (seed % 3) as usize;
        let mut walks: Vec<(f64, Walk)> = (0..count)
            .map(|_| {
                let moves = Moves {
                    volatility: random.between(0.03, 0.06),
                    jumps: 6.0,
                    lag_days: random.between(2.0, 10.0),
                    wavers: (random.between(0.0, 0.06), random.between(3.0, 24.0)),
                };
                (random.between(0.04, 0.05), Walk::new(moves))
            })
            .collect();
        let pay = (0..HOURS).map(|_| {
            let common = random.normal();
            let hour = walks.iter_mut().map(|(base, walk)| {
                walk.hour(common, &mut random);
                *base * walk.pay()
            });
            hour.collect()
        });
        let pay = pay.collect();
        Year {
            pay,
            fees: (0..count).map(|_| random.between(0.0, 2.0)).collect(),
            switch_hours: (0..count)
                .map(|_| random.between(10.0, 120.0) / 3600.0)
                .collect(),
            electricity: cost * 0.045,
        }
    }

    fn count(&self) -> usize {
        self.fees.len()
    }

    fn paid(&self, hour: usize, which: usize) -> f64 {
        self.pay[hour][which] * (1.0 - self.fees[which] / 100.0)
    }

    /// What an hour brings: with the last number it rests.
    fn net(&self, hour: usize, which: usize) -> f64 {
        match which == self.count() {
            true => 0.0,
            false => self.paid(hour, which) - self.electricity,
        }
    }

    /// What a switch costs: the time without pay, while the electricity is drawn.
    fn switch_cost(&self, hour: usize, to: usize) -> f64 {
        match to == self.count() {
            true => 0.0,
            false => self.paid(hour, to) * self.switch_hours[to],
        }
    }

    /// The most that could have been had, with every price of the year known before and every switch paid for.
    fn hindsight(&self) -> (f64, usize) {
        let states = self.count() + 1;
        let mut best: Vec<(f64, usize)> = vec![(0.0, 0); states];
        for hour in 0..HOURS {
            let top = best.iter().copied().max_by(|l, r| l.0.total_cmp(&r.0));
            let (top, switches) = top.expect("a state");
            best = (0..states)
                .map(|to| {
                    let stayed = best[to];
                    let first = hour == 0;
                    let moved = (top - self.switch_cost(hour, to), switches + 1);
                    let reached = match !first && stayed.0 >= moved.0 {
                        true => stayed,
                        false => moved,
                    };
                    (reached.0 + self.net(hour, to), reached.1)
                })
                .collect();
        }
        let last = best.into_iter().max_by(|l, r| l.0.total_cmp(&r.0));
        last.expect("a state")
    }

    /// What the best single candidate would have brought.
    fn single(&self) -> f64 {
        let sums = (0..self.count()).map(|which| {
            let sum: f64 = (0..HOURS).map(|hour| self.net(hour, which)).sum();
            sum - self.switch_cost(0, which)
        });
        sums.fold(f64::MIN, f64::max)
    }

    fn candidates(&self, hour: usize, now: Timestamp) -> Vec<Candidate> {
        let one = |which: usize| Candidate {
            work: Work {
                source: Source::Pool(format!("pool {which}")),
                algorithm: Coin::Ravencoin.algorithm().to_owned(),
                coin: Coin::Ravencoin,
            },
            available: true,
            rate: Rate {
                hashes_per_second: HASHES_PER_SECOND,
                origin: RateOrigin::Measured,
            },
            pay_per_hash: self.pay[hour][which] / 3600.0 / HASHES_PER_SECOND,
            fee_percent: self.fees[which],
            power: Power {
                watts: WATTS,
                origin: PowerOrigin::Nvml,
            },
            electricity_per_kwh: Some(self.electricity / (WATTS / 1000.0)),
            payout: None,
            memory: 0,
            switch_time: Duration::from_secs_f64(self.switch_hours[which] * 3600.0),
            as_of: now,
        };
        (0..self.count()).map(one).collect()
    }

    /// What the decisions bring with quotes that are so many hours behind.
    fn decided(&self, rules: &Rules, behind: usize) -> Decided {
        let processor = Processor {
            id: "gpu".to_owned(),
            memory: None,
            hours_a_day: None,
        };
        let mut choosing = Choosing::default();
        let mut decided = Decided::default();
        let mut doing = usize::MAX;
        for hour in 0..HOURS {
            let seconds = i64::try_from(hour).expect("few") * 3600;
            let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
            let candidates = self.candidates(hour.saturating_sub(behind), now);
            choosing.decide(&processor, &candidates, rules, now);
            let next = match &choosing.current("gpu").expect("decided").doing {
                Doing::Rest => self.count(),
                Doing::Work(work) => {
                    let at = candidates.iter().position(|one| one.work == *work);
                    at.expect("a candidate")
                }
            };
            if next != doing {
                doing = next;
                decided.switches += 1;
                decided.income -= self.switch_cost(hour, doing);
            }
            decided.income += self.net(hour, doing);
            decided.rested += usize::from(doing == self.count());
        }
        decided
    }
}

/// What must be brought of the best in hindsight.
const ENOUGH: f64 = 0.98;
const SEEDS: std::ops::RangeInclusive<u64> = 1..=12;

/// Decides the years of all seeds; each must bring `enough` of the best in hindsight. Returns the hours of rest.
fn replay(what: &str, cost: f64, behind: usize, enough: f64) -> usize {
    let rules = Rules::try_new(Settings::default()).expect("allowed");
    println!("{what}");
    println!(
        "seed  candidates  of the best  best single  switches  best's switches  hours of rest"
    );
    let (mut singles, mut rests) = (0.0, 0);
    for seed in SEEDS {
        let year = Year::made(seed, cost);
        let (best, best_switches) = year.hindsight();
        let decided = year.decided(&rules, behind);
        let (part, single) = (decided.income / best, year.single() / best);
        println!(
            "{seed:4}  {:10}  {part:11.4}  {single:11.4}  {:8}  {best_switches:15}  {:13}",
            year.count(),
            decided.switches,
            decided.rested
        );
        assert!(best > 0.0, "{what}, seed {seed}: nothing could be earned");
        assert!(part <= 1.0, "{what}, seed {seed}: {part} beats hindsight");
        assert!(
            part >= enough,
            "{what}, seed {seed}: {part} of the best in hindsight"
        );
        singles += single / SEEDS.count() as f64;
        rests += decided.rested;
    }
    // Years in which it hardly matters what is worked on would prove nothing.
    assert!(singles < 0.97, "{what}: {singles} by one alone");
    rests
}

#[test]
fn a_year_with_free_electricity() {
    replay("free electricity", 0.0, 0, ENOUGH);
    replay("free electricity, quotes an hour old", 0.0, 1, ENOUGH);
}

#[test]
fn a_year_with_half_of_the_pay_for_electricity() {
    replay("half for electricity", 0.5, 0, ENOUGH);
    replay("half for electricity, quotes an hour old", 0.5, 1, ENOUGH);
}

#[test]
fn a_year_with_most_of_the_pay_for_electricity() {
    replay("four fifths for electricity", 0.8, 0, ENOUGH);
    let what = "four fifths for electricity, quotes an hour old";
    replay(what, 0.8, 1, ENOUGH);
}

#[test]
fn a_year_in_which_rest_is_at_times_best() {
    let rested = replay("95 % for electricity", 0.95, 0, ENOUGH);
    assert!(rested > 0, "rest was never best");
    // Where a twentieth of the pay is left, what changed within the hour is a large part of it, and nobody knows it.
    let what = "95 % for electricity, quotes an hour old";
    replay(what, 0.95, 1, 0.95);
}
