//! What WhatToMine may answer.

use super::super::{Figure, Parsed, Shape, SourceError, parse};
use super::*;
use jiff::Timestamp;
use serde_json::json;

fn heard_at() -> Timestamp {
    Timestamp::from_second(1_795_309_800).expect("in range")
}

fn read(answer: &Value) -> Result<Parsed, SourceError> {
    parse(&Shape::WhatToMine, &answer.to_string(), heard_at())
}

fn ravencoin() -> Value {
    json!({
        "tag": "RVN", "algorithm": "KawPow", "block_time": "60.", "block_reward": 2500.0,
        "difficulty": "60000", "nethash": 4_400_000_000_000i64, "exchange_rate": 2.0e-7,
        "exchange_rate_curr": "BTC", "lagging": false, "timestamp": 1_795_309_710,
    })
}

/// The coin with other fields.
fn with(other: Value) -> Value {
    let mut entry = ravencoin();
    for (name, value) in other.as_object().expect("an object") {
        entry[name] = value.clone();
    }
    entry
}

/// What is refused of one coin, and how many readings remain.
fn refused(other: Value) -> (usize, Vec<String>) {
    let parsed = read(&with(other)).expect("reads");
    let refused = parsed.refused.iter().map(ToString::to_string).collect();
    (parsed.readings.len(), refused)
}

#[test]
fn one_coin_alone_is_read_as_a_list_is() {
    let alone = read(&ravencoin()).expect("reads");
    let listed = read(&json!({"coins": {"Ravencoin": ravencoin()}})).expect("reads");
    assert_eq!(alone, listed);
    assert_eq!(alone.readings.len(), 2);
    let Figure::Network(network) = alone.readings[1].figure else {
        panic!("a network");
    };
    assert_eq!(network.block_seconds, 60.0);
    assert_eq!(network.expected_hashes(), 60_000.0 * 4_294_967_296.0);
    assert_eq!(
        network.hashes_per_coin(),
        network.expected_hashes() / 2500.0
    );
}

#[test]
fn what_is_no_coin_of_ours_is_skipped_and_a_bad_one_costs_no_other() {
    let answer = json!({"coins": {
        "Nicehash-KawPow": {"tag": "NICEHASH", "algorithm": "KawPow"},
        "Unknown": {"tag": "XYZ", "exchange_rate": -1},
        "NoEntry": 5,
        "Monero": {"tag": "XMR", "algorithm": "RandomX", "difficulty": 0, "exchange_rate": "NaN", "exchange_rate_curr": "BTC"},
        "Ravencoin": ravencoin(),
    }});
    let parsed = read(&answer).expect("reads");
    assert_eq!(parsed.readings.len(), 2);
    assert!(parsed.refused.iter().all(|one| one.coin == Coin::Monero));
    let texts: Vec<_> = parsed.refused.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "WhatToMine, XMR: field exchange_rate: found NaN; allowed: 1e-12 to 1e9",
            "WhatToMine, XMR: field block_reward: found nothing; allowed: a number",
        ]
    );
}

#[test]
fn a_difficulty_that_the_hash_rate_contradicts_is_refused() {
    let (readings, refused) = refused(json!({"difficulty": 1.0e6}));
    assert_eq!(readings, 1, "the price stands");
    assert!(
        refused[0].contains("difficulty: found 1e6 (4.3e15 hashes a block)"),
        "{refused:?}"
    );
    for unknown in [json!(0), json!(null)] {
        let parsed = read(&with(json!({"nethash": unknown}))).expect("reads");
        let Figure::Network(network) = parsed.readings[1].figure else {
            panic!("a network");
        };
        assert_eq!(network.network_hash_rate, None);
    }
}

#[test]
fn another_coin_of_the_same_ticker_an_old_or_a_future_one_is_refused() {
    let (readings, texts) = refused(json!({"algorithm": "Scrypt"}));
    assert_eq!(readings, 0);
    assert!(texts[0].contains("found \"Scrypt\"; allowed: kawpow for RVN"));
    let (readings, texts) = refused(json!({"lagging": true}));
    assert_eq!((readings, texts.len()), (1, 1));
    let (readings, texts) = refused(json!({"timestamp": 1_795_310_500}));
    assert_eq!((readings, texts.len()), (0, 1));
    let (readings, texts) = refused(json!({"exchange_rate_curr": "USDT"}));
    assert_eq!(readings, 1);
    assert!(
        texts[0].contains("found \"USDT\"; allowed: USD, BTC, KRW or EUR"),
        "{texts:?}"
    );
}

#[test]
fn bitcoin_in_bitcoin_says_nothing() {
    let answer = json!({"coins": {"Bitcoin": {
        "tag": "BTC", "algorithm": "SHA-256", "block_time": "600", "block_reward": 3.125, "difficulty": 1.0e14,
        "exchange_rate": 1.0, "exchange_rate_curr": "BTC",
    }}});
    let parsed = read(&answer).expect("reads");
    assert_eq!((parsed.readings.len(), parsed.refused.len()), (1, 0));
    assert_eq!(parsed.readings[0].at, heard_at());
}

#[test]
fn other_shapes_and_errors_are_named() {
    for (answer, words) in [
        (
            json!({"coins": []}),
            "WhatToMine, field coins: found a list; allowed: an object of coins",
        ),
        (json!(5), "field coins: found nothing"),
        (
            json!({"error": "Unauthorized"}),
            "answers with an error: \"Unauthorized\"",
        ),
        (json!({"coins": {}}), "found no coin known here"),
    ] {
        let error = read(&answer).expect_err("nothing to read").to_string();
        assert!(error.contains(words), "{error}");
    }
    let page = parse(&Shape::WhatToMine, "<html><title>Login</title>", heard_at());
    assert_eq!(
        page.expect_err("HTML").to_string(),
        "WhatToMine, the whole answer: found an HTML page (\"Login\"); allowed: JSON"
    );
}
