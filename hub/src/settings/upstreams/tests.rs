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
    let (address, credit) = pool.checked().expect("valid");
    assert_eq!((address, credit.atomic), ("pool.example:3333", 12));
}

#[test]
fn what_cannot_be_used_is_named_with_what_is_allowed() {
    let pool = |change: &dyn Fn(&str) -> String| format!("[[sha256d]]\n{}", change(POOL));
    for (text, words) in [
        (
            "[[sha256d]]\nkind = \"p2p\"".to_owned(),
            vec!["p2p", "bitcoind"],
        ),
        (format!("{NODE}colour = 1"), vec!["colour", "cookie_file"]),
        (
            format!("{NODE}user = \"u\""),
            vec!["sha256d.user", "password"],
        ),
        (
            format!("{NODE}cookie_file = \"a\"\npassword_file = \"b\""),
            vec!["password", "one of"],
        ),
        (
            NODE.replace("http://", "http://u:hush@"),
            vec!["sha256d.url", "without user"],
        ),
        (NODE.replace("bc1q", "bc 1q"), vec!["sha256d.address"]),
        (
            NODE.replace("sha256d", "randomx"),
            vec!["bitcoind for randomx", "bitcoind for sha256d"],
        ),
        (format!("{NODE}{NODE}"), vec!["name", "bitcoind", "its own"]),
        (
            format!("{NODE}name = \"practice\""),
            vec!["name", "practice", "its own"],
        ),
        (format!("{NODE}name = \"A b\""), vec!["name", "A b", "a–z"]),
        ("switch_after = 0".to_owned(), vec!["switch_after", "3,600"]),
        (
            pool(&|text| text.replace("tcp", "udp")),
            vec!["url", "stratum+tcp://HOST:PORT"],
        ),
        (pool(&|text| text.replace(":3333", "")), vec!["url"]),
        (
            pool(&|text| text.replace("BTC", "DOGE")),
            vec!["asset", "XMR"],
        ),
        (
            pool(&|text| text.replace("0.00000012", "0.000000001")),
            vec!["credit_per_terahash", "above 0"],
        ),
        (
            pool(&|text| text.replace("0.00000012", "0")),
            vec!["credit_per_terahash", "above 0"],
        ),
    ] {
        let error = read(&text).expect_err(&text);
        for word in words {
            assert!(error.contains(word), "{word} is not in: {error}");
        }
        assert!(!error.contains("hush"), "{error}");
    }
}
