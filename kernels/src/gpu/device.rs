//! An opened adapter, and its failures as values.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::GpuError;
use super::adapters::{self, AdapterDescription};

/// What is used where an adapter has it.
const WANTED: wgpu::Features = wgpu::Features::TIMESTAMP_QUERY
    .union(wgpu::Features::SUBGROUP)
    .union(wgpu::Features::SHADER_INT64);

/// An opened adapter. Clones are handles to the same one.
#[derive(Clone)]
pub struct Device {
    description: AdapterDescription,
    device: wgpu::Device,
    queue: wgpu::Queue,
    /// The smallest and the largest subgroup that programs may be run in.
    subgroups: (u32, u32),
    /// The first failure that wgpu reported: nothing works after it.
    failure: Arc<Mutex<Option<GpuError>>>,
    /// Whether buffers are refused, as if memory were used up.
    #[cfg(test)]
    denied: Arc<std::sync::atomic::AtomicBool>,
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Device").field(&self.description).finish()
    }
}

impl Device {
    /// Opens the adapter of an id that [`super::adapters`] lists.
    ///
    /// # Errors
    /// If there is no such adapter, or its driver refuses.
    pub fn open(id: &str) -> Result<Self, GpuError> {
        let mut found = adapters::found();
        let Some(place) = found.iter().position(|(listed, _)| listed.id == id) else {
            let present: Vec<&str> = found.iter().map(|(listed, _)| listed.id.as_str()).collect();
            return Err(GpuError::UnknownAdapter {
                wanted: id.to_owned(),
                present: match present.as_slice() {
                    [] => "none".to_owned(),
                    ids => ids.join(", "),
                },
            });
        };
        let (description, adapter) = found.swap_remove(place);
        let info = adapter.get_info();
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("idlewatt"),
            required_features: adapter.features() & WANTED,
            required_limits: adapter.limits(),
            memory_hints: wgpu::MemoryHints::MemoryUsage,
            ..wgpu::DeviceDescriptor::default()
        };
        let (device, queue) = pollster::block_on(adapter.request_device(&descriptor))
            .map_err(|error| GpuError::Open(error.to_string()))?;

