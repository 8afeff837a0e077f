//! What each processor works on: what brings most, less fee and electricity, and no sooner left than it is worth it.
//!
//! A candidate's figures come from outside and are checked; one that cannot be judged is left out with the reason. The
//! others get their [`Terms`]. Then, for one processor:
//!
//! 1. Work that is gone is left at once.
//! 2. While every quote is stale nothing is changed.
//! 3. What was begun is kept for the minimum time.
//! 4. Where the owner wants it so, a processor rests while nothing pays more than it costs.
//! 5. Other work must bring more by the margin, which is a part of the pay, even after what the switch costs, spread
//!    over the holding time.
//! 6. Pay that would be paid out only beyond the owner's limit counts as nothing beside pay that is really paid out.
//!
//! The margin is one of the pay and not of what is left of it: what wavers are prices and difficulty, and they waver by
//! parts of the pay, however little the electricity leaves. Each limit has a margin of its own around it, so that
//! figures which all waver by less than half the margin never change anything.

mod candidate;
mod decision;
mod rules;
mod terms;
mod worth;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::candidate::{
    Candidate, LeftOut, Omission, Payout, Power, PowerOrigin, Processor, Rate, RateOrigin, Source,
    Work,
};
pub use self::decision::{
    Decision, KeepReason, NothingReason, Outcome, Remark, RestReason, SwitchReason,
};
pub use self::rules::{BadSetting, Rules, Settings};
pub use self::terms::{Reachability, Terms};
use self::worth::{Obstacle, Standing, Worth, weigh};

/// What a processor does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doing {
    /// It works.
    Work(Work),
    /// It rests, since nothing pays.
    Rest,
}

/// What a processor does, and since when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Current {
    /// What.
    pub doing: Doing,
    /// Since when.
    pub since: Timestamp,
}

/// What was decided for each processor: all that a decision needs to know of those before it. Small, and to be kept, so
/// that a restart changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choosing {
    current: BTreeMap<String, Current>,
}

/// Everything that one decision is made from.
struct Round<'a> {
    rules: &'a Rules,
    now: Timestamp,
    terms: &'a [Terms],
    left_out: &'a [LeftOut],
    all_stale: bool,
}

impl Choosing {
    /// What a processor does, by its id; `None` before it was decided, and while there is nothing.
    pub fn current(&self, processor: &str) -> Option<&Current> {
        self.current.get(processor)
    }

    /// Forgets a processor that is no longer there.
    pub fn forget(&mut self, processor: &str) {
        self.current.remove(processor);
    }

    /// Decides for one processor, and remembers it. The same input gives the same outcome.
    pub fn decide(
        &mut self,
        processor: &Processor,
        candidates: &[Candidate],
        rules: &Rules,
        now: Timestamp,
    ) -> Outcome {
        let mut before = self.current.get(&processor.id).cloned();
        if let Some(before) = &mut before {
            // A clock that was put back must not hold anything for longer than the minimum time.
            before.since = before.since.min(now);
        }
        let (mut terms, left_out) =
            judge(processor, candidates, rules, work_of(before.as_ref()), now);
        let round = Round {
            rules,
            now,
            terms: &terms,
            left_out: &left_out,
            all_stale: terms.iter().all(|terms| terms.stale),
        };
        let decision = round.decide(before.as_ref());
        self.remember(&processor.id, &decision, before, now);
        let chosen = decision.work();
        let chosen = terms.iter().find(|terms| Some(&terms.work) == chosen);
        let remarks = chosen.map(decision::remarks).unwrap_or_default();
        terms.sort_by(|left, right| right.net_a_day.total_cmp(&left.net_a_day));
        Outcome {
            decision,
            remarks,
            terms,
            left_out,
        }
    }

