//! What a decision is made from.

use std::collections::BTreeMap;
use std::time::Duration;

use idlewatt_platform::signals::Reading;
use jiff::Zoned;

use crate::engine::{ProcessorId, ProcessorKind};

/// Everything that is known at one moment.
#[derive(Clone, Debug)]
pub struct Signals {
    /// The time of day, which may be set, in the zone that schedules mean.
    pub now: Zoned,
    /// Time since the agent's start, which never goes back.
    pub clock: Duration,
    /// Whether the owner has agreed that this PC works.
    pub consent: bool,
    /// The most that the account's owner lets any processor be used, in percent; `None` without such a limit.
    pub remote_limit: Option<u8>,
    /// What the system says.
    pub reading: Reading,
    /// What it says of each processor that may work. Decisions are made for these.
    pub processors: BTreeMap<ProcessorId, ProcessorSignals>,
}

/// What the system says of one processor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProcessorSignals {
    /// CPU or GPU.
    pub kind: ProcessorKind,
    /// What other programs use of it, 0 to 100.
    pub others_percent: Option<f32>,
    /// Its temperature.
    pub celsius: Option<f32>,
}
