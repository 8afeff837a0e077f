//! A GPU at work: dispatches of a measured length, with gaps between them if it may not have all the time.

mod gaps;

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use idlewatt_kernels::gpu::{self, AdapterDescription, BatchSizer, Device, GpuError, Kernel as _};
use idlewatt_kernels::sha256d::GpuSearch;
use idlewatt_kernels::{Algorithm, Cursor, SearchError};
use idlewatt_platform::priority;

use super::Fault;
use super::check::Checker;
use super::control::{Allowed, Control, Work};
use super::output::Output;
use crate::engine::message::{Event, FaultKind};
use crate::engine::{Processor, ProcessorId, ProcessorKind};
use gaps::Gaps;

/// The GPUs of this device.
pub fn list(allow_software: bool) -> Vec<Processor> {
    let adapters = gpu::adapters().into_iter();
    let usable = adapters.filter(|adapter| allow_software || !adapter.is_software());
    usable.map(processor).collect()
}

fn processor(adapter: AdapterDescription) -> Processor {
    Processor {
        kind: ProcessorKind::Gpu,
        software: adapter.is_software(),
        id: ProcessorId(adapter.id),
        name: adapter.name,
        bus: adapter.bus,
        threads: 1,
        driver: format!("{} {}", adapter.backend, adapter.driver),
    }
}

/// Works until there is a fault.
pub fn run(
    control: &Control,
    output: &Output,
    algorithm: Algorithm,
    id: &str,
    allow_software: bool,
) -> Result<Infallible, Fault> {
    if !algorithm.runs_on_gpu() {
        return Err(Fault::new(
            FaultKind::Usage,
            format!("{algorithm} does not run on a GPU"),
        ));
    }
    // Graphics libraries panic in places where a driver fails: that ends this engine like any other fault.
    let worked = catch_unwind(AssertUnwindSafe(|| {
        let device = open(id, allow_software)?;
        Engine::new(control, output, &device)?.work()
    }));
    worked.unwrap_or_else(|_| {
        Err(Fault::new(
            FaultKind::Device,
            "the graphics library panicked",
        ))
    })
}

fn open(id: &str, allow_software: bool) -> Result<Device, Fault> {
    let listed = gpu::adapters().into_iter().find(|adapter| adapter.id == id);
    let software = listed.is_some_and(|adapter| adapter.is_software());
    if software && !allow_software {
        let message =
            format!("{id} is computed by the CPU; it is only used with --allow-software-gpu");
        return Err(Fault::new(FaultKind::Usage, message));
    }
    // A driver's threads are started when it is opened and get this thread's class. One that computes on the CPU
    // stands back for everything; one that feeds a card uses little time, but needs it promptly.
    let lowered = if software {
        priority::idle_thread()
    } else {
        priority::low_thread()
    };
    if let Err(error) = lowered {
        tracing::warn!(%error, "a lower scheduling class was refused");
    }
    Device::open(id).map_err(fault)
}

fn fault(error: GpuError) -> Fault {
    let kind = match &error {
        GpuError::UnknownAdapter { .. }
        | GpuError::NoKernel(_)
        | GpuError::Job(_)
        | GpuError::Busy(_)
        | GpuError::Idle => FaultKind::Usage,
        GpuError::OutOfMemory(_) => FaultKind::Memory,
        GpuError::WrongResult(_) => FaultKind::WrongHash,
        GpuError::Open(_)
        | GpuError::DeviceLost(_)
        | GpuError::Timeout(_)
        | GpuError::Validation(_) => FaultKind::Device,
    };
    Fault::new(kind, error)
}

fn search_fault(error: SearchError) -> Fault {
    match error {
        SearchError::Gpu(error) => fault(error),
        other => Fault::new(FaultKind::Usage, other),
    }
}

/// The work and how far it is.
struct Place {
    work: Arc<Work>,
    cursor: Cursor,
}

