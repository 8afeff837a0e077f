//! Recomputes RandomX hashes, on threads of its own that are there only while there are shares to check: the first
//! share waits half a second for the memory, and a hub whose miners all pause is small.
//!
//! Every share is verified. When more come than can be, their sessions wait for a place in the queue; then, and only
//! then, devices with a long good record are checked by sample ([`trust`]). What may solve a block is always verified.

mod memories;
pub mod trust;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use idlewatt_kernels::Digest;
use idlewatt_kernels::randomx;
use idlewatt_protocol::DeviceId;
use tokio::sync::{Semaphore, oneshot};

use super::Unavailable;
use crate::settings::VerificationSettings;
use memories::Memories;
use trust::Trust;

/// What is hashed, and what a miner says comes of it.
#[derive(Clone, Debug)]
pub struct Input {
    /// The key of cache and dataset.
    pub seed: [u8; 32],
    /// The hashing blob with its nonce.
    pub blob: Vec<u8>,
    /// The digest.
    pub claimed: Digest,
}

/// What there is to lose.
#[derive(Clone, Copy, Debug)]
pub struct Stake<'a> {
    /// Who claims it.
    pub device: &'a DeviceId,
    /// The hashes that the share counts as.
    pub work: u64,
    /// Whether it would be a block.
    pub block: bool,
}

/// What comes of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// The digest is the one that was claimed.
    Right,
    /// It is another.
    Wrong,
    /// Nothing was computed: the device is one of those that are checked by sample.
    Trusted,
}

/// Recomputes RandomX hashes on a pool of threads, which are started when they are needed.
pub struct Verifier {
    pool: Arc<Pool>,
    /// One a waiting hash.
    places: Semaphore,
    trust: Option<Trust>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

struct Pool {
    memories: Arc<Memories>,
    most_threads: usize,
    release_after: Duration,
    state: Mutex<State>,
    /// There is something to do, or it is over.
    wake: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Request>,
    threads: usize,
    idle: usize,
    over: bool,
}

struct Request {
    seed: [u8; 32],
    blob: Vec<u8>,
    answer: oneshot::Sender<Digest>,
}

impl Verifier {
    /// A verifier that gives its memory back so long after the last hash.
    pub fn new(settings: &VerificationSettings, release_after: Duration) -> Arc<Self> {
        let threads = settings.threads();
        Arc::new(Verifier {
            pool: Arc::new(Pool {
                memories: Arc::new(Memories::new(settings.mode, threads)),
                most_threads: threads,
                release_after,
                state: Mutex::default(),
                wake: Condvar::new(),
            }),
            places: Semaphore::new(settings.queue.min(Semaphore::MAX_PERMITS)),
            trust: settings.sampling.then(Trust::default),
        })
    }

    /// Checks a share. Waits while too many others do, unless its device may pass.
    ///
    /// # Errors
    /// If there is no memory or no thread for it.
    pub async fn check(&self, input: Input, stake: Stake<'_>) -> Result<Checked, Unavailable> {
        let Stake {
            device,
            work,
            block,
        } = stake;
        let place = match (self.places.try_acquire(), &self.trust) {
            (Ok(place), _) => place,
            (Err(_), Some(trust)) if !block && trust.may_pass(device, work) => {
                metrics::counter!("idlewatt_hub_shares_sampled_total").increment(1);
                return Ok(Checked::Trusted);
            }
            (Err(_), _) => self.places.acquire().await.map_err(|_| Unavailable)?,
        };
        let right = self.computed(input.seed, input.blob).await? == input.claimed;
        drop(place);
        if let Some(trust) = &self.trust {
            trust.note(device, work, right);
        }
        Ok(match right {
            true => Checked::Right,
            false => Checked::Wrong,
        })
    }

    /// The hash of a blob.
    ///
    /// # Errors
    /// If there is no memory or no thread for it.
    pub async fn hash(&self, seed: [u8; 32], blob: Vec<u8>) -> Result<Digest, Unavailable> {
        let _place = self.places.acquire().await.map_err(|_| Unavailable)?;
        self.computed(seed, blob).await
    }

