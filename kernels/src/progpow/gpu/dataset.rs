//! The dataset of an epoch: made on the card in slices, none of which holds it up for long.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytemuck::{Pod, Zeroable};

use super::layout::{Layout, Limits};
use super::{DEADLINE, generator, pipeline};
use crate::gpu::{BatchSizer, Clock, Device, GpuError};
use crate::progpow::{ENTRY_BYTES, Epoch, ITEM_BYTES, LightCache};

/// The most items of a slice: one row of workgroups holds more.
const MOST_ITEMS: u32 = 1 << 21;
/// The light cache goes to the card in pieces of so many items: 4 MiB.
const PIECE: usize = 1 << 16;
const ITEMS_AN_ENTRY: u32 = (ENTRY_BYTES / ITEM_BYTES) as u32;

/// A whole dataset on the card.
#[derive(Debug)]
pub struct Dataset {
    pub light: Arc<LightCache>,
    pub layout: Layout,
    pub bindings: wgpu::BindGroup,
    /// For tests, which read and spoil them.
    #[cfg_attr(not(test), expect(dead_code, reason = "the bindings hold them"))]
    pub buffers: Vec<wgpu::Buffer>,
}

/// The program that makes an epoch's dataset.
#[derive(Clone, Debug)]
pub struct Maker {
    pipeline: wgpu::ComputePipeline,
    layout: wgpu::BindGroupLayout,
}

impl Maker {
    /// Compiles it.
    ///
    /// # Errors
    /// If the driver refuses it, or the device failed.
    pub fn compile(device: &Device, epoch: Epoch) -> Result<Self, GpuError> {
        device.check()?;
        let raw = device.raw();
        let module = device.module("dataset", generator::dataset(epoch));
        let pipeline = raw.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some("dataset"),
            layout: None,
            module: &module,
            entry_point: Some("generate"),
            compilation_options: Default::default(),
            cache: None,
        });
        let layout = pipeline.get_bind_group_layout(0);
        device.check()?;
        Ok(Maker { pipeline, layout })
    }
}

/// `Slice` in dataset.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct Slice {
    first: u32,
    count: u32,
    /// Uniform structures end at multiples of 16 bytes.
    unused: [u32; 2],
}

/// A dataset that is being made.
#[derive(Debug)]
pub struct Filling {
    light: Arc<LightCache>,
    maker: Maker,
    layout: Layout,
    buffers: Vec<wgpu::Buffer>,
    cache: wgpu::Buffer,
    slice: wgpu::Buffer,
    constants: wgpu::Buffer,
    readback: wgpu::Buffer,
    clock: Option<Clock>,
    sizer: BatchSizer,
    /// How many items of the light cache are on the card.
    uploaded: usize,
    /// How many items of the dataset are made.
    made: u32,
}

impl Filling {
    /// Takes the memory that it needs.
    ///
    /// # Errors
    /// If there is too little, or the limits of the card do not allow it.
    pub fn allocate(
        device: &Device,
        light: Arc<LightCache>,
        maker: Maker,
        limits: Limits,
    ) -> Result<Self, GpuError> {
        use wgpu::BufferUsages as Usages;
        let epoch = light.epoch();
        let layout = Layout::of_epoch(epoch, limits)?;
        let usage = Usages::STORAGE | Usages::COPY_SRC | Usages::COPY_DST;
        let needed = |error| match error {
            GpuError::OutOfMemory(text) => GpuError::OutOfMemory(format!(
                "{}'s epoch {} needs {} bytes for its dataset and {} to make it: {text}",
                epoch.parameters.name,
                epoch.number,
                epoch.dataset_bytes(),
                epoch.cache_bytes(),
            )),
            other => other,
        };
        let buffers: Result<Vec<_>, _> = layout
            .entries_of_buffers(epoch)
            .map(|entries| device.buffer("dataset", u64::from(entries) * ENTRY_BYTES, usage))
            .collect();
        let cache = device.buffer("light cache", epoch.cache_bytes(), usage);
        // Small enough for a processor's own graphics.
        let first = if device.description().is_software() {
            1 << 10
        } else {
            1 << 12
        };
        let uniform = Usages::UNIFORM | Usages::COPY_DST;
        let readback = Usages::MAP_READ | Usages::COPY_DST;
        Ok(Filling {
            buffers: buffers.map_err(needed)?,
            cache: cache.map_err(needed)?,
            slice: device.buffer("slice", size_of::<Slice>() as u64, uniform)?,
            constants: pipeline::constants(device)?,
            readback: device.buffer("times", Clock::BYTES, readback)?,
            clock: Clock::new(device),
            sizer: BatchSizer::new(first, generator::DATASET_WORKGROUP, MOST_ITEMS),
            light,
            maker,
            layout,
            uploaded: 0,
            made: 0,
        })
    }

