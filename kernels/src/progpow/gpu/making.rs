//! From nothing to a dataset, step by step.

use std::sync::Arc;
use std::time::Duration;

use super::dataset::{Dataset, Filling, Maker};
use super::layout::{Layout, Limits};
use super::light::{Build, Made};
use crate::gpu::{Device, GpuError, Readiness};
use crate::progpow::{Epoch, LightCache};

/// A dataset on its way.
#[derive(Debug)]
pub struct Making {
    epoch: Epoch,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// A thread builds the light cache.
    Light(Build),
    /// The card had no memory for the rest.
    Waiting(Arc<LightCache>, Maker),
    Filling(Box<Filling>),
    /// A step failed, and what it worked on is gone.
    Failed,
}

/// What a step came to.
#[derive(Debug)]
pub enum Step {
    /// More are to follow.
    Made(Readiness),
    /// The memory of the card does not suffice now. The light cache is kept: another step tries again.
    NoMemory(GpuError),
    Done(Dataset),
}

impl Making {
    /// Begins.
    ///
    /// # Errors
    /// If the limits of the card do not allow such a dataset, whatever memory it has.
    pub fn start(device: &Device, epoch: Epoch, limits: Limits) -> Result<Self, GpuError> {
        Layout::of_epoch(epoch, limits)?;
        let stage = Stage::Light(Build::start(device, epoch)?);
        Ok(Making { epoch, stage })
    }

    /// Whose.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Does one step of about the length of `budget` on the device.
    ///
    /// # Errors
    /// If the device failed.
    pub fn step(
        &mut self,
        device: &Device,
        limits: Limits,
        budget: Duration,
    ) -> Result<Step, GpuError> {
        match std::mem::replace(&mut self.stage, Stage::Failed) {
            Stage::Light(mut build) => {
                let (done, total) = build.progress();
                match build.finished()? {
                    Some(Made { light, maker }) => self.allocate(device, limits, light, maker),
                    None => {
                        self.stage = Stage::Light(build);
                        Ok(preparing("the light cache", done, total, Duration::ZERO))
                    }
                }
            }
            Stage::Waiting(light, maker) => self.allocate(device, limits, light, maker),
            Stage::Filling(mut filling) => {
                let device_time = filling.step(device, budget)?;
                if filling.is_complete() {
                    return Ok(Step::Done(filling.into_dataset(device)));
                }
                let (done, total) = filling.progress();
                self.stage = Stage::Filling(filling);
                Ok(preparing("the dataset", done, total, device_time))
            }
            Stage::Failed => Err(GpuError::Validation(
                "the dataset could not be made".to_owned(),
            )),
        }
    }

    fn allocate(
        &mut self,
        device: &Device,
        limits: Limits,
        light: Arc<LightCache>,
        maker: Maker,
    ) -> Result<Step, GpuError> {
        match Filling::allocate(device, Arc::clone(&light), maker.clone(), limits) {
            Ok(filling) => {
                let (done, total) = filling.progress();
                self.stage = Stage::Filling(Box::new(filling));
                Ok(preparing("the dataset", done, total, Duration::ZERO))
            }
            Err(error @ GpuError::OutOfMemory(_)) => {
                self.stage = Stage::Waiting(light, maker);
                Ok(Step::NoMemory(error))
            }
            Err(error) => Err(error),
        }
    }
}

fn preparing(what: &'static str, done: u64, total: u64, device_time: Duration) -> Step {
    Step::Made(Readiness::Preparing {
        what,
        done,
        total,
        device_time,
    })
}
