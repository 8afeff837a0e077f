//! What a year would bring: an estimate, from measured rates and what the hub credits for work today. Never more than
//! that: difficulty and prices change every day.

use std::collections::BTreeMap;

use idlewatt_protocol::api::{Prices, WorkOffer};
use idlewatt_protocol::{Asset, Money};
use idlewatt_screens::Fiat;

use crate::daemon::Daemon;
use crate::work::offers::{MeasuredRate, choose};

const SECONDS_A_DAY: f64 = 86_400.0;
const DAYS_A_YEAR: f64 = 365.25;
const TERAHASH: f64 = 1e12;

/// How long a PC is free a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hours {
    /// Between meals.
    Four,
    /// Overnight.
    Twelve,
    /// Nobody ever uses it.
    All,
}

impl Hours {
    /// From few to all.
    pub const ALL: [Hours; 3] = [Hours::Four, Hours::Twelve, Hours::All];

    /// As a number.
    pub fn a_day(self) -> u32 {
        match self {
            Hours::Four => 4,
            Hours::Twelve => 12,
            Hours::All => 24,
        }
    }
}

/// What a PC would be credited with if all its processors worked all the time.
#[derive(Clone, Debug, PartialEq)]
pub struct Projection {
    /// In smallest units a second.
    credits: BTreeMap<Asset, f64>,
    /// Of a kilowatt-hour, and what is taken meanwhile in watts, where both are known.
    electricity: Option<(f64, Fiat, f64)>,
}

/// From what is measured and offered at present; `None` where nothing is, or nothing pays.
pub fn project(daemon: &Daemon) -> Option<Projection> {
    let offers = daemon.board().offers.clone();
    let rates: Vec<MeasuredRate> = daemon
        .benchmarks()
        .into_iter()
        .map(|benchmark| MeasuredRate {
            processor: benchmark.processor,
            algorithm: benchmark.algorithm,
            hashes_per_second: benchmark.rate,
        })
        .collect();
    let credits = credits(&rates, &offers);
    let settings = daemon.settings();
    let electricity = &settings.electricity;
    let price = electricity.price.zip(electricity.watts);
    let electricity = price.and_then(|(price, watts)| {
        let fiat = Fiat::from_code(&electricity.currency)?;
        Some((price, fiat, f64::from(watts)))
    });
    (!credits.is_empty()).then_some(Projection {
        credits,
        electricity,
    })
}

/// What the next day would bring if it were as the last hour was; empty where nothing is known.
pub fn next_day(daemon: &Daemon) -> Vec<Money> {
    let board = daemon.board();
    let (offers, engines) = (board.offers.clone(), board.engines.clone());
    drop(board);
    let rates = engines
        .into_iter()
        .flat_map(|engines| engines.states())
        .filter_map(|state| {
            let values = daemon.hour.rates(state.id.as_str());
            let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
            let algorithm = state.algorithm.filter(|_| mean > 0.0)?;
            Some(MeasuredRate {
                processor: state.id.to_string(),
                algorithm,
                hashes_per_second: mean,
            })
        });
    let rates: Vec<MeasuredRate> = rates.collect();
    let projection = Projection {
        credits: credits(&rates, &offers),
        electricity: None,
    };
    projection.over(SECONDS_A_DAY)
}

/// What each kind of money brings a second, every processor at what pays it best.
fn credits(rates: &[MeasuredRate], offers: &[WorkOffer]) -> BTreeMap<Asset, f64> {
    let mut processors: Vec<&str> = rates.iter().map(|rate| rate.processor.as_str()).collect();
    processors.sort_unstable();
    processors.dedup();
    let mut credits = BTreeMap::new();
    for processor in processors {
        let Some(algorithm) = choose(rates, offers, processor, None) else {
            continue;
        };
        let rate = rates
            .iter()
            .find(|rate| rate.processor == processor && rate.algorithm == algorithm);
        let name = algorithm.to_string();
        let offer = offers.iter().find(|offer| offer.algorithm == name);
        let (Some(rate), Some(offer)) = (rate, offer) else {
            continue;
        };
        let credit = offer.credit_per_terahash;
        *credits.entry(credit.asset).or_default() +=
            rate.hashes_per_second / TERAHASH * credit.atomic as f64;
    }
    credits
}

