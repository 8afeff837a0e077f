//! What was decided for one processor, and why. The words for it are made where it is shown.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::candidate::{LeftOut, Omission, Work};
use super::terms::Terms;
use crate::coin::Coin;

/// What a processor does next. Amounts are in the reference currency, for a day of 24 hours of full work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum Decision {
    /// It stays with its work.
    Keep {
        /// Which.
        work: Work,
        /// Why.
        why: KeepReason,
    },
    /// It begins with other work.
    Switch {
        /// What it leaves; `None` if it rested or did nothing yet.
        from: Option<Work>,
        /// What it begins with.
        to: Work,
        /// What that brings more than what is left: than resting, where that was all.
        gain: f64,
        /// Why.
        why: SwitchReason,
    },
    /// It rests: the owner wants no work that costs more than it brings.
    Rest {
        /// Why.
        why: RestReason,
    },
    /// There is nothing to work on.
    Nothing {
        /// Why.
        why: NothingReason,
    },
}

/// Why a processor stays with its work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum KeepReason {
    /// Nothing pays better.
    Best,
    /// Other work pays better, by no more than the margin.
    Margin {
        /// Which.
        better: Work,
        /// What it would bring more.
        gain: f64,
    },
    /// Other work pays better, but not by the margin after what the switch costs, spread over the time for which it is
    /// expected to last.
    SwitchCost {
        /// Which.
        better: Work,
        /// What it would bring more.
        gain: f64,
        /// What the switch costs, once.
        cost: f64,
    },
    /// It began too recently.
    MinimumTime {
        /// Until when it stays in any case.
        until: Timestamp,
    },
    /// All quotes are stale.
    AllStale,
    /// What it brings is not known at present.
    NotJudged {
        /// Why.
        cause: Omission,
    },
}

/// Why a processor begins with other work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SwitchReason {
    /// It did nothing before.
    First,
    /// It pays better.
    PaysBetter,
    /// What was worked on has no work any more.
    Vanished,
    /// What was worked on reaches its payout threshold only beyond the owner's limit: so its pay counts as nothing.
    PaidOut,
    /// What was worked on costs more than it brings.
    Unprofitable,
    /// Something pays more than it costs again.
    PaysAgain,
    /// It rested, and the owner wants that no more.
    RestForbidden,
    /// What was worked on brings nobody knows what.
    NotJudged {
        /// Why.
        cause: Omission,
    },
}

/// Why a processor rests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RestReason {
    /// Nothing pays more than it costs.
    Unprofitable {
        /// What would lose least.
        least: Work,
        /// What that brings: below 0, or 0.
        net: f64,
    },
    /// What pays best hardly pays more than it costs: not by the margin, or not in time for what the switch costs.
    Hardly {
        /// What pays best.
        best: Work,
        /// What that brings.
        net: f64,
    },
    /// Something pays again, but it rests too recently.
    MinimumTime {
        /// Until when it rests in any case.
        until: Timestamp,
    },
    /// All quotes are stale.
    AllStale,
}

/// Why there is nothing to work on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NothingReason {
    /// No pool or hub has work for this processor.
    NoCandidates,
    /// None of the candidates can be worked on or judged: [`Outcome::left_out`] says why, for each.
    AllLeftOut,
}

/// What has to be said with a decision for work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Remark {
    /// It costs more than it brings: the owner has it so, and it is what loses least.
    AtALoss {
        /// What is lost, above 0.
        loss_a_day: f64,
    },
    /// What it earns is paid out only beyond the owner's limit: "at this rate 3 mBTC take 14 months".
    FarFromPayout {
        /// What it is paid in.
        coin: Coin,
        /// So much is paid out at once, in the coin's smallest units.
        threshold: u64,
        /// How many days it takes; `None` for never.
        days: Option<f64>,
    },
    /// The quotes are stale.
    Stale {
        /// When they were true.
        as_of: Timestamp,
    },
    /// Its rate was not measured here.
    StatedRate,
    /// The power was not measured here.
    StatedPower,
    /// The owner has set no price for electricity, so that it was not subtracted.
    ElectricityUnknown,
}

/// A decision with everything that it was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// What was decided.
    pub decision: Decision,
    /// What has to be said of the work that was decided for.
    pub remarks: Vec<Remark>,
    /// All candidates that could be judged, what brings most first.
    pub terms: Vec<Terms>,
    /// Those that could not.
    pub left_out: Vec<LeftOut>,
}

impl Decision {
    /// What is worked on; `None` while nothing is.
    pub fn work(&self) -> Option<&Work> {
        match self {
            Decision::Keep { work, .. } => Some(work),
            Decision::Switch { to, .. } => Some(to),
            Decision::Rest { .. } | Decision::Nothing { .. } => None,
        }
    }
}

/// What has to be said of work with these terms.
pub(super) fn remarks(terms: &Terms) -> Vec<Remark> {
    let far = terms.payout.filter(|payout| !payout.reachable);
    let remarks = [
        (terms.net_a_day < 0.0).then_some(Remark::AtALoss {
            loss_a_day: -terms.net_a_day,
        }),
        far.map(|payout| Remark::FarFromPayout {
            coin: terms.work.coin,
            threshold: payout.threshold,
            days: payout.days,
        }),
        terms.stale.then_some(Remark::Stale { as_of: terms.as_of }),
        (terms.rate.origin == super::RateOrigin::Stated).then_some(Remark::StatedRate),
        (terms.power.origin == super::PowerOrigin::Stated).then_some(Remark::StatedPower),
        terms
            .electricity_a_day
            .is_none()
            .then_some(Remark::ElectricityUnknown),
    ];
    remarks.into_iter().flatten().collect()
}
