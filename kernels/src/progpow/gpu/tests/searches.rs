//! Searches, compared with the CPU's.

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use super::slot::{Hit, Input, ROOM};
use super::*;
use crate::SearchError;
use crate::gpu::{Exchange, Tuning};
use crate::progpow::vectors::light_cache;
use crate::progpow::{Hash, KAWPOW_TEST};

/// The target that exactly the digests up to this number meet.
fn target(mut little_endian: [u8; 32]) -> Target {
    little_endian.reverse();
    let json = format!("\"{}\"", hex::encode(little_endian));
    serde_json::from_str(&json).expect("64 hex digits")
}

#[test]
fn random_batches_come_out_as_on_the_cpu_of_a_gpu() {
    let seed = rand::random::<u64>();
    let mut random = SmallRng::seed_from_u64(seed);
    for device in devices() {
        let mut search = kernel(&device);
        for _ in 0..2 {
            let epoch = random.random_range(0..300u64) * KAWPOW_TEST.epoch_length;
            let light = light_cache(&KAWPOW_TEST, epoch);
            for _ in 0..4 {
                let height = epoch + random.random_range(0..KAWPOW_TEST.epoch_length);
                get_ready(&mut search, &job(height));
                let count = random.random_range(1..100);
                let first = random.random_range(0..=u32::MAX - count);
                let mut batch = batch(height, first, count, Target::MAX);
                if random.random_range(0..4) > 0 {
                    let work = random.random_range(1..20);
                    batch.target = Target::from_work(work).expect("above 0");
                }
                batch.extranonce2 = random.random_range(0..1 << 32);
                let outcome = search.search(&batch).expect("works");
                let expected = expected(&light, &batch);
                assert_eq!(
                    outcome, expected,
                    "seed {seed}, height {height}, {device:?}"
                );
            }
        }
    }
}

#[test]
fn every_candidate_finds_the_same_on_a_gpu() {
    let height = 100;
    let light = light_cache(&KAWPOW_TEST, height);
    let batch = batch(height, 5, 70, Target::MAX);
    let expected = expected(&light, &batch);
    for device in devices() {
        let mut search = kernel(&device);
        get_ready(&mut search, &job(height));
        let candidates = search.candidates();
        assert!(candidates.contains(&search.tuning()));
        let shuffles = |tuning: &Tuning| tuning.exchange == Exchange::Subgroup;
        if device.subgroups().is_none_or(|(least, _)| least < 16) {
            assert!(!candidates.iter().any(shuffles), "{candidates:?}");
        } else if device.description().is_software() {
            assert!(candidates.iter().any(shuffles), "{candidates:?}");
            assert!(shuffles(&search.tuning()), "they are faster");
        }
        // On a slow card the largest workgroups say nothing that smaller ones do not.
        let software = device.description().is_software();
        for tuning in candidates {
            if software && tuning.workgroup_size > 64 {
                continue;
            }
            search.set_tuning(tuning).expect("it is offered");
            assert_eq!(search.tuning(), tuning);
            // What was prepared is there still.
            let outcome = search.search(&batch).expect("works");
            assert_eq!(outcome, expected, "{tuning:?} on {device:?}");
        }
    }
}

