//! From mode, signals and policy to allowances.

use std::time::Duration;

use super::{ChosenMode, Decision, Mode, Policy, Reason, Signals, Verdict};
use crate::engine::Allowance;

/// How hard the PC may work. The same input gives the same output.
pub fn decide(
    mode: &ChosenMode,
    signals: &Signals,
    policy: &Policy,
    _previous: Option<&Decision>,
) -> Decision {
    let chosen = mode.at(signals.now.timestamp());
    let idle = signals.reading.idle;
    let away = idle.is_some_and(|idle| idle >= policy.idle_after);
    let reason = match (chosen.mode, idle) {
        _ if !signals.consent => Reason::NoConsent,
        (Mode::Pause, _) => Reason::PausedByHand,
        (Mode::Percent(_), _) => Reason::ByHand { mode: chosen.mode },
        (Mode::Smart, None) => Reason::UnknownPresence,
        (Mode::Smart, Some(idle)) if away => Reason::Free { idle },
        (Mode::Smart, Some(_)) => Reason::SomeoneHere,
    };
    let verdicts = signals.processors.iter().map(|(id, processor)| {
        let percent = match &reason {
            Reason::NoConsent => 0,
            Reason::SomeoneHere | Reason::UnknownPresence => {
                policy.limits(processor.kind).someone_here_percent
            }
            _ => chosen.mode.most(),
        };
        let dispatch_budget = match away {
            true => policy.dispatch_away,
            false => policy.dispatch_present,
        };
        let verdict = Verdict {
            allowance: Allowance {
                percent,
                dispatch_budget,
            },
            target_percent: percent,
            reason: reason.clone(),
        };
        (id.clone(), verdict)
    });
    Decision {
        mode: chosen.mode,
        chosen,
        verdicts: verdicts.collect(),
        reason,
        again_within: Duration::from_secs(1),
    }
}
