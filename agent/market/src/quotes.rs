//! The latest of what every source says, and what is believed of it. Sources are wrong, late or lying at times: the
//! median of several is taken, outliers are named, and a leap that one source alone reports has to last.

mod cache;
mod judge;
mod settings;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

pub use cache::CacheError;
pub use settings::{Settings, SettingsError};

use crate::coin::Coin;
use crate::source::{Currency, Figure, MOST_AHEAD, Network, Reading, apart};
use judge::{Verdict, short, times};

/// What one coin costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Quote {
    /// So many of the currency for one whole coin.
    pub value: f64,
    /// When the newest of its sources said so.
    pub at: Timestamp,
    /// The sources it was taken from.
    pub sources: Vec<String>,
    /// What was left out, each with the source, by how much it was off, and what is allowed.
    pub refused: Vec<String>,
    /// Whether it is older than [`Settings::fresh_for`].
    pub stale: bool,
}

/// How hard a coin's blocks are, and what they bring: all of it from the one source whose coin takes as many hashes as
/// the median of them says.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkQuote {
    /// The figures.
    pub network: Network,
    /// When the newest of its sources said so.
    pub at: Timestamp,
    /// The sources that agree on it.
    pub sources: Vec<String>,
    /// What was left out, each with the source, by how much it was off, and what is allowed.
    pub refused: Vec<String>,
    /// Whether it is older than [`Settings::fresh_for`].
    pub stale: bool,
}

/// What figures are about: only those of one kind can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Price(Currency),
    Network,
}

impl Kind {
    fn of(figure: &Figure) -> Kind {
        match figure {
            Figure::Price { currency, .. } => Kind::Price(*currency),
            Figure::Network(_) => Kind::Network,
        }
    }
}

/// The one number by which two figures of a kind are compared: the price, or how many hashes a coin takes.
fn measure(figure: &Figure) -> f64 {
    match figure {
        Figure::Price { value, .. } => *value,
        Figure::Network(network) => network.hashes_per_coin(),
    }
}

/// The latest of one source.
#[derive(Clone, Debug, PartialEq)]
struct Said {
    figure: Figure,
    at: Timestamp,
    /// Since when this source has been far from what is believed.
    jumping_since: Option<Timestamp>,
}

/// What was last gone by.
#[derive(Clone, Debug, PartialEq)]
struct Believed {
    figure: Figure,
    at: Timestamp,
    sources: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Opinions {
    said: BTreeMap<String, Said>,
    believed: Option<Believed>,
}

/// Keeps the latest reading for each coin, kind of figure and source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quotes {
    settings: Settings,
    opinions: BTreeMap<(Coin, Kind), Opinions>,
}

