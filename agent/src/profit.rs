//! What each processor would bring at each kind of work: measured rates times what the market and the hub pay, less what
//! pool and electricity take, term by term.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use idlewatt_config::AgentSettings;
use idlewatt_kernels::Algorithm;
use idlewatt_market::choice::{
    Candidate, Choosing, Outcome, Power, PowerOrigin, Processor, Rate, RateOrigin, Rules, Source,
    Work,
};
use idlewatt_market::coin::Coin;
use idlewatt_market::quotes::Quotes;
use idlewatt_market::source::Currency;
use idlewatt_protocol::Asset;
use idlewatt_protocol::api::WorkOffer;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::control::answers::Benchmark;
use crate::earnings::days::Days;
use crate::engine::{self, ProcessorKind};
use crate::pool_terms::PoolTerms;
use crate::power::PowerMeter;
use crate::work::Address;

/// What a thread of a CPU is guessed to draw at work where nobody measures it and the owner does not say, in watts.
const GUESS_A_THREAD: f64 = 6.0;
/// The same of a graphics card.
const GUESS_A_CARD: f64 = 150.0;
/// Hashes that a hub's offer is about.
const TERAHASH: f64 = 1e12;
/// What making the memory of an algorithm takes, roughly: what is not earned after a switch.
const RANDOMX_READY: Duration = Duration::from_secs(20);
const PROGPOW_READY: Duration = Duration::from_secs(60);

/// By processor and algorithm.
pub type Prepared = BTreeMap<(String, Algorithm), f64>;

/// What the table is made from.
pub struct Inputs<'a> {
    /// The settings.
    pub settings: &'a AgentSettings,
    /// What there is to work.
    pub processors: &'a [engine::Processor],
    /// What was measured of it.
    pub benchmarks: &'a [Benchmark],
    /// What the market says.
    pub quotes: &'a Quotes,
    /// What the hub offers, and where it is; empty without one.
    pub offers: &'a [WorkOffer],
    /// The hub's address.
    pub hub: &'a str,
    /// On what terms the pool of each algorithm is worked for.
    pub pools: &'a BTreeMap<Algorithm, PoolTerms>,
    /// What was done on the last days.
    pub days: &'a Days,
    /// What the processors drew.
    pub power: &'a PowerMeter,
    /// How many seconds each took to make ready for an algorithm, where that was seen.
    pub prepared: &'a Prepared,
    /// What time it is.
    pub now: Timestamp,
}

/// The table. `profit --json` prints it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Table {
    /// What all sums are in.
    pub currency: Currency,
    /// What a kilowatt-hour costs, in that; `null`: not known, and not subtracted.
    pub electricity_per_kwh: Option<f64>,
    /// Each processor that something was measured of.
    pub processors: Vec<Row>,
    /// What it is made from, coin by coin.
    pub coins: Vec<CoinFigures>,
    /// Coins that could be earned here if somebody said what they cost and how hard their blocks are.
    pub unknown: Vec<Coin>,
}

/// One processor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Its id.
    pub processor: String,
    /// What it is called.
    pub name: String,
    /// All that it could do, with what would be chosen.
    pub outcome: Outcome,
}

/// What is believed of a coin.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CoinFigures {
    /// Which.
    pub coin: Coin,
    /// What it costs, in [`Table::currency`].
    pub price: f64,
    /// How many hashes one whole coin takes; `null` where only a hub pays it.
    pub hashes_per_coin: Option<f64>,
    /// Who says so.
    pub sources: Vec<String>,
    /// What was not believed.
    pub refused: Vec<String>,
    /// When the older of the figures was true.
    pub as_of: Timestamp,
    /// Whether that is too long ago to go by.
    pub stale: bool,
}

/// Makes it.
pub fn table(inputs: &Inputs<'_>) -> Table {
    let electricity = &inputs.settings.electricity;
    let currency = currency(inputs.settings);
    let coins = all_figures(currency, inputs);
    let maker = Maker {
        inputs,
        coins: &coins,
    };
    let measured: BTreeSet<Algorithm> = inputs.benchmarks.iter().map(|one| one.algorithm).collect();
    let is_known = |coin: Coin| {
        let known = coins.iter().find(|figures| figures.coin == coin);
        known.is_some_and(|figures| figures.hashes_per_coin.is_some())
    };
    let unknown = Coin::ALL.into_iter().filter(|coin| {
        let algorithm = coin.algorithm().parse();
        algorithm.is_ok_and(|algorithm| measured.contains(&algorithm)) && !is_known(*coin)
    });
    Table {
        currency,
        electricity_per_kwh: electricity.price,
        unknown: unknown.collect(),
        processors: inputs
            .processors
            .iter()
            .filter_map(|processor| maker.row(processor))
            .collect(),
        coins,
    }
}

