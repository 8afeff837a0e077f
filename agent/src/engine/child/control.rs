//! What the engine is to do now: the one thing that its threads share.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use idlewatt_kernels::job::JobError;
use idlewatt_kernels::{Cursor, Job, JobInput, NonceSpace};
use idlewatt_platform::pacing::Pacer;

/// A job and this processor's part of it.
#[derive(Clone, Debug)]
pub struct Work {
    pub job: Job,
    pub space: NonceSpace,
    /// Which change of work this is: compared with [`Control::generation`].
    pub generation: u64,
}

impl Work {
    /// The key that memory has to be prepared for, if the algorithm has one.
    pub fn key(&self) -> Option<[u8; 32]> {
        match &self.job.input {
            JobInput::RandomX(job) => Some(job.seed_hash),
            JobInput::Sha256d(_) | JobInput::ProgPow(_) => None,
        }
    }
}

/// How hard to work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    pub percent: u8,
    pub budget: Duration,
}

/// Something being prepared, for the reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preparation {
    pub what: &'static str,
    pub done: u64,
    pub total: u64,
}

pub struct Control {
    wanted: Mutex<Wanted>,
    changed: Condvar,
    generation: AtomicU64,
    done: AtomicU64,
    total: AtomicU64,
    /// How many threads share the processor's time; what a report's busy time is divided by.
    pub threads: AtomicU64,
    /// Set when what is being prepared is no longer wanted.
    pub cancel: AtomicBool,
    pub hashes: AtomicU64,
    /// How often a GPU's engine came round: one that waits for its driver for ever does not, and then nothing is
    /// reported, by which its supervisor knows.
    pub rounds: AtomicU64,
    /// How long the GPU has worked, in nanoseconds; a CPU's time is the pacer's to know.
    pub busy_nanoseconds: AtomicU64,
    /// The longest GPU dispatch since this was last taken, in nanoseconds.
    pub longest_nanoseconds: AtomicU64,
    /// Holds a CPU's threads to their share; a GPU is held by gaps between its dispatches.
    pub pacer: Option<Pacer>,
}

struct Wanted {
    work: Option<Arc<Work>>,
    allowed: Allowed,
    preparing: Option<Made>,
}

/// What is being made at present.
#[derive(Clone, Copy)]
struct Made {
    what: &'static str,
    /// What memory is made for, where work for another key ends the making.
    key: Option<[u8; 32]>,
}

impl Wanted {
    fn is_active(&self) -> bool {
        self.work.is_some() && self.allowed.percent > 0
    }
}

impl Control {
    pub fn new(paced: bool) -> io::Result<Control> {
        Ok(Control {
            wanted: Mutex::new(Wanted {
                work: None,
                allowed: Allowed {
                    percent: 0,
                    budget: Duration::from_millis(4),
                },
                preparing: None,
            }),
            changed: Condvar::new(),
            generation: AtomicU64::new(0),
            done: AtomicU64::new(0),
            total: AtomicU64::new(1),
            threads: AtomicU64::new(1),
            cancel: AtomicBool::new(false),
            hashes: AtomicU64::new(0),
            rounds: AtomicU64::new(0),
            busy_nanoseconds: AtomicU64::new(0),
            longest_nanoseconds: AtomicU64::new(0),
            pacer: paced.then(|| Pacer::start(0)).transpose()?,
        })
    }

    /// Gives new work; what is done for the old one ends with its current batch.
    ///
    /// # Errors
    /// If the job makes no sense. There is none then.
    pub fn set_work(&self, job: Job, space: NonceSpace) -> Result<(), JobError> {
        let checked = Cursor::new(&job, space, 0).map(|_| ());
        self.change(|wanted, generation| {
            let work = Work {
                job,
                space,
                generation,
            };
            let key = wanted.preparing.and_then(|made| made.key);
            if key.is_some() && key != work.key() {
                self.cancel.store(true, Ordering::Relaxed);
            }
            wanted.work = checked.is_ok().then(|| Arc::new(work));
        });
        checked
    }

    /// Takes the work away.
    pub fn clear_work(&self) {
        self.change(|wanted, _| wanted.work = None);
    }

    /// Changes how hard to work.
    pub fn allow(&self, percent: u8, budget_ms: u32) {
        let mut wanted = self.lock();
        wanted.allowed = Allowed {
            percent: percent.min(100),
            budget: Duration::from_millis(u64::from(budget_ms.clamp(1, 1_000))),
        };
        self.apply(wanted);
    }

    /// Which change of work is the latest.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The work and how hard to do it, if there is any of both now.
    pub fn current(&self) -> Option<(Arc<Work>, Allowed)> {
        let wanted = self.lock();
        let work = wanted.work.as_ref().filter(|_| wanted.is_active());
        work.map(|work| (Arc::clone(work), wanted.allowed))
    }

    /// Whether there is work and allowance.
    pub fn is_active(&self) -> bool {
        self.lock().is_active()
    }

