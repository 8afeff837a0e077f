//! The search on a graphics card: dispatches in flight, and their results read back.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::hash_header;
use super::kernel::{self, Input, Purpose};
use crate::gpu::{
    BatchSizer, Clock, Device, Exchange, Finished, GpuError, Kernel, Readiness, Tuning, grid, probe,
};
use crate::search::set_header_nonce;
use crate::{Algorithm, Batch, BatchInput, Digest, Job, Outcome, Search, SearchError};

/// Rises with every change of the program or of how it is run that may change its speed.
pub const KERNEL_VERSION: u32 = 2;
/// How many batches may be in flight: one computes while the results of the other are read.
const IN_FLIGHT: usize = 2;
/// The most nonces in a batch: beyond it the program's counters would wrap.
const MOST_NONCES: u32 = 1 << 31;
/// How many hits a batch has room for. More come only with targets that are met more than a thousand times a second.
pub(super) const ROOM: usize = 4_095;
/// The hits: their count, then the nonces.
const HITS_BYTES: u64 = 4 * (1 + ROOM as u64);
/// A dispatch is sized to milliseconds. A card that has not answered by now has hung.
const DEADLINE: Duration = Duration::from_secs(30);

/// The layout to begin with.
pub fn default_tuning(device: &Device) -> Tuning {
    let most = device.raw().limits().max_compute_workgroup_size_x;
    Tuning {
        workgroup_size: most.min(if device.description().is_software() {
            64
        } else {
            256
        }),
        nonces_each: 1,
        exchange: Exchange::default(),
        wide_integers: false,
    }
}

/// Tries nonces on a graphics card.
///
/// [`GpuSearch::submit`] and [`GpuSearch::wait`] keep two batches in flight; [`Search::search`] does one at a time.
#[derive(Debug)]
pub struct GpuSearch {
    device: Device,
    program: Program,
    tuning: Tuning,
    free: Vec<Slot>,
    in_flight: VecDeque<Flight>,
    last_completion: Option<Instant>,
}

/// A batch on the device.
#[derive(Debug)]
struct Flight {
    batch: Batch,
    header: [u8; 80],
    slot: Slot,
    submission: wgpu::SubmissionIndex,
    submitted: Instant,
}

impl GpuSearch {
    /// Compiles the program with a layout that suits most cards.
    ///
    /// # Errors
    /// If the driver refuses, or the device was lost.
    pub fn new(device: &Device) -> Result<Self, GpuError> {
        Self::with_tuning(device, default_tuning(device))
    }

    /// Compiles the program with a given layout.
    ///
    /// # Errors
    /// If the driver refuses the layout, or the device was lost.
    pub fn with_tuning(device: &Device, tuning: Tuning) -> Result<Self, GpuError> {
        let program = Program::compile(device, Purpose::Search, tuning)?;
        let free = (0..IN_FLIGHT)
            .map(|_| Slot::new(device, &program))
            .collect();
        device.check()?;
        Ok(Self {
            device: device.clone(),
            program,
            tuning,
            free,
            in_flight: VecDeque::new(),
            last_completion: None,
        })
    }
}

impl Kernel for GpuSearch {
    /// Compiled at the start: there is nothing else to prepare.
    fn prepare(&mut self, _job: &Job, _budget: Duration) -> Result<Readiness, GpuError> {
        Ok(Readiness::Ready)
    }

    fn look_ahead(&mut self, _job: &Job, _budget: Duration) -> Result<Duration, GpuError> {
        Ok(Duration::ZERO)
    }

    fn sizer(&self) -> BatchSizer {
        let first = if self.device.description().is_software() {
            1 << 12
        } else {
            1 << 18
        };
        let granularity = self.tuning.workgroup_size * self.tuning.nonces_each;
        BatchSizer::new(first, granularity, MOST_NONCES)
    }

    fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    fn has_room(&self) -> bool {
        !self.free.is_empty()
    }