        let failure = Arc::new(Mutex::new(None));
        let lost = failure.clone();
        device.set_device_lost_callback(move |reason, message| {
            let text = format!("{reason:?} {message}").trim().to_owned();
            lock(&lost).get_or_insert(GpuError::DeviceLost(text));
        });
        let uncaptured = failure.clone();
        device.on_uncaptured_error(Arc::new(move |error| {
            lock(&uncaptured).get_or_insert(from_wgpu(&error));
        }));
        Ok(Self {
            description,
            device,
            queue,
            subgroups: (info.subgroup_min_size, info.subgroup_max_size),
            failure,
            #[cfg(test)]
            denied: Arc::default(),
        })
    }

    /// What was opened.
    pub fn description(&self) -> &AdapterDescription {
        &self.description
    }

    /// wgpu's device, for kernels.
    pub(crate) fn raw(&self) -> &wgpu::Device {
        &self.device
    }

    /// wgpu's queue, for kernels.
    pub(crate) fn queue(&self) -> &wgpu::Queue {
        &self.queue
    }

    /// The smallest and the largest subgroup that a program may be run in; `None` where programs cannot use them.
    pub(crate) fn subgroups(&self) -> Option<(u32, u32)> {
        let usable = self.device.features().contains(wgpu::Features::SUBGROUP);
        usable.then_some(self.subgroups)
    }

    /// Whether programs may compute with 64 bits.
    pub(crate) fn has_wide_integers(&self) -> bool {
        let features = self.device.features();
        features.contains(wgpu::Features::SHADER_INT64)
    }

    /// A program of ours, without what wgpu would add to programs that it cannot trust: to loops, divisions and indices.
    #[expect(unsafe_code, reason = "wgpu offers it no other way")]
    pub(crate) fn module(&self, label: &str, source: String) -> wgpu::ShaderModule {
        let descriptor = wgpu::ShaderModuleDescriptor {
            label: Some(label),
            source: wgpu::ShaderSource::Wgsl(source.into()),
        };
        // SAFETY: the programs of this crate are written by it alone. Each of their loops counts up to a constant, they
        // divide by constants above zero, and every index is a remainder or was compared with the length before.
        unsafe {
            self.device
                .create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked())
        }
    }

    /// A buffer that may be too large for the card.
    ///
    /// # Errors
    /// If it is, or the device failed.
    pub(crate) fn buffer(
        &self,
        label: &str,
        size: u64,
        usage: wgpu::BufferUsages,
    ) -> Result<wgpu::Buffer, GpuError> {
        #[cfg(test)]
        if self.denied.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(GpuError::OutOfMemory(format!("{label} is denied memory")));
        }
        let most = self.device.limits().max_buffer_size;
        if size > most {
            return Err(GpuError::OutOfMemory(format!(
                "{label} needs {size} bytes; allowed in a buffer: {most}"
            )));
        }
        let scope = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size,
            usage,
            mapped_at_creation: false,
        });
        match pollster::block_on(scope.pop()) {
            Some(error) => Err(GpuError::OutOfMemory(format!(
                "{label} needs {size} bytes: {error}"
            ))),
            None => self.check().map(|()| buffer),
        }
    }

    /// All 32-bit words of a buffer that was mapped for reading, which is then free again.
    ///
    /// # Errors
    /// If the device failed.
    pub(crate) fn words(&self, buffer: &wgpu::Buffer) -> Result<Vec<u32>, GpuError> {
        let words = match buffer.get_mapped_range(..) {
            Ok(view) => bytemuck::pod_collect_to_vec(&view),
            Err(error) => {
                self.check()?;
                return Err(GpuError::DeviceLost(error.to_string()));
            }
        };
        buffer.unmap();
        Ok(words)
    }

    /// The first failure so far.
    ///
    /// # Errors
    /// That failure.
    pub fn check(&self) -> Result<(), GpuError> {
        match &*lock(&self.failure) {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    /// Waits until a submission and its callbacks are done.
    ///
    /// # Errors
    /// If the card does not finish within `deadline`, or was lost.
    pub(crate) fn wait(
        &self,
        submission: wgpu::SubmissionIndex,
        deadline: Duration,
    ) -> Result<(), GpuError> {
        let poll = wgpu::PollType::Wait {
            submission_index: Some(submission),
            timeout: Some(deadline),
        };
        // wgpu panics where the driver reports the loss of the device while waiting.
        let polled = catch_unwind(AssertUnwindSafe(|| self.device.poll(poll)));
        let failed = match polled {
            Ok(Ok(_)) => return self.check(),
            Ok(Err(wgpu::PollError::Timeout)) => GpuError::Timeout(deadline),
            // What was submitted to a lost device does not count as submitted.
            Ok(Err(error)) => GpuError::DeviceLost(error.to_string()),
            Err(panic) => GpuError::DeviceLost(
                panic
                    .downcast_ref::<String>()
                    .cloned()
                    .unwrap_or_else(|| "the driver gave no reason".to_owned()),
            ),
        };
        Err(lock(&self.failure).get_or_insert(failed).clone())
    }

    /// Refuses buffers from now on, or no longer.
    #[cfg(test)]
    pub(crate) fn deny_memory(&self, deny: bool) {
        self.denied
            .store(deny, std::sync::atomic::Ordering::Relaxed);
    }

    /// Loses the device as a driver reset would.
    #[cfg(test)]
    pub(crate) fn lose(&self) {
        self.device.destroy();
    }
}

fn lock(failure: &Mutex<Option<GpuError>>) -> MutexGuard<'_, Option<GpuError>> {
    // A panic elsewhere cannot leave an `Option` half written.
    failure.lock().unwrap_or_else(PoisonError::into_inner)
}

fn from_wgpu(error: &wgpu::Error) -> GpuError {
    match error {
        wgpu::Error::OutOfMemory { source } => GpuError::OutOfMemory(source.to_string()),
        wgpu::Error::Validation { description, .. } | wgpu::Error::Internal { description, .. } => {
            GpuError::Validation(description.clone())
        }
    }
}