/// What sums are in. The settings allow no other than these.
pub fn currency(settings: &AgentSettings) -> Currency {
    let said = settings.electricity.currency.parse();
    said.unwrap_or(Currency::Usd)
}

/// What a choice needs to know of a processor.
pub fn of_choice(inputs: &Inputs<'_>, processor: &engine::Processor) -> Processor {
    let id = processor.id.as_str();
    let rate = |algorithm: Algorithm| {
        let mut measured = inputs.benchmarks.iter();
        let measured = measured.find(|one| one.processor == id && one.algorithm == algorithm);
        measured.map(|one| one.rate)
    };
    let today = inputs.now.to_zoned(TimeZone::system()).date();
    Processor {
        id: id.to_owned(),
        memory: None,
        hours_a_day: inputs.days.hours_a_day(today, id, rate),
    }
}

/// All that one processor was measured for and somebody pays for.
pub fn candidates(inputs: &Inputs<'_>, processor: &engine::Processor) -> Vec<Candidate> {
    let coins = all_figures(currency(inputs.settings), inputs);
    let maker = Maker {
        inputs,
        coins: &coins,
    };
    let measured = inputs.benchmarks.iter();
    let measured = measured.filter(|one| one.processor == processor.id.as_str());
    measured
        .flat_map(|one| maker.candidates(processor, one))
        .collect()
}

fn all_figures(currency: Currency, inputs: &Inputs<'_>) -> Vec<CoinFigures> {
    let coins = Coin::ALL.into_iter();
    coins
        .filter_map(|coin| figures(coin, currency, inputs))
        .collect()
}

fn figures(coin: Coin, currency: Currency, inputs: &Inputs<'_>) -> Option<CoinFigures> {
    let price = inputs.quotes.quote(coin, currency, inputs.now)?;
    let network = inputs.quotes.network(coin, inputs.now);
    let mut sources = price.sources;
    let mut refused = price.refused;
    let (mut as_of, mut stale) = (price.at, price.stale);
    if let Some(network) = &network {
        sources.extend(network.sources.clone());
        refused.extend(network.refused.clone());
        as_of = as_of.min(network.at);
        stale |= network.stale;
    }
    sources.sort();
    sources.dedup();
    Some(CoinFigures {
        coin,
        price: price.value,
        hashes_per_coin: network.map(|network| network.network.hashes_per_coin()),
        sources,
        refused,
        as_of,
        stale,
    })
}

struct Maker<'a> {
    inputs: &'a Inputs<'a>,
    coins: &'a [CoinFigures],
}

