//! The loop of a GPU's engine: gets ready for work in steps, then one batch after the other.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use idlewatt_kernels::gpu::{self, BatchSizer, Device, Kernel, Readiness, Tuning};
use idlewatt_kernels::{Algorithm, Cursor};
use idlewatt_platform::system;

use super::ahead::Ahead;
use super::gaps::Gaps;
use super::memory::SharedMemory;
use super::{fault, search_fault};
use crate::engine::child::Fault;
use crate::engine::child::check::Checker;
use crate::engine::child::control::{Allowed, Control, Work};
use crate::engine::child::output::Output;
use crate::engine::message::{Event, FaultKind};

/// How long it waits where it is somebody else's turn, such as a compiler's.
const A_MOMENT: Duration = Duration::from_millis(20);
/// How often it comes round while all nonces of a job are used up.
const EXHAUSTED: Duration = Duration::from_secs(1);
/// How long the device works from one look at its results to the next.
const RECHECK_EVERY: Duration = Duration::from_secs(60);
/// How often it is told that a target is too easy.
const MISSED_EVERY: Duration = Duration::from_secs(60);

/// The work and how far it is.
struct Place {
    work: Arc<Work>,
    cursor: Cursor,
}

pub struct Engine<'a> {
    pub control: &'a Control,
    pub output: &'a Output,
    pub kernel: Box<dyn Kernel>,
    pub sizer: BatchSizer,
    pub gaps: Gaps,
    checker: Checker,
    memory: SharedMemory,
    ahead: Ahead,
    /// The work of each batch in flight, oldest first.
    in_flight: VecDeque<Arc<Work>>,
    /// The change of work that the kernel has got ready for.
    ready: Option<u64>,
    /// `None` once all nonces of the job are used up.
    place: Option<Place>,
    missed_told: Option<Instant>,
    recheck: Recheck,
}

/// When the device's results are looked at again.
enum Recheck {
    Due,
    /// So long it has worked since the last time.
    After(Duration),
}

impl Default for Recheck {
    fn default() -> Recheck {
        Recheck::After(Duration::ZERO)
    }
}

impl Recheck {
    fn worked(&mut self, took: Duration) {
        if let Recheck::After(worked) = self {
            *worked += took;
        }
    }

    fn is_due(&self) -> bool {
        match self {
            Recheck::Due => true,
            Recheck::After(worked) => *worked >= RECHECK_EVERY,
        }
    }
}

impl<'a> Engine<'a> {
    pub fn new(
        control: &'a Control,
        output: &'a Output,
        device: &Device,
        algorithm: Algorithm,
        tuning: Option<Tuning>,
    ) -> Result<Self, Fault> {
        let kernel = gpu::kernel(algorithm, device, tuning).map_err(fault)?;
        Ok(Engine {
            control,
            output,
            sizer: kernel.sizer(),
            kernel,
            gaps: Gaps::default(),
            checker: Checker::new(None),
            memory: SharedMemory::new(device.description().kind),
            ahead: Ahead::default(),
            in_flight: VecDeque::new(),
            ready: None,
            place: None,
            missed_told: None,
            recheck: Recheck::Due,
        })
    }

    /// Works until there is a fault.
    pub fn work(&mut self) -> Result<Infallible, Fault> {
        loop {
            let Some((work, allowed)) = self.control.current() else {
                self.drain()?;
                self.control.wait_active();
                continue;
            };
            let generation = work.generation;
            if self.ready != Some(generation) && !self.get_ready(&work, allowed)? {
                continue;
            }
            if self.recheck.is_due() {
                self.probe(&work)?;
            }
            if allowed.percent >= 100 {
                self.at_full_speed(&work, allowed)?;
            } else {
                self.with_gaps(&work, allowed)?;
            }
            if self.in_flight.is_empty() && self.place.is_none() {
                // All nonces of the job are used up.
                self.round();
                let next_look = Instant::now() + EXHAUSTED;
                self.control.rest_until(next_look, generation, allowed);
            }
        }
    }

    /// Shows that the engine goes on.
    pub fn round(&self) {
        self.control.rounds.fetch_add(1, Ordering::Relaxed);
    }

    /// One step towards new work, and the rest behind it; whether it is ready, at a random place of the work. What is
    /// in flight for the work before goes on meanwhile: where nothing has to be made, the device never waits.
    pub fn get_ready(&mut self, work: &Arc<Work>, allowed: Allowed) -> Result<bool, Fault> {
        self.round();
        self.memory.check(&work.job, system::available_memory)?;
        let began = Instant::now();
        let readiness = self.kernel.prepare(&work.job, allowed.budget);
        match readiness.map_err(fault)? {
            Readiness::Ready => {
                let cursor = Cursor::new(&work.job, work.space, rand::random());
                let cursor = cursor.map_err(|error| Fault::new(FaultKind::Usage, error))?;
                self.place = Some(Place {
                    work: Arc::clone(work),
                    cursor,
                });
                self.ready = Some(work.generation);
                self.control.end_preparing();
                Ok(true)
            }
            Readiness::Preparing {
                what,
                done,
                total,
                device_time,
            } => {
                self.control.show_preparing(what, done, total);
                // Something new may be wrong.
                self.recheck = Recheck::Due;
                // The work before counts no more, but what was found for it may.
                self.place = None;
                self.drain()?;
                self.rest(began, device_time, work, allowed);
                Ok(false)
            }
        }
    }

