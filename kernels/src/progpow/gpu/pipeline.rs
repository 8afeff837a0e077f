//! Compiled programs, and what they are given.

use super::generator;
use super::keccak::round_constants;
use super::layout::Layout;
use crate::gpu::{Device, Exchange, GpuError, Tuning};
use crate::progpow::{CACHE_WORDS, Epoch, LANES, Program};

/// Whether a card can run a layout.
///
/// # Errors
/// Names what is out of range, and the range.
pub fn check(device: &Device, tuning: Tuning) -> Result<(), GpuError> {
    let refuse = |text: String| Err(GpuError::Validation(text));
    let limits = device.raw().limits();
    let size = tuning.workgroup_size;
    let most = limits
        .max_compute_workgroup_size_x
        .min(limits.max_compute_invocations_per_workgroup);
    let lanes = LANES as u32;
    if size == 0 || !size.is_multiple_of(lanes) || size > most {
        return refuse(format!(
            "workgroups of {size}; allowed: multiples of {lanes} up to {most}"
        ));
    }
    if tuning.nonces_each != 1 {
        return refuse(format!(
            "{} nonces an invocation; allowed: 1",
            tuning.nonces_each
        ));
    }
    let needed = workgroup_bytes(tuning);
    let most = limits.max_compute_workgroup_storage_size;
    if needed > most {
        return refuse(format!(
            "a workgroup of {size} needs {needed} bytes of memory; allowed: {most}"
        ));
    }
    if tuning.exchange == Exchange::Subgroup {
        match device.subgroups() {
            Some((least, most)) if least >= lanes && size.is_multiple_of(most) => {}
            Some((least, most)) => {
                return refuse(format!(
                    "workgroups of {size} that shuffle, in subgroups of {least} to {most}; allowed: multiples of the \
                     largest, of at least {lanes}"
                ));
            }
            None => return refuse("subgroups, which this adapter has not".to_owned()),
        }
    }
    if tuning.wide_integers && !device.has_wide_integers() {
        return refuse("integers of 64 bits, which this adapter has not".to_owned());
    }
    Ok(())
}

/// Bytes of a workgroup's memory that a layout takes at most. These are ProgPoW's: Hashimoto needs thirteen for each
/// invocation, but has no words there.
fn workgroup_bytes(tuning: Tuning) -> u32 {
    let words = CACHE_WORDS as u32;
    let exchanged = match tuning.exchange {
        // A seed of two words and a result for each lane, and two choices for each sixteen.
        Exchange::Workgroup => 3 * tuning.workgroup_size + tuning.workgroup_size / 8,
        Exchange::Subgroup => 0,
    };
    4 * (words + exchanged)
}

/// Compiles the search of a period.
///
/// # Errors
/// If the driver refuses it, or the device failed.
pub fn compile(
    device: &Device,
    epoch: Epoch,
    program: &Program,
    layout: Layout,
    tuning: Tuning,
) -> Result<wgpu::ComputePipeline, GpuError> {
    check(device, tuning)?;
    device.check()?;
    let raw = device.raw();
    let label = epoch.parameters.name;
    let module = device.module(label, generator::search(epoch, program, layout, tuning));
    let slot = slot_layout(device);
    let dataset = dataset_layout(device, layout);
    let pipeline_layout = raw.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(label),
        bind_group_layouts: &[Some(&slot), Some(&dataset)],
        immediate_size: 0,
    });
    let pipeline = raw.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(label),
        layout: Some(&pipeline_layout),
        module: &module,
        entry_point: Some("search"),
        compilation_options: wgpu::PipelineCompilationOptions {
            constants: &[],
            zero_initialize_workgroup_memory: false,
        },
        cache: None,
    });
    device.check()?;
    Ok(pipeline)
}

/// What a batch brings: input, Keccak's constants, hits.
pub fn slot_layout(device: &Device) -> wgpu::BindGroupLayout {
    let uniform = wgpu::BufferBindingType::Uniform;
    let entries = [
        entry(0, uniform),
        entry(1, uniform),
        entry(2, wgpu::BufferBindingType::Storage { read_only: false }),
    ];
    layout(device, &entries)
}

/// What a search reads: the dataset.
pub fn dataset_layout(device: &Device, of: Layout) -> wgpu::BindGroupLayout {
    let read = wgpu::BufferBindingType::Storage { read_only: true };
    let entries: Vec<_> = (0..of.bindings())
        .map(|binding| entry(binding, read))
        .collect();
    layout(device, &entries)
}

fn layout(device: &Device, entries: &[wgpu::BindGroupLayoutEntry]) -> wgpu::BindGroupLayout {
    let descriptor = wgpu::BindGroupLayoutDescriptor {
        label: None,
        entries,
    };
    device.raw().create_bind_group_layout(&descriptor)
}

fn entry(binding: u32, ty: wgpu::BufferBindingType) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer {
            ty,
            has_dynamic_offset: false,
            min_binding_size: None,
        },
        count: None,
    }
}

/// A group of whole buffers.
pub fn bind(
    device: &Device,
    layout: &wgpu::BindGroupLayout,
    buffers: &[&wgpu::Buffer],
) -> wgpu::BindGroup {
    let entries: Vec<_> = (0..)
        .zip(buffers)
        .map(|(binding, buffer)| wgpu::BindGroupEntry {
            binding,
            resource: buffer.as_entire_binding(),
        })
        .collect();
    let descriptor = wgpu::BindGroupDescriptor {
        label: None,
        layout,
        entries: &entries,
    };
    device.raw().create_bind_group(&descriptor)
}

/// Keccak's constants, for the programs.
///
/// # Errors
/// If the device failed.
pub fn constants(device: &Device) -> Result<wgpu::Buffer, GpuError> {
    let constants = round_constants();
    let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
    let buffer = device.buffer("round constants", size_of_val(&constants) as u64, usage)?;
    let bytes = bytemuck::cast_slice(constants.as_flattened());
    device.queue().write_buffer(&buffer, 0, bytes);
    Ok(buffer)
}
