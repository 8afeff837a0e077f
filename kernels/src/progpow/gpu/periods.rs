//! The programs of periods: compiled ahead on other threads, so that the change from one to the next costs nothing.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::layout::{Layout, Limits};
use super::pipeline;
use crate::gpu::{Device, GpuError, Tuning};
use crate::progpow::{Epoch, HeightError, Parameters, Program};

/// How many programs are kept: the current one, the next, and two for servers that disagree on the height.
const KEPT: usize = 4;

/// Which program: its text depends on nothing else, for one algorithm and layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    pub epoch: Epoch,
    pub period: u64,
}

impl Key {
    /// That of a height.
    ///
    /// # Errors
    /// If the height is beyond any epoch.
    pub fn of_height(parameters: &'static Parameters, height: u64) -> Result<Self, HeightError> {
        Ok(Key {
            epoch: Epoch::of_height(parameters, height)?,
            period: parameters.period_of(height),
        })
    }

    /// The one that follows; `None` behind the last.
    pub fn next(self) -> Option<Self> {
        let parameters = self.epoch.parameters;
        Self::of_height(parameters, (self.period + 1) * parameters.period).ok()
    }
}

/// The program of a period, on the card and for the CPU.
#[derive(Debug)]
pub struct Compiled {
    pub key: Key,
    pub program: Program,
    pub pipeline: wgpu::ComputePipeline,
}

/// The programs that there are, and those on their way.
#[derive(Debug)]
pub struct Periods {
    device: Device,
    tuning: Tuning,
    limits: Limits,
    /// The most recently wanted last.
    ready: Vec<Arc<Compiled>>,
    pending: Vec<(Key, JoinHandle<Result<Compiled, GpuError>>)>,
}

impl Periods {
    pub fn new(device: &Device, tuning: Tuning, limits: Limits) -> Self {
        Periods {
            device: device.clone(),
            tuning,
            limits,
            ready: Vec::new(),
            pending: Vec::new(),
        }
    }

    /// A program, if it is there.
    pub fn get(&self, key: Key) -> Option<&Arc<Compiled>> {
        self.ready.iter().find(|compiled| compiled.key == key)
    }

    /// Compiles a program at once.
    ///
    /// # Errors
    /// If the driver refuses it, or the device failed.
    pub fn compile(&mut self, key: Key) -> Result<(), GpuError> {
        let compiled = compile(&self.device, key, self.tuning, self.limits)?;
        self.keep(compiled);
        Ok(())
    }

    /// Sees to it that a program will be there. Whether it is.
    ///
    /// # Errors
    /// If the driver refused it, no thread can be started, or the device failed.
    pub fn want(&mut self, key: Key) -> Result<bool, GpuError> {
        while let Some(place) = self
            .pending
            .iter()
            .position(|(_, thread)| thread.is_finished())
        {
            let (_, thread) = self.pending.swap_remove(place);
            let compiled = thread.join().unwrap_or_else(|_| {
                Err(GpuError::Validation(
                    "the thread that compiles died".to_owned(),
                ))
            })?;
            self.keep(compiled);
        }
        if let Some(place) = self.ready.iter().position(|compiled| compiled.key == key) {
            let wanted = self.ready.remove(place);
            self.ready.push(wanted);
            return Ok(true);
        }
        if !self.pending.iter().any(|(pending, _)| *pending == key) {
            let (device, tuning, limits) = (self.device.clone(), self.tuning, self.limits);
            let thread = thread::Builder::new().name("compiler".to_owned());
            let thread = thread.spawn(move || compile(&device, key, tuning, limits));
            let thread = thread.map_err(|error| {
                GpuError::OutOfMemory(format!("no thread for the compiler: {error}"))
            })?;
            self.pending.push((key, thread));
        }
        Ok(false)
    }

    fn keep(&mut self, compiled: Compiled) {
        self.ready.retain(|ready| ready.key != compiled.key);
        if self.ready.len() >= KEPT {
            self.ready.remove(0);
        }
        self.ready.push(Arc::new(compiled));
    }
}

impl Drop for Periods {
    fn drop(&mut self) {
        // A driver must not be taken down while it compiles.
        for (_, thread) in self.pending.drain(..) {
            let _ = thread.join();
        }
    }
}

fn compile(
    device: &Device,
    key: Key,
    tuning: Tuning,
    limits: Limits,
) -> Result<Compiled, GpuError> {
    let program = Program::of_period(key.epoch.parameters, key.period);
    let layout = Layout::of_epoch(key.epoch, limits)?;
    let pipeline = pipeline::compile(device, key.epoch, &program, layout, tuning)?;
    Ok(Compiled {
        key,
        program,
        pipeline,
    })
}
