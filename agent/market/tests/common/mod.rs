//! The recorded answers, and what both kinds of tests do with them.
#![allow(dead_code, missing_docs)]

use idlewatt_market::account::{Answer, Family, Lookup, Step};
use idlewatt_market::coin::Coin;
use idlewatt_market::source::Shape;
use idlewatt_market::source::generic::{
    CoinFields, Given, NetworkFields, Pointer, PriceField, PriceUnit,
};
use jiff::Timestamp;
use serde_json::Value;

const MARKET: &str = include_str!("../samples/market-data.jsonl");
const ACCOUNTS: &str = include_str!("../samples/pool-account-apis.jsonl");

/// A minute and a half after the times in the samples.
pub fn heard_at() -> Timestamp {
    Timestamp::from_second(1_795_309_800).expect("in range")
}

/// The one sample whose note begins with this, without its note.
pub fn sample(note: &str) -> Value {
    let mut found: Vec<Value> = MARKET
        .lines()
        .chain(ACCOUNTS.lines())
        .filter_map(|line| {
            let mut value: Value = serde_json::from_str(line).expect("JSON");
            let is = value.as_object_mut()?.remove("_")?;
            is.as_str()?.starts_with(note).then_some(value)
        })
        .collect();
    assert_eq!(found.len(), 1, "{note}");
    found.remove(0)
}

pub fn count() -> usize {
    MARKET.lines().count() + ACCOUNTS.lines().count()
}

/// Every shape; the last finds its figures in both market samples.
pub fn shapes() -> [Shape; 3] {
    let pointer = |text: &str| Pointer::new(text).expect("a pointer");
    let fields = CoinFields {
        coin: Coin::Ravencoin,
        price: Some(PriceField {
            pointer: pointer("/ravencoin/usd"),
            unit: PriceUnit::Usd,
        }),
        network: Some(NetworkFields {
            difficulty: pointer("/coins/Ravencoin/difficulty24"),
            difficulty_unit: Default::default(),
            block_reward: Given::At(pointer("/coins/Ravencoin/block_reward")),
            reward_unit: Default::default(),
            block_seconds: Some(Given::Fixed(60.0)),
            network_hash_rate: Some(pointer("/coins/Ravencoin/nethash")),
            hash_rate_unit: Default::default(),
        }),
        at: Some(pointer("/ravencoin/last_updated_at")),
    };
    [
        Shape::WhatToMine,
        Shape::CoinGecko,
        Shape::Json {
            fields: vec![fields],
        },
    ]
}

pub fn lookup(family: Family) -> Lookup {
    let coin = match family {
        Family::TwoMiners => Coin::Ravencoin,
        Family::NodejsPool | Family::UnMineable => Coin::Monero,
        Family::Cryptonote => Coin::Zano,
        Family::NiceHash => Coin::Bitcoin,
    };
    Lookup::new(family, "https://pool.example.org", coin, "ADDRESS").expect("a lookup")
}

/// What comes out in the end, if `answer` gives the status and text for each request's name.
pub fn play(
    family: Family,
    mut answer: impl FnMut(&str) -> (u16, String),
) -> Result<idlewatt_market::account::PoolAccount, idlewatt_market::account::AccountError> {
    let lookup = lookup(family);
    let mut answers = Vec::new();
    for _round in 0..3 {
        match lookup.next(&answers)? {
            Step::Done(account) => return Ok(account),
            Step::Ask(requests) => answers.extend(requests.iter().map(|request| {
                let (status, text) = answer(request.name);
                Answer {
                    name: request.name.to_owned(),
                    status,
                    text,
                }
            })),
        }
    }
    panic!("{family:?} asks for ever");
}

/// The good answer to each request of each family.
pub fn good(family: Family, request: &str) -> Value {
    use serde_json::json;
    match (family, request) {
        (Family::TwoMiners, _) => sample("2miners"),
        (Family::NodejsPool, "stats") => sample("nodejs-pool family"),
        (Family::NodejsPool, "workers") => {
            sample("nodejs-pool GET /miner/{address}/stats/allWorkers")
        }
        (Family::NodejsPool, "payments") => {
            json!([sample("nodejs-pool GET /miner/{address}/payments")])
        }
        (Family::NodejsPool, _) => {
            json!({"payout_threshold": 300_000_000_000u64, "email_enabled": 0})
        }
        (Family::Cryptonote, "address") => sample("cryptonote-nodejs-pool family"),
        (Family::Cryptonote, _) => {
            json!({"config": {"coinUnits": 1_000_000_000_000u64, "symbol": "ZANO"}})
        }
        (Family::NiceHash, "rigs") => sample("NiceHash"),
        (Family::NiceHash, _) => {
            json!({"list": [{"id": "w", "created": 1_795_300_000_000u64, "amount": "0.001"}]})
        }
        (Family::UnMineable, "address") => sample("unMineable"),
        (Family::UnMineable, "stats") => {
            json!({"success": true, "data": {"balance": "0.00210284", "paid": "0", "coin": "XMR"}})
        }
        (Family::UnMineable, "workers") => {
            json!({"success": true, "data": {"randomx": {"workers": [{"name": "rig1", "chr": 1167, "last": 1_795_309_710_000u64}]}}})
        }
        (Family::UnMineable, _) => {
            json!({"success": true, "data": {"list": [{"amount": "0.03", "tx": "aa"}]}})
        }
    }
}
