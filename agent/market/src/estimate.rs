//! What work may bring in: a range, from what was measured and recorded, and what became of earlier estimates.
//!
//! The likely amount is what an hour of work brings at present, times the hours that the PC was free on the days recorded.
//! The range is from the 10th to the 90th percentile. Four things make it wide, taken as independent of each other:
//!
//! - hours: the days recorded differ, and their mean is known from so many days only ([Student's t]);
//! - prices: what is paid for a hash walks at random, its logarithm normally distributed, so that its mean over a period of
//!   D days that begins in g days deviates by the day's volatility times √(g + D/3);
//! - luck: shares come at random, and so do the blocks of a pool that pays by them: with n of them the amount deviates by
//!   1/√n (Poisson);
//! - the rate, where it is only a benchmark's: work beside a person is slower.
//!
//! For each alone it is known how far the percentile is below and above the likely amount; together these are the roots of
//! their squares' sums, below and above each for itself, since prices have farther to go up than down. A [`Correction`]
//! learnt from earlier estimates multiplies all three figures.
//!
//! [Student's t]: https://en.wikipedia.org/wiki/Student%27s_t-distribution

mod calibration;
mod hours;
mod volatility;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::calibration::{Calibration, Correction, Credit, NotComparable, Summary};
use self::hours::{ENOUGH_DAYS, TENTH};

const SECONDS_A_DAY: f64 = 86_400.0;
/// Nobody knows what is beyond a year.
const LONGEST_DAYS: f64 = 366.0;
/// With fewer returns the volatility is mostly assumed.
const ENOUGH_PRICE_DAYS: usize = 7;
/// With fewer shares or blocks, all is luck.
const ENOUGH_FINDS: f64 = 3.0;
/// Luck beyond that is not told apart.
const MOST_LUCK: f64 = 100.0;
/// A period of so many times the recorded days is much longer than they are.
const MUCH_LONGER: f64 = 4.0;
/// How far the percentiles are off below and above a rate that was only benchmarked: work beside a person is slower.
const BENCHMARK_ONLY: (f64, f64) = (0.3, 0.1);

/// What a rate is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// From work, beside whatever else the PC did.
    Measured,
    /// From a benchmark, with the PC to itself.
    BenchmarkOnly,
}

/// What one processor's work brings.
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    /// What an hour of work brings at present, in the estimate's currency, after the fee.
    pub pay_an_hour: f64,
    /// What the electricity of an hour of work costs; `None` where that is not known.
    pub electricity_an_hour: Option<f64>,
    /// What the rate is known from.
    pub basis: Basis,
    /// What a hash paid at the same time of each day, in any unit, the oldest first; or the coin's price, where nothing
    /// better is known. Not means of days: they move less than what they are of.
    pub daily_prices: Vec<f64>,
    /// How many shares an hour of work finds; `None` where it is so many that it does not matter.
    pub shares_an_hour: Option<f64>,
    /// How many blocks the pool finds a day, where its pay depends on that (PPLNS); `None` where each share is paid.
    pub pool_blocks_a_day: Option<f64>,
}

/// What a projection is made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Inputs {
    /// When it is made.
    pub now: Timestamp,
    /// When the period begins.
    pub from: Timestamp,
    /// When it ends, after at most 366 days.
    pub to: Timestamp,
    /// The code of the currency that all pay is in.
    pub currency: String,
    /// What each processor brings: all of them work in the same hours.
    pub streams: Vec<Stream>,
    /// How many hours the PC could really work, one figure a day.
    pub idle_hours: Vec<f64>,
    /// What was learnt from earlier estimates.
    pub correction: Option<Correction>,
}

/// What a projection rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasedOn {
    /// What the rates are known from: measured only if all are.
    pub rate: Basis,
    /// How many days of idle time.
    pub idle_days: usize,
    /// How many days' changes of prices.
    pub price_days: usize,
}

/// What must be said with a projection.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Caution {
    /// A rate is only a benchmark's.
    BenchmarkOnly,
    /// There are hardly any records of idle time, so that it is mostly assumed: the range is wider.
    FewIdleDays {
        /// How many days there are.
        days: usize,
    },
    /// There are hardly any prices, so that their volatility is mostly assumed.
    FewPriceDays {
        /// How many days' changes there are.
        days: usize,
    },
    /// The period is much longer than the records.
    LongPeriod {
        /// How many days of idle time there are.
        days: usize,
    },
    /// Some days' records cannot be: not from 0 to 25 hours.
    DaysLeftOut {
        /// How many.
        days: usize,
    },
    /// Hardly any shares, or blocks of the pool, are expected in the period: it may well be nothing.
    FewFinds {
        /// How many of the rarest.
        expected: f64,
    },
    /// All figures were corrected by what earlier estimates were wrong by.
    Corrected {
        /// What they were multiplied by.
        factor: f64,
        /// From how many periods that was learnt.
        periods: usize,
    },
}

