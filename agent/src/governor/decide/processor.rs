//! What one processor may do, and what is remembered of it.

use std::mem::discriminant;
use std::time::Duration;

use super::UNKNOWN_AFTER;
use super::heat::Heat;
use super::hold::{Busy, Last, Levels};
use super::presence::{Person, Seen};
use super::ramp::Ramp;
use super::wish::Wish;
use crate::engine::{Allowance, ProcessorKind};
use crate::governor::decision::Verdict;
use crate::governor::{Limits, Policy, ProcessorSignals, Reason};

/// Other programs want the CPU so much that less should be left to chance than the lowest priority does, which costs a
/// program with a core to itself nothing to speak of (`docs/benchmarks.md`); two readings, as starting anything at all
/// shows in one.
const CPU_WANTED: Levels = Levels {
    busy: 40.0,
    readings: 2,
    quiet: 30.0,
};
/// Other programs want the GPU. It has no priorities worth the name, so that less is noticed.
const GPU_WANTED: Levels = Levels {
    busy: 10.0,
    readings: 2,
    quiet: 5.0,
};
/// What has the screen to itself uses the CPU: at once, as a dropped frame is seen.
const CPU_USED: Levels = Levels {
    busy: 10.0,
    readings: 1,
    quiet: 5.0,
};
/// The same for a GPU: even a film decoded by its own unit shows as 3 %.
const GPU_USED: Levels = Levels {
    busy: 3.0,
    readings: 1,
    quiet: 2.0,
};
/// What a sensor may say of a load, in percent, rounding included; the rest are sensors that are wrong.
const PLAUSIBLE: std::ops::RangeInclusive<f32> = -1.0..=101.0;

/// The share of the CPU with somebody there whose programs want it, if `cap` is the share otherwise. A fifth: the
/// lowest priority leaves them the time, but not the caches and the clock rate. It does not follow their load, which
/// would be a change a second.
fn busy_percent(cap: u8) -> u8 {
    (cap / 5).max(1).min(cap)
}

/// What is remembered of a processor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Processor {
    load: Last<f32>,
    wanted: Busy,
    used: Busy,
    heat: Heat,
    ramp: Option<Ramp>,
    /// How far below everything the limit from afar was.
    held_back: u8,
}

/// What one decision says to all processors.
pub struct Round<'a> {
    /// What the owner wishes for.
    pub wish: &'a Wish,
    /// Who is there.
    pub seen: &'a Seen,
    /// Why nothing may run.
    pub stop: Option<&'a Reason>,
    /// The owner's limits.
    pub policy: &'a Policy,
    /// The limit from afar, in percent.
    pub remote_limit: u8,
    /// Whether there is one GPU, which then draws what is on the screen.
    pub only_gpu: bool,
    /// Since the last decision.
    pub elapsed: Duration,
}

/// What the mode gives, before limits.
struct Share {
    percent: u8,
    target: u8,
    reason: Reason,
    /// Whether the owner's limit is news: with somebody there, less is the rule.
    limit_tells: bool,
}

impl Share {
    fn steady(percent: u8, reason: Reason) -> Share {
        Share {
            percent,
            target: percent,
            reason,
            limit_tells: false,
        }
    }
}

impl Round<'_> {
    /// Why, where there is nothing to judge.
    pub fn without_processors(&self) -> Reason {
        match (self.stop, self.wish, &self.seen.person) {
            (_, Wish::Rest { reason, .. }, _) | (Some(reason), ..) => reason.clone(),
            (None, Wish::Percent { reason, .. }, _) => reason.clone(),
            (None, Wish::Smart, Person::Here(reason)) => reason.clone(),
            (None, Wish::Smart, Person::Away { idle }) => free(*idle),
        }
    }
}

impl Processor {
    /// Nothing is allowed for a while, and no signal is taken.
    pub fn rest(&mut self) {
        self.ramp = None;
    }