    fn submit(&mut self, batch: &Batch) -> Result<(), SearchError> {
        let BatchInput::Sha256d { header } = batch.input else {
            return Err(SearchError::Algorithm {
                expected: Algorithm::Sha256d,
                given: batch.algorithm(),
            });
        };
        if batch.count == 0 || batch.count > MOST_NONCES || batch.step != 1 {
            return Err(SearchError::Gpu(GpuError::Validation(format!(
                "a batch of {} nonces in steps of {}; possible: 1 to {MOST_NONCES}, in steps of 1",
                batch.count, batch.step
            ))));
        }
        self.device.check()?;
        let slot = self.free.pop().ok_or(GpuError::Busy(IN_FLIGHT))?;
        let mut input = Input::new(&header, batch.target.words()[7]);
        input.first_nonce = batch.first_nonce;
        input.count = batch.count;
        input.stride = batch.count.div_ceil(self.tuning.nonces_each);
        let submitted = Instant::now();
        let submission = slot.submit(&self.device, &self.program, &input, self.tuning);
        self.in_flight.push_back(Flight {
            batch: batch.clone(),
            header,
            slot,
            submission,
            submitted,
        });
        Ok(())
    }

    fn wait(&mut self) -> Result<Finished, GpuError> {
        let flight = self.in_flight.pop_front().ok_or(GpuError::Idle)?;
        self.device.wait(flight.submission, DEADLINE)?;
        let completed = Instant::now();
        let begun = self
            .last_completion
            .map_or(flight.submitted, |last| last.max(flight.submitted));
        self.last_completion = Some(completed);
        let results = flight.slot.results(&self.device)?;
        let device_time = results.device_time.unwrap_or(completed - begun);
        self.free.push(flight.slot);

        let mut outcome = Outcome {
            hashes: u64::from(flight.batch.count),
            missed: u64::from(results.count).saturating_sub(ROOM as u64),
            ..Outcome::default()
        };
        let mut header = flight.header;
        for nonce in results.nonces {
            set_header_nonce(&mut header, nonce);
            let digest = hash_header(&header);
            if top_word(&digest) > flight.batch.target.words()[7]
                || nonce.wrapping_sub(flight.batch.first_nonce) >= flight.batch.count
            {
                return Err(GpuError::WrongResult(format!(
                    "nonce {nonce:08x} was reported for header {}",
                    hex::encode(flight.header)
                )));
            }
            if flight.batch.target.is_met_by(&digest.0) {
                outcome.found.push(flight.batch.solution(nonce, digest));
            }
        }
        Ok(Finished {
            outcome,
            device_time,
        })
    }

    fn probe(&mut self, job: &Job, random: u64) -> Result<(), GpuError> {
        if self.in_flight() > 0 {
            return Err(GpuError::Busy(self.in_flight()));
        }
        let batch = probe::batch(job, random, self.tuning.workgroup_size)?;
        self.submit(&batch).map_err(probe::refused)?;
        probe::check(&batch, &self.wait()?.outcome)
    }

    fn tuning(&self) -> Tuning {
        self.tuning
    }

    fn candidates(&self) -> Vec<Tuning> {
        let most = self.device.raw().limits().max_compute_workgroup_size_x;
        let sizes = [32, 64, 128, 256, 512]
            .into_iter()
            .filter(|size| *size <= most);
        let each = |workgroup_size| {
            [1, 4].map(|nonces_each| Tuning {
                workgroup_size,
                nonces_each,
                ..self.tuning
            })
        };
        sizes.flat_map(each).collect()
    }

    fn set_tuning(&mut self, tuning: Tuning) -> Result<(), GpuError> {
        if self.in_flight() > 0 {
            return Err(GpuError::Busy(self.in_flight()));
        }
        *self = Self::with_tuning(&self.device.clone(), tuning)?;
        Ok(())
    }
}

impl Search for GpuSearch {
    fn search(&mut self, batch: &Batch) -> Result<Outcome, SearchError> {
        if self.in_flight() > 0 {
            return Err(SearchError::Gpu(GpuError::Busy(self.in_flight())));
        }
        self.submit(batch)?;
        Ok(self.wait()?.outcome)
    }
}

/// The hash of a header, all of it computed on the graphics card.
///
/// # Errors
/// If the device failed.
pub fn hash_header_on(device: &Device, header: &[u8; 80]) -> Result<Digest, GpuError> {
    let tuning = Tuning {
        workgroup_size: 1,
        nonces_each: 1,
        ..default_tuning(device)
    };
    let program = Program::compile(device, Purpose::Show, tuning)?;
    let slot = Slot::new(device, &program);
    let mut input = Input::new(header, 0);
    let [.., a, b, c, d] = *header;
    input.first_nonce = u32::from_le_bytes([a, b, c, d]);
    input.count = 1;
    input.stride = 1;
    let submission = slot.submit(device, &program, &input, tuning);
    device.wait(submission, DEADLINE)?;
    let words = device.words(&slot.readback)?;
    let mut digest = [0; 32];
    for (bytes, word) in digest.chunks_exact_mut(4).zip(&words[1..]) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    Ok(Digest(digest))
}

