//! The programs on every adapter that is present, against vectors and against the CPU.

mod ahead;
mod datasets;
mod faults;
mod searches;
mod vectors;
mod whole;

use std::thread;
use std::time::{Duration, Instant};

use super::*;
use crate::gpu::{self, GpuError, Kernel as _, Readiness};
use crate::progpow::vectors::ETHASH;
use crate::progpow::{Epoch, LightCache, Parameters, Program, hash};
use crate::{
    Algorithm, Batch, BatchInput, Job, JobInput, Outcome, ProgPowJob, Search as _, Target,
};

/// Ethash with a small dataset.
static SMALL_ETHASH: Parameters = Parameters {
    name: "small ethash",
    period: 60,
    epoch_length: 60,
    dataset_bytes: 1 << 20,
    dataset_growth: 1 << 12,
    cache_bytes: 1 << 16,
    cache_growth: 1 << 8,
    ..ETHASH
};

const BUDGET: Duration = Duration::from_millis(50);
/// Long enough for anything here on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

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

/// Every adapter that is a card, opened.
fn real_devices() -> Vec<Device> {
    let mut devices = devices();
    devices.retain(|device| !device.description().is_software());
    assert!(
        !devices.is_empty(),
        "no real graphics card is here, only software adapters"
    );
    devices
}

/// A kernel of the test algorithm that must divide its dataset among several buffers.
fn kernel(device: &Device) -> GpuSearch {
    let mut search = GpuSearch::new(device, Algorithm::KawPowTest, None).expect("it is made");
    search.set_binding_bytes(1 << 20);
    search
}

fn job(height: u64) -> Job {
    Job {
        id: "test".into(),
        target: Target::MAX,
        input: JobInput::ProgPow(ProgPowJob {
            algorithm: Algorithm::KawPowTest,
            header_hash: header(height),
            height,
            nonce_prefix: vec![0x12, 0x34],
        }),
    }
}

fn header(height: u64) -> [u8; 32] {
    std::array::from_fn(|index| (height as u8).wrapping_mul(31).wrapping_add(index as u8))
}

fn batch(height: u64, first: u32, count: u32, target: Target) -> Batch {
    Batch {
        job_id: "test".into(),
        target,
        input: BatchInput::ProgPow {
            algorithm: Algorithm::KawPowTest,
            header_hash: header(height),
            height,
        },
        extranonce2: 0x1234_5678,
        first_nonce: first,
        step: 1,
        count,
    }
}

/// Takes steps until the kernel is ready for the job.
fn get_ready(search: &mut GpuSearch, job: &Job) {
    let deadline = Instant::now() + PATIENCE;
    while search.prepare(job, BUDGET).expect("works") != Readiness::Ready {
        assert!(Instant::now() < deadline, "not ready in time");
        thread::sleep(Duration::from_millis(1));
    }
}

/// What the CPU makes of a batch.
fn expected(light: &LightCache, batch: &Batch) -> Outcome {
    let BatchInput::ProgPow {
        header_hash,
        height,
        ..
    } = batch.input
    else {
        panic!("a batch of the family");
    };
    let parameters = light.epoch().parameters;
    let program = Program::of_period(parameters, parameters.period_of(height));
    let mut outcome = Outcome {
        hashes: u64::from(batch.count),
        ..Outcome::default()
    };
    for nonce in batch.nonces() {
        let wide = batch.extranonce2 << 32 | u64::from(nonce);
        let found = hash(light, &program, &header_hash, wide);
        if batch.target.is_met_by(&found.number().0) {
            let mut solution = batch.solution(nonce, found.number());
            solution.mix = Some(found.mix);
            outcome.found.push(solution);
        }
    }
    outcome
}
