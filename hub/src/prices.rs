//! What coins cost: one hub of those on a database asks, and keeps the answer for all. Only coins that an upstream really
//! pays are asked for; practice has no price.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use idlewatt_kernels::Algorithm;
use idlewatt_protocol::Asset;
use idlewatt_protocol::api::{CoinPrices, Prices};
use idlewatt_store::Store;
use jiff::Timestamp;
use reqwest::header::{ACCEPT, USER_AGENT};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::settings::{PricesSettings, Settings, UpstreamSettings};
use crate::tasks::Tasks;
use crate::upstream::node_rpc::client;

const TIMEOUT: Duration = Duration::from_secs(20);
/// How often it is looked whether prices are old.
const LOOK_EVERY: Duration = Duration::from_secs(60);
const LARGEST_ANSWER: usize = 64 * 1024;
/// A price that its source has not heard anew for so long, in seconds, is none.
const STALE: i64 = 86_400;
/// No coin costs less or more than this, in any currency: what is outside is a mistake.
const BELIEVABLE: std::ops::RangeInclusive<f64> = 1e-9..=1e12;

/// Whom to ask, and for what.
pub struct PriceSource {
    client: reqwest::Client,
    url: reqwest::Url,
    assets: Vec<Asset>,
    every: Duration,
    /// What last went wrong, so that the log says it once.
    trouble: Mutex<Option<String>>,
}

/// The name of an asset at the source.
fn coin(asset: Asset) -> Option<&'static str> {
    match asset {
        Asset::Practice => None,
        Asset::Monero => Some("monero"),
        Asset::Bitcoin => Some("bitcoin"),
    }
}

/// What the hub's upstreams pay in, without practice.
fn paid(settings: &Settings) -> Vec<Asset> {
    let upstreams = Algorithm::ALL
        .into_iter()
        .flat_map(|algorithm| settings.upstreams_of(algorithm));
    let assets: Vec<Asset> = upstreams
        .filter_map(|upstream| match upstream {
            UpstreamSettings::Practice => None,
            UpstreamSettings::Monerod(_) => Some(Asset::Monero),
            UpstreamSettings::Bitcoind(_) => Some(Asset::Bitcoin),
            UpstreamSettings::Pool(pool) => pool.asset.parse().ok(),
        })
        .collect();
    let real = Asset::ALL.into_iter().filter(|asset| !asset.is_practice());
    real.filter(|asset| assets.contains(asset)).collect()
}

impl PriceSource {
    /// The one that the settings name; `None` if there is nothing to ask for, or nobody.
    ///
    /// # Errors
    /// If the system's TLS cannot be set up.
    pub fn new(settings: &Settings) -> Result<Option<Self>, reqwest::Error> {
        let PricesSettings { url, every } = &settings.prices;
        let assets = paid(settings);
        let (false, Ok(mut url)) = (assets.is_empty(), reqwest::Url::parse(url)) else {
            return Ok(None);
        };
        let coins: Vec<&str> = assets.iter().filter_map(|asset| coin(*asset)).collect();
        url.query_pairs_mut()
            .append_pair("ids", &coins.join(","))
            .append_pair("vs_currencies", "usd,krw,eur,btc")
            .append_pair("include_last_updated_at", "true");
        Ok(Some(PriceSource {
            client: client(TIMEOUT)?,
            url,
            assets,
            every: Duration::from_secs(*every),
            trouble: Mutex::default(),
        }))
    }

    /// Asks again and again until told to stop.
    pub async fn follow(self, store: Store, turns: Tasks, shutdown: CancellationToken) {
        let looks = async {
            self.look(&store).await;
            let every = self.every.min(LOOK_EVERY);
            let look = || self.look(&store);
            turns.every("prices", every, shutdown.clone(), look).await;
        };
        shutdown.run_until_cancelled(looks).await;
    }

    /// Asks if the prices kept are old. What goes wrong is in the log once; the old prices stay, with their time.
    async fn look(&self, store: &Store) {
        let asked = async {
            let known = store.prices().await.map_err(|error| error.to_string())?;
            let now = Timestamp::now();
            let young = |at: Timestamp| {
                let age = now.duration_since(at).as_secs_f64();
                (0.0..self.every.as_secs_f64() * 0.95).contains(&age)
            };
            if known.at.is_some_and(young) {
                return Ok(());
            }
            let prices = self.ask(now).await?;
            let kept = store.store_prices(&prices).await;
            kept.map_err(|error| error.to_string())
        };
        let trouble: Option<String> = asked.await.err();
        let mut before = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble != *before {
            match &trouble {
                Some(reason) => {
                    tracing::warn!(reason, "there are no new prices (setting prices.url)")
                }
                None => tracing::info!("there are prices again"),
            }
            *before = trouble;
        }
    }