    async fn computed(&self, seed: [u8; 32], blob: Vec<u8>) -> Result<Digest, Unavailable> {
        let (answer, answered) = oneshot::channel();
        self.pool.enter(Request { seed, blob, answer })?;
        answered.await.map_err(|_| Unavailable)
    }

    /// Whether the memory is held at present.
    pub fn is_ready(&self) -> bool {
        self.pool.memories.is_held()
    }

    /// Whether it is in fast mode at present.
    pub fn is_fast(&self) -> bool {
        self.pool.memories.is_fast()
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        self.pool.state().over = true;
        self.pool.wake.notify_all();
        self.pool.memories.release();
    }
}

impl Pool {
    /// Puts a request behind the others, and starts a thread for it if none is idle.
    fn enter(self: &Arc<Self>, request: Request) -> Result<(), Unavailable> {
        let mut state = self.state();
        state.waiting.push_back(request);
        if state.waiting.len() > state.idle && state.threads < self.most_threads {
            let pool = Arc::clone(self);
            let started = thread::Builder::new()
                .name("randomx-verifier".into())
                .spawn(move || pool.work());
            match started {
                Ok(_) => state.threads += 1,
                Err(error) => {
                    tracing::error!(%error, "no thread for verifying RandomX shares");
                    if state.threads == 0 {
                        state.waiting.clear();
                        return Err(Unavailable);
                    }
                }
            }
        }
        drop(state);
        self.wake.notify_one();
        Ok(())
    }

    /// A thread: it has a machine for each of the memories, and ends when there is nothing to do for long.
    fn work(&self) {
        let mut machines: Vec<randomx::Verifier> = Vec::new();
        while let Some(request) = self.next() {
            if request.answer.is_closed() {
                continue;
            }
            let began = Instant::now();
            // Dropping a request's answer says "unavailable".
            match self.machine(&mut machines, &request.seed) {
                Err(error) => tracing::error!(%error, "no memory for verifying RandomX shares"),
                Ok(machine) => {
                    // Whoever asked may have gone meanwhile.
                    let _ = request.answer.send(machine.hash(&request.blob));
                    self.memories.worked(began.elapsed());
                }
            }
        }
    }

    /// The machine for a seed, on the best memory there is: the first of the thread's, the others behind it.
    fn machine<'a>(
        &self,
        machines: &'a mut Vec<randomx::Verifier>,
        seed: &[u8; 32],
    ) -> Result<&'a mut randomx::Verifier, randomx::MemoryError> {
        let fits = |machine: &randomx::Verifier| machine.key() == seed;
        let position = machines.iter().position(fits);
        let memory = self.memories.of(seed)?;
        match position {
            Some(position) if machines[position].memory().mode() == memory.mode() => {
                machines.swap(0, position);
            }
            _ => {
                // What a machine holds stays in memory: only the one before may stay, for an epoch's change.
                machines.retain(|machine| !fits(machine));
                machines.truncate(1);
                machines.insert(0, randomx::Verifier::with_memory(memory)?);
            }
        }
        Ok(&mut machines[0])
    }

    /// The next request; `None` if none came for long, or it is over.
    fn next(&self) -> Option<Request> {
        let mut state = self.state();
        loop {
            if state.over {
                break;
            }
            if let Some(request) = state.waiting.pop_front() {
                return Some(request);
            }
            state.idle += 1;
            let waited = self.wake.wait_timeout(state, self.release_after);
            let (back, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = back;
            state.idle -= 1;
            if timeout.timed_out() && state.waiting.is_empty() {
                break;
            }
        }
        state.threads -= 1;
        if state.threads == 0 {
            state.waiting.clear();
            self.memories.release();
            tracing::debug!("RandomX verifier released");
        }
        None
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here can be left half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
