//! No input makes a parser panic, and what is read can be true.

mod common;

use common::{good, heard_at, play, sample, shapes};
use idlewatt_market::account::history::compare;
use idlewatt_market::account::{Family, PoolAccount};
use idlewatt_market::coin::Coin;
use idlewatt_market::quotes::{Quotes, Settings};
use idlewatt_market::source::{Currency, Figure, MOST_AHEAD, Network, Parsed, Reading, parse};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

/// What may stand where something else is expected.
fn strange() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        "-?[0-9]{0,45}(\\.[0-9]{0,20})?(e-?[0-9]{1,3})?".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!([[1], {"a": null}])),
    ]
}

/// Puts something strange in one place of an answer.
fn with_strange(mut answer: Value, place: usize, strange: Value) -> String {
    fn places(value: &Value) -> usize {
        1 + match value {
            Value::Array(items) => items.iter().map(places).sum::<usize>(),
            Value::Object(entries) => entries.values().map(places).sum(),
            _ => 0,
        }
    }
    fn put(value: &mut Value, place: &mut usize, strange: &Value) {
        if *place == 0 {
            *value = strange.clone();
        }
        *place = place.wrapping_sub(1);
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| put(item, place, strange)),
            Value::Object(entries) => entries
                .values_mut()
                .for_each(|item| put(item, place, strange)),
            _ => {}
        }
    }
    let mut place = place % places(&answer);
    put(&mut answer, &mut place, &strange);
    answer.to_string()
}

