//! An opened adapter, and its failures as values.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::GpuError;
use super::adapters::{self, AdapterDescription};

/// An opened adapter. Clones are handles to the same one.
#[derive(Clone)]
pub struct Device {
    description: AdapterDescription,
    device: wgpu::Device,
    queue: wgpu::Queue,
    /// The first failure that wgpu reported: nothing works after it.
    failure: Arc<Mutex<Option<GpuError>>>,
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
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("idlewatt"),
            required_features: adapter.features() & wgpu::Features::TIMESTAMP_QUERY,
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
            failure,
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
            Ok(Err(error)) => GpuError::Validation(error.to_string()),
            Err(panic) => GpuError::DeviceLost(
                panic
                    .downcast_ref::<String>()
                    .cloned()
                    .unwrap_or_else(|| "the driver gave no reason".to_owned()),
            ),
        };
        Err(lock(&self.failure).get_or_insert(failed).clone())
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
