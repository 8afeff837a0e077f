//! What is believed when sources are wrong, late or lying.

mod cached;
mod cross;
mod jumps;

use super::*;
use crate::source::hashes_per_difficulty;
use jiff::SignedDuration;

/// So many minutes after an arbitrary time.
fn minute(minute: i64) -> Timestamp {
    let start = Timestamp::from_second(1_795_309_710).expect("in range");
    start
        .checked_add(SignedDuration::from_mins(minute))
        .expect("in range")
}

fn price_of(coin: Coin, currency: Currency, value: f64, at: i64) -> Reading {
    Reading {
        coin,
        figure: Figure::Price { currency, value },
        at: minute(at),
    }
}

/// Monero in dollars.
fn price(value: f64, at: i64) -> Reading {
    price_of(Coin::Monero, Currency::Usd, value, at)
}

/// Each source said its price at minute 0.
fn told(prices: &[(&str, f64)]) -> Quotes {
    let mut quotes = Quotes::default();
    tell(&mut quotes, prices, 0);
    quotes
}

fn tell(quotes: &mut Quotes, prices: &[(&str, f64)], at: i64) {
    for (source, value) in prices {
        quotes.take(source, &[price(*value, at)], minute(at));
    }
}

fn quote(quotes: &Quotes, at: i64) -> Quote {
    quotes
        .quote(Coin::Monero, Currency::Usd, minute(at))
        .expect("a quote")
}

#[test]
fn nothing_is_known_of_what_nobody_said() {
    let quotes = told(&[("a", 300.0)]);
    assert_eq!(quotes.quote(Coin::Zano, Currency::Usd, minute(0)), None);
    assert_eq!(quotes.network(Coin::Monero, minute(0)), None);
    let one = quote(&quotes, 0);
    assert_eq!((one.value, one.stale), (300.0, false));
    assert_eq!(one.sources, ["a"]);
}

#[test]
fn the_median_is_taken_and_an_outlier_named() {
    let quotes = told(&[("a", 300.0), ("b", 310.0), ("c", 306.0), ("liar", 459.0)]);
    let taken = quote(&quotes, 1);
    assert_eq!(taken.value, 306.0);
    assert_eq!(taken.sources, ["a", "b", "c"]);
    assert_eq!(
        taken.refused,
        ["liar: 459 is 1.5 times the median of the others, 306; allowed: a factor of 1.25"]
    );
    let low = told(&[("a", 300.0), ("b", 310.0), ("liar", 200.0)]);
    let taken = quote(&low, 1);
    assert_eq!((taken.value, taken.sources.len()), (305.0, 2));
    assert!(
        taken.refused[0].contains("liar: 200 is 1/1.5 of the median"),
        "{taken:?}"
    );
}

#[test]
fn of_two_that_disagree_the_one_nearer_to_the_last_belief_is_taken() {
    let mut quotes = told(&[("a", 300.0)]);
    tell(&mut quotes, &[("b", 420.0)], 1);
    let taken = quote(&quotes, 1);
    assert_eq!((taken.value, taken.sources.len()), (300.0, 1));
    assert_eq!(
        taken.refused,
        ["b: 420 is 1.4 times what a says 300; allowed: a factor of 1.25"]
    );
    // It comes back, and both count again.
    tell(&mut quotes, &[("b", 310.0)], 2);
    assert_eq!(quote(&quotes, 2).value, 305.0);
    assert_eq!(quote(&quotes, 2).refused, [""; 0]);
}

#[test]
fn of_several_that_all_disagree_the_nearest_to_the_last_belief_is_taken() {
    let mut quotes = told(&[("a", 100.0)]);
    tell(&mut quotes, &[("b", 150.0), ("c", 60.0)], 1);
    let taken = quote(&quotes, 1);
    assert_eq!(taken.sources, ["a"]);
    assert_eq!(taken.refused.len(), 2);
    // Nothing was believed before: the careful one in the middle.
    let all = [price(100.0, 0), price(150.0, 0)];
    let mut quotes = Quotes::default();
    for (source, reading) in ["a", "b"].iter().zip(&all) {
        quotes.keep(source, reading, minute(0));
    }
    assert_eq!(quote(&quotes, 0).value, 100.0);
}

#[test]
fn an_old_price_is_still_answered_but_marked() {
    let mut quotes = told(&[("a", 300.0), ("b", 310.0)]);
    assert!(!quote(&quotes, 60).stale);
    let old = quote(&quotes, 61);
    assert_eq!((old.value, old.stale, old.at), (305.0, true, minute(0)));
    // Of what is fresh and what is not, only the fresh counts.
    tell(&mut quotes, &[("b", 320.0)], 70);
    let taken = quote(&quotes, 70);
    assert_eq!((taken.value, taken.stale), (320.0, false));
    assert_eq!(taken.sources, ["b"]);
}

#[test]
fn what_is_older_than_what_is_kept_or_from_the_future_is_left_out() {
    let mut quotes = told(&[("a", 300.0)]);
    quotes.take("a", &[price(200.0, -5)], minute(1));
    quotes.take("a", &[price(200.0, 12)], minute(1));
    quotes.take("a", &[price(-1.0, 1)], minute(1));
    assert_eq!(quote(&quotes, 1).value, 300.0);
}

#[test]
fn a_clock_that_ran_ahead_does_not_freeze_the_price() {
    let mut quotes = Quotes::default();
    quotes.take("a", &[price(900.0, 10_000)], minute(10_000));
    // The clock is right again.
    assert_eq!(quotes.quote(Coin::Monero, Currency::Usd, minute(0)), None);
    tell(&mut quotes, &[("a", 300.0)], 1);
    assert_eq!(quote(&quotes, 1).value, 300.0);
}

#[test]
fn the_network_comes_whole_from_one_source() {
    let network = |difficulty: f64, block_reward: f64| Reading {
        coin: Coin::Monero,
        figure: Figure::Network(Network {
            difficulty,
            hashes_per_difficulty: hashes_per_difficulty(Coin::Monero),
            block_reward,
            block_seconds: 120.0,
            network_hash_rate: None,
        }),
        at: minute(0),
    };
    let mut quotes = Quotes::default();
    for (source, reading) in [
        ("a", network(4.0e11, 0.6)),
        ("b", network(4.2e11, 0.61)),
        ("c", network(4.4e11, 0.6)),
        ("liar", network(4.0e11, 6.0)),
    ] {
        quotes.take(source, &[reading], minute(0));
    }
    let taken = quotes.network(Coin::Monero, minute(0)).expect("a network");
    assert_eq!(
        (taken.network.difficulty, taken.network.block_reward),
        (4.2e11, 0.61)
    );
    assert_eq!(taken.sources, ["a", "b", "c"]);
    assert!(taken.refused[0].starts_with("liar:"), "{taken:?}");
    assert!(quotes.network(Coin::Monero, minute(61)).expect("old").stale);
}
