//! What a candidate brings and costs, term by term, for a table and for the decision.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::candidate::{Candidate, Omission, Payout, Power, Processor, Rate, Work};
use super::rules::Rules;

const SECONDS_A_DAY: f64 = 86_400.0;
const HOURS_A_DAY: f64 = 24.0;
const WATTS_A_KILOWATT: f64 = 1_000.0;

/// Whether and when what is earned will be paid out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reachability {
    /// So much is paid out at once, in the coin's smallest units.
    pub threshold: u64,
    /// So much of it is there, in the coin's smallest units.
    pub balance: u64,
    /// How many days it takes at this rate, with the hours a day that the processor can really work.
    /// `None` if it would never be reached.
    pub days: Option<f64>,
    /// Whether that is within the owner's limit.
    pub reachable: bool,
}

/// What one candidate brings. Amounts are in the reference currency, for a day of 24 hours of full work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// What it is.
    pub work: Work,
    /// How fast this processor is at it.
    pub rate: Rate,
    /// What it draws.
    pub power: Power,
    /// What is paid for the hashes, before the fee.
    pub gross_a_day: f64,
    /// What pool or hub keeps of it.
    pub fee_a_day: f64,
    /// What the electricity costs; `None` where its price is not known, then it is not subtracted.
    pub electricity_a_day: Option<f64>,
    /// What is left.
    pub net_a_day: f64,
    /// When it is paid out; `None` where that is at once, or nobody knows.
    pub payout: Option<Reachability>,
    /// How long a switch to it goes unpaid, in seconds; 0 for the current work.
    pub switch_seconds: f64,
    /// What is not earned meanwhile; 0 for the current work.
    pub switch_cost: f64,
    /// When the oldest of the quotes behind it was true.
    pub as_of: Timestamp,
    /// Whether that is too long ago, or still to come.
    pub stale: bool,
}

impl Terms {
    /// # Errors
    /// Why this candidate cannot be judged.
    pub(super) fn of(
        candidate: &Candidate,
        processor: &Processor,
        rules: &Rules,
        is_current: bool,
        now: Timestamp,
    ) -> Result<Terms, Omission> {
        candidate.check(processor)?;
        let a_day = candidate.rate.hashes_per_second * SECONDS_A_DAY;
        let gross_a_day = a_day * candidate.pay_per_hash;
        let fee_a_day = gross_a_day * (candidate.fee_percent / 100.0);
        let kilowatt_hours = candidate.power.watts / WATTS_A_KILOWATT * HOURS_A_DAY;
        let electricity_a_day = candidate
            .electricity_per_kwh
            .map(|price| price * kilowatt_hours);
        let net_a_day = gross_a_day - fee_a_day - electricity_a_day.unwrap_or(0.0);
        let switch_time = match is_current {
            true => Duration::ZERO,
            false => candidate.switch_time,
        };
        let switch_seconds = switch_time.as_secs_f64();
        let pay_a_day = gross_a_day - fee_a_day;
        let switch_cost = pay_a_day * (switch_seconds / SECONDS_A_DAY);
        // One figure too large makes nonsense of every sum that it is part of.
        let sums = [gross_a_day, net_a_day, switch_cost];
        if let Some(sum) = sums.iter().find(|sum| !sum.is_finite()) {
            let was = sum.to_string();
            return Err(Omission::Beyond { was });
        }
        let age = now.duration_since(candidate.as_of).unsigned_abs();
        let decimals = candidate.work.coin.decimals();
        let payout = candidate.payout.as_ref();
        let payout = payout
            .map(|payout| reachability(payout, decimals, pay_a_day, processor, rules))
            .transpose()?;
        Ok(Terms {
            work: candidate.work.clone(),
            rate: candidate.rate,
            power: candidate.power,
            gross_a_day,
            fee_a_day,
            electricity_a_day,
            net_a_day,
            payout,
            switch_seconds,
            switch_cost,
            as_of: candidate.as_of,
            stale: age > rules.stale_after,
        })
    }

    /// What is left of the gross after the fee.
    pub fn pay_a_day(&self) -> f64 {
        self.gross_a_day - self.fee_a_day
    }

    /// What a day costs, as far as it is known.
    pub(super) fn costs_a_day(&self) -> f64 {
        self.electricity_a_day.unwrap_or(0.0)
    }

    /// Whether it is paid out within so many days. What nobody knows a threshold of is believed to be paid.
    pub(super) fn is_paid_within(&self, limit: f64) -> bool {
        let Some(payout) = &self.payout else {
            return true;
        };
        payout.days.is_some_and(|days| days <= limit)
    }
}

fn reachability(
    payout: &Payout,
    decimals: u32,
    pay_a_day: f64,
    processor: &Processor,
    rules: &Rules,
) -> Result<Reachability, Omission> {
    let known = processor.hours_a_day.filter(|hours| hours.is_finite());
    let part = known.unwrap_or(HOURS_A_DAY).clamp(0.0, HOURS_A_DAY) / HOURS_A_DAY;
    let coins_a_day = pay_a_day * part / payout.coin_price + payout.others_a_day;
    if !coins_a_day.is_finite() {
        let was = coins_a_day.to_string();
        return Err(Omission::Beyond { was });
    }
    // Only days are made of it: whole units stay whole wherever they are money.
    let missing = payout.threshold.saturating_sub(payout.balance) as f64;
    let missing = missing / 10f64.powi(decimals.cast_signed());
    let days = match missing > 0.0 {
        true => missing / coins_a_day,
        false => 0.0,
    };
    let days = days.is_finite().then_some(days);
    Ok(Reachability {
        threshold: payout.threshold,
        balance: payout.balance,
        days,
        reachable: days.is_some_and(|days| days <= rules.payout_limit_days),
    })
}
