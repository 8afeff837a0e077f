//! The datasets of epochs: the present one, the next one where there is memory for it, and one on its way.

use std::time::Duration;

use super::DEADLINE;
use super::dataset::Dataset;
use super::layout::Limits;
use super::making::{Making, Step};
use crate::gpu::{Device, GpuError, Readiness};
use crate::progpow::Epoch;

#[derive(Debug)]
pub struct Epochs {
    device: Device,
    limits: Limits,
    present: Option<Dataset>,
    /// That of the epoch that follows.
    next: Option<Dataset>,
    making: Option<Making>,
    /// The epoch for whose dataset there was no memory beside the one before.
    no_room_for: Option<u32>,
}

impl Epochs {
    pub fn new(device: &Device, limits: Limits) -> Self {
        Epochs {
            device: device.clone(),
            limits,
            present: None,
            next: None,
            making: None,
            no_room_for: None,
        }
    }

    /// The present dataset, if it is of this epoch.
    pub fn of(&self, epoch: Epoch) -> Option<&Dataset> {
        let present = self.present.as_ref();
        present.filter(|dataset| dataset.light.epoch() == epoch)
    }

    /// One step towards the dataset of an epoch, in the place of the one that is there. What is in flight and reads that
    /// one is waited for.
    ///
    /// # Errors
    /// If there is too little memory, or the device failed.
    pub fn prepare(
        &mut self,
        epoch: Epoch,
        last_in_flight: Option<&wgpu::SubmissionIndex>,
        budget: Duration,
    ) -> Result<Readiness, GpuError> {
        if self.of(epoch).is_some() {
            return Ok(Readiness::Ready);
        }
        let mut freed = self.present.take().is_some();
        if let Some(next) = self.next.take() {
            if next.light.epoch() == epoch {
                self.present = Some(next);
                return Ok(Readiness::Ready);
            }
            freed = true;
        }
        let wanted = self.making.take_if(|making| making.epoch() == epoch);
        freed |= self.making.take().is_some();
        if freed && let Some(last) = last_in_flight {
            // Memory is given back once nothing in flight uses it.
            self.device.wait(last.clone(), DEADLINE)?;
        }
        let mut making = match wanted {
            Some(making) => making,
            None => Making::start(&self.device, epoch, self.limits)?,
        };
        match making.step(&self.device, self.limits, budget)? {
            Step::Made(readiness) => {
                self.making = Some(making);
                Ok(readiness)
            }
            Step::NoMemory(error) => Err(error),
            Step::Done(dataset) => {
                self.present = Some(dataset);
                Ok(Readiness::Ready)
            }
        }
    }

    /// One step towards the dataset of the next epoch, beside the present one. Returns how long it took on the device.
    ///
    /// # Errors
    /// If the device failed.
    pub fn ahead(&mut self, epoch: Epoch, budget: Duration) -> Result<Duration, GpuError> {
        let is_there = |next: &Dataset| next.light.epoch() == epoch;
        if self.no_room_for == Some(epoch.number) || self.next.as_ref().is_some_and(is_there) {
            return Ok(Duration::ZERO);
        }
        let mut making = match self.making.take_if(|making| making.epoch() == epoch) {
            Some(making) => making,
            None => match Making::start(&self.device, epoch, self.limits) {
                Err(GpuError::OutOfMemory(error)) => {
                    tracing::info!(error, "the next epoch does not fit this card");
                    self.no_room_for = Some(epoch.number);
                    return Ok(Duration::ZERO);
                }
                other => other?,
            },
        };
        let took = match making.step(&self.device, self.limits, budget)? {
            Step::Done(dataset) => {
                self.next = Some(dataset);
                return Ok(Duration::ZERO);
            }
            Step::Made(Readiness::Preparing { device_time, .. }) => device_time,
            Step::Made(Readiness::Ready) => Duration::ZERO,
            Step::NoMemory(error) => {
                tracing::info!(%error, "the next epoch waits for the memory of this one");
                self.no_room_for = Some(epoch.number);
                Duration::ZERO
            }
        };
        self.making = Some(making);
        Ok(took)
    }
}

#[cfg(test)]
impl Epochs {
    /// The present dataset.
    pub fn present(&self) -> Option<&Dataset> {
        self.present.as_ref()
    }

    /// Whether the next dataset is there.
    pub fn has_next(&self) -> bool {
        self.next.is_some()
    }

    /// Whether the next dataset was found to need memory that is not there.
    pub fn lacks_room(&self) -> bool {
        self.no_room_for.is_some()
    }

    /// Whether something is being made.
    pub fn is_making(&self) -> bool {
        self.making.is_some()
    }
}
