//! Settings that say where something is: hubs' updates, pools, proxies, sources of the market.

use std::path::PathBuf;

use idlewatt_config::{SettingsError, load};
use tempfile::TempDir;

fn file(text: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("config.toml");
    std::fs::write(&path, text).expect("written");
    (directory, path)
}

fn refused(text: &str) -> String {
    let (_directory, path) = file(text);
    match load(Some(&path), &[]) {
        Err(error @ SettingsError::Wrong(_)) => error.to_string(),
        other => panic!("{text} was not refused: {other:?}"),
    }
}

#[test]
fn a_proxy_is_one_of_two_kinds_and_a_fingerprint_has_64_digits() {
    for right in ["socks5://proxy:1080", "http://me:pass@word@[::1]:3128"] {
        let (_folder, path) = file(&format!("[network]\nproxy = \"{right}\"\n"));
        let settings = load(Some(&path), &[]).expect(right).settings;
        assert_eq!(settings.network.proxy.as_deref(), Some(right));
    }
    for wrong in [
        "proxy:1080",
        "https://proxy:1",
        "socks5://proxy",
        "socks5://:1080",
        "http://proxy:1/path",
        "socks5://a b@proxy:1",
    ] {
        let told = refused(&format!("[network]\nproxy = \"{wrong}\"\n"));
        assert!(told.contains("socks5://HOST:PORT"), "{told}");
    }
    let digits = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let pool = |fingerprint: &str| format!("[pool]\nfingerprint = \"{fingerprint}\"\n");
    let (_folder, path) = file(&pool(digits));
    let settings = load(Some(&path), &[]).expect("good").settings;
    assert_eq!(settings.pool.fingerprint.as_deref(), Some(digits));
    let two = format!("{digits}, {}", digits.to_uppercase());
    let (_folder, path) = file(&pool(&two));
    let settings = load(Some(&path), &[]).expect("good").settings;
    assert_eq!(settings.pool.fingerprint, Some(two));
    let and_nothing = format!("{digits},");
    for wrong in [
        "e3b0",
        &digits[1..],
        &format!("{digits}0"),
        "none",
        &and_nothing,
    ] {
        assert!(refused(&pool(wrong)).contains("64 hexadecimal digits"));
    }
}

#[test]
fn pools_that_stand_in_may_know_the_user_by_another_name() {
    let pools = |list: &str| {
        format!("[pool]\nurl = \"stratum+tcp://a:1\"\nuser = \"me\"\nfallback_urls = {list}\n")
    };
    let (_folder, path) = file(&pools(
        r#"["stratum+tcp://b:2", "stratum+ssl://you@c:3", "stratum+tcp://you.rig:p@s:s@[::1]:4"]"#,
    ));
    let settings = load(Some(&path), &[]).expect("good").settings;
    let read: Vec<_> = settings
        .pool
        .fallback_urls
        .iter()
        .map(|pool| {
            (
                pool.url.as_str(),
                pool.user.as_deref(),
                pool.password.as_deref(),
            )
        })
        .collect();
    let expected = [
        ("stratum+tcp://b:2", None, None),
        ("stratum+ssl://c:3", Some("you"), None),
        ("stratum+tcp://[::1]:4", Some("you.rig"), Some("p@s:s")),
    ];
    assert_eq!(read, expected);
    let many = format!("[{}]", ["\"stratum+tcp://b:2\""; 17].join(", "));
    for wrong in [
        "\"stratum+tcp://b:2\"",
        "[\"b:2\"]",
        "[\"http://b:2\"]",
        "[\"stratum+tcp://b\"]",
        "[\"stratum+tcp://@b:2\"]",
        "[3]",
        &many,
    ] {
        let told = refused(&pools(wrong));
        assert!(
            told.contains("line 4") && told.contains("USER:PASSWORD@ before HOST"),
            "{told}"
        );
    }
}

#[test]
fn sources_of_the_market_are_of_a_known_kind() {
    let market = |list: &str| format!("[market]\nsources = {list}\n");
    let (_folder, path) = file(&market(
        r#"["whattomine", "coingecko http://127.0.0.1:8080/prices"]"#,
    ));
    let settings = load(Some(&path), &[]).expect("good").settings;
    let read = settings.market.sources.iter();
    let read: Vec<_> = read
        .map(|source| (source.shape.as_str(), source.url.as_deref()))
        .collect();
    let here = Some("http://127.0.0.1:8080/prices");
    assert_eq!(read, [("whattomine", None), ("coingecko", here)]);
    for wrong in [
        "\"whattomine\"",
        "[\"binance\"]",
        "[\"coingecko http://prices.example.net\"]",
        "[\"coingecko ftp://127.0.0.1\"]",
        "[1]",
    ] {
        let told = refused(&market(wrong));
        assert!(
            told.contains("line 2") && told.contains("whattomine"),
            "{told}"
        );
    }
    for wrong in ["-1", "51", "\"1 %\"", "nan"] {
        let told = refused(&format!("[market]\npool_fee_percent = {wrong}\n"));
        assert!(told.contains("from 0 to 50"), "{told}");
    }
}