/// What a period may bring, before electricity. Always an estimate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Projection {
    /// When the period begins.
    pub from: Timestamp,
    /// When it ends.
    pub to: Timestamp,
    /// The 10th percentile: in one of ten such periods it is less.
    pub low: f64,
    /// What is likely.
    pub likely: f64,
    /// The 90th percentile: in one of ten such periods it is more.
    pub high: f64,
    /// What the electricity is likely to cost; `None` where that is not known.
    pub electricity: Option<f64>,
    /// The code of the currency of all four.
    pub currency: String,
    /// What it rests on.
    pub based_on: BasedOn,
    /// What low, likely and high were multiplied by already.
    pub correction: Option<Correction>,
    /// What must be said with it.
    pub cautions: Vec<Caution>,
}

/// Why nothing can be estimated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoProjection {
    /// The period cannot be.
    #[error(
        "a period from {from} to {to}; allowed: one that ends after it begins, within 366 days"
    )]
    Period {
        /// When it would begin.
        from: Timestamp,
        /// When it would end.
        to: Timestamp,
    },
    /// Nothing works.
    #[error("no processor has work that pays")]
    NoStreams,
    /// A figure cannot be.
    #[error("{what} of {was}; allowed: {allowed}")]
    Figure {
        /// Which.
        what: &'static str,
        /// What was told.
        was: String,
        /// What can be.
        allowed: &'static str,
    },
    /// Each figure could be, but not all of them together.
    #[error("the figures are together beyond what a number can hold")]
    Beyond,
}

/// Estimates what a period may bring. The same input gives the same projection.
///
/// # Errors
/// If the period cannot be, nothing works, or a figure of the work cannot be. Days and prices that cannot be are left out.
pub fn project(inputs: &Inputs) -> Result<Projection, NoProjection> {
    let days = days_of(inputs)?;
    inputs.streams.iter().try_for_each(check)?;
    if inputs.streams.is_empty() {
        return Err(NoProjection::NoStreams);
    }
    let idle = inputs.idle_hours.iter().copied().filter(hours::can_be);
    let idle: Vec<f64> = idle.collect();
    let hours = hours::expected(&idle, days);
    let streams = inputs.streams.iter();
    let histories = streams.map(|one| (one.pay_an_hour, one.daily_prices.as_slice()));
    let volatility = volatility::of(&histories.collect::<Vec<_>>());

    let ahead = inputs.from.duration_since(inputs.now).as_secs_f64();
    let ahead = (ahead / SECONDS_A_DAY).clamp(0.0, LONGEST_DAYS);
    let walk = TENTH * volatility.a_day * (ahead + days / 3.0).sqrt();
    let luck = TENTH * luck(&inputs.streams, hours.likely);
    let guess = benchmarked(&inputs.streams);
    let below = [1.0 - (-walk).exp(), luck, guess.0];
    let above = [walk.exp_m1(), luck, guess.1];

    let an_hour: f64 = inputs.streams.iter().map(|one| one.pay_an_hour).sum();
    let off = |parts: [f64; 3]| {
        let squares: f64 = parts.iter().map(|part| (part * hours.likely).powi(2)).sum();
        (hours.spread.powi(2) + squares).sqrt()
    };
    let most = hours.most * (1.0 + above.iter().map(|part| part * part).sum::<f64>().sqrt());
    let factor = inputs.correction.map_or(1.0, |one| one.factor());
    let amount = |hours: f64| an_hour * hours.max(0.0) * factor;
    let likely = amount(hours.likely);
    let low = amount(hours.likely - off(below));
    let high = amount((hours.likely + off(above)).min(most)).max(likely);
    let electricity: Option<f64> = inputs
        .streams
        .iter()
        .map(|one| one.electricity_an_hour)
        .sum();
    let electricity = electricity.map(|an_hour| an_hour * hours.likely);
    if ![low, likely, high, electricity.unwrap_or(0.0)]
        .iter()
        .all(|figure| figure.is_finite())
    {
        return Err(NoProjection::Beyond);
    }
    let based_on = BasedOn {
        rate: match inputs.streams.iter().any(is_guess) {
            true => Basis::BenchmarkOnly,
            false => Basis::Measured,
        },
        idle_days: idle.len(),
        price_days: volatility.days,
    };
    Ok(Projection {
        from: inputs.from,
        to: inputs.to,
        low,
        likely,
        high,
        electricity,
        currency: inputs.currency.clone(),
        based_on,
        correction: inputs.correction,
        cautions: cautions(inputs, based_on, days, hours.likely),
    })
}

