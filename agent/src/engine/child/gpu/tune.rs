//! Measures the layouts of a kernel, and goes on with the best.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use idlewatt_kernels::Cursor;
use idlewatt_kernels::gpu::{GpuError, Tuning};

use super::search::Engine;
use super::{fault, search_fault};
use crate::engine::child::Fault;
use crate::engine::child::control::{Allowed, Work};
use crate::engine::layout;
use crate::engine::message::{Event, FaultKind, MeasuredTuning};

/// How long a layout is measured, in time on the device.
const MEASURED: Duration = Duration::from_millis(400);
/// How long it is warmed up at most: until its batches are as long as they may be.
const WARM: Duration = Duration::from_millis(400);
/// How long before the first one: a card that was idle takes a while to come up to its clock rate.
const WOKEN: Duration = Duration::from_millis(1_500);
/// However slow the device, so many batches are measured.
const FEWEST: u32 = 2;
const WHAT: &str = "layouts tried";

impl Engine<'_> {
    /// Tries every layout but those left out, tells of each before and of all at the end.
    pub fn tune(&mut self, left_out: &[MeasuredTuning]) -> Result<(), Fault> {
        self.until_ready()?;
        let usual = self.kernel.tuning();
        let mut seen: HashSet<Tuning> = left_out.iter().map(|one| one.tuning).collect();
        let mut candidates = vec![usual];
        candidates.extend(self.kernel.candidates());
        candidates.retain(|tuning| seen.insert(*tuning));

        let mut measured = left_out.to_vec();
        let total = candidates.len() as u64;
        for (index, tuning) in candidates.into_iter().enumerate() {
            // What fails here ends this engine, as the device may be of no more use; the next one leaves this layout out.
            self.output.event(&Event::Trying { tuning });
            let rate = self.rate_of(tuning, index == 0, &|engine| {
                let done = index as u64;
                engine.control.show_preparing(WHAT, done, total);
            })?;
            measured.push(MeasuredTuning {
                tuning,
                rate: Some(rate),
                left_out: None,
            });
        }
        let best = layout::best(usual, &measured);
        let best = best
            .ok_or_else(|| Fault::new(FaultKind::Device, "no layout of the kernel works here"))?;
        self.kernel.set_tuning(best.tuning).map_err(fault)?;
        self.sizer = self.kernel.sizer();
        self.until_ready()?;
        self.output.event(&Event::Tuned {
            tuning: best.tuning,
            rate: best.rate,
            measured,
            why: best.why,
        });
        Ok(())
    }

    /// The work and the allowance, as soon as there is any of both.
    fn active(&self) -> (Arc<Work>, Allowed) {
        loop {
            match self.control.current() {
                Some(active) => return active,
                None => self.control.wait_active(),
            }
        }
    }

    fn until_ready(&mut self) -> Result<(), Fault> {
        loop {
            let (work, allowed) = self.active();
            if self.get_ready(&work, allowed)? {
                return Ok(());
            }
        }
    }

    /// Hashes a second with a layout, at all of the device's time.
    fn rate_of(
        &mut self,
        tuning: Tuning,
        is_first: bool,
        show: &dyn Fn(&Self),
    ) -> Result<f64, Fault> {
        show(self);
        self.kernel.set_tuning(tuning).map_err(fault)?;
        self.sizer = self.kernel.sizer();
        self.until_ready()?;
        show(self);
        let (work, _) = self.active();
        self.probe(&work)?;
        let (mut warm, mut warmed) = (false, Duration::ZERO);
        let at_least = if is_first { WOKEN } else { Duration::ZERO };
        let (mut hashes, mut took, mut batches) = (0, Duration::ZERO, 0);
        let mut cursor = None;
        while took < MEASURED || batches < FEWEST {
            let (work, allowed) = self.active();
            let cursor = match &mut cursor {
                Some(cursor) => cursor,
                None => cursor.insert(
                    Cursor::new(&work.job, work.space, rand::random())
                        .map_err(|error| Fault::new(FaultKind::Usage, error))?,
                ),
            };
            let began = Instant::now();
            let batch = cursor.next_batch(self.sizer.size(allowed.budget));
            let batch = batch.ok_or_else(|| fault(GpuError::Idle))?;
            self.kernel.submit(&batch).map_err(search_fault)?;
            let finished = self.kernel.wait().map_err(fault)?;
            self.round();
            let device_time = finished.device_time;
            self.sizer.record(batch.count, device_time);
            self.rest(began, device_time, &work, allowed);
            if warm {
                hashes += finished.outcome.hashes;
                took += device_time;
                batches += 1;
            } else {
                warmed += device_time;
                let is_steady = warmed >= WARM || device_time >= allowed.budget / 2;
                warm = is_steady && warmed >= at_least;
            }
        }
        Ok(hashes as f64 / took.as_secs_f64())
    }
}
