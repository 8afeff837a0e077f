//! Answers recorded from real sources and pools: each is read as what it is.

mod common;

use common::{good, heard_at, play, sample, shapes};
use idlewatt_market::account::{AccountError, Family, Payment, PoolAccount, Worker};
use idlewatt_market::amount::Amount;
use idlewatt_market::coin::Coin;
use idlewatt_market::quotes::Quotes;
use idlewatt_market::source::{Currency, Figure, Network, Reading, Shape, parse};
use jiff::Timestamp;

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).expect("in range")
}

fn readings(shape: &Shape, note: &str) -> Vec<Reading> {
    let parsed = parse(shape, &sample(note).to_string(), heard_at()).expect("reads");
    assert_eq!(parsed.refused, []);
    assert!(
        parsed
            .readings
            .iter()
            .all(|one| one.at == time(1_795_309_710))
    );
    parsed.readings
}

fn price(currency: Currency, value: f64) -> Figure {
    Figure::Price { currency, value }
}

const RAVENCOIN: Network = Network {
    difficulty: 60_000.0,
    hashes_per_difficulty: 4_294_967_296.0,
    block_reward: 2500.0,
    block_seconds: 60.0,
    network_hash_rate: Some(4.4e12),
};

#[test]
fn whattomine() {
    let figures: Vec<_> = readings(&Shape::WhatToMine, "WhatToMine")
        .iter()
        .map(|one| (one.coin, one.figure))
        .collect();
    assert_eq!(
        figures,
        [
            (Coin::Ravencoin, price(Currency::Btc, 2.0e-7)),
            (Coin::Ravencoin, Figure::Network(RAVENCOIN)),
        ]
    );
}

#[test]
fn coingecko() {
    let figures: Vec<_> = readings(&Shape::CoinGecko, "CoinGecko")
        .iter()
        .map(|one| (one.coin, one.figure))
        .collect();
    assert_eq!(
        figures,
        [
            (Coin::Monero, price(Currency::Usd, 312.4)),
            (Coin::Monero, price(Currency::Btc, 0.0031)),
            (Coin::Ravencoin, price(Currency::Usd, 0.018)),
            (Coin::Ravencoin, price(Currency::Btc, 2.0e-7)),
        ]
    );
}

#[test]
fn an_operator_can_point_at_the_same_figures() {
    let [_, _, json] = shapes();
    let parsed = |note| parse(&json, &sample(note).to_string(), heard_at()).expect("reads");
    assert_eq!(
        parsed("CoinGecko").readings[0].figure,
        price(Currency::Usd, 0.018)
    );
    let network = parsed("WhatToMine").readings[0].figure;
    assert_eq!(
        network,
        Figure::Network(Network {
            difficulty: 61_000.0,
            ..RAVENCOIN
        })
    );
}

#[test]
fn both_together_give_a_price_and_a_network() {
    let mut quotes = Quotes::default();
    quotes.take(
        "whattomine",
        &readings(&Shape::WhatToMine, "WhatToMine"),
        heard_at(),
    );
    quotes.take(
        "coingecko",
        &readings(&Shape::CoinGecko, "CoinGecko"),
        heard_at(),
    );
    let quote = quotes
        .quote(Coin::Ravencoin, Currency::Btc, heard_at())
        .expect("a quote");
    assert_eq!((quote.value, quote.stale), (2.0e-7, false));
    assert_eq!(quote.sources, ["coingecko", "whattomine"]);
    let network = quotes
        .network(Coin::Ravencoin, heard_at())
        .expect("a network");
    assert_eq!(network.network, RAVENCOIN);
}

fn account(family: Family) -> PoolAccount {
    let account = play(family, |request| (200, good(family, request).to_string()));
    let account = account.expect("an account");
    assert_eq!(account.notes, [""; 0], "{family:?}");
    account
}

fn worker(name: &str, hash_rate: Option<f64>, shares: Option<(u64, u64)>) -> Worker {
    Worker {
        name: name.to_owned(),
        hash_rate,
        last_share: Some(time(1_795_309_710)),
        valid: shares.map(|(valid, _)| valid),
        invalid: shares.map(|(_, invalid)| invalid),
    }
}

fn payment(amount: Amount, transaction: &str) -> Payment {
    Payment {
        amount,
        at: Some(time(1_795_300_000)),
        transaction: Some(transaction.to_owned()),
    }
}

#[test]
fn two_miners() {
    let account = account(Family::TwoMiners);
    let rvn = |atomic| Amount::of(Coin::Ravencoin, atomic);
    assert_eq!(account.confirmed, rvn(123_456));
    assert_eq!(
        (account.immature, account.paid),
        (Some(rvn(2345)), rvn(900_000))
    );
    assert_eq!(account.payments, [payment(rvn(500_000), "0xabc")]);
    assert_eq!(account.workers, [worker("rig1", Some(600.0), None)]);
}

#[test]
fn nodejs_pool() {
    let account = account(Family::NodejsPool);
    let xmr = |atomic| Amount::of(Coin::Monero, atomic);
    assert_eq!(
        (account.confirmed, account.paid),
        (xmr(2_100_000_000), xmr(0))
    );
    assert_eq!(
        (account.immature, account.threshold),
        (None, Some(xmr(300_000_000_000)))
    );
    assert_eq!(account.payments, [payment(xmr(3_000_000_000), "aa")]);
    assert_eq!(
        account.workers,
        [worker("rig1", Some(1200.0), Some((1000, 1)))]
    );
}

#[test]
fn cryptonote() {
    let account = account(Family::Cryptonote);
    let zano = |atomic| Amount::of(Coin::Zano, atomic);
    assert_eq!(
        (account.confirmed, account.paid),
        (zano(1_234_567), zano(0))
    );
    assert_eq!(account.threshold, Some(zano(100_000_000_000)));
    assert_eq!(account.payments, [payment(zano(100_000_000), "txhash")]);
    assert_eq!(account.workers, [worker("rig1", Some(1200.0), None)]);
}

#[test]
fn cryptonote_does_not_know_the_address() {
    let unknown = sample("cryptonote-nodejs-pool unknown").to_string();
    let answer = |request: &str| match request {
        "address" => (200, unknown.clone()),
        other => (200, good(Family::Cryptonote, other).to_string()),
    };
    let error = play(Family::Cryptonote, answer).expect_err("unknown");
    let said = "Not found".to_owned();
    assert_eq!(error, AccountError::UnknownAddress { said });
}

#[test]
fn nicehash() {
    let account = account(Family::NiceHash);
    let btc = |atomic| Amount::of(Coin::Bitcoin, atomic);
    assert_eq!(
        (account.confirmed, account.immature),
        (btc(0), Some(btc(1234)))
    );
    assert_eq!(account.paid, btc(100_000));
    assert_eq!(
        (account.workers.len(), account.workers[0].hash_rate),
        (1, None)
    );
    assert_eq!(account.workers[0].name, "Rig1");
}

#[test]
fn unmineable() {
    let account = account(Family::UnMineable);
    let xmr = |atomic| Amount::of(Coin::Monero, atomic);
    assert_eq!(account.confirmed, xmr(2_102_840_000));
    assert_eq!(account.threshold, Some(xmr(30_000_000_000)));
    assert_eq!(account.workers, [worker("rig1", Some(1167.0), None)]);
}

#[test]
fn no_sample_is_left_out() {
    // Two of the market, eight of pools: all named above.
    assert_eq!(common::count(), 10);
}
