//! Which of several opinions is believed.

use jiff::Timestamp;

use super::{Believed, Kind, Opinions, Settings, is_past, measure};
use crate::source::{Figure, apart};

/// What is believed of one figure.
#[derive(Debug)]
pub(super) struct Verdict {
    pub figure: Figure,
    pub at: Timestamp,
    pub sources: Vec<String>,
    pub refused: Vec<String>,
    /// Whether it is the last believed value, because nothing that was said is believed yet.
    pub held: bool,
}

#[derive(Clone, Copy, Debug)]
struct Candidate<'a> {
    source: &'a str,
    figure: Figure,
    value: f64,
    at: Timestamp,
    jumping_since: Option<Timestamp>,
}

/// The rules of one kind of figure.
struct Rules<'a> {
    settings: &'a Settings,
    factor: f64,
    /// Which of two is the careful choice: the lower price, the more hashes.
    lower_is_careful: bool,
    believed: Option<&'a Believed>,
}

/// `None` if nothing is known.
pub(super) fn judge(
    settings: &Settings,
    kind: Kind,
    opinions: &Opinions,
    now: Timestamp,
) -> Option<Verdict> {
    let (factor, lower_is_careful) = match kind {
        Kind::Price(_) => (settings.price_factor, true),
        Kind::Network => (settings.network_factor, false),
    };
    let believed = opinions.believed.as_ref();
    let rules = Rules {
        settings,
        factor,
        lower_is_careful,
        believed: believed.filter(|believed| is_past(believed.at, now)),
    };
    let mut refused = Vec::new();
    let candidates = rules.without_jumps(candidates(settings, opinions, now), &mut refused);
    let chosen = match candidates.as_slice() {
        [] => return rules.believed.map(|believed| hold(believed, refused)),
        [_] => candidates,
        [one, other] => rules.of_two(*one, *other, &mut refused),
        _ => rules.of_many(&candidates, &mut refused),
    };
    let value = median(&chosen);
    let nearest = nearest(&chosen, value)?;
    let figure = match nearest.figure {
        Figure::Price { currency, .. } => Figure::Price { currency, value },
        network @ Figure::Network(_) => network,
    };
    Some(Verdict {
        figure,
        at: chosen.iter().map(|one| one.at).max()?,
        sources: chosen.iter().map(|one| one.source.to_owned()).collect(),
        refused,
        held: false,
    })
}

fn hold(believed: &Believed, refused: Vec<String>) -> Verdict {
    Verdict {
        figure: believed.figure,
        at: believed.at,
        sources: believed.sources.clone(),
        refused,
        held: true,
    }
}

/// What is fresh; where nothing is, what is about as old as the newest.
fn candidates<'a>(
    settings: &Settings,
    opinions: &'a Opinions,
    now: Timestamp,
) -> Vec<Candidate<'a>> {
    let past = || {
        opinions
            .said
            .iter()
            .filter(|(_, said)| is_past(said.at, now))
    };
    let newest = past().map(|(_, said)| said.at).max().unwrap_or(now);
    let fresh = now.duration_since(newest) <= settings.fresh_for;
    let reference = if fresh { now } else { newest };
    past()
        .filter(|(_, said)| reference.duration_since(said.at) <= settings.fresh_for)
        .map(|(source, said)| Candidate {
            source,
            figure: said.figure,
            value: measure(&said.figure),
            at: said.at,
            jumping_since: said.jumping_since,
        })
        .collect()
}