#[test]
fn every_exchange_finds_the_same_in_ethash_on_a_gpu() {
    let (height, nonce, count) = (100, 0x1234_5678_ffff_ff00, 70);
    let light = light_cache(&SMALL_ETHASH, height);
    let program = Program::of_period(&SMALL_ETHASH, SMALL_ETHASH.period_of(height));
    let header = header(height);
    let nonces = nonce..nonce + u64::from(count);
    // The invocations beyond the last nonce read as well, and are not heard.
    let entries = sparse::entries(&light, &program, &header, nonces.clone());
    let right: Vec<_> = nonces
        .map(|nonce| hash(&light, &program, &header, nonce))
        .collect();
    for device in devices() {
        let shuffled = shuffles::work(&device).expect("works");
        let wide = shuffled.then_some(Exchange::Subgroup);
        for exchange in [Exchange::Workgroup].into_iter().chain(wide) {
            for workgroup_size in [32, 64] {
                let tuning = Tuning {
                    workgroup_size,
                    exchange,
                    ..default_tuning(&device)
                };
                let input = Input::new(header, nonce, count, Target::MAX);
                let hits = sparse::hashes(&device, &light, &program, tuning, &input, &entries);
                let hits = hits.expect("works").into_iter();
                let found: Vec<_> = hits
                    .map(|Hit { mix, digest, .. }| Hash { mix, digest })
                    .collect();
                assert!(found == right, "{tuning:?} on {device:?}");
            }
        }
    }
}

/// llvmpipe's subgroups are as wide as the CPU's vectors, which is too narrow for shuffles. It can be told to be wider,
/// but only before it is loaded: by another process.
#[test]
fn shuffles_find_the_same_on_a_gpu() {
    const WIDTH: &str = "LP_NATIVE_VECTOR_WIDTH";
    const TESTS: [&str; 3] = [
        "every_candidate_finds_the_same_on_a_gpu",
        "every_exchange_finds_the_same_in_ethash_on_a_gpu",
        "the_target_itself_is_met_and_one_below_is_not_on_a_gpu",
    ];
    let is_llvmpipe = |device: &Device| device.description().name.contains("llvmpipe");
    if !devices().iter().any(is_llvmpipe) {
        return;
    }
    let tests = TESTS.map(|test| {
        format!(
            "{}::{test}",
            module_path!().replacen("idlewatt_kernels::", "", 1)
        )
    });
    let output = std::process::Command::new(std::env::current_exe().expect("a path"))
        .arg("--exact")
        .args(tests)
        .env(WIDTH, "512")
        .output()
        .expect("the tests start");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("3 passed"), "{text}");
}

#[test]
fn the_target_itself_is_met_and_one_below_is_not_on_a_gpu() {
    let height = 3;
    let light = light_cache(&KAWPOW_TEST, height);
    let any = expected(&light, &batch(height, 77, 1, Target::MAX));
    let exact = any.found[0].digest.0;
    // Less by one in the lowest byte that is not zero: differs in words that only the CPU looks at.
    let mut below = exact;
    let place = below.iter().position(|byte| *byte > 0).expect("not zero");
    below[place] -= 1;
    // Less in the second and in the first word of those that the card looks at.
    let less = |byte: usize| {
        let mut less = exact;
        let place = (byte..32).find(|byte| less[*byte] > 0).expect("not zero");
        less[place] -= 1;
        less[byte..place].fill(0xff);
        less
    };
    let cases = [
        (target(exact), 1),
        (target(below), 0),
        (target(less(24)), 0),
        (target(less(28)), 0),
        (Target::IMPOSSIBLE, 0),
        (Target::MAX, 1),
    ];
    for device in devices() {
        let mut search = kernel(&device);
        get_ready(&mut search, &job(height));
        for (target, found) in cases {
            let outcome = search.search(&batch(height, 77, 1, target)).expect("works");
            assert_eq!(outcome.found.len(), found, "{target:?}, {device:?}");
        }
    }
}

#[test]
fn more_hits_than_fit_are_counted_on_a_gpu() {
    for device in devices() {
        let mut search = kernel(&device);
        get_ready(&mut search, &job(0));
        let count = ROOM as u32 + 30;
        let outcome = search.search(&batch(0, u32::MAX - count + 1, count, Target::MAX));
        let outcome = outcome.expect("works");
        assert_eq!((outcome.found.len(), outcome.missed), (ROOM, 30));
        let again = search.search(&batch(0, 0, 5, Target::MAX)).expect("works");
        assert_eq!((again.found.len(), again.missed), (5, 0));
    }
}

