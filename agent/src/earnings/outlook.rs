//! What this device's work may bring, as a range, and what became of what was said before: each estimate is kept with the day on
//! which it was made, and set beside what was credited when its time is over.

use std::collections::BTreeMap;

use idlewatt_kernels::Algorithm;
use idlewatt_market::choice::Terms;
use idlewatt_market::coin::Coin;
use idlewatt_market::estimate::{
    Basis, Calibration, Correction, Credit, Inputs, Projection, Stream, Summary, project,
};
use idlewatt_market::source::Currency;
use idlewatt_protocol::{Asset, Money};
use jiff::{SignedDuration, Timestamp, Zoned};
use serde::{Deserialize, Serialize};

use super::days::{Look, Paid};
use crate::daemon::Daemon;
use crate::data_dir::DataDir;
use crate::pool_account::{self, PoolEarned};
use crate::profit;

const FILE: &str = "estimates.json";
/// For how many days it is estimated.
const LENGTHS: [i64; 2] = [7, 30];
/// So long after its end an estimate is compared: by then the hub has credited what was found.
const SETTLED_AFTER: SignedDuration = SignedDuration::from_mins(30);
/// How many comparisons are kept, the newest.
const KEPT: usize = 60;
const SECONDS_A_DAY: f64 = 86_400.0;
const SECONDS_AN_HOUR: f64 = 3_600.0;

/// What is told of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outlook {
    /// As of now, for the next days.
    pub estimates: Vec<Projection>,
    /// What was estimated before, for a time that is not over yet.
    pub running: Vec<Projection>,
    /// What was estimated for a time that is over, with what became of it; the newest first.
    pub past: Vec<Calibration>,
    /// How many of those held.
    pub summary: Summary,
}

/// What is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Estimates {
    running: Vec<Running>,
    /// The oldest first.
    past: Vec<Calibration>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Running {
    projection: Projection,
    /// What the pools' accounts said when it was made, where pools are worked for.
    pools: BTreeMap<String, Mark>,
}

/// A pool's account at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    coin: Coin,
    /// In the coin's smallest units.
    balance: u64,
    /// The same, of all time.
    paid: u64,
}

impl Mark {
    /// `None` where the account is not this device's alone, or the pool does not say all that was ever paid.
    fn of(earned: &PoolEarned) -> Option<Self> {
        let account = &earned.account;
        if account.workers.len() > 1 || account.paid_is_listed {
            return None;
        }
        let immature = account.immature.map_or(0, |amount| amount.atomic);
        Some(Mark {
            coin: account.coin,
            balance: u64::try_from(account.confirmed.atomic + immature).ok()?,
            paid: u64::try_from(account.paid.atomic).ok()?,
        })
    }

    /// What was credited and paid since; `None` if the account is another one, or something was taken back.
    fn since(&self, before: &Mark) -> Option<(u64, u64)> {
        let paid = self.paid.checked_sub(before.paid)?;
        let credited = (self.balance + paid).checked_sub(before.balance)?;
        (self.coin == before.coin).then_some((credited, paid))
    }
}

impl Estimates {
    /// What was kept. A file that cannot be read costs what was estimated before, and no money.
    pub fn load(data: &DataDir) -> Self {
        let kept = data.read(FILE).unwrap_or_else(|error| {
            tracing::warn!(%error, "what was estimated before cannot be read");
            None
        });
        kept.unwrap_or_default()
    }

    /// What was learnt from those for so many days.
    fn correction(&self, length: i64) -> Option<Correction> {
        let is_as_long = |one: &&Calibration| days(&one.projection) == length;
        let same: Vec<Calibration> = self.past.iter().filter(is_as_long).cloned().collect();
        Correction::learnt(&same)
    }
}

/// For how many days it is, rounded.
pub fn days(projection: &Projection) -> i64 {
    let length = projection.to.duration_since(projection.from);
    (length.as_hours() + 12) / 24
}

/// What each processor does at present, with what that pays.
pub fn looks(daemon: &Daemon) -> Vec<Look> {
    let engines = daemon.board().engines.clone();
    let states = engines.map(|engines| engines.states()).unwrap_or_default();
    let currency = profit::currency(&daemon.settings()).code().to_owned();
    let board = daemon.board();
    let looks = states.into_iter().filter_map(|state| {
        let algorithm = state.algorithm.filter(|_| state.rate > 0.0)?;
        let outcome = board.choices.get(state.id.as_str());
        let terms = outcome.map_or(&[][..], |outcome| &outcome.terms);
        let terms = terms.iter().find(|terms| is_of(terms, algorithm));
        Some(Look {
            processor: state.id.to_string(),
            algorithm,
            hashes_per_second: state.rate,
            paid: terms.map(|terms| Paid {
                a_hash: a_hash(terms),
                currency: currency.clone(),
            }),
        })
    });
    looks.collect()
}

