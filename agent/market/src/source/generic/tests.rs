//! What an operator may point at.

use super::super::{Parsed, Shape, Source, parse};
use super::*;
use jiff::Timestamp;
use serde_json::json;

fn heard_at() -> Timestamp {
    Timestamp::from_second(1_795_309_800).expect("in range")
}

fn source() -> Source {
    serde_json::from_value(json!({
        "name": "exchange", "address": "https://example.org/api", "shape": "json",
        "fields": [
            {"coin": "XMR", "price": {"pointer": "/data/0/last~1trade", "unit": "KRW"}, "at": "/time"},
            {"coin": "RVN", "price": {"pointer": "/rvn", "unit": "satoshi"}},
            {"coin": "ZANO", "network": {
                "difficulty": "/zano/pow", "block_reward": 1_000_000_000_000i64, "reward_unit": "atomic",
                "network_hash_rate": "/zano/rate", "hash_rate_unit": "GH/s",
            }},
            {"coin": "BTC", "network": {
                "difficulty": "/btc/hashes", "difficulty_unit": "hashes", "block_reward": "/btc/reward", "block_seconds": 600,
            }},
        ],
    }))
    .expect("a source")
}

fn answer() -> Value {
    json!({
        "data": [{"last/trade": "430000.5"}], "time": "2026-11-22T01:09:00Z", "rvn": 20,
        "zano": {"pow": "1000000000000", "rate": 8.0},
        "btc": {"hashes": 4_294_967_296_000u64, "reward": 3.125},
    })
}

fn read(answer: &Value) -> Parsed {
    source()
        .parse(&answer.to_string(), heard_at())
        .expect("reads")
}

#[test]
fn figures_are_found_in_their_units() {
    let parsed = read(&answer());
    assert_eq!(parsed.refused, []);
    let [monero, ravencoin, zano, bitcoin] = parsed.readings.try_into().expect("four");
    assert_eq!(
        monero.figure,
        Figure::Price {
            currency: Currency::Krw,
            value: 430_000.5
        }
    );
    assert_eq!(monero.at.to_string(), "2026-11-22T01:09:00Z");
    assert_eq!(
        ravencoin.figure,
        Figure::Price {
            currency: Currency::Btc,
            value: 20.0 * 1e-8
        }
    );
    assert_eq!(ravencoin.at, heard_at());
    assert_eq!(
        zano.figure,
        Figure::Network(Network {
            difficulty: 1e12,
            hashes_per_difficulty: 1.0,
            block_reward: 1.0,
            block_seconds: 120.0,
            network_hash_rate: Some(8e9),
        })
    );
    let Figure::Network(network) = bitcoin.figure else {
        panic!("a network");
    };
    assert_eq!((network.difficulty, network.block_reward), (1000.0, 3.125));
}

#[test]
fn what_is_missing_or_strange_is_refused_alone() {
    let mut strange = answer();
    strange["data"] = json!([]);
    strange["rvn"] = json!("free");
    strange["btc"]["reward"] = json!(-1);
    let parsed = read(&strange);
    assert_eq!(parsed.readings.len(), 1);
    let texts: Vec<_> = parsed.refused.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "exchange, XMR: field /data/0/last~1trade: found nothing; allowed: a number",
            "exchange, RVN: field /rvn: found \"free\"; allowed: a number",
            "exchange, BTC: field block reward: found -1; allowed: 1e-12 to 1e6",
        ]
    );
    let late = json!({"time": "tomorrow"});
    assert!(read(&late).refused[0].to_string().contains("field /time"));
}

#[test]
fn a_bare_number_is_a_price_too() {
    let shape = Shape::Json {
        fields: vec![CoinFields {
            coin: Coin::Bitcoin,
            price: Some(PriceField {
                pointer: Pointer::new("").expect("the whole"),
                unit: PriceUnit::Eur,
            }),
            network: None,
            at: None,
        }],
    };
    let parsed = parse(&shape, "80000.25", heard_at()).expect("reads");
    assert_eq!(parsed.readings.len(), 1);
}

#[test]
fn pointers_and_units_that_mean_nothing_are_refused() {
    for text in ["data", "/a~2", "/a~", &format!("/{}", "a".repeat(256))] {
        let error = Pointer::new(text).expect_err(text);
        assert!(error.to_string().contains("/data/0/last"), "{error}");
    }
    for field in [
        json!({"coin": "XMR", "price": {"pointer": "/a", "unit": "dollars"}}),
        json!({"coin": "DOGE"}),
        json!({"coin": "XMR", "prize": {}}),
    ] {
        assert!(serde_json::from_value::<CoinFields>(field).is_err());
    }
    let source = source();
    let written = serde_json::to_value(&source).expect("serialises");
    assert_eq!(
        serde_json::from_value::<Source>(written).expect("reads"),
        source
    );
}
