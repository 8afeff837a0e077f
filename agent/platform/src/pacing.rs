//! Holding worker threads to a share of the processor's time.
//!
//! Workers register on their own thread and compute inside [`PacedThread::run`]. One pacer thread stops and
//! releases them in slices of [`PERIOD`], staggered so that the total load is level, and corrects each slice by
//! what the thread really used in the last one. At 0 and at 100 % there is nothing to do and the pacer sleeps.

mod slice;

use std::io;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::os::gate::Gate;
use crate::priority;
use slice::Loop;

/// The length of one slice: within it a worker runs once and rests once.
pub const PERIOD: Duration = Duration::from_millis(20);

/// So many different starting points for slices; further workers share one. It bounds how often the pacer wakes.
const PHASES: u32 = 8;

/// Edges closer together than this are served in one go.
const TOGETHER: Duration = Duration::from_micros(150);

/// Holds all registered threads to one percentage. Clones are the same pacer; its thread ends with the last.
#[derive(Clone)]
pub struct Pacer {
    shared: Arc<Shared>,
    _owner: Arc<Owner>,
}

/// What the registered threads have done since the pacer was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time used by all of them together.
    pub cpu: Duration,
    /// How many are registered now.
    pub threads: usize,
    /// How many of those are held right now.
    pub parked: usize,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    rounds: AtomicU64,
}

struct State {
    percent: u8,
    workers: Vec<Worker>,
    registered: u32,
    /// Time used by threads that have gone.
    gone: Duration,
    ending: bool,
}

struct Worker {
    id: u32,
    gate: Arc<Gate>,
    pace: Loop,
    /// When the gate is next to be opened or closed; only meaningful between 1 and 99 %.
    edge: Instant,
    slice_began: Instant,
    measured: Instant,
    running: bool,
}

struct Owner(Arc<Shared>);

impl Drop for Owner {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.ending = true;
        for worker in &state.workers {
            worker.gate.run();
        }
        self.0.changed.notify_all();
    }
}

impl Pacer {
    /// Starts the pacer's thread.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(percent: u8) -> io::Result<Pacer> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                percent: percent.min(100),
                workers: Vec::new(),
                registered: 0,
                gone: Duration::ZERO,
                ending: false,
            }),
            changed: Condvar::new(),
            rounds: AtomicU64::new(0),
        });
        let of_thread = Arc::clone(&shared);
        thread::Builder::new().name("pacer".into()).spawn(move || {
            // Worth trying, not worth failing for: without it edges are a little late, and the loop corrects that.
            let _ = priority::prompt_thread();
            of_thread.pace();
        })?;
        Ok(Pacer {
            _owner: Arc::new(Owner(Arc::clone(&shared))),
            shared,
        })
    }

    /// Makes the calling thread a worker.
    ///
    /// # Errors
    /// If the system cannot stop or time threads.
    pub fn register(&self) -> io::Result<PacedThread> {
        let mut state = self.shared.lock();
        let gate = Gate::of_this_thread(state.percent == 0)?;
        let id = state.registered;
        state.registered += 1;
        let used = gate.cpu_time().unwrap_or_default();
        let now = Instant::now();
        state.workers.push(Worker {
            id,
            gate: Arc::clone(&gate),
            pace: Loop::new(used),
            edge: now + PERIOD * (id % PHASES) / PHASES,
            slice_began: now,
            measured: now,
            running: true,
        });
        state.spread();
        self.shared.changed.notify_all();
        Ok(PacedThread {
            pacer: self.clone(),
            id,
            gate,
            _this_thread: PhantomData,
        })
    }

    /// Changes the share. Less takes effect before this returns: every worker is stopped first, and those that may
    /// run on are released in their next slice.
    pub fn set_percent(&self, percent: u8) {
        let percent = percent.min(100);
        let mut state = self.shared.lock();
        if state.percent == percent {
            return;
        }
        let less = percent < state.percent;
        state.percent = percent;
        for worker in &mut state.workers {
            if percent == 100 {
                worker.gate.run();
            } else if less {
                worker.gate.stop();
            }
        }
        state.spread();
        self.shared.changed.notify_all();
    }

    /// The share asked for.
    pub fn percent(&self) -> u8 {
        self.shared.lock().percent
    }

    /// What the workers have used.
    pub fn usage(&self) -> Usage {
        let state = self.shared.lock();
        let running: Duration = state
            .workers
            .iter()
            .filter_map(|worker| worker.gate.cpu_time())
            .sum();
        Usage {
            cpu: state.gone + running,
            threads: state.workers.len(),
            parked: state
                .workers
                .iter()
                .filter(|worker| worker.gate.is_parked())
                .count(),
        }
    }

    /// How often the pacer's thread has woken: stands still at 0 and at 100 %.
    pub fn rounds(&self) -> u64 {
        self.shared.rounds.load(Ordering::Relaxed)
    }
}

