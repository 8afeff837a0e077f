//! A text in every shape of market source: nothing panics, and what is read can be true.
#![no_main]

use std::sync::LazyLock;

use idlewatt_market::quotes::{Quotes, Settings};
use idlewatt_market::source::{MOST_AHEAD, Shape, parse};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

/// The last shape finds its figures where the seeds have them.
static SHAPES: LazyLock<[Shape; 3]> = LazyLock::new(|| {
    let fields = serde_json::json!({"shape": "json", "fields": [{
        "coin": "RVN", "at": "/at", "price": {"pointer": "/last", "unit": "KRW"},
        "network": {"difficulty": "/net/0", "block_reward": "/net/1", "network_hash_rate": "/net/2", "hash_rate_unit": "TH/s"},
    }]});
    let json = serde_json::from_value(fields).expect("a shape");
    [Shape::WhatToMine, Shape::CoinGecko, json]
});

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let heard_at = Timestamp::from_second(1_795_309_800).expect("in range");
    let mut quotes = Quotes::default();
    for shape in SHAPES.iter() {
        let Ok(parsed) = parse(shape, &text, heard_at) else {
            continue;
        };
        for reading in &parsed.readings {
            assert_eq!(reading.figure.check(reading.coin), Ok(()));
            assert!(reading.at.duration_since(heard_at) <= MOST_AHEAD);
        }
        quotes.take(shape.name(), &parsed.readings, heard_at);
    }
    let kept = Quotes::from_json(&quotes.to_json(), Settings::default());
    assert!(kept.is_ok());
    let _ = Quotes::from_json(&text, Settings::default());
});
