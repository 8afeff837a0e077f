//! What the simulator asks of decisions. INTEGRATOR: this file gives way to `Verdict::target_percent`,
//! `Decision::differs_from` and `Decision::watches_input` once they are there.

use crate::governor::{Decision, Mode, Verdict};

/// What a processor goes to, in percent.
pub fn target(verdict: &Verdict) -> u8 {
    verdict.allowance.percent
}

/// Whether a decision is worth noting after another.
pub fn differs(decision: &Decision, noted: &Decision) -> bool {
    let verdicts = decision.verdicts.iter();
    let targets = verdicts.map(|(id, verdict)| (id, target(verdict)));
    targets.ne(noted
        .verdicts
        .iter()
        .map(|(id, verdict)| (id, target(verdict))))
}

/// Whether an input would lower what is allowed.
pub fn watches_input(decision: &Decision) -> bool {
    decision.mode != Mode::Pause
}
