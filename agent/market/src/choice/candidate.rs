//! What a processor could work on, as it is told from outside: nothing of it is believed before it was checked.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::coin::Coin;

/// Where work comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Source {
    /// A pool, by the id that the settings give it.
    Pool(String),
    /// A hub's offer, by its id.
    Hub(String),
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Pool(id) => write!(formatter, "pool {id}"),
            Source::Hub(id) => write!(formatter, "hub {id}"),
        }
    }
}

/// What can be worked on: the three together tell one candidate from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Work {
    /// Where the jobs come from.
    pub source: Source,
    /// The algorithm's name, as the kernels have it.
    pub algorithm: String,
    /// What it is paid in.
    pub coin: Coin,
}

impl fmt::Display for Work {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Work {
            source,
            algorithm,
            coin,
        } = self;
        write!(formatter, "{algorithm} for {coin} at {source}")
    }
}

/// Where a figure comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateOrigin {
    /// This processor reached it.
    Measured,
    /// Somebody says that processors like it reach it.
    Stated,
}

/// How fast a processor works.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// In hashes a second, at full work.
    pub hashes_per_second: f64,
    /// Where that is from.
    pub origin: RateOrigin,
}

/// Where a figure in watts comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PowerOrigin {
    /// The GPU's driver measured it.
    Nvml,
    /// The CPU's own meter measured it.
    Rapl,
    /// Somebody said so.
    Stated,
}

/// What a processor draws.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Power {
    /// In watts, at full work, beyond what the idle PC draws.
    pub watts: f64,
    /// Where that is from.
    pub origin: PowerOrigin,
}

/// When a pool pays out, and how far there it is. Amounts are in the coin's smallest units.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payout {
    /// So much is paid out at once.
    pub threshold: u64,
    /// So much of it is there.
    pub balance: u64,
    /// One whole coin in the reference currency.
    pub coin_price: f64,
    /// What the owner's other processors and devices add there, in whole coins a day.
    pub others_a_day: f64,
}

/// One thing that a processor could work on, with everything that is known of what it brings.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// What it is.
    pub work: Work,
    /// Whether it can be worked on at present: the pool answers, the hub offers it.
    pub available: bool,
    /// How fast this processor is at it.
    pub rate: Rate,
    /// What a hash is expected to bring in the reference currency, before the fee.
    pub pay_per_hash: f64,
    /// What pool or hub keeps, in percent: from 0 to under 100.
    pub fee_percent: f64,
    /// What the processor draws meanwhile.
    pub power: Power,
    /// In the reference currency; `None` where the owner has set no price. Nothing is a price: some have it free.
    pub electricity_per_kwh: Option<f64>,
    /// When it is paid out; `None` where it is paid at once, or nobody knows.
    pub payout: Option<Payout>,
    /// The processor's memory that it needs, in bytes.
    pub memory: u64,
    /// How long a switch to it goes unpaid, for example while a dataset is made.
    pub switch_time: Duration,
    /// When the oldest of the quotes behind it was true.
    pub as_of: Timestamp,
}

/// What is decided for.
#[derive(Clone, Debug, PartialEq)]
pub struct Processor {
    /// Its id: what was decided for it before is remembered under it.
    pub id: String,
    /// Its free memory in bytes, what the current work holds counted as free; `None` if that is not known.
    pub memory: Option<u64>,
    /// How long a day it can really work; `None` if that is not known, then all day is assumed.
    pub hours_a_day: Option<f64>,
}

/// Why a candidate was not looked at. Figures are kept as text: what is no number has no other form in JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Omission {
    /// There is no work.
    #[error("it has no work at present")]
    Unavailable,
    /// The processor has too little memory.
    #[error("it needs {needs} bytes of memory; {has} are free")]
    Memory {
        /// In bytes.
        needs: u64,
        /// In bytes.
        has: u64,
    },
    /// The same was there before.
    #[error("it is there twice; the first counts")]
    Twice,
    /// The hash rate cannot be.
    #[error("a rate of {was} hashes a second; allowed: above 0")]
    Rate {
        /// What was told.
        was: String,
    },
    /// The pay cannot be.
    #[error("a pay of {was} for a hash; allowed: above 0")]
    Pay {
        /// What was told.
        was: String,
    },
    /// The fee cannot be.
    #[error("a fee of {was} %; allowed: from 0 to under 100")]
    Fee {
        /// What was told.
        was: String,
    },
    /// The power cannot be.
    #[error("a power of {was} W; allowed: above 0")]
    Power {
        /// What was told.
        was: String,
    },
    /// The electricity's price cannot be.
    #[error("electricity at {was} a kilowatt-hour; allowed: 0 and above")]
    Electricity {
        /// What was told.
        was: String,
    },
    /// The coin's price cannot be.
    #[error("a coin's price of {was}; allowed: above 0")]
    CoinPrice {
        /// What was told.
        was: String,
    },
    /// What others add cannot be.
    #[error("others adding {was} coins a day; allowed: 0 and above")]
    Others {
        /// What was told.
        was: String,
    },
    /// Each figure could be, but not all of them together.
    #[error("its figures together make {was}; allowed: what a number can hold")]
    Beyond {
        /// What comes out.
        was: String,
    },
}

impl Omission {
    /// Whether it cannot be worked on. The others only leave open what it would bring.
    pub fn is_gone(&self) -> bool {
        matches!(self, Omission::Unavailable | Omission::Memory { .. })
    }
}

/// A candidate that was not looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Which.
    pub work: Work,
    /// Why.
    pub why: Omission,
}

impl Candidate {
    /// Nothing is worth computing with a figure that cannot be.
    ///
    /// # Errors
    /// The first figure that cannot be, or that it cannot be worked on.
    pub(super) fn check(&self, processor: &Processor) -> Result<(), Omission> {
        if !self.available {
            return Err(Omission::Unavailable);
        }
        if let Some(has) = processor.memory
            && self.memory > has
        {
            let needs = self.memory;
            return Err(Omission::Memory { needs, has });
        }
        above_zero(self.rate.hashes_per_second).map_err(|was| Omission::Rate { was })?;
        above_zero(self.pay_per_hash).map_err(|was| Omission::Pay { was })?;
        let fee = self.fee_percent;
        if !(0.0..100.0).contains(&fee) {
            return Err(Omission::Fee {
                was: fee.to_string(),
            });
        }
        above_zero(self.power.watts).map_err(|was| Omission::Power { was })?;
        not_below_zero(self.electricity_per_kwh.unwrap_or(0.0))
            .map_err(|was| Omission::Electricity { was })?;
        if let Some(payout) = &self.payout {
            above_zero(payout.coin_price).map_err(|was| Omission::CoinPrice { was })?;
            not_below_zero(payout.others_a_day).map_err(|was| Omission::Others { was })?;
        }
        Ok(())
    }
}

fn above_zero(figure: f64) -> Result<(), String> {
    let can_be = figure.is_finite() && figure > 0.0;
    can_be.then_some(()).ok_or_else(|| figure.to_string())
}

fn not_below_zero(figure: f64) -> Result<(), String> {
    let can_be = figure.is_finite() && figure >= 0.0;
    can_be.then_some(()).ok_or_else(|| figure.to_string())
}