#[test]
fn a_batch_that_is_not_for_it_is_refused_by_a_gpu() {
    for device in devices() {
        let mut search = kernel(&device);
        let unprepared = search
            .submit(&batch(0, 0, 1, Target::MAX))
            .expect_err("not ready");
        assert!(unprepared.to_string().contains("period 0"), "{unprepared}");
        get_ready(&mut search, &job(0));
        let mut step = batch(0, 0, 5, Target::MAX);
        step.step = 2;
        let mut other = batch(0, 0, 5, Target::MAX);
        other.input = BatchInput::Sha256d { header: [0; 80] };
        let mut wide = batch(0, 0, 5, Target::MAX);
        wide.extranonce2 = 1 << 32;
        let beyond = KAWPOW_TEST.last_height() + 1;
        let cases = [
            (batch(0, 0, 0, Target::MAX), "0 nonces"),
            (batch(0, 0, u32::MAX, Target::MAX), "1 to 16777216"),
            (batch(0, u32::MAX, 2, Target::MAX), "do not pass 2^32"),
            (step, "steps of 1"),
            (other, "sha256d"),
            (wide, "below 2^64"),
            (batch(60, 0, 1, Target::MAX), "epoch 1"),
            (batch(beyond, 0, 1, Target::MAX), "beyond the last epoch"),
        ];
        for (batch, part) in cases {
            let error = search.submit(&batch).expect_err("refused");
            assert!(error.to_string().contains(part), "{error}");
        }
        assert_eq!(search.in_flight(), 0);
        assert!(search.prepare(&job(beyond), BUDGET).is_err());
        let mut kawpow = job(0);
        if let JobInput::ProgPow(input) = &mut kawpow.input {
            input.algorithm = Algorithm::KawPow;
        }
        let error = search
            .prepare(&kawpow, BUDGET)
            .expect_err("another algorithm");
        assert_eq!(error, GpuError::NoKernel(Algorithm::KawPow));
    }
}

#[test]
fn every_algorithm_with_a_kernel_gets_it_by_name_on_a_gpu() {
    for device in devices() {
        for algorithm in Algorithm::ALL {
            let made = gpu::kernel(algorithm, &device, None);
            assert_eq!(made.is_ok(), algorithm.runs_on_gpu(), "{algorithm}");
            assert_eq!(gpu::kernel_version(algorithm) > 0, algorithm.runs_on_gpu());
            assert_eq!(gpu::cost(algorithm).is_some(), algorithm.runs_on_gpu());
            let Ok(made) = made else { continue };
            let again = gpu::kernel(algorithm, &device, Some(made.tuning()));
            assert_eq!(again.expect("the same again").tuning(), made.tuning());
        }
    }
}

#[test]
fn a_layout_that_the_card_cannot_run_is_refused_with_the_limit() {
    for device in devices() {
        let mut search = kernel(&device);
        let good = search.tuning();
        let cases = [
            (
                Tuning {
                    workgroup_size: 0,
                    ..good
                },
                "multiples of 16",
            ),
            (
                Tuning {
                    workgroup_size: 40,
                    ..good
                },
                "multiples of 16",
            ),
            (
                Tuning {
                    workgroup_size: 1 << 20,
                    ..good
                },
                "multiples of 16",
            ),
            (
                Tuning {
                    nonces_each: 2,
                    ..good
                },
                "allowed: 1",
            ),
        ];
        for (tuning, part) in cases {
            let error = search.set_tuning(tuning).expect_err("refused");
            assert!(error.to_string().contains(part), "{error}");
        }
        assert_eq!(search.tuning(), good);
        assert_eq!(device.check(), Ok(()), "nothing was lost");
        assert!(GpuSearch::new(&device, Algorithm::RandomX, None).is_err());
        let none: Result<_, SearchError> = search.search(&batch(0, 0, 1, Target::MAX));
        assert!(none.is_err());
    }
}
