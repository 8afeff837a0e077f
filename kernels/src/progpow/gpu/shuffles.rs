//! Whether lanes can exchange words by shuffles on a card: tried out, since what drivers say about subgroups is not always
//! what programs get.

use super::DEADLINE;
use super::pipeline;
use crate::gpu::{Device, GpuError};
use crate::progpow::LANES;

/// Invocations that try it: two of the largest subgroups that there are.
const INVOCATIONS: u32 = 256;

/// Whether every sixteen neighbours in a subgroup get what each other one has.
///
/// # Errors
/// If the device failed.
pub fn work(device: &Device) -> Result<bool, GpuError> {
    let limits = device.raw().limits();
    let most = limits.max_compute_invocations_per_workgroup;
    let large_enough = device
        .subgroups()
        .is_some_and(|(least, most)| least >= LANES as u32 && INVOCATIONS.is_multiple_of(most));
    if !large_enough || most < INVOCATIONS {
        return Ok(false);
    }
    let source = format!(
        "@group(0) @binding(0) var<storage, read_write> wrong: array<u32>;

@compute @workgroup_size({INVOCATIONS})
fn attempt(
    @builtin(local_invocation_index) local: u32,
    @builtin(subgroup_invocation_id) in_subgroup: u32,
) {{
    let own = (local * 2654435761u) ^ 0x5bd1e995u;
    let base = in_subgroup - in_subgroup % 16u;
    var differences = 1u;
    for (var other = 0u; other < 16u; other++) {{
        let place = subgroupShuffle(in_subgroup, base + other);
        let theirs = subgroupShuffle(own, base + other);
        let index = subgroupShuffle(local, base + other);
        differences += u32(place != base + other);
        differences += u32(theirs != ((index * 2654435761u) ^ 0x5bd1e995u));
    }}
    // One for an invocation that got what it should.
    wrong[local] = differences;
}}
"
    );
    let raw = device.raw();
    let module = device.module("shuffles", source);
    let pipeline = raw.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some("shuffles"),
        layout: None,
        module: &module,
        entry_point: Some("attempt"),
        compilation_options: Default::default(),
        cache: None,
    });
    use wgpu::BufferUsages as Usages;
    let size = u64::from(INVOCATIONS) * 4;
    let wrong = device.buffer("shuffles", size, Usages::STORAGE | Usages::COPY_SRC)?;
    let readback = device.buffer("shuffles", size, Usages::MAP_READ | Usages::COPY_DST)?;
    let bindings = pipeline::bind(device, &pipeline.get_bind_group_layout(0), &[&wrong]);
    let mut encoder = raw.create_command_encoder(&Default::default());
    {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        pass.set_pipeline(&pipeline);
        pass.set_bind_group(0, &bindings, &[]);
        pass.dispatch_workgroups(1, 1, 1);
    }
    encoder.copy_buffer_to_buffer(&wrong, 0, &readback, 0, Some(size));
    let submission = device.queue().submit([encoder.finish()]);
    readback.map_async(wgpu::MapMode::Read, .., |_| {});
    device.wait(submission, DEADLINE)?;
    let words = device.words(&readback)?;
    Ok(words.iter().all(|wrong| *wrong == 1))
}