#[test]
fn a_pools_account_is_asked_for_at_a_known_kind_of_pool() {
    let pool = |account: &str| format!("[pool]\naccount = \"{account}\"\n");
    let read = |text: &str| {
        let (_folder, path) = file(&pool(text));
        let account = load(Some(&path), &[]).expect(text).settings.pool.account;
        let account = account.expect("one");
        (account.family, account.url, account.coin)
    };
    let own = |text: &str| text.to_owned();
    assert_eq!(
        read("nodejs-pool https://supportxmr.com/api/"),
        (own("nodejs-pool"), own("https://supportxmr.com/api"), None)
    );
    assert_eq!(
        read("unmineable http://127.0.0.1:8080 ZANO"),
        (
            own("unmineable"),
            own("http://127.0.0.1:8080"),
            Some(own("ZANO"))
        )
    );
    for wrong in [
        "2miners",
        "f2pool https://f2pool.com",
        "2miners http://rvn.2miners.com",
        "2miners https://rvn.2miners.com?x=1",
        "2miners https://rvn.2miners.com DOGE",
        "2miners https://rvn.2miners.com RVN more",
    ] {
        let told = refused(&pool(wrong));
        assert!(
            told.contains("line 2") && told.contains("nodejs-pool"),
            "{told}"
        );
    }
}

#[test]
fn updates_come_from_elsewhere_only_by_https() {
    for right in [
        "https://updates.example.net",
        "https://updates.example.net:8443/a/b/",
        "http://127.0.0.1:8000/x",
        "http://localhost",
        "http://[::1]:80",
        "",
    ] {
        let (_directory, path) = file(&format!("[update]\nurl = \"{right}\"\n"));
        let url = load(Some(&path), &[]).expect(right).settings.update.url;
        let expected = right.trim_end_matches('/');
        assert_eq!(url.unwrap_or_default(), expected);
    }
    for wrong in [
        "http://updates.example.net",
        "http://127.0.0.1.example.net",
        "http://localhost@example.net",
        "https://user@example.net",
        "https://example.net/?x",
        "file:///updates",
        "ftp://127.0.0.1",
    ] {
        let told = refused(&format!("[update]\nurl = \"{wrong}\"\n"));
        assert!(
            told.contains("update.url") && told.contains("https://HOST"),
            "{told}"
        );
    }
}

#[test]
fn pools_beside_the_first_are_as_the_first_and_have_an_algorithm_of_their_own() {
    let first = "[pool]\nurl = \"stratum+tcp://a:1\"\nuser = \"me\"\n";
    let other =
        "[[other_pools]]\nurl = \"stratum+ssl://b:2\"\nuser = \"us\"\nalgorithm = \"kawpow\"\n";
    let file = std::path::Path::new("config.toml");
    let read = |text: &str| idlewatt_config::check(Some((file, text)), &[]);
    let settings = read(&format!("{first}{other}")).expect("right").settings;
    let pools: Vec<_> = settings.pools().collect();
    assert_eq!(pools.len(), 2);
    assert_eq!(pools[1].user, "us");
    assert_eq!(pools[1].password, "x");
    assert_eq!(pools[1].account, None);
    assert_eq!(read("").expect("right").settings.pools().count(), 0);
    let refused = |text: &str| read(text).expect_err(text).to_string();
    for (text, line, told) in [
        (other.to_owned(), 1, "pool.url is not"),
        (
            format!("{first}{}", other.replace("kawpow", "randomx")),
            4,
            "two pools for randomx; allowed: one for each algorithm",
        ),
        (
            format!("{first}{}", other.replace("algorithm = \"kawpow\"\n", "")),
            4,
            "has no algorithm; needed: algorithm, url, user",
        ),
        (
            format!("{first}{}", other.replace("kawpow", "scrypt")),
            7,
            "other_pools.algorithm = \"scrypt\" is not allowed",
        ),
        (
            format!("{first}{}", other.replace("stratum+ssl", "https")),
            5,
            "stratum+ssl://HOST:PORT",
        ),
        (
            format!("{first}{}", other.replace("\"us\"", "\"\"")),
            6,
            "what the pool knows you by",
        ),
        (
            format!("{first}{other}pasword = \"x\"\n"),
            8,
            "unknown setting other_pools.pasword",
        ),
        (format!("other_pools = 3\n{first}"), 1, "[[other_pools]]"),
        (
            format!("{first}{other}{}", other.replace("b:2", "c:3")),
            4,
            "two pools for kawpow",
        ),
    ] {
        let reason = refused(&text);
        assert!(reason.contains(&format!("line {line}:")), "{reason}");
        assert!(reason.contains(told), "{reason}");
    }
}