    async fn ask(&self, now: Timestamp) -> Result<Prices, String> {
        let source = self.url.host_str().unwrap_or_default().to_owned();
        let unreachable = |error: reqwest::Error| {
            let mut reason: &dyn std::error::Error = &error;
            while let Some(inner) = reason.source() {
                reason = inner;
            }
            format!("{source} does not answer: {reason}")
        };
        let request = self
            .client
            .get(self.url.clone())
            .header(ACCEPT, "application/json")
            .header(
                USER_AGENT,
                concat!("idlewatt-hub/", env!("CARGO_PKG_VERSION")),
            );
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        if !status.is_success() {
            return Err(format!("{source} answers with HTTP status {status}"));
        }
        let mut body = Vec::new();
        let mut chunks = answer.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            body.extend(chunk.map_err(unreachable)?);
            if body.len() > LARGEST_ANSWER {
                return Err(format!(
                    "{source} answers with more than {LARGEST_ANSWER} bytes"
                ));
            }
        }
        let read: Value = serde_json::from_slice(&body)
            .map_err(|error| format!("{source}'s answer cannot be read: {error}"))?;
        let prices = believable(&read, &self.assets, now);
        if prices.is_empty() {
            return Err(format!(
                "{source}'s answer has no price that can be believed"
            ));
        }
        Ok(Prices {
            source: Some(source),
            at: Some(now),
            prices,
        })
    }
}

/// What of an answer can be believed.
fn believable(answer: &Value, assets: &[Asset], now: Timestamp) -> BTreeMap<Asset, CoinPrices> {
    let mut prices = BTreeMap::new();
    for asset in assets {
        let Some(told) = coin(*asset).and_then(|coin| answer.get(coin)) else {
            continue;
        };
        let updated = told.get("last_updated_at").and_then(Value::as_i64);
        if updated.is_some_and(|updated| now.as_second() - updated > STALE) {
            continue;
        }
        let price = |currency: &str| {
            let price = told.get(currency)?.as_f64()?;
            // Without an exponent, however small it is.
            BELIEVABLE.contains(&price).then(|| price.to_string())
        };
        let coin = CoinPrices {
            usd: price("usd"),
            krw: price("krw"),
            eur: price("eur"),
            btc: match asset {
                Asset::Bitcoin => Some("1".to_owned()),
                _ => price("btc"),
            },
        };
        let known = [&coin.usd, &coin.krw, &coin.eur];
        if known.into_iter().any(Option::is_some)
            || (*asset != Asset::Bitcoin && coin.btc.is_some())
        {
            prices.insert(*asset, coin);
        }
    }
    prices
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(answer: Value) -> BTreeMap<Asset, CoinPrices> {
        let now = Timestamp::from_second(1_795_309_800).expect("in range");
        believable(&answer, &[Asset::Monero, Asset::Bitcoin], now)
    }

    #[test]
    fn prices_are_decimal_numbers_whatever_their_size() {
        let answer = json!({"monero": {"usd": 312.4, "krw": 431000, "eur": 2e-7, "btc": 0.0031,
                                       "last_updated_at": 1_795_309_710}});
        let prices = read(answer);
        let coin = &prices[&Asset::Monero];
        let text = |price: &Option<String>| price.clone().expect("known");
        assert_eq!(text(&coin.usd), "312.4");
        assert_eq!(text(&coin.krw), "431000");
        assert_eq!(text(&coin.eur), "0.0000002");
        assert_eq!(text(&coin.btc), "0.0031");
        assert_eq!(prices.len(), 1, "bitcoin is not in the answer");
    }

    #[test]
    fn a_price_that_cannot_be_believed_is_none() {
        for usd in [
            json!(0),
            json!(-5),
            json!(1e13),
            json!(1e-10),
            json!("312.4"),
            json!(null),
        ] {
            let both = read(json!({"monero": {"usd": usd, "eur": 280}, "bitcoin": {"usd": usd}}));
            assert_eq!(both[&Asset::Monero].usd, None, "{usd}");
            assert_eq!(both[&Asset::Monero].eur.as_deref(), Some("280"));
            assert!(!both.contains_key(&Asset::Bitcoin), "{usd}");
        }
        let old = json!({"monero": {"usd": 312.4, "last_updated_at": 1_795_000_000}});
        assert!(read(old).is_empty(), "it is days old");
        for nonsense in [
            json!([]),
            json!(5),
            json!({"monero": 5}),
            json!({"dogecoin": {"usd": 1}}),
        ] {
            assert!(read(nonsense).is_empty());
        }
    }
}