/// A worker's own end of the pacer. Lives and dies on its thread.
pub struct PacedThread {
    pacer: Pacer,
    id: u32,
    gate: Arc<Gate>,
    _this_thread: PhantomData<*const ()>,
}

impl PacedThread {
    /// Computes; the thread may be stopped and released anywhere in it. Waits first if there is no allowance. What
    /// it runs should hold no lock and do no input or output: whoever waits for that would wait for the pacer.
    pub fn run<T>(&self, compute: impl FnOnce() -> T) -> T {
        struct Leave<'a>(&'a Gate);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                self.0.leave();
            }
        }
        self.gate.enter();
        let _leave = Leave(&self.gate);
        compute()
    }

    /// The processor time that this thread has used.
    pub fn cpu_time(&self) -> Duration {
        self.gate.cpu_time().unwrap_or_default()
    }
}

impl Drop for PacedThread {
    fn drop(&mut self) {
        self.gate.leave();
        let mut state = self.pacer.shared.lock();
        state.gone += self.gate.cpu_time().unwrap_or_default();
        state.workers.retain(|worker| worker.id != self.id);
        // Under the lock: nobody can be about to stop this thread.
        self.gate.retire();
    }
}

impl State {
    /// Starts everybody's slices afresh, one phase apart.
    fn spread(&mut self) {
        let now = Instant::now();
        let phases = PHASES.min(self.workers.len() as u32).max(1);
        for (index, worker) in self.workers.iter_mut().enumerate() {
            worker
                .pace
                .restart(worker.gate.cpu_time().unwrap_or_default());
            worker.measured = now;
            worker.running = false;
            worker.edge = now + PERIOD * (index as u32 % phases) / phases;
        }
    }

    /// Serves every edge that is due, and says when the next one is.
    fn serve(&mut self, now: Instant) -> Option<Instant> {
        let share = f64::from(self.percent) / 100.0;
        for worker in &mut self.workers {
            if worker.edge <= now + TOGETHER {
                worker.serve(share, now);
            }
        }
        self.workers.iter().map(|worker| worker.edge).min()
    }
}

impl Worker {
    fn serve(&mut self, share: f64, now: Instant) {
        let ends = self.slice_began + PERIOD;
        if self.running && ends > now + TOGETHER {
            self.gate.stop();
            self.running = false;
            self.edge = ends;
            return;
        }
        // The next slice begins when it was to begin, so that the phases stay apart, unless that is long ago.
        self.slice_began = if now > self.edge + PERIOD {
            now
        } else {
            self.edge
        };
        let elapsed = now.saturating_duration_since(self.measured);
        self.measured = now;
        let on = self
            .pace
            .next(share, elapsed, self.gate.cpu_time().unwrap_or_default());
        self.running = !on.is_zero();
        if self.running {
            self.gate.run();
            self.edge = (now + on).min(self.slice_began + PERIOD);
        } else {
            self.gate.stop();
            self.edge = self.slice_began + PERIOD;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way through a change, so a poisoned state is still a good one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pacer's thread.
    fn pace(&self) {
        let mut state = self.lock();
        while !state.ending {
            self.rounds.fetch_add(1, Ordering::Relaxed);
            let next = match state.percent {
                0 | 100 => None,
                _ => state.serve(Instant::now()),
            };
            state = match next {
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(edge) => self.until(edge, state),
            };
        }
    }

    #[cfg(not(windows))]
    fn until<'a>(&self, edge: Instant, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let wait = edge.saturating_duration_since(Instant::now());
        self.changed
            .wait_timeout(state, wait)
            .map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state)
    }

    /// Waiting for a condition there is only as fine as the system's tick (15.6 ms); sleeping is finer. A change
    /// that needs no patience (less) has been made by `set_percent` itself.
    #[cfg(windows)]
    fn until<'a>(&'a self, edge: Instant, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        drop(state);
        thread::sleep(edge.saturating_duration_since(Instant::now()));
        self.lock()
    }
}
