//! What every kernel on a graphics card can do.

use std::fmt;
use std::time::Duration;

use super::{BatchSizer, Device, GpuError, Tuning};
use crate::{Algorithm, Batch, Job, Outcome, Search, SearchError, progpow, sha256d};

/// What came of a batch, and how long it took.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What was found.
    pub outcome: Outcome,
    /// The time on the device: by its own clock where it has one, else from the end of the batch before (or from
    /// submission, if that is later) to completion.
    pub device_time: Duration,
}

/// How far a kernel is from being able to take batches of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It takes them.
    Ready,
    /// Something is being made first: ask again.
    Preparing {
        /// What it is, in words.
        what: &'static str,
        /// How many parts are done.
        done: u64,
        /// How many there are.
        total: u64,
        /// How long this step took on the device; zero while it was somebody else's to work: then wait a moment.
        device_time: Duration,
    },
}

/// A kernel on a device: it gets ready for a job, keeps up to two batches in flight, and confirms every hit on the CPU.
pub trait Kernel: Search + fmt::Debug + Send {
    /// Does one step, of about the length of `budget` on the device, towards taking batches of this job. Cheap where
    /// nothing is to be done. Ask before the first batch of each new job, until it is ready.
    ///
    /// # Errors
    /// If the job cannot be worked on, the device has too little memory, or fails.
    fn prepare(&mut self, job: &Job, budget: Duration) -> Result<Readiness, GpuError>;

    /// Does one step towards what comes after this job, where there is anything to be done and memory for it. Returns
    /// how long that took on the device. Call it between batches, none being in flight or one.
    ///
    /// # Errors
    /// If the device fails. Too little memory is no error here.
    fn look_ahead(&mut self, job: &Job, budget: Duration) -> Result<Duration, GpuError>;

    /// A sizer for batches that begins small enough for any card.
    fn sizer(&self) -> BatchSizer;

    /// How many batches are in flight.
    fn in_flight(&self) -> usize;

    /// Whether another batch may be submitted.
    fn has_room(&self) -> bool;

    /// Hands a batch to the device and returns at once.
    ///
    /// # Errors
    /// If the batch is not for this kernel or the kernel not ready for it, two are in flight already, or the device
    /// failed.
    fn submit(&mut self, batch: &Batch) -> Result<(), SearchError>;

    /// Waits for the oldest batch in flight. Every hit was confirmed on the CPU.
    ///
    /// # Errors
    /// If none is in flight, or the device failed: then what was in flight is lost, and where
    /// [`GpuError::needs_new_device`] says so, so is the device.
    fn wait(&mut self) -> Result<Finished, GpuError>;

    /// Tries about a workgroup of nonces that all meet a target, from a random place of the job's, and expects each of
    /// them reported: an adapter that misses hits would otherwise only seem slow. The CPU computes some again (of
    /// [`Kernel::wait`]'s hits all). The kernel must be ready for the job, and no batch in flight.
    ///
    /// # Errors
    /// [`GpuError::WrongResult`] if the adapter missed something or computed wrongly, else if it is not ready or failed.
    fn probe(&mut self, job: &Job, random: u64) -> Result<(), GpuError>;

    /// How it is laid out at present.
    fn tuning(&self) -> Tuning;

    /// The layouts worth measuring on this device.
    fn candidates(&self) -> Vec<Tuning>;

    /// Lays it out anew; what was prepared for the job stays, as far as it can. No batch may be in flight.
    ///
    /// # Errors
    /// If the driver refuses the layout, a batch is in flight, or the device failed.
    fn set_tuning(&mut self, tuning: Tuning) -> Result<(), GpuError>;
}

/// The kernel of an algorithm on a device, laid out as given or as suits most cards.
///
/// # Errors
/// If there is none, the driver refuses it, or the device failed.
pub fn kernel(
    algorithm: Algorithm,
    device: &Device,
    tuning: Option<Tuning>,
) -> Result<Box<dyn Kernel>, GpuError> {
    match algorithm {
        Algorithm::Sha256d => {
            let tuning = tuning.unwrap_or_else(|| sha256d::default_tuning(device));
            Ok(Box::new(sha256d::GpuSearch::with_tuning(device, tuning)?))
        }
        _ => Ok(Box::new(progpow::GpuSearch::new(
            device, algorithm, tuning,
        )?)),
    }
}

/// The version of an algorithm's kernel: a measurement of another version says nothing about this one.
pub fn kernel_version(algorithm: Algorithm) -> u32 {
    match algorithm {
        Algorithm::Sha256d => sha256d::KERNEL_VERSION,
        _ if algorithm.progpow().is_some() => progpow::KERNEL_VERSION,
        // There is none.
        _ => 0,
    }
}
