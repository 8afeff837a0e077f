//! Published hashes, and those of other implementations.

use std::sync::atomic::AtomicBool;

use serde::Deserialize;

use super::*;

/// Firo's ProgPoW 0.9.4, a program for every block, with the dataset of its published vectors (the chain's own begins
/// with half as much again). It is here to show what another coin takes.
pub const FIROPOW: Parameters = Parameters {
    name: "firopow",
    period: 1,
    epoch_length: 1_300,
    padding: Some(Padding {
        first: [1, 0, 0, 0, 0, 0, 0, 0, 0x8000_8081, 0, 0, 0, 0, 0, 0],
        last: [0, 1, 0, 0, 0, 0, 0, 0, 0x8000_8081],
    }),
    ..KAWPOW
};

/// Ethash, Ethereum's until 2022: another mixing over the same kind of dataset.
pub const ETHASH: Parameters = Parameters {
    name: "ethash",
    mixing: Mixing::Hashimoto,
    period: 30_000,
    epoch_length: 30_000,
    cache_reads: 0,
    math_operations: 0,
    parents: 256,
    padding: None,
    ..KAWPOW
};

/// Etchash, Ethereum Classic's from height 11,700,000 on (ECIP-1099): epochs twice as long, whose seeds are those of
/// Ethash's.
pub const ETCHASH: Parameters = Parameters {
    name: "etchash",
    period: 60_000,
    epoch_length: 60_000,
    seed_hashes: 2,
    recent_height: 25_000_000,
    block_seconds: 13,
    ..ETHASH
};

/// A hash that is known.
#[derive(Clone, Debug, Deserialize)]
pub struct Vector {
    pub height: u64,
    pub epoch: u32,
    #[serde(with = "hex::serde")]
    pub header_hash: [u8; 32],
    nonce: String,
    pub mix_hash: String,
    pub final_hash: String,
}

impl Vector {
    pub fn nonce(&self) -> u64 {
        u64::from_str_radix(&self.nonce, 16).expect("hex")
    }
}

#[derive(Deserialize)]
struct Reference {
    hash: Vec<Vector>,
}

#[derive(Deserialize)]
struct KawPow {
    official: Vec<Vector>,
    reference: Reference,
    epoch0_l1_cache_first20: Vec<u32>,
}

/// KawPow's: the official ones, then one of another implementation.
pub fn kawpow() -> Vec<Vector> {
    let text = include_str!("kawpow.json");
    let mut all: KawPow = serde_json::from_str(text).expect("valid JSON");
    all.official.extend(all.reference.hash);
    all.official
}

/// ProgPoWZ's, computed by a Zano node's library.
pub fn progpowz() -> Vec<Vector> {
    let text = include_str!("progpowz.json");
    let all: Reference = serde_json::from_str(text).expect("valid JSON");
    all.hash
}

/// FiroPoW's, published by Firo.
pub fn firopow() -> Vec<Vector> {
    let text = include_str!("firopow.json");
    let all: Reference = serde_json::from_str(text).expect("valid JSON");
    all.hash
}

#[derive(Deserialize)]
struct Ethash {
    ethash: Reference,
    etchash: Reference,
}

/// Ethash's, published with another implementation, and a block of Ethereum Classic.
pub fn ethash() -> [(&'static Parameters, Vec<Vector>); 2] {
    let text = include_str!("ethash.json");
    let all: Ethash = serde_json::from_str(text).expect("valid JSON");
    [(&ETHASH, all.ethash.hash), (&ETCHASH, all.etchash.hash)]
}

/// A light cache that nobody calls off.
pub fn light_cache(parameters: &'static Parameters, height: u64) -> LightCache {
    let epoch = Epoch::of_height(parameters, height).expect("a height");
    LightCache::build(epoch, &|_, _| {}, &AtomicBool::new(false)).expect("wanted")
}

fn check(parameters: &'static Parameters, mut vectors: Vec<Vector>) {
    vectors.sort_by_key(|vector| vector.epoch);
    for same in vectors.chunk_by(|left, right| left.epoch == right.epoch) {
        let cache = light_cache(parameters, same[0].height);
        assert_eq!(cache.epoch().number, same[0].epoch);
        for vector in same {
            let program = Program::of_period(parameters, parameters.period_of(vector.height));
            let found = hash(&cache, &program, &vector.header_hash, vector.nonce());
            assert_eq!(hex::encode(found.mix), vector.mix_hash, "{vector:?}");
            assert_eq!(hex::encode(found.digest), vector.final_hash, "{vector:?}");
            let (header, nonce) = (vector.header_hash, vector.nonce());
            let attempts = [Attempt { header, nonce }; 6];
            assert_eq!(hash_many(&cache, &program, &attempts), [found; 6]);
            let quick = digest_of_mix(parameters, &vector.header_hash, vector.nonce(), &found.mix);
            assert_eq!(quick, found.digest);
        }
    }
}

#[test]
fn kawpow_hashes_are_right() {
    check(&KAWPOW, kawpow());
}

#[test]
fn progpowz_hashes_are_right() {
    check(&PROGPOWZ, progpowz());
}

#[test]
fn another_coin_is_nothing_but_other_parameters() {
    check(&FIROPOW, firopow());
}

#[test]
fn another_mixing_is_a_parameter_too() {
    for (parameters, vectors) in ethash() {
        check(parameters, vectors);
    }
}

#[test]
fn the_words_that_programs_read_are_the_datasets_first() {
    let all: KawPow = serde_json::from_str(include_str!("kawpow.json")).expect("valid JSON");
    let cache = light_cache(&KAWPOW, 0);
    assert_eq!(cache.words()[..20], all.epoch0_l1_cache_first20);
}