impl Rules<'_> {
    /// Leaves out the sources that have jumped and are neither confirmed by another nor by time.
    fn without_jumps<'a>(
        &self,
        candidates: Vec<Candidate<'a>>,
        refused: &mut Vec<String>,
    ) -> Vec<Candidate<'a>> {
        let Some(believed) = self.believed.map(|believed| measure(&believed.figure)) else {
            return candidates;
        };
        let waits = |one: &Candidate| {
            let short = one
                .jumping_since
                .is_some_and(|since| one.at.duration_since(since) < self.settings.confirm_after);
            let confirmed = candidates.iter().any(|other| {
                other.source != one.source && apart(other.value, one.value) <= self.factor
            });
            short && !confirmed && apart(one.value, believed) > self.settings.jump_factor
        };
        let (waiting, rest): (Vec<_>, Vec<_>) =
            candidates.iter().copied().partition(|one| waits(one));
        refused.extend(waiting.iter().map(|one| {
            format!(
                "{}: {} is {} the last believed {}; waits for a second source, or {:#}",
                one.source,
                short(one.value),
                times(one.value, believed),
                short(believed),
                self.settings.confirm_after
            )
        }));
        rest
    }

    /// Both if they agree, otherwise the one nearer to what was believed last.
    fn of_two<'a>(
        &self,
        one: Candidate<'a>,
        other: Candidate<'a>,
        refused: &mut Vec<String>,
    ) -> Vec<Candidate<'a>> {
        if apart(one.value, other.value) <= self.factor {
            return vec![one, other];
        }
        let taken = self.fallback(&[one, other]);
        let left = if taken.source == one.source {
            other
        } else {
            one
        };
        refused.push(self.outlier(&left, taken.value, &format!("what {} says", taken.source)));
        vec![taken]
    }

    /// Those near the median of the others; if there are none, the one nearest to what was believed last.
    fn of_many<'a>(
        &self,
        candidates: &[Candidate<'a>],
        refused: &mut Vec<String>,
    ) -> Vec<Candidate<'a>> {
        let mut chosen = Vec::new();
        let mut off = Vec::new();
        for one in candidates {
            let mut others: Vec<f64> = candidates
                .iter()
                .filter(|other| other.source != one.source)
                .map(|other| other.value)
                .collect();
            others.sort_by(f64::total_cmp);
            // Of an even number both middle ones count as the median: the mean of a good and a bad one would refuse all.
            let middles = [others[(others.len() - 1) / 2], others[others.len() / 2]];
            let median = middles
                .into_iter()
                .min_by(|a, b| apart(one.value, *a).total_cmp(&apart(one.value, *b)))
                .unwrap_or(one.value);
            match apart(one.value, median) <= self.factor {
                true => chosen.push(*one),
                false => off.push((*one, median)),
            }
        }
        if chosen.is_empty() {
            let taken = self.fallback(candidates);
            off.retain(|(one, _)| one.source != taken.source);
            chosen.push(taken);
        }
        let texts = off
            .iter()
            .map(|(one, median)| self.outlier(one, *median, "the median of the others,"));
        refused.extend(texts);
        chosen
    }

    /// One of several that do not agree: the nearest to what was believed last, or else the careful middle.
    fn fallback<'a>(&self, candidates: &[Candidate<'a>]) -> Candidate<'a> {
        let mut sorted = candidates.to_vec();
        sorted.sort_by(|a, b| a.value.total_cmp(&b.value));
        let believed = self.believed.map(|believed| measure(&believed.figure));
        let near = believed.and_then(|believed| nearest(&sorted, believed));
        let middle = match self.lower_is_careful {
            true => (sorted.len() - 1) / 2,
            false => sorted.len() / 2,
        };
        near.unwrap_or(sorted[middle])
    }

    fn outlier(&self, one: &Candidate, reference: f64, what: &str) -> String {
        format!(
            "{}: {} is {} {what} {}; allowed: a factor of {}",
            one.source,
            short(one.value),
            times(one.value, reference),
            short(reference),
            self.factor
        )
    }
}

/// The middle value, or the mean of the two in the middle. Of at least one.
fn median(candidates: &[Candidate]) -> f64 {
    let mut values: Vec<f64> = candidates.iter().map(|one| one.value).collect();
    values.sort_by(f64::total_cmp);
    let (low, high) = ((values.len() - 1) / 2, values.len() / 2);
    // Halved first, so that no sum overflows.
    values[low] / 2.0 + values[high] / 2.0
}

fn nearest<'a>(candidates: &[Candidate<'a>], value: f64) -> Option<Candidate<'a>> {
    candidates
        .iter()
        .copied()
        .min_by(|a, b| apart(a.value, value).total_cmp(&apart(b.value, value)))
}

/// Four digits are enough to see by how much.
pub(super) fn short(value: f64) -> String {
    let rounded: f64 = format!("{value:.3e}").parse().unwrap_or(value);
    match (1e-4..1e9).contains(&rounded) {
        true => rounded.to_string(),
        false => format!("{rounded:e}"),
    }
}

pub(super) fn times(value: f64, reference: f64) -> String {
    match value >= reference {
        true => format!("{} times", short(value / reference)),
        false => format!("1/{} of", short(reference / value)),
    }
}