/// The 32 bits of a digest that decide first.
fn top_word(digest: &Digest) -> u32 {
    let [.., a, b, c, d] = digest.0;
    u32::from_le_bytes([a, b, c, d])
}

/// A compiled program.
#[derive(Debug)]
struct Program {
    pipeline: wgpu::ComputePipeline,
    layout: wgpu::BindGroupLayout,
}

impl Program {
    fn compile(device: &Device, purpose: Purpose, tuning: Tuning) -> Result<Self, GpuError> {
        device.check()?;
        let raw = device.raw();
        let module = device.module("sha256d", kernel::source(purpose));
        let constants = [
            ("workgroup_size", f64::from(tuning.workgroup_size)),
            ("nonces_each", f64::from(tuning.nonces_each)),
        ];
        let pipeline = raw.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some("sha256d"),
            layout: None,
            module: &module,
            entry_point: Some("search"),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants: &constants,
                zero_initialize_workgroup_memory: false,
            },
            cache: None,
        });
        let layout = pipeline.get_bind_group_layout(0);
        device.check()?;
        Ok(Self { pipeline, layout })
    }
}

/// The buffers of one batch in flight.
#[derive(Debug)]
struct Slot {
    input: wgpu::Buffer,
    hits: wgpu::Buffer,
    /// What the CPU reads: the hits, then the times.
    readback: wgpu::Buffer,
    bindings: wgpu::BindGroup,
    clock: Option<Clock>,
}

/// What a batch left in its readback buffer.
struct Results {
    count: u32,
    nonces: Vec<u32>,
    device_time: Option<Duration>,
}

impl Slot {
    fn new(device: &Device, program: &Program) -> Self {
        use wgpu::BufferUsages as Usages;
        let raw = device.raw();
        let buffer = |label, size, usage| {
            raw.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size,
                usage,
                mapped_at_creation: false,
            })
        };
        let input = buffer(
            "input",
            size_of::<Input>() as u64,
            Usages::UNIFORM | Usages::COPY_DST,
        );
        let hits = buffer(
            "hits",
            HITS_BYTES,
            Usages::STORAGE | Usages::COPY_SRC | Usages::COPY_DST,
        );
        let readback = buffer(
            "readback",
            HITS_BYTES + Clock::BYTES,
            Usages::MAP_READ | Usages::COPY_DST,
        );
        let bindings = raw.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("sha256d"),
            layout: &program.layout,
            entries: &[
                wgpu::BindGroupEntry {
                    binding: 0,
                    resource: input.as_entire_binding(),
                },
                wgpu::BindGroupEntry {
                    binding: 1,
                    resource: hits.as_entire_binding(),
                },
            ],
        });
        let clock = Clock::new(device);
        Self {
            input,
            hits,
            readback,
            bindings,
            clock,
        }
    }

    /// Encodes and submits one dispatch, and asks for its results to be mapped.
    fn submit(
        &self,
        device: &Device,
        program: &Program,
        input: &Input,
        tuning: Tuning,
    ) -> wgpu::SubmissionIndex {
        let workgroups = input.stride.div_ceil(tuning.workgroup_size);
        let (columns, rows) = grid(device, workgroups);
        device
            .queue()
            .write_buffer(&self.input, 0, bytemuck::bytes_of(input));
        let mut encoder = device
            .raw()
            .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.clear_buffer(&self.hits, 0, Some(4));
        {
            let timestamp_writes = self.clock.as_ref().map(Clock::of_pass);
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some("sha256d"),
                timestamp_writes,
            });
            pass.set_pipeline(&program.pipeline);
            pass.set_bind_group(0, &self.bindings, &[]);
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

    fn results(&self, device: &Device) -> Result<Results, GpuError> {
        let words = device.words(&self.readback)?;
        let (hits, times) = words.split_at(HITS_BYTES as usize / 4);
        let count = hits[0];
        let filled = (count as usize).min(ROOM);
        let mut nonces = hits[1..=filled].to_vec();
        nonces.sort_unstable();
        let device_time = self.clock.as_ref();
        let device_time = device_time.and_then(|clock| clock.between(times));
        Ok(Results {
            count,
            nonces,
            device_time,
        })
    }
}
