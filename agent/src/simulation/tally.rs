//! Adds up what came of a day: free time used, people disturbed, changes made.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::mem::{Discriminant, discriminant};
use std::time::Duration;

use super::drive::Span;
use crate::engine::ProcessorId;
use crate::governor::{Decision, Policy, Reason};

/// So many changes and disturbances are listed; all are counted.
const LISTED: usize = 100_000;

/// What is being added up.
#[derive(Debug)]
pub struct Tally<'a> {
    policy: &'a Policy,
    listing: bool,
    report: Report,
    processors: BTreeMap<ProcessorId, Processor>,
    disturbed_until: Option<Duration>,
    /// The last decision that was worth noting.
    noted: Option<Decision>,
}

#[derive(Debug, Default)]
struct Processor {
    /// Seconds of free time, each weighed with the share allowed, in percent.
    used: f64,
    changes: u64,
    spent: Vec<(Discriminant<Reason>, Spent)>,
}

/// What came of a day.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How long it was.
    pub length: Duration,
    /// For how long the PC slept.
    pub asleep: Duration,
    /// For how long somebody was there while it did not sleep.
    pub someone: Duration,
    /// For how long nobody was there and the PC could work.
    pub free: Duration,
    /// Each processor, in the order of their names.
    pub processors: Vec<OfProcessor>,
    /// How often somebody was disturbed.
    pub disturbances: u64,
    /// For how long in all.
    pub disturbed: Duration,
    /// For how long of that no signal said that somebody was there.
    pub unsignalled: Duration,
    /// The first of them.
    pub listed_disturbances: Vec<Disturbance>,
    /// The first changes of what processors go to, if they were asked for.
    pub listed_changes: Vec<TargetChange>,
}

/// What came of one processor's day.
#[derive(Clone, Debug)]
pub struct OfProcessor {
    /// Which one.
    pub id: ProcessorId,
    /// How much of the free time it was allowed to use, in percent; `None` where there was none.
    pub free_used_percent: Option<f64>,
    /// How often what it goes to changed.
    pub changes: u64,
    /// For how long each reason held, the longest first.
    pub spent: Vec<Spent>,
}

/// How long a reason held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Its fixed word.
    pub because: String,
    /// The signal's fixed word.
    pub signal: &'static str,
    /// How long.
    pub time: Duration,
}

/// A time in which a processor was allowed more than its cap while somebody was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disturbance {
    /// When it began, since the day's beginning.
    pub at: Duration,
    /// How long it was.
    pub length: Duration,
    /// Which processors disturbed.
    pub processors: Vec<ProcessorId>,
}

/// A change of what a processor goes to.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetChange {
    /// When, since the day's beginning.
    pub at: Duration,
    /// Which processor.
    pub processor: ProcessorId,
    /// What it went to before, in percent; nothing at the beginning.
    pub from_percent: u8,
    /// What it goes to from then on, in percent.
    pub to_percent: u8,
    /// Why.
    pub reason: Reason,
}

impl Report {
    /// How often in an hour what a processor goes to changed, of the hours in which the PC did not sleep.
    pub fn changes_an_hour(&self, processor: &OfProcessor) -> f64 {
        let awake = self.length.saturating_sub(self.asleep).as_secs_f64();
        match awake > 0.0 {
            true => processor.changes as f64 * 3_600.0 / awake,
            false => 0.0,
        }
    }
}

