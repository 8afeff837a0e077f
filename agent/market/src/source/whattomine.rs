//! `coins.json` and `asic.json` of whattomine.com, and its pages of one coin. Many of its numbers stand in quotes.

use serde_json::{Map, Value};

use super::bounds::number;
use super::figure::hashes_per_difficulty;
use super::{Currency, FieldError, Figure, Network, Sheet, SourceError};
use crate::coin::Coin;
use crate::json;

/// The coins that graphics cards and CPUs mine.
pub const ADDRESS: &str = "https://whattomine.com/coins.json";
/// The coins that are left to machines of their own, Bitcoin among them.
pub const ASIC_ADDRESS: &str = "https://whattomine.com/asic.json";

/// What NiceHash pays for an algorithm stands among the coins under this tag.
const NO_COIN: &str = "NICEHASH";

type Entry = Map<String, Value>;

pub(super) fn read(sheet: &mut Sheet, answer: &Value) -> Result<(), SourceError> {
    if let Some(message) = answer.get("error").and_then(Value::as_str) {
        return Err(sheet.said(message));
    }
    // The page of one coin is that coin's entry.
    if let (Some(entry), Some(_)) = (answer.as_object(), answer.get("tag")) {
        read_entry(sheet, entry);
        return Ok(());
    }
    let coins = answer.get("coins");
    let entries = coins
        .and_then(Value::as_object)
        .ok_or_else(|| sheet.strange("coins", coins, "an object of coins"))?;
    for entry in entries.values().filter_map(Value::as_object) {
        read_entry(sheet, entry);
    }
    Ok(())
}

fn read_entry(sheet: &mut Sheet, entry: &Entry) {
    let tag = entry.get("tag").and_then(Value::as_str).unwrap_or_default();
    if tag.eq_ignore_ascii_case(NO_COIN) {
        return;
    }
    let Ok(coin) = tag.parse::<Coin>() else {
        return;
    };
    let at = algorithm(coin, entry).and_then(|()| sheet.time("timestamp", entry.get("timestamp")));
    let at = match at {
        Ok(at) => at,
        Err(reason) => return sheet.write(coin, sheet.heard_at, Err(reason)),
    };
    if let Some(price) = price(coin, entry).transpose() {
        sheet.write(coin, at, price);
    }
    sheet.write(coin, at, network(coin, entry));
}

/// Different coins share a ticker; the algorithm tells which is meant.
fn algorithm(coin: Coin, entry: &Entry) -> Result<(), FieldError> {
    let Some(found) = entry.get("algorithm").and_then(Value::as_str) else {
        return Ok(());
    };
    let plain: String = found
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|symbol| symbol.to_ascii_lowercase())
        .collect();
    let ours = coin.algorithm();
    // SHA-256 is what the double one is called here.
    match !plain.is_empty() && (ours.starts_with(&plain) || plain.starts_with(ours)) {
        true => Ok(()),
        false => Err(FieldError::new(
            "algorithm",
            json::show(entry.get("algorithm")),
            format!("{ours} for {coin}"),
        )),
    }
}

/// `None` for the price of Bitcoin in Bitcoin, which says nothing.
fn price(coin: Coin, entry: &Entry) -> Result<Option<Figure>, FieldError> {
    let named = entry.get("exchange_rate_curr");
    let currency: Currency = named
        .and_then(Value::as_str)
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| {
            FieldError::new(
                "exchange_rate_curr",
                json::show(named),
                "USD, BTC, KRW or EUR",
            )
        })?;
    if (coin, currency) == (Coin::Bitcoin, Currency::Btc) {
        return Ok(None);
    }
    let value = number("exchange_rate", entry.get("exchange_rate"))?;
    super::bounds::price("exchange_rate", value, currency)?;
    Ok(Some(Figure::Price { currency, value }))
}

fn network(coin: Coin, entry: &Entry) -> Result<Figure, FieldError> {
    if entry.get("lagging").and_then(Value::as_bool) == Some(true) {
        return Err(FieldError::new(
            "lagging",
            "true",
            "false: the source says itself that this is old",
        ));
    }
    let read = |field: &str| number(field, entry.get(field));
    // Where the hash rate is not known it is left out, null or 0.
    let hash_rate = match entry.get("nethash") {
        None | Some(Value::Null) => None,
        Some(_) => Some(read("nethash")?).filter(|rate| *rate != 0.0),
    };
    let figure = Figure::Network(Network {
        difficulty: read("difficulty")?,
        hashes_per_difficulty: hashes_per_difficulty(coin),
        block_reward: read("block_reward")?,
        block_seconds: read("block_time")?,
        network_hash_rate: hash_rate,
    });
    figure.check(coin)?;
    Ok(figure)
}

#[cfg(test)]
mod tests;