    /// Takes what the system says and judges. `had` is what was allowed until now, in percent.
    pub fn judge(&mut self, signals: &ProcessorSignals, round: &Round<'_>, had: u8) -> Verdict {
        let limits = round.policy.limits(signals.kind);
        self.observe(signals, limits, round);
        let smart = matches!(round.wish, Wish::Smart);
        let ramps = smart && round.stop.is_none() && round.seen.away();
        self.ramp = match self.ramp.take().filter(|_| ramps) {
            Some(mut ramp) => {
                ramp.advance(round.elapsed);
                Some(ramp)
            }
            None => ramps.then(|| Ramp::new(had)),
        };
        let held_back = 100 - round.remote_limit;
        // What was lifted from afar is gone up to, as everything is.
        if std::mem::replace(&mut self.held_back, held_back) > held_back && self.ramp.is_some() {
            self.ramp = Some(Ramp::new(had));
        }
        let share = match (round.stop, round.wish) {
            (_, Wish::Rest { reason, .. }) | (Some(reason), _) => {
                return Verdict::nothing(reason.clone());
            }
            (None, Wish::Percent { percent, reason }) => Share {
                limit_tells: true,
                ..Share::steady(*percent, reason.clone())
            },
            (None, Wish::Smart) => match &round.seen.person {
                Person::Here(reason) => self.with_somebody(signals.kind, limits, round, reason),
                Person::Away { idle } => self.alone(*idle, round.policy),
            },
        };
        let dispatch_budget = match round.seen.away() {
            true => round.policy.dispatch_away,
            false => round.policy.dispatch_present,
        };
        self.limit(share, limits, round.remote_limit, dispatch_budget)
    }

    fn observe(&mut self, signals: &ProcessorSignals, limits: Limits, round: &Round<'_>) {
        let elapsed = round.elapsed;
        let (wanted, used) = match signals.kind {
            ProcessorKind::Cpu => (&CPU_WANTED, &CPU_USED),
            ProcessorKind::Gpu => (&GPU_WANTED, &GPU_USED),
        };
        let known = signals.others_percent;
        let known = known.filter(|load| PLAUSIBLE.contains(load));
        let known = known.map(|load| load.clamp(0.0, 100.0));
        // For a film in front, unknown is as good as used; otherwise it is no sign of anything.
        match round.seen.screen {
            Some(_) => self.used.update(known.unwrap_or(100.0), used, elapsed),
            None => self.used = Busy::default(),
        }
        let load = self.load.update(known, elapsed, UNKNOWN_AFTER);
        let load = load.copied().unwrap_or_default();
        self.wanted.update(load, wanted, elapsed);
        self.heat
            .update(signals.celsius, limits.max_celsius, elapsed);
    }

    fn with_somebody(
        &self,
        kind: ProcessorKind,
        limits: Limits,
        round: &Round<'_>,
        reason: &Reason,
    ) -> Share {
        let draws = kind == ProcessorKind::Gpu && round.only_gpu;
        match &round.seen.screen {
            Some(screen) if draws || self.used.percent().is_some() => {
                return Share::steady(0, screen.clone());
            }
            _ => {}
        }
        let cap = limits.someone_here_percent.min(limits.most_percent);
        match (self.wanted.percent(), kind) {
            (Some(percent), ProcessorKind::Cpu) => {
                Share::steady(busy_percent(cap), Reason::OthersBusy { percent })
            }
            (Some(percent), ProcessorKind::Gpu) => Share::steady(0, Reason::OthersBusy { percent }),
            (None, _) => Share::steady(cap, reason.clone()),
        }
    }

    fn alone(&self, idle: Duration, policy: &Policy) -> Share {
        let ramp = self.ramp.as_ref();
        let percent = ramp.map_or(0, |ramp| ramp.percent(policy.ramp));
        Share {
            percent,
            target: 100,
            reason: match percent {
                100.. => free(idle),
                _ => Reason::RampingUp,
            },
            limit_tells: true,
        }
    }

    fn limit(
        &self,
        share: Share,
        limits: Limits,
        remote: u8,
        dispatch_budget: Duration,
    ) -> Verdict {
        let most = limits.most_percent.min(100);
        let local = share.percent.min(most);
        let reason = match share.limit_tells && most < share.percent {
            _ if remote < local => Reason::RemoteLimit { percent: remote },
            true => Reason::OwnersLimit { percent: most },
            false => share.reason,
        };
        let percent = local.min(remote);
        let target = share.target.min(most).min(remote);
        let cap = self.heat.cap();
        Verdict {
            allowance: Allowance {
                percent: percent.min(cap),
                dispatch_budget,
            },
            target_percent: target.min(cap),
            cool: (target, discriminant(&reason)),
            reason: match cap < percent {
                true => Reason::Hot {
                    celsius: self.heat.celsius(),
                },
                false => reason,
            },
        }
    }
}

/// Coarse, so that not every second is news.
fn free(idle: Duration) -> Reason {
    let seconds = match idle.as_secs() {
        seconds @ 0..60 => seconds,
        seconds => seconds / 60 * 60,
    };
    Reason::Free {
        idle: Duration::from_secs(seconds),
    }
}