struct Engine<'a> {
    control: &'a Control,
    output: &'a Output,
    search: GpuSearch,
    sizer: BatchSizer,
    checker: Checker,
    gaps: Gaps,
    /// The work of each batch in flight, oldest first.
    in_flight: std::collections::VecDeque<Arc<Work>>,
    place: Option<Place>,
}

impl<'a> Engine<'a> {
    fn new(control: &'a Control, output: &'a Output, device: &Device) -> Result<Self, Fault> {
        let search = GpuSearch::new(device).map_err(fault)?;
        Ok(Engine {
            control,
            output,
            sizer: search.sizer(),
            search,
            checker: Checker::new(None),
            gaps: Gaps::default(),
            in_flight: Default::default(),
            place: None,
        })
    }

    fn work(&mut self) -> Result<Infallible, Fault> {
        loop {
            let Some((work, allowed)) = self.control.current() else {
                while !self.in_flight.is_empty() {
                    self.finish()?;
                }
                self.control.wait_active();
                continue;
            };
            let generation = work.generation;
            self.go_to(work)?;
            if allowed.percent >= 100 {
                self.at_full_speed(allowed)?;
            } else {
                self.with_gaps(allowed)?;
            }
            if self.in_flight.is_empty() && self.place.is_none() {
                // All nonces of the job are used up.
                self.control.wait_generation(generation);
            }
        }
    }

    /// Begins at a random place of new work.
    fn go_to(&mut self, work: Arc<Work>) -> Result<(), Fault> {
        if self
            .place
            .as_ref()
            .is_none_or(|place| place.work.generation != work.generation)
        {
            let cursor = Cursor::new(&work.job, work.space, rand::random());
            let cursor = cursor.map_err(|error| Fault::new(FaultKind::Usage, error))?;
            self.place = Some(Place { work, cursor });
        }
        Ok(())
    }

    /// Two in flight, so that the device never waits.
    fn at_full_speed(&mut self, allowed: Allowed) -> Result<(), Fault> {
        self.gaps = Gaps::default();
        while self.search.has_room() && self.submit(allowed)? {}
        if !self.in_flight.is_empty() {
            self.finish()?;
        }
        Ok(())
    }

    /// One at a time, and a rest after each.
    fn with_gaps(&mut self, allowed: Allowed) -> Result<(), Fault> {
        while !self.in_flight.is_empty() {
            self.finish()?;
        }
        let began = Instant::now();
        if !self.submit(allowed)? {
            return Ok(());
        }
        let generation = self.control.generation();
        let took = self.finish()?;
        let share = f64::from(allowed.percent) / 100.0;
        let next = self.gaps.after(began, took, share, Instant::now());
        self.control.rest_until(next, generation, allowed);
        Ok(())
    }

    /// Hands the next batch over; false if there is none, and then there is no place any more either.
    fn submit(&mut self, allowed: Allowed) -> Result<bool, Fault> {
        let Some(place) = &mut self.place else {
            return Ok(false);
        };
        match place.cursor.next_batch(self.sizer.size(allowed.budget)) {
            Some(batch) => {
                self.search.submit(&batch).map_err(search_fault)?;
                self.in_flight.push_back(Arc::clone(&place.work));
                Ok(true)
            }
            None => {
                self.place = None;
                Ok(false)
            }
        }
    }

    /// Waits for the oldest batch. Returns how long it took on the device.
    fn finish(&mut self) -> Result<std::time::Duration, Fault> {
        let finished = self.search.wait().map_err(fault)?;
        let work = self.in_flight.pop_front();
        let (outcome, took) = (finished.outcome, finished.device_time);
        self.sizer
            .record(outcome.hashes.min(u64::from(u32::MAX)) as u32, took);
        self.control
            .hashes
            .fetch_add(outcome.hashes, Ordering::Relaxed);
        self.control.record_dispatch(took);
        for solution in outcome.found {
            if let Some(work) = &work {
                self.checker.check(&work.job, &solution)?;
            }
            self.output.event(&Event::Found { solution });
        }
        Ok(took)
    }
}
