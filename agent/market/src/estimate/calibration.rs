//! What became of estimates: beside what was credited and paid, and what is learnt from that for the next.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Projection;
use crate::coin::Coin;

/// Nothing is learnt from fewer periods.
const ENOUGH: usize = 4;
/// Nor from those before the last so many: pools and PCs change.
const RECENT: usize = 12;
/// The correction counts in full only with many periods: with n of them the part n / (n + 2) of it.
const DOUBT: f64 = 2.0;
/// A correction is never beyond this, whatever was credited.
pub(super) const BOUNDS: (f64, f64) = (0.5, 1.5);
/// A period in which everything went wrong says no more than this.
const FARTHEST: f64 = 4.0;
/// Less is not worth a correction.
const SMALLEST: f64 = 0.02;

/// An amount of a coin, and what a coin was worth then. What was credited is counted in whole units.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Credit {
    /// Of what.
    pub coin: Coin,
    /// How much, in the coin's smallest units.
    pub atomic: u64,
    /// What one whole coin was worth then, in the estimate's currency.
    pub coin_price: f64,
}

impl Credit {
    /// What it was worth, in the estimate's currency. Only to compare with: it is no amount of money.
    fn value(&self) -> Result<f64, NotComparable> {
        let price = self.coin_price;
        if !(price.is_finite() && price >= 0.0) {
            let was = price.to_string();
            return Err(NotComparable::Price {
                coin: self.coin,
                was,
            });
        }
        let unit = 10f64.powi(self.coin.decimals().cast_signed());
        Ok(self.atomic as f64 / unit * price)
    }
}

/// Why an estimate cannot be compared.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NotComparable {
    /// Its time is not over.
    #[error("the estimate is for the time until {to}; it is {now}")]
    NotOver {
        /// When it will be.
        to: Timestamp,
        /// When it was asked.
        now: Timestamp,
    },
    /// A coin has no price.
    #[error("a price of {was} for {coin}; allowed: 0 and above")]
    Price {
        /// Of what.
        coin: Coin,
        /// What was told.
        was: String,
    },
    /// The prices are too large.
    #[error("the amounts are together beyond what a number can hold")]
    Beyond,
}

/// An estimate beside what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// What was estimated.
    pub projection: Projection,
    /// What pools and hub credited for that time.
    pub credited: Vec<Credit>,
    /// What they paid out in that time: thresholds make it less or more than was credited.
    pub paid: Vec<Credit>,
    /// What was credited in the estimate's currency.
    pub credited_value: f64,
    /// What was paid in the estimate's currency.
    pub paid_value: f64,
    /// Whether what was credited lies in the range.
    pub within: bool,
}

impl Calibration {
    /// Compares an estimate whose time is over.
    ///
    /// # Errors
    /// If its time is not over, or an amount has no price.
    pub fn try_new(
        projection: Projection,
        credited: Vec<Credit>,
        paid: Vec<Credit>,
        now: Timestamp,
    ) -> Result<Calibration, NotComparable> {
        if now < projection.to {
            let to = projection.to;
            return Err(NotComparable::NotOver { to, now });
        }
        let credited_value = value(&credited)?;
        let paid_value = value(&paid)?;
        let within = (projection.low..=projection.high).contains(&credited_value);
        Ok(Calibration {
            projection,
            credited,
            paid,
            credited_value,
            paid_value,
            within,
        })
    }

    /// The range that was estimated, from low to high.
    pub fn estimate(&self) -> (f64, f64) {
        (self.projection.low, self.projection.high)
    }

    /// What was credited, as a part of what was likely before any correction; `None` where nothing was.
    fn ratio(&self) -> Option<f64> {
        let corrected = self.projection.correction.map_or(1.0, |one| one.factor());
        let likely = self.projection.likely / corrected;
        let ratio = self.credited_value / likely;
        ratio
            .is_finite()
            .then(|| ratio.clamp(1.0 / FARTHEST, FARTHEST))
    }
}

fn value(credits: &[Credit]) -> Result<f64, NotComparable> {
    let mut sum = 0.0;
    for credit in credits {
        sum += credit.value()?;
    }
    Some(sum)
        .filter(|sum| sum.is_finite())
        .ok_or(NotComparable::Beyond)
}

/// How well estimates have held: "of 12 estimates 9 held". A range from the 10th to the 90th percentile should hold 8 times
/// out of 10.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How many there were.
    pub estimates: usize,
    /// How many held.
    pub held: usize,
    /// Of how many less was credited.
    pub below: usize,
    /// Of how many more was credited.
    pub above: usize,
}

impl Summary {
    /// Counts them.
    pub fn of(calibrations: &[Calibration]) -> Summary {
        let count =
            |is: fn(&Calibration) -> bool| calibrations.iter().filter(|one| is(one)).count();
        Summary {
            estimates: calibrations.len(),
            held: count(|one| one.within),
            below: count(|one| one.credited_value < one.projection.low),
            above: count(|one| one.credited_value > one.projection.high),
        }
    }
}

/// What past estimates were wrong by. The next is multiplied by it, and that is said.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correction {
    factor: f64,
    periods: usize,
}

impl Correction {
    /// Learns from estimates, the oldest first: the median of what was credited by what was likely, of the last twelve
    /// periods. `None` with fewer than four periods, or if they were right.
    pub fn learnt(calibrations: &[Calibration]) -> Option<Correction> {
        let ratios = calibrations.iter().rev().filter_map(Calibration::ratio);
        let mut ratios: Vec<f64> = ratios.take(RECENT).collect();
        let periods = ratios.len();
        if periods < ENOUGH {
            return None;
        }
        ratios.sort_by(f64::total_cmp);
        let median = (ratios[periods / 2] * ratios[(periods - 1) / 2]).sqrt();
        let certain = periods as f64 / (periods as f64 + DOUBT);
        let factor = median.powf(certain).clamp(BOUNDS.0, BOUNDS.1);
        ((factor - 1.0).abs() >= SMALLEST).then_some(Correction { factor, periods })
    }

    /// What the next estimate is multiplied by: from 0.5 to 1.5.
    pub fn factor(&self) -> f64 {
        // It was written to a file meanwhile, and files can say anything.
        match self.factor.is_nan() {
            true => 1.0,
            false => self.factor.clamp(BOUNDS.0, BOUNDS.1),
        }
    }

    /// From how many periods it was learnt.
    pub fn periods(&self) -> usize {
        self.periods
    }
}

#[cfg(test)]
mod tests;
