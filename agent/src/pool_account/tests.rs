//! What is asked, and what is made of the answers.

use std::path::Path;

use idlewatt_config::check;

use super::*;

fn settings(pool: &str) -> AgentSettings {
    let text = format!("[pool]\nurl = \"stratum+tcp://p:1\"\n{pool}");
    let file = Path::new("config.toml");
    check(Some((file, &text)), &[]).expect("right").settings
}

fn account(confirmed: u128, paid: u128) -> PoolAccount {
    let amount = |atomic| Amount::of(Coin::Ravencoin, atomic);
    PoolAccount {
        coin: Coin::Ravencoin,
        confirmed: amount(confirmed),
        immature: None,
        paid: amount(paid),
        paid_is_listed: false,
        threshold: None,
        payments: Vec::new(),
        workers: Vec::new(),
        notes: Vec::new(),
    }
}

#[test]
fn the_address_is_what_stands_before_worker_difficulty_and_code() {
    for (user, expected) in [
        ("RAbc", "RAbc"),
        ("RAbc.rig-1", "RAbc"),
        ("48xyz+5000", "48xyz"),
        ("48xyz/rig", "48xyz"),
        ("ZANO:ZxAbc.rig#abcd-1234", "ZxAbc"),
        ("longprefix:x", "longprefix:x"),
    ] {
        assert_eq!(address(user), expected, "{user}");
    }
}

#[test]
fn what_is_paid_is_what_is_mined_unless_it_is_said() {
    let place = |pool: &str| {
        let place = Place::of(&settings(pool).pool)
            .expect("right")
            .expect("one");
        place.key
    };
    assert_eq!(
        place(
            "user = \"R1.rig\"\nalgorithm = \"kawpow\"\naccount = \"2miners https://rvn.2miners.com\"\n"
        ),
        "2miners https://rvn.2miners.com RVN R1"
    );
    assert_eq!(
        place("user = \"bc1q.rig\"\naccount = \"nicehash https://api2.nicehash.com\"\n"),
        "nicehash https://api2.nicehash.com BTC bc1q"
    );
    assert_eq!(
        place("user = \"ZANO:Zx.rig\"\naccount = \"unmineable https://api.unmineable.com ZANO\"\n"),
        "unmineable https://api.unmineable.com ZANO Zx"
    );
    let none = Place::of(&settings("user = \"me\"\n").pool).expect("right");
    assert!(none.is_none(), "nobody is asked unasked");
}

#[test]
fn a_balance_that_falls_is_said_and_the_newest_doubts_are_kept() {
    let at = |minute: i64| Timestamp::from_second(1_795_300_000 + 60 * minute).expect("a time");
    let mut earned = taken("pool", None, account(1_000, 0), at(0));
    assert_eq!(earned.doubts, []);
    earned = taken("pool", Some(earned), account(1_500, 0), at(1));
    assert_eq!(earned.doubts, [], "it grew");
    earned = taken("pool", Some(earned), account(0, 1_500), at(2));
    assert_eq!(earned.doubts, [], "it was paid");
    earned = taken("pool", Some(earned), account(0, 1_400), at(3));
    assert_eq!(earned.doubts.len(), 1);
    assert!(earned.doubts[0].what.contains("fell"), "{earned:?}");
    for minute in 4..100 {
        let confirmed = if minute % 2 == 0 { 900 } else { 100 };
        earned = taken("pool", Some(earned), account(confirmed, 1_400), at(minute));
    }
    assert_eq!(earned.doubts.len(), MOST_DOUBTS);
    assert_eq!(earned.doubts.last().expect("some").at, at(99));
    assert!(!earned.is_stale(at(130)) && earned.is_stale(at(99 + 61)));
}

#[test]
fn each_account_is_asked_once_whichever_pools_pay_to_it() {
    let other = |algorithm: &str, account: &str| {
        format!(
            "[[other_pools]]\nurl = \"stratum+tcp://q:2\"\nuser = \"48a.rig\"\nalgorithm = \"{algorithm}\"\naccount = \"{account}\"\n"
        )
    };
    let one = "nodejs-pool https://api.moneroocean.stream";
    let text = format!(
        "user = \"48a\"\nalgorithm = \"randomx\"\naccount = \"{one}\"\n{}{}",
        other("kawpow", &format!("{one} XMR")),
        other("progpowz", &format!("{one} ZANO")),
    );
    let settings = settings(&text);
    let places = Place::all(&settings).expect("right");
    let named: Vec<&str> = places.iter().map(|place| place.pool.as_str()).collect();
    let url = "https://api.moneroocean.stream";
    assert_eq!(named, [format!("{url} XMR"), format!("{url} ZANO")]);
    // Told once, too, the first pool's first; of another account nothing is told.
    let now = Timestamp::now();
    let mut accounts: PoolAccounts = places
        .iter()
        .map(|place| {
            (
                place.key.clone(),
                taken(&place.pool, None, account(1, 2), now),
            )
        })
        .collect();
    let somebody = taken("other", None, account(3, 4), now);
    accounts.insert("of somebody else".into(), somebody);
    let told = in_order(&settings, &accounts);
    let told: Vec<&str> = told.iter().map(|one| one.pool.as_str()).collect();
    assert_eq!(told, named);
}

#[test]
fn an_address_of_another_coin_is_seen_unless_the_coin_is_named() {
    let (ravencoin, bitcoin) = (
        "RXBurnXXXXXXXXXXXXXXXXXXXXXXWUo9FV",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    );
    for (user, pays, expected) in [
        (format!("{ravencoin}.rig"), Coin::Ravencoin, None),
        (
            format!("{ravencoin}.rig"),
            Coin::Monero,
            Some(Coin::Ravencoin),
        ),
        (bitcoin.to_owned(), Coin::Ravencoin, Some(Coin::Bitcoin)),
        (format!("BTC:{bitcoin}.rig#code"), Coin::Ravencoin, None),
        ("somebody.rig".to_owned(), Coin::Monero, None),
    ] {
        assert_eq!(of_another_coin(&user, pays), expected, "{user}");
    }
}