    /// Waits for work of another generation than the one seen, and for allowance.
    pub fn next_work(&self, seen: u64) -> Arc<Work> {
        let mut wanted = self.lock();
        loop {
            match &wanted.work {
                Some(work) if work.generation != seen && wanted.allowed.percent > 0 => {
                    return Arc::clone(work);
                }
                _ => wanted = self.wait(wanted),
            }
        }
    }

    /// Waits until there is work, even the same as before, and allowance.
    pub fn wait_active(&self) {
        let mut wanted = self.lock();
        while !wanted.is_active() {
            wanted = self.wait(wanted);
        }
    }

    /// Waits until `deadline`, or until the engine has nothing to do.
    pub fn wait_inactive_until(&self, deadline: Instant) {
        self.wait_while_until(deadline, |wanted| wanted.is_active());
    }

    /// Waits until `deadline`, or until there is other work or another allowance than these.
    pub fn rest_until(&self, deadline: Instant, generation: u64, allowed: Allowed) {
        self.wait_while_until(deadline, |wanted| {
            wanted.allowed == allowed && self.generation.load(Ordering::Acquire) == generation
        });
    }

    /// Marks a preparation as begun: other work sets `cancel` from now on. False if it is not wanted any more.
    pub fn begin_preparing(&self, what: &'static str, key: [u8; 32]) -> bool {
        let mut wanted = self.lock();
        let still = wanted
            .work
            .as_ref()
            .is_none_or(|work| work.key() == Some(key));
        if still {
            self.cancel.store(false, Ordering::Relaxed);
            wanted.preparing = Some(Made {
                what,
                key: Some(key),
            });
            self.set_progress(0, 1);
        }
        still
    }

    /// Shows how far something is that is made in steps: nothing has to cancel it.
    pub fn show_preparing(&self, what: &'static str, done: u64, total: u64) {
        self.set_progress(done, total);
        self.lock().preparing = Some(Made { what, key: None });
    }

    /// How far the preparation is. Takes no lock, as it is called by threads that may be stopped at any moment.
    pub fn set_progress(&self, done: u64, total: u64) {
        self.total.store(total, Ordering::Relaxed);
        self.done.store(done, Ordering::Relaxed);
    }

    /// The preparation has ended, well or not.
    pub fn end_preparing(&self) {
        self.lock().preparing = None;
    }

    /// What is being prepared.
    pub fn preparation(&self) -> Option<Preparation> {
        let wanted = self.lock();
        wanted.preparing.map(|made| Preparation {
            what: made.what,
            done: self.done.load(Ordering::Relaxed),
            total: self.total.load(Ordering::Relaxed),
        })
    }

    /// How long the processor has worked for us until now; the mean of all threads of a CPU.
    pub fn busy(&self) -> Duration {
        match &self.pacer {
            Some(pacer) => pacer
                .usage()
                .cpu
                .div_f64(self.threads.load(Ordering::Relaxed).max(1) as f64),
            None => Duration::from_nanos(self.busy_nanoseconds.load(Ordering::Relaxed)),
        }
    }

    /// A GPU's dispatch has taken so long.
    pub fn record_dispatch(&self, took: Duration) {
        let nanoseconds = took.as_nanos().min(u128::from(u64::MAX)) as u64;
        self.busy_nanoseconds
            .fetch_add(nanoseconds, Ordering::Relaxed);
        self.longest_nanoseconds
            .fetch_max(nanoseconds, Ordering::Relaxed);
    }

    /// The longest dispatch since the last call; `None` if there was none, as on a CPU.
    pub fn take_longest_dispatch(&self) -> Option<Duration> {
        let nanoseconds = self.longest_nanoseconds.swap(0, Ordering::Relaxed);
        (nanoseconds > 0).then(|| Duration::from_nanos(nanoseconds))
    }

    fn change(&self, change: impl FnOnce(&mut Wanted, u64)) {
        let mut wanted = self.lock();
        let generation = self.generation.load(Ordering::Acquire) + 1;
        change(&mut wanted, generation);
        self.generation.store(generation, Ordering::Release);
        self.apply(wanted);
    }

    fn apply(&self, wanted: MutexGuard<'_, Wanted>) {
        if let Some(pacer) = &self.pacer {
            pacer.set_percent(if wanted.is_active() {
                wanted.allowed.percent
            } else {
                0
            });
        }
        drop(wanted);
        self.changed.notify_all();
    }

    fn wait_while_until(&self, deadline: Instant, hold: impl Fn(&Wanted) -> bool) {
        let mut wanted = self.lock();
        while hold(&wanted) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            wanted = self
                .changed
                .wait_timeout(wanted, left)
                .map_or_else(|poisoned| poisoned.into_inner().0, |(wanted, _)| wanted);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&'a self, wanted: MutexGuard<'a, Wanted>) -> MutexGuard<'a, Wanted> {
        self.changed
            .wait(wanted)
            .unwrap_or_else(PoisonError::into_inner)
    }
}