impl Quotes {
    /// Knows nothing yet.
    ///
    /// # Errors
    /// If a setting makes no sense.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        Ok(Quotes {
            settings,
            opinions: BTreeMap::new(),
        })
    }

    /// Takes what a source says. A reading older than what is kept of that source, from more than [`MOST_AHEAD`] in the
    /// future, or that cannot be true, is left out; of what [`crate::source::parse`] gives only the first can be so.
    pub fn take(&mut self, source: &str, readings: &[Reading], now: Timestamp) {
        let mut touched = BTreeSet::new();
        for reading in readings {
            let usable = is_past(reading.at, now) && reading.figure.check(reading.coin).is_ok();
            if usable && self.keep(source, reading, now) {
                touched.insert((reading.coin, Kind::of(&reading.figure)));
            }
        }
        for key in touched {
            let verdict = self.judge(key, now);
            let opinions = self.opinions.entry(key).or_default();
            if let Some(verdict) = verdict.filter(|verdict| !verdict.held) {
                opinions.believed = Some(Believed {
                    figure: verdict.figure,
                    at: verdict.at,
                    sources: verdict.sources,
                });
            }
        }
    }

    /// Whether the reading is news.
    fn keep(&mut self, source: &str, reading: &Reading, now: Timestamp) -> bool {
        let key = (reading.coin, Kind::of(&reading.figure));
        let opinions = self.opinions.entry(key).or_default();
        let previous = opinions.said.get(source);
        // What was kept under a clock that ran ahead must not stand in the way for ever.
        if previous.is_some_and(|said| said.at > reading.at && is_past(said.at, now)) {
            return false;
        }
        let believed = opinions.believed.as_ref();
        let jumping_since = believed
            .filter(|believed| is_past(believed.at, now))
            .and_then(|believed| jumping_since(&self.settings, believed, previous, reading));
        opinions.said.insert(
            source.to_owned(),
            Said {
                figure: reading.figure,
                at: reading.at,
                jumping_since,
            },
        );
        true
    }

    fn judge(&self, key: (Coin, Kind), now: Timestamp) -> Option<Verdict> {
        judge::judge(&self.settings, key.1, self.opinions.get(&key)?, now)
    }

    fn is_stale(&self, at: Timestamp, now: Timestamp) -> bool {
        now.duration_since(at) > self.settings.fresh_for
    }

    fn direct(&self, coin: Coin, currency: Currency, now: Timestamp) -> Option<Quote> {
        let verdict = self.judge((coin, Kind::Price(currency)), now)?;
        Some(Quote {
            value: measure(&verdict.figure),
            at: verdict.at,
            sources: verdict.sources,
            refused: verdict.refused,
            stale: self.is_stale(verdict.at, now),
        })
    }

    /// What a coin costs. Where no source says it, or none lately, it is worked out over what the coin costs in Bitcoin,
    /// or Bitcoin in dollars; sources and outliers then name what they are about. Where both are known they are compared:
    /// most sources speak of one currency. `None` if nothing is known.
    pub fn quote(&self, coin: Coin, currency: Currency, now: Timestamp) -> Option<Quote> {
        if (coin, currency) == (Coin::Bitcoin, Currency::Btc) {
            return Some(Quote {
                value: 1.0,
                at: now,
                sources: Vec::new(),
                refused: Vec::new(),
                stale: false,
            });
        }
        let direct = self.direct(coin, currency, now);
        let cross = self.cross(coin, currency, now);
        match (direct, cross) {
            (Some(direct), Some(cross)) => Some(match (direct.stale, cross.stale) {
                (false, false) => self.compared(direct, cross),
                (true, false) => cross,
                (_, true) => direct,
            }),
            (direct, cross) => direct.or(cross),
        }
    }

    /// What is said, beside what comes out over another currency. Where they are far apart, what several sources say is
    /// believed; else the lower.
    fn compared(&self, direct: Quote, cross: Quote) -> Quote {
        if apart(direct.value, cross.value) <= self.settings.price_factor {
            return Quote {
                sources: [direct.sources, cross.sources].concat(),
                ..direct
            };
        }
        let keeps_direct = direct.sources.len() > 1 || direct.value < cross.value;
        let (taken, left) = match keeps_direct {
            true => (direct, cross),
            false => (cross, direct),
        };
        let outlier = format!(
            "{}: {} is {} what {} say",
            left.sources.join(" and "),
            short(left.value),
            times(left.value, taken.value),
            taken.sources.join(" and ")
        );
        Quote {
            refused: [taken.refused, vec![outlier]].concat(),
            ..taken
        }
    }

    fn cross(&self, coin: Coin, currency: Currency, now: Timestamp) -> Option<Quote> {
        let named = |coin: Coin, currency: Currency| {
            let mut quote = self.direct(coin, currency, now)?;
            let about = |text: &mut String| text.push_str(&format!(" ({coin} in {currency})"));
            quote.sources.iter_mut().for_each(about);
            quote.refused.iter_mut().for_each(about);
            Some(quote)
        };
        let (one, other, value) = match (coin, currency) {
            (Coin::Bitcoin, _) => return None,
            (_, Currency::Btc) => {
                let one = named(coin, Currency::Usd)?;
                let other = named(Coin::Bitcoin, Currency::Usd)?;
                let value = one.value / other.value;
                (one, other, value)
            }
            _ => {
                let one = named(coin, Currency::Btc)?;
                let other = named(Coin::Bitcoin, currency)?;
                let value = one.value * other.value;
                (one, other, value)
            }
        };
        Some(Quote {
            value,
            at: one.at.min(other.at),
            sources: [one.sources, other.sources].concat(),
            refused: [one.refused, other.refused].concat(),
            stale: one.stale || other.stale,
        })
    }

    /// How hard a coin's blocks are, and what they bring. `None` if nothing is known.
    pub fn network(&self, coin: Coin, now: Timestamp) -> Option<NetworkQuote> {
        let verdict = self.judge((coin, Kind::Network), now)?;
        let Figure::Network(network) = verdict.figure else {
            return None;
        };
        Some(NetworkQuote {
            network,
            at: verdict.at,
            sources: verdict.sources,
            refused: verdict.refused,
            stale: self.is_stale(verdict.at, now),
        })
    }
}

/// Whether a time is not ahead of the clock by more than clocks differ.
fn is_past(at: Timestamp, now: Timestamp) -> bool {
    at.duration_since(now) <= MOST_AHEAD
}

/// Since when a source has been far from what is believed, if it is so with this reading: it goes on while the source
/// stays on that side and near its own last word.
fn jumping_since(
    settings: &Settings,
    believed: &Believed,
    previous: Option<&Said>,
    reading: &Reading,
) -> Option<Timestamp> {
    let (before, value) = (measure(&believed.figure), measure(&reading.figure));
    if apart(value, before) <= settings.jump_factor {
        return None;
    }
    let goes_on = previous.and_then(|said| {
        let last = measure(&said.figure);
        let same =
            (last > before) == (value > before) && apart(last, value) <= settings.jump_factor;
        said.jumping_since.filter(|_| same)
    });
    let sudden = reading.at.duration_since(believed.at) <= settings.jump_window;
    goes_on.or(sudden.then_some(reading.at))
}

#[cfg(test)]
mod tests;