fn days_of(inputs: &Inputs) -> Result<f64, NoProjection> {
    let days = inputs.to.duration_since(inputs.from).as_secs_f64() / SECONDS_A_DAY;
    if days > 0.0 && days <= LONGEST_DAYS {
        return Ok(days);
    }
    let (from, to) = (inputs.from, inputs.to);
    Err(NoProjection::Period { from, to })
}

fn check(stream: &Stream) -> Result<(), NoProjection> {
    let above_zero = |what, figure: Option<f64>| {
        let figure = figure.unwrap_or(1.0);
        let can_be = figure.is_finite() && figure > 0.0;
        can_be.then_some(()).ok_or_else(|| NoProjection::Figure {
            what,
            was: figure.to_string(),
            allowed: "above 0",
        })
    };
    above_zero("a pay an hour", Some(stream.pay_an_hour))?;
    above_zero("shares an hour", stream.shares_an_hour)?;
    above_zero("blocks of the pool a day", stream.pool_blocks_a_day)?;
    let electricity = stream.electricity_an_hour.unwrap_or(0.0);
    if electricity.is_finite() && electricity >= 0.0 {
        return Ok(());
    }
    Err(NoProjection::Figure {
        what: "electricity an hour",
        was: electricity.to_string(),
        allowed: "0 and above",
    })
}

/// How many shares, and how many blocks of its pool, a stream has a part in with so many hours of work.
fn finds(stream: &Stream, hours: f64) -> [Option<f64>; 2] {
    [
        stream.shares_an_hour.map(|an_hour| an_hour * hours),
        stream.pool_blocks_a_day.map(|a_day| a_day / 24.0 * hours),
    ]
}

/// The relative deviation that chance alone makes: each stream's by itself.
fn luck(streams: &[Stream], hours: f64) -> f64 {
    let whole: f64 = streams.iter().map(|one| one.pay_an_hour).sum();
    let variance = streams.iter().map(|one| {
        let part = one.pay_an_hour / whole;
        let finds = finds(one, hours).into_iter().flatten();
        part * part * finds.map(|count| 1.0 / count).sum::<f64>()
    });
    // Without any hours there would be no end to it.
    variance.sum::<f64>().sqrt().min(MOST_LUCK)
}

fn is_guess(stream: &Stream) -> bool {
    stream.basis == Basis::BenchmarkOnly
}

/// How far the percentiles are off below and above, by the part of the pay whose rates are only benchmarks.
fn benchmarked(streams: &[Stream]) -> (f64, f64) {
    let sum = |is: fn(&Stream) -> bool| -> f64 {
        let some = streams.iter().filter(|one| is(one));
        some.map(|one| one.pay_an_hour).sum()
    };
    let part = sum(is_guess) / sum(|_| true);
    (BENCHMARK_ONLY.0 * part, BENCHMARK_ONLY.1 * part)
}

fn cautions(inputs: &Inputs, based_on: BasedOn, days: f64, hours: f64) -> Vec<Caution> {
    let BasedOn {
        rate,
        idle_days,
        price_days,
    } = based_on;
    let left_out = inputs.idle_hours.len() - idle_days;
    let finds = inputs.streams.iter().flat_map(|one| finds(one, hours));
    let rarest = finds.flatten().min_by(f64::total_cmp);
    let few_days = idle_days < ENOUGH_DAYS;
    let cautions = [
        (rate == Basis::BenchmarkOnly).then_some(Caution::BenchmarkOnly),
        few_days.then_some(Caution::FewIdleDays { days: idle_days }),
        (price_days < ENOUGH_PRICE_DAYS).then_some(Caution::FewPriceDays { days: price_days }),
        (!few_days && days > MUCH_LONGER * idle_days as f64)
            .then_some(Caution::LongPeriod { days: idle_days }),
        (left_out > 0).then_some(Caution::DaysLeftOut { days: left_out }),
        rarest
            .filter(|expected| *expected < ENOUGH_FINDS)
            .map(|expected| Caution::FewFinds { expected }),
        inputs.correction.map(|one| Caution::Corrected {
            factor: one.factor(),
            periods: one.periods(),
        }),
    ];
    cautions.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests;