impl Projection {
    /// Whether all of it is practice.
    pub fn is_practice(&self) -> bool {
        self.credits.keys().all(|asset| asset.is_practice())
    }

    /// What so many hours on each day of a year bring.
    pub fn earned(&self, hours: Hours) -> Vec<Money> {
        self.over(SECONDS_A_DAY * DAYS_A_YEAR * f64::from(hours.a_day()) / 24.0)
    }

    fn over(&self, seconds: f64) -> Vec<Money> {
        let sum = |(asset, credit): (&Asset, &f64)| {
            let atomic = credit * seconds;
            // An estimate has no more than three digits that say anything.
            let places = atomic.abs().max(1.0).log10().floor() - 2.0;
            let unit = 10_f64.powf(places.max(0.0));
            Money {
                asset: *asset,
                atomic: ((atomic / unit).round() * unit) as i128,
            }
        };
        self.credits.iter().map(sum).collect()
    }

    /// What that is worth at these prices, in the currency of the electricity; `None` where one of the prices is not known.
    pub fn worth(&self, hours: Hours, prices: &Prices, fiat: Fiat) -> Option<f64> {
        let worth = self.earned(hours).into_iter().map(|sum| {
            let prices = prices.prices.get(&sum.asset)?;
            let price = match fiat {
                Fiat::Usd => &prices.usd,
                Fiat::Krw => &prices.krw,
                Fiat::Eur => &prices.eur,
            };
            let price: f64 = price.as_deref()?.parse().ok()?;
            Some(sum.atomic as f64 / 10_f64.powi(sum.asset.decimals() as i32) * price)
        });
        worth.sum()
    }

    /// What the electricity for that costs, where it is known.
    pub fn electricity(&self, hours: Hours) -> Option<(f64, Fiat)> {
        let (price, fiat, watts) = self.electricity?;
        let kilowatt_hours = watts / 1_000.0 * f64::from(hours.a_day()) * DAYS_A_YEAR;
        Some((kilowatt_hours * price, fiat))
    }
}

#[cfg(test)]
mod tests {
    use idlewatt_kernels::Algorithm;

    use super::*;

    fn rate(processor: &str, algorithm: Algorithm, hashes_per_second: f64) -> MeasuredRate {
        MeasuredRate {
            processor: processor.into(),
            algorithm,
            hashes_per_second,
        }
    }

    fn offer(algorithm: Algorithm, asset: Asset, atomic: i128) -> WorkOffer {
        WorkOffer {
            algorithm: algorithm.to_string(),
            upstream: "monerod".into(),
            credit_per_terahash: Money { asset, atomic },
            available: true,
            stratum_port: None,
            stratum_tls_port: None,
        }
    }

    #[test]
    fn a_year_is_what_every_processor_brings_at_what_pays_it_best() {
        let rates = [
            rate("cpu", Algorithm::RandomX, 4_000.0),
            rate("cpu", Algorithm::Sha256d, 1e8),
            rate("gpu-1", Algorithm::Sha256d, 1e9),
        ];
        let offers = [
            offer(Algorithm::RandomX, Asset::Monero, 20_000_000_000_000),
            offer(Algorithm::Sha256d, Asset::Monero, 1_000),
        ];
        let projection = Projection {
            credits: credits(&rates, &offers),
            electricity: Some((0.3, Fiat::Eur, 100.0)),
        };
        // 4,000 H/s × 20 XMR a terahash × 31,557,600 s = 2.524608 XMR; the card adds next to nothing.
        let year = projection.earned(Hours::All);
        assert_eq!(year[0].amount(), "2.520000000000");
        assert_eq!(
            projection.earned(Hours::Twelve)[0].amount(),
            "1.260000000000"
        );
        assert!(!projection.is_practice());
        let (cost, fiat) = projection.electricity(Hours::All).expect("known");
        assert_eq!(fiat, Fiat::Eur);
        assert!((cost - 262.98).abs() < 0.01, "{cost}");
    }

    #[test]
    fn what_nobody_offers_brings_nothing() {
        let rates = [rate("cpu", Algorithm::RandomX, 4_000.0)];
        assert!(credits(&rates, &[]).is_empty());
        assert!(credits(&[], &[offer(Algorithm::RandomX, Asset::Monero, 1)]).is_empty());
    }
}
