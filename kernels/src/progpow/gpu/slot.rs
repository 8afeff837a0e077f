//! The buffers of one batch on the device.

use std::time::Duration;

use bytemuck::{Pod, Zeroable};

use super::pipeline;
use crate::Target;
use crate::gpu::{Clock, Device, GpuError, grid};

/// How many hits a batch has room for. More come only with targets that are far too easy for the size of the batch.
pub const ROOM: usize = 512;
/// Words of a hit: its number, its mix, its digest.
const HIT_WORDS: usize = 1 + 8 + 8;
const HITS_BYTES: u64 = 4 * (1 + HIT_WORDS * ROOM) as u64;

/// What the program is given; `Input` in search.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Input {
    pub header: [u8; 32],
    pub nonce_low: u32,
    pub nonce_high: u32,
    pub count: u32,
    limit_high: u32,
    limit_low: u32,
    /// Uniform structures end at multiples of 16 bytes.
    unused: [u32; 3],
}

impl Input {
    pub fn new(header: [u8; 32], nonce: u64, count: u32, target: Target) -> Self {
        let limit = target.words();
        Input {
            header,
            nonce_low: nonce as u32,
            nonce_high: (nonce >> 32) as u32,
            count,
            limit_high: limit[7],
            limit_low: limit[6],
            unused: [0; 3],
        }
    }
}

/// What the program reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Which nonce, from the batch's first one on.
    pub number: u32,
    pub mix: [u8; 32],
    /// As ProgPoW writes it: the most significant byte first.
    pub digest: [u8; 32],
}

/// What a batch left behind.
#[derive(Debug)]
pub struct Results {
    /// How many hits there were.
    pub count: u32,
    /// Those there was room for, in order.
    pub hits: Vec<Hit>,
    pub device_time: Option<Duration>,
}

#[derive(Debug)]
pub struct Slot {
    input: wgpu::Buffer,
    hits: wgpu::Buffer,
    /// What the CPU reads: the hits, then the times.
    readback: wgpu::Buffer,
    bindings: wgpu::BindGroup,
    clock: Option<Clock>,
}

impl Slot {
    /// # Errors
    /// If there is no memory, or the device failed.
    pub fn new(device: &Device, constants: &wgpu::Buffer) -> Result<Self, GpuError> {
        use wgpu::BufferUsages as Usages;
        let input = Usages::UNIFORM | Usages::COPY_DST;
        let input = device.buffer("input", size_of::<Input>() as u64, input)?;
        let hits = Usages::STORAGE | Usages::COPY_SRC | Usages::COPY_DST;
        let hits = device.buffer("hits", HITS_BYTES, hits)?;
        let readback = Usages::MAP_READ | Usages::COPY_DST;
        let readback = device.buffer("readback", HITS_BYTES + Clock::BYTES, readback)?;
        let layout = pipeline::slot_layout(device);
        Ok(Slot {
            bindings: pipeline::bind(device, &layout, &[&input, constants, &hits]),
            input,
            hits,
            readback,
            clock: Clock::new(device),
        })
    }

    /// Encodes and submits one dispatch, and asks for its results to be mapped.
    pub fn submit(
        &self,
        device: &Device,
        pipeline: &wgpu::ComputePipeline,
        dataset: &wgpu::BindGroup,
        input: &Input,
        workgroup_size: u32,
    ) -> wgpu::SubmissionIndex {
        let (columns, rows) = grid(device, input.count.div_ceil(workgroup_size));
        let bytes = bytemuck::bytes_of(input);
        device.queue().write_buffer(&self.input, 0, bytes);
        let mut encoder = device.raw().create_command_encoder(&Default::default());
        encoder.clear_buffer(&self.hits, 0, Some(4));
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some("search"),
                timestamp_writes: self.clock.as_ref().map(Clock::of_pass),
            });
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, &self.bindings, &[]);
            pass.set_bind_group(1, dataset, &[]);
            pass.dispatch_workgroups(columns, rows, 1);
        }
        encoder.copy_buffer_to_buffer(&self.hits, 0, &self.readback, 0, Some(HITS_BYTES));
        if let Some(clock) = &self.clock {
            clock.write(&mut encoder, &self.readback, HITS_BYTES);
        }
        let submission = device.queue().submit([encoder.finish()]);
        // Whether it worked shows when the range is asked for.
        self.readback.map_async(wgpu::MapMode::Read, .., |_| {});
        submission
    }

    /// What the dispatch left, once it was waited for.
    ///
    /// # Errors
    /// If the device failed.
    pub fn results(&self, device: &Device) -> Result<Results, GpuError> {
        let words = device.words(&self.readback)?;
        let (hits, times) = words.split_at(HITS_BYTES as usize / 4);
        let count = hits[0];
        let reported = hits[1..].chunks_exact(HIT_WORDS).take(count as usize);
        let mut hits: Vec<Hit> = reported
            .map(|words| Hit {
                number: words[0],
                mix: bytes(&words[1..9]),
                digest: bytes(&words[9..]),
            })
            .collect();
        hits.sort_unstable_by_key(|hit| hit.number);
        let clock = self.clock.as_ref();
        Ok(Results {
            count,
            hits,
            device_time: clock.and_then(|clock| clock.between(times)),
        })
    }
}

/// Little-endian words as bytes.
fn bytes(words: &[u32]) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (bytes, word) in bytes.chunks_exact_mut(4).zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}
