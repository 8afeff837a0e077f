//! Leaps that have to last, or be seen by another.

use super::*;

#[test]
fn a_jump_of_one_source_is_not_believed_at_once() {
    let mut quotes = told(&[("a", 300.0)]);
    tell(&mut quotes, &[("a", 900.0)], 5);
    let held = quote(&quotes, 5);
    assert_eq!((held.value, held.at, held.stale), (300.0, minute(0), false));
    assert_eq!(
        held.refused,
        ["a: 900 is 3 times the last believed 300; waits for a second source, or 30m"]
    );
}

#[test]
fn a_second_source_confirms_it() {
    let mut quotes = told(&[("a", 300.0)]);
    tell(&mut quotes, &[("a", 900.0), ("b", 880.0)], 5);
    let taken = quote(&quotes, 5);
    assert_eq!((taken.value, taken.refused.len()), (890.0, 0));
}

#[test]
fn half_an_hour_confirms_it_if_the_source_stays_with_it() {
    let mut quotes = told(&[("a", 300.0)]);
    for at in [5, 15, 25, 34] {
        tell(&mut quotes, &[("a", 100.0 + at as f64 / 10.0)], at);
        assert_eq!(quote(&quotes, at).value, 300.0, "minute {at}");
    }
    tell(&mut quotes, &[("a", 101.0)], 35);
    assert_eq!(quote(&quotes, 35).value, 101.0);
}

#[test]
fn the_same_old_answer_again_confirms_nothing() {
    let mut quotes = told(&[("a", 300.0)]);
    for now in [5, 20, 40, 55] {
        quotes.take("a", &[price(900.0, 5)], minute(now));
        assert_eq!(quote(&quotes, now).value, 300.0, "minute {now}");
    }
}

#[test]
fn going_back_and_forth_starts_anew() {
    let mut quotes = told(&[("a", 300.0)]);
    tell(&mut quotes, &[("a", 900.0)], 5);
    tell(&mut quotes, &[("a", 301.0)], 10);
    assert_eq!(quote(&quotes, 10).value, 301.0);
    tell(&mut quotes, &[("a", 900.0)], 15);
    tell(&mut quotes, &[("a", 100.0)], 30);
    tell(&mut quotes, &[("a", 100.0)], 46);
    assert_eq!(quote(&quotes, 46).value, 301.0);
    tell(&mut quotes, &[("a", 100.0)], 60);
    assert_eq!(quote(&quotes, 60).value, 100.0);
}

#[test]
fn after_an_hour_of_silence_another_price_is_no_jump() {
    let mut quotes = told(&[("a", 300.0)]);
    tell(&mut quotes, &[("a", 900.0)], 61);
    assert_eq!(quote(&quotes, 61).value, 900.0);
    // But one that began within the hour does not pass because the hour has.
    let mut quotes = told(&[("a", 300.0)]);
    tell(&mut quotes, &[("a", 900.0)], 59);
    tell(&mut quotes, &[("a", 900.0)], 62);
    assert_eq!(quote(&quotes, 62).value, 300.0);
    assert!(quote(&quotes, 62).stale);
}

#[test]
fn a_jump_beside_a_steady_source_is_left_out() {
    let mut quotes = told(&[("a", 300.0), ("b", 302.0)]);
    tell(&mut quotes, &[("a", 900.0), ("b", 303.0)], 5);
    let taken = quote(&quotes, 5);
    assert_eq!(taken.sources, ["b"]);
    assert_eq!(taken.value, 303.0);
    assert_eq!(taken.refused.len(), 1);
}
