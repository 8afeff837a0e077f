//! What the market says: asked of the sources that the owner names and of nobody else, and kept in a file, so that it is
//! there without a network too, with its age.

use std::sync::Arc;
use std::time::Duration;

use idlewatt_config::MarketSource;
use idlewatt_market::coin::Coin;
use idlewatt_market::quotes::{Quotes, Settings};
use idlewatt_market::source::{Currency, Shape, Source, whattomine};
use jiff::Timestamp;
use rand::RngExt;
use serde::Serialize;
use serde_json::Value;

use crate::daemon::Daemon;
use crate::data_dir::{DataDir, DataDirError};
use crate::profit;
use crate::web;
use crate::work::Proxy;
use crate::work::hub_client::HubClient;
use own::OwnError;

pub mod hub;
pub mod own;

const FILE: &str = "market.json";
/// How often the market is asked, more or less: not everybody at the same moment. Prices are good for three hours.
const ASK_EVERY: Duration = Duration::from_secs(15 * 60);

/// How one source was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// What it is called.
    pub source: String,
    /// How many figures it gave that can be true.
    pub figures: usize,
    /// Figures that cannot, each with the reason.
    pub refused: Vec<String>,
    /// Why it gave none at all.
    pub error: Option<String>,
}

/// What was heard before. A file that cannot be read costs nothing but the last prices, and is begun anew.
pub fn load(data: &DataDir) -> Quotes {
    let kept = data.read::<Value>(FILE).unwrap_or_else(|error| {
        tracing::warn!(%error, "the kept prices cannot be read");
        None
    });
    let kept = kept.and_then(|kept| {
        let read = Quotes::from_json(&kept.to_string(), Settings::default());
        read.inspect_err(|error| tracing::warn!(%error, "the kept prices are not used"))
            .ok()
    });
    kept.unwrap_or_default()
}

/// Keeps it.
///
/// # Errors
/// If the file cannot be written.
pub fn save(data: &DataDir, quotes: &Quotes) -> Result<(), DataDirError> {
    let value: Value = serde_json::from_str(&quotes.to_json()).unwrap_or_default();
    data.write(FILE, &value)
}

/// All whom the owner has named: in the settings, and in a file of sources of their own.
///
/// # Errors
/// If that file cannot be used.
pub fn sources(settings: &[MarketSource], data: &DataDir) -> Result<Vec<Source>, OwnError> {
    let mut all = of_settings(settings);
    all.extend(own::sources(data)?);
    Ok(all)
}

/// Asks each source once, one after the other, and takes in what it says.
pub async fn ask(sources: &[Source], proxy: Option<&Proxy>, quotes: &mut Quotes) -> Vec<Asked> {
    let mut all = Vec::new();
    for source in sources {
        let page = web::fetch(&source.address, proxy).await;
        let now = Timestamp::now();
        let parsed = page.and_then(|page| match page.status {
            200 => {
                let parsed = source.parse(&page.text, now);
                parsed.map_err(|error| error.to_string())
            }
            status => Err(format!("it answers with status {status}; allowed: 200")),
        });
        all.push(match parsed {
            Ok(parsed) => {
                quotes.take(&source.name, &parsed.readings, now);
                let refused = parsed.refused.iter().map(ToString::to_string);
                Asked {
                    source: source.name.clone(),
                    figures: parsed.readings.len(),
                    refused: refused.collect(),
                    error: None,
                }
            }
            Err(error) => Asked {
                source: source.name.clone(),
                figures: 0,
                refused: Vec::new(),
                error: Some(error),
            },
        });
    }
    all
}

/// Keeps what the market says up to date for as long as this runs: it decides what is worked on. Returns at once where
/// nobody is to be asked.
pub async fn keep_current(daemon: Arc<Daemon>, hub: Option<HubClient>) {
    let settings = daemon.settings();
    let named = &settings.market.sources;
    let sources = sources(named, &daemon.data).unwrap_or_else(|error| {
        tracing::warn!(%error, "the owner's own sources are not asked");
        daemon.set_doubts(own::FILE, [error.to_string()]);
        of_settings(named)
    });
    if sources.is_empty() && hub.is_none() {
        return;
    }
    let proxy = settings.network.proxy.as_deref().map(Proxy::new);
    loop {
        let mut quotes = daemon.board().quotes.clone();
        let mut asked = ask(&sources, proxy.as_ref(), &mut quotes).await;
        if let Some(hub) = &hub {
            asked.push(hub::ask(hub, &mut quotes).await);
        }
        for told in &asked {
            if let Some(error) = &told.error {
                tracing::warn!(source = told.source, error, "the market is not known");
            }
            for refused in &told.refused {
                tracing::warn!(source = told.source, refused, "not believed");
            }
            let doubts = told.error.iter().chain(&told.refused).cloned();
            daemon.set_doubts(&told.source, doubts);
        }
        let outliers = outliers(&quotes, profit::currency(&settings), Timestamp::now());
        for outlier in &outliers {
            tracing::warn!(outlier, "not believed");
        }
        daemon.set_doubts("market", outliers);
        if asked.iter().any(|told| told.figures > 0) {
            if let Err(error) = save(&daemon.data, &quotes) {
                tracing::warn!(%error, "what the market says cannot be kept");
            }
            daemon.set_quotes(quotes);
        }
        let pause = ASK_EVERY.mul_f64(rand::rng().random_range(0.8..1.2));
        tokio::time::sleep(pause).await;
    }
}

/// What sources contradict each other in, and which of them is not believed.
fn outliers(quotes: &Quotes, currency: Currency, now: Timestamp) -> Vec<String> {
    let coins = Coin::ALL.into_iter();
    let refused = coins.flat_map(|coin| {
        let price = quotes.quote(coin, currency, now);
        let network = quotes.network(coin, now);
        let price = price.into_iter().flat_map(|quote| quote.refused);
        let network = network.into_iter().flat_map(|network| network.refused);
        let both = price.chain(network);
        both.map(move |refused| format!("{coin}: {refused}"))
    });
    refused.collect()
}

/// Where these are.
pub fn hosts(sources: &[Source]) -> Vec<String> {
    let mut hosts: Vec<String> = sources
        .iter()
        .filter_map(|source| {
            let url = reqwest::Url::parse(&source.address).ok()?;
            Some(url.host_str()?.to_owned())
        })
        .collect();
    hosts.dedup();
    hosts
}

/// Those of the settings.
pub fn of_settings(settings: &[MarketSource]) -> Vec<Source> {
    settings.iter().flat_map(of_setting).collect()
}

/// A source as the market has it. The usual lists of one of them are two.
fn of_setting(source: &MarketSource) -> Vec<Source> {
    let shape = match source.shape.as_str() {
        "coingecko" => Shape::CoinGecko,
        _ => Shape::WhatToMine,
    };
    let one = |name: String, address: &str| Source {
        name,
        address: address.to_owned(),
        shape: shape.clone(),
    };
    match (&source.url, shape.usual_address()) {
        (Some(url), _) => {
            let host = reqwest::Url::parse(url).ok();
            let host = host.and_then(|url| Some(url.host_str()?.to_owned()));
            let place = host.unwrap_or_default();
            vec![one(format!("{} at {place}", source.shape), url)]
        }
        (None, Some(usual)) => {
            let mut all = vec![one(source.shape.clone(), usual)];
            if shape == Shape::WhatToMine {
                let name = format!("{} (ASIC)", source.shape);
                all.push(one(name, whattomine::ASIC_ADDRESS));
            }
            all
        }
        (None, None) => Vec::new(),
    }
}