    fn remember(
        &mut self,
        processor: &str,
        decision: &Decision,
        before: Option<Current>,
        now: Timestamp,
    ) {
        let doing = match decision {
            Decision::Keep { work, .. } | Decision::Switch { to: work, .. } => {
                Some(Doing::Work(work.clone()))
            }
            Decision::Rest { .. } => Some(Doing::Rest),
            // One that rests goes on resting: it is no new beginning when there are candidates again.
            Decision::Nothing { .. } => before
                .as_ref()
                .map(|before| before.doing.clone())
                .filter(|doing| *doing == Doing::Rest),
        };
        let Some(doing) = doing else {
            self.current.remove(processor);
            return;
        };
        let same = before.filter(|before| before.doing == doing);
        let since = same.map_or(now, |before| before.since);
        let current = Current { doing, since };
        self.current.insert(processor.to_owned(), current);
    }
}

fn work_of(current: Option<&Current>) -> Option<&Work> {
    match current.map(|current| &current.doing) {
        Some(Doing::Work(work)) => Some(work),
        Some(Doing::Rest) | None => None,
    }
}

/// The terms of each candidate, or why it has none.
fn judge(
    processor: &Processor,
    candidates: &[Candidate],
    rules: &Rules,
    current: Option<&Work>,
    now: Timestamp,
) -> (Vec<Terms>, Vec<LeftOut>) {
    let (mut terms, mut left_out) = (Vec::new(), Vec::new());
    for (number, candidate) in candidates.iter().enumerate() {
        let work = &candidate.work;
        let is_twice = candidates[..number]
            .iter()
            .any(|before| before.work == *work);
        let judged = match is_twice {
            true => Err(Omission::Twice),
            false => Terms::of(candidate, processor, rules, current == Some(work), now),
        };
        let work = work.clone();
        match judged {
            Ok(one) => terms.push(one),
            Err(why) => left_out.push(LeftOut { work, why }),
        }
    }
    (terms, left_out)
}