    /// Counts what the device did, and leaves it alone for as long as that asks for; shorter if the work or the
    /// allowance changes.
    pub fn rest(&mut self, began: Instant, took: Duration, work: &Work, allowed: Allowed) {
        let now = Instant::now();
        let next = if took.is_zero() {
            now + A_MOMENT
        } else {
            self.control.record_dispatch(took);
            match self.turn(began, took, allowed, now) {
                Some(next) => next,
                None => return,
            }
        };
        self.control.rest_until(next, work.generation, allowed);
    }

    /// When the next dispatch is due; `None` if at once.
    fn turn(
        &mut self,
        began: Instant,
        took: Duration,
        allowed: Allowed,
        now: Instant,
    ) -> Option<Instant> {
        if allowed.percent >= 100 {
            self.gaps = Gaps::default();
            return None;
        }
        let share = f64::from(allowed.percent) / 100.0;
        Some(self.gaps.after(began, took, share, now))
    }

    /// Two in flight, so that the device never waits.
    fn at_full_speed(&mut self, work: &Work, allowed: Allowed) -> Result<(), Fault> {
        self.gaps = Gaps::default();
        while self.kernel.has_room() && self.submit(allowed)? {}
        if !self.in_flight.is_empty() {
            self.finish()?;
            self.look_ahead(work, allowed)?;
        }
        Ok(())
    }

    /// One at a time, and a rest after each.
    fn with_gaps(&mut self, work: &Work, allowed: Allowed) -> Result<(), Fault> {
        self.drain()?;
        let began = Instant::now();
        if !self.submit(allowed)? {
            return Ok(());
        }
        let took = self.finish()? + self.look_ahead(work, allowed)?;
        if let Some(next) = self.turn(began, took, allowed, Instant::now()) {
            self.control.rest_until(next, work.generation, allowed);
        }
        Ok(())
    }

    /// Hands the next batch over; false if there is none, and then there is no place any more either.
    fn submit(&mut self, allowed: Allowed) -> Result<bool, Fault> {
        let Some(place) = &mut self.place else {
            return Ok(false);
        };
        match place.cursor.next_batch(self.sizer.size(allowed.budget)) {
            Some(batch) => {
                self.kernel.submit(&batch).map_err(search_fault)?;
                self.in_flight.push_back(Arc::clone(&place.work));
                Ok(true)
            }
            None => {
                self.place = None;
                Ok(false)
            }
        }
    }

    /// Has the device find hits that are known to be there, of which the CPU computes some again: one that misses hits
    /// would otherwise only seem slow.
    pub fn probe(&mut self, work: &Work) -> Result<(), Fault> {
        self.drain()?;
        self.kernel
            .probe(&work.job, rand::random())
            .map_err(fault)?;
        self.recheck = Recheck::default();
        self.round();
        Ok(())
    }

    /// Waits for everything in flight.
    pub fn drain(&mut self) -> Result<(), Fault> {
        while !self.in_flight.is_empty() {
            self.finish()?;
        }
        Ok(())
    }

    /// Waits for the oldest batch. Returns how long it took on the device.
    fn finish(&mut self) -> Result<Duration, Fault> {
        let finished = self.kernel.wait().map_err(fault)?;
        self.round();
        let work = self.in_flight.pop_front();
        let (outcome, took) = (finished.outcome, finished.device_time);
        self.sizer
            .record(outcome.hashes.min(u64::from(u32::MAX)) as u32, took);
        self.control
            .hashes
            .fetch_add(outcome.hashes, Ordering::Relaxed);
        self.control.record_dispatch(took);
        self.ahead.worked(took);
        self.recheck.worked(took);
        for solution in outcome.found {
            if let Some(work) = &work {
                self.checker.check(&work.job, &solution)?;
            }
            self.output.event(&Event::Found { solution });
        }
        self.tell_missed(outcome.missed);
        Ok(took)
    }

    /// A step towards what comes after this work, if it is time. Returns how long the device took.
    fn look_ahead(&mut self, work: &Work, allowed: Allowed) -> Result<Duration, Fault> {
        // What is submitted for work before this one finishes first.
        if self.ready != Some(work.generation)
            || !self.ahead.may()
            || !self
                .memory
                .may_look_ahead(&work.job, system::available_memory)
        {
            return Ok(Duration::ZERO);
        }
        let ahead = self.kernel.look_ahead(&work.job, allowed.budget);
        let took = ahead.map_err(fault)?;
        if !took.is_zero() {
            self.ahead.spent(took);
            self.control.record_dispatch(took);
        }
        Ok(took)
    }

    fn tell_missed(&mut self, missed: u64) {
        let told = self
            .missed_told
            .is_some_and(|told| told.elapsed() < MISSED_EVERY);
        if missed == 0 || told {
            return;
        }
        self.missed_told = Some(Instant::now());
        self.output.event(&Event::Note {
            text: format!("the target is so easy that {missed} hits of one dispatch were lost"),
        });
    }
}
