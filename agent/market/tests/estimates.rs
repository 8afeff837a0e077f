//! Made-up years, estimated week by week: the range from the 10th to the 90th percentile should hold 8 times out of 10.

mod made;

use idlewatt_market::coin::Coin;
use idlewatt_market::estimate::{
    Basis, Calibration, Correction, Credit, Inputs, Stream, Summary, project,
};
use jiff::{SignedDuration, Timestamp};
use made::{Moves, Random, Walk};

const WEEKS: usize = 52;
const DAYS_BEFORE: usize = 28;
const PAY_AN_HOUR: f64 = 0.05;

/// How a PC is used.
#[derive(Clone, Copy, Debug)]
struct Use {
    what: &'static str,
    /// Free hours of a working day and of a day of the weekend.
    free: (f64, f64),
    /// How far days differ.
    differ: f64,
    /// In how many of 100 weeks it is switched off.
    away: f64,
}

const USES: [Use; 4] = [
    Use {
        what: "in an office",
        free: (14.0, 20.0),
        differ: 2.0,
        away: 0.0,
    },
    Use {
        what: "of a player",
        free: (9.0, 5.0),
        differ: 3.0,
        away: 3.0,
    },
    Use {
        what: "always on",
        free: (24.0, 24.0),
        differ: 0.5,
        away: 0.0,
    },
    Use {
        what: "now and then",
        free: (2.0, 6.0),
        differ: 4.0,
        away: 5.0,
    },
];

/// How chance decides what is paid.
#[derive(Clone, Copy, Debug)]
struct Luck {
    shares_an_hour: f64,
    /// Blocks that the pool finds a day; 0 where each share is paid.
    blocks_a_day: f64,
}

/// What a day was like.
struct Day {
    hours: f64,
    /// What a hash pays at its end, beginning about 1.
    pay: f64,
    /// What was credited.
    credited: f64,
}

fn days(usage: Use, luck: Luck, honest: f64, seed: u64) -> Vec<Day> {
    let mut random = Random::seeded(seed);
    let mut walk = Walk::new(Moves {
        volatility: random.between(0.03, 0.06),
        jumps: 6.0,
        lag_days: 60.0,
        wavers: (0.01, 12.0),
    });
    let mut away = false;
    let count = DAYS_BEFORE + 7 * WEEKS;
    let day = (0..count).map(|day| {
        if day % 7 == 0 {
            away = random.part() < usage.away / 100.0;
        }
        let free = if day % 7 < 5 {
            usage.free.0
        } else {
            usage.free.1
        };
        let hours = (free + usage.differ * random.normal()).clamp(0.0, 24.0);
        let hours = if away { 0.0 } else { hours };
        let mut pay = 0.0;
        for _ in 0..24 {
            let common = random.normal();
            walk.hour(common, &mut random);
            pay += walk.pay() / 24.0;
        }
        let chance = |expected: f64, random: &mut Random| match expected > 0.0 {
            true => random.poisson(expected) / expected,
            false => 1.0,
        };
        let shares = chance(luck.shares_an_hour * hours, &mut random);
        let blocks = chance(luck.blocks_a_day * hours / 24.0, &mut random);
        Day {
            hours,
            pay: walk.pay(),
            credited: PAY_AN_HOUR * honest * hours * pay * shares * blocks,
        }
    });
    day.collect()
}

/// How a year is estimated.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// For how many days at a time.
    period: usize,
    /// From how many days of idle time.
    recorded: usize,
    /// What is credited of what was promised.
    honest: f64,
    /// Whether it is learnt from what became of the estimates before.
    learns: bool,
}

const WEEKLY: Way = Way {
    period: 7,
    recorded: DAYS_BEFORE,
    honest: 1.0,
    learns: false,
};

