//! Prices over Bitcoin.

use super::*;

fn quotes(readings: &[Reading]) -> Quotes {
    let mut quotes = Quotes::default();
    quotes.take("a", readings, minute(0));
    quotes
}

#[test]
fn dollars_are_worked_out_over_bitcoin() {
    let quotes = quotes(&[
        price_of(Coin::Ravencoin, Currency::Btc, 2.0e-7, 0),
        price_of(Coin::Bitcoin, Currency::Usd, 90_000.0, -30),
        price_of(Coin::Bitcoin, Currency::Krw, 1.2e8, 0),
    ]);
    let dollars = quotes
        .quote(Coin::Ravencoin, Currency::Usd, minute(1))
        .expect("a cross rate");
    assert!((dollars.value - 0.018).abs() < 1e-12);
    assert_eq!((dollars.at, dollars.stale), (minute(-30), false));
    assert_eq!(dollars.sources, ["a (RVN in BTC)", "a (BTC in USD)"]);
    let won = quotes.quote(Coin::Ravencoin, Currency::Krw, minute(1));
    assert!((won.expect("a cross rate").value - 24.0).abs() < 1e-9);
    assert_eq!(
        quotes.quote(Coin::Ravencoin, Currency::Eur, minute(1)),
        None
    );
    // The dollar price of Bitcoin is older than an hour now.
    let later = quotes.quote(Coin::Ravencoin, Currency::Usd, minute(31));
    assert!(later.expect("a cross rate").stale);
}

#[test]
fn bitcoin_is_worked_out_over_dollars() {
    let quotes = quotes(&[
        price(300.0, 0),
        price_of(Coin::Bitcoin, Currency::Usd, 90_000.0, 0),
    ]);
    let value = quotes.quote(Coin::Monero, Currency::Btc, minute(1));
    assert!((value.expect("a cross rate").value - 300.0 / 90_000.0).abs() < 1e-12);
    let itself = quotes.quote(Coin::Bitcoin, Currency::Btc, minute(1));
    assert_eq!(itself.expect("one").value, 1.0);
}

#[test]
fn a_fresh_cross_rate_is_better_than_a_stale_price_and_nothing_else_is() {
    let mut quotes = quotes(&[price(300.0, 0)]);
    let over = [
        price_of(Coin::Monero, Currency::Btc, 0.0031, 90),
        price_of(Coin::Bitcoin, Currency::Usd, 100_000.0, 90),
    ];
    quotes.take("a", &over, minute(90));
    assert_eq!(quote(&quotes, 90).value, 0.0031 * 100_000.0);
    // All of it old: what was said of it itself.
    assert_eq!(quote(&quotes, 900).value, 300.0);
    tell(&mut quotes, &[("a", 305.0)], 95);
    assert_eq!(quote(&quotes, 95).value, 305.0);
}

#[test]
fn one_currency_is_compared_with_the_other_and_the_careful_one_is_believed() {
    let dollars = |value| [price_of(Coin::Monero, Currency::Usd, value, 0)];
    let over_bitcoin = |value: f64| {
        let mut quotes = quotes(&[]);
        let bitcoin = [price_of(Coin::Bitcoin, Currency::Usd, 100_000.0, 0)];
        quotes.take("in dollars", &bitcoin, minute(0));
        let readings = [price_of(Coin::Monero, Currency::Btc, value, 0)];
        quotes.take("in bitcoin", &readings, minute(0));
        quotes
    };
    // 300 $, and 310 $ over Bitcoin: near enough, and what is said counts.
    let mut quotes = over_bitcoin(0.0031);
    quotes.take("in dollars", &dollars(300.0), minute(0));
    let together = quote(&quotes, 0);
    assert_eq!(together.value, 300.0);
    assert_eq!(together.refused, [""; 0]);
    let sources = [
        "in dollars",
        "in bitcoin (XMR in BTC)",
        "in dollars (BTC in USD)",
    ];
    assert_eq!(together.sources, sources);
    // Thirty times as much, whoever says it: the lower is believed, and the other named.
    for (dollar_price, bitcoin_price) in [(9_000.0, 0.003), (300.0, 0.09)] {
        let mut quotes = over_bitcoin(bitcoin_price);
        quotes.take("in dollars", &dollars(dollar_price), minute(0));
        let careful = quote(&quotes, 0);
        assert!((careful.value - 300.0).abs() < 1e-9, "{careful:?}");
        assert!(
            matches!(careful.refused.as_slice(), [one] if one.contains("9000")),
            "{careful:?}"
        );
    }
    // What two say in dollars is believed against what comes out over Bitcoin, be that lower.
    let mut quotes = over_bitcoin(0.0001);
    quotes.take("in dollars", &dollars(300.0), minute(0));
    quotes.take("too", &dollars(301.0), minute(0));
    let two = quote(&quotes, 0);
    assert!((two.value - 300.5).abs() < 1.0, "{two:?}");
    assert_eq!(two.refused.len(), 1);
    // An old one is not compared with.
    let mut quotes = over_bitcoin(0.09);
    let later = [price_of(Coin::Monero, Currency::Usd, 300.0, 90)];
    quotes.take("in dollars", &later, minute(90));
    let alone = quote(&quotes, 90);
    assert_eq!((alone.value, alone.stale), (300.0, false));
    assert_eq!(alone.refused, [""; 0]);
}
