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
    /// Why.
    pub reason: Reason,
}

impl Decision {
    /// What one processor may do; nothing if it was not decided about.
    pub fn allowance(&self, processor: &ProcessorId) -> Allowance {
        self.verdicts
            .get(processor)
            .map_or(Allowance::NONE, |verdict| verdict.allowance)
    }
}
