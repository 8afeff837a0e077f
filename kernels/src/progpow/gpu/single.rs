//! One hash, all of it computed on a card.

use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use super::layout::Limits;
use super::making::{Making, Step};
use super::periods::Key;
use super::slot::{Hit, Input, Slot};
use super::{DEADLINE, default_tuning, pipeline, sparse};
use crate::gpu::{Device, GpuError, Readiness};
use crate::progpow::{Hash, LightCache, Parameters, Program};
use crate::{JobError, Target};

/// How long a slice of a full dataset may hold the card up.
const BUDGET: Duration = Duration::from_millis(50);
/// How often a thread's progress is looked at.
const GLANCE: Duration = Duration::from_millis(20);

/// How much of the dataset is made for a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatasetChoice {
    /// The entries that the nonce touches, by the CPU.
    Sparse,
    /// All of it, by the card.
    Full,
}

/// The hash of a header and a nonce, computed on a card. Progress is told as what is made, how many parts are done, and
/// how many there are.
///
/// # Errors
/// If the height is beyond any epoch, the dataset does not fit, or the device failed.
pub fn hash_on(
    device: &Device,
    parameters: &'static Parameters,
    height: u64,
    header: &[u8; 32],
    nonce: u64,
    dataset: DatasetChoice,
    progress: &dyn Fn(&'static str, u64, u64),
) -> Result<Hash, GpuError> {
    let key = Key::of_height(parameters, height).map_err(JobError::Height)?;
    let program = Program::of_period(parameters, key.period);
    let hit = match dataset {
        DatasetChoice::Sparse => {
            let told = |done, total| progress("the light cache", done, total);
            let light = LightCache::build(key.epoch, &told, &AtomicBool::new(false))
                .map_err(|error| GpuError::Validation(error.to_string()))?;
            let tuning = default_tuning(device);
            sparse::hash(device, &light, &program, tuning, header, nonce)?
        }
        DatasetChoice::Full => full(device, key, &program, header, nonce, progress)?,
    };
    Ok(Hash {
        mix: hit.mix,
        digest: hit.digest,
    })
}

fn full(
    device: &Device,
    key: Key,
    program: &Program,
    header: &[u8; 32],
    nonce: u64,
    progress: &dyn Fn(&'static str, u64, u64),
) -> Result<Hit, GpuError> {
    let limits = Limits::of(device);
    let mut making = Making::start(device, key.epoch, limits)?;
    let dataset = loop {
        match making.step(device, limits, BUDGET)? {
            Step::Made(Readiness::Preparing {
                what,
                done,
                total,
                device_time,
            }) => {
                progress(what, done, total);
                if device_time.is_zero() {
                    thread::sleep(GLANCE);
                }
            }
            Step::Made(Readiness::Ready) => {}
            Step::NoMemory(error) => return Err(error),
            Step::Done(dataset) => break dataset,
        }
    };
    let tuning = default_tuning(device);
    let pipeline = pipeline::compile(device, key.epoch, program, dataset.layout, tuning)?;
    let slot = Slot::new(device, &pipeline::constants(device)?)?;
    let input = Input::new(*header, nonce, 1, Target::MAX);
    let size = tuning.workgroup_size;
    let submission = slot.submit(device, &pipeline, &dataset.bindings, &input, size);
    device.wait(submission, DEADLINE)?;
    let hit = slot.results(device)?.hits.pop();
    hit.ok_or_else(|| GpuError::WrongResult(format!("nonce {nonce:016x} was not reported")))
}
