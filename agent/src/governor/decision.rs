//! What was decided, and what the next decision remembers of it.

use std::collections::BTreeMap;
use std::mem::{Discriminant, discriminant};
use std::time::Duration;

use super::decide::Memory;
use super::{ChosenMode, Mode, Reason, Until};
use crate::engine::{Allowance, ProcessorId};

/// A temperature that changes what is allowed by less than this, in points, is not worth writing down.
const CREEP: u8 = 10;

/// How hard each processor may work, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The mode that holds: the chosen one, or a scheduled one.
    pub mode: Mode,
    /// The owner's choice as it stands now: one whose time is over has given way. To be kept if it differs.
    pub chosen: ChosenMode,
    /// One verdict for each processor of the signals.
    pub verdicts: BTreeMap<ProcessorId, Verdict>,
    /// Why, for the PC as a whole: the CPU's reason where there is a CPU.
    pub reason: Reason,
    /// Without a change of mode or an input, nothing needs to be decided for this long.
    pub again_within: Duration,
    /// Whether the mode alone decided, so that the signals do not matter.
    pub(super) rests: bool,
    /// Whether nobody is there.
    pub(super) away: bool,
    pub(super) memory: Memory,
}

/// How hard one processor may work, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// What it may do.
    pub allowance: Allowance,
    /// What it may do at the end of the way up, in percent: the same unless it is on that way.
    pub target_percent: u8,
    /// Why.
    pub reason: Reason,
    /// The target, and the sort of reason, if the temperature were no matter.
    pub(super) cool: (u8, Discriminant<Reason>),
}

impl Verdict {
    /// It may do nothing.
    pub(super) fn nothing(reason: Reason) -> Verdict {
        Verdict {
            allowance: Allowance::NONE,
            target_percent: 0,
            cool: (0, discriminant(&reason)),
            reason,
        }
    }

    fn differs_from(&self, previous: &Verdict) -> bool {
        self.cool != previous.cool || self.target_percent.abs_diff(previous.target_percent) >= CREEP
    }
}

impl Decision {
    /// What one processor may do; nothing if it was not decided about.
    pub fn allowance(&self, processor: &ProcessorId) -> Allowance {
        self.verdicts
            .get(processor)
            .map_or(Allowance::NONE, |verdict| verdict.allowance)
    }

    /// Whether nobody is there. Where signals do not matter that is not known, and somebody may be.
    pub fn is_away(&self) -> bool {
        self.away
    }

    /// Whether the signals matter. They do not without consent, during a pause by hand and during a scheduled one:
    /// nothing needs to be asked of the system then, and what was known before may be given again.
    pub fn needs_signals(&self) -> bool {
        !self.rests
    }

    /// Whether an input would lower something, be it only the length of GPU dispatches, or end a mode chosen until the
    /// owner's return.
    pub fn watches_input(&self) -> bool {
        let works = self
            .verdicts
            .values()
            .any(|verdict| verdict.target_percent > 0);
        let until_input = self
            .chosen
            .limit
            .is_some_and(|limit| limit.until == Until::Input { armed: true });
        self.away && works || until_input
    }

    /// Whether it is worth writing down after `previous`, the one written down last: another mode, or for a processor
    /// another sort of reason or another share to go to. A temperature that changes the share by less than ten points
    /// is not.
    pub fn differs_from(&self, previous: &Decision) -> bool {
        self.mode != previous.mode
            || discriminant(&self.reason) != discriminant(&previous.reason)
                && self.verdicts.is_empty()
            || self.verdicts.len() != previous.verdicts.len()
            || self.verdicts.iter().any(|(processor, verdict)| {
                let before = previous.verdicts.get(processor);
                before.is_none_or(|before| verdict.differs_from(before))
            })
    }
}
