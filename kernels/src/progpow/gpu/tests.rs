//! The programs on every adapter that is present, against vectors and against the CPU.

use super::*;
use crate::gpu;
use crate::progpow::vectors::{self, Vector, light_cache};
use crate::progpow::{KAWPOW, PROGPOWZ, Parameters, Program};

/// Every adapter, opened.
fn devices() -> Vec<Device> {
    let adapters = gpu::adapters();
    assert!(
        !adapters.is_empty(),
        "no graphics adapter is present: install the packages libvulkan1 and mesa-vulkan-drivers, \
         whose llvmpipe runs the GPU tests on the CPU"
    );
    adapters
        .iter()
        .map(|adapter| Device::open(&adapter.id).expect("a listed adapter opens"))
        .collect()
}

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