    /// How many parts are done, of how many. A part is an item.
    pub fn progress(&self) -> (u64, u64) {
        (u64::from(self.made), u64::from(self.items()))
    }

    fn items(&self) -> u32 {
        self.light.epoch().entries() * ITEMS_AN_ENTRY
    }

    /// Does one step. Returns how long it took on the device.
    ///
    /// # Errors
    /// If the device failed.
    pub fn step(&mut self, device: &Device, budget: Duration) -> Result<Duration, GpuError> {
        if self.uploaded < self.light.items().len() {
            self.upload(device)
        } else {
            self.generate(device, budget)
        }
    }

    /// Whether nothing is left to be done.
    pub fn is_complete(&self) -> bool {
        self.made == self.items()
    }

    /// The dataset, when it is complete.
    pub fn into_dataset(self, device: &Device) -> Dataset {
        let bindings = pipeline::dataset_layout(device, self.layout);
        let buffers: Vec<&wgpu::Buffer> = self.buffers.iter().collect();
        Dataset {
            bindings: pipeline::bind(device, &bindings, &buffers),
            light: self.light,
            layout: self.layout,
            buffers: self.buffers,
        }
    }

    fn upload(&mut self, device: &Device) -> Result<Duration, GpuError> {
        let begun = Instant::now();
        let items = &self.light.items()[self.uploaded..];
        let piece = &items[..items.len().min(PIECE)];
        let bytes = bytemuck::cast_slice(piece.as_flattened());
        let offset = self.uploaded as u64 * ITEM_BYTES;
        device.queue().write_buffer(&self.cache, offset, bytes);
        device.wait(device.queue().submit([]), DEADLINE)?;
        self.uploaded += piece.len();
        Ok(begun.elapsed())
    }

    /// Makes the next slice. Only the slice is bound: wgpu fills what a program first sees with zeros, and must not do
    /// so with gigabytes at once.
    fn generate(&mut self, device: &Device, budget: Duration) -> Result<Duration, GpuError> {
        let Layout::Full { entries_each, .. } = self.layout else {
            return Err(GpuError::Validation(
                "a sparse dataset is not made".to_owned(),
            ));
        };
        let each = u64::from(entries_each) * u64::from(ITEMS_AN_ENTRY);
        let (number, inside) = (u64::from(self.made) / each, u64::from(self.made) % each);
        let left = u64::from(self.items() - self.made).min(each - inside);
        let count = u64::from(self.sizer.size(budget)).min(left) as u32;
        let slice = Slice {
            first: self.made,
            count,
            unused: [0; 2],
        };
        let queue = device.queue();
        queue.write_buffer(&self.slice, 0, bytemuck::bytes_of(&slice));
        let output = wgpu::BufferBinding {
            buffer: &self.buffers[number as usize],
            offset: inside * ITEM_BYTES,
            size: wgpu::BufferSize::new(u64::from(count) * ITEM_BYTES),
        };
        let binding = |buffer| wgpu::BufferBinding {
            buffer,
            offset: 0,
            size: wgpu::BufferSize::new(buffer.size()),
        };
        let resources = [
            binding(&self.slice),
            binding(&self.constants),
            binding(&self.cache),
            output,
        ];
        let entries: Vec<_> = (0..)
            .zip(resources)
            .map(|(binding, resource)| wgpu::BindGroupEntry {
                binding,
                resource: wgpu::BindingResource::Buffer(resource),
            })
            .collect();
        let bindings = device.raw().create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("slice"),
            layout: &self.maker.layout,
            entries: &entries,
        });
        let mut encoder = device.raw().create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some("dataset"),
                timestamp_writes: self.clock.as_ref().map(Clock::of_pass),
            });
            pass.set_pipeline(&self.maker.pipeline);
            pass.set_bind_group(0, &bindings, &[]);
            pass.dispatch_workgroups(count.div_ceil(generator::DATASET_WORKGROUP), 1, 1);
        }
        if let Some(clock) = &self.clock {
            clock.write(&mut encoder, &self.readback, 0);
        }
        let begun = Instant::now();
        let submission = queue.submit([encoder.finish()]);
        self.readback.map_async(wgpu::MapMode::Read, .., |_| {});
        device.wait(submission, DEADLINE)?;
        let elapsed = begun.elapsed();
        let times = device.words(&self.readback)?;
        let clock = self.clock.as_ref();
        let took = clock.and_then(|clock| clock.between(&times));
        let took = took.unwrap_or(elapsed);
        self.sizer.record(count, took);
        self.made += count;
        Ok(took)
    }
}
