//! The search on a graphics card: a dataset, the programs of periods, and dispatches in flight.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::epochs::Epochs;
use super::flight::{Again, Flight};
use super::layout::Limits;
use super::periods::{Key, Periods};
use super::slot::{Input, ROOM, Slot};
use super::{DEADLINE, default_tuning, pipeline, shuffles};
use crate::gpu::{
    BatchSizer, Device, Exchange, Finished, GpuError, Kernel, Readiness, Tuning, probe,
};
use crate::progpow::Parameters;
use crate::{Algorithm, Batch, BatchInput, Job, JobError, JobInput, Outcome, Search, SearchError};

/// How many batches may be in flight: one computes while the results of the other are read.
const IN_FLIGHT: usize = 2;
/// The most nonces in a batch: as many as jobs are dealt out in.
const MOST_NONCES: u32 = 1 << 24;
/// How long before its epoch ends the next one is prepared. It holds memory twice from then on.
const AHEAD_SECONDS: u64 = 15 * 60;
/// How many of a probe's hits are computed again: milliseconds each.
const PROBED: usize = 3;

/// Tries nonces on a graphics card.
#[derive(Debug)]
pub struct GpuSearch {
    device: Device,
    algorithm: Algorithm,
    parameters: &'static Parameters,
    limits: Limits,
    tuning: Tuning,
    shuffles: bool,
    periods: Periods,
    /// The program that was last prepared.
    current: Option<Key>,
    pub(super) epochs: Epochs,
    free: Vec<Slot>,
    in_flight: VecDeque<Flight>,
    last_completion: Option<Instant>,
}

impl GpuSearch {
    /// A kernel with a given layout, or one that suits most cards. It takes no memory to speak of until it is prepared.
    ///
    /// # Errors
    /// If the algorithm is not of the family, the card cannot run the layout, or the device failed.
    pub fn new(
        device: &Device,
        algorithm: Algorithm,
        tuning: Option<Tuning>,
    ) -> Result<Self, GpuError> {
        let parameters = algorithm.progpow();
        let parameters = parameters.ok_or(GpuError::NoKernel(algorithm))?;
        let shuffles = shuffles::work(device)?;
        let tuning = tuning.unwrap_or_else(|| Tuning {
            exchange: if shuffles {
                Exchange::Subgroup
            } else {
                Exchange::Workgroup
            },
            ..default_tuning(device)
        });
        check_tuning(device, tuning, shuffles)?;
        let limits = Limits::of(device);
        let constants = pipeline::constants(device)?;
        let free: Result<Vec<_>, _> = (0..IN_FLIGHT)
            .map(|_| Slot::new(device, &constants))
            .collect();
        Ok(GpuSearch {
            device: device.clone(),
            algorithm,
            parameters,
            limits,
            tuning,
            shuffles,
            periods: Periods::new(device, tuning, limits),
            current: None,
            epochs: Epochs::new(device, limits),
            free: free?,
            in_flight: VecDeque::new(),
            last_completion: None,
        })
    }

    fn key(&self, job: &Job) -> Result<Key, GpuError> {
        let JobInput::ProgPow(input) = &job.input else {
            return Err(JobError::Family(job.algorithm()).into());
        };
        if input.algorithm != self.algorithm {
            return Err(GpuError::NoKernel(input.algorithm));
        }
        let key = Key::of_height(self.parameters, input.height);
        Ok(key.map_err(JobError::Height)?)
    }

    fn flight(&self, batch: &Batch) -> Result<([u8; 32], Key), SearchError> {
        let refused = |text: String| SearchError::Gpu(GpuError::Validation(text));
        let (header, height) = match batch.input {
            BatchInput::ProgPow {
                algorithm,
                header_hash,
                height,
            } if algorithm == self.algorithm => (header_hash, height),
            _ => {
                return Err(SearchError::Algorithm {
                    expected: self.algorithm,
                    given: batch.algorithm(),
                });
            }
        };
        if batch.count == 0 || batch.count > MOST_NONCES || batch.step != 1 {
            return Err(refused(format!(
                "a batch of {} nonces in steps of {}; possible: 1 to {MOST_NONCES}, in steps of 1",
                batch.count, batch.step
            )));
        }
        if batch.first_nonce.checked_add(batch.count - 1).is_none() || batch.extranonce2 >> 32 > 0 {
            return Err(refused(format!(
                "a batch of {} nonces from {:x} {:08x}; possible: such as do not pass 2^32, below 2^64",
                batch.count, batch.extranonce2, batch.first_nonce
            )));
        }
        let key = Key::of_height(self.parameters, height);
        let key = key.map_err(|error| SearchError::Gpu(JobError::Height(error).into()))?;
        Ok((header, key))
    }

    /// Waits for the oldest batch.
    fn finish(&mut self, again: Again) -> Result<Finished, GpuError> {
        let flight = self.in_flight.pop_front().ok_or(GpuError::Idle)?;
        self.device.wait(flight.submission.clone(), DEADLINE)?;
        let completed = Instant::now();
        let begun = self
            .last_completion
            .map_or(flight.submitted, |last| last.max(flight.submitted));
        self.last_completion = Some(completed);
        let (outcome, device_time) = flight.outcome(&self.device, again)?;
        self.free.push(flight.slot);
        Ok(Finished {
            outcome,
            device_time: device_time.unwrap_or(completed - begun),
        })
    }
}

