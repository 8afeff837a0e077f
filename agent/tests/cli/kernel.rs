//! `idlewatt kernel hash`.

use super::harness::Home;
use idlewatt_kernels::Algorithm;
use serde::Deserialize;
use serde_json::{Value, json};

/// Bitcoin's first block.
const GENESIS: &str = "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c";

/// A published hash of the ProgPoW family.
#[derive(Clone, Debug, Deserialize)]
struct Vector {
    height: u64,
    header_hash: String,
    nonce: String,
    mix_hash: String,
    final_hash: String,
}

/// The vectors of some heights: each epoch takes a light cache.
fn vectors(list: &Value, heights: &[u64]) -> Vec<Vector> {
    let all: Vec<Vector> = serde_json::from_value(list.clone()).expect("vectors");
    let wanted: Vec<Vector> = all
        .into_iter()
        .filter(|vector| heights.contains(&vector.height))
        .collect();
    assert!(wanted.len() >= heights.len());
    wanted
}

/// The command for a ProgPoW hash, as words.
fn progpow(algorithm: Algorithm, vector: &Vector) -> Vec<String> {
    let height = vector.height.to_string();
    let words = [
        "kernel",
        "hash",
        "--algorithm",
        algorithm.name(),
        "--height",
        &height,
        "--header",
        &vector.header_hash,
        "--nonce",
        &vector.nonce,
    ];
    words.map(str::to_owned).to_vec()
}

/// The id of the emulated graphics card.
fn emulated(home: &Home) -> String {
    let listed = home
        .run(&["processors", "--allow-software-gpu", "--json"])
        .json();
    let card = listed
        .as_array()
        .and_then(|all| all.iter().find(|processor| processor["software"] == true))
        .expect("an emulated graphics card; Debian's package mesa-vulkan-drivers has one");
    card["id"].as_str().expect("text").to_owned()
}

#[test]
fn hashes_are_those_of_the_algorithms() {
    let home = Home::new();
    let hashed = home.run(&[
        "kernel",
        "hash",
        "--algorithm",
        "sha256d",
        "--header",
        GENESIS,
        "--json",
    ]);
    assert_eq!(
        hashed.json(),
        json!({
            "algorithm": "sha256d",
            "on": "cpu",
            "hash": "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
        })
    );
    // The first vector of RandomX's own tests.
    let key = hex::encode("test key 000");
    let input = hex::encode("This is a test");
    let hashed = home.run(&[
        "kernel",
        "hash",
        "--algorithm",
        "randomx",
        "--key",
        &key,
        "--input",
        &input,
    ]);
    assert_eq!(
        hashed.out.trim(),
        "639183aae1bf4c9a35884cb46b09cad9175f04efd7684e7262a0ac1c2f0b4e3f"
    );
}

#[test]
fn hashing_refuses_what_it_cannot_hash() {
    let home = Home::new();
    for (arguments, told) in [
        (
            &["--algorithm", "sha256d"][..],
            "sha256d needs --header HEX",
        ),
        (
            &["--algorithm", "sha256d", "--header", "00"],
            "--header has 1 bytes; allowed: 80",
        ),
        (
            &["--algorithm", "sha256d", "--header", "xy"],
            "--header is not hex",
        ),
        (
            &["--algorithm", "sha256d", "--header", GENESIS, "--key", "00"],
            "sha256d does not take --key",
        ),
        (
            &[
                "--algorithm",
                "sha256d",
                "--header",
                GENESIS,
                "--on",
                "gpu-none",
            ],
            "there is no such processor; allowed: cpu",
        ),
        (
            &["--algorithm", "randomx", "--key", "00"],
            "randomx needs --input HEX",
        ),
        (
            &[
                "--algorithm",
                "randomx",
                "--key",
                "00",
                "--input",
                "00",
                "--on",
                "gpu-none",
            ],
            "allowed: cpu",
        ),
        (
            &["--algorithm", "scrypt"],
            "unknown algorithm \"scrypt\"; allowed: sha256d, randomx, kawpow, progpowz",
        ),
        (
            &["--algorithm", "randomx", "--height", "0"],
            "randomx does not take --height; allowed: --key, --input",
        ),
        (
            &["--algorithm", "sha256d", "--header", GENESIS, "--full-dag"],
            "sha256d does not take --full-dag; allowed: --header",
        ),
    ] {
        let mut all = vec!["kernel", "hash"];
        all.extend(arguments);
        home.run(&all).failed(2, told);
    }
}

#[test]
fn an_emulated_graphics_card_hashes_only_where_it_is_allowed() {
    let home = Home::new();
    let id = &emulated(&home);
    let hash = [
        "kernel",
        "hash",
        "--algorithm",
        "sha256d",
        "--header",
        GENESIS,
        "--on",
        id,
    ];
    home.run(&hash)
        .failed(2, "allowed with --allow-software-gpu");
    let allowed = [&hash[..], &["--allow-software-gpu"]].concat();
    assert_eq!(
        home.run(&allowed).out.trim(),
        "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
    );
}