fn is_of(terms: &Terms, algorithm: Algorithm) -> bool {
    terms.work.algorithm == algorithm.name()
}

/// What a hash pays, after the fee.
fn a_hash(terms: &Terms) -> f64 {
    terms.pay_a_day() / SECONDS_A_DAY / terms.rate.hashes_per_second
}

/// How many shares an hour of full work finds, by the present job; `None` without one.
fn shares_an_hour(daemon: &Daemon, terms: &Terms) -> Option<f64> {
    let algorithm: Algorithm = terms.work.algorithm.parse().ok()?;
    let work = daemon.board().work.clone()?;
    let hashes = work.jobs(algorithm).borrow().as_ref()?.job.target.work();
    Some(terms.rate.hashes_per_second * SECONDS_AN_HOUR / hashes as f64)
}

/// Looks after the estimates: compares those whose time is over, and keeps one for each length. Tells what there is.
pub async fn refresh(daemon: &Daemon) -> Outlook {
    let _alone = daemon.estimating().await;
    let now = Timestamp::now();
    let mut kept = Estimates::load(&daemon.data);
    let before = kept.clone();
    compare(daemon, &mut kept, now).await;
    let estimates = estimate(daemon, &kept, now);
    let marks = marks(daemon);
    for projection in &estimates {
        let length = days(projection);
        let is_there = kept
            .running
            .iter()
            .any(|one| days(&one.projection) == length);
        // What could not be compared later is not kept.
        if let (false, Some(pools)) = (is_there, marks.clone()) {
            kept.running.push(Running {
                projection: projection.clone(),
                pools,
            });
        }
    }
    if kept != before
        && let Err(error) = daemon.data.write(FILE, &kept)
    {
        tracing::warn!(%error, "estimates cannot be kept");
    }
    let running = kept.running.iter().map(|one| one.projection.clone());
    Outlook {
        estimates,
        running: running.collect(),
        summary: Summary::of(&kept.past),
        past: kept.past.into_iter().rev().collect(),
    }
}

/// The pools' accounts as they are; none where a hub is worked for, `None` where a pool's is not known well enough.
fn marks(daemon: &Daemon) -> Option<BTreeMap<String, Mark>> {
    let settings = daemon.settings();
    let board = daemon.board();
    let each = settings.pools().map(|pool| {
        let key = pool_account::key(pool)?;
        let mark = Mark::of(board.pool_accounts.get(&key)?)?;
        Some((key, mark))
    });
    each.collect()
}

async fn compare(daemon: &Daemon, kept: &mut Estimates, now: Timestamp) {
    let mut still = Vec::new();
    for one in std::mem::take(&mut kept.running) {
        if now
            < one
                .projection
                .to
                .saturating_add(SETTLED_AFTER)
                .unwrap_or(now)
        {
            still.push(one);
            continue;
        }
        match became(daemon, &one, now).await {
            Ok(Some(calibration)) => kept.past.push(calibration),
            Ok(None) => {}
            // Tried again: a price or the receipts may be there later.
            Err(reason) => {
                tracing::debug!(reason, "an estimate cannot be compared yet");
                still.push(one);
            }
        }
    }
    kept.running = still;
    kept.past.drain(..kept.past.len().saturating_sub(KEPT));
}