impl Kernel for GpuSearch {
    fn prepare(&mut self, job: &Job, budget: Duration) -> Result<Readiness, GpuError> {
        job.check()?;
        let key = self.key(job)?;
        self.device.check()?;
        // Before anything else: it is compiled while the dataset is made.
        let is_compiled = self.periods.want(key)?;
        let last = self.in_flight.back().map(|flight| &flight.submission);
        let readiness = self.epochs.prepare(key.epoch, last, budget)?;
        if readiness != Readiness::Ready {
            return Ok(readiness);
        }
        if !is_compiled && !self.periods.want(key)? {
            return Ok(Readiness::Preparing {
                what: "the period's program",
                done: 0,
                total: 1,
                device_time: Duration::ZERO,
            });
        }
        self.current = Some(key);
        if let Some(next) = key.next() {
            self.periods.want(next)?;
        }
        Ok(Readiness::Ready)
    }

    fn look_ahead(&mut self, job: &Job, budget: Duration) -> Result<Duration, GpuError> {
        let key = self.key(job)?;
        let JobInput::ProgPow(input) = &job.input else {
            return Ok(Duration::ZERO);
        };
        if self.epochs.of(key.epoch).is_none() {
            return Ok(Duration::ZERO);
        }
        if let Some(next) = key.next() {
            self.periods.want(next)?;
        }
        let length = self.parameters.epoch_length;
        let distance = (AHEAD_SECONDS / self.parameters.block_seconds).min(length / 2);
        let left = length - input.height % length;
        let next = Key::of_height(self.parameters, input.height + left);
        match next {
            Ok(Key { epoch, .. }) if left <= distance => self.epochs.ahead(epoch, budget),
            _ => Ok(Duration::ZERO),
        }
    }

    fn sizer(&self) -> BatchSizer {
        let granularity = self.tuning.workgroup_size;
        let first = if self.device.description().is_software() {
            granularity
        } else {
            1 << 12
        };
        BatchSizer::new(first, granularity, MOST_NONCES)
    }

    fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    fn has_room(&self) -> bool {
        !self.free.is_empty()
    }

    fn submit(&mut self, batch: &Batch) -> Result<(), SearchError> {
        let (header, key) = self.flight(batch)?;
        self.device.check()?;
        let ready = (self.epochs.of(key.epoch), self.periods.get(key));
        let (Some(dataset), Some(compiled)) = ready else {
            return Err(SearchError::Gpu(GpuError::Validation(format!(
                "the kernel was not prepared for epoch {} and period {}",
                key.epoch.number, key.period
            ))));
        };
        let slot = self.free.pop().ok_or(GpuError::Busy(IN_FLIGHT))?;
        let nonce = batch.extranonce2 << 32 | u64::from(batch.first_nonce);
        let input = Input::new(header, nonce, batch.count, batch.target);
        let submitted = Instant::now();
        let submission = slot.submit(
            &self.device,
            &compiled.pipeline,
            &dataset.bindings,
            &input,
            self.tuning.workgroup_size,
        );
        self.in_flight.push_back(Flight {
            batch: batch.clone(),
            header,
            compiled: Arc::clone(compiled),
            light: Arc::clone(&dataset.light),
            slot,
            submission,
            submitted,
        });
        Ok(())
    }

    fn wait(&mut self) -> Result<Finished, GpuError> {
        self.finish(Again::All)
    }

    fn probe(&mut self, job: &Job, random: u64) -> Result<(), GpuError> {
        if self.in_flight() > 0 {
            return Err(GpuError::Busy(self.in_flight()));
        }
        let batch = probe::batch(job, random, self.tuning.workgroup_size.min(ROOM as u32))?;
        self.submit(&batch).map_err(probe::refused)?;
        let finished = self.finish(Again::Some {
            count: PROBED,
            from: random as usize % ROOM,
        })?;
        probe::check(&batch, &finished.outcome)
    }

    fn tuning(&self) -> Tuning {
        self.tuning
    }

    fn candidates(&self) -> Vec<Tuning> {
        let mut all = Vec::new();
        for workgroup_size in [32, 64, 128, 256, 512] {
            for exchange in [Exchange::Workgroup, Exchange::Subgroup] {
                for wide_integers in [false, true] {
                    all.push(Tuning {
                        workgroup_size,
                        nonces_each: 1,
                        exchange,
                        wide_integers,
                    });
                }
            }
        }
        all.retain(|tuning| check_tuning(&self.device, *tuning, self.shuffles).is_ok());
        all
    }

    fn set_tuning(&mut self, tuning: Tuning) -> Result<(), GpuError> {
        if self.in_flight() > 0 {
            return Err(GpuError::Busy(self.in_flight()));
        }
        check_tuning(&self.device, tuning, self.shuffles)?;
        let mut periods = Periods::new(&self.device, tuning, self.limits);
        if let Some(current) = self.current {
            periods.compile(current)?;
        }
        self.periods = periods;
        self.tuning = tuning;
        Ok(())
    }
}

#[cfg(test)]
impl GpuSearch {
    /// Has datasets divided as on a card whose bindings are this small.
    pub(super) fn set_binding_bytes(&mut self, bytes: u64) {
        self.limits.binding_bytes = bytes;
        self.periods = Periods::new(&self.device, self.tuning, self.limits);
        self.epochs = Epochs::new(&self.device, self.limits);
    }

    /// Whether a program is there.
    pub(super) fn has_program(&self, key: Key) -> bool {
        self.periods.get(key).is_some()
    }
}

fn check_tuning(device: &Device, tuning: Tuning, shuffles: bool) -> Result<(), GpuError> {
    if tuning.exchange == Exchange::Subgroup && !shuffles {
        return Err(GpuError::Validation(
            "shuffles, which this adapter does not do as they should be".to_owned(),
        ));
    }
    pipeline::check(device, tuning)
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