impl Round<'_> {
    fn decide(&self, before: Option<&Current>) -> Decision {
        let Some(current) = before else {
            return self.begin(None, SwitchReason::First);
        };
        let work = match &current.doing {
            Doing::Rest if self.terms.is_empty() => return self.nothing(),
            Doing::Rest if !self.rules.rest_when_unprofitable => {
                return self.begin(None, SwitchReason::RestForbidden);
            }
            Doing::Rest => return self.rest_or_begin(current.since),
            Doing::Work(work) => work,
        };
        if self.terms.iter().any(|terms| terms.work == *work) {
            return self.keep_or_switch(work, current.since);
        }
        let left_out = self.left_out.iter().find(|left| left.work == *work);
        let cause = left_out
            .map(|left| &left.why)
            .filter(|cause| !cause.is_gone());
        match cause {
            Some(cause) => self.not_judged(work, cause, current.since),
            None => self.begin(Some(work), SwitchReason::Vanished),
        }
    }

    /// Until when what was begun is kept in any case; `None` if that time is over.
    fn held_until(&self, since: Timestamp) -> Option<Timestamp> {
        let minimum = SignedDuration::try_from(self.rules.minimum).unwrap_or_default();
        let until = since.checked_add(minimum).unwrap_or(Timestamp::MAX);
        (self.now < until).then_some(until)
    }

    /// The best by score, of those that are not stale unless all are.
    fn best<'w, 'a>(&self, among: impl Iterator<Item = &'w Worth<'a>>) -> Option<&'w Worth<'a>>
    where
        'a: 'w,
    {
        among
            .filter(|worth| self.all_stale || !worth.terms.stale)
            .max_by(|left, right| {
                let (left_score, right_score) = (left.score(self.rules), right.score(self.rules));
                // Between equals the order of their names decides, so that it does not matter in which they came.
                let by_name = || right.terms.work.cmp(&left.terms.work);
                left_score.total_cmp(&right_score).then_with(by_name)
            })
    }

    fn nothing(&self) -> Decision {
        let why = match self.left_out.is_empty() {
            true => NothingReason::NoCandidates,
            false => NothingReason::AllLeftOut,
        };
        Decision::Nothing { why }
    }

    /// Nothing is to be kept: the best, or rest.
    fn begin(&self, from: Option<&Work>, why: SwitchReason) -> Decision {
        let worths = weigh(self.terms, self.rules, |_| Standing::Open);
        let mut best = self.best(worths.iter().filter(|worth| worth.profitable));
        if best.is_none() && !self.rules.rest_when_unprofitable {
            best = self.best(worths.iter());
        }
        match best {
            Some(best) => Decision::Switch {
                from: from.cloned(),
                to: best.terms.work.clone(),
                gain: best.gain(None),
                why,
            },
            None => self.rest(&worths),
        }
    }

    /// What it was told of the current work cannot be: that is no reason to hurry.
    fn not_judged(&self, work: &Work, cause: &Omission, since: Timestamp) -> Decision {
        let cause = cause.clone();
        // With nothing to compare, or nothing fresh, it goes on.
        if self.all_stale || self.held_until(since).is_some() {
            let work = work.clone();
            let why = KeepReason::NotJudged { cause };
            return Decision::Keep { work, why };
        }
        self.begin(Some(work), SwitchReason::NotJudged { cause })
    }

    fn keep_or_switch(&self, work: &Work, since: Timestamp) -> Decision {
        let keep = |why| {
            let work = work.clone();
            Decision::Keep { work, why }
        };
        if self.all_stale {
            return keep(KeepReason::AllStale);
        }
        if let Some(until) = self.held_until(since) {
            return keep(KeepReason::MinimumTime { until });
        }
        let is_kept = |terms: &Terms| terms.work == *work;
        let worths = weigh(self.terms, self.rules, |terms| match is_kept(terms) {
            true => Standing::Current,
            false => Standing::Other,
        });
        let Some(kept) = worths.iter().find(|worth| is_kept(worth.terms)) else {
            return self.nothing();
        };
        let others = || worths.iter().filter(|worth| !is_kept(worth.terms));
        let switch = |to: &Worth, why| Decision::Switch {
            from: Some(work.clone()),
            to: to.terms.work.clone(),
            gain: to.gain(Some(kept)),
            why,
        };
        if self.rules.rest_when_unprofitable && !kept.profitable {
            let why = match kept.written_off {
                true => SwitchReason::PaidOut,
                false => SwitchReason::Unprofitable,
            };
            return match self.best(others().filter(|worth| worth.profitable)) {
                Some(best) => switch(best, why),
                None => self.rest(&worths),
            };
        }
        let obstacle = |worth: &Worth| worth.obstacle(Some(kept), self.rules);
        if let Some(best) = self.best(others().filter(|worth| obstacle(worth).is_none())) {
            let why = match kept.written_off {
                true => SwitchReason::PaidOut,
                false => SwitchReason::PaysBetter,
            };
            return switch(best, why);
        }
        let better = self.best(others().filter(|worth| worth.value > kept.value));
        keep(match better {
            None => KeepReason::Best,
            Some(worth) => {
                let better = worth.terms.work.clone();
                let gain = worth.gain(Some(kept));
                match obstacle(worth) {
                    Some(Obstacle::Cost) => KeepReason::SwitchCost {
                        better,
                        gain,
                        cost: worth.terms.switch_cost,
                    },
                    _ => KeepReason::Margin { better, gain },
                }
            }
        })
    }

    /// It rests: work must clearly pay to end that.
    fn rest_or_begin(&self, since: Timestamp) -> Decision {
        if self.all_stale {
            let why = RestReason::AllStale;
            return Decision::Rest { why };
        }
        let worths = weigh(self.terms, self.rules, |_| Standing::Other);
        let Some(best) = self.best(worths.iter().filter(|worth| worth.profitable)) else {
            return self.rest(&worths);
        };
        if let Some(until) = self.held_until(since) {
            let why = RestReason::MinimumTime { until };
            return Decision::Rest { why };
        }
        Decision::Switch {
            from: None,
            to: best.terms.work.clone(),
            gain: best.gain(None),
            why: SwitchReason::PaysAgain,
        }
    }

    /// Rest, with what would have come nearest to being worked on.
    fn rest(&self, worths: &[Worth]) -> Decision {
        let Some(best) = self.best(worths.iter()) else {
            return self.nothing();
        };
        let (work, net) = (best.terms.work.clone(), best.value);
        let why = match net > 0.0 {
            true => RestReason::Hardly { best: work, net },
            false => RestReason::Unprofitable { least: work, net },
        };
        Decision::Rest { why }
    }
}

#[cfg(test)]
mod tests;
