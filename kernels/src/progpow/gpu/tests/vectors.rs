//! Published hashes, through a sparse dataset.

use super::*;
use crate::progpow::vectors::{self, Vector, light_cache};
use crate::progpow::{KAWPOW, KAWPOW_TEST, PROGPOWZ};

fn check(parameters: &'static Parameters, mut vectors: Vec<Vector>) {
    vectors.sort_by_key(|vector| vector.epoch);
    let devices = devices();
    for same in vectors.chunk_by(|left, right| left.epoch == right.epoch) {
        let light = light_cache(parameters, same[0].height);
        for vector in same {
            let program = Program::of_period(parameters, parameters.period_of(vector.height));
            for device in &devices {
                let tuning = default_tuning(device);
                let (header, nonce) = (&vector.header_hash, vector.nonce());
                let hit = sparse::hash(device, &light, &program, tuning, header, nonce);
                let hit = hit.expect("works");
                assert_eq!(hex::encode(hit.mix), vector.mix_hash, "{vector:?}");
                assert_eq!(hex::encode(hit.digest), vector.final_hash, "{vector:?}");
            }
        }
    }
}

#[test]
fn kawpow_hashes_are_right_on_a_gpu() {
    check(&KAWPOW, vectors::kawpow());
}

#[test]
fn progpowz_hashes_are_right_on_a_gpu() {
    check(&PROGPOWZ, vectors::progpowz());
}

#[test]
fn another_coin_is_nothing_but_other_parameters_on_a_gpu() {
    check(&vectors::FIROPOW, vectors::firopow());
}

#[test]
fn another_mixing_is_a_parameter_too_on_a_gpu() {
    for (parameters, vectors) in vectors::ethash() {
        check(parameters, vectors);
    }
}

#[test]
fn a_single_hash_is_the_same_from_a_sparse_and_a_full_dataset() {
    for parameters in [&KAWPOW_TEST, &SMALL_ETHASH] {
        check_single(parameters);
    }
}

fn check_single(parameters: &'static Parameters) {
    let (height, nonce) = (1_234, 0xfedc_ba98_7654_3210);
    let light = light_cache(parameters, height);
    let program = Program::of_period(parameters, parameters.period_of(height));
    let right = hash(&light, &program, &header(height), nonce);
    for device in devices() {
        for dataset in [DatasetChoice::Sparse, DatasetChoice::Full] {
            let told = std::cell::Cell::new(0);
            let progress = |_: &'static str, done: u64, total: u64| {
                assert!(done <= total);
                told.set(told.get() + 1);
            };
            let found = hash_on(
                &device,
                parameters,
                height,
                &header(height),
                nonce,
                dataset,
                &progress,
            );
            assert_eq!(found, Ok(right), "{dataset:?} on {device:?}");
            assert!(told.get() > 0);
        }
        let beyond = parameters.last_height() + 1;
        let sparse = DatasetChoice::Sparse;
        let error = hash_on(
            &device,
            parameters,
            beyond,
            &[0; 32],
            0,
            sparse,
            &|_, _, _| {},
        );
        let error = error.expect_err("no such height").to_string();
        assert!(error.contains(&format!("0 to {}", beyond - 1)), "{error}");
    }
}
