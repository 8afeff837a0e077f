//! RandomX's memory, shared by all threads: one for each seed in use, two around an epoch's change. It is light at
//! first (256 MiB, half a second), and at most one is fast (2.1 GiB, a minute of CPU time), which is built aside while
//! the light one serves.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use idlewatt_kernels::randomx::{Memory, MemoryError, Mode};

use crate::settings::VerificationMode;

/// Seeds at the same time: the epoch's, and the one before or after it.
const SEEDS: usize = 2;
/// A memory that nobody used for so long makes room for a fast one of another seed.
const STALE_AFTER: Duration = Duration::from_secs(60);
/// How long the load is watched before it counts.
const WINDOW: Duration = Duration::from_secs(30);
/// So many windows in a row must be busy.
const BUSY_WINDOWS: u32 = 2;
/// After a fast memory was not to be had it is tried again at the earliest.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(600);
/// What a fast memory takes while it is built: the dataset, its cache, the light one, and scratchpads.
const FAST_BYTES: u64 = 2_700 << 20;
/// What is left to the rest of the machine.
const SPARE_BYTES: u64 = 1 << 30;

/// All memories.
pub(super) struct Memories {
    mode: VerificationMode,
    /// How many threads verify, and how many build.
    threads: usize,
    state: Mutex<State>,
    /// A memory has been prepared, or has failed.
    changed: Condvar,
    /// Nanoseconds that threads spent hashing since the window began.
    busy: AtomicU64,
}

#[derive(Default)]
struct State {
    slots: Vec<Slot>,
    watch: Option<Watch>,
    /// Ends the building of a fast memory.
    building: Option<Arc<AtomicBool>>,
    try_again_at: Option<Instant>,
}

struct Slot {
    seed: [u8; 32],
    /// `None` while the first is prepared.
    memory: Option<Memory>,
    used: Instant,
}

struct Watch {
    began: Instant,
    busy_windows: u32,
}

impl Memories {
    pub fn new(mode: VerificationMode, threads: usize) -> Self {
        Memories {
            mode,
            threads: threads.max(1),
            state: Mutex::default(),
            changed: Condvar::new(),
            busy: AtomicU64::new(0),
        }
    }

