//! What pools answer, and what they should not.

mod families;
mod refused;

use super::*;
use crate::json::MOST_BYTES;
use serde_json::{Value, json};

const ADDRESS: &str = "4ABC";

fn lookup(family: Family, coin: Coin) -> Lookup {
    Lookup::new(family, "https://pool.example.org/", coin, ADDRESS).expect("a lookup")
}

fn answer(name: &str, value: &Value) -> Answer {
    Answer {
        name: name.to_owned(),
        status: 200,
        text: value.to_string(),
    }
}

fn answers(all: &[(&str, Value)]) -> Vec<Answer> {
    all.iter()
        .map(|(name, value)| answer(name, value))
        .collect()
}

fn next(family: Family, coin: Coin, all: &[(&str, Value)]) -> Result<PoolAccount, AccountError> {
    match lookup(family, coin).next(&answers(all))? {
        Step::Done(account) => Ok(account),
        Step::Ask(requests) => panic!("{requests:?}"),
    }
}

fn time(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_second(seconds).ok()
}
