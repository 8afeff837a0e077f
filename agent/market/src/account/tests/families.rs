//! The ways of the families.

use super::*;

fn two_miners() -> Value {
    json!({
        "config": {"minPayout": 1_000_000_000},
        "stats": {"balance": 100, "pending": 20, "immature": 3, "paid": 4000, "lastShare": 1_795_309_710},
        "workers": {"rig1": {"lastBeat": 1_795_309_710, "hr": 600, "sharesValid": 9, "sharesInvalid": 1}},
        "payments": [{"amount": 500, "timestamp": 1_795_300_000, "tx": "0xabc"}, {"timestamp": 5}],
    })
}

#[test]
fn two_miners_pays_what_is_pending() {
    let account = next(
        Family::TwoMiners,
        Coin::Ravencoin,
        &[("account", two_miners())],
    );
    let account = account.expect("an account");
    let rvn = |atomic| Amount::of(Coin::Ravencoin, atomic);
    assert_eq!(
        (account.confirmed, account.immature),
        (rvn(120), Some(rvn(3)))
    );
    assert_eq!(
        (account.paid, account.threshold),
        (rvn(4000), Some(rvn(1_000_000_000)))
    );
    assert_eq!(
        account.workers,
        [Worker {
            name: "rig1".into(),
            hash_rate: Some(600.0),
            last_share: time(1_795_309_710),
            valid: Some(9),
            invalid: Some(1),
        }]
    );
    assert_eq!(account.payments.len(), 1);
    assert_eq!(
        account.notes,
        ["request account, field payments.amount: found nothing; allowed: an amount"]
    );
    // Of a new account only the last share is known.
    let new = json!({"stats": {"lastShare": 1_795_309_710}, "payments": null, "workers": {}});
    let account =
        next(Family::TwoMiners, Coin::Ravencoin, &[("account", new)]).expect("an account");
    assert!(account.confirmed.is_zero() && account.notes.is_empty());
    let other = next(
        Family::TwoMiners,
        Coin::Ravencoin,
        &[("account", json!({"stats": {}}))],
    );
    assert!(matches!(other, Err(AccountError::Field { .. })));
}

#[test]
fn requests_name_the_encoded_address() {
    let lookup = Lookup::new(
        Family::NodejsPool,
        "https://api.moneroocean.stream",
        Coin::Monero,
        "4A/../b?c",
    );
    let requests = lookup.expect("a lookup").requests();
    assert_eq!(
        requests[0].url,
        "https://api.moneroocean.stream/miner/4A%2F..%2Fb%3Fc/stats"
    );
    let urls: Vec<_> = Family::ALL
        .map(|family| lookup_of(family).requests()[0].url.clone())
        .into();
    assert_eq!(
        urls,
        [
            "https://pool.example.org/api/accounts/4ABC",
            "https://pool.example.org/miner/4ABC/stats",
            "https://pool.example.org/stats_address?address=4ABC&longpoll=false",
            "https://pool.example.org/main/api/v2/mining/external/4ABC/rigs2?size=1000",
            "https://pool.example.org/v4/address/4ABC?coin=BTC",
        ]
    );
}

fn lookup_of(family: Family) -> Lookup {
    lookup(family, Coin::Bitcoin)
}

#[test]
fn what_is_not_yet_answered_is_asked_again_and_nothing_else() {
    for family in Family::ALL {
        let lookup = lookup_of(family);
        let Ok(Step::Ask(requests)) = lookup.next(&[]) else {
            panic!("{family:?} asks");
        };
        assert_eq!(requests, lookup.requests());
    }
    let lookup = lookup_of(Family::Cryptonote);
    let Ok(Step::Ask(requests)) = lookup.next(&answers(&[("pool", json!({}))])) else {
        panic!("asks");
    };
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].name, "address");
}