impl Maker<'_> {
    fn row(&self, processor: &engine::Processor) -> Option<Row> {
        let measured = self.inputs.benchmarks.iter();
        let mut measured = measured
            .filter(|one| one.processor == processor.id.as_str())
            .peekable();
        measured.peek()?;
        let candidates: Vec<Candidate> = measured
            .flat_map(|one| self.candidates(processor, one))
            .collect();
        let of_choice = of_choice(self.inputs, processor);
        // Nothing is remembered: the table is about what pays, not about what is worth a switch.
        let outcome =
            Choosing::default().decide(&of_choice, &candidates, &Rules::default(), self.inputs.now);
        Some(Row {
            processor: processor.id.to_string(),
            name: processor.name.clone(),
            outcome,
        })
    }

    fn candidates(&self, processor: &engine::Processor, measured: &Benchmark) -> Vec<Candidate> {
        let name = measured.algorithm.name();
        let of_pools = self.coins.iter().filter_map(|figures| {
            let hashes = figures.hashes_per_coin?;
            (figures.coin.algorithm() == name).then(|| {
                let (pool, terms) = self.pool(measured.algorithm);
                let usual = self.inputs.settings.market.pool_fee_percent;
                let fee_percent = terms.and_then(|terms| terms.fee_percent).unwrap_or(usual);
                let algorithm = measured.algorithm;
                let benchmarks = self.inputs.benchmarks;
                Candidate {
                    fee_percent,
                    payout: terms.and_then(|terms| {
                        terms.payout(figures, processor, algorithm, benchmarks, fee_percent)
                    }),
                    ..self.candidate(
                        processor,
                        measured,
                        figures,
                        Source::Pool(pool),
                        figures.price / hashes,
                    )
                }
            })
        });
        let of_hub = self.inputs.offers.iter().filter_map(|offer| {
            let credit = offer.credit_per_terahash;
            let coin = match credit.asset {
                Asset::Monero => Coin::Monero,
                Asset::Bitcoin => Coin::Bitcoin,
                Asset::Practice => return None,
            };
            let figures = self.coins.iter().find(|figures| figures.coin == coin)?;
            let coins = credit.atomic as f64 / 10_f64.powi(credit.asset.decimals() as i32);
            (offer.algorithm == name).then(|| Candidate {
                available: offer.available,
                ..self.candidate(
                    processor,
                    measured,
                    figures,
                    Source::Hub(self.inputs.hub.to_owned()),
                    coins * figures.price / TERAHASH,
                )
            })
        });
        of_pools.chain(of_hub).collect()
    }

    /// The pool of the settings with its terms, where it has work for this; else any, of which nothing is known.
    fn pool(&self, algorithm: Algorithm) -> (String, Option<&PoolTerms>) {
        let mut pools = self.inputs.settings.pools();
        let pool = pools.find(|pool| pool.algorithm == algorithm.name());
        let address = pool.and_then(|pool| pool.url.as_ref()?.parse::<Address>().ok());
        match address {
            Some(address) => (address.authority(), self.inputs.pools.get(&algorithm)),
            None => ("any".to_owned(), None),
        }
    }

    fn candidate(
        &self,
        processor: &engine::Processor,
        measured: &Benchmark,
        figures: &CoinFigures,
        source: Source,
        pay_per_hash: f64,
    ) -> Candidate {
        let algorithm = measured.algorithm;
        Candidate {
            work: Work {
                source,
                algorithm: algorithm.name().to_owned(),
                coin: figures.coin,
            },
            available: true,
            rate: Rate {
                hashes_per_second: measured.rate,
                origin: RateOrigin::Measured,
            },
            pay_per_hash,
            fee_percent: 0.0,
            power: self.power(processor, algorithm),
            electricity_per_kwh: self.inputs.settings.electricity.price,
            payout: None,
            memory: 0,
            switch_time: self.switch_time(processor, algorithm),
            as_of: figures.as_of,
        }
    }

    /// As it was seen the last time; else what it usually takes.
    fn switch_time(&self, processor: &engine::Processor, algorithm: Algorithm) -> Duration {
        let seen = self
            .inputs
            .prepared
            .get(&(processor.id.to_string(), algorithm));
        let seen = seen.and_then(|seconds| Duration::try_from_secs_f64(*seconds).ok());
        seen.unwrap_or(match algorithm {
            Algorithm::Sha256d => Duration::ZERO,
            Algorithm::RandomX => RANDOMX_READY,
            _ => PROGPOW_READY,
        })
    }

    /// As measured; else the owner's figure, which is of the whole PC: each processor has its part of the guesses in it.
    fn power(&self, processor: &engine::Processor, algorithm: Algorithm) -> Power {
        if let Some(watts) = self.inputs.power.watts(processor.id.as_str(), algorithm) {
            let origin = match processor.kind {
                ProcessorKind::Cpu => PowerOrigin::Rapl,
                ProcessorKind::Gpu => PowerOrigin::Nvml,
            };
            return Power { watts, origin };
        }
        let guess = |processor: &engine::Processor| match processor.kind {
            ProcessorKind::Cpu => GUESS_A_THREAD * processor.threads.max(1) as f64,
            ProcessorKind::Gpu => GUESS_A_CARD,
        };
        let all: f64 = self.inputs.processors.iter().map(guess).sum();
        let watts = match self.inputs.settings.electricity.watts {
            Some(stated) => f64::from(stated) * guess(processor) / all,
            None => guess(processor),
        };
        Power {
            watts,
            origin: PowerOrigin::Stated,
        }
    }
}

#[cfg(test)]
mod tests;
