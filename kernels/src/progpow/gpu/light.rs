//! A light cache that a thread of its own builds, and the program that makes the dataset of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use super::dataset::Maker;
use crate::gpu::{Device, GpuError};
use crate::progpow::{Cancelled, Epoch, LightCache};

/// What the thread makes.
#[derive(Debug)]
pub struct Made {
    pub light: Arc<LightCache>,
    pub maker: Maker,
}

/// A thread that builds a light cache. Dropping it calls it off.
#[derive(Debug)]
pub struct Build {
    thread: Option<JoinHandle<Result<Made, Failed>>>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    cancel: AtomicBool,
    done: AtomicU64,
    total: AtomicU64,
}

#[derive(Debug)]
enum Failed {
    Cancelled,
    Gpu(GpuError),
}

impl Build {
    /// Begins.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start(device: &Device, epoch: Epoch) -> Result<Self, GpuError> {
        let shared = Arc::new(Shared::default());
        let (device, told) = (device.clone(), Arc::clone(&shared));
        let work = move || {
            let progress = |done, total| {
                told.total.store(total, Ordering::Relaxed);
                told.done.store(done, Ordering::Relaxed);
            };
            let light = LightCache::build(epoch, &progress, &told.cancel);
            let light = light.map_err(|Cancelled| Failed::Cancelled)?;
            let maker = Maker::compile(&device, epoch).map_err(Failed::Gpu)?;
            Ok(Made {
                light: Arc::new(light),
                maker,
            })
        };
        let thread = thread::Builder::new().name("light-cache".to_owned());
        let thread = thread.spawn(work).map_err(|error| {
            GpuError::OutOfMemory(format!("no thread for the light cache: {error}"))
        })?;
        Ok(Build {
            thread: Some(thread),
            shared,
        })
    }

    /// How many parts are done, of how many.
    pub fn progress(&self) -> (u64, u64) {
        let done = self.shared.done.load(Ordering::Relaxed);
        (done, self.shared.total.load(Ordering::Relaxed).max(1))
    }

    /// What it made, once it is done.
    ///
    /// # Errors
    /// If the driver refused the program.
    pub fn finished(&mut self) -> Result<Option<Made>, GpuError> {
        let Some(thread) = self.thread.take_if(|thread| thread.is_finished()) else {
            return Ok(None);
        };
        match thread.join() {
            Ok(Ok(made)) => Ok(Some(made)),
            Ok(Err(Failed::Gpu(error))) => Err(error),
            Ok(Err(Failed::Cancelled)) | Err(_) => Err(GpuError::Validation(
                "the thread that builds the light cache died".to_owned(),
            )),
        }
    }
}

impl Drop for Build {
    fn drop(&mut self) {
        self.shared.cancel.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // Whatever it came to is of no use any more.
            let _ = thread.join();
        }
    }
}