/// Changes some bytes, and cuts the rest off.
fn broken(text: &str, changes: &[(usize, u8)], keep: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for (place, byte) in changes {
        let place = place % bytes.len();
        bytes[place] = *byte;
    }
    bytes.truncate(keep % (2 * bytes.len()) + 1);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn changes() -> impl Strategy<Value = (Vec<(usize, u8)>, usize)> {
    (
        prop::collection::vec(any::<(usize, u8)>(), 0..6),
        any::<usize>(),
    )
}

/// What was read of a source can be true, and goes into quotes without harm.
fn check(parsed: &Parsed) -> Result<(), TestCaseError> {
    for reading in &parsed.readings {
        prop_assert_eq!(reading.figure.check(reading.coin), Ok(()));
        prop_assert!(reading.at.duration_since(heard_at()) <= MOST_AHEAD);
    }
    for refused in &parsed.refused {
        prop_assert!(refused.to_string().contains("; allowed: "));
    }
    let mut quotes = Quotes::default();
    quotes.take("a", &parsed.readings, heard_at());
    for reading in &parsed.readings {
        let known = match reading.figure {
            Figure::Price { currency, .. } => {
                quotes.quote(reading.coin, currency, heard_at()).is_some()
            }
            Figure::Network(_) => quotes.network(reading.coin, heard_at()).is_some(),
        };
        prop_assert!(known);
    }
    Ok(())
}

fn read_by_all_shapes(text: &str) -> Result<(), TestCaseError> {
    for shape in shapes() {
        match parse(&shape, text, heard_at()) {
            Ok(parsed) => check(&parsed)?,
            Err(error) => prop_assert!(error.to_string().starts_with(shape.name())),
        }
    }
    Ok(())
}

/// What was read of an account compares with itself, and with what it should have been.
fn compared(family: Family, account: &PoolAccount) -> Result<(), TestCaseError> {
    let same = compare(account, account);
    prop_assert!(same.earned.is_zero() && same.paid.is_zero() && same.doubts.is_empty());
    let usual = play(family, |request| (200, good(family, request).to_string()));
    let usual = usual.expect("an account");
    compare(&usual, account);
    compare(account, &usual);
    let kept = serde_json::to_string(account).expect("serialises");
    prop_assert!(serde_json::from_str::<PoolAccount>(&kept).is_ok());
    Ok(())
}

fn readings() -> impl Strategy<Value = Reading> {
    let price = (0..4usize, 1e-13..1e10f64).prop_map(|(currency, value)| Figure::Price {
        currency: Currency::ALL[currency],
        value,
    });
    let network = (1e-7..1e14f64, 1e-3..1e7f64).prop_map(|(difficulty, block_reward)| {
        Figure::Network(Network {
            difficulty,
            hashes_per_difficulty: 1.0,
            block_reward,
            block_seconds: 120.0,
            network_hash_rate: None,
        })
    });
    let figure = prop_oneof![3 => price, 1 => network];
    (0..4usize, figure, -200..20i64).prop_map(|(coin, figure, minutes)| Reading {
        coin: Coin::ALL[coin],
        figure,
        at: later(minutes),
    })
}

fn later(minutes: i64) -> Timestamp {
    let at = heard_at().checked_add(SignedDuration::from_mins(minutes));
    at.expect("in range")
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), status in 100u16..600) {
        let text = String::from_utf8_lossy(&bytes);
        read_by_all_shapes(&text)?;
        for family in Family::ALL {
            let _ = play(family, |_| (status, text.to_string()));
        }
        let _ = Quotes::from_json(&text, Settings::default());
    }

    #[test]
    fn no_broken_sample_makes_a_source_panic((changes, keep) in changes()) {
        for note in ["WhatToMine", "CoinGecko"] {
            read_by_all_shapes(&broken(&sample(note).to_string(), &changes, keep))?;
        }
    }

    #[test]
    fn no_strange_value_makes_a_source_panic(place in any::<usize>(), strange in strange()) {
        for note in ["WhatToMine", "CoinGecko"] {
            read_by_all_shapes(&with_strange(sample(note), place, strange.clone()))?;
        }
    }

    #[test]
    fn no_broken_answer_makes_an_account_panic((changes, keep) in changes(), which in 0..4usize) {
        for family in Family::ALL {
            let mut asked = 0;
            let account = play(family, |request| {
                asked += 1;
                let text = good(family, request).to_string();
                (200, if asked - 1 == which { broken(&text, &changes, keep) } else { text })
            });
            if let Ok(account) = account {
                compared(family, &account)?;
            }
        }
    }

    #[test]
    fn no_strange_value_makes_an_account_panic(place in any::<usize>(), strange in strange(), which in 0..4usize) {
        for family in Family::ALL {
            let mut asked = 0;
            let account = play(family, |request| {
                asked += 1;
                let value = good(family, request);
                (200, if asked - 1 == which { with_strange(value, place, strange.clone()) } else { value.to_string() })
            });
            if let Ok(account) = account {
                compared(family, &account)?;
            }
        }
    }

    #[test]
    fn no_readings_make_quotes_panic(
        said in prop::collection::vec((0..4usize, readings(), -100..30i64), 0..40),
        now in -150..100i64,
    ) {
        let mut quotes = Quotes::default();
        for (source, reading, heard) in &said {
            quotes.take(["a", "b", "c", "d"][*source], &[*reading], later(*heard));
        }
        for coin in Coin::ALL {
            for currency in Currency::ALL {
                if let Some(quote) = quotes.quote(coin, currency, later(now)) {
                    prop_assert!(quote.value.is_finite() && quote.value > 0.0);
                    prop_assert!(quote.at.duration_since(later(now)) <= MOST_AHEAD);
                }
            }
            if let Some(network) = quotes.network(coin, later(now)) {
                prop_assert_eq!(Figure::Network(network.network).check(coin), Ok(()));
            }
        }
        let kept = Quotes::from_json(&quotes.to_json(), Settings::default()).expect("reads");
        for coin in Coin::ALL {
            let before = quotes.quote(coin, Currency::Usd, later(now));
            let after = kept.quote(coin, Currency::Usd, later(now));
            prop_assert_eq!(before.map(|quote| quote.sources), after.map(|quote| quote.sources));
        }
    }
}