#[test]
fn hashes_of_the_progpow_family_are_the_published_ones() {
    let home = Home::new();
    let read = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    let kawpow = read(include_str!("../../../kernels/src/progpow/kawpow.json"));
    let progpowz = read(include_str!("../../../kernels/src/progpow/progpowz.json"));
    for (algorithm, vectors) in [
        (
            Algorithm::KawPow,
            vectors(&kawpow["official"], &[49, 29_950]),
        ),
        (Algorithm::ProgPowZ, vectors(&progpowz["hash"], &[50])),
    ] {
        for vector in vectors {
            let mut words = progpow(algorithm, &vector);
            words.push("--json".into());
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let expected = json!({
                "algorithm": algorithm,
                "on": "cpu",
                "mix_hash": vector.mix_hash,
                "final_hash": vector.final_hash,
            });
            assert_eq!(home.run(&words).json(), expected);
        }
    }
}

/// Nothing published has the test algorithm: the library's hash is compared.
fn of_test_algorithm() -> Vector {
    use idlewatt_kernels::progpow::{self, Epoch, KAWPOW_TEST, LightCache, Program};
    let (height, header, nonce) = (61, [7; 32], 0xfeed);
    let epoch = Epoch::of_height(&KAWPOW_TEST, height).expect("a height");
    let cache = LightCache::build(epoch, &|_, _| {}, &false.into()).expect("wanted");
    let program = Program::of_period(&KAWPOW_TEST, KAWPOW_TEST.period_of(height));
    let hash = progpow::hash(&cache, &program, &header, nonce);
    Vector {
        height,
        header_hash: hex::encode(header),
        nonce: "0xFEED".into(),
        mix_hash: hex::encode(hash.mix),
        final_hash: hex::encode(hash.digest),
    }
}

#[test]
fn for_people_the_two_hashes_are_labelled_and_the_nonce_may_be_short() {
    let vector = of_test_algorithm();
    let words = progpow(Algorithm::KawPowTest, &vector);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let hashed = Home::new().run(&words);
    let (mix, last) = (&vector.mix_hash, &vector.final_hash);
    let expected = format!("mix hash    {mix}\nfinal hash  {last}\n");
    assert_eq!(
        (hashed.out.as_str(), hashed.err.as_str()),
        (expected.as_str(), "")
    );
}

#[test]
fn a_graphics_card_hashes_the_progpow_family_like_the_cpu() {
    let home = Home::new();
    let id = emulated(&home);
    let kawpow: Value =
        serde_json::from_str(include_str!("../../../kernels/src/progpow/kawpow.json"))
            .expect("JSON");
    let published = vectors(&kawpow["official"], &[49]).remove(0);
    let on_card = ["--on", &id, "--allow-software-gpu", "--json"];
    for (algorithm, vector, more) in [
        (Algorithm::KawPow, published, &[][..]),
        (Algorithm::KawPowTest, of_test_algorithm(), &[]),
        (
            Algorithm::KawPowTest,
            of_test_algorithm(),
            &["--full-dag"][..],
        ),
    ] {
        let words = progpow(algorithm, &vector);
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        words.extend(on_card);
        words.extend(more);
        let expected = json!({
            "algorithm": algorithm,
            "on": id,
            "mix_hash": vector.mix_hash,
            "final_hash": vector.final_hash,
        });
        assert_eq!(home.run(&words).json(), expected);
    }
}

#[test]
fn hashing_of_the_progpow_family_refuses_bad_input_with_what_is_allowed() {
    let home = Home::new();
    let header = "5b".repeat(32);
    let all = |flag: &str, value: &str| {
        let mut words = vec!["kernel", "hash", "--algorithm", "kawpow"];
        for (name, usual) in [
            ("--header", header.as_str()),
            ("--height", "0"),
            ("--nonce", "1"),
        ] {
            match (name == flag, value) {
                (true, "") => {}
                (true, value) => words.extend([name, value]),
                (false, _) => words.extend([name, usual]),
            }
        }
        words
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<String>>()
    };
    let long = "5b".repeat(33);
    for (flag, value, told) in [
        ("--header", "", "kawpow needs --header HEX"),
        ("--header", "5b5b", "--header has 2 bytes; allowed: 32"),
        ("--header", &long, "--header has 33 bytes; allowed: 32"),
        ("--header", "xy", "--header is not hex"),
        ("--nonce", "", "kawpow needs --nonce HEX"),
        (
            "--nonce",
            "0x010203040506070809",
            "--nonce has 9 bytes; allowed: up to 8",
        ),
        (
            "--nonce",
            "+1",
            "--nonce \"+1\" is not hex; allowed: 1 to 16 hex digits",
        ),
        ("--nonce", "0x", "allowed: 1 to 16 hex digits"),
        ("--height", "", "kawpow needs --height HEIGHT"),
        (
            "--height",
            "-1",
            "--height \"-1\" is no height; allowed: 0 to 244799999",
        ),
        (
            "--height",
            "18446744073709551616",
            "allowed: 0 to 244799999",
        ),
        (
            "--height",
            "244800000",
            "beyond the last epoch of kawpow; allowed: 0 to 244799999",
        ),
    ] {
        let words = all(flag, value);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        home.run(&words).failed(2, told);
    }
    for (more, told) in [
        (
            &["--key", "00"][..],
            "kawpow does not take --key; allowed: --header, --height, --nonce, --full-dag",
        ),
        (&["--full-dag"], "--full-dag needs a graphics card, --on ID"),
        (
            &["--on", "gpu-none"],
            "there is no such processor; allowed: cpu",
        ),
        (
            &["--on", "gpu-none", "--full-dag", "--allow-software-gpu"],
            "there is no such processor; allowed: cpu, ",
        ),
    ] {
        let words = all("", "");
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        words.extend(more);
        home.run(&words).failed(2, told);
    }
}
