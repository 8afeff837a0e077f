//! What is known outlives the program.

use super::*;
use serde_json::{Value, json};

fn read(text: &str) -> Result<Quotes, CacheError> {
    Quotes::from_json(text, Settings::default())
}

#[test]
fn everything_reads_back() {
    let mut quotes = told(&[("a", 300.0), ("b", 310.0)]);
    tell(&mut quotes, &[("a", 900.0)], 5);
    let again = read(&quotes.to_json()).expect("reads");
    assert_eq!(again, quotes);
    assert_eq!(read(&Quotes::default().to_json()), Ok(Quotes::default()));
}

#[test]
fn what_is_not_understood_or_cannot_be_true_is_left_out() {
    let mut cache: Value = serde_json::from_str(&told(&[("a", 300.0)]).to_json()).expect("JSON");
    cache["news"] = json!("of another version");
    let said = cache["said"].as_array_mut().expect("a list");
    let mut other = said[0].clone();
    other["source"] = json!("b");
    let with = |field: &str, value: Value| {
        let mut entry = other.clone();
        entry[field] = value;
        entry
    };
    said.extend([
        with("coin", json!("DOGE")),
        with(
            "figure",
            json!({"price": {"currency": "USD", "value": -300.0}}),
        ),
        with("at", json!("yesterday")),
        json!(5),
        with("more", json!(true)),
    ]);
    let quotes = read(&cache.to_string()).expect("reads");
    assert_eq!(quote(&quotes, 1).sources, ["a", "b"]);
}

#[test]
fn a_cache_that_cannot_be_used_says_why() {
    for (text, words) in [
        ("", "found nothing; allowed: JSON"),
        ("{\"version\":1}", "missing field `said`"),
        ("{\"version\":2,\"prices\":{}}", "has version 2; allowed: 1"),
        ("[]", "another shape"),
    ] {
        let error = read(text).expect_err("unusable").to_string();
        assert!(error.contains(words), "{error}");
    }
    let senseless = Settings {
        jump_factor: 0.5,
        ..Settings::default()
    };
    assert!(Quotes::from_json("{}", senseless).is_err());
}