impl<'a> Tally<'a> {
    /// Begins a day. With `listing` the changes are listed, not only counted.
    pub fn new(policy: &'a Policy, listing: bool) -> Tally<'a> {
        Tally {
            policy,
            listing,
            report: Report::default(),
            processors: BTreeMap::new(),
            disturbed_until: None,
            noted: None,
        }
    }

    /// Adds a span.
    pub fn add(&mut self, span: &Span<'_>) {
        self.report.length += span.length;
        let Some(decision) = span.decision else {
            self.report.asleep += span.length;
            return;
        };
        let someone = span.pc.has_someone(span.at);
        let free = !someone && span.pc.could_work(self.policy);
        if someone {
            self.report.someone += span.length;
        }
        if free {
            self.report.free += span.length;
        }
        let mut disturbing = Vec::new();
        for (id, verdict) in &decision.verdicts {
            let allowed = verdict.allowance.percent;
            if someone && allowed > span.pc.cap(id, self.policy) {
                disturbing.push(id.clone());
            }
            let processor = self.processors.entry(id.clone()).or_default();
            if free {
                processor.used += f64::from(allowed) * span.length.as_secs_f64();
            }
            processor.spend(&verdict.reason, span.length);
        }
        self.note(span.at, decision);
        if !disturbing.is_empty() {
            self.disturb(span, disturbing);
        }
    }

    /// Counts the changes of what processors go to; where the day begins is none, but it belongs into the list.
    fn note(&mut self, at: Duration, decision: &Decision) {
        if let Some(noted) = &self.noted
            && !decision.differs_from(noted)
        {
            return;
        }
        for (id, verdict) in &decision.verdicts {
            let to_percent = verdict.target_percent;
            let before = self.noted.as_ref().and_then(|noted| noted.verdicts.get(id));
            let from_percent = before.map(|verdict| verdict.target_percent);
            if from_percent == Some(to_percent) {
                continue;
            }
            let processor = self.processors.entry(id.clone()).or_default();
            processor.changes += u64::from(from_percent.is_some());
            if self.listing && self.report.listed_changes.len() < LISTED {
                self.report.listed_changes.push(TargetChange {
                    at,
                    processor: id.clone(),
                    from_percent: from_percent.unwrap_or(0),
                    to_percent,
                    reason: verdict.reason.clone(),
                });
            }
        }
        self.noted = Some(decision.clone());
    }

    fn disturb(&mut self, span: &Span<'_>, processors: Vec<ProcessorId>) {
        let report = &mut self.report;
        report.disturbed += span.length;
        if !span.pc.is_signalled(span.at) {
            report.unsignalled += span.length;
        }
        let goes_on = self.disturbed_until.replace(span.at + span.length) == Some(span.at);
        match report.listed_disturbances.last_mut() {
            Some(last) if goes_on && last.at + last.length == span.at => {
                last.length += span.length;
                for id in processors {
                    if !last.processors.contains(&id) {
                        last.processors.push(id);
                    }
                }
                last.processors.sort();
            }
            _ => {
                report.disturbances += u64::from(!goes_on);
                if report.listed_disturbances.len() < LISTED && !goes_on {
                    report.listed_disturbances.push(Disturbance {
                        at: span.at,
                        length: span.length,
                        processors,
                    });
                }
            }
        }
    }

    /// What came of it.
    pub fn finish(self) -> Report {
        let free = self.report.free.as_secs_f64();
        let processors = self.processors.into_iter().map(|(id, processor)| {
            let spent = processor.spent.into_iter().map(|(_, spent)| spent);
            let mut spent: Vec<Spent> = spent.collect();
            spent.sort_by_key(|spent| Reverse(spent.time));
            OfProcessor {
                id,
                free_used_percent: (free > 0.0).then(|| processor.used / free),
                changes: processor.changes,
                spent,
            }
        });
        Report {
            processors: processors.collect(),
            ..self.report
        }
    }
}

impl Processor {
    fn spend(&mut self, reason: &Reason, time: Duration) {
        let kind = discriminant(reason);
        match self.spent.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, spent)) => spent.time += time,
            None => self.spent.push((
                kind,
                Spent {
                    because: word(reason),
                    signal: reason.signal(),
                    time,
                },
            )),
        }
    }
}

/// The fixed word of a reason, as JSON has it.
fn word(reason: &Reason) -> String {
    let written = serde_json::to_value(reason);
    let word = written.map(|written| written["because"].as_str().map(str::to_owned));
    word.ok().flatten().unwrap_or_else(|| reason.to_string())
}
