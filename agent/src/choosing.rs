//! What each processor works on: what brings most by the market, less fee and electricity, where the market is known; else
//! what the hub credits most for. What was chosen is kept, so that a restart is no reason for a change.

use std::collections::BTreeMap;

use idlewatt_config::AgentSettings;
use idlewatt_kernels::Algorithm;
use idlewatt_market::amount::Amount;
use idlewatt_market::choice::{
    Candidate, Choosing, Decision, Outcome, Rules, Settings, Source, Terms,
};
use idlewatt_protocol::api::WorkOffer;
use idlewatt_screens::{Fiat, Format, Words};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::control::answers::{Benchmark, Choice, FarPayout};
use crate::daemon::Daemon;
use crate::data_dir::DataDir;
use crate::engine::{Processor, ProcessorId};
use crate::pool_account::in_words as amount_in_words;
use crate::pool_terms::PoolTerms;
use crate::profit::{self, Inputs, Prepared};
use crate::work::offers::{self, MeasuredRate};

const FILE: &str = "choices.json";
const DAYS_A_MONTH: f64 = 365.25 / 12.0;

/// Where jobs can be had from.
#[derive(Clone, Copy, Debug)]
pub enum Jobs<'a> {
    /// A hub with these offers.
    Hub(&'a [WorkOffer]),
    /// Pools, each with work for one of these algorithms; the first is worked for where nothing says what pays more.
    Pools(&'a [Algorithm]),
}

/// A processor, and what it may compute.
pub type Able = (Processor, Vec<Algorithm>);

/// What was chosen before. A file that cannot be read costs at most a change that was not worth it.
pub fn load(data: &DataDir) -> Choosing {
    let kept = data.read(FILE).unwrap_or_else(|error| {
        tracing::warn!(%error, "what was chosen before cannot be read");
        None
    });
    kept.unwrap_or_default()
}

/// Chooses for each processor; those that are to rest, or have no work, are left out. `before` is what they work on.
pub fn choose(
    daemon: &Daemon,
    jobs: Jobs<'_>,
    able: &[Able],
    before: &BTreeMap<ProcessorId, Algorithm>,
) -> BTreeMap<ProcessorId, Algorithm> {
    let settings = daemon.settings();
    let benchmarks = daemon.benchmarks();
    let (processors, quotes, hub, known, accounts) = {
        let board = daemon.board();
        (
            board.processors.clone(),
            board.quotes.clone(),
            board.source.address.clone(),
            board.choosing.clone(),
            board.pool_accounts.clone(),
        )
    };
    let pools = PoolTerms::all(&daemon.data, &settings, &accounts);
    let days = daemon.days();
    let power = daemon.power();
    let prepared = prepared(daemon);
    let offers = match jobs {
        Jobs::Hub(offers) => offers,
        Jobs::Pools(_) => &[],
    };
    let now = Timestamp::now();
    let inputs = Inputs {
        settings: &settings,
        processors: &processors,
        benchmarks: &benchmarks,
        quotes: &quotes,
        offers,
        hub: &hub,
        pools: &pools,
        days: &days,
        power: &power,
        prepared: &prepared,
        now,
    };
    let rules = rules(&settings);
    let mut choosing = known.clone();
    let mut outcomes = BTreeMap::new();
    let mut chosen = BTreeMap::new();
    for (processor, allowed) in able {
        let mut candidates = profit::candidates(&inputs, processor);
        candidates.retain(|candidate| can_be_had(candidate, jobs, allowed));
        let of_choice = profit::of_choice(&inputs, processor);
        let outcome = choosing.decide(&of_choice, &candidates, &rules, now);
        tell(&processor.id, &outcome);
        let by_market = outcome.decision.work();
        let algorithm = match &outcome.decision {
            Decision::Rest { .. } => None,
            _ => by_market
                .and_then(|work| work.algorithm.parse().ok())
                .or_else(|| by_credit(processor, jobs, allowed, &benchmarks, before)),
        };
        chosen.extend(algorithm.map(|algorithm| (processor.id.clone(), algorithm)));
        outcomes.insert(processor.id.to_string(), outcome);
    }
    if choosing != known
        && let Err(error) = daemon.data.write(FILE, &choosing)
    {
        tracing::warn!(%error, "what was chosen cannot be kept");
    }
    let mut board = daemon.board();
    board.choosing = choosing;
    board.choices = outcomes;
    chosen
}

/// How long what was made ready since the start took.
fn prepared(daemon: &Daemon) -> Prepared {
    let engines = daemon.board().engines.clone();
    let states = engines.map(|engines| engines.states()).unwrap_or_default();
    let each = states.into_iter().flat_map(|state| {
        let id = state.id.to_string();
        let learnt = state.prepared.into_iter();
        learnt.map(move |(algorithm, seconds)| ((id.clone(), algorithm), seconds))
    });
    each.collect()
}

fn rules(settings: &AgentSettings) -> Rules {
    let wanted = Settings {
        rest_when_unprofitable: settings.electricity.rest_at_a_loss,
        ..Settings::default()
    };
    // Nothing else of it can be set.
    Rules::try_new(wanted).unwrap_or_default()
}

/// Whether this can be worked on at present: the market knows of more.
fn can_be_had(candidate: &Candidate, jobs: Jobs<'_>, allowed: &[Algorithm]) -> bool {
    let work = &candidate.work;
    let Ok(algorithm) = work.algorithm.parse::<Algorithm>() else {
        return false;
    };
    let is_there = match (jobs, &work.source) {
        (Jobs::Hub(_), Source::Hub(_)) => true,
        (Jobs::Pools(its), Source::Pool(_)) => {
            // Where a pool pays another coin, its work is judged by the one that is mined: that is what it is worth to the pool.
            its.contains(&algorithm)
        }
        (Jobs::Hub(_), Source::Pool(_)) | (Jobs::Pools(_), Source::Hub(_)) => false,
    };
    is_there && allowed.contains(&algorithm)
}

/// Where nobody says what anything is worth: what the hub credits most for, or what a pool has work for.
fn by_credit(
    processor: &Processor,
    jobs: Jobs<'_>,
    allowed: &[Algorithm],
    benchmarks: &[Benchmark],
    before: &BTreeMap<ProcessorId, Algorithm>,
) -> Option<Algorithm> {
    let offers = match jobs {
        Jobs::Pools(algorithms) => {
            let can_be = |algorithm: &&Algorithm| allowed.contains(algorithm);
            let current = before
                .get(&processor.id)
                .filter(|one| algorithms.contains(one));
            let current = current.filter(can_be);
            return current.or_else(|| algorithms.iter().find(can_be)).copied();
        }
        Jobs::Hub(offers) => offers,
    };
    let measured = benchmarks.iter();
    let rates: Vec<MeasuredRate> = measured
        .filter(|one| allowed.contains(&one.algorithm))
        .map(|one| MeasuredRate {
            processor: one.processor.clone(),
            algorithm: one.algorithm,
            hashes_per_second: one.rate,
        })
        .collect();
    let current = before.get(&processor.id).copied();
    offers::choose(&rates, offers, processor.id.as_str(), current)
}

fn tell(processor: &ProcessorId, outcome: &Outcome) {
    match &outcome.decision {
        Decision::Switch { to, why, gain, .. } => {
            tracing::info!(%processor, %to, ?why, gain_a_day = gain, "other work is chosen");
        }
        Decision::Rest { why } => tracing::debug!(%processor, ?why, "it rests"),
        Decision::Keep { .. } | Decision::Nothing { .. } => {}
    }
}

/// What is told of a choice that was made by what work brings.
pub fn told(outcome: &Outcome, settings: &AgentSettings) -> Option<Choice> {
    let of = |terms: &Terms, rests| Choice {
        rests,
        algorithm: terms.work.algorithm.clone(),
        coin: terms.work.coin.ticker().to_owned(),
        net_a_day: terms.net_a_day,
        currency: profit::currency(settings).code().to_owned(),
        far_payout: terms
            .payout
            .filter(|payout| !payout.reachable)
            .map(|payout| FarPayout {
                threshold: Amount::of(terms.work.coin, payout.threshold.into()),
                days: payout.days,
            }),
        as_of: terms.as_of,
        stale: terms.stale,
    };
    match &outcome.decision {
        Decision::Keep { work, .. } | Decision::Switch { to: work, .. } => {
            let mut terms = outcome.terms.iter();
            terms
                .find(|terms| terms.work == *work)
                .map(|terms| of(terms, false))
        }
        // What brings most stands first.
        Decision::Rest { .. } => outcome.terms.first().map(|terms| of(terms, true)),
        Decision::Nothing { .. } => None,
    }
}

/// What its owner should know of a choice: that the processor rests or works at a loss, or that what it earns is not paid out for
/// long. `None` where it simply earns.
pub fn in_words(choice: &Choice, words: Words) -> Option<String> {
    let format = Format::new(words.language(), TimeZone::system());
    let key = match choice.rests {
        true => "reasons-rests-at-a-loss",
        false if choice.net_a_day < 0.0 => "reasons-works-at-a-loss",
        false => {
            let far = choice.far_payout.as_ref();
            return far.map(|far| payout_in_words(&far.threshold, far.days, words));
        }
    };
    let net = Fiat::from_code(&choice.currency).map_or_else(
        || format!("{:.2} {}", choice.net_a_day, choice.currency),
        |fiat| format.fiat(choice.net_a_day, fiat),
    );
    let work = format!("{}, {}", choice.algorithm, choice.coin);
    let told = [("work", work.into()), ("net", net.into())];
    Some(words.say_with(key, &told))
}

/// "At this rate 3 mBTC take 14 months."
pub fn payout_in_words(threshold: &Amount, days: Option<f64>, words: Words) -> String {
    let format = Format::new(words.language(), TimeZone::system());
    let amount = ("amount", amount_in_words(threshold).into());
    match days {
        None => words.say_with("reasons-never-paid-out", &[amount]),
        Some(days) => {
            let long = ("months", format.decimal(days / DAYS_A_MONTH, 0).into());
            words.say_with("reasons-paid-out-late", &[amount, long])
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
