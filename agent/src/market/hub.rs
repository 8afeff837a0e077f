//! What the hub that is worked for says of prices: it has asked for them itself.

use idlewatt_market::coin::Coin;
use idlewatt_market::quotes::Quotes;
use idlewatt_market::source::{Currency, Figure, Reading};
use idlewatt_protocol::Asset;
use idlewatt_protocol::api::Prices;
use jiff::Timestamp;

use super::Asked;
use crate::work::hub_client::{HubClient, HubError};

/// What a hub's prices are kept under.
const NAME: &str = "hub";

/// Asks the hub once, and takes in what it says.
pub async fn ask(client: &HubClient, quotes: &mut Quotes) -> Asked {
    let prices = match client.prices().await {
        Ok(prices) => prices,
        Err(error) => return unreachable(&error),
    };
    let readings = readings(&prices);
    quotes.take(NAME, &readings, Timestamp::now());
    Asked {
        source: NAME.to_owned(),
        figures: readings.len(),
        refused: Vec::new(),
        error: None,
    }
}

/// What is told of a hub that does not answer.
pub fn unreachable(error: &HubError) -> Asked {
    Asked {
        source: NAME.to_owned(),
        figures: 0,
        refused: Vec::new(),
        error: Some(error.to_string()),
    }
}

fn readings(prices: &Prices) -> Vec<Reading> {
    let Some(at) = prices.at else {
        return Vec::new();
    };
    let each = prices.prices.iter().flat_map(|(asset, prices)| {
        let coin = match asset {
            Asset::Monero => Some(Coin::Monero),
            Asset::Bitcoin => Some(Coin::Bitcoin),
            Asset::Practice => None,
        };
        let all = [
            (Currency::Usd, &prices.usd),
            (Currency::Krw, &prices.krw),
            (Currency::Eur, &prices.eur),
            (Currency::Btc, &prices.btc),
        ];
        all.into_iter().filter_map(move |(currency, price)| {
            let value = price.as_ref()?.parse().ok()?;
            let figure = Figure::Price { currency, value };
            let coin = coin?;
            figure
                .check(coin)
                .is_ok()
                .then_some(Reading { coin, figure, at })
        })
    });
    each.collect()
}