fn nodejs_pool() -> [(&'static str, Value); 4] {
    [
        (
            "stats",
            json!({"hash": 1200, "lastHash": 1_795_309_710, "amtPaid": "5", "amtDue": 2_100_000_000u64}),
        ),
        (
            "workers",
            json!({"global": {"hash": 1200}, "rig1": {"lts": false, "identifer": "rig1", "hash": 1200, "validShares": 1000, "invalidShares": 1}}),
        ),
        (
            "payments",
            json!([{"ts": 1_795_300_000, "amount": 3_000_000_000u64, "txnHash": "aa"}]),
        ),
        (
            "user",
            json!({"payout_threshold": 300_000_000_000u64, "email_enabled": 0}),
        ),
    ]
}

#[test]
fn nodejs_pool_is_read_from_four_answers() {
    let account = next(Family::NodejsPool, Coin::Monero, &nodejs_pool()).expect("an account");
    let xmr = |atomic| Amount::of(Coin::Monero, atomic);
    assert_eq!(
        (account.confirmed, account.paid),
        (xmr(2_100_000_000), xmr(5))
    );
    assert_eq!(
        (account.immature, account.threshold),
        (None, Some(xmr(300_000_000_000)))
    );
    assert_eq!(account.workers.len(), 1);
    assert_eq!(account.workers[0].last_share, None);
    assert_eq!(account.payments[0].transaction.as_deref(), Some("aa"));
    assert_eq!(account.notes, [""; 0]);
}

#[test]
fn what_may_fail_is_noted() {
    let mut all = answers(&nodejs_pool());
    all[1].text = "<html><title>502 Bad Gateway</title>".into();
    all[1].status = 502;
    all[2].text = "{\"error\":\"Issue getting miner payments\"}".into();
    all[3].status = 404;
    let Ok(Step::Done(account)) = lookup(Family::NodejsPool, Coin::Monero).next(&all) else {
        panic!("done");
    };
    assert_eq!(
        (
            account.workers.len(),
            account.payments.len(),
            account.threshold
        ),
        (0, 0, None)
    );
    assert_eq!(account.notes.len(), 3, "{:?}", account.notes);
    let all = account.notes.join("\n");
    assert!(
        all.contains("502 Bad Gateway") && all.contains("Issue getting"),
        "{all}"
    );
}

fn cryptonote(units: Value) -> [(&'static str, Value); 2] {
    [
        (
            "address",
            json!({
                "stats": {"balance": "1234567", "paid": "0", "minPayoutLevel": "100000000000", "lastShare": "1795309710"},
                "payments": ["txhash:100000000:15:15", "1795300000", "broken", "1795300001"],
                "workers": [{"name": "rig1", "hashrate": 1200, "lastShare": 1_795_309_710}, {}],
            }),
        ),
        (
            "pool",
            json!({"config": {"coinUnits": units, "symbol": "ZANO", "minPaymentThreshold": 5}}),
        ),
    ]
}

#[test]
fn cryptonote_counts_in_the_units_of_the_pool() {
    let zano = |atomic| Amount::of(Coin::Zano, atomic);
    let account = |units| next(Family::Cryptonote, Coin::Zano, &cryptonote(units));
    let usual = account(json!(1_000_000_000_000i64)).expect("an account");
    assert_eq!(usual.confirmed, zano(1_234_567));
    assert_eq!(usual.threshold, Some(zano(100_000_000_000)));
    assert_eq!(
        usual.payments,
        [Payment {
            amount: zano(100_000_000),
            at: time(1_795_300_000),
            transaction: Some("txhash".into()),
        }]
    );
    assert_eq!(usual.workers.len(), 1);
    assert_eq!(usual.notes.len(), 2, "{:?}", usual.notes);
    let coarse = account(json!("100000000")).expect("an account");
    assert_eq!(coarse.confirmed, zano(12_345_670_000));
    for strange in [json!(0), json!(3), json!(null), json!("1e12"), json!(-1)] {
        let error = account(strange).expect_err("no units").to_string();
        assert!(error.contains("config.coinUnits"), "{error}");
    }
    let other = next(Family::Cryptonote, Coin::Monero, &cryptonote(json!(1)));
    let expected = "the pool's coin: found \"ZANO\"; allowed: XMR";
    assert_eq!(other.expect_err("another coin").to_string(), expected);
}

#[test]
fn nicehash_sums_what_it_has_withdrawn() {
    let rig = |algorithm: &str, speed: f64| json!({"algorithm": {"enumName": algorithm}, "speedAccepted": speed});
    let all = [
        (
            "rigs",
            json!({
                "unpaidAmount": "0.00001234", "externalBalance": "0.5", "miningRigs": [
                    {"name": "one", "stats": [rig("KAWPOW", 20.5), rig("KAWPOW", 1.0)]},
                    {"rigId": "r2", "stats": [rig("KAWPOW", 20.5), rig("RANDOMXMONERO", 1.0)]},
                    {"name": "three", "stats": []},
                ],
            }),
        ),
        (
            "withdrawals",
            json!({"list": [{"id": "w1", "created": 1_795_300_000_000i64, "amount": "0.001"}, {"amount": 0.002}]}),
        ),
    ];
    let account = next(Family::NiceHash, Coin::Bitcoin, &all).expect("an account");
    let btc = |atomic| Amount::of(Coin::Bitcoin, atomic);
    assert_eq!(
        (account.confirmed, account.immature),
        (btc(50_000_000), Some(btc(1234)))
    );
    assert_eq!((account.paid, account.paid_is_listed), (btc(300_000), true));
    assert_eq!(account.payments[0].at, time(1_795_300_000));
    let rates: Vec<_> = account.workers.iter().map(|one| one.hash_rate).collect();
    assert_eq!(rates, [Some(21.5e6), None, None]);
    assert_eq!(account.workers[1].name, "r2");
    // Without its list there would be no sum.
    let mut broken = all;
    broken[1].1 = json!({"error_id": "x", "errors": [{"code": 1, "message": "Maintenance"}]});
    let error = next(Family::NiceHash, Coin::Bitcoin, &broken).expect_err("no list");
    assert!(error.to_string().contains("Maintenance"), "{error}");
    assert!(Lookup::new(Family::NiceHash, "https://a", Coin::Monero, "a").is_err());
}

#[test]
fn unmineable_is_asked_in_two_steps() {
    let lookup = lookup(Family::UnMineable, Coin::Monero);
    let data = json!({"uuid": "0000-11", "balance": "0.1", "payment_threshold": "0.03"});
    let mut all = answers(&[("address", json!({"success": true, "data": data}))]);
    let Ok(Step::Ask(requests)) = lookup.next(&all) else {
        panic!("asks for more");
    };
    let urls: Vec<_> = requests
        .iter()
        .map(|request| request.url.as_str())
        .collect();
    assert_eq!(
        urls,
        [
            "https://pool.example.org/v4/account/0000-11/stats",
            "https://pool.example.org/v4/account/0000-11/workers",
            "https://pool.example.org/v4/account/0000-11/payments?page=1",
        ]
    );
    let rig = json!({"name": "rig1", "online": true, "last": 1_795_309_710_000i64, "rhr": 1100, "chr": 1167});
    all.extend(answers(&[
        ("stats", json!({"success": true, "data": {"balance": "0.00210284", "paid": "0", "coin": "XMR"}})),
        ("workers", json!({"success": true, "data": {"randomx": {"workers": [rig]}, "ethash": {"workers": [rig, {}]}}})),
        ("payments", json!({"success": true, "data": {"list": [{"amount": "0.03", "tx": "aa", "date": "2026-11-22T01:00:00Z"}]}})),
    ]));
    let Ok(Step::Done(account)) = lookup.next(&all) else {
        panic!("done");
    };
    let xmr = |atomic| Amount::of(Coin::Monero, atomic);
    assert_eq!(account.confirmed, xmr(2_102_840_000));
    assert_eq!(account.threshold, Some(xmr(30_000_000_000)));
    let rates: Vec<_> = account.workers.iter().map(|one| one.hash_rate).collect();
    assert_eq!(rates, [None, Some(1167.0)]);
    assert_eq!(account.workers[0].last_share, time(1_795_309_710));
    assert_eq!(account.payments[0].amount, xmr(30_000_000_000));
    assert_eq!(account.notes.len(), 1, "{:?}", account.notes);
}
