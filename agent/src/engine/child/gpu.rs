//! A GPU at work: dispatches of a measured length, with gaps between them if it may not have all the time.

mod ahead;
mod gaps;
mod memory;
mod search;
mod tune;

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};

use idlewatt_kernels::gpu::{self, AdapterDescription, Device, GpuError};
use idlewatt_kernels::{Algorithm, SearchError};
use idlewatt_platform::priority;

use super::control::Control;
use super::output::Output;
use super::{Args, Fault};
use crate::engine::message::FaultKind;
use crate::engine::{Processor, ProcessorId, ProcessorKind};
use search::Engine;

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
        memory: idlewatt_platform::graphics::memory(&adapter.name, adapter.bus.as_deref()),
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
    args: &Args,
) -> Result<Infallible, Fault> {
    if !algorithm.runs_on_gpu() {
        return Err(Fault::new(
            FaultKind::Usage,
            format!("{algorithm} does not run on a GPU"),
        ));
    }
    // Graphics libraries panic in places where a driver fails: that ends this engine like any other fault.
    let worked = catch_unwind(AssertUnwindSafe(|| {
        let device = open(id, args.allow_software_gpu)?;
        let mut engine = Engine::new(control, output, &device, algorithm, args.tuning)?;
        if args.tune {
            engine.tune(&args.leave_out)?;
        }
        engine.work()
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
