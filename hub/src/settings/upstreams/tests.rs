use std::path::Path;

use super::*;

fn read(text: &str) -> Result<UpstreamsSettings, String> {
    let settings: UpstreamsSettings = toml::from_str(text).map_err(|error| error.to_string())?;
    settings.validate().map_err(|error| error.to_string())?;
    Ok(settings)
}

const NODE: &str = "[[sha256d]]\nkind = \"bitcoind\"\nurl = \"http://127.0.0.1:8332\"\n\
                    address = \"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4\"\n";
const POOL: &str = "kind = \"pool\"\nurl = \"stratum+tcp://pool.example:3333\"\nuser = \"me\"\n\
                    asset = \"BTC\"\ncredit_per_terahash = \"0.00000012\"\n";

#[test]
fn an_algorithm_without_a_list_has_practice_work() {
    let settings = read("").expect("valid");
    assert_eq!(settings, UpstreamsSettings::default());
    for algorithm in Algorithm::ALL {
        assert_eq!(settings.of(algorithm), [UpstreamSettings::Practice]);
    }
}

#[test]
fn lists_keep_their_order_and_passwords_stay_unseen() {
    let text = format!(
        "{NODE}user = \"u\"\npassword = \"hush\"\n[[sha256d]]\n{POOL}password = \"hush\"\n\
         [[sha256d]]\nkind = \"practice\"\n"
    );
    let settings = read(&text).expect("valid");
    let list = settings.of(Algorithm::Sha256d);
    let names: Vec<&str> = list.iter().map(UpstreamSettings::name).collect();
    assert_eq!(names, ["bitcoind", "pool", "practice"]);
    assert!(!format!("{settings:?}").contains("hush"));
    let UpstreamSettings::Bitcoind(node) = &list[0] else {
        panic!("{list:?}");
    };
    assert_eq!(
        node.credentials(),
        Credentials::Password("u".into(), "hush".into())
    );
    assert!(!format!("{:?}", node.credentials()).contains("hush"));
    let UpstreamSettings::Pool(pool) = &list[1] else {
        panic!("{list:?}");
    };
    let (address, credit) = pool.checked("here").expect("valid");
    assert_eq!(address, Address::plain("pool.example", 3333));
    assert_eq!(credit.atomic, 12);
}

#[test]
fn a_pool_may_be_under_tls() {
    for scheme in ["ssl", "tls"] {
        let text = format!(
            "[[sha256d]]\n{}ca_file = \"pool.pem\"\n",
            POOL.replace("tcp", scheme)
        );
        let settings = read(&text).expect("valid");
        let UpstreamSettings::Pool(pool) = &settings.sha256d[0] else {
            panic!("{settings:?}");
        };
        let (address, _) = pool.checked("here").expect("valid");
        assert!(address.tls && address.authority() == "pool.example:3333");
        assert_eq!(pool.ca_file.as_deref(), Some(Path::new("pool.pem")));
    }
}

#[test]
fn what_cannot_be_used_is_named_with_its_value_and_what_is_allowed() {
    let pool = |change: &dyn Fn(&str) -> String| format!("[[sha256d]]\n{}", change(POOL));
    let second = |algorithm: &str, text: &str| {
        format!("[[{algorithm}]]\nkind = \"practice\"\n[[{algorithm}]]\n{text}")
    };
    let monerod = "kind = \"monerod\"\nurl = \"http://node\"\nwallet = \"4short\"\n";
    for (text, words) in [
        (
            "[[sha256d]]\nkind = \"p2p\"".to_owned(),
            vec!["p2p", "bitcoind"],
        ),
        (format!("{NODE}colour = 1"), vec!["colour", "cookie_file"]),
        (
            format!("{NODE}user = \"u\""),
            vec!["upstreams.sha256d[0].user is u;", "password"],
        ),
        (
            format!("{NODE}cookie_file = \"a\"\npassword_file = \"b\""),
            vec!["upstreams.sha256d[0].password", "one of"],
        ),
        (
            NODE.replace("http://", "http://u:hush@"),
            vec![
                "upstreams.sha256d[0].url is 127.0.0.1:8332;",
                "without user",
            ],
        ),
        (
            NODE.replace("bc1q", "bc 1q"),
            vec!["upstreams.sha256d[0].address is bc 1q", "a whole Bitcoin"],
        ),
        (
            NODE.replace("sha256d", "randomx"),
            vec![
                "upstreams.randomx[0].kind is bitcoind for randomx;",
                "bitcoind for sha256d",
            ],
        ),
        (
            second("randomx", monerod),
            vec![
                "upstreams.randomx[1].wallet is 4short;",
                "a whole Monero address",
            ],
        ),
        (
            second("randomx", &monerod.replace("http:", "ftp:")),
            vec!["upstreams.randomx[1].url is ftp://node;", "http://"],
        ),
        (
            second("kawpow-test", &POOL.replace("stratum", "tratum")),
            vec![
                "upstreams.kawpow-test[1].url is tratum+tcp://pool.example:3333;",
                "stratum+ssl://HOST:PORT",
            ],
        ),
        (
            format!("{NODE}{NODE}"),
            vec!["upstreams.sha256d[1].name is bitcoind;", "its own"],
        ),
        (
            format!("[[kawpow]]\n{POOL}[[randomx]]\n{POOL}"),
            vec!["].name is pool;", "its own"],
        ),
        (
            format!("{NODE}name = \"practice\""),
            vec!["upstreams.sha256d[0].name is practice;", "its own"],
        ),
        (
            format!("{NODE}name = \"A b\""),
            vec!["upstreams.sha256d[0].name is A b;", "a–z"],
        ),
        (
            "switch_after = 0".to_owned(),
            vec!["upstreams.switch_after is 0;", "3,600"],
        ),
        (
            pool(&|text| text.replace("tcp", "udp")),
            vec!["upstreams.sha256d[0].url", "stratum+tcp://HOST:PORT"],
        ),
        (pool(&|text| text.replace(":3333", "")), vec!["[0].url"]),
        (
            pool(&|text| format!("{text}ca_file = \"pool.pem\"")),
            vec![
                "upstreams.sha256d[0].ca_file is pool.pem;",
                "stratum+ssl://",
            ],
        ),
        (
            pool(&|text| text.replace("BTC", "DOGE")),
            vec!["upstreams.sha256d[0].asset is DOGE;", "XMR"],
        ),
        (
            pool(&|text| text.replace("0.00000012", "0.000000001")),
            vec![
                "upstreams.sha256d[0].credit_per_terahash is 0.000000001;",
                "above 0",
            ],
        ),
        (
            pool(&|text| text.replace("0.00000012", "0")),
            vec!["[0].credit_per_terahash is 0;", "above 0"],
        ),
    ] {
        let error = read(&text).expect_err(&text);
        for word in words {
            assert!(error.contains(word), "{word} is not in: {error}");
        }
        assert!(!error.contains("hush"), "{error}");
    }
}
