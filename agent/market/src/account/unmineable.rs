//! `/v4/address/{address}` of unMineable, which tells an id, and `/v4/account/{id}` for the rest. Amounts are whole
//! coins as decimal texts.

use super::answers::Answers;
use super::fields::{Fields, each, noted};
use super::{AccountError, Lookup, Payment, PoolAccount, Request, Worker, url};
use crate::json;

const ADDRESS: &str = "address";
const STATS: &str = "stats";
const WORKERS: &str = "workers";
const PAYMENTS: &str = "payments";

pub(super) fn requests(lookup: &Lookup) -> Vec<Request> {
    let path = format!("v4/address/{}?coin={}", lookup.address, lookup.coin);
    vec![lookup.request(ADDRESS, &path)]
}

/// What can be asked once the account's id is known.
pub(super) fn more_requests(
    lookup: &Lookup,
    answers: &Answers,
) -> Result<Vec<Request>, AccountError> {
    let value = answers.account(ADDRESS)?;
    let data = Fields::new(ADDRESS, &value, lookup.coin).inside("data");
    let id = data.text("uuid").map(url::address);
    let Some(Ok(id)) = id else {
        return Err(data.refuse("uuid", "an id"));
    };
    let more = [
        (STATS, format!("v4/account/{id}/stats")),
        (WORKERS, format!("v4/account/{id}/workers")),
        (PAYMENTS, format!("v4/account/{id}/payments?page=1")),
    ];
    Ok(more.map(|(name, path)| lookup.request(name, &path)).into())
}

pub(super) fn read(answers: Answers) -> Result<PoolAccount, AccountError> {
    let coin = answers.coin;
    let value = answers.account(ADDRESS)?;
    let address = Fields::new(ADDRESS, &value, coin).inside("data");
    let stats_value = answers.account(STATS)?;
    let stats = Fields::new(STATS, &stats_value, coin).inside("data");
    if let Some(found) = stats.text("coin")
        && found.parse() != Ok(coin)
    {
        let found = json::excerpt(found);
        return Err(AccountError::OtherCoin {
            found,
            allowed: coin,
        });
    }
    let amount = |fields: Fields, key: &'static str| {
        let found = fields.coins(key)?;
        found.ok_or_else(|| fields.refuse(key, "a decimal number of coins"))
    };
    // Both of one answer: between two, a payment may have been made.
    let confirmed = match stats.has("balance") {
        true => amount(stats, "balance")?,
        false => amount(address, "balance")?,
    };
    let mut notes = Vec::new();
    Ok(PoolAccount {
        coin,
        confirmed,
        immature: None,
        paid: amount(stats, "paid")?,
        paid_is_listed: false,
        threshold: noted(address.coins("payment_threshold"), &mut notes),
        payments: answers.optional(PAYMENTS, &mut notes, |all, notes| {
            each(all.inside("data").items("list"), notes, payment)
        }),
        workers: answers.optional(WORKERS, &mut notes, workers),
        notes,
    })
}

fn payment(fields: Fields) -> Result<Payment, AccountError> {
    let amount = fields.coins("amount")?;
    let transaction = ["tx", "txid", "hash"]
        .iter()
        .find_map(|key| fields.text(key));
    Ok(Payment {
        amount: amount.ok_or_else(|| fields.refuse("amount", "an amount"))?,
        at: ["date", "timestamp", "created_at"]
            .iter()
            .find_map(|key| fields.time(key)),
        transaction: transaction.map(json::excerpt),
    })
}

/// By algorithm, each with its workers.
fn workers(all: Fields, notes: &mut Vec<String>) -> Vec<Worker> {
    let algorithms = noted(all.entries("data"), notes);
    let mut workers = Vec::new();
    for (algorithm, fields) in algorithms {
        workers.extend(each(fields.items("workers"), notes, |fields| {
            worker(algorithm, fields)
        }));
    }
    workers
}

fn worker(algorithm: &str, fields: Fields) -> Result<Worker, AccountError> {
    // As its page shows them.
    let unit = match algorithm {
        "randomx" => Some(1.0),
        "kawpow" => Some(1e6),
        _ => None,
    };
    let name = fields.text("name");
    let rate = fields.hash_rate("chr");
    Ok(Worker {
        name: json::excerpt(name.ok_or_else(|| fields.refuse("name", "a text"))?),
        hash_rate: unit.and_then(|unit| rate.map(|rate| rate * unit)),
        last_share: fields.time("last"),
        valid: None,
        invalid: None,
    })
}
