//! KawPow against an independent implementation: the Ravencoin node's own code (`hasherkawpow-sys`).
//!
//! That code keeps one epoch and is not made for several threads: tests call it one after another (the lock below),
//! and stay with an epoch for many nonces.

#![cfg(target_os = "linux")]

use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hasherkawpow_sys::{hash_kawpow, verify_kawpow};
use idlewatt_kernels::progpow::{
    Attempt, Epoch, Hash, KAWPOW, LightCache, Program, digest_of_mix, hash, hash_many,
};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

/// Epochs that are compared: to a height that Ravencoin reaches in 2027.
const EPOCHS: u64 = 640;

static REFERENCE: Mutex<()> = Mutex::new(());

/// The right to call the reference.
fn reference() -> MutexGuard<'static, ()> {
    REFERENCE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A generator whose seed is printed, or the one of an earlier run (`IDLEWATT_SEED`).
fn random() -> StdRng {
    let seed = match std::env::var("IDLEWATT_SEED") {
        Ok(text) => text.parse().expect("IDLEWATT_SEED is a number"),
        Err(_) => rand::rng().random(),
    };
    println!("to see this run again: IDLEWATT_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

/// Compares random heights of an epoch; returns how many nonces were tried.
fn compare(epoch: u64, heights: usize, nonces: usize, random: &mut impl Rng) -> usize {
    let first = epoch * KAWPOW.epoch_length;
    let epoch = Epoch::of_height(&KAWPOW, first).expect("one of the first");
    let never = AtomicBool::new(false);
    let cache = LightCache::build(epoch, &|_, _| {}, &never).expect("wanted");
    for turn in 0..heights {
        let height = match turn {
            0 => first,
            1 => first + KAWPOW.epoch_length - 1,
            _ => first + random.random_range(0..KAWPOW.epoch_length),
        };
        let program = Program::of_period(&KAWPOW, KAWPOW.period_of(height));
        let header: [u8; 32] = random.random();
        let attempts: Vec<Attempt> = (0..nonces)
            .map(|_| Attempt {
                header,
                nonce: random.random(),
            })
            .collect();
        let ours = hash_many(&cache, &program, &attempts);
        assert_eq!(ours.len(), nonces);
        for (attempt, ours) in attempts.iter().zip(&ours) {
            let (mix, digest) = hash_kawpow(&header, &attempt.nonce, height as i32);
            assert_eq!(*ours, Hash { mix, digest }, "height {height}, {attempt:x?}");
            let quick = digest_of_mix(&KAWPOW, &header, attempt.nonce, &mix);
            assert_eq!(quick, digest, "height {height}, {attempt:x?}");
        }
        let alone = hash(&cache, &program, &header, attempts[0].nonce);
        assert_eq!(alone, ours[0], "height {height}, {:x?}", attempts[0]);
    }
    heights * nonces
}

#[test]
fn random_heights_and_nonces_agree() {
    let _reference = reference();
    let mut random = random();
    // Epochs cost in proportion to their size: many nonces where it is small, one in today's range.
    let mut tried = compare(random.random_range(0..20), 70, 20, &mut random);
    tried += compare(random.random_range(20..200), 20, 20, &mut random);
    tried += compare(random.random_range(500..EPOCHS), 10, 20, &mut random);
    assert!(tried >= 2_000, "{tried}");
}

#[test]
#[ignore = "a quarter of an hour: 40,000 nonces of 40 epochs over the whole range"]
fn random_heights_of_many_epochs_agree() {
    let _reference = reference();
    let mut random = random();
    for part in 0..40 {
        let epoch = part * (EPOCHS / 40) + random.random_range(0..EPOCHS / 40);
        let tried = compare(epoch, 50, 20, &mut random);
        println!("epoch {epoch}: {tried} nonces");
    }
}

/// Checks a share as a hub does: the digest must follow from the mix, and the mix must be the real one.
fn accepts(cache: &LightCache, height: u64, attempt: &Attempt, mix: &[u8; 32]) -> bool {
    let program = Program::of_period(&KAWPOW, KAWPOW.period_of(height));
    hash(cache, &program, &attempt.header, attempt.nonce).mix == *mix
}

#[test]
fn wrong_mixes_are_refused_by_both() {
    let _reference = reference();
    let mut random = random();
    let epoch = Epoch::of_height(&KAWPOW, 0).expect("the first");
    let never = AtomicBool::new(false);
    let cache = LightCache::build(epoch, &|_, _| {}, &never).expect("wanted");
    for _ in 0..20 {
        let height = random.random_range(0..KAWPOW.epoch_length);
        let attempt = Attempt {
            header: random.random(),
            nonce: random.random(),
        };
        let (mix, digest) = hash_kawpow(&attempt.header, &attempt.nonce, height as i32);
        let by_reference = |attempt: &Attempt, mix: &[u8; 32]| {
            // Where it writes the digest that follows from the mix, through a pointer to constant bytes.
            let digest = digest_of_mix(&KAWPOW, &attempt.header, attempt.nonce, mix);
            verify_kawpow(&attempt.header, &attempt.nonce, height as i32, mix, &digest)
        };
        assert!(accepts(&cache, height, &attempt, &mix));
        assert!(by_reference(&attempt, &mix));

        let mut wrong = mix;
        wrong[random.random_range(0..32)] ^= 1 << random.random_range(0..8);
        assert!(!accepts(&cache, height, &attempt, &wrong));
        assert!(!by_reference(&attempt, &wrong));
        let followed = digest_of_mix(&KAWPOW, &attempt.header, attempt.nonce, &wrong);
        assert_ne!(followed, digest, "another mix has another digest");

        let mut other = attempt;
        other.nonce ^= 1 << random.random_range(0..64);
        assert!(!accepts(&cache, height, &other, &mix));
        assert!(!by_reference(&other, &mix));
        let mut other = attempt;
        other.header[random.random_range(0..32)] ^= 1 << random.random_range(0..8);
        assert!(!accepts(&cache, height, &other, &mix));
        assert!(!by_reference(&other, &mix));
    }
}
