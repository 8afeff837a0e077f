//! A search over those entries of the dataset that a few nonces touch, for single hashes and for tests: a full dataset
//! takes a slow card minutes.

use std::collections::BTreeMap;

use super::DEADLINE;
use super::layout::Layout;
use super::pipeline;
use super::slot::{Hit, Input, Slot};
use crate::Target;
use crate::gpu::{Device, GpuError, Tuning};
use crate::progpow::hash::hash_with;
use crate::progpow::{CACHE_WORDS, ENTRY_BYTES, Entry, LightCache, Program};

/// The entries that some nonces of a header touch, and those that every search reads.
pub fn entries(
    light: &LightCache,
    program: &Program,
    header: &[u8; 32],
    nonces: impl IntoIterator<Item = u64>,
) -> BTreeMap<u32, Entry> {
    let first = CACHE_WORDS as u32 * 4 / ENTRY_BYTES as u32;
    let mut entries: BTreeMap<u32, Entry> = (0..first)
        .map(|index| (index, light.entry(index)))
        .collect();
    let epoch = light.epoch();
    for nonce in nonces {
        let known = |index| *entries.entry(index).or_insert_with(|| light.entry(index));
        let (words, choices) = (light.words(), light.choices());
        hash_with(
            epoch.parameters,
            words,
            choices,
            program,
            header,
            nonce,
            known,
        );
    }
    entries
}

/// The hashes of nonces in a row, all of it computed on the card from these entries.
///
/// # Errors
/// If the device failed.
pub fn hashes(
    device: &Device,
    light: &LightCache,
    program: &Program,
    tuning: Tuning,
    input: &Input,
    entries: &BTreeMap<u32, Entry>,
) -> Result<Vec<Hit>, GpuError> {
    let layout = Layout::Sparse {
        entries: entries.len() as u32,
    };
    let pipeline = pipeline::compile(device, light.epoch(), program, layout, tuning)?;
    let numbers: Vec<u32> = entries.keys().copied().collect();
    let entries: Vec<Entry> = entries.values().copied().collect();
    let upload = |label, bytes: &[u8]| {
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST;
        let buffer = device.buffer(label, bytes.len() as u64, usage)?;
        device.queue().write_buffer(&buffer, 0, bytes);
        Ok::<_, GpuError>(buffer)
    };
    let numbers = upload("entry numbers", bytemuck::cast_slice(&numbers))?;
    let words = entries.as_flattened().as_flattened();
    let entries = upload("entries", bytemuck::cast_slice(words))?;
    let bindings = pipeline::dataset_layout(device, layout);
    let dataset = pipeline::bind(device, &bindings, &[&numbers, &entries]);
    let slot = Slot::new(device, &pipeline::constants(device)?)?;
    let submission = slot.submit(device, &pipeline, &dataset, input, tuning.workgroup_size);
    device.wait(submission, DEADLINE)?;
    Ok(slot.results(device)?.hits)
}

/// The hash of one nonce.
///
/// # Errors
/// If the device failed, or reports nothing.
pub fn hash(
    device: &Device,
    light: &LightCache,
    program: &Program,
    tuning: Tuning,
    header: &[u8; 32],
    nonce: u64,
) -> Result<Hit, GpuError> {
    let entries = entries(light, program, header, [nonce]);
    let input = Input::new(*header, nonce, 1, Target::MAX);
    let mut hits = hashes(device, light, program, tuning, &input, &entries)?;
    hits.pop()
        .ok_or_else(|| GpuError::WrongResult(format!("nonce {nonce:016x} was not reported")))
}