/// An estimate beside what became of it; `None` where nobody can say that any more.
async fn became(
    daemon: &Daemon,
    one: &Running,
    now: Timestamp,
) -> Result<Option<Calibration>, String> {
    let projection = one.projection.clone();
    let (from, to) = (projection.from, projection.to);
    let (mut credited, mut paid) = (Vec::new(), Vec::new());
    for (account, before) in &one.pools {
        let settings = daemon.settings();
        let mut keys = settings.pools().filter_map(pool_account::key);
        if !keys.any(|key| key == *account) {
            return Ok(None);
        }
        let earned = daemon.board().pool_accounts.get(account).cloned();
        let earned = earned.filter(|earned| earned.as_of >= to);
        let earned = earned.ok_or("a pool has not said")?;
        let Some(since) = Mark::of(&earned).and_then(|mark| mark.since(before)) else {
            return Ok(None);
        };
        credited.push((before.coin, since.0));
        paid.push((before.coin, since.1));
    }
    if one.pools.is_empty() {
        let by_hub = daemon.receipts.credited_within(from, to).await;
        let by_hub = by_hub.map_err(|error| error.to_string())?;
        credited.extend(by_hub.iter().filter_map(coins));
    }
    let currency: Currency = projection
        .currency
        .parse()
        .map_err(|_| "its currency is unknown")?;
    let quotes = daemon.board().quotes.clone();
    let priced = |amounts: Vec<(Coin, u64)>| -> Result<Vec<Credit>, String> {
        let each = amounts.into_iter().map(|(coin, atomic)| {
            let price = quotes.quote(coin, currency, now);
            let price = price.ok_or_else(|| format!("{coin} has no price"))?;
            Ok(Credit {
                coin,
                atomic,
                coin_price: price.value,
            })
        });
        each.collect()
    };
    let (credited, paid) = (priced(credited)?, priced(paid)?);
    let calibration = Calibration::try_new(projection, credited, paid, now);
    calibration.map(Some).map_err(|error| error.to_string())
}

fn coins(money: &Money) -> Option<(Coin, u64)> {
    let coin = match money.asset {
        Asset::Monero => Coin::Monero,
        Asset::Bitcoin => Coin::Bitcoin,
        Asset::Practice => return None,
    };
    Some((coin, u64::try_from(money.atomic).ok()?))
}

/// The next days, as of now; empty where nobody says what the work pays.
fn estimate(daemon: &Daemon, kept: &Estimates, now: Timestamp) -> Vec<Projection> {
    let settings = daemon.settings();
    let currency = profit::currency(&settings);
    let chosen: Vec<(String, Terms)> = {
        let board = daemon.board();
        let each = board.choices.iter().filter_map(|(processor, outcome)| {
            let work = outcome.decision.work()?;
            let terms = outcome.terms.iter().find(|terms| terms.work == *work)?;
            Some((processor.clone(), terms.clone()))
        });
        each.collect()
    };
    let pay = |terms: &Terms| a_hash(terms) * terms.rate.hashes_per_second * SECONDS_AN_HOUR;
    let together: f64 = chosen.iter().map(|(_, terms)| pay(terms)).sum();
    let benchmarks = daemon.benchmarks();
    // Hours of full work, whatever it was: a processor counts by what it brings today.
    let an_hour = |processor: &str, algorithm: Algorithm| {
        let (_, terms) = chosen.iter().find(|(id, _)| id == processor)?;
        let mut measured = benchmarks.iter();
        let measured =
            measured.find(|one| one.processor == processor && one.algorithm == algorithm)?;
        Some(pay(terms) / together / (measured.rate * SECONDS_AN_HOUR))
    };
    let days = daemon.days();
    let idle_hours = days.worth(Zoned::now().date(), |processor, algorithm| {
        an_hour(processor, algorithm).unwrap_or(0.0)
    });
    let idle_hours: Vec<f64> = idle_hours
        .into_iter()
        .map(|hours| hours.min(24.0))
        .collect();
    let basis = match idle_hours.iter().any(|hours| *hours > 0.0) {
        true => Basis::Measured,
        false => Basis::BenchmarkOnly,
    };
    let streams = chosen.iter().map(|(_, terms)| Stream {
        pay_an_hour: pay(terms),
        electricity_an_hour: terms.electricity_a_day.map(|a_day| a_day / 24.0),
        basis,
        daily_prices: terms
            .work
            .algorithm
            .parse()
            .map(|algorithm| days.paid(algorithm, currency.code()))
            .unwrap_or_default(),
        shares_an_hour: shares_an_hour(daemon, terms),
        // No pool says it of itself in a way that all have.
        pool_blocks_a_day: None,
    });
    let streams: Vec<Stream> = streams.collect();
    let made = LENGTHS.into_iter().filter_map(|length| {
        let to = now
            .checked_add(SignedDuration::from_hours(24 * length))
            .ok()?;
        let projection = project(&Inputs {
            now,
            from: now,
            to,
            currency: currency.code().to_owned(),
            streams: streams.clone(),
            idle_hours: idle_hours.clone(),
            correction: kept.correction(length),
        });
        projection
            .inspect_err(|reason| tracing::debug!(%reason, length, "nothing can be estimated"))
            .ok()
    });
    made.collect()
}

#[cfg(test)]
mod tests;
