//! Against sums made by hand.

use idlewatt_config::check;
use idlewatt_market::choice::{Decision, Omission};
use idlewatt_market::quotes::Settings;
use idlewatt_market::source::{Figure, Network, Reading};
use idlewatt_protocol::Money;

use super::*;
use crate::engine::ProcessorId;

fn settings(text: &str) -> AgentSettings {
    let file = std::path::Path::new("config.toml");
    check(Some((file, text)), &[]).expect("right").settings
}

fn cpu() -> engine::Processor {
    engine::Processor {
        id: ProcessorId::cpu(),
        kind: ProcessorKind::Cpu,
        name: "A CPU".into(),
        bus: None,
        software: false,
        memory: None,
        threads: 10,
        driver: String::new(),
    }
}

fn measured(algorithm: Algorithm, rate: f64) -> Benchmark {
    Benchmark {
        processor: "cpu".into(),
        algorithm,
        rate,
        unit: "H/s".into(),
        seconds: 6.0,
        note: None,
        measured_at: now(),
    }
}

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().expect("a time")
}

/// Monero at 200 $ and a coin in 5 * 10^11 hashes.
fn quotes(at: Timestamp) -> Quotes {
    let mut quotes = Quotes::new(Settings::default()).expect("sensible");
    let reading = |figure| Reading {
        coin: Coin::Monero,
        figure,
        at,
    };
    let price = Figure::Price {
        currency: Currency::Usd,
        value: 200.0,
    };
    let network = Figure::Network(Network {
        difficulty: 3e11,
        hashes_per_difficulty: 1.0,
        block_reward: 0.6,
        block_seconds: 120.0,
        network_hash_rate: None,
    });
    quotes.take("a source", &[reading(price), reading(network)], now());
    quotes
}

fn offer(algorithm: Algorithm, asset: Asset, atomic: i128) -> WorkOffer {
    WorkOffer {
        algorithm: algorithm.name().into(),
        upstream: "monerod".into(),
        credit_per_terahash: Money { asset, atomic },
        available: true,
        stratum_port: None,
        stratum_tls_port: None,
    }
}

fn made(settings: &AgentSettings, quotes: &Quotes, offers: &[WorkOffer]) -> Table {
    let benchmarks = [
        measured(Algorithm::RandomX, 10_000.0),
        measured(Algorithm::Sha256d, 1e8),
    ];
    table(&Inputs {
        settings,
        processors: &[cpu()],
        benchmarks: &benchmarks,
        quotes,
        offers,
        hub: "hub.example",
        pools: &BTreeMap::new(),
        days: &Days::default(),
        power: &PowerMeter::default(),
        // RandomX's memory was made in 7.5 s.
        prepared: &[(("cpu".into(), Algorithm::RandomX), 7.5)].into(),
        now: now(),
    })
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
}

#[test]
fn every_term_is_as_made_by_hand() {
    let settings =
        settings("[electricity]\nprice = 0.25\nwatts = 10\n[market]\npool_fee_percent = 2\n");
    let table = made(&settings, &quotes(now()), &[]);
    assert_eq!(table.unknown, [Coin::Bitcoin]);
    let outcome = &table.processors[0].outcome;
    let [terms] = outcome.terms.as_slice() else {
        panic!("{outcome:?}");
    };
    // 864 million hashes a day, of 5 * 10^11 to a coin of 200 $.
    near(terms.gross_a_day, 0.3456);
    near(terms.fee_a_day, 0.006_912);
    near(terms.electricity_a_day.expect("known"), 0.06);
    near(terms.net_a_day, 0.3456 - 0.006_912 - 0.06);
    near(terms.switch_seconds, 7.5);
    near(terms.switch_cost, (0.3456 - 0.006_912) * 7.5 / 86_400.0);
    assert_eq!(terms.work.source, Source::Pool("any".into()));
    assert_eq!(outcome.decision.work(), Some(&terms.work));
    assert!(!table.coins[0].stale);
}

#[test]
fn a_hub_is_compared_with_pools_and_practice_is_not_money() {
    let settings = settings("[market]\npool_fee_percent = 2\n");
    // 2.1 coins for 10^12 hashes: more than the 1.96 that a pool leaves.
    let offers = [
        offer(Algorithm::RandomX, Asset::Monero, 2_100_000_000_000),
        offer(Algorithm::Sha256d, Asset::Practice, 1_000_000_000_000),
    ];
    let table = made(&settings, &quotes(now()), &offers);
    let outcome = &table.processors[0].outcome;
    assert_eq!(outcome.terms.len(), 2, "{outcome:?}");
    let best = outcome.decision.work().expect("work");
    assert_eq!(best.source, Source::Hub("hub.example".into()));
    near(outcome.terms[0].net_a_day, 0.362_88);
    assert_eq!(outcome.terms[0].electricity_a_day, None);

    let mut away = offers;
    away[0].available = false;
    let table = made(&settings, &quotes(now()), &away);
    let outcome = &table.processors[0].outcome;
    let gone = outcome.left_out.iter().map(|one| &one.why);
    assert!(gone.eq([&Omission::Unavailable]), "{outcome:?}");
    assert_eq!(
        outcome.decision.work().map(|work| &work.source),
        Some(&Source::Pool("any".into()))
    );
}

#[test]
fn what_costs_more_than_it_brings_is_said_and_old_figures_are_marked() {
    let dear = settings("[electricity]\nprice = 5.0\nwatts = 10\n");
    let table = made(&dear, &quotes(now()), &[]);
    let outcome = &table.processors[0].outcome;
    assert!(
        matches!(outcome.decision, Decision::Rest { .. }),
        "{outcome:?}"
    );
    let old = now() - jiff::SignedDuration::from_hours(5);
    let table = made(&settings(""), &quotes(old), &[]);
    assert!(table.coins[0].stale && table.processors[0].outcome.terms[0].stale);
    let nothing = Quotes::new(Settings::default()).expect("sensible");
    let table = made(&settings(""), &nothing, &[]);
    assert_eq!(table.unknown, [Coin::Bitcoin, Coin::Monero]);
    assert_eq!(table.processors[0].outcome.terms, []);
}

#[test]
fn the_owners_watts_are_shared_out_and_the_pool_of_the_settings_has_its_name() {
    let settings = settings(
        "[electricity]\nwatts = 210\n[pool]\nurl = \"stratum+ssl://p.example:1\"\nuser = \"me\"\n",
    );
    let card = engine::Processor {
        id: ProcessorId("gpu-1".into()),
        kind: ProcessorKind::Gpu,
        threads: 1,
        ..cpu()
    };
    let benchmarks = [measured(Algorithm::RandomX, 10_000.0)];
    let quotes = quotes(now());
    let table = table(&Inputs {
        settings: &settings,
        processors: &[cpu(), card],
        benchmarks: &benchmarks,
        quotes: &quotes,
        offers: &[],
        hub: "",
        pools: &BTreeMap::new(),
        days: &Days::default(),
        power: &PowerMeter::default(),
        prepared: &Prepared::new(),
        now: now(),
    });
    assert_eq!(
        table.processors.len(),
        1,
        "nothing was measured of the card"
    );
    let terms = &table.processors[0].outcome.terms[0];
    // 10 threads of 6 W beside a card of 150 W.
    near(terms.power.watts, 60.0);
    assert_eq!(terms.work.source, Source::Pool("p.example:1".into()));
}
