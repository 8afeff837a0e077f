//! From mode, signals and policy to allowances.
//!
//! What decides, in this order: consent; a pause by hand; a scheduled pause; programs that stop everything; where the
//! current comes from; a limit of nothing that was set from afar; then the mode, within the owner's limits, the one from
//! afar and those of the temperature. Everything that is
//! remembered is in [`Memory`], as times since rather than moments, so that a clock that jumps loses nothing.

mod heat;
mod hold;
mod presence;
mod processor;
mod ramp;
mod stops;
mod wish;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use self::presence::Presence;
use self::processor::{Processor, Round};
use self::stops::Stops;
use self::wish::Wish;
use super::decision::Verdict;
use super::{ChosenMode, Decision, Mode, Policy, Reason, Signals, Until};
use crate::engine::{ProcessorId, ProcessorKind};

/// A sensor that is silent for so long knows nothing.
const UNKNOWN_AFTER: Duration = Duration::from_secs(60);
/// What lies between two decisions counts as no more than this: a PC that slept has seen nothing meanwhile.
const LONGEST_STEP: Duration = Duration::from_secs(5);
/// How often the signals matter.
const SOON: Duration = Duration::from_secs(1);
/// How often on the way up.
const RAMPING: Duration = Duration::from_millis(250);
/// How often while a time is waited for: the clock may be set.
const WAITING: Duration = Duration::from_secs(60);
/// How often while only the owner can change anything.
const RESTING: Duration = Duration::from_secs(60 * 60);
/// So long after a time is over it is certainly over, however coarse timers are.
const JUST_AFTER: Duration = Duration::from_millis(5);

/// What one decision leaves to the next.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    clock: Option<Duration>,
    presence: Presence,
    stops: Stops,
    processors: BTreeMap<ProcessorId, Processor>,
}

impl Memory {
    /// How long the last decision is ago; nothing if the clock began anew.
    fn pass(&mut self, clock: Duration) -> Duration {
        let before = self.clock.replace(clock).unwrap_or(clock);
        clock.saturating_sub(before).min(LONGEST_STEP)
    }
}

/// How hard the PC may work. The same input gives the same output.
pub fn decide(
    mode: &ChosenMode,
    signals: &Signals,
    policy: &Policy,
    previous: Option<&Decision>,
) -> Decision {
    let now = signals.now.timestamp();
    let reading = &signals.reading;
    let mut memory = previous.map_or_else(Memory::default, |previous| previous.memory.clone());
    let elapsed = memory.pass(signals.clock);
    let look = |memory: &mut Memory| {
        let presence = &mut memory.presence;
        presence.update(reading, policy.idle_after, elapsed)
    };
    let mut seen = None;
    let mut chosen = mode.at(now);
    // Without consent nothing is asked of the system, so that nothing is known of whoever is there.
    if signals.consent {
        chosen = chosen.with_idle(now, reading.idle);
        if chosen.waits_for_absence() && seen.insert(look(&mut memory)).away() {
            chosen = chosen.with_nobody_there(now, policy.idle_after);
        }
    }
    let in_force = policy.schedule.in_force(&signals.now);
    let (mode, wish) = Wish::of(&chosen, in_force.as_ref(), &signals.now);
    if !signals.consent {
        return rest((mode, chosen), Reason::NoConsent, RESTING, signals, memory);
    }
    if let Wish::Rest {
        reason,
        again_within,
    } = &wish
        && !chosen.waits_for_somebody()
    {
        let reason = reason.clone();
        return rest((mode, chosen), reason, *again_within, signals, memory);
    }

    let seen = seen.unwrap_or_else(|| look(&mut memory));
    let stop = memory.stops.update(reading, policy, elapsed);
    let from_afar = (signals.remote_limit == Some(0)).then_some(Reason::RemotePause);
    let stop = stop.or(from_afar);
    let is_gpu = |kind| kind == ProcessorKind::Gpu;
    let gpus = signals.processors.values();
    let round = Round {
        wish: &wish,
        seen: &seen,
        stop: stop.as_ref(),
        policy,
        remote_limit: signals.remote_limit.unwrap_or(100).min(100),
        only_gpu: gpus.filter(|one| is_gpu(one.kind)).count() == 1,
        elapsed,
    };
    let mut known = std::mem::take(&mut memory.processors);
    let mut verdicts = BTreeMap::new();
    for (id, processor) in &signals.processors {
        let mut one = known.remove(id).unwrap_or_default();
        let had = previous.map_or(0, |previous| previous.allowance(id).percent);
        verdicts.insert(id.clone(), one.judge(processor, &round, had));
        memory.processors.insert(id.clone(), one);
    }
    let ramping = verdicts
        .values()
        .any(|verdict| verdict.reason == Reason::RampingUp);
    let cpu = signals.processors.iter().find(|(_, one)| !is_gpu(one.kind));
    let headline = cpu.and_then(|(id, _)| verdicts.get(id));
    let reason = match headline.or(verdicts.values().next()) {
        Some(verdict) => verdict.reason.clone(),
        None => round.without_processors(),
    };
    Decision {
        mode,
        again_within: until_end(&chosen, now).min(if ramping { RAMPING } else { SOON }),
        chosen,
        verdicts,
        reason,
        rests: false,
        away: seen.away(),
        memory,
    }
}

/// Nothing may run, and no signal matters.
fn rest(
    (mode, chosen): (Mode, ChosenMode),
    reason: Reason,
    again_within: Duration,
    signals: &Signals,
    mut memory: Memory,
) -> Decision {
    let nothing = |id: &ProcessorId| (id.clone(), Verdict::nothing(reason.clone()));
    memory.processors.values_mut().for_each(Processor::rest);
    Decision {
        mode,
        chosen,
        verdicts: signals.processors.keys().map(nothing).collect(),
        reason,
        again_within,
        rests: true,
        away: false,
        memory,
    }
}

/// How long until a mode chosen for a time is certainly over.
fn until_end(chosen: &ChosenMode, now: Timestamp) -> Duration {
    match chosen.limit.map(|limit| limit.until) {
        Some(Until::Time { at, .. }) => just_after(at.duration_since(now)),
        Some(Until::Input { .. } | Until::Away) | None => Duration::MAX,
    }
}

fn just_after(left: SignedDuration) -> Duration {
    Duration::try_from(left)
        .unwrap_or_default()
        .saturating_add(JUST_AFTER)
}

#[cfg(test)]
mod tests;