/// Estimates each period from the days before it, and compares.
fn year(usage: Use, luck: Luck, way: Way, seed: u64) -> Vec<Calibration> {
    let days = days(usage, luck, way.honest, seed);
    let mut calibrations: Vec<Calibration> = Vec::new();
    let at = |day: usize| {
        let hours = 24 * i64::try_from(day).expect("few");
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
    };
    for (number, these) in days[DAYS_BEFORE..].chunks_exact(way.period).enumerate() {
        let begin = DAYS_BEFORE + number * way.period;
        let before = &days[begin - DAYS_BEFORE..begin];
        let recorded = &before[DAYS_BEFORE - way.recorded..];
        let now = before.last().expect("a day").pay;
        let correction = Correction::learnt(&calibrations).filter(|_| way.learns);
        let stream = Stream {
            pay_an_hour: PAY_AN_HOUR * now,
            electricity_an_hour: None,
            basis: Basis::Measured,
            daily_prices: before.iter().map(|day| day.pay).collect(),
            shares_an_hour: Some(luck.shares_an_hour),
            pool_blocks_a_day: Some(luck.blocks_a_day).filter(|blocks| *blocks > 0.0),
        };
        let inputs = Inputs {
            now: at(begin),
            from: at(begin),
            to: at(begin + way.period),
            currency: "EUR".to_owned(),
            streams: vec![stream],
            idle_hours: recorded.iter().map(|day| day.hours).collect(),
            correction,
        };
        let projection = project(&inputs).expect("can be");
        let credited: f64 = these.iter().map(|day| day.credited).sum();
        let credit = Credit {
            coin: Coin::Monero,
            atomic: (credited / 150.0 * 1e12) as u64,
            coin_price: 150.0,
        };
        let one = Calibration::try_new(projection, vec![credit], vec![], at(begin + way.period));
        calibrations.push(one.expect("comparable"));
    }
    calibrations
}

const SEEDS: std::ops::RangeInclusive<u64> = 1..=10;

/// The part of the estimates that held, over the years of all seeds.
fn held(usage: Use, luck: Luck, way: Way) -> f64 {
    let years = SEEDS.map(|seed| Summary::of(&year(usage, luck, way, seed)));
    let mut all = Summary::default();
    for year in years {
        all.estimates += year.estimates;
        all.held += year.held;
        all.below += year.below;
        all.above += year.above;
    }
    let Summary {
        estimates,
        held,
        below,
        above,
    } = all;
    assert_eq!(held + below + above, estimates);
    let part = held as f64 / estimates as f64;
    println!(
        "{part:.3} of {estimates} held, {below} below, {above} above: {}, {luck:?}, {way:?}",
        usage.what
    );
    part
}

const BY_SHARES: Luck = Luck {
    shares_an_hour: 30.0,
    blocks_a_day: 0.0,
};
const BY_BLOCKS: Luck = Luck {
    shares_an_hour: 30.0,
    blocks_a_day: 20.0,
};
const LUCKS: [Luck; 4] = [
    BY_SHARES,
    BY_BLOCKS,
    Luck {
        shares_an_hour: 2.0,
        blocks_a_day: 0.0,
    },
    Luck {
        shares_an_hour: 30.0,
        blocks_a_day: 2.0,
    },
];

#[test]
fn the_range_of_a_week_holds_eight_times_out_of_ten() {
    for usage in USES {
        for luck in LUCKS {
            let part = held(usage, luck, WEEKLY);
            assert!((0.7..=0.9).contains(&part), "{part}: {usage:?}, {luck:?}");
        }
    }
}

#[test]
fn so_does_that_of_a_day_and_of_four_weeks() {
    for usage in USES {
        for period in [1, 28] {
            let part = held(usage, BY_BLOCKS, Way { period, ..WEEKLY });
            assert!((0.7..=0.9).contains(&part), "{part}: {usage:?}, {period}");
        }
    }
}

#[test]
fn it_holds_with_few_records_too_since_it_is_wider() {
    for usage in USES {
        for recorded in [1, 2, 3, 4, 5, 7, 14] {
            let way = Way { recorded, ..WEEKLY };
            let part = held(usage, BY_BLOCKS, way);
            assert!(part >= 0.7, "{part}: {usage:?}, {recorded}");
        }
    }
}

#[test]
fn what_is_promised_and_never_credited_is_learnt() {
    for usage in USES {
        let cheated = Way {
            honest: 0.75,
            ..WEEKLY
        };
        let learns = |way| Way {
            learns: true,
            ..way
        };
        let part = held(usage, BY_BLOCKS, learns(cheated));
        assert!(part >= 0.7, "{part}: {usage:?}");
        // Where the hours hardly differ nothing else hides it.
        if usage.differ < 3.0 {
            let naive = held(usage, BY_BLOCKS, cheated);
            assert!(
                naive < 0.5 && part > 1.5 * naive,
                "{naive}, {part}: {usage:?}"
            );
        }
        // Where nobody cheats it does no harm.
        let part = held(usage, BY_BLOCKS, learns(WEEKLY));
        assert!(part >= 0.7, "{part}: {usage:?}");
    }
}
