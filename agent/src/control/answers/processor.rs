//! One processor, as `status` tells of it.

use idlewatt_kernels::Algorithm;
use idlewatt_market::amount::Amount;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::AlgorithmSetAside;
use crate::governor::Reason;

/// One processor as it works.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Processor {
    /// `cpu`, or the graphics card's stable id.
    pub id: String,
    /// `cpu` or `gpu`.
    pub kind: String,
    /// As its maker calls it.
    pub name: String,
    /// Whether it is only emulated on the CPU.
    pub software: bool,
    /// What it works on.
    pub algorithm: Option<Algorithm>,
    /// `idle`, `starting`, `preparing`, `running`, `paused`, `benchmarking` or `set_aside`.
    pub phase: String,
    /// What it prepares, why it was set aside, or something else worth knowing, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How much of the preparation is done, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<f64>,
    /// Hashes a second over the last seconds.
    pub rate: f64,
    /// `H/s`.
    pub unit: String,
    /// The share of its time it may use.
    pub allowed_percent: u8,
    /// The share of its time it did use, over the last seconds.
    pub achieved_percent: f64,
    /// Why it may use that share, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The same as values, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<Reason>,
    /// The signal that decided: a fixed word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// A graphics card's longest dispatch in the last second, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_dispatch_ms: Option<f64>,
    /// The algorithms that it is not asked to compute, and why.
    #[serde(default)]
    pub set_aside: Vec<AlgorithmSetAside>,
    /// What was chosen for it by what work brings; absent where nobody says what that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Choice>,
    /// Where it has to prepare something before it hashes again: about how long that takes, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_seconds: Option<f64>,
}

/// What was chosen for a processor by what work brings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Whether it rests, as nothing pays more than its electricity costs.
    pub rests: bool,
    /// What it computes, or would compute.
    pub algorithm: String,
    /// The coin's ticker.
    pub coin: String,
    /// What a day of full work brings after fee and electricity, from the measured rate and today's prices.
    pub net_a_day: f64,
    /// In what.
    pub currency: String,
    /// Where what it earns would be paid out only after long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub far_payout: Option<FarPayout>,
    /// When the prices were true.
    pub as_of: Timestamp,
    /// Whether that is too long ago to go by.
    pub stale: bool,
}

/// A payout that takes longer than half a year.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FarPayout {
    /// From what balance on the pool pays.
    pub threshold: Amount,
    /// How many days it takes as things are; `None` for never.
    pub days: Option<f64>,
}