    /// The best memory there is for a seed; prepares one if there is none, or waits for who does.
    pub fn of(self: &Arc<Self>, seed: &[u8; 32]) -> Result<Memory, MemoryError> {
        let mut state = self.state();
        loop {
            match state.slots.iter_mut().find(|slot| slot.seed == *seed) {
                None => break,
                Some(slot) => {
                    slot.used = Instant::now();
                    if let Some(memory) = slot.memory.clone() {
                        self.consider(&mut state, seed, memory.mode());
                        return Ok(memory);
                    }
                    let waited = self.changed.wait(state);
                    state = waited.unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
        if state.slots.len() >= SEEDS {
            let prepared = state.slots.iter().filter(|slot| slot.memory.is_some());
            let oldest = prepared.min_by_key(|slot| slot.used).map(|slot| slot.seed);
            state.slots.retain(|slot| Some(slot.seed) != oldest);
        }
        state.slots.push(Slot {
            seed: *seed,
            memory: None,
            used: Instant::now(),
        });
        drop(state);
        let never = AtomicBool::new(false);
        let prepared = Memory::prepare(seed, Mode::Light, 1, &|_, _| {}, &never);
        let mut state = self.state();
        match &prepared {
            Ok(memory) => state.put(seed, memory),
            Err(_) => state.slots.retain(|slot| slot.seed != *seed),
        }
        drop(state);
        self.changed.notify_all();
        prepared
    }

    /// Counts time that a thread spent hashing.
    pub fn worked(&self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.busy.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// Gives everything back.
    pub fn release(&self) {
        let mut state = self.state();
        if let Some(building) = state.building.take() {
            building.store(true, Ordering::Relaxed);
        }
        *state = State::default();
    }

    /// Whether anything is held at present.
    pub fn is_held(&self) -> bool {
        self.state().slots.iter().any(|slot| slot.memory.is_some())
    }

    /// Whether a fast memory is held at present.
    pub fn is_fast(&self) -> bool {
        let state = self.state();
        let mut memories = state.slots.iter().filter_map(|slot| slot.memory.as_ref());
        memories.any(|memory| memory.mode() == Mode::Fast)
    }

    /// Has a fast memory built for a seed, if it is wanted and to be had.
    fn consider(self: &Arc<Self>, state: &mut State, seed: &[u8; 32], mode: Mode) {
        let now = Instant::now();
        let wanted = match self.mode {
            VerificationMode::Light => false,
            VerificationMode::Fast => true,
            VerificationMode::Auto => self.is_busy(state, now),
        };
        let later = state.try_again_at.is_some_and(|at| now < at);
        if !wanted || mode == Mode::Fast || state.building.is_some() || later {
            return;
        }
        // There is one at most.
        let is_fast = |slot: &Slot| {
            let memory = slot.memory.as_ref();
            memory.is_some_and(|memory| memory.mode() == Mode::Fast)
        };
        let stale = |slot: &Slot| now.duration_since(slot.used) >= STALE_AFTER;
        state.slots.retain(|slot| !(is_fast(slot) && stale(slot)));
        if state.slots.iter().any(is_fast) {
            return;
        }
        state.try_again_at = Some(now + TRY_AGAIN_AFTER);
        if self.mode == VerificationMode::Auto && available_bytes() < FAST_BYTES + SPARE_BYTES {
            tracing::info!("RandomX stays in light mode: there is too little free memory for more");
            return;
        }
        let cancel = Arc::new(AtomicBool::new(false));
        state.building = Some(Arc::clone(&cancel));
        let (memories, seed) = (Arc::clone(self), *seed);
        let started = thread::Builder::new()
            .name("randomx-dataset".into())
            .spawn(move || memories.build(&seed, &cancel));
        if let Err(error) = started {
            tracing::warn!(%error, "no thread to prepare RandomX's fast mode");
            state.building = None;
        }
    }

    /// Builds a fast memory. While others verify, it leaves half of the processors to them.
    fn build(&self, seed: &[u8; 32], cancel: &Arc<AtomicBool>) {
        let threads = match self.mode {
            VerificationMode::Fast => self.threads,
            _ => self.threads.div_ceil(2),
        };
        let built = Memory::prepare(seed, Mode::Fast, threads, &|_, _| {}, cancel);
        let mut state = self.state();
        let ours = state
            .building
            .take_if(|building| Arc::ptr_eq(building, cancel));
        if ours.is_none() {
            return;
        }
        match built {
            Ok(memory) => {
                state.try_again_at = None;
                state.put(seed, &memory);
            }
            Err(MemoryError::Cancelled) => {}
            Err(error) => tracing::warn!(%error, "RandomX stays in light mode"),
        }
    }

    /// Whether the threads were more busy than not for some time.
    fn is_busy(&self, state: &mut State, now: Instant) -> bool {
        let watch = state.watch.get_or_insert(Watch {
            began: now,
            busy_windows: 0,
        });
        let passed = now.duration_since(watch.began);
        if passed >= WINDOW {
            let busy = Duration::from_nanos(self.busy.swap(0, Ordering::Relaxed));
            let threads = u32::try_from(self.threads).unwrap_or(u32::MAX);
            watch.busy_windows = match busy > passed.saturating_mul(threads) / 2 {
                true => watch.busy_windows.saturating_add(1),
                false => 0,
            };
            watch.began = now;
        }
        watch.busy_windows >= BUSY_WINDOWS
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn put(&mut self, seed: &[u8; 32], memory: &Memory) {
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.seed == *seed) {
            slot.memory = Some(memory.clone());
        }
    }
}

/// The memory that programs can still get, also within a container's limit; 0 where that is not known.
fn available_bytes() -> u64 {
    let Ok(mut system) = sysinfo::System::new() else {
        return 0;
    };
    system.refresh_memory();
    let free = system.available_memory();
    match system.cgroup_limits() {
        Some(limits) => free.min(limits.free_memory),
        None => free,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memories(mode: VerificationMode) -> Arc<Memories> {
        Arc::new(Memories::new(mode, 2))
    }

    #[test]
    fn two_seeds_are_kept_and_the_one_longest_unused_goes() {
        let memories = memories(VerificationMode::Light);
        for seed in [1, 2, 1, 3] {
            memories.of(&[seed; 32]).expect("256 MiB");
        }
        let kept: Vec<u8> = memories
            .state()
            .slots
            .iter()
            .map(|slot| slot.seed[0])
            .collect();
        assert_eq!(kept, [1, 3]);
        memories.release();
        assert!(!memories.is_held());
    }

    #[test]
    fn only_load_that_lasts_asks_for_fast_mode() {
        let memories = memories(VerificationMode::Auto);
        let began = Instant::now();
        let mut state = State::default();
        assert!(!memories.is_busy(&mut state, began));
        for (window, busy, expected) in [
            (1, 40, false),
            (2, 10, false),
            (3, 40, false),
            (4, 31, true),
        ] {
            memories.worked(Duration::from_secs(busy));
            let now = began + WINDOW * window;
            assert_eq!(
                memories.is_busy(&mut state, now),
                expected,
                "window {window}"
            );
        }
    }

    #[test]
    fn threads_that_ask_for_the_same_seed_share_one_memory() {
        let memories = memories(VerificationMode::Light);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| memories.of(&[9; 32]).expect("256 MiB"));
            }
        });
        assert_eq!(memories.state().slots.len(), 1);
    }
}
