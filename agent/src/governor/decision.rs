//! What was decided, and what the next decision remembers of it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{ChosenMode, Mode, Reason};
use crate::engine::{Allowance, ProcessorId};

/// How hard each processor may work, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The mode that holds: the chosen one, or a scheduled one.
    pub mode: Mode,
    /// The owner's choice as it stands now: one whose time is over has given way. To be kept if it differs.
    pub chosen: ChosenMode,
    /// One verdict for each processor of the signals.
    pub verdicts: BTreeMap<ProcessorId, Verdict>,
    /// Why, for the PC as a whole.
    pub reason: Reason,
    /// Without a change of mode or an input, nothing needs to be decided for this long.
    pub again_within: Duration,
}

/// How hard one processor may work, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// What it may do.
    pub allowance: Allowance,
    /// The share that it is going up to, in percent; where nothing rises, the share that it has.
    pub target_percent: u8,
    /// Why.
    pub reason: Reason,
}

impl Decision {
    /// Whether it is a change worth writing down.
    pub fn differs_from(&self, previous: &Decision) -> bool {
        self.reason != previous.reason
    }

    /// Whether it depends on more than the owner's choice.
    pub fn needs_signals(&self) -> bool {
        self.mode != Mode::Pause
    }

    /// Whether an input would change it.
    pub fn watches_input(&self) -> bool {
        self.mode == Mode::Smart
    }

    /// What one processor may do; nothing if it was not decided about.
    pub fn allowance(&self, processor: &ProcessorId) -> Allowance {
        self.verdicts
            .get(processor)
            .map_or(Allowance::NONE, |verdict| verdict.allowance)
    }
}
