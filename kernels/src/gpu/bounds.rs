//! What bounds a kernel: how fast a card's memory and its integer arithmetic are, measured on it, and what a hash costs.

use std::time::{Duration, Instant};

use super::{Clock, Device, GpuError};
use crate::{Algorithm, progpow, sha256d};

/// Long enough for anything here.
const DEADLINE: Duration = Duration::from_secs(10);
/// How often each measurement is done; the best counts, as others may use the card too.
const TURNS: u32 = 8;

/// What a hash costs at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// 32-bit integer operations, with three-input sums and three-input logic as one, and a rotation as one.
    pub operations: u64,
    /// Bytes read from the card's memory.
    pub bytes: u64,
}

/// What a hash costs on a card; `None` without a kernel. ProgPoW's differs a little from period to period: an average.
pub fn cost(algorithm: Algorithm) -> Option<Cost> {
    match algorithm.progpow() {
        Some(parameters) => {
            const PERIODS: u64 = 100;
            let first = parameters.period_of(parameters.recent_height);
            let all: u64 = (first..first + PERIODS)
                .map(|period| progpow::operations(parameters, period))
                .sum();
            Some(Cost {
                operations: all / PERIODS,
                bytes: progpow::bytes_a_hash(parameters),
            })
        }
        None if algorithm.runs_on_gpu() => Some(Cost {
            operations: sha256d::operations(),
            bytes: 0,
        }),
        None => None,
    }
}

/// Bytes a second that the card's memory reads and writes while it copies.
///
/// # Errors
/// If there is too little memory, or the device failed.
pub fn copy_bandwidth(device: &Device) -> Result<f64, GpuError> {
    let size: u64 = if device.description().is_software() {
        32 << 20
    } else {
        512 << 20
    };
    let usage = wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
    let from = device.buffer("copied", size, usage)?;
    let to = device.buffer("copy", size, usage)?;
    let mut best = Duration::MAX;
    for turn in 0..=TURNS {
        let mut encoder = device.raw().create_command_encoder(&Default::default());
        const COPIES: u32 = 4;
        for _ in 0..COPIES {
            encoder.copy_buffer_to_buffer(&from, 0, &to, 0, Some(size));
        }
        let begun = Instant::now();
        device.wait(device.queue().submit([encoder.finish()]), DEADLINE)?;
        // The first one also fills the buffers.
        if turn > 0 {
            best = best.min(begun.elapsed() / COPIES);
        }
    }
    Ok(2.0 * size as f64 / best.as_secs_f64())
}

/// 32-bit integer operations a second: sums, rotations and exclusive ors in equal parts, with three inputs where they can
/// have them.
///
/// # Errors
/// If the device failed.
pub fn integer_rate(device: &Device) -> Result<f64, GpuError> {
    const LOOPS: u32 = 256;
    const CHAINS: usize = 8;
    const WORKGROUP: u32 = 64;
    let mut text = format!(
        "@group(0) @binding(0) var<storage, read_write> sums: array<u32>;
@compute @workgroup_size({WORKGROUP})
fn count(@builtin(global_invocation_id) invocation: vec3<u32>) {{
"
    );
    for chain in 0..CHAINS {
        text += &format!("    var x{chain} = invocation.x * {}u;\n", 2 * chain + 3);
    }
    text += &format!("    for (var turn = 0u; turn < {LOOPS}u; turn++) {{\n");
    for _ in 0..4 {
        for chain in 0..CHAINS {
            let (one, other) = ((chain + 1) % CHAINS, (chain + 3) % CHAINS);
            text += &format!(
                "        x{chain} = (x{chain} + x{one}) + x{other};
        x{chain} = (x{chain} << 7u) | (x{chain} >> 25u);
        x{chain} = (x{chain} ^ x{one}) ^ x{other};\n"
            );
        }
    }
    let all: Vec<String> = (0..CHAINS).map(|chain| format!("x{chain}")).collect();
    text += &format!(
        "    }}\n    sums[invocation.x % 1024u] = {};\n}}\n",
        all.join(" ^ ")
    );
    let operations = f64::from(LOOPS * 4 * 3) * CHAINS as f64;

    let raw = device.raw();
    let module = device.module("integers", text);
    let pipeline = raw.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some("integers"),
        layout: None,
        module: &module,
        entry_point: Some("count"),
        compilation_options: Default::default(),
        cache: None,
    });
    use wgpu::BufferUsages as Usages;
    let sums = device.buffer("sums", 4_096, Usages::STORAGE)?;
    let readback = device.buffer("times", Clock::BYTES, Usages::MAP_READ | Usages::COPY_DST)?;
    let bindings = raw.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &[wgpu::BindGroupEntry {
            binding: 0,
            resource: sums.as_entire_binding(),
        }],
    });
    let clock = Clock::new(device);
    let workgroups = if device.description().is_software() {
        64
    } else {
        1 << 14
    };
    let mut best = Duration::MAX;
    for _ in 0..TURNS {
        let mut encoder = raw.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some("integers"),
                timestamp_writes: clock.as_ref().map(Clock::of_pass),
            });
            pass.set_pipeline(&pipeline);
            pass.set_bind_group(0, &bindings, &[]);
            pass.dispatch_workgroups(workgroups, 1, 1);
        }
        if let Some(clock) = &clock {
            clock.write(&mut encoder, &readback, 0);
        }
        let begun = Instant::now();
        let submission = device.queue().submit([encoder.finish()]);
        readback.map_async(wgpu::MapMode::Read, .., |_| {});
        device.wait(submission, DEADLINE)?;
        let elapsed = begun.elapsed();
        let times = device.words(&readback)?;
        let took = clock.as_ref().and_then(|clock| clock.between(&times));
        best = best.min(took.unwrap_or(elapsed));
    }
    Ok(operations * f64::from(WORKGROUP * workgroups) / best.as_secs_f64())
}
