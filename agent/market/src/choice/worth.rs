//! What candidates are worth beside each other: with what is really paid out before what is not, and with the margin.

use super::rules::Rules;
use super::terms::Terms;

/// How far a candidate must be beyond a limit to count as beyond it. What is worked on keeps its side of a limit until
/// it is clearly beyond, and what is not must be clearly within: so figures that waver change nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is worked on.
    Current,
    /// Something else is worked on, or nothing on purpose.
    Other,
    /// Nothing is worked on yet: no side is to be kept.
    Open,
}

/// A candidate beside the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Worth<'a> {
    pub(super) terms: &'a Terms,
    /// Whether it brings more than it costs.
    pub(super) profitable: bool,
    /// Whether its pay counts as nothing, since it is paid out too late and something else is not.
    pub(super) written_off: bool,
    /// What it is paid a day.
    pay: f64,
    /// What it brings a day, of that pay.
    pub(super) value: f64,
}

/// Why better work is not switched to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// It is not better by the margin.
    Margin,
    /// What the switch costs, spread over the holding time, takes the margin away.
    Cost,
}

/// Puts the candidates beside each other. `standing` says how each is looked at.
pub(super) fn weigh<'a>(
    terms: &'a [Terms],
    rules: &Rules,
    standing: impl Fn(&Terms) -> Standing,
) -> Vec<Worth<'a>> {
    let one = |terms| {
        let standing = standing(terms);
        let mut worth = Worth {
            terms,
            profitable: false,
            written_off: false,
            pay: terms.pay_a_day(),
            value: terms.net_a_day,
        };
        worth.profitable = match standing {
            Standing::Current => worth.value >= 0.0,
            Standing::Open => worth.score(rules) > rules.margin / 2.0 * worth.pay,
            Standing::Other => worth.obstacle(None, rules).is_none(),
        };
        let limit = rules.payout_limit_days;
        let paid_out = terms.is_paid_within(match standing {
            Standing::Current => limit / (1.0 - rules.margin),
            Standing::Open => limit,
            Standing::Other => limit * (1.0 - rules.margin),
        });
        (worth, paid_out)
    };
    let mut all: Vec<(Worth, bool)> = terms.iter().map(one).collect();
    // What nobody would switch to, since it is stale, makes nothing else worthless.
    let all_stale = terms.iter().all(|terms| terms.stale);
    let counts =
        |(worth, paid_out): &&(Worth, bool)| *paid_out && (all_stale || !worth.terms.stale);
    let any_paid_out = all.iter().any(|one| counts(&one));
    let any_good = all.iter().filter(counts).any(|(worth, _)| worth.profitable);
    for (worth, paid_out) in &mut all {
        // Unpaid work with a loss is worse than paid work with a loss, but only that.
        if !*paid_out && (any_good || (any_paid_out && !worth.profitable)) {
            worth.written_off = true;
            worth.profitable = false;
            worth.pay = 0.0;
            worth.value = -worth.terms.costs_a_day();
        }
    }
    all.into_iter().map(|(worth, _)| worth).collect()
}

impl Worth<'_> {
    /// What it brings a day over the time for which it is expected to last, after the switch.
    pub(super) fn score(&self, rules: &Rules) -> f64 {
        let lost = self.terms.switch_seconds / rules.holding.as_secs_f64();
        self.value - self.pay * lost.min(1.0)
    }

    /// What a switch to it gains a day: from other work, or from rest.
    pub(super) fn gain(&self, from: Option<&Worth>) -> f64 {
        self.value - from.map_or(0.0, |from| from.value)
    }

    /// What is in the way of a switch to it: from other work, or from rest.
    pub(super) fn obstacle(&self, from: Option<&Worth>, rules: &Rules) -> Option<Obstacle> {
        let kept = from.map_or(0.0, |from| from.value);
        let least = rules.margin * self.pay.max(from.map_or(0.0, |from| from.pay));
        if self.gain(from) <= least {
            return Some(Obstacle::Margin);
        }
        (self.score(rules) - kept <= least).then_some(Obstacle::Cost)
    }
}
